//! Derivatives of what is decoded.

use super::{Folder, QUICK, gradient};

fn encoded() -> Folder {
    let folder = Folder::with("in.png", &gradient(30, 20));
    folder.ok(&format!("encode in.png {QUICK}"));
    folder
}

/// Shape and numbers of an array of little-endian f32 as `numpy.save` would write it.
pub(super) fn array(file: &[u8]) -> (Vec<usize>, Vec<f32>) {
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let (header, data) = file[10..].split_at(length);
    assert!((10 + length).is_multiple_of(64) && header.ends_with(b"\n"));
    let header = std::str::from_utf8(header).expect("text");
    assert!(header.starts_with("{'descr': '<f4', 'fortran_order': "));
    let (_, shape) = header.split_once("'shape': (").expect("a shape");
    let (shape, _) = shape.split_once(')').expect("a tuple");
    let shape: Vec<usize> = shape
        .split(", ")
        .map(|side| side.parse().expect("a side"))
        .collect();
    let numbers: Vec<f32> = data
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect();
    assert_eq!(numbers.len() * 4, data.len());
    assert_eq!(numbers.len(), shape.iter().product::<usize>());
    (shape, numbers)
}

#[test]
fn floats_are_the_picture_and_its_derivatives() {
    let folder = encoded();
    folder.ok("decode in.siren --scale 8 -o values.npy");
    folder.ok("decode in.siren --scale 8 -o values.png");
    let (shape, values) = array(&folder.read("values.npy"));
    assert_eq!(shape, [160, 240, 3]);
    let rounded: Vec<u8> = values.iter().map(|v| (v * 255.0 + 0.5) as u8).collect();
    assert_eq!(rounded, folder.picture("values.png").into_rgb8().into_raw());

    for which in ["dx", "dy", "gradient", "laplacian"] {
        folder.ok(&format!(
            "decode in.siren --scale 8 --derivative {which} -o {which}.npy"
        ));
    }
    let of = |name: &str| array(&folder.read(&format!("{name}.npy")));
    let ((_, dx), (_, dy), (shape, both)) = (of("dx"), of("dy"), of("gradient"));
    assert_eq!(shape, [160, 240, 3, 2]);
    assert_eq!(of("laplacian").0, [160, 240, 3]);
    for (index, both) in both.chunks_exact(2).enumerate() {
        assert_eq!(both, [dx[index], dy[index]]);
    }
    // Central differences over a quarter of a pixel of the stored picture.
    let largest = dx.iter().fold(0.0_f32, |most, d| most.max(d.abs()));
    for row in 1..159 {
        for column in 1..239 {
            let at = |row: usize, column: usize| values[(row * 240 + column) * 3 + 1];
            let index = (row * 240 + column) * 3 + 1;
            let by_x = (at(row, column + 1) - at(row, column - 1)) * 4.0;
            let by_y = (at(row + 1, column) - at(row - 1, column)) * 4.0;
            assert!((dx[index] - by_x).abs() < 0.02 * largest);
            assert!((dy[index] - by_y).abs() < 0.02 * largest);
        }
    }
}

#[test]
fn regions_are_crops_and_scales_have_the_same_shades() {
    let folder = encoded();
    for options in [
        "laplacian",
        "dx",
        "gradient",
        "gradient --color",
        "dy --gain 3",
    ] {
        let decode = format!("decode in.siren -f --derivative {options}");
        folder.ok(&format!("{decode} --scale 5 -o whole.png"));
        folder.ok(&format!(
            "{decode} --scale 5 --region 37,21,64,50 -o part.png --threads 2"
        ));
        let whole = folder.picture("whole.png");
        assert_eq!(folder.picture("part.png"), whole.crop_imm(37, 21, 64, 50));
        // The middle of a pixel is where it was.
        folder.ok(&format!("{decode} -o small.png"));
        let (small, whole) = (folder.picture("small.png").into_rgb8(), whole.into_rgb8());
        for (x, y, pixel) in small.enumerate_pixels() {
            for (a, b) in pixel.0.iter().zip(whole.get_pixel(5 * x + 2, 5 * y + 2).0) {
                assert!(a.abs_diff(b) <= 1, "{options}");
            }
        }
    }
}

#[test]
fn results_have_names_of_their_own_and_gains_are_told() {
    let folder = encoded();
    let run = folder.ok("decode in.siren --derivative laplacian");
    assert!(
        run.text()
            .contains("in.siren -> in.laplacian.png  30x20  gain "),
        "{}",
        run.text()
    );
    let gain = run
        .text()
        .split("gain ")
        .nth(1)
        .expect("a gain")
        .split(' ')
        .next()
        .expect("a number");
    folder.ok(&format!(
        "decode in.siren --derivative laplacian --gain {gain} -o same.png"
    ));
    let (fitted, same) = (
        folder.picture("in.laplacian.png").into_rgb8(),
        folder.picture("same.png").into_rgb8(),
    );
    for (a, b) in fitted.iter().zip(same.iter()) {
        assert!(a.abs_diff(*b) <= 1);
    }
    assert_eq!(
        folder.names(),
        ["in.laplacian.png", "in.png", "in.siren", "same.png"]
    );
}

#[test]
fn gray_gets_hues_and_keeps_its_depth() {
    let folder = Folder::with("in.png", &gradient(20, 14).to_luma16().into());
    folder.ok(&format!("encode in.png {QUICK}"));
    folder.ok("decode in.siren --derivative gradient --color -o hue.png");
    folder.ok("decode in.siren --derivative gradient -o length.png");
    folder.ok("decode in.siren --derivative dx -o dx.jpg");
    let (hue, length) = (folder.picture("hue.png"), folder.picture("length.png"));
    assert_eq!(hue.color(), image::ColorType::Rgb16);
    assert_eq!(length.color(), image::ColorType::L16);
    for (hue, length) in hue.into_rgb16().pixels().zip(length.into_luma16().pixels()) {
        let brightest = *hue.0.iter().max().expect("three");
        assert!(brightest.abs_diff(length.0[0]) <= 1);
    }
    assert_eq!(folder.picture("dx.jpg").color(), image::ColorType::L8);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = encoded();
    let decode = "decode in.siren -o out.png";
    folder.fails(2, &format!("{decode} --color"), &["--derivative"]);
    folder.fails(2, &format!("{decode} --gain 2"), &["--derivative"]);
    folder.fails(
        2,
        &format!("{decode} --derivative dx --color"),
        &["only the gradient"],
    );
    folder.fails(2, &format!("{decode} --derivative slope"), &["laplacian"]);
    folder.fails(
        2,
        &format!("{decode} --derivative dx --gain 0"),
        &["--gain", "positive"],
    );
    folder.fails(
        2,
        "decode in.siren --derivative dx --gain 1 -o out.npy",
        &["--gain", ".npy"],
    );
    assert_eq!(folder.names(), ["in.png", "in.siren"]);
}
