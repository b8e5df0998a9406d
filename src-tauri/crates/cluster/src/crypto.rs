/// Installs the TLS provider, once for the process. Whoever makes TLS connections calls it first; calling it again is
/// harmless.
pub fn install_crypto() {
    // The only error is that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
