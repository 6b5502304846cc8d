//! Rate-distortion curves as SVG.

use plotters::chart::ChartBuilder;
use plotters::element::{EmptyElement, PathElement, Polygon};
use plotters::prelude::{
    Color, DrawingAreaErrorKind, IntoDrawingArea, IntoFont, LineSeries, RGBColor, SVGBackend,
    SeriesLabelPosition, ShapeStyle,
};
use plotters::style::{BLACK, WHITE};
use std::ops::Range;

const SIZE: (u32, u32) = (720, 480);
/// Sizes of text: the heading's, and all other. The SVG says a quarter less (24 becomes 19 pixels).
const TEXT: [i32; 2] = [24, 19];

/// Whose curve is drawn over the others, thicker, in the first colour.
const OURS: &str = "sirenc";
/// Okabe and Ito's colours, which differ for colour-blind readers too; the first is for [`OURS`].
const COLOURS: [RGBColor; 7] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
];

/// How good one codec is at several rates.
pub(crate) struct Curve {
    pub(crate) codec: String,
    /// (bits per pixel, quality), rising in the first. What is not finite is left out.
    pub(crate) points: Vec<[f64; 2]>,
}

/// An SVG of 720 x 480 pixels: `curves` over bits per pixel, on white.
pub(crate) fn plot(title: &str, y_label: &str, curves: &[Curve]) -> String {
    let mut svg = String::new();
    draw(&mut svg, title, y_label, curves).expect("drawing into memory does not fail");
    svg
}

/// A curve with the look it has in the plot.
struct Styled<'a> {
    codec: &'a str,
    points: Vec<(f64, f64)>,
    /// Index of colour and marker; 0 is ours.
    look: usize,
}

impl<'a> Styled<'a> {
    /// All curves that have points, ours last, so that it lies on top.
    fn all(curves: &'a [Curve]) -> Vec<Self> {
        let mut looks = 1..;
        let mut styled: Vec<_> = curves
            .iter()
            .map(|curve| Self {
                codec: &curve.codec,
                points: finite(&curve.points),
                look: if curve.codec == OURS {
                    0
                } else {
                    looks.next().unwrap_or_default()
                },
            })
            .filter(|curve| !curve.points.is_empty())
            .collect();
        styled.sort_by_key(|curve| curve.look == 0);
        styled
    }

    fn line(&self) -> ShapeStyle {
        let width = if self.look == 0 { 4 } else { 2 };
        self.colour().stroke_width(width)
    }

    fn colour(&self) -> RGBColor {
        match self.look {
            0 => COLOURS[0],
            // More codecs than colours share them, but not the marker.
            other => COLOURS[1 + (other - 1) % (COLOURS.len() - 1)],
        }
    }
}

fn finite(points: &[[f64; 2]]) -> Vec<(f64, f64)> {
    let finite = points
        .iter()
        .filter(|[x, y]| x.is_finite() && y.is_finite());
    finite.map(|&[x, y]| (x, y)).collect()
}

fn draw(
    svg: &mut String,
    title: &str,
    y_label: &str,
    curves: &[Curve],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let curves = Styled::all(curves);
    let all = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    let [heading, text] = TEXT.map(|size| ("sans-serif", size).into_font());
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, heading)
        .margin(14)
        .x_label_area_size(50)
        .y_label_area_size(68)
        .build_cartesian_2d(from_zero(all().map(|p| p.0)), around(all().map(|p| p.1)))?;
    chart
        .configure_mesh()
        .x_desc("bits per pixel")
        .y_desc(y_label)
        .x_labels(8)
        .y_labels(8)
        .max_light_lines(1)
        .bold_line_style(BLACK.mix(0.18))
        .light_line_style(BLACK.mix(0.06))
        .axis_style(BLACK.mix(0.6))
        .label_style(text.clone())
        .axis_desc_style(text.clone())
        .draw()?;
    for curve in &curves {
        let (look, line, colour) = (curve.look, curve.line(), curve.colour());
        chart
            .draw_series(LineSeries::new(curve.points.iter().copied(), line))?
            .label(curve.codec)
            .legend(move |(x, y)| {
                let shifted = marker(look)
                    .iter()
                    .map(|(dx, dy)| (dx + 14, *dy))
                    .collect::<Vec<_>>();
                let sample = PathElement::new(vec![(-2, 0), (30, 0)], line);
                EmptyElement::at((x, y)) + sample + Polygon::new(shifted, colour)
            });
        let marked = |&at| EmptyElement::at(at) + Polygon::new(marker(look), colour);
        chart.draw_series(curve.points.iter().map(marked))?;
    }
    if !curves.is_empty() {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .legend_area_size(40)
            .margin(12)
            .background_style(WHITE.mix(0.85))
            .border_style(BLACK.mix(0.3))
            .label_font(text)
            .draw()?;
    }
    area.present()
}

/// Corners of a marker in pixels around its point, one of six shapes; ours is round.
fn marker(look: usize) -> Vec<(i32, i32)> {
    let corners: &[(i32, i32)] = match look {
        0 => &[
            (-3, -6),
            (3, -6),
            (6, -3),
            (6, 3),
            (3, 6),
            (-3, 6),
            (-6, 3),
            (-6, -3),
        ],
        _ => match look % 5 {
            1 => &[(-5, -5), (5, -5), (5, 5), (-5, 5)],
            2 => &[(0, -7), (6, 5), (-6, 5)],
            3 => &[(0, -7), (7, 0), (0, 7), (-7, 0)],
            4 => &[(0, 7), (6, -5), (-6, -5)],
            _ => &[
                (-6, -4),
                (-4, -6),
                (0, -2),
                (4, -6),
                (6, -4),
                (2, 0),
                (6, 4),
                (4, 6),
                (0, 2),
                (-4, 6),
                (-6, 4),
                (-2, 0),
            ],
        },
    };
    corners.to_vec()
}

/// From 0 to a little beyond the largest value.
fn from_zero(values: impl Iterator<Item = f64>) -> Range<f64> {
    let most = values.fold(0.0, f64::max);
    0.0..if most > 0.0 { 1.08 * most } else { 1.0 }
}

/// From a little below the least value to a little above the largest.
fn around(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
        (a.min(v), b.max(v))
    });
    if least > most {
        return 0.0..1.0;
    }
    // One value, or values that are equal, still need a range.
    let room = (0.08 * (most - least)).max(0.01 * most.abs()).max(1e-3);
    least - room..most + room
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(codec: &str, points: &[[f64; 2]]) -> Curve {
        Curve {
            codec: codec.into(),
            points: points.into(),
        }
    }

    #[test]
    fn a_curve_may_have_one_point_or_none() {
        let one = plot("t", "PSNR, dB", &[curve("sirenc", &[[0.1, 25.0]])]);
        assert!(one.contains(">\nsirenc\n<") && one.contains("<polygon"));
        assert!(!one.contains("NaN") && !one.contains("inf"));
        for nothing in [&[][..], &[curve("JPEG", &[])]] {
            let none = plot("t", "PSNR, dB", nothing);
            assert!(none.contains("bits per pixel") && !none.contains("JPEG"));
        }
    }

    #[test]
    fn values_that_are_not_finite_are_left_out() {
        let with = [[0.1, 25.0], [0.2, f64::INFINITY], [f64::NAN, 3.0]];
        let [with, without] =
            [&with[..], &with[..1]].map(|points| plot("t", "y", &[curve("a", points)]));
        assert_eq!(with, without);
    }

    #[test]
    fn text_is_escaped() {
        let svg = plot("<b>&", "y<", &[curve("<i>", &[[0.1, 1.0], [0.2, 2.0]])]);
        assert!(!svg.contains("<b>") && !svg.contains("<i>") && svg.contains("&lt;i&gt;"));
    }

    #[test]
    fn our_curve_is_drawn_last_and_keeps_its_colour() {
        let curves =
            ["JPEG", "sirenc", "WebP"].map(|codec| curve(codec, &[[0.1, 20.0], [0.2, 22.0]]));
        let styled = Styled::all(&curves);
        let looks: Vec<_> = styled.iter().map(|it| (it.codec, it.look)).collect();
        assert_eq!(looks, [("JPEG", 1), ("WebP", 2), ("sirenc", 0)]);
    }
}
