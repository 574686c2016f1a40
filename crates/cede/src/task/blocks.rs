//! The memory of tasks that have ended, for the next ones: no allocation a task.

#![allow(unsafe_code)] // belongs to the room for a task's memory; see docs/architecture.md

use std::alloc::{self, Layout};
use std::cell::Cell;
use std::ptr::NonNull;

/// Blocks are made in multiples of this many bytes, a cache line, less what the allocator adds to each…
const LINE: usize = 64;
const ALLOCATORS: usize = 8;
/// … up to this many lines; a task with more captures than that has its block from the allocator.
const CLASSES: usize = 16;

/// A loop's blocks that are free, a list a size, last in, first out.
pub(crate) struct Blocks {
    free: [Cell<Option<NonNull<Free>>>; CLASSES],
    count: Cell<usize>,
}

/// What a free block holds.
struct Free {
    next: Option<NonNull<Free>>,
}

impl Default for Blocks {
    fn default() -> Self {
        Blocks { free: [const { Cell::new(None) }; CLASSES], count: Cell::new(0) }
    }
}

/// How large a block is.
#[derive(Clone, Copy)]
pub(super) struct Size {
    /// What is asked of the allocator for it.
    layout: Layout,
    /// The list on which it is kept, if it is.
    class: Option<usize>,
}

impl Size {
    /// That of a block for this layout.
    pub(super) const fn of(layout: Layout) -> Self {
        let class = (layout.size() + ALLOCATORS).div_ceil(LINE) - 1;
        // AddressSanitizer sees a use after the end only if the memory goes back to it.
        if class < CLASSES && layout.align() <= align_of::<u128>() && !cfg!(feature = "sanitizer") {
            Size { layout: of_class(class), class: Some(class) }
        } else {
            Size { layout, class: None }
        }
    }
}

const fn of_class(class: usize) -> Layout {
    match Layout::from_size_align((class + 1) * LINE - ALLOCATORS, align_of::<u128>()) {
        Ok(layout) => layout,
        Err(_) => panic!("a few lines make a layout"),
    }
}

impl Blocks {
    /// Memory for a block of this size; aborts where there is none, as every allocation does.
    #[inline]
    pub(super) fn take(&self, size: Size) -> NonNull<u8> {
        if let Some(class) = size.class
            && let Some(block) = self.free[class].get()
        {
            // SAFETY: what is on a list is a free block, and holds a `Free`.
            self.free[class].set(unsafe { block.as_ref() }.next);
            self.count.set(self.count.get() - 1);
            return block.cast();
        }
        take_new(size)
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// It comes from [`take`](Self::take) of a list like this with the same size, and nobody uses it any more.
    #[inline]
    pub(super) unsafe fn give(&self, block: NonNull<u8>, size: Size) {
        let Some(class) = size.class else {
            // SAFETY: handed on.
            return unsafe { free(block, size) };
        };
        let block = block.cast::<Free>();
        // SAFETY: nobody uses the block, and each has room for a `Free`, at its alignment.
        unsafe { block.write(Free { next: self.free[class].get() }) };
        self.free[class].set(Some(block));
        self.count.set(self.count.get() + 1);
    }

    /// Gives all free blocks back to the allocator: how many there were.
    pub(crate) fn trim(&self) -> usize {
        for (class, list) in self.free.iter().enumerate() {
            while let Some(block) = list.get() {
                // SAFETY: what is on a list is a free block, and holds a `Free`.
                list.set(unsafe { block.as_ref() }.next);
                // SAFETY: it is off the list, and was allocated for this class.
                unsafe { alloc::dealloc(block.as_ptr().cast(), of_class(class)) };
            }
        }
        self.count.replace(0)
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.trim();
    }
}

#[cold]
fn take_new(size: Size) -> NonNull<u8> {
    // SAFETY: no block has size 0, for each holds a task's head.
    let block = unsafe { alloc::alloc(size.layout) };
    NonNull::new(block).unwrap_or_else(|| alloc::handle_alloc_error(size.layout))
}

/// Gives a block to the allocator.
///
/// # Safety
/// As [`Blocks::give`].
pub(super) unsafe fn free(block: NonNull<u8>, size: Size) {
    // SAFETY: this is the layout that `take_new` asked for.
    unsafe { alloc::dealloc(block.as_ptr(), size.layout) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        /// A block of so many bytes, and an alignment of 2 to the power of this.
        Take(usize, u32),
        /// Gives the n-th of those that are out back, modulo their number.
        Give(usize),
        Trim,
    }

    /// A block that is out. Its bytes are a number that nobody else writes.
    struct Out {
        block: NonNull<u8>,
        layout: Layout,
        number: u8,
    }

    impl Out {
        fn bytes(&self) -> &[u8] {
            // SAFETY: the block is out, and was filled when it was taken.
            unsafe { std::slice::from_raw_parts(self.block.as_ptr(), self.layout.size()) }
        }
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            6 => (8_usize..1200, 3_u32..7).prop_map(|(size, align)| Op::Take(size, align)),
            4 => any::<usize>().prop_map(Op::Give),
            1 => Just(Op::Trim),
        ]
    }

    proptest! {
        #[test]
        fn blocks_are_apart_and_the_one_given_back_last_comes_first(ops in prop::collection::vec(op(), 0..120)) {
            let blocks = Blocks::default();
            let mut out: Vec<Out> = Vec::new();
            let mut free: [Vec<NonNull<u8>>; CLASSES] = Default::default();
            let give = |out: Out, free: &mut [Vec<NonNull<u8>>; CLASSES]| {
                if let Some(class) = Size::of(out.layout).class {
                    free[class].push(out.block);
                }
                // SAFETY: it is out with this layout, and nobody uses it any more.
                unsafe { blocks.give(out.block, Size::of(out.layout)) };
            };
            for (number, op) in (0_u8..).zip(ops) {
                match op {
                    Op::Take(size, align) => {
                        let layout = Layout::from_size_align(size, 1 << align).expect("a layout");
                        let block = blocks.take(Size::of(layout));
                        if let Some(expected) = Size::of(layout).class.and_then(|class| free[class].pop()) {
                            prop_assert_eq!(block, expected);
                        }
                        prop_assert_eq!(block.addr().get() % layout.align(), 0);
                        // SAFETY: the block has this many bytes and is nobody else's.
                        unsafe { block.as_ptr().write_bytes(number, size) };
                        out.push(Out { block, layout, number });
                    }
                    Op::Give(nth) if !out.is_empty() => {
                        let nth = nth % out.len();
                        give(out.swap_remove(nth), &mut free);
                    }
                    Op::Give(_) => {}
                    Op::Trim => {
                        let kept: usize = free.iter_mut().map(|list| std::mem::take(list).len()).sum();
                        prop_assert_eq!(blocks.trim(), kept);
                    }
                }
                for out in &out {
                    prop_assert!(out.bytes().iter().all(|byte| *byte == out.number), "somebody wrote to it");
                }
            }
            while let Some(last) = out.pop() {
                give(last, &mut free);
            }
            prop_assert_eq!(blocks.trim(), free.iter().map(Vec::len).sum::<usize>());
        }
    }
}
