//! An allocator that counts, so that tests can hold a reader to its memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes held now, and the most held since [`peak`] began, by this thread: tests run side by side.
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call goes to the system's allocator unchanged. Counting allocates nothing: the counters
// have no destructor, so they never need to be registered with the thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (held, peak) = HELD.get();
        let held = held + layout.size();
        HELD.set((held, peak.max(held)));
        // SAFETY: the caller keeps `alloc`'s contract, which is the same one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let (held, peak) = HELD.get();
        // What is freed may have been allocated before counting began.
        HELD.set((held.saturating_sub(layout.size()), peak));
        // SAFETY: `pointer` came from `alloc` above with this layout, so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs `task`; returns what it does and the most bytes it held at once.
pub(crate) fn peak<T>(task: impl FnOnce() -> T) -> (T, usize) {
    HELD.set((0, 0));
    let done = task();
    (done, HELD.get().1)
}
