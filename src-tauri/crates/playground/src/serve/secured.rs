//! TLS for a server of this machine: clients send their token over nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// So many connections wait for their turn at most.
const WAITING: usize = 64;

/// Why no certificate could be made.
pub(super) type Untrusted = Box<dyn std::error::Error + Send + Sync>;

/// A certificate of this run, and the authority that clients have to trust, in PEM.
pub(super) fn certificate() -> Result<(Arc<ServerConfig>, String), Untrusted> {
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name = named("caseboard playground authority");
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);
    let mut own = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    own.distinguished_name = named("caseboard playground");
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let own_key = KeyPair::generate()?;
    let own_certificate = own.signed_by(&own_key, &issuer)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![own_certificate.der().clone()],
            PrivatePkcs8KeyDer::from(own_key.serialize_der()).into(),
        )?;
    Ok((Arc::new(config), authority_certificate.pem()))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// A listener whose handshakes do not hold each other up.
pub(super) struct Secured {
    address: SocketAddr,
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Secured {
    pub fn new(listener: TcpListener, address: SocketAddr, config: Arc<ServerConfig>) -> Secured {
        let (sender, accepted) = mpsc::channel(WAITING);
        let acceptor = TlsAcceptor::from(config);
        tokio::spawn(async move {
            loop {
                let connection = tokio::select! {
                    connection = listener.accept() => connection,
                    () = sender.closed() => return,
                };
                let Ok((stream, peer)) = connection else {
                    // Out of descriptors, most likely: others have to close first.
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                };
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    match acceptor.accept(stream).await {
                        Ok(stream) => {
                            let _ = sender.send((stream, peer)).await;
                        }
                        Err(error) => tracing::debug!(%peer, "a client gave up its handshake: {error}"),
                    }
                });
            }
        });
        Secured { address, accepted }
    }
}

impl axum::serve::Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(connection) => connection,
            // Nothing will come any more; the server's own shutdown ends the wait.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}
