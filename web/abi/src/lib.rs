//! The decoder of `.siren` files as WebAssembly, for the npm package in `web/`.
//!
//! [`exports`] is what the module exports and how its callers use it; all that they do is in [`session`].

#![deny(unsafe_code)]

pub mod exports;
mod facts;
pub mod failure;
pub mod session;
