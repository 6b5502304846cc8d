//! The fits of the segments of a sound, which run side by side.

use crate::Error;
use crate::fit;
use crate::fit::Progress;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// Does `work` for each item, given its index, on as many threads as the current rayon pool has: for as many
/// items at once as there are threads, which share them where there are fewer. Returns what came of them, in
/// order.
///
/// A step of a fit is too short to share among many threads. Rayon's own tasks will not do: one that waits
/// for a share of its step would begin with the next item, on top of its stack.
///
/// # Errors
/// The error of the first item that failed.
pub(crate) fn each<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(usize, T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let threads = rayon::current_num_threads();
    let workers = threads.min(items.len()).max(1);
    let pool = || {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads / workers)
            .build()
    };
    let pools = (0..workers)
        .map(|_| pool())
        .collect::<Result<Vec<_>, _>>()?;
    let queue = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for pool in &pools {
            let (queue, done, work) = (&queue, &done, &work);
            scope.spawn(move || {
                // Let go of the lock before the work.
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some((index, item)) = next() {
                    let result = pool.install(|| work(index, item));
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|&(index, _)| index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Counts the fits of all segments as one.
pub(crate) struct Tally {
    begin: Instant,
    /// Steps done, steps planned and latest loss of each segment; no steps done and no loss at first.
    segments: Vec<(u32, u32, f64)>,
    /// Sums of them, and the number of segments that have begun.
    done: u64,
    planned: u64,
    loss: f64,
    begun: u32,
    stopped: bool,
}

impl Tally {
    /// For this number of `segments`, of at least `steps` steps each.
    pub(crate) fn new(segments: usize, steps: u32) -> Self {
        Self {
            begin: Instant::now(),
            segments: vec![(0, steps, 0.0); segments],
            done: 0,
            planned: segments as u64 * u64::from(steps),
            loss: 0.0,
            begun: 0,
            stopped: false,
        }
    }

    /// Adds the report of one segment and calls `tell` with the sum. Once `tell` stops one fit, all are stopped.
    pub(crate) fn report(
        &mut self,
        segment: usize,
        report: &Progress,
        tell: impl FnOnce(&Progress) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if self.stopped {
            return ControlFlow::Break(());
        }
        let (steps, planned, loss) = &mut self.segments[segment];
        let more = report.steps.saturating_sub(*planned);
        self.planned += u64::from(more);
        *planned += more;
        self.begun += u32::from(*steps == 0);
        self.done = self.done + u64::from(report.step) - u64::from(*steps);
        self.loss += report.loss - *loss;
        (*steps, *loss) = (report.step, report.loss);
        let loss = self.loss / f64::from(self.begun);
        let told = tell(&Progress {
            step: u32::try_from(self.done).unwrap_or(u32::MAX),
            steps: u32::try_from(self.planned).unwrap_or(u32::MAX),
            loss,
            psnr: fit::psnr(loss),
            elapsed: self.begin.elapsed(),
        });
        self.stopped = told.is_break();
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_in_any_order_and_returned_in_its_own() {
        for count in [0, 1, 2, 50] {
            let items: Vec<u64> = (0..count).collect();
            let squares = each(items, |index, item| {
                assert_eq!(index as u64, item);
                Ok(item * item)
            });
            assert!(
                squares
                    .unwrap()
                    .into_iter()
                    .eq((0..count).map(|item| item * item))
            );
        }
        let failing = |index, _| {
            if index == 3 {
                Err(Error::Stopped)
            } else {
                Ok(())
            }
        };
        assert!(matches!(each(vec![(); 9], failing), Err(Error::Stopped)));
    }

    #[test]
    fn fits_are_told_of_as_one() {
        let mut told = Vec::new();
        let mut tell = |report: &Progress| {
            told.push((report.step, report.steps, report.loss));
            if told.len() < 4 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let mut tally = Tally::new(2, 10);
        let report = |step, loss| Progress {
            step,
            steps: 10,
            loss,
            psnr: 0.0,
            elapsed: Default::default(),
        };
        assert!(tally.report(0, &report(4, 8.0), &mut tell).is_continue());
        assert!(tally.report(1, &report(1, 4.0), &mut tell).is_continue());
        // Fallen back.
        assert!(tally.report(0, &report(2, 2.0), &mut tell).is_continue());
        assert!(tally.report(1, &report(2, 2.0), &mut tell).is_break());
        assert!(tally.report(0, &report(3, 1.0), &mut tell).is_break());
        // Where one segment takes more steps than planned, so do all together.
        let mut tally = Tally::new(2, 10);
        let longer = Progress {
            steps: 14,
            ..report(12, 1.0)
        };
        let mut counted = (0, 0);
        let _ = tally.report(1, &longer, |told| {
            counted = (told.step, told.steps);
            ControlFlow::Continue(())
        });
        assert_eq!(counted, (12, 24));
        assert_eq!(
            told,
            [(4, 20, 8.0), (5, 20, 6.0), (3, 20, 3.0), (4, 20, 2.0)]
        );
    }
}
