//! Servers and proxies on the loopback, and who vouches for them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(super) const VERSION: &str = r#"{"major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "", "gitTreeState": "",
    "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}"#;

/// An authority, and what it vouches for.
pub(super) struct Authority {
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
}

/// A certificate and its key, PEM.
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: String,
    pub(super) der: (CertificateDer<'static>, PrivatePkcs8KeyDer<'static>),
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (der, pem) = (certificate.der().clone(), certificate.pem());
        Authority { issuer: Issuer::new(params, key), certificate: der, pem }
    }

    /// For a server of that name; empty: for 127.0.0.1.
    pub(super) fn vouch(&self, name: &str, purpose: ExtendedKeyUsagePurpose, until: i32) -> Identity {
        let names = if name.is_empty() { vec![] } else { vec![name.to_owned()] };
        let mut params = CertificateParams::new(names).unwrap();
        if name.is_empty() {
            params.subject_alt_names = vec![SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))];
        }
        params.extended_key_usages = vec![purpose];
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let der = (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()));
        Identity { certificate: certificate.pem(), key: key.serialize_pem(), der }
    }

    pub(super) fn server(&self, name: &str) -> Identity {
        self.vouch(name, ExtendedKeyUsagePurpose::ServerAuth, 2100)
    }

    pub(super) fn client(&self) -> Identity {
        self.vouch("somebody", ExtendedKeyUsagePurpose::ClientAuth, 2100)
    }
}

/// A server that answers every request alike and remembers what it was asked.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The values of a header in the last request.
    pub(super) fn header(&self, name: &str) -> Vec<String> {
        let head = self.heads().last().cloned().unwrap_or_default();
        let values = head.lines().filter_map(|line| line.split_once(": "));
        values.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
    }

    pub(super) async fn plain(status: &'static str, body: &'static str) -> Server {
        Server::start(None, status, body).await
    }

    /// Over TLS; where `clients` is given, only for those whom it vouches for.
    pub(super) async fn tls(identity: Identity, clients: Option<&Authority>) -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match clients {
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(authority.certificate.clone()).unwrap();
                let roots = Arc::new(roots);
                let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                config.with_client_cert_verifier(verifier.unwrap())
            }
            None => config.with_no_client_auth(),
        };
        let (certificate, key) = identity.der;
        let config = config.with_single_cert(vec![certificate], key.into()).unwrap();
        Server::start(Some(TlsAcceptor::from(Arc::new(config))), "200 OK", VERSION).await
    }

    pub(super) async fn start(tls: Option<TlsAcceptor>, status: &'static str, body: &'static str) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
        let heads = Arc::clone(&server.heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (heads, tls) = (Arc::clone(&heads), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, &heads, status, body).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => answer(stream, &heads, status, body).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        server
    }
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    heads: &Mutex<Vec<String>>,
    status: &str,
    body: &str,
) -> Option<()> {
    loop {
        let head = read_head(&mut stream).await?;
        heads.lock().unwrap().push(head);
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).await.ok()?;
    }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A proxy that takes CONNECT; with `login`, only from who has it.
pub(super) async fn http_proxy(login: Option<&'static str>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
    let heads = Arc::clone(&server.heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let heads = Arc::clone(&heads);
            tokio::spawn(async move {
                let head = read_head(&mut stream).await?;
                heads.lock().unwrap().push(head.clone());
                if login.is_some_and(|login| !head.contains(login)) {
                    let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
                    return stream.write_all(refusal).await.ok();
                }
                let target = head.split_whitespace().nth(1)?.to_owned();
                let mut far = TcpStream::connect(target.replace("far.example", "127.0.0.1")).await.ok()?;
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
                tokio::io::copy_bidirectional(&mut stream, &mut far).await.ok().map(drop)
            });
        }
    });
    server
}

/// A SOCKS5 proxy without a login, to whatever address it is asked for by name.
pub(super) async fn socks_proxy() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { port: listener.local_addr().unwrap().port(), heads: Arc::default() };
    let heads = Arc::clone(&server.heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let heads = Arc::clone(&heads);
            tokio::spawn(async move {
                let mut methods = [0; 2];
                stream.read_exact(&mut methods).await.ok()?;
                stream.read_exact(&mut vec![0; usize::from(methods[1])]).await.ok()?;
                stream.write_all(&[5, 0]).await.ok()?;
                let mut request = [0; 4];
                stream.read_exact(&mut request).await.ok()?;
                let host = match request[3] {
                    1 => Ipv4Addr::from(stream.read_u32().await.ok()?).to_string(),
                    _ => {
                        let mut name = vec![0; usize::from(stream.read_u8().await.ok()?)];
                        stream.read_exact(&mut name).await.ok()?;
                        String::from_utf8(name).ok()?
                    }
                };
                let port = stream.read_u16().await.ok()?;
                heads.lock().unwrap().push(format!("{host}:{port}"));
                let mut far = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
                stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
                tokio::io::copy_bidirectional(&mut stream, &mut far).await.ok().map(drop)
            });
        }
    });
    server
}
