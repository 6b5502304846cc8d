//! The page that shows files in a browser, as far as it can be looked at without one: `web/test` has the rest.

use super::Folder;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

const PICTURE: &[u8] = include_bytes!("../../format/tests/golden/valid/levels.siren");
const DECODER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/decode.wasm"));

/// A folder with a file to show, unless this build can show none; then that is said, and how one is built that can.
fn folder() -> Option<Folder> {
    let folder = Folder::new();
    folder.write("a.siren", PICTURE);
    if !DECODER.is_empty() {
        return Some(folder);
    }
    for arguments in ["view a.siren", "view a.siren --serve", "view"] {
        let run = folder.run(arguments);
        assert_eq!(run.status, 1);
        assert!(run.stderr.contains("run `web/build`"), "{}", run.stderr);
    }
    assert_eq!(folder.names(), ["a.siren"]);
    None
}

#[test]
fn a_page_is_named_after_its_first_file_and_not_overwritten() {
    let Some(folder) = folder() else { return };
    let run = folder.run("view a.siren a.siren");
    assert_eq!(run.status, 0, "{}", run.stderr);
    let page = folder.read("a.html");
    let again = folder.run("view a.siren");
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(folder.run("view a.siren --force -q").stdout, b"");
    // With one file in place of two, there is less in it.
    assert!(folder.read("a.html").len() < page.len());
    assert_eq!(
        folder.run("view a.siren -o -").stdout,
        folder.read("a.html")
    );
    let empty = folder.run("view -o empty.html");
    assert_eq!(empty.status, 0, "{}", empty.stderr);
    assert!(folder.read("empty.html").len() < folder.read("a.html").len());
}

#[test]
fn what_cannot_be_shown_is_refused_before_a_page_is_written() {
    let Some(folder) = folder() else { return };
    folder.write("broken.siren", &PICTURE[..40]);
    for (arguments, status, said) in [
        ("view", 2, "name the page with -o"),
        (
            "view a.siren missing.siren",
            1,
            "missing.siren: cannot be read",
        ),
        ("view a.siren broken.siren", 1, "broken.siren: "),
        ("view a.siren --limit side=3", 1, "--limit side=N"),
        ("view a.siren --serve -o x.html", 2, "cannot be used with"),
        ("view a.siren --port 80", 2, "--serve"),
    ] {
        let run = folder.run(arguments);
        assert_eq!(run.status, status, "{arguments}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{arguments}: {}", run.stderr);
    }
    assert_eq!(folder.names(), ["a.siren", "broken.siren"]);
}

#[test]
fn a_served_page_is_the_one_that_would_be_written() {
    let Some(folder) = folder() else { return };
    let mut command = folder.command("view a.siren --serve");
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe"))
        .read_line(&mut line)
        .expect("an address");
    let address = line
        .strip_prefix("http://")
        .and_then(|rest| rest.split('/').next());
    let address = address.unwrap_or_else(|| panic!("{line}"));
    assert!(address.starts_with("127.0.0.1:"), "{line}");
    // One that asks for nothing keeps nobody waiting.
    let _idle = TcpStream::connect(address).expect("a connection");
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    child.kill().expect("it runs still");
    child.wait().expect("it ends");
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(answer.ends_with(&folder.run("view a.siren -o -").stdout));
    assert_eq!(folder.names(), ["a.siren"]);
}
