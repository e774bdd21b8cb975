//! Owns TLS to brokers: the CA that their certificates must be of, and one's own certificate.

use crate::config::Brokers;
use anyhow::Context;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// What is needed to speak TLS; nothing where no broker does.
#[derive(Debug, Clone)]
pub(in crate::hub) struct Tls(pub(super) Option<Arc<ClientConfig>>);

impl Tls {
    /// Reads the files. TLS 1.2 or newer.
    ///
    /// # Errors
    /// A file cannot be read, or does not hold what it should; it is named.
    pub(in crate::hub) fn load(brokers: &Brokers) -> anyhow::Result<Self> {
        let (Some(certificate), Some(ca)) = (&brokers.certificate, &brokers.ca) else {
            return Ok(Self(None));
        };
        let roots = authorities(ca)?;
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_file(certificate).with_context(|| {
            format!(
                "{}：没有可读的私钥 / no private key that can be read",
                certificate.display()
            )
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("choosing TLS versions")?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .with_context(|| {
                format!(
                    "{}：私钥与证书不符 / key and certificate do not belong together",
                    certificate.display()
                )
            })?;
        Ok(Self(Some(Arc::new(config))))
    }
}

/// The CAs of a file in PEM.
///
/// # Errors
/// It cannot be read, or holds none; it is named.
pub(in crate::hub) fn authorities(file: &Path) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(file)? {
        roots
            .add(authority)
            .with_context(|| format!("{}：不是 CA 证书 / no CA certificate", file.display()))?;
    }
    Ok(roots)
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let told = || {
        format!(
            "{}：没有可读的 PEM 证书 / no certificates in PEM that can be read",
            file.display()
        )
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .with_context(told)?
        .collect::<Result<_, _>>()
        .with_context(told)?;
    anyhow::ensure!(!found.is_empty(), told());
    Ok(found)
}
