//! Curves as SVG.

use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
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

/// Okabe and Ito's colours, which differ for colour-blind readers too; the first is for what is ours.
const COLOURS: [RGBColor; 7] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(90, 90, 90),
];

/// Some points, and how they are drawn.
pub(crate) struct Curve {
    pub(crate) name: String,
    /// Rising in the first. What is not finite is left out.
    pub(crate) points: Vec<[f64; 2]>,
    pub(crate) role: Role,
}

/// What a curve is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Drawn over the others, thicker, in the first colour.
    Ours,
    /// One of several, each of another colour and marker.
    Other,
    /// What others should be like: thin, black, under them all.
    Theory,
}

/// A plot of curves, 720 x 480 pixels, on white.
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: Axis<'a>,
    pub(crate) y: Axis<'a>,
    pub(crate) curves: &'a [Curve],
    /// Whether points are marked; many of them need no marks.
    pub(crate) marked: bool,
    pub(crate) legend: SeriesLabelPosition,
}

/// What is along an axis.
#[derive(Clone, Copy)]
pub(crate) struct Axis<'a> {
    pub(crate) label: &'a str,
    /// Whether it begins at 0, rather than around the values.
    pub(crate) from_zero: bool,
}

impl Plot<'_> {
    /// As an SVG.
    pub(crate) fn svg(&self) -> String {
        sheet(std::slice::from_ref(self))
    }
}

/// Plots below each other, as one SVG.
pub(crate) fn sheet(plots: &[Plot<'_>]) -> String {
    let mut svg = String::new();
    let size = (SIZE.0, SIZE.1 * plots.len() as u32);
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    let areas = area.split_evenly((plots.len(), 1));
    plots
        .iter()
        .zip(&areas)
        .try_for_each(|(plot, area)| plot.draw(area))
        .and_then(|()| area.present())
        .expect("drawing into memory does not fail");
    drop((areas, area));
    svg
}

/// A curve with the look it has in the plot.
struct Styled<'a> {
    name: &'a str,
    points: Vec<(f64, f64)>,
    role: Role,
    /// Index of colour and marker; 0 is ours.
    look: usize,
}

impl<'a> Styled<'a> {
    /// All curves that have points; theory first, and ours last, so that it lies on top.
    fn all(curves: &'a [Curve]) -> Vec<Self> {
        let mut looks = 1..;
        let mut styled: Vec<_> = curves
            .iter()
            .map(|curve| Self {
                name: &curve.name,
                points: finite(&curve.points),
                role: curve.role,
                look: match curve.role {
                    Role::Other => looks.next().unwrap_or_default(),
                    Role::Ours | Role::Theory => 0,
                },
            })
            .filter(|curve| !curve.points.is_empty())
            .collect();
        styled.sort_by_key(|curve| match curve.role {
            Role::Theory => 0,
            Role::Other => 1,
            Role::Ours => 2,
        });
        styled
    }

    fn line(&self) -> ShapeStyle {
        let width = if self.role == Role::Ours { 4 } else { 2 };
        self.colour().stroke_width(width)
    }

    fn colour(&self) -> RGBColor {
        match (self.role, self.look) {
            (Role::Theory, _) => BLACK,
            (_, 0) => COLOURS[0],
            // More curves than colours share them, but not the marker.
            (_, other) => COLOURS[1 + (other - 1) % (COLOURS.len() - 1)],
        }
    }
}

fn finite(points: &[[f64; 2]]) -> Vec<(f64, f64)> {
    let finite = points
        .iter()
        .filter(|[x, y]| x.is_finite() && y.is_finite());
    finite.map(|&[x, y]| (x, y)).collect()
}

impl Plot<'_> {
    fn draw(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let curves = Styled::all(self.curves);
        let all = || curves.iter().flat_map(|curve| curve.points.iter().copied());
        let [heading, text] = TEXT.map(|size| ("sans-serif", size).into_font());
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, heading)
            .margin(14)
            .x_label_area_size(50)
            .y_label_area_size(68)
            .build_cartesian_2d(
                self.x.range(all().map(|p| p.0)),
                self.y.range(all().map(|p| p.1)),
            )?;
        chart
            .configure_mesh()
            .x_desc(self.x.label)
            .y_desc(self.y.label)
            .x_labels(8)
            .x_label_formatter(&short)
            .y_label_formatter(&short)
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
            let marked = self.marked && curve.role != Role::Theory;
            let series = chart
                .draw_series(LineSeries::new(curve.points.iter().copied(), line))?
                .label(curve.name);
            if !marked {
                series.legend(move |(x, y)| PathElement::new(vec![(x - 2, y), (x + 30, y)], line));
                continue;
            }
            series.legend(move |(x, y)| {
                let corners = marker(look);
                let shifted: Vec<_> = corners.iter().map(|(dx, dy)| (dx + 14, *dy)).collect();
                let sample = PathElement::new(vec![(-2, 0), (30, 0)], line);
                EmptyElement::at((x, y)) + sample + Polygon::new(shifted, colour)
            });
            let mark = |&at| EmptyElement::at(at) + Polygon::new(marker(look), colour);
            chart.draw_series(curve.points.iter().map(mark))?;
        }
        if !curves.is_empty() {
            chart
                .configure_series_labels()
                .position(self.legend.clone())
                .legend_area_size(40)
                .margin(12)
                .background_style(WHITE.mix(0.85))
                .border_style(BLACK.mix(0.3))
                .label_font(text)
                .draw()?;
        }
        Ok(())
    }
}

impl Axis<'_> {
    fn range(&self, values: impl Iterator<Item = f64>) -> Range<f64> {
        if self.from_zero {
            from_zero(values)
        } else {
            around(values)
        }
    }
}

/// A label of an axis, without zeros that say nothing.
fn short(value: &f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    // Not -0.
    format!("{}", rounded + 0.0)
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

    fn curve(name: &str, points: &[[f64; 2]]) -> Curve {
        Curve {
            name: name.into(),
            points: points.into(),
            role: if name == "ours" {
                Role::Ours
            } else {
                Role::Other
            },
        }
    }

    fn plot<'a>(title: &'a str, y_label: &'a str, curves: &'a [Curve]) -> Plot<'a> {
        Plot {
            title,
            x: Axis {
                label: "along",
                from_zero: true,
            },
            y: Axis {
                label: y_label,
                from_zero: false,
            },
            curves,
            marked: true,
            legend: SeriesLabelPosition::LowerRight,
        }
    }

    #[test]
    fn a_curve_may_have_one_point_or_none() {
        let one = plot("t", "PSNR, dB", &[curve("ours", &[[0.1, 25.0]])]).svg();
        assert!(one.contains(">\nours\n<") && one.contains("<polygon"));
        assert!(!one.contains("NaN") && !one.contains("inf"));
        for nothing in [&[][..], &[curve("JPEG", &[])]] {
            let none = plot("t", "PSNR, dB", nothing).svg();
            assert!(none.contains("along") && !none.contains("JPEG"));
        }
    }

    #[test]
    fn values_that_are_not_finite_are_left_out() {
        let with = [[0.1, 25.0], [0.2, f64::INFINITY], [f64::NAN, 3.0]];
        let [with, without] =
            [&with[..], &with[..1]].map(|points| plot("t", "y", &[curve("a", points)]).svg());
        assert_eq!(with, without);
    }

    #[test]
    fn text_is_escaped() {
        let svg = plot("<b>&", "y<", &[curve("<i>", &[[0.1, 1.0], [0.2, 2.0]])]).svg();
        assert!(!svg.contains("<b>") && !svg.contains("<i>") && svg.contains("&lt;i&gt;"));
    }

    #[test]
    fn our_curve_is_drawn_last_and_theory_first() {
        let points = [[0.1, 20.0], [0.2, 22.0]];
        let mut curves = ["JPEG", "ours", "WebP", "law"].map(|name| curve(name, &points));
        curves[3].role = Role::Theory;
        let styled = Styled::all(&curves);
        let looks: Vec<_> = styled.iter().map(|it| (it.name, it.look)).collect();
        assert_eq!(looks, [("law", 0), ("JPEG", 1), ("WebP", 2), ("ours", 0)]);
        assert_eq!(styled[0].colour(), BLACK);
    }

    #[test]
    fn a_sheet_has_all_its_plots() {
        let curves = [curve("a", &[[0.0, 1.0], [1.0, 2.0]])];
        let plots = ["first", "second", "third"].map(|title| Plot {
            marked: false,
            ..plot(title, "y", &curves)
        });
        let svg = sheet(&plots);
        assert!(svg.contains("height=\"1440\"") && !svg.contains("<polygon"));
        assert!(
            ["first", "second", "third"]
                .iter()
                .all(|title| svg.contains(title))
        );
    }
}
