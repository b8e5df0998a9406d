//! The certificates of a control plane: two authorities and a leaf for everybody who serves or asks.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

/// The first address of the range of services, which the API server serves as `kubernetes.default`.
const FIRST_SERVICE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1));
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A folder of PEM files.
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    pub fn make(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let made = Certificates { folder: folder.to_owned() };
        let authority = made.authority("ca", "kubernetes")?;
        // Another one: with the same, every client's certificate would pass as a proxy's.
        let proxies = made.authority("front-proxy-ca", "front-proxy-ca")?;

        let service = "kubernetes.default.svc.cluster.local";
        let mut names = vec!["localhost".to_owned(), service.to_owned()];
        names.extend(["kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned));
        made.server("apiserver", &authority, "kube-apiserver", None, names, &[LOOPBACK, FIRST_SERVICE])?;
        let local = vec!["localhost".to_owned()];
        made.server("kubelet", &authority, "system:node:kwok", Some("system:nodes"), local, &[LOOPBACK])?;
        for (file, user, group) in [
            ("apiserver-kubelet-client", "kube-apiserver-kubelet-client", Some("system:masters")),
            ("admin", "kubernetes-admin", Some("system:masters")),
            ("kwok", "kwok", Some("system:masters")),
            ("controller-manager", "system:kube-controller-manager", None),
            ("scheduler", "system:kube-scheduler", None),
        ] {
            made.client(file, &authority, user, group)?;
        }
        made.client("front-proxy-client", &proxies, "front-proxy-client", None)?;

        let accounts = KeyPair::generate()?;
        std::fs::write(made.path("sa.key"), accounts.serialize_pem())?;
        std::fs::write(made.path("sa.pub"), accounts.public_key_pem())?;
        Ok(made)
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// A kubeconfig for the user whose certificate has this name.
    pub fn kubeconfig(&self, user: &str, server: &str, path: &Path) -> anyhow::Result<()> {
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": "real", "cluster": {"server": server, "certificate-authority": self.path("ca.crt")}}],
            "users": [{"name": user, "user": {
                "client-certificate": self.path(&format!("{user}.crt")),
                "client-key": self.path(&format!("{user}.key")),
            }}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": user}}],
            "current-context": "real",
        });
        Ok(std::fs::write(path, serde_json::to_string_pretty(&config)?)?)
    }

    fn authority(&self, file: &str, name: &str) -> anyhow::Result<Issuer<'static, KeyPair>> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        self.write(file, &certificate.pem(), &key)?;
        Ok(Issuer::new(params, key))
    }

    fn server(
        &self,
        file: &str,
        by: &Issuer<'_, KeyPair>,
        name: &str,
        group: Option<&str>,
        names: Vec<String>,
        addresses: &[IpAddr],
    ) -> anyhow::Result<()> {
        let mut params = CertificateParams::new(names)?;
        params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
        self.leaf(file, by, params, name, group, ExtendedKeyUsagePurpose::ServerAuth)
    }

    fn client(&self, file: &str, by: &Issuer<'_, KeyPair>, user: &str, group: Option<&str>) -> anyhow::Result<()> {
        self.leaf(file, by, CertificateParams::default(), user, group, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn leaf(
        &self,
        file: &str,
        by: &Issuer<'_, KeyPair>,
        mut params: CertificateParams,
        name: &str,
        group: Option<&str>,
        purpose: ExtendedKeyUsagePurpose,
    ) -> anyhow::Result<()> {
        params.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, by)?;
        self.write(file, &certificate.pem(), &key)
    }

    fn write(&self, file: &str, certificate: &str, key: &KeyPair) -> anyhow::Result<()> {
        std::fs::write(self.path(&format!("{file}.crt")), certificate)?;
        Ok(std::fs::write(self.path(&format!("{file}.key")), key.serialize_pem())?)
    }
}
