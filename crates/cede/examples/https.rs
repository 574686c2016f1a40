//! A server that answers every request alike, over TLS.
//!
//! ```text
//! openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \
//!     -keyout key.pem -out certificate.pem
//! cargo run --features tls --example https certificate.pem key.pem [ADDRESS]
//! curl --cacert certificate.pem https://localhost:8443/
//! ```

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::sync::Arc;

use cede::net::TcpListener;
use cede::streams::serve;
use cede::tls::TlsListener;
use cede::tls::rustls::ServerConfig;
use cede::tls::rustls::pki_types::pem::PemObject;
use cede::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(certificate), Some(key)) = (arguments.next(), arguments.next()) else {
        return Err("https CERTIFICATE KEY [ADDRESS]".into());
    };
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8443".to_owned());
    let certificates: Vec<_> = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(certificates, key)?;
    cede::run(cede::coroutine(move || run(&address, config)))??;
    Ok(())
}

fn run(address: &str, config: ServerConfig) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("https: {}", listener.local_addr()?);
    // Each connection shakes hands in its own task.
    let server = serve(TlsListener::new(listener, Arc::new(config)), |stream| answer(&*stream, &*stream));
    server.serve_forever()
}

/// Answers requests without bodies, until the client closes.
fn answer(reader: impl io::Read, mut writer: impl Write) -> io::Result<()> {
    let mut lines = BufReader::new(reader).lines();
    loop {
        let request = match lines.next().transpose() {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            // Many go without the farewell of TLS: between two requests nothing is lost by that.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
        let body = format!("you asked for {request}\n");
        write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    }
}
