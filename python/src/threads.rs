//! The threads on which fields are evaluated and fitted.
//!
//! The global pool of rayon is never used: a process that Python forks, as `multiprocessing` does on Linux, has none of
//! the threads of its parent, and would wait for the pool's forever.

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, Mutex, PoisonError};

/// A pool, the process that started it, and the number of threads that were asked for.
struct Kept {
    process: u32,
    threads: usize,
    pool: Arc<ThreadPool>,
}

/// The pool of the last call.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// A pool of `threads` threads, 0 for one per core.
///
/// # Errors
/// `ThreadsError` if they cannot be started.
pub(crate) fn pool(py: Python<'_>, threads: usize) -> PyResult<Arc<ThreadPool>> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some(kept) = &*kept
        && (kept.process, kept.threads) == (process, threads)
    {
        return Ok(kept.pool.clone());
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| crate::error::raise(py, &error.into(), ""))?;
    let pool = Arc::new(pool);
    let previous = kept.replace(Kept {
        process,
        threads,
        pool: pool.clone(),
    });
    // The threads of a pool of another process cannot be told to end.
    if let Some(previous) = previous.filter(|previous| previous.process != process) {
        std::mem::forget(previous.pool);
    }
    Ok(pool)
}
