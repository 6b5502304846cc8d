//! Several .siren files in a table, a line each.

use super::info::{network, total};
use super::paths::Place;
use super::table::columns;
use siren_format::{Header, Layout, Signal};
use sirenc::media::grouped;

/// A line for each file, under a line of headings and above one of their sum.
pub(crate) fn listing(files: &[(Place, Layout)]) -> String {
    let headings = ["file", "kind", "size", "network", "parameters", "bytes"];
    let mut lines = vec![headings.map(str::to_owned)];
    lines.extend(files.iter().map(|(file, layout)| line(file, layout)));
    let all: usize = files.iter().map(|(_, layout)| total(layout)).sum();
    let mut text = columns(&lines, 4).join("\n");
    text += &format!("\n{} files  {} bytes", files.len(), grouped(all as u64));
    text
}

fn line(file: &Place, layout: &Layout) -> [String; 6] {
    let header = &layout.header;
    [
        file.to_string(),
        header.signal.name().into(),
        size(header),
        network(header),
        grouped(header.parameters()),
        grouped(total(layout) as u64),
    ]
}

/// How large the signal is, as short as it can be said.
fn size(header: &Header) -> String {
    match header.signal {
        Signal::Picture { width, height } => format!("{width}x{height}"),
        Signal::Video {
            width,
            height,
            frames,
            ..
        } => format!("{width}x{height}, {frames} frames"),
        Signal::Sound { rate, frames, .. } => {
            format!("{:.2} s at {rate} Hz", f64::from(frames) / f64::from(rate))
        }
        Signal::Shape { scale, .. } => format!("side {}", 2.0 * f32::from_bits(scale)),
    }
}
