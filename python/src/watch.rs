//! Fits that can be watched and interrupted.

use pyo3::prelude::*;
use sirenc::{Error, Progress};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Between looks for signals, and between calls of a progress callback.
const INTERVAL: Duration = Duration::from_millis(50);

/// What a fit unwinds with that is to leave nothing. A fit that is told to stop makes a file of the best that it has
/// first, which can take seconds.
struct Abandoned;

/// What is wanted of a fit that is under way.
const GO_ON: u8 = 0;
const STOP: u8 = 1;
const ABANDON: u8 = 2;

/// What a fit calls after every step.
pub(crate) type Tell<'a> = &'a mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send);

/// Runs `fit` on a thread of its own, without the interpreter's lock. This thread looks for signals meanwhile, which
/// Python handles on its main thread only, and calls `progress(step, steps, loss, psnr, seconds)` every now and then.
/// Where that returns `False`, the fit ends early with the best that it has.
///
/// # Errors
/// What a signal or `progress` raises, `KeyboardInterrupt` for one; the fit ends then, and its result is dropped.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<Bound<'_, PyAny>>,
    fit: impl FnOnce(Tell<'_>) -> Result<T, Error> + Send,
) -> PyResult<Result<T, Error>> {
    let progress = progress.map(Bound::unbind);
    let telling = progress.is_some();
    let wanted = &AtomicU8::new(GO_ON);
    py.detach(|| {
        thread::scope(|scope| {
            let (tell, told) = channel();
            let worker = scope.spawn(move || {
                let mut last: Option<Instant> = None;
                fit(&mut |report| {
                    let due = |last: Instant| last.elapsed() >= INTERVAL;
                    if telling && last.is_none_or(due) {
                        last = Some(Instant::now());
                        // Nobody listens once something was raised.
                        let _ = tell.send(*report);
                    }
                    match wanted.load(Ordering::Relaxed) {
                        GO_ON => ControlFlow::Continue(()),
                        STOP => ControlFlow::Break(()),
                        _ => resume_unwind(Box::new(Abandoned)),
                    }
                })
            });
            let look = |report: Option<Progress>| {
                Python::attach(|py| {
                    py.check_signals()?;
                    match (&progress, report) {
                        (Some(progress), Some(report)) => call(progress.bind(py), &report),
                        _ => Ok(true),
                    }
                })
            };
            let mut raised = None;
            loop {
                let report = match told.recv_timeout(INTERVAL) {
                    Ok(report) => Some(report),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => break,
                };
                match look(report) {
                    Ok(true) => {}
                    Ok(false) => wanted.store(STOP, Ordering::Relaxed),
                    Err(error) => {
                        wanted.store(ABANDON, Ordering::Relaxed);
                        raised = Some(error);
                        break;
                    }
                }
            }
            match (worker.join(), raised) {
                (Ok(_), Some(raised)) => Err(raised),
                (Err(panic), Some(raised)) if panic.is::<Abandoned>() => Err(raised),
                (Err(panic), _) => resume_unwind(panic),
                (Ok(result), None) => Ok(result),
            }
        })
    })
}

/// Calls `progress`, and says whether the fit is to go on.
fn call(progress: &Bound<'_, PyAny>, report: &Progress) -> PyResult<bool> {
    let seconds = report.elapsed.as_secs_f64();
    let answer = progress.call1((report.step, report.steps, report.loss, report.psnr, seconds))?;
    Ok(answer.is_none() || answer.extract::<bool>().unwrap_or(true))
}
