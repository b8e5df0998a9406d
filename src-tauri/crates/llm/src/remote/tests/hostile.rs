//! A server that answers each request with the next thing it was told to say, on a connection of its own.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

pub struct Says {
    head: String,
    body: String,
    is_cut: bool,
}

impl Says {
    pub fn stream(body: &str) -> Says {
        Says::status(200, body).with("content-type: text/event-stream")
    }

    pub fn status(status: u16, body: &str) -> Says {
        Says { head: format!("HTTP/1.1 {status} Said\r\nconnection: close\r\n"), body: body.into(), is_cut: false }
    }

    /// Takes the request and closes the connection.
    pub fn nothing() -> Says {
        Says { head: String::new(), body: String::new(), is_cut: true }
    }

    pub fn with(mut self, header: &str) -> Says {
        self.head.push_str(&format!("{header}\r\n"));
        self
    }

    /// Announces more than it says.
    pub fn cut(mut self) -> Says {
        self.is_cut = true;
        self
    }
}

pub struct Heard {
    pub head: String,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = |line: &'_ str| line.split_once(": ").is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        self.head.lines().find(|l| line(l)).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    }
}

pub struct Hostile {
    base: String,
    certificate: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Hostile {
    pub async fn that(says: Vec<Says>) -> Hostile {
        Hostile::start(says, None).await
    }

    pub async fn with_tls(says: Vec<Says>) -> Hostile {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        Hostile::start(says, Some((TlsAcceptor::from(Arc::new(config)), certificate.pem()))).await
    }

    async fn start(says: Vec<Says>, tls: Option<(TlsAcceptor, String)>) -> Hostile {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{}/v1", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (acceptor, certificate) = tls.unzip();
        let told = heard.clone();
        let task = tokio::spawn(async move {
            let mut says = says.into_iter().peekable();
            while let Ok((stream, _)) = listener.accept().await {
                match &acceptor {
                    None => answer(stream, &mut says, &told).await,
                    // Who does not trust the certificate leaves during the handshake, and has said nothing.
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => answer(stream, &mut says, &told).await,
                        Err(_) => continue,
                    },
                }
            }
        });
        Hostile { base, certificate: certificate.unwrap_or_default(), heard, task }
    }

    pub fn base(&self) -> String {
        self.base.clone()
    }

    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    pub fn heard(&self) -> std::sync::MutexGuard<'_, Vec<Heard>> {
        self.heard.lock().unwrap()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    says: &mut impl Iterator<Item = Says>,
    heard: &Mutex<Vec<Heard>>,
) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            // Not HTTP: a handshake that nobody here understands.
            if bytes.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
                return;
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut one = Heard { head, body: bytes[end + 4..].to_vec() };
        let length = one.header("content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();
        while one.body.len() < length {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(read) => one.body.extend_from_slice(&piece[..read]),
            }
        }
        heard.lock().unwrap().push(one);
        break;
    }
    let Some(says) = says.next() else { return };
    if says.head.is_empty() {
        return;
    }
    let length = says.body.len() + if says.is_cut { 1_000 } else { 0 };
    let whole = format!("{}content-length: {length}\r\n\r\n{}", says.head, says.body);
    let _ = stream.write_all(whole.as_bytes()).await;
    let _ = stream.shutdown().await;
}
