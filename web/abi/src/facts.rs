//! What is known of a file without evaluating it, in JSON.

use crate::failure::Failure;
use sirenc::Limits;
use sirenc::format::{Coding, Header, Signal, inspect};

/// Facts about the file of these `bytes`, as `web/lib/decode.d.ts` describes them.
///
/// All texts are names from the format crate, which need no escapes in JSON.
///
/// # Errors
/// [`Failure::Library`] if it is no `.siren` file that can be read under the limits.
pub(crate) fn json(bytes: &[u8], limits: &Limits) -> Result<String, Failure> {
    let layout = inspect(bytes, limits).map_err(sirenc::Error::from)?;
    let header = &layout.header;
    let coding = match layout.coding {
        Coding::Half => "half floats",
        Coding::Levels => "levels",
        Coding::Differences => "differences",
    };
    let parts: Vec<String> = layout
        .spans
        .iter()
        .map(|span| format!(r#"{{"part":"{}","bytes":{}}}"#, span.part, span.length))
        .collect();
    let grids = header.grids().map_or(0, |(grids, _)| grids.grids.len());
    Ok(format!(
        concat!(
            r#"{{"kind":"{}",{}"channels":{},"depth":{},"bytes":{},"networks":{},"hidden":{:?},"grids":{},"#,
            r#""parameters":{},"latents":{},"coding":"{}","multiplicationsPerPoint":{},"operationsPerPoint":{},"parts":[{}]}}"#
        ),
        header.signal.name(),
        signal(header),
        header.samples.channels,
        header.samples.depth,
        bytes.len(),
        header.networks(),
        header.network.hidden,
        grids,
        header.parameters(),
        header.latents(),
        coding,
        header.multiplications_per_point(),
        header.operations_per_point(1),
        parts.join(",")
    ))
}

/// The members that only signals of this kind have, each with a comma after it.
fn signal(header: &Header) -> String {
    match header.signal {
        Signal::Picture { width, height } => format!(r#""width":{width},"height":{height},"#),
        Signal::Video {
            width,
            height,
            frames,
            rate: [rate, per],
        } => format!(
            r#""width":{width},"height":{height},"frames":{frames},"rate":{},"seconds":{},"#,
            f64::from(rate) / f64::from(per),
            f64::from(frames) * f64::from(per) / f64::from(rate)
        ),
        Signal::Sound { rate, frames, .. } => format!(
            r#""frames":{frames},"rate":{rate},"seconds":{},"#,
            f64::from(frames) / f64::from(rate)
        ),
        Signal::Shape { centre, scale } => {
            let [x, y, z] = centre.map(f32::from_bits);
            format!(
                r#""centre":[{x},{y},{z}],"scale":{},"#,
                f32::from_bits(scale)
            )
        }
    }
}
