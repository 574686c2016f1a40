//! Reports about systems that run, or do not any more.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use cede::sync::Lock;
use cede::trace::Watchdog;
use cede::{Awaitable, Promise, Task};
use cede_tests::child::in_child;
use cede_tests::trace::{run, unlined};

/// What a child process with this program says, without lines.
fn said(program: impl FnOnce()) -> String {
    unlined(&in_child(&[], program).succeeded())
}

fn run_to_deadlock<T: 'static>(main: impl FnOnce() -> T + 'static) {
    match cede::run(cede::coroutine(main).named("main")) {
        Err(error) if error.is_deadlock() => eprintln!("{error}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it ends"),
    }
}

type Slot = Rc<std::cell::RefCell<Option<Task<()>>>>;

/// A task of this name that waits for whatever is in the slot once it runs.
fn waits_for(name: &'static str, slot: &Slot) -> Task<()> {
    let slot = slot.clone();
    let other = move || slot.take().expect("it is there by now");
    cede::create_task(cede::coroutine(move || drop(other().await_())).named(name)).named(name)
}

#[test]
fn a_deadlock_of_three_tasks_names_the_circle() {
    let said = said(|| {
        run_to_deadlock(|| {
            let slots: [Slot; 3] = Default::default();
            let tasks =
                ["hole", "tree", "water"].iter().zip(&slots).map(|(name, slot)| waits_for(name, slot));
            let [hole, tree, water]: [Task<()>; 3] =
                tasks.collect::<Vec<_>>().try_into().expect("three of them");
            *slots[2].borrow_mut() = Some(hole);
            *slots[0].borrow_mut() = Some(tree);
            *slots[1].borrow_mut() = Some(water);
            Promise::<()>::new().await_()
        });
    });
    let here = "tests/seeing/diagnosis.rs";
    let expected = [
        "deadlock: nothing is ready, no timer is set, and nobody outside can wake the loop".to_owned(),
        format!(
            "  task 'Task-1' (main, created at {here}) waits for <Promise pending>, created at {here} at {here}"
        ),
        format!("  task 'hole' (hole, created at {here}) waits for task 'tree' at {here}"),
        format!("  task 'tree' (tree, created at {here}) waits for task 'water' at {here}"),
        format!("  task 'water' (water, created at {here}) waits for task 'hole' at {here}"),
        "  cycle: 'hole' → 'tree' → 'water' → 'hole'".to_owned(),
        format!("  nobody can set the promise made at {here}; whoever waits for it has its only handle"),
    ];
    // Before it, the end of the loop has reported each of them.
    let lines: Vec<_> = said.lines().skip_while(|line| line.starts_with("cede: ")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_promise_without_a_setter_is_named_and_whether_anybody_could_set_it() {
    let said = said(|| {
        run_to_deadlock(|| {
            let promise = Promise::<()>::new();
            let kept = promise.clone();
            let setter = cede::create_task(cede::coroutine(move || {
                Promise::<()>::new().await_()?; // nobody has another handle on this one
                kept.set_result(()).map_err(cede::Error::from)
            }));
            let waited = promise.await_();
            drop(setter);
            waited
        });
    });
    assert!(said.contains("nobody sets the promise made at"), "{said}");
    assert!(said.contains("it has 2 handles, all where nothing runs any more"), "{said}");
    assert!(said.contains("; whoever waits for it has its only handle"), "{said}");
}

#[test]
fn a_lock_held_across_an_await_by_a_forgotten_task_is_its_fault() {
    let said = said(|| {
        run_to_deadlock(|| {
            let garden = Rc::new(Lock::new(()));
            let (mine, never) = (garden.clone(), Promise::<()>::new());
            let forgotten = cede::coroutine(move || -> cede::Result<()> {
                let _held = mine.lock().await_()?;
                never.await_() // holding the lock
            });
            drop(cede::create_task(forgotten.named("digger")).named("forgotten"));
            cede::yield_now().await_()?;
            garden.lock().await_().map(drop)
        });
    });
    assert!(said.contains("task 'forgotten' holds the lock that it took at tests"), "{said}");
    assert!(said.contains(", and waits for <Promise pending>"), "{said}");
    assert!(said.contains("whoever waits for it has its only handle"), "{said}");
    assert!(!said.contains("cycle"), "{said}");
}

#[test]
fn two_tasks_that_hold_what_the_other_one_wants_are_a_circle() {
    let said = said(|| {
        run_to_deadlock(|| {
            let locks = Rc::new([Lock::new(()), Lock::new(())]);
            let both = [(0, "left"), (1, "right")].map(|(first, name)| {
                let locks = locks.clone();
                let takes = cede::coroutine(move || -> cede::Result<()> {
                    let _one = locks[first].lock().await_()?;
                    cede::yield_now().await_()?;
                    locks[1 - first].lock().await_().map(drop)?;
                    Ok(())
                });
                cede::create_task(takes.named("philosopher")).named(name)
            });
            both.into_iter().for_each(|task| drop(task.await_()));
        });
    });
    assert!(said.contains("cycle: 'left' → 'right' → 'left'"), "{said}");
}

#[test]
fn a_tree_and_a_list_say_who_waits_for_whom_since_when_and_where() {
    let (tree, list, cycles) = run(|| {
        let lock = Rc::new(Lock::new(()));
        let (held, wanted) = (lock.clone(), lock);
        let sleeper = cede::create_task(
            cede::coroutine(move || -> cede::Result<()> {
                let _held = held.lock().await_()?;
                Ok(cede::sleep(Duration::from_secs(60)).await_()?)
            })
            .named("sleeper"),
        )
        .named("holder");
        let waiter = cede::create_task(
            cede::coroutine(move || -> cede::Result<()> {
                wanted.lock().await_().map(drop)?;
                Ok(())
            })
            .named("waiter"),
        );
        let parent = cede::create_task(cede::coroutine(move || drop(waiter.await_())).named("parent"));
        cede::sleep(Duration::from_secs(7)).await_().unwrap();
        drop(cede::create_task(cede::coroutine(|| ()).named("late")));
        let snapshot = cede::running_loop().unwrap().snapshot();
        parent.cancel();
        sleeper.cancel();
        (snapshot.tree(), snapshot.ps(), snapshot.cycles())
    });
    assert_eq!(
        unlined(&tree),
        "a_tree_and_a_list_say_who_waits_for_whom_since_when_and_where (Task-1) runs\n\
         parent (Task-4) waits for waiter (Task-3), at diagnosis.rs (7.000 s)\n\
         └ waiter (Task-3) waits for the lock that sleeper (holder) took at diagnosis.rs, at diagnosis.rs (7.000 s)\n  \
         └ sleeper (holder) waits for <Promise pending> made at diagnosis.rs, at diagnosis.rs (7.000 s)\n\
         late (Task-5) has not started\n"
    );
    let states: Vec<_> = list.lines().skip(1).map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    assert_eq!(states, ["runs", "waits", "waits", "waits", "new"], "{list}");
    assert!(cycles.is_empty());
}

#[test]
fn a_circle_is_found_while_others_run() {
    let (cycles, tree) = run(|| {
        let slots: [Slot; 2] = Default::default();
        let (one, other) = (waits_for("one", &slots[0]), waits_for("other", &slots[1]));
        *slots[0].borrow_mut() = Some(other);
        *slots[1].borrow_mut() = Some(one);
        cede::sleep(Duration::from_secs(1)).await_().unwrap();
        let snapshot = cede::running_loop().unwrap().snapshot();
        (snapshot.cycles(), snapshot.tree())
    });
    assert_eq!(cycles, [[2, 3, 2]]);
    assert!(tree.contains("one, which closes a circle"), "{tree}");
}

#[inline(never)]
fn digs_deep() -> cede::Result<()> {
    cede::sleep(Duration::from_secs(1)).await_()?;
    Ok(())
}

#[test]
fn the_stack_of_a_suspended_task_can_be_read_and_it_goes_on() {
    let (frames, ended) = run(|| {
        let task = cede::create_task(cede::coroutine(digs_deep));
        cede::yield_now().await_().unwrap();
        let frames = task.handle().backtrace();
        (frames, task.await_().unwrap().is_ok())
    });
    let frames = frames.expect("it is suspended on its own stack");
    assert!(frames.contains("digs_deep"), "{frames}");
    assert!(!frames.contains("run_body") && !frames.contains("task::park"), "{frames}");
    assert!(ended);
}

/// Waits where no more than this is left of a stack of 64 KiB that begins about here.
#[cfg(not(feature = "sanitizer"))] // its frames are larger, and its variables elsewhere
fn waits_with_no_more_left_than(left: usize) {
    #[inline(never)]
    fn dig(start: usize, depth: usize) {
        let frame = std::hint::black_box([0u8; 512]);
        if start - frame.as_ptr().addr() < depth {
            dig(start, depth);
        } else {
            cede::sleep(Duration::from_secs(1)).await_().unwrap();
        }
        std::hint::black_box(&frame);
    }
    let start = [0u8; 8];
    dig(std::hint::black_box(&start).as_ptr().addr(), (64 << 10) - left);
}

#[cfg(not(feature = "sanitizer"))]
#[test]
fn a_stack_without_room_is_not_read_be_it_a_task_s_or_a_generator_s() {
    let seen = |left, in_a_generator| {
        run(move || {
            let body = move || match in_a_generator {
                false => waits_with_no_more_left_than(left),
                true => cede::Generator::<()>::new(move |_| waits_with_no_more_left_than(left))
                    .stack_size(64 << 10)
                    .for_each(drop),
            };
            let task = cede::create_task(cede::coroutine(body).stack_size(64 << 10));
            cede::yield_now().await_().unwrap();
            let frames = task.handle().backtrace();
            task.await_().unwrap();
            frames.is_some()
        })
    };
    assert_eq!([seen(32 << 10, false), seen(8 << 10, false)], [true, false]);
    assert_eq!([seen(32 << 10, true), seen(8 << 10, true)], [true, false]);
}

#[test]
fn a_signal_prints_the_tree() {
    let said = said(|| {
        cede::run(cede::coroutine(|| {
            cede::running_loop().unwrap().print_tree_on(libc::SIGUSR1).unwrap();
            let task = cede::create_task(
                cede::coroutine(|| cede::sleep(Duration::from_secs(50)).await_()).named("idle"),
            );
            cede::yield_now().await_().unwrap();
            signal_hook::low_level::raise(libc::SIGUSR1).unwrap();
            cede::sleep(Duration::from_millis(5)).await_().unwrap();
            task.cancel();
        }))
        .unwrap();
    });
    let (list, tree) = said.split_once("\n\n").expect("a list, then a tree");
    let list: Vec<&str> = list.lines().collect();
    assert_eq!(list[0], "cede: 2 tasks");
    let columns = |line: &str| line.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
    assert_eq!(columns(list[1]), ["task", "name", "coroutine", "state", "since", "where"]);
    let idle = columns(list[3]);
    assert_eq!(idle[..4], ["2", "Task-2", "idle", "waits"], "{said}");
    assert!(idle.join(" ").ends_with("<Promise pending> made at diagnosis.rs, at diagnosis.rs"), "{said}");
    assert_eq!(list.len(), 4);
    let tree: Vec<&str> = tree.lines().collect();
    assert_eq!(tree.len(), 2, "{said}");
    assert!(tree[0].starts_with("a_signal_prints_the_tree (Task-1) waits for <Promise pending> "), "{said}");
    assert!(
        tree[1]
            .starts_with("idle (Task-2) waits for <Promise pending> made at diagnosis.rs, at diagnosis.rs"),
        "{said}"
    );
}

#[test]
fn ctrl_c_says_on_whom_a_stuck_program_waits_before_it_ends() {
    let ended = in_child(&[("CEDE_DEBUG", "1")], || {
        let mut runner = cede::Runner::new().clock(cede::VirtualClock::new()).handle_ctrl_c(true);
        // Others could still set something, for all that the loop knows: no deadlock.
        let _proxy = runner.event_loop().unwrap().proxy();
        let stuck = runner.run(
            cede::coroutine(|| {
                let garden = Rc::new(Lock::new(()));
                let (mine, never) = (garden.clone(), Promise::<()>::new());
                let digger = cede::coroutine(move || -> cede::Result<()> {
                    let _held = mine.lock().await_()?;
                    never.await_()
                });
                drop(cede::create_task(digger.named("digger")).named("forgotten"));
                cede::yield_now().await_()?;
                signal_hook::low_level::raise(libc::SIGINT).unwrap();
                garden.lock().await_().map(drop)
            })
            .fallible()
            .named("main"),
        );
        assert!(stuck.unwrap_err().is_interrupted());
        std::process::exit(0); // the end of the loop has reports of its own
    });
    let said = unlined(&ended.succeeded());
    let (list, rest) = said.split_once("\n\n").expect("a list, then a tree");
    assert!(list.starts_with("cede: Ctrl-C came before the end of 2 tasks\n"), "{said}");
    assert_eq!(list.lines().count(), 4, "{said}");
    let expected = "main (Task-1) waits for the lock that digger (forgotten) took at diagnosis.rs, at diagnosis.rs
└ digger (forgotten) waits for <Promise pending> made at diagnosis.rs, at diagnosis.rs
  task 'forgotten' holds the lock that it took at tests/seeing/diagnosis.rs, and waits for <Promise pending>, \
         created at tests/seeing/diagnosis.rs
  nobody can set the promise made at tests/seeing/diagnosis.rs; whoever waits for it has its only handle
";
    let rest: String = rest.lines().map(|line| format!("{}\n", without_steps(line))).collect();
    assert_eq!(rest, expected);
}

/// Without how long somebody has waited, counted in steps.
fn without_steps(line: &str) -> &str {
    line.rsplit_once(" (").filter(|(_, steps)| steps.ends_with(" steps)")).map_or(line, |(line, _)| line)
}

/// AddressSanitizer keeps variables on a stack of its own, so that nobody can tell how much room is left.
#[cfg(not(feature = "sanitizer"))]
#[test]
fn a_deadlock_report_has_the_stacks_if_it_is_asked_for_them() {
    let ended = in_child(&[("CEDE_BACKTRACE", "1")], || {
        run_to_deadlock(|| {
            let stuck = cede::create_task(cede::coroutine(waits_for_ever).named("stuck")).named("stuck");
            stuck.await_()
        });
    });
    let said = unlined(&ended.succeeded());
    let stack = said.split("stack of task 'stuck':\n").nth(1).expect("its stack");
    let last: Vec<&str> = stack.lines().skip_while(|line| !line.ends_with("waits_for_ever")).collect();
    assert_eq!(last, ["  seeing::diagnosis::waits_for_ever", "    at ./seeing/diagnosis.rs"], "{said}");
}

#[cfg(not(feature = "sanitizer"))]
#[inline(never)]
fn waits_for_ever() {
    let _ = std::hint::black_box(Promise::<()>::new().await_());
}

/// Keeps control until this is true.
#[inline(never)]
fn counts_until(over: &dyn Fn() -> bool) -> u64 {
    let mut count = 0;
    while !over() {
        count += 1;
    }
    count
}

/// What a watchdog says of a task that keeps control until it has said it.
fn named(watchdog: impl FnOnce(Box<dyn Fn(&str) + Send>) -> Watchdog) -> String {
    let (said, heard) = std::sync::mpsc::channel();
    let watchdog = watchdog(Box::new(move |text| said.send(text.to_owned()).unwrap()));
    let recorder = cede::trace::Recorder::new();
    let mut runner = cede::Runner::new().observer((recorder.clone(), watchdog));
    let (text, told) = runner
        .run(cede::coroutine(move || {
            cede::yield_now().await_().unwrap();
            let text = std::cell::RefCell::new(None);
            counts_until(&|| {
                *text.borrow_mut() = heard.try_recv().ok();
                text.borrow().is_some()
            });
            (text.take().expect("it was heard"), recorder.told())
        }))
        .unwrap();
    assert!(told > 5);
    unlined(&text)
}

const SOON: Duration = Duration::from_millis(20);

#[test]
fn a_watchdog_names_whoever_keeps_control_while_he_does() {
    let heard = named(|tell| Watchdog::telling(SOON, tell).unwrap());
    let first = heard.lines().next().unwrap();
    let (who, since) = first.split_once(" has kept control for ").expect("a line about him");
    assert_eq!(
        who,
        "task 'Task-1' (named, created at tests/seeing/diagnosis.rs, last awaited at tests/seeing/diagnosis.rs)"
    );
    assert!(since.ends_with(" s and still does"), "{first}");
}

/// Whether what a watchdog says has the stack, from whatever was interrupted to the task's body.
#[cfg(not(feature = "sanitizer"))]
fn assert_shows_the_stack(heard: &str) {
    let functions: Vec<&str> = heard
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .collect();
    let busy = functions.iter().position(|function| *function == "seeing::diagnosis::counts_until");
    let busy = busy.unwrap_or_else(|| panic!("not whom it interrupted: {heard}"));
    let [body] = &functions[busy + 1..] else { panic!("not only to the task's body: {heard}") };
    assert!(body.contains("{closure") && body.contains("seeing::diagnosis::"), "the task's body: {heard}");
    let place = heard.lines().skip_while(|line| !line.ends_with("::counts_until")).nth(1);
    assert_eq!(place, Some("    seeing/diagnosis.rs"), "from where the program runs: {heard}");
}

/// AddressSanitizer keeps variables on a stack of its own, so nothing is copied there.
#[cfg(not(feature = "sanitizer"))]
#[test]
fn a_watchdog_shows_the_stack_of_whoever_keeps_control() {
    assert_shows_the_stack(&named(|tell| Watchdog::telling(SOON, tell).unwrap()));
    // By a signal of the program's choice.
    let other = libc::SIGRTMIN() + 3;
    assert_shows_the_stack(&named(|tell| Watchdog::telling(SOON, tell).unwrap().signal(other).unwrap()));
}

#[cfg(not(feature = "sanitizer"))]
#[test]
fn a_watchdog_of_its_own_writes_on_standard_error() {
    let ended = in_child(&[], || {
        let file = std::env::temp_dir().join(format!("cede-watchdog-{}", std::process::id()));
        let file = std::fs::File::create(file).unwrap();
        let standard_error = rustix::io::dup(rustix::stdio::stderr()).unwrap();
        rustix::stdio::dup2_stderr(&file).unwrap();
        let path = std::env::temp_dir().join(format!("cede-watchdog-{}", std::process::id()));
        let mut runner = cede::Runner::new().observer(Watchdog::new(SOON).unwrap());
        runner
            .run(cede::coroutine(move || counts_until(&|| file.metadata().is_ok_and(|file| file.len() > 0))))
            .unwrap();
        drop(runner); // and with it the watchdog, which ends its sentence
        rustix::stdio::dup2_stderr(&standard_error).unwrap();
        eprint!("{}", std::fs::read_to_string(&path).unwrap());
        std::fs::remove_file(path).unwrap();
    });
    let said = unlined(&ended.succeeded());
    assert!(
        said.starts_with("cede: task 'Task-1' (a_watchdog_of_its_own_writes_on_standard_error, "),
        "{said}"
    );
    assert_shows_the_stack(&said);
}

/// Even one that switches stacks all the time, and one whose task runs on top of another's stack.
#[cfg(not(feature = "sanitizer"))]
#[test]
fn a_watchdog_may_interrupt_anything() {
    let (said, heard) = std::sync::mpsc::channel();
    let tell = move |text: &str| said.send(unlined(text)).unwrap();
    let mut runner = cede::Runner::new().observer(Watchdog::telling(Duration::from_millis(2), tell).unwrap());
    runner
        .run(cede::coroutine(move || {
            // Fifty times in the middle of whatever it is.
            for _ in 0..50 {
                let (heard, told) = (&heard, std::cell::Cell::new(false));
                cede::yield_now().await_().unwrap();
                while !told.get() {
                    let generator = cede::Generator::<Vec<u8>>::new(|co| {
                        (0..100).for_each(|size| co.yield_(vec![0; size * 1000]));
                    });
                    generator.map(|bytes| bytes.len()).sum::<usize>();
                    told.set(heard.try_recv().is_ok_and(|text| text.contains(" s and still does\n  ")));
                }
            }
        }))
        .unwrap();
}

#[test]
fn a_watchdog_does_not_take_a_signal_that_somebody_has() {
    let ended = in_child(&[], || {
        let _handled = signal_hook::flag::register(libc::SIGURG, Arc::default()).unwrap();
        eprintln!("{}", named(|tell| Watchdog::telling(SOON, tell).unwrap()).split_once('\n').unwrap().1);
        for signal in [libc::SIGURG, libc::SIGKILL] {
            let refused = Watchdog::new(SOON).unwrap().signal(signal).unwrap_err();
            eprintln!("{refused}");
        }
    });
    assert_eq!(
        ended.succeeded(),
        "  its stack is not known: signal 23 is handled by somebody else; choose another with Watchdog::signal\n\
         signal 23 is handled by somebody else; choose another with Watchdog::signal\n\
         signal 9 cannot be caught\n"
    );
}
