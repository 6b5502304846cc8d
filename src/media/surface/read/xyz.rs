//! Points with normals in plain text: one on each line, its numbers between blanks, commas or semicolons.

use super::lines::{Lines, number, quoted, wrong};
use super::soup::{Point, Soup};
use crate::Surface;
use crate::media::Error;
use crate::media::Source;

/// Numbers of a line that are looked at.
const MOST: usize = 16;
/// What the columns of normals are called.
const NORMALS: [&[&str]; 3] = [
    &["nx", "normal_x", "normalx", "n_x"],
    &["ny", "normal_y", "normaly", "n_y"],
    &["nz", "normal_z", "normalz", "n_z"],
];
/// How far the length of what is taken for a normal may be from 1.
const UNIT: f64 = 0.02;

pub(super) fn read(source: &mut dyn Source, warn: &mut dyn FnMut(&str)) -> Result<Surface, Error> {
    let mut table = Table::default();
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next()? {
        let line = line.trim().to_owned();
        table.line(&line, lines.number)?;
    }
    table.soup()?.surface(warn)
}

/// Whether `text`, of which the last line may be cut off, has points in it as far as its first lines tell.
pub(super) fn is_points(text: &str) -> bool {
    let lines = text.lines().map(str::trim).filter(|line| !is_comment(line));
    let is_point = |line: &str| {
        let words = words(line).0;
        words.len() >= 3 && words.iter().all(|word| number(word).is_ok())
    };
    // A count or names may come first.
    lines.take(2).any(is_point)
}

/// Whether a line has no point, nor may have any.
fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#') || line.starts_with("//")
}

/// The words of a line, and whether commas in them are those of numbers: "0,5 1 -0,25".
fn words(line: &str) -> (Vec<String>, bool) {
    let blank = |c: char| c.is_whitespace() || c == ';';
    let words: Vec<&str> = line.split(blank).filter(|word| !word.is_empty()).collect();
    let in_number = |word: &&str| match word.split_once(',') {
        None => true,
        Some((before, after)) => {
            before.ends_with(|c: char| c.is_ascii_digit())
                && after.starts_with(|c: char| c.is_ascii_digit())
                && !after.contains(',')
        }
    };
    if line.contains(',') && words.len() >= 3 && words.iter().all(in_number) {
        return (
            words.iter().map(|word| word.replace(',', ".")).collect(),
            true,
        );
    }
    let apart = line.split(|c: char| blank(c) || c == ',');
    let apart = apart.filter(|word| !word.is_empty()).map(str::to_owned);
    (apart.collect(), false)
}

/// The lines so far.
#[derive(Default)]
struct Table {
    /// Names of the columns, in lower case, if a line has them.
    names: Option<Vec<String>>,
    /// The number of points, if a line says it, and the number of that line.
    count: Option<(u64, u64)>,
    columns: usize,
    numbers: Vec<f64>,
    /// The first line of points, and whether its numbers have commas in them, as far as they tell.
    first: u64,
    commas: Option<bool>,
}

impl Table {
    fn points(&self) -> usize {
        self.numbers.len().checked_div(self.columns).unwrap_or(0)
    }

    fn line(&mut self, line: &str, at: u64) -> Result<(), Error> {
        if self.numbers.is_empty() && self.is_heading(line, at) || is_comment(line) {
            return Ok(());
        }
        let (words, commas) = words(line);
        if line.contains(',') && *self.commas.get_or_insert(commas) != commas {
            let what = "has commas within numbers, and other lines have them between numbers, or the other way around; write numbers with points";
            return Err(wrong(at, what));
        }
        if commas && line.contains('.') {
            return Err(wrong(
                at,
                "has numbers with commas and with points; write all with points",
            ));
        }
        let mut columns = 0;
        for word in words.iter().take(MOST) {
            match number(word) {
                Ok(number) => self.numbers.push(number),
                // A name may follow what is needed.
                Err(_) if columns >= 6 => break,
                Err(what) => return Err(wrong(at, &format!("{what}; {NEEDED}"))),
            }
            columns += 1;
        }
        if self.columns == 0 {
            (self.columns, self.first) = (columns, at);
        }
        if columns != self.columns {
            let (first, expected) = (self.first, self.columns);
            return Err(wrong(
                at,
                &format!("has {columns} numbers, and line {first} has {expected}; {NEEDED}"),
            ));
        }
        match columns {
            3 => Err(wrong(at, &format!("has no normal; {NEEDED}"))),
            0..6 => Err(wrong(at, &format!("has {columns} numbers; {NEEDED}"))),
            _ => Ok(()),
        }
    }

    /// Whether a line before the points is a heading: names of columns, which may be in a comment, or the number of
    /// points.
    fn is_heading(&mut self, line: &str, at: u64) -> bool {
        let text = line.trim_start_matches(['#', '/']).trim_matches('"');
        let (words, _) = words(text);
        if let [count] = &words[..]
            && let Ok(count) = count.parse()
            && self.count.is_none()
            && text == line
        {
            self.count = Some((count, at));
            return true;
        }
        let names: Vec<String> = words
            .iter()
            .map(|word| word.trim_matches('"').to_lowercase())
            .collect();
        let named = ["x", "y", "z"]
            .iter()
            .all(|axis| names.iter().any(|name| name == axis));
        // A comment may speak of x, y and z as well.
        let is_comment = text != line;
        if named && (!is_comment || NORMALS[0].iter().any(|nx| names.iter().any(|it| it == nx))) {
            self.names = Some(names);
        }
        named
    }

    fn soup(self) -> Result<Soup, Error> {
        let points = self.points();
        if let Some((count, at)) = self.count
            && count != points as u64
        {
            let what = format!(
                "says {count}, which is not the number of points, {points}; the file is not whole, or damaged"
            );
            return Err(wrong(at, &what));
        }
        let mut soup = Soup::default();
        if points == 0 {
            return Ok(soup);
        }
        let (point, normal) = match &self.names {
            Some(names) => self.named(names)?,
            None => ([0, 1, 2], self.normal()?),
        };
        let rows = || self.numbers.chunks_exact(self.columns);
        soup.points = rows().map(|row| point.map(|column| row[column])).collect();
        soup.normals = Some(rows().map(|row| normal.map(|column| row[column])).collect());
        Ok(soup)
    }

    /// The columns of points and normals by their names.
    fn named(&self, names: &[String]) -> Result<([usize; 3], [usize; 3]), Error> {
        let column = |all: &[&str]| {
            let place = names.iter().position(|name| all.contains(&name.as_str()));
            place.filter(|&column| column < self.columns)
        };
        let columns = |of: [&[&str]; 3]| {
            let [x, y, z] = of.map(column);
            Some([x?, y?, z?])
        };
        let points = columns([&["x"], &["y"], &["z"]]);
        let normals = columns(NORMALS);
        points.zip(normals).ok_or_else(|| {
            let names: Vec<_> = names.iter().take(MOST).map(|name| quoted(name)).collect();
            Error::Malformed(format!(
                "has columns named {}, of which x, y, z, nx, ny and nz are needed; have normals estimated first, such as in MeshLab",
                names.join(" ")
            ))
        })
    }

    /// The columns of normals where nothing says which they are: those after the coordinates, or if those are no
    /// unit vectors and the last three are, the last.
    fn normal(&self) -> Result<[usize; 3], Error> {
        let rows = || self.numbers.chunks_exact(self.columns);
        let three = |first: usize| [first, first + 1, first + 2];
        let vector =
            |row: &[f64], first: usize| -> Point { three(first).map(|column| row[column]) };
        // A few may be zero, or no numbers.
        let is_unit = |first: usize| {
            let length = |row: &[f64]| vector(row, first).iter().map(|x| x * x).sum::<f64>().sqrt();
            let units = rows()
                .filter(|row| (length(row) - 1.0).abs() < UNIT)
                .count();
            10 * units >= 9 * self.points()
        };
        let varies = |first: usize| {
            let mut vectors = rows().map(|row| vector(row, first));
            let one = vectors.next();
            vectors.any(|vector| Some(vector) != one)
        };
        let is_colour = |first: usize| {
            let level = |x: &f64| x.fract() == 0.0 && (0.0..=255.0).contains(x);
            rows().all(|row| vector(row, first).iter().all(level))
                && rows().any(|row| vector(row, first).iter().any(|&x| x > 1.0))
        };
        let last = self.columns - 3;
        match (is_unit(3), last > 3 && is_unit(last)) {
            (false, true) => Ok(three(last)),
            (true, true) if last >= 6 => match (varies(3), varies(last)) {
                (true, false) => Ok(three(3)),
                (false, true) => Ok(three(last)),
                _ => Err(Error::Malformed(format!(
                    "has unit vectors in columns 4 to 6 and {} to {}, of which nothing says which are the normals; put a line of names first: x y z nx ny nz",
                    last + 1,
                    last + 3
                ))),
            },
            (false, false) if is_colour(3) => Err(Error::Malformed(
                "has colours where normals are needed, in columns 4 to 6; have normals estimated first, such as in MeshLab"
                    .into(),
            )),
            _ => Ok(three(3)),
        }
    }
}

const NEEDED: &str = "each needs six numbers, x y z and the normal";

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(text: &str) -> Result<Surface, String> {
        let surface = super::read(&mut Cursor::new(text), &mut |_| {});
        surface.map_err(|failure| failure.to_string())
    }

    /// Lines of 20 points of a unit sphere around (2, 0, 0), which are also its normals.
    fn lines(line: impl Fn([String; 3], [String; 3]) -> String) -> String {
        let point = |i: u32| {
            let (z, angle) = (f64::from(i) / 10.0 - 0.95, f64::from(i) * 2.4);
            let r = (1.0 - z * z).sqrt();
            [r * angle.cos(), r * angle.sin(), z]
        };
        let text = |[x, y, z]: [f64; 3]| [x, y, z].map(|x| format!("{x:.5}"));
        let one = |i: u32| {
            let normal = point(i);
            line(text([normal[0] + 2.0, normal[1], normal[2]]), text(normal)) + "\n"
        };
        (0..20).map(one).collect()
    }

    #[test]
    fn every_layout_is_read_alike() {
        let plain = lines(|point, normal| [point.join(" "), normal.join(" ")].join(" "));
        let control = read(&plain).unwrap();
        assert_eq!(control.points().len(), 20);
        let colour =
            |text: &'static str| lines(move |p, n| [&p.join(" "), text, &n.join(" ")].join(" "));
        for (name, text) in [
            ("mark", format!("\u{feff}{plain}")),
            ("returns", plain.replace('\n', "\r")),
            ("count", format!("20\n{plain}")),
            ("names", format!("x y z nx ny nz\n{plain}")),
            (
                "comment",
                format!("// X Y Z Nx Ny Nz\n# of ours\n\n{plain}"),
            ),
            ("prose", format!("# x y z, normals, and nothing\n{plain}")),
            ("commas", plain.replace(' ', ",")),
            ("both", plain.replace(' ', ", ")),
            ("decimal", plain.replace('.', ",")),
            ("semicolons", plain.replace('.', ",").replace(' ', ";")),
            ("after", plain.replace('\n', " 255 0 7\n")),
            ("label", plain.replace('\n', " tree\n")),
            ("bytes", colour("255 0 12")),
            ("black", colour("0 0 0")),
            ("red", colour("1 0 0")),
            ("share", colour("0.25 0.5 0.125")),
            ("intensity", colour("77")),
            (
                "swapped",
                format!(
                    "nx,ny,nz,c,x,y,z\n{}",
                    lines(|p, n| [&n.join(","), "9", &p.join(",")].join(","))
                ),
            ),
        ] {
            let found = read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(found.points(), control.points(), "{name}");
            assert_eq!(found.normals(), control.normals(), "{name}");
        }
        // Of any length.
        let long = lines(|point, [x, y, z]| format!("{} {x}5e3 {y}5e3 {z}5e3", point.join(" ")));
        assert_eq!(read(&long).unwrap().points(), control.points());
    }

    #[test]
    fn what_may_be_misread_is_refused() {
        let plain = lines(|point, normal| [point.join(" "), normal.join(" ")].join(" "));
        for (text, words) in [
            (lines(|point, _| point.join(" ")), "line 1 has no normal"),
            (lines(|point, _| point.join(",")), "line 1 has no normal"),
            (lines(|point, _| point.join(" ") + " 12 200 9"), "colours"),
            (
                lines(|p, n| [p, n.clone(), n].concat().join(" ")),
                "which are the normals",
            ),
            (format!("x y z r g b\n{plain}"), "nx"),
            (format!("19\n{plain}"), "line 1 says 19"),
            (
                format!("{plain}1 2 3 0 0 1 255\n"),
                "line 21 has 7 numbers, and line 1 has 6",
            ),
            (format!("{plain}1,5 2 3 0 0 1\n1,2,3,0,0,1\n"), "line 22"),
            (format!("{plain}1,5 2.5 3 0 0 1\n"), "line 21"),
            (format!("3\nwater\nO 0 0 0\n{plain}"), "\"water\""),
            (String::new(), "no points"),
        ] {
            let refused = read(&text).unwrap_err();
            assert!(refused.contains(words), "{words}: {refused}");
        }
    }
}
