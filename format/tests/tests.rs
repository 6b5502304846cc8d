//! All integration tests, in one binary to keep builds short.

#![expect(
    unsafe_code,
    reason = "an allocator that counts can only be written so"
)]

mod allocations;
mod cases;
mod damage;
mod golden;
mod interpreted;
mod levels;
mod limits;
mod metadata;
mod plain;
mod round_trip;
mod samples;
mod spec;
