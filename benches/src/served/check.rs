//! One question by hand before the load comes: a server that answers fast and wrong is no peer.

use crate::workloads::Kind;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// What every HTTP server answers on `/`.
pub(crate) const PAGE: &str = "Hello, world!\n";

const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the server on the port one question of its kind.
///
/// # Errors
/// The answer is wrong, or none comes.
pub(super) fn answers(kind: Kind, port: u16) -> Result<(), String> {
    match kind {
        Kind::Http => {
            let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            let answer = ask(port, request, |_| false)?;
            let right = answer.starts_with("HTTP/1.1 200") && answer.ends_with(&format!("\r\n\r\n{PAGE}"));
            right.then_some(()).ok_or_else(|| format!("GET / is answered by {answer:?}"))
        }
        Kind::Redis => {
            let answer = ask(port, "*1\r\n$4\r\nPING\r\n", |answer| answer.ends_with("\r\n"))?;
            (answer == "+PONG\r\n").then_some(()).ok_or_else(|| format!("PING is answered by {answer:?}"))
        }
        // The load itself compares every byte.
        _ => Ok(()),
    }
}

/// Sends a request and reads until the answer is whole or the server closes.
fn ask(port: u16, request: &str, whole: impl Fn(&str) -> bool) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("the first request fails: {error}");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let (mut answer, mut bytes) = (String::new(), [0; 4096]);
    while !whole(&answer) {
        let count = stream.read(&mut bytes).map_err(failed)?;
        if count == 0 {
            break;
        }
        answer.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server for one connection that answers anything with `answer`.
    fn one_answer(answer: &'static str) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            _ = stream.read(&mut [0; 4096]);
            stream.write_all(answer.as_bytes()).expect("it reads");
        });
        port
    }

    #[test]
    fn a_right_answer_passes() {
        let page = "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\nHello, world!\n";
        assert_eq!(answers(Kind::Http, one_answer(page)), Ok(()));
        assert_eq!(answers(Kind::Redis, one_answer("+PONG\r\n")), Ok(()));
    }

    #[test]
    fn a_wrong_answer_is_told() {
        let port = one_answer("HTTP/1.1 404 Not Found\r\n\r\nHello, world!\n");
        let told = "GET / is answered by \"HTTP/1.1 404 Not Found\\r\\n\\r\\nHello, world!\\n\"";
        assert_eq!(answers(Kind::Http, port), Err(told.to_owned()));
        let told = "PING is answered by \"-ERR\\r\\n\"";
        assert_eq!(answers(Kind::Redis, one_answer("-ERR\r\n")), Err(told.to_owned()));
    }
}
