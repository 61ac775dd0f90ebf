//! A static file server for 127.0.0.1: GET and HEAD, the headers of `_headers`, no more.

use crate::headers::Rules;
use crate::{mime, process, site};
use anyhow::{Context, Result, anyhow, bail};
use std::fs::File;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

/// Enough for a page, its worker and a few files at once.
const THREADS: usize = 4;

/// A server at work. It ends with the process.
pub(crate) struct Serving {
    address: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

impl Serving {
    /// The address to open.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves until the process is stopped.
    pub(crate) fn forever(self) -> Result<()> {
        for thread in self.threads {
            thread.join().map_err(|_| anyhow!("a thread of the server panicked"))?;
        }
        bail!("the server stopped by itself")
    }
}

/// Takes the port; 0 asks the system for a free one.
pub(crate) fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "port {port} is taken by another program; choose another with `--port N` (0 takes any free one)"
        ),
        ErrorKind::PermissionDenied => {
            anyhow!("port {port} is not open to this user; choose one above 1023 with `--port N`")
        }
        _ => anyhow!("port {port} could not be opened: {error}"),
    })
}

/// Serves `folder` in the background.
pub(crate) fn serve(listener: TcpListener, folder: &Path, rules: Rules) -> Result<Serving> {
    let address = listener.local_addr().context("the server has no address")?;
    let server = Server::from_listener(listener, None)
        .map_err(|error| anyhow!("the server could not be started: {error}"))?;
    let shared = Arc::new((server, folder.to_path_buf(), rules));
    let threads = (0..THREADS)
        .map(|_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                let (server, folder, rules) = &*shared;
                while let Ok(request) = server.recv() {
                    answer(request, folder, rules);
                }
            })
        })
        .collect();
    Ok(Serving { address, threads })
}

fn answer(request: Request, folder: &Path, rules: &Rules) {
    let reading = matches!(request.method(), Method::Get | Method::Head);
    let file =
        site::resolve(folder, request.url()).and_then(|path| Some((File::open(&path).ok()?, path)));
    let mut headers = rules.of(site::path_of(request.url()));
    // A page that is built again must not be mixed with an old one.
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cache-control")) {
        headers.push(("Cache-Control".to_owned(), "no-cache".to_owned()));
    }
    let sent = match file {
        _ if !reading => {
            headers.push(("Allow".to_owned(), "GET, HEAD".to_owned()));
            request.respond(text(405, "only GET and HEAD\n", &headers))
        }
        None => request.respond(text(404, "no such file\n", &headers)),
        Some((file, path)) => {
            headers.push(("Content-Type".to_owned(), mime::of(&path).to_owned()));
            // Never chunked: the page shows the progress of the model in bytes and needs Content-Length.
            let response = Response::from_file(file).with_chunked_threshold(usize::MAX);
            request.respond(with(response, &headers))
        }
    };
    // A browser that goes away in the middle of a file is not worth a word.
    if let Err(error) = sent
        && !matches!(
            error.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
        )
    {
        process::say(&format!("an answer could not be sent: {error}"));
    }
}

fn text(code: u16, text: &str, headers: &[(String, String)]) -> Response<std::io::Cursor<Vec<u8>>> {
    with(Response::from_string(text).with_status_code(StatusCode(code)), headers)
}

fn with<R: std::io::Read>(mut response: Response<R>, headers: &[(String, String)]) -> Response<R> {
    for (name, value) in headers {
        // Names and values were checked when `_headers` was parsed.
        if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            response.add_header(header);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request}\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn serves_files_with_their_headers_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("g2d-xtask-server-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("index.html"), "<p>page").unwrap();
        std::fs::write(folder.join("big.wasm"), vec![7; 100_000]).unwrap();
        let rules = Rules::parse("/*\n  X-Content-Type-Options: nosniff\n").unwrap();
        let serving = serve(listen(0).unwrap(), &folder, rules).unwrap();
        assert!(serving.url().starts_with("http://127.0.0.1:"));

        let page = ask(serving.address, "GET / HTTP/1.1");
        assert!(page.starts_with("HTTP/1.1 200") && page.ends_with("<p>page"), "{page}");
        assert!(page.contains("X-Content-Type-Options: nosniff"), "{page}");
        assert!(page.contains("Content-Type: text/html; charset=utf-8"), "{page}");
        assert!(page.contains("Cache-Control: no-cache"), "{page}");

        let wasm = ask(serving.address, "GET /big.wasm HTTP/1.1");
        assert!(wasm.contains("Content-Length: 100000\r\n"), "a length for byte progress");
        assert!(wasm.contains("Content-Type: application/wasm"));
        let head = ask(serving.address, "HEAD /big.wasm HTTP/1.1");
        assert!(
            head.contains("Content-Length: 100000\r\n") && head.ends_with("\r\n\r\n"),
            "{head}"
        );

        assert!(ask(serving.address, "GET /other HTTP/1.1").starts_with("HTTP/1.1 404"));
        assert!(ask(serving.address, "GET /../secret HTTP/1.1").starts_with("HTTP/1.1 404"));
        assert!(
            ask(serving.address, "POST / HTTP/1.1\r\nContent-Length: 0")
                .starts_with("HTTP/1.1 405")
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_taken_port_is_explained() {
        let first = listen(0).unwrap();
        let port = first.local_addr().unwrap().port();
        let error = listen(port).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--port"), "{error}");
    }
}
