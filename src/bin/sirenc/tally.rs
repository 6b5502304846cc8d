//! What has become of the files of a command, all together.

use super::failure::Failure;
use super::jobs::Job;
use super::report::Report;
use sirenc::media::grouped;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

/// What has become of the jobs of a command so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    begin: Instant,
    jobs: usize,
    done: usize,
    /// Bytes of the inputs that are done, and of their outputs.
    bytes: [u64; 2],
    /// Whether it is worth a line of its own.
    pub(crate) several: bool,
    /// Inputs that were left alone, since their results are there.
    pub(crate) skipped: usize,
    /// Files in folders that are of a format which is not read.
    pub(crate) others: usize,
}

impl Tally {
    /// The beginning of `jobs`.
    pub(crate) fn of(jobs: usize, begin: Instant) -> Self {
        Self {
            begin,
            jobs,
            done: 0,
            bytes: [0; 2],
            several: false,
            skipped: 0,
            others: 0,
        }
    }

    /// Counts a job by what became of it, which is said if it failed.
    pub(crate) fn settle(
        &mut self,
        job: &Job,
        result: Result<(), Failure>,
        report: &Report,
    ) -> Result<(), Failure> {
        if report.settle(&job.input, result)? {
            self.done += 1;
            for (sum, place) in self.bytes.iter_mut().zip([&job.input, &job.output]) {
                let found = place.path().and_then(|path| fs::metadata(path).ok());
                *sum += found.map_or(0, |found| found.len());
            }
        }
        Ok(())
    }

    /// Says what has become of several inputs together, and returns the exit status.
    pub(crate) fn end(&self, report: &Report) -> Result<ExitCode, Failure> {
        let failed = self.jobs - self.done;
        if self.several && !report.json {
            report.say(&self.line(failed))?;
        }
        Ok(match failed {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }

    fn line(&self, failed: usize) -> String {
        let files = match self.done {
            1 => "1 file".into(),
            done => format!("{} files", grouped(done as u64)),
        };
        let mut parts = vec![files];
        let [before, after] = self.bytes;
        if after > 0 {
            parts.push(format!("{} -> {} bytes", grouped(before), grouped(after)));
        }
        let counts = [
            (self.skipped, "existed"),
            (self.others, "of other formats"),
            (failed, "failed"),
        ];
        for (count, what) in counts {
            if count > 0 {
                parts.push(format!("{} {what}", grouped(count as u64)));
            }
        }
        parts.push(format!("{:.1} s", self.begin.elapsed().as_secs_f64()));
        parts.join("  ")
    }
}
