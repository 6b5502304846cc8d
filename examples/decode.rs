//! Opens a file of any kind of signal and evaluates it: all that a decoder needs, without the code that fits.
//!
//! ```sh
//! cargo run --release --example decode --no-default-features
//! ```

use sirenc::format::Error::WithoutZstd;
use sirenc::{Error, Opened, Playback, View};

fn main() -> Result<(), Error> {
    // The files of the format's own tests, which are a few dozen bytes each.
    for bytes in [
        &include_bytes!("../format/tests/golden/valid/levels.siren")[..],
        include_bytes!("../format/tests/golden/valid/shape.siren"),
        include_bytes!("../format/tests/golden/valid/sound-levels.siren"),
        include_bytes!("../format/tests/golden/valid/video.siren"),
    ] {
        let opened = match sirenc::open(bytes) {
            // One of these has half floats, for which the feature `zstd` is needed.
            Err(Error::Format(WithoutZstd)) => continue,
            opened => opened?,
        };
        match opened {
            Opened::Picture(decoder) => {
                let picture = decoder.picture(&View::scaled(&decoder, 2.0)?)?;
                println!(
                    "a picture, enlarged to {} x {}",
                    picture.width(),
                    picture.height()
                );
            }
            Opened::Shape(decoder) => {
                println!("a shape of {} triangles", decoder.mesh(16)?.triangles.len());
            }
            Opened::Sound(decoder) => {
                let sound = decoder.sound(&Playback::whole(&decoder))?;
                println!("a sound of {:.3} s", sound.seconds());
            }
            other => println!("a {}", other.header().signal.name()),
        }
    }
    Ok(())
}
