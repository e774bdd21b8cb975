//! Owns the container of personal data: encrypted to the audit certificate, opened by `openssl cms -decrypt`.
//!
//! CMS AuthEnvelopedData (RFC 5083, 5084, 5753): AES-256-GCM, its key agreed by ECDH on P-256 and wrapped (RFC 3394).

use crate::keys::{
    AES256_GCM, AES256_WRAP, AUTH_ENVELOPED, AuthEnvelopedData, ECDH_SHA256_KDF, GcmParameters,
    SharedInfo,
};
use crate::room::Utc;
use aes_kw::KwAes256;
use aes_kw::cipher::KeyInit;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo,
    OriginatorIdentifierOrKey, OriginatorPublicKey, RecipientEncryptedKey, RecipientInfo,
    RecipientInfos,
};
use der::asn1::{BitString, ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Decode, Encode};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{self, ECDH_P256, EphemeralPrivateKey};
use ring::rand::SystemRandom;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::path::Path;
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// Why nothing can be encrypted to a certificate.
#[derive(Debug, thiserror::Error)]
pub enum ContainerFault {
    /// The file.
    #[error("{path}: {cause}; give a P-256 certificate in PEM (openssl ecparam -name prime256v1)")]
    Certificate {
        /// Which.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The encoding.
    #[error("encoding the container: {0}")]
    Der(#[from] der::Error),
    /// The cryptographic library.
    #[error("encrypting the container failed")]
    Crypto,
}

/// Whom containers are encrypted to.
#[derive(Debug, Clone)]
pub struct Recipient {
    id: IssuerAndSerialNumber,
    point: Vec<u8>,
    ends: Utc,
    sha256: String,
}

impl Recipient {
    /// Reads a certificate in PEM with a P-256 key.
    ///
    /// # Errors
    /// The file is not there, or no such certificate; the path is named.
    pub fn read(path: &Path) -> Result<Self, ContainerFault> {
        let wrong = |cause: String| ContainerFault::Certificate {
            path: path.display().to_string(),
            cause,
        };
        let text = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        let der = CertificateDer::from_pem_slice(&text)
            .map_err(|_| wrong("holds no certificate".into()))?;
        let certificate = Certificate::from_der(&der).map_err(|e| wrong(e.to_string()))?;
        let tbs = certificate.tbs_certificate;
        let key = &tbs.subject_public_key_info;
        let curve = key
            .algorithm
            .parameters
            .as_ref()
            .and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        if key.algorithm.oid == super::signature::RSA {
            // `rsa` has RUSTSEC-2023-0071, and ring encrypts with no RSA key
            return Err(wrong("its key is RSA".into()));
        }
        if key.algorithm.oid != EC_PUBLIC_KEY || curve != Some(P256) {
            return Err(wrong("its key is not of P-256".into()));
        }
        let ends = tbs.validity.not_after.to_unix_duration();
        Ok(Self {
            id: IssuerAndSerialNumber {
                issuer: tbs.issuer.clone(),
                serial_number: tbs.serial_number.clone(),
            },
            point: key.subject_public_key.raw_bytes().to_vec(),
            ends: Utc(i64::try_from(ends.as_millis()).unwrap_or(i64::MAX)),
            sha256: hex::encode(Sha256::digest(&der)),
        })
    }

    /// When the certificate ends. What was encrypted to it can be opened after that, too.
    pub fn ends(&self) -> Utc {
        self.ends
    }

    /// SHA-256 of the certificate, hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// Encrypts `plain` so that only the recipient's key opens it.
///
/// # Errors
/// The recipient's key is no point of its curve.
pub fn encrypt(recipient: &Recipient, plain: &[u8]) -> Result<Vec<u8>, ContainerFault> {
    let key = crate::keys::random::<32>();
    let nonce = *crate::keys::random::<12>();
    let cipher =
        UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| ContainerFault::Crypto)?;
    let mut sealed = plain.to_vec();
    let tag = LessSafeKey::new(cipher)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut sealed,
        )
        .map_err(|_| ContainerFault::Crypto)?;
    let parameters = GcmParameters {
        nonce: OctetString::new(nonce.as_slice())?,
        tag: 16,
    };
    let enveloped = AuthEnvelopedData {
        version: CmsVersion::V0,
        recipients: RecipientInfos(SetOfVec::try_from(vec![agreed(recipient, &key)?])?),
        content: EncryptedContentInfo {
            content_type: ID_DATA,
            content_enc_alg: AlgorithmIdentifierOwned {
                oid: AES256_GCM,
                parameters: Some(Any::encode_from(&parameters)?),
            },
            encrypted_content: Some(OctetString::new(sealed)?),
        },
        mac: OctetString::new(tag.as_ref())?,
    };
    let content = ContentInfo {
        content_type: AUTH_ENVELOPED,
        content: Any::encode_from(&enveloped)?,
    };
    Ok(content.to_der()?)
}

/// The content's key, wrapped with one that only the recipient can agree on.
fn agreed(recipient: &Recipient, key: &[u8; 32]) -> Result<RecipientInfo, ContainerFault> {
    let random = SystemRandom::new();
    let crypto = |_| ContainerFault::Crypto;
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).map_err(crypto)?;
    let public = private.compute_public_key().map_err(crypto)?;
    let wrap = super::signature::plain(AES256_WRAP);
    let shared = SharedInfo {
        key: wrap.clone(),
        more: None,
        bits: OctetString::new(256_u32.to_be_bytes().as_slice())?,
    }
    .to_der()?;
    let theirs = agreement::UnparsedPublicKey::new(&ECDH_P256, &recipient.point);
    // X9.63: one round of SHA-256 gives the 256 bits that are needed
    let wrapping: Zeroizing<[u8; 32]> = agreement::agree_ephemeral(private, &theirs, |secret| {
        let hash = Sha256::new()
            .chain_update(secret)
            .chain_update(1_u32.to_be_bytes())
            .chain_update(&shared);
        Zeroizing::new(hash.finalize().into())
    })
    .map_err(crypto)?;
    let mut wrapped = [0; 40];
    KwAes256::new((&*wrapping).into())
        .wrap_key(key, &mut wrapped)
        .map_err(|_| ContainerFault::Crypto)?;
    Ok(RecipientInfo::Kari(KeyAgreeRecipientInfo {
        version: CmsVersion::V3,
        originator: OriginatorIdentifierOrKey::OriginatorKey(OriginatorPublicKey {
            algorithm: AlgorithmIdentifierOwned {
                oid: EC_PUBLIC_KEY,
                parameters: Some(Any::encode_from(&P256)?),
            },
            public_key: BitString::from_bytes(public.as_ref())?,
        }),
        ukm: None,
        key_enc_alg: AlgorithmIdentifierOwned {
            oid: ECDH_SHA256_KDF,
            parameters: Some(Any::encode_from(&wrap)?),
        },
        recipient_enc_keys: vec![RecipientEncryptedKey {
            rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(recipient.id.clone()),
            enc_key: OctetString::new(wrapped.as_slice())?,
        }],
    }))
}
