//! `--device`, and `sirenc devices`.

use super::failure::Failure;
use super::report::{self, Report};
use sirenc::Device;
use std::process::ExitCode;
use std::str::FromStr;

/// What `--device` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Auto,
    Cpu,
    /// The GPU of this number, or the most promising one.
    Gpu(Option<usize>),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("gpu:").map(str::parse)) {
            ("auto", _) => Ok(Self::Auto),
            ("cpu", _) => Ok(Self::Cpu),
            ("gpu", _) => Ok(Self::Gpu(None)),
            (_, Some(Ok(index))) => Ok(Self::Gpu(Some(index))),
            _ => Err("auto, cpu, gpu, or gpu:N for number N of `sirenc devices`".into()),
        }
    }
}

impl Choice {
    /// Opens it. Where `auto` has to make do with the CPU, one line says so, unless it is to be `quiet`.
    pub(crate) fn open(self, quiet: bool) -> Result<Device, Failure> {
        match self {
            Self::Auto => Ok(Device::auto(move |reason| {
                if !quiet {
                    report::complain(&format!("the CPU does the work: {reason}"));
                }
            })),
            Self::Cpu => Ok(Device::cpu()),
            Self::Gpu(index) => {
                Device::gpu(index).map_err(|error| Failure::Usage(error.to_string()))
            }
        }
    }
}

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let report = Report::default();
    match Device::gpus() {
        Ok(names) => {
            for (index, name) in names.iter().enumerate() {
                report.print(format!("gpu:{index}  {name}"))?;
            }
        }
        // What there is to compute with is told all the same.
        Err(error) => report::complain(&error.to_string()),
    }
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
    let level = sirenc::simd_level();
    report.print(format!("cpu    {threads} threads, {level}"))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_whole() {
        assert_eq!("auto".parse(), Ok(Choice::Auto));
        assert_eq!("gpu".parse(), Ok(Choice::Gpu(None)));
        assert_eq!("gpu:12".parse(), Ok(Choice::Gpu(Some(12))));
        for wrong in ["", "GPU", "gpu:", "gpu:x", "gpu:-1", "gpu1", "cuda"] {
            assert!(wrong.parse::<Choice>().is_err(), "{wrong}");
        }
    }
}
