//! Many jobs at once.

use super::failure::Failure;
use super::jobs::Job;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does all `jobs`, `workers` of them at a time, each on a thread of its own, and hands what comes of them
/// to `done` in their order. An error of `done` ends it, once those that are under way are finished.
pub(crate) fn side_by_side<T: Send>(
    jobs: &[&Job],
    workers: usize,
    work: impl Fn(&Job) -> T + Sync,
    mut done: impl FnMut(&Job, T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers.min(jobs.len()) {
            let (send, next, work) = (send.clone(), &next, &work);
            scope.spawn(move || {
                while let Some((index, job)) = take(jobs, next)
                    && send.send((index, work(job))).is_ok()
                {}
            });
        }
        drop(send);
        // Those that are finished before their turn.
        let mut early = BTreeMap::new();
        let mut turn = 0;
        // Owned here, so that an error closes it.
        for (index, result) in receive {
            early.insert(index, result);
            while let Some(result) = early.remove(&turn) {
                done(jobs[turn], result)?;
                turn += 1;
            }
        }
        Ok(())
    })
}

/// The next job that nobody has taken.
fn take<'a>(jobs: &[&'a Job], next: &AtomicUsize) -> Option<(usize, &'a Job)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(index).map(|job| (index, *job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::Place;
    use std::time::Duration;

    #[test]
    fn results_come_in_order_and_an_error_ends_it() {
        let job = |index: usize| Job {
            input: Place::Path(index.to_string().into()),
            output: Place::Standard,
        };
        let jobs: Vec<_> = (0..20).map(job).collect();
        let jobs: Vec<_> = jobs.iter().collect();
        let work = |job: &Job| {
            let number: u64 = job.input.to_string().parse().unwrap();
            thread::sleep(Duration::from_millis(number * 7 % 5));
            number
        };
        let mut seen = Vec::new();
        let all = side_by_side(&jobs, 4, work, |_, number| {
            seen.push(number);
            Ok(())
        });
        assert!(all.is_ok() && seen.iter().copied().eq(0..20), "{seen:?}");
        let mut told = 0;
        let ended = side_by_side(&jobs, 4, work, |_, _| {
            told += 1;
            Err(Failure::NobodyReads)
        });
        assert!(ended.is_err() && told == 1, "{told}");
    }
}
