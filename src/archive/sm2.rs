//! Owns the second signature of an archive, under the national algorithms: SM2 over SM3 (GB/T 32918, GB/T 32905), as
//! `openssl pkeyutl` makes and checks it, with the certificate of whose it is beside it.

use super::seal::SIGNED;
use super::signature::Signed;
use crate::room::Utc;
use ::sm2::dsa::signature::{Signer, Verifier};
use ::sm2::dsa::{Signature, SigningKey, VerifyingKey};
use ::sm2::elliptic_curve::sec1::ToSec1Point;
use ::sm2::pkcs8::DecodePrivateKey;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::path::Path;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// The signature over [`SIGNED`], DER.
pub const SM2_SIGNATURE: &str = "signatures/tagmanifest-sha256.txt.sm2";
/// The signer's certificate, and those above it; PEM.
pub const SM2_CERTIFICATES: &str = "signatures/sm2.pem";

/// Who signs, where nothing else was agreed upon (GM/T 0009).
const USER: &str = "1234567812345678";

/// Why nothing can be signed with a key.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}: {cause}; give the SM2 key (PKCS#8, not encrypted) and after it its certificate, both in PEM"
)]
pub struct Sm2Fault {
    path: String,
    cause: String,
}

/// A key, and the certificate that says whose it is.
#[derive(Debug)]
pub struct Sm2Signer {
    key: SigningKey,
    certificates: Vec<CertificateDer<'static>>,
    ends: Utc,
}

impl Sm2Signer {
    /// Reads both from one file in PEM: the key, its certificate, and those above it.
    ///
    /// # Errors
    /// One of them is not there or is no SM2, or they do not belong together; the path is named.
    pub fn read(path: &Path) -> Result<Self, Sm2Fault> {
        let wrong = |cause: String| Sm2Fault {
            path: path.display().to_string(),
            cause,
        };
        let text = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        let text = Zeroizing::new(text);
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(&text)
            .map_err(|_| wrong("holds no private key in PKCS#8".to_owned()))?;
        let secret = ::sm2::SecretKey::from_pkcs8_der(pkcs8.secret_pkcs8_der())
            .map_err(|_| wrong("the key is no SM2 key".to_owned()))?;
        let key = SigningKey::new(USER, &secret)
            .map_err(|_| wrong("the key does not sign".to_owned()))?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
            .filter_map(Result::ok)
            .collect();
        let first = certificates
            .first()
            .ok_or_else(|| wrong("holds no certificate".to_owned()))?;
        let (_, leaf) =
            X509Certificate::from_der(first).map_err(|e| wrong(format!("certificate: {e}")))?;
        let point = &leaf.public_key().subject_public_key.data;
        if key.verifying_key().to_sec1_bytes().as_ref() != point.as_ref() {
            return Err(wrong("the first certificate is not the key's".to_owned()));
        }
        let ends = Utc(leaf.validity().not_after.timestamp() * 1000);
        Ok(Self {
            key,
            certificates,
            ends,
        })
    }

    /// When the certificate ends.
    pub fn ends(&self) -> Utc {
        self.ends
    }

    /// The signature over what is signed of an archive, DER.
    pub(super) fn sign(&self, signed: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(signed);
        signature.to_der().as_bytes().to_vec()
    }

    /// The certificates, PEM.
    pub(super) fn certificates(&self) -> String {
        let blocks = self.certificates.iter().map(|der| {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(der);
            let lines: Vec<_> = text
                .as_bytes()
                .chunks(64)
                .map(String::from_utf8_lossy)
                .collect();
            let body = lines.join("\n");
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        });
        blocks.collect()
    }
}

/// Checks the signature over `signed` with the first of the certificates that came along.
pub(super) fn check(signature: &[u8], pem: &[u8], signed: &[u8]) -> Result<Signed, String> {
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .map(|der| der.to_vec())
        .collect();
    let signer = certificates
        .first()
        .cloned()
        .ok_or("brings no certificate of its signer")?;
    let (_, x509) = X509Certificate::from_der(&signer).map_err(|e| format!("certificate: {e}"))?;
    let point = &x509.public_key().subject_public_key.data;
    if !verifies(point, signed, signature) {
        return Err(format!(
            "was not made with the key of its certificate, or {SIGNED} was altered"
        ));
    }
    Ok(Signed {
        signer,
        certificates,
        at: None,
        inside: None,
    })
}

/// Whether the owner of a public key, given as an uncompressed point, signed a message.
pub(super) fn verifies(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_sec1_bytes(USER, point);
    let signature = Signature::from_der(signature);
    key.and_then(|key| key.verify(message, &signature?)).is_ok()
}
