//! The reservation: one range of address space, cut into regions, the regions into slots.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread;

use super::advice::populate;
use super::at_fork;
use super::guard::{Guards, errno};
use super::head;
use super::label::Label;
use super::overflow;
use super::settings::{CLASSES, StackError, StackSettings, size_of_class};

const REGION: usize = 64 << 20;
/// Slots are made at least this many at a time, so that the lock is taken and the kernel is called seldom.
const FEW: usize = 16;
/// And at most this many: an eighth of those that the thread has had made, for each of them has its first page, and none
/// of them is another thread's.
const MANY: usize = 128;
const NO_CLASS: u8 = u8::MAX;

thread_local! {
    /// How many slots of each class this thread has had made.
    static MADE: [Cell<usize>; CLASSES] = const { [const { Cell::new(0) }; CLASSES] };
}

/// A stack's place: the addresses of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Lowest address, where the guard begins.
    pub(crate) low: usize,
    /// Where the first frame goes, below the head: every switch asks.
    pub(crate) base: NonZeroUsize,
    /// How far above that, and above the head, the top is.
    colour: u16,
    pub(crate) class: u8,
}

impl Slot {
    /// One past the highest address.
    pub(crate) fn top(&self) -> usize {
        self.base.get() + head::SIZE + usize::from(self.colour)
    }

    /// The lowest address that is not guard.
    pub(crate) fn usable_from(&self) -> usize {
        self.top() - size_of_class(self.class)
    }
}

/// How far below its top the nth slot of a region begins. Where in its page a line lies says in which few sets
/// of a cache it may be kept, and without this the first frames of all stacks would lie at the same places.
///
/// What is given up is a 32nd of the stack, and never so much that the first frames leave its topmost page.
fn colour(nth: usize, class: u8) -> u16 {
    const LINE: usize = 64;
    let colours = (size_of_class(class) / 32).min(2048) / LINE;
    (nth % colours * LINE) as u16
}

#[derive(Debug)]
pub(crate) struct Reservation {
    base: usize,
    len: usize,
    region: usize,
    guard_size: usize,
    guards: Guards,
    /// The class of the stacks in each region; read by the signal handler, so no lock.
    classes: Box<[AtomicU8]>,
    made: AtomicUsize,
    /// std's, which is one number: at a fork it is held (`at_fork.rs`), and the child can let it go.
    carve: Mutex<Carve>,
}

/// How far the cutting has come.
#[derive(Debug)]
pub(super) struct Carve {
    next_region: usize,
    class: [ClassCarve; CLASSES],
}

#[derive(Debug, Default)]
struct ClassCarve {
    /// The next slot's lowest address and how many slots are left in that region.
    next: usize,
    left: usize,
    /// Given back by threads that have ended.
    free: Vec<Slot>,
    /// Trimmed: slots that were made, as good as new.
    runs: Vec<Run>,
}

/// Neighbours.
#[derive(Clone, Copy, Debug)]
struct Run {
    low: usize,
    slots: usize,
}

static GLOBAL: OnceLock<Reservation> = OnceLock::new();

impl Reservation {
    /// The reservation of the process, made at the first use.
    ///
    /// # Errors
    /// When the system grants no address space; the next call tries again.
    pub(crate) fn global() -> Result<&'static Reservation, StackError> {
        if let Some(made) = GLOBAL.get() {
            return Ok(made);
        }
        let made = Reservation::new(StackSettings::in_force())?;
        let global = GLOBAL.get_or_init(|| made);
        overflow::watch(global);
        at_fork::hold();
        Ok(global)
    }

    /// The same, if it was made.
    pub(super) fn made() -> Option<&'static Reservation> {
        GLOBAL.get()
    }

    /// No code of others runs while this is held, and it is held for microseconds: so whoever finds it taken lets others
    /// run and tries again. What std does where it waits is compiled without ThreadSanitizer, which took two who had
    /// waited for each other for a race.
    pub(super) fn lock(&self) -> MutexGuard<'_, Carve> {
        loop {
            match self.carve.try_lock() {
                Ok(carve) => return carve,
                Err(TryLockError::Poisoned(carve)) => return carve.into_inner(),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
    }

    pub(crate) fn new(settings: &StackSettings) -> Result<Reservation, StackError> {
        let page = page_size();
        let guard_size = settings.guard_size.clamp(page, REGION / 4).next_multiple_of(page);
        let mut len = settings.reservation.max(2 * page + guard_size).next_multiple_of(page);
        let base = loop {
            match reserve(len) {
                Ok(base) => break base,
                Err(errno) if len / 2 < (1 << 20) => {
                    return Err(StackError::NoAddressSpace { asked: len, errno });
                }
                // Refused (a limit on address space, valgrind): half of it may do.
                Err(_) => len = (len / 2).next_multiple_of(page),
            }
        };
        let region = REGION.min(len);
        Ok(Reservation {
            base,
            len,
            region,
            guard_size,
            guards: Guards::new(settings.guard),
            classes: (0..len / region).map(|_| AtomicU8::new(NO_CLASS)).collect(),
            made: AtomicUsize::new(0),
            carve: Mutex::new(Carve { next_region: 0, class: Default::default() }),
        })
    }

    /// One slot into the caller's hand, some more into `spare`.
    pub(crate) fn carve(&self, class: u8, spare: &mut Vec<Slot>) -> Result<Slot, StackError> {
        let mut carve = self.lock();
        let Carve { next_region, class: classes } = &mut *carve;
        let mine = &mut classes[usize::from(class)];
        if let Some(slot) = mine.free.pop() {
            return Ok(slot);
        }
        let stride = self.stride(class);
        if let Some(run) = mine.runs.last_mut() {
            let count = FEW.min(run.slots);
            let slot = |nth: usize| self.slot_at(run.low + nth * stride, class);
            spare.extend((1..count).rev().map(slot));
            let first = slot(0);
            *run = Run { low: run.low + count * stride, slots: run.slots - count };
            if run.slots == 0 {
                mine.runs.pop();
            }
            return Ok(first);
        }
        if mine.left == 0 {
            if *next_region == self.classes.len() || self.region < stride {
                return Err(StackError::ReservationFull {
                    reservation: self.len,
                    stacks: self.made.load(Ordering::Relaxed),
                });
            }
            self.classes[*next_region].store(class, Ordering::Release);
            mine.next = self.base + *next_region * self.region;
            mine.left = self.region / stride;
            *next_region += 1;
        }
        let ours = MADE.with(|made| made[usize::from(class)].get());
        // Where each guard is a mapping of its own, of which there are few, none is made before it is needed.
        let batch = if self.guards.are_mappings() { FEW } else { (ours / 8).clamp(FEW, MANY) };
        let lows: Vec<usize> = (0..batch.min(mine.left)).map(|nth| mine.next + nth * stride).collect();
        let count = self.guards.install(&lows, self.guard_size, self.made.load(Ordering::Relaxed))?;
        mine.next += count * stride;
        mine.left -= count;
        self.made.fetch_add(count, Ordering::Relaxed);
        MADE.with(|made| made[usize::from(class)].set(ours + count));
        drop(carve); // nobody else has these, and the kernel may take its time over their pages
        let page = page_size();
        populate(&lows[..count].iter().map(|low| low + stride - page).collect::<Vec<_>>(), page);
        let slots = lows[..count].iter().map(|low| self.slot_at(*low, class));
        for slot in slots.clone() {
            // SAFETY: the label's place is inside a fresh slot that nobody else has, and aligned, for it lies
            // a number of cache lines below a page boundary.
            unsafe { label_of(&slot).write(Label::new()) };
        }
        spare.extend(slots.rev());
        Ok(spare.pop().expect("a region with a slot left gives at least one"))
    }

    /// Takes back neighbours that hold no memory any more, from the first to the last of these.
    pub(super) fn give_back_run(&self, first: &Slot, last: &Slot) {
        let slots = (last.top() - first.low) / self.stride(first.class);
        let mut carve = self.lock();
        carve.class[usize::from(first.class)].runs.push(Run { low: first.low, slots });
    }

    /// Takes back what a thread that ends had in its pool.
    pub(crate) fn give_back(&self, slots: impl IntoIterator<Item = Slot>) {
        let mut carve = self.lock();
        for slot in slots {
            carve.class[usize::from(slot.class)].free.push(slot);
        }
    }

    /// The slot that begins at this address.
    fn slot_at(&self, low: usize, class: u8) -> Slot {
        let stride = self.stride(class);
        let nth = (low - self.base) % self.region / stride;
        let colour = colour(nth, class);
        let base = NonZeroUsize::new(low + stride - usize::from(colour) - head::SIZE);
        Slot { low, base: base.expect("no stack lies at address 0"), colour, class }
    }

    /// Guard and stack, an odd number of pages.
    fn stride(&self, class: u8) -> usize {
        let page = page_size();
        let pages = (size_of_class(class) + self.guard_size) / page;
        (pages | 1) * page
    }

    /// The slot whose guard holds this address. Called by the signal handler: no locks, no allocation.
    pub(crate) fn guard_hit(&self, address: usize) -> Option<Slot> {
        self.slot_around(address).filter(|slot| address - slot.low < self.guard_size)
    }

    /// The slot in whose stack this address lies. Called by a signal handler: no locks, no allocation.
    #[cfg_attr(not(feature = "watchdog"), allow(dead_code))]
    pub(crate) fn stack_at(&self, address: usize) -> Option<Slot> {
        self.slot_around(address)
            .filter(|slot| address - slot.low >= self.guard_size && address < slot.base.get())
    }

    /// The slot, guard included, that this address lies in.
    fn slot_around(&self, address: usize) -> Option<Slot> {
        let offset = address.checked_sub(self.base).filter(|offset| *offset < self.len)?;
        let region = offset / self.region;
        let class = self.classes.get(region)?.load(Ordering::Acquire);
        if class == NO_CLASS {
            return None;
        }
        let stride = self.stride(class);
        let start = self.base + region * self.region;
        let low = start + (address - start) / stride * stride;
        Some(self.slot_at(low, class))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours alone, and the owner of the reservation has no stack left in it.
        unsafe { libc::munmap(self.base as *mut libc::c_void, self.len) };
    }
}

/// The place of a slot's label.
pub(crate) fn label_of(slot: &Slot) -> *mut Label {
    head::label_at(slot.base.get())
}

fn reserve(len: usize) -> Result<usize, i32> {
    // SAFETY: a new anonymous mapping, placed by the system, touches nobody's memory.
    let at = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if at == libc::MAP_FAILED { Err(errno()) } else { Ok(at as usize) }
}

pub(crate) fn page_size() -> usize {
    static PAGE: AtomicUsize = AtomicUsize::new(0);
    match PAGE.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: asks a number of the system.
            let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
            PAGE.store(page, Ordering::Relaxed);
            page
        }
        page => page,
    }
}

#[cfg(test)]
mod tests {
    use super::super::guard::GuardMode;
    use super::*;
    use std::collections::HashSet;

    fn small(mode: GuardMode, bytes: usize) -> Reservation {
        Reservation::new(&StackSettings::new().guard(mode).reservation(bytes)).unwrap()
    }

    #[test]
    fn neighbours_are_an_odd_number_of_pages_apart() {
        let mut settings = StackSettings::new().reservation(1 << 30);
        for guard_size in [4 << 10, 16 << 10, 64 << 10] {
            settings = settings.guard_size(guard_size);
            let reservation = Reservation::new(&settings).unwrap();
            for class in 0..CLASSES as u8 {
                let mut spare = Vec::new();
                let first = reservation.carve(class, &mut spare).unwrap();
                assert_eq!((first.top() - first.low) / page_size() % 2, 1);
                let size = size_of_class(class);
                for slot in spare.iter().chain([&first]) {
                    assert!(slot.base.get() - (slot.low + guard_size) >= size - size / 32 - head::SIZE);
                }
                if let Some(second) = spare.last() {
                    assert_eq!(second.low, first.top());
                }
            }
        }
    }

    #[test]
    fn the_first_frames_of_many_stacks_lie_in_many_sets_of_a_cache() {
        let reservation = small(GuardMode::Auto, 64 << 20);
        let mut spare = Vec::new();
        let mut slots = Vec::new();
        while slots.len() < 32 {
            slots.push(reservation.carve(2, &mut spare).unwrap());
            slots.append(&mut spare);
        }
        let places: HashSet<usize> = slots.iter().map(|slot| slot.base.get() % page_size() / 64).collect();
        assert_eq!(places.len(), 32);
    }

    /// Many at a time are for who has had many: a burst of one thread is no reason to make more for each of a hundred others.
    #[test]
    fn a_thread_is_given_many_at_a_time_when_it_has_had_many_made() {
        let made_at_once = |reservation: &Reservation| {
            let mut spare = Vec::new();
            reservation.carve(0, &mut spare).unwrap();
            spare.len() + 1
        };
        let reservation = &small(GuardMode::Auto, 256 << 20);
        let by_mappings = &small(GuardMode::Mprotect, 256 << 20);
        thread::scope(|threads| {
            let burst = threads.spawn(move || {
                let batches: Vec<_> = (0..40).map(|_| made_at_once(reservation)).collect();
                (batches, made_at_once(by_mappings))
            });
            let (batches, mappings) = burst.join().unwrap();
            assert!(batches.is_sorted() && batches[0] == FEW, "{batches:?}");
            assert!(batches[39] > 2 * FEW || reservation.guards.are_mappings(), "{batches:?}");
            assert_eq!(mappings, FEW);
            let another = threads.spawn(move || made_at_once(reservation));
            assert_eq!(another.join().unwrap(), FEW);
        });
    }

    #[test]
    fn a_full_reservation_is_an_error_and_what_comes_back_is_handed_out_again() {
        for mode in [GuardMode::Auto, GuardMode::Mprotect] {
            let reservation = small(mode, 1 << 20);
            let mut slots = Vec::new();
            let mut spare = Vec::new();
            let error = loop {
                match spare.pop().map_or_else(|| reservation.carve(0, &mut spare), Ok) {
                    Ok(slot) => slots.push(slot),
                    Err(error) => break error,
                }
            };
            assert_eq!(slots.len(), (1 << 20) / (5 * page_size()));
            assert!(matches!(error, StackError::ReservationFull { stacks, .. } if stacks == slots.len()));
            reservation.give_back(slots.pop());
            assert!(reservation.carve(0, &mut spare).is_ok());
        }
    }

    #[test]
    fn with_mprotect_the_limit_on_mappings_is_an_error_and_leaves_room_for_others() {
        let reservation = small(GuardMode::Mprotect, 16 << 30);
        let mut spare = Vec::new();
        let mut count = 0;
        let error = loop {
            match spare.pop().map_or_else(|| reservation.carve(0, &mut spare), Ok) {
                Ok(_) => count += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StackError::TooManyMappings { .. }), "{error} after {count}");
        thread::spawn(|| vec![0u8; 64 << 20].len()).join().expect("room for a thread and its memory");
    }

    #[test]
    fn an_address_in_a_guard_is_traced_to_its_slot() {
        let reservation = small(GuardMode::Auto, 256 << 20);
        let mut spare = Vec::new();
        let slots = [reservation.carve(2, &mut spare).unwrap(), reservation.carve(4, &mut spare).unwrap()];
        for slot in slots.iter().chain(&spare) {
            assert_eq!(reservation.guard_hit(slot.low), Some(*slot));
            assert_eq!(reservation.guard_hit(slot.low + page_size() - 1), Some(*slot));
            assert_eq!(reservation.guard_hit(slot.low + page_size()), None);
            assert_eq!(reservation.guard_hit(slot.base.get()), None);
        }
        assert_eq!(reservation.guard_hit(reservation.base + reservation.len), None);
        assert_eq!(reservation.guard_hit(reservation.base - 1), None);
    }

    #[test]
    fn a_refused_reservation_is_halved_until_it_is_granted() {
        let reservation = Reservation::new(&StackSettings::new().reservation(1 << 62)).unwrap();
        assert!(reservation.len < 1 << 48 && reservation.len >= 1 << 30, "{}", reservation.len);
    }
}
