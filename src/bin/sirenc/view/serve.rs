//! Serves a page to browsers on this machine, and to nobody else.

use crate::failure::Failure;
use crate::interrupt;
use crate::report::Report;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Longest request that is read, in bytes.
const LONGEST: usize = 16 << 10;
/// How long a browser may take to send it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves `html` at `port` of 127.0.0.1 until the process is interrupted.
pub(crate) fn serve(html: &str, port: u16, report: &Report) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::Said(format!(
            "cannot serve at port {port} of 127.0.0.1: {error}; give another --port, or none"
        ))
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    report.print(format!(
        "http://127.0.0.1:{port}/  open it in a browser; Ctrl-C ends it"
    ))?;
    interrupt::expect();
    let html: Arc<str> = html.into();
    for stream in listener.incoming() {
        // One that is gone already is nothing to stop for, and neither is one that could not be answered.
        let Ok(stream) = stream else { continue };
        let html = Arc::clone(&html);
        // Browsers open connections ahead of their requests: none may keep another waiting.
        let answering = thread::Builder::new().spawn(move || answer(stream, &html, port));
        drop(answering);
    }
    Ok(())
}

/// Reads a request and answers it.
fn answer(mut stream: TcpStream, html: &str, port: u16) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = head(&mut stream)?;
    let (status, kind, body) = respond(&request, html, port);
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body.as_bytes())
}

/// The request up to the empty line that ends its head.
fn head(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") && bytes.len() < LONGEST {
        match stream.read(&mut piece)? {
            0 => break,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Status, type and body of the answer to a request.
///
/// A request must name this machine as its host: a page of a stranger whose name has been made to lead here names
/// another, and may not read the files.
fn respond<'a>(request: &str, html: &'a str, port: u16) -> (&'static str, &'static str, &'a str) {
    let mut lines = request.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    let ours = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    if !host.is_some_and(|host| ours.iter().any(|our| our == host)) {
        return (
            "403 Forbidden",
            "text/plain",
            "This is served to browsers on its own machine, at 127.0.0.1.\n",
        );
    }
    match line.split(' ').collect::<Vec<_>>()[..] {
        ["GET", "/", _] => ("200 OK", "text/html", html),
        ["GET", ..] => ("404 Not Found", "text/plain", "There is only / here.\n"),
        _ => (
            "405 Method Not Allowed",
            "text/plain",
            "There is only GET here.\n",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_to_this_machine_are_answered() {
        let status = |request: &str| respond(request, "page", 8080).0;
        assert_eq!(
            respond(
                "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
                "page",
                8080
            ),
            ("200 OK", "text/html", "page")
        );
        assert!(status("GET / HTTP/1.1\r\nhost: localhost:8080\r\n\r\n").starts_with("200"));
        for host in [
            "evil.example",
            "evil.example:8080",
            "127.0.0.1:8081",
            "127.0.0.1",
        ] {
            let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert!(status(&request).starts_with("403"), "{host}");
        }
        assert!(status("GET / HTTP/1.1\r\n\r\n").starts_with("403"));
        assert!(status("").starts_with("403"));
        assert!(status("GET /x HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").starts_with("404"));
        assert!(status("POST / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").starts_with("405"));
    }

    #[test]
    fn a_request_is_read_to_its_end_and_not_for_ever() {
        let mut request = &b"GET / HTTP/1.1\r\n\r\nmore"[..];
        assert!(
            head(&mut request)
                .unwrap()
                .starts_with("GET / HTTP/1.1\r\n\r\n")
        );
        let mut endless = io::repeat(b'x');
        assert!(head(&mut endless).unwrap().len() < LONGEST + 1024);
    }
}
