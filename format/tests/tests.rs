//! All integration tests, in one binary to keep builds short.

#![expect(
    unsafe_code,
    reason = "an allocator that counts can only be written so"
)]

mod allocations;
mod cases;
mod damage;
mod differences;
mod golden;
mod grid_cases;
mod interpreted;
mod latents;
mod levels;
mod limits;
mod metadata;
mod placeholders;
mod plain;
mod plain_differences;
mod plain_latents;
mod round_trip;
mod samples;
mod spec;
