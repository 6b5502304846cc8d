//! Counts what is evaluated, for tests and fuzzers that hold estimates to it.

use std::cell::Cell;

thread_local! {
    /// Multiplications of networks that this thread has done, of whole tiles.
    static MULTIPLICATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Does `work`, and counts the multiplications of networks that this thread does for it. Run it in a pool that has this
/// thread alone, and they are all there are.
pub fn counted<R>(work: impl FnOnce() -> R) -> (R, u64) {
    let before = MULTIPLICATIONS.get();
    let done = work();
    (done, MULTIPLICATIONS.get() - before)
}

/// Counts `multiplications` more.
pub(super) fn count(multiplications: u64) {
    MULTIPLICATIONS.set(MULTIPLICATIONS.get() + multiplications);
}
