//! Figures for programs.

use super::entry::{Figures, Matched, Row, Rows};
use super::{curve, search, table};
use serde_json::{Value, json};

/// What is said of a codec as a whole: its version and how it was used.
pub(super) struct About {
    pub(super) codec: String,
    pub(super) version: String,
    pub(super) usage: String,
}

/// All figures in the form of CompressAI's results, which its plots read: an object for one codec, whose
/// `results` has lists over rates of means over pictures. This one is for sirenc; `against` has one of
/// the same form for each other codec and kind of match. Beside what that form has, `pictures` has the
/// same lists for each picture. A value that is infinite or unknown is null.
pub(super) fn json(all: &[Rows], about: &[About], with_curve: bool) -> String {
    let means = table::mean(all);
    let columns = means.first().map_or(0, Vec::len);
    let object = |at: usize| object(all, &means, at, about, with_curve);
    let mut sirenc = object(0);
    sirenc["against"] = (1..columns).map(object).collect();
    format!("{sirenc:#}\n")
}

fn object(all: &[Rows], means: &[Vec<Row>], at: usize, about: &[About], with_curve: bool) -> Value {
    let row = &means[0][at];
    let plain_name = row
        .codec
        .strip_suffix(search::DOWNSCALED)
        .unwrap_or(&row.codec);
    let about = about.iter().find(|about| about.codec == plain_name);
    let (version, usage) = about.map_or(("", ""), |about| (&about.version, &about.usage));
    let results = |points: &[Vec<Row>]| {
        let list = |figure: fn(&Figures) -> Option<f64>| {
            let rows = points.iter().map(|rows| &rows[at].figures);
            rows.map(figure).collect::<Vec<_>>()
        };
        json!({
            "bpp": list(|figures| Some(figures.bpp)),
            "psnr-rgb": list(|figures| Some(figures.psnr)),
            "ms-ssim-rgb": list(|figures| Some(figures.ms_ssim)),
            "ssimulacra2": list(|figures| Some(figures.ssimulacra2)),
            "encoding_time": list(|figures| figures.encode_seconds),
            "decoding_time": list(|figures| Some(figures.decode_seconds)),
        })
    };
    let pictures = all.iter().map(|rows| {
        let each = |fact: fn(&Row) -> Value| {
            let column = rows.points.iter().map(|point| &point[at]);
            column.map(fact).collect::<Vec<_>>()
        };
        json!({
            "name": rows.name,
            "width": rows.width,
            "height": rows.height,
            "setting": each(|row| json!(row.setting)),
            "matched": each(|row| json!(!row.missed)),
            "bytes": each(|row| json!(row.figures.bytes as u64)),
            "results": results(&rows.points),
        })
    });
    // Plots tell curves apart by their names.
    let name = match row.matched {
        Matched::Psnr => format!("{}, equal PSNR", row.codec),
        _ => row.codec.clone(),
    };
    let mut object = json!({
        "name": name,
        "codec": row.codec,
        "description": format!("{version}, {usage}; {}", wording(row)),
        "match": symbol(row.matched),
        "version": version,
        "usage": usage,
        "results": results(means),
        "pictures": pictures.collect::<Vec<_>>(),
    });
    if with_curve && row.matched != Matched::Siren {
        object["bd-rate"] = json!(curve::bd_rate(all, &row.codec).map(|(rate, _)| rate));
    }
    object
}

fn wording(row: &Row) -> &'static str {
    match row.matched {
        _ if row.codec.ends_with(search::DOWNSCALED) => search::REDUCTION,
        Matched::Siren => "at the sizes asked for",
        Matched::Bytes => "best quality in at most the bytes of the .siren",
        Matched::Psnr => "least bytes with at least the PSNR of the .siren",
    }
}

fn symbol(matched: Matched) -> &'static str {
    match matched {
        Matched::Siren => "siren",
        Matched::Bytes => "bytes",
        Matched::Psnr => "psnr",
    }
}

/// All figures of all files, a row each, under a row of names (RFC 4180). Rates count from 1, the
/// lowest; what is infinite is `inf`, what is unknown is empty.
pub(super) fn csv(all: &[Rows]) -> String {
    let mut text = String::from(
        "picture,width,height,rate,codec,match,matched,setting,bytes,bpp,psnr,ms_ssim,ssimulacra2,encode_seconds,decode_seconds\r\n",
    );
    for rows in all {
        for (rate, point) in rows.points.iter().enumerate() {
            for row in point {
                let figures = &row.figures;
                let cells = [
                    rows.name.clone(),
                    rows.width.to_string(),
                    rows.height.to_string(),
                    (rate + 1).to_string(),
                    row.codec.clone(),
                    symbol(row.matched).to_owned(),
                    (!row.missed).to_string(),
                    row.setting.clone(),
                    figures.bytes.to_string(),
                    number(figures.bpp),
                    number(figures.psnr),
                    number(figures.ms_ssim),
                    number(figures.ssimulacra2),
                    figures.encode_seconds.map_or_else(String::new, number),
                    number(figures.decode_seconds),
                ];
                text += &cells.map(|cell| quoted(&cell)).join(",");
                text += "\r\n";
            }
        }
    }
    text
}

fn number(figure: f64) -> String {
    if figure.is_nan() {
        String::new()
    } else {
        format!("{figure:.6}")
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_would_break_a_row_are_quoted() {
        assert_eq!(quoted("-q 40"), "-q 40");
        assert_eq!(quoted("WebP, \"reduced\""), "\"WebP, \"\"reduced\"\"\"");
        assert_eq!(number(f64::INFINITY), "inf");
        assert_eq!(number(f64::NAN), "");
    }
}
