//! The files in tests/transcripts: what is typed, and what is said to it, word for word. With `TRYCMD=overwrite` in the
//! environment, this test writes what is said now into them.

#[test]
fn the_command_says_what_the_transcripts_have() {
    // As wide as without a terminal, whatever the one that the tests run in.
    let cases = trycmd::TestCases::new();
    cases.env("COLUMNS", "100").case("tests/transcripts/*.md");
}
