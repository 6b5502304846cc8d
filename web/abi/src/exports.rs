//! What the WebAssembly module exports, and how its callers use it.
//!
//! An instance of the module holds one file. A caller writes the bytes of the file to where [`input`] says, calls [`open`],
//! and then asks for pieces of the signal. Every function that can fail returns 0, or the [`Fault`](crate::failure::Fault) of what
//! went wrong as a number from 1 up; what it made, or the text of the error, lies at [`output`] and takes
//! [`output_length`] bytes until the next call.
//!
//! Numbers are all that crosses the border, so that neither side needs generated code: every export takes and returns
//! integers and floats, and `web/lib/worker.js` is the only caller. The caller's buffers lie in the memory of the module,
//! which owns them; no export takes an address.
//!
//! A large rendering is asked for in pieces: [`view`] says what to render and refuses what would cost too much as a
//! whole, and [`rows`] renders some rows of it. A caller that loses interest stops asking.

// The compiler cannot check that the names of exports are unique in the whole program: hence `unsafe(no_mangle)`. All of
// them are in this file, and nothing else of it is unsafe.
#![cfg_attr(
    target_arch = "wasm32",
    expect(unsafe_code, reason = "the names of exports")
)]

use crate::failure::Failure;
use crate::session::{Session, View};
use std::cell::RefCell;

thread_local! {
    /// The file of this instance, and what the last call made.
    static STATE: RefCell<(Session, Vec<u8>)> = RefCell::default();
}

/// Does `work` on the file of this instance, and keeps what it makes.
fn call(work: impl FnOnce(&mut Session) -> Result<Vec<u8>, Failure>) -> u32 {
    STATE.with_borrow_mut(|(session, output)| {
        // What the last call made is in no way needed for this one.
        output.clear();
        match work(session) {
            Ok(made) => {
                *output = made;
                0
            }
            Err(failure) => {
                *output = failure.to_string().into_bytes();
                failure.fault() as u32
            }
        }
    })
}

/// Makes room for a file of `length` bytes, and returns where they are to be written.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn input(length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|(session, _)| session.input(length).as_mut_ptr())
}

/// Where the output of the last call lies.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output() -> *const u8 {
    STATE.with_borrow(|(_, output)| output.as_ptr())
}

/// The number of bytes of the output of the last call.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output_length() -> usize {
    STATE.with_borrow(|(_, output)| output.len())
}

/// Sets the limit of a quantity, by its place in `sirenc::format::Quantity::ALL`, for the next file that is opened.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn limit(quantity: usize, most: f64) -> u32 {
    call(|session| session.limit(quantity, most))
}

/// Opens the file that was written to [`input`]. What it makes is facts about the file, in JSON.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn open() -> u32 {
    call(Session::open)
}

/// Says what is to be rendered of a picture, or of a video at the moment `seconds`: a region of it, in pixels of the whole
/// at the size of `width` x `height`. `shown` is 0 for the picture itself, 1 for its gradient, 2 for its gradient in
/// colour, and 3 for its Laplacian. With `points` other than 0, pixels are the values at their centres, whatever their
/// size.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn view(
    width: u32,
    height: u32,
    x: u32,
    y: u32,
    region_width: u32,
    region_height: u32,
    shown: u32,
    points: u32,
    seconds: f64,
) -> u32 {
    call(|session| {
        session.view(View {
            size: [width, height],
            corner: [x, y],
            region: [region_width, region_height],
            shown,
            points: points != 0,
            seconds,
        })
    })
}

/// Renders `count` rows of the view from `first` on, counted from the top of its region: RGBA of 8 bits a sample.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn rows(first: u32, count: u32) -> u32 {
    call(|session| session.rows(first, count))
}

/// The numbers that a picture or a video is evaluated from, as little-endian floats: of each layer its weights row by row, then
/// its biases, those of hidden layers times omega / 2 pi, so that sums are in turns; then of each grid its scale, columns and
/// rows, then its coefficients row by row.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn numbers() -> u32 {
    call(|session| session.numbers())
}

/// Evaluates a sound at `rate` frames a second, from `from` to `to` seconds after its beginning: all samples of the first
/// channel as little-endian floats, then those of the second.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn samples(rate: u32, from: f64, to: f64) -> u32 {
    call(|session| session.samples(rate, from, to))
}

/// Makes a mesh of a shape, on `resolution` cells along each side of its cube: the numbers of vertices and triangles, then
/// the origin, the vertices, their normals, and the corners of triangles. All are little-endian and take 4 bytes; numbers
/// and corners are integers, and the rest is floats.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn mesh(resolution: u32) -> u32 {
    call(|session| session.mesh(resolution))
}
