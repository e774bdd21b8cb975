//! Owns signatures over an archive: CMS (RFC 5652) as `openssl cms` makes and checks them, and the chain of certificates.

use super::sm2;
use crate::keys::{KeyError, Keys};
use crate::room::Utc;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Any, Decode, Encode};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_parser::prelude::{FromDer, X509Certificate};

const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
pub(super) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
/// SM2 over SM3.
const SM2_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// Certificates from a leaf to its root: longer chains are not followed.
const LONGEST_CHAIN: usize = 6;

/// Why something could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignFault {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The encoding.
    #[error("encoding the signature: {0}")]
    Der(#[from] der::Error),
}

/// Signs `content`, which stays outside (detached), with the box's archive key; the chain goes along.
///
/// # Errors
/// The key's, or a clock off any calendar.
pub fn sign(keys: &Keys, content: &[u8], at: Utc) -> Result<Vec<u8>, SignFault> {
    let leaf = Certificate::from_der(keys.archive_certificate())?;
    let authority = Certificate::from_der(keys.ca_certificate())?;
    let seconds = u64::try_from(at.0 / 1000).unwrap_or(0);
    let time = UtcTime::from_unix_duration(Duration::from_secs(seconds))?;
    let mut attributes = SetOfVec::new();
    for (oid, value) in [
        (CONTENT_TYPE, Any::encode_from(&ID_DATA)?),
        (SIGNING_TIME, Any::encode_from(&time)?),
        (
            MESSAGE_DIGEST,
            Any::encode_from(&OctetString::new(Sha256::digest(content).as_slice())?)?,
        ),
    ] {
        let values = SetOfVec::try_from(vec![value])?;
        attributes.insert(Attribute { oid, values })?;
    }
    let signature = keys.sign_archive(&attributes.to_der()?)?;
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: leaf.tbs_certificate.issuer.clone(),
            serial_number: leaf.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: plain(SHA256),
        signed_attrs: Some(attributes),
        signature_algorithm: plain(ECDSA_SHA256),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = [leaf, authority].map(CertificateChoices::Certificate);
    let signed = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![plain(SHA256)])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ID_DATA,
            econtent: None,
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(certificates.to_vec())?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
    };
    let content = ContentInfo {
        content_type: ID_SIGNED_DATA,
        content: Any::encode_from(&signed)?,
    };
    Ok(content.to_der()?)
}

pub(super) fn plain(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid,
        parameters: None,
    }
}

/// A signature that is right in itself.
#[derive(Debug)]
pub(super) struct Signed {
    /// The signer's certificate, DER.
    pub(super) signer: Vec<u8>,
    /// All certificates that came along, DER.
    pub(super) certificates: Vec<Vec<u8>>,
    /// When it says it was made.
    pub(super) at: Option<Utc>,
    /// The content inside, where it is not detached.
    pub(super) inside: Option<Vec<u8>>,
}

/// Checks a signature over `content`, or over what is inside it.
pub(super) fn check(der: &[u8], content: Option<&[u8]>) -> Result<Signed, String> {
    let parsed = ContentInfo::from_der(der).map_err(|e| format!("is no CMS: {e}"))?;
    if parsed.content_type != ID_SIGNED_DATA {
        return Err("is no CMS signature".to_owned());
    }
    check_signed_data(&parsed.content, content)
}

pub(super) fn check_signed_data(any: &Any, content: Option<&[u8]>) -> Result<Signed, String> {
    let unreadable = |e: der::Error| format!("is damaged: {e}");
    let signed: SignedData = any.decode_as().map_err(unreadable)?;
    let inside = match &signed.encap_content_info.econtent {
        None => None,
        Some(any) => {
            let octets: OctetString = any.decode_as().map_err(unreadable)?;
            Some(octets.into_bytes())
        }
    };
    let content = content
        .or(inside.as_deref())
        .ok_or("signs nothing that is here")?;
    let [signer] = signed.signer_infos.0.as_slice() else {
        return Err("has not exactly one signer".to_owned());
    };
    let attributes = signer
        .signed_attrs
        .as_ref()
        .ok_or("has no signed attributes")?;
    let attribute = |oid: ObjectIdentifier| {
        let found = attributes.iter().find(|a| a.oid == oid)?;
        found.values.get(0).cloned()
    };
    let stated: OctetString = attribute(MESSAGE_DIGEST)
        .ok_or("does not say what it signs")?
        .decode_as()
        .map_err(unreadable)?;
    let digest = digest(signer.digest_alg.oid, content).ok_or("uses an unknown hash")?;
    if stated.as_bytes() != digest {
        return Err("is over another content".to_owned());
    }
    let certificates: Vec<Vec<u8>> = signed
        .certificates
        .iter()
        .flat_map(|set| set.0.iter())
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => certificate.to_der().ok(),
            CertificateChoices::Other(_) => None,
        })
        .collect();
    let named = |der: &&Vec<u8>| {
        let Ok(certificate) = Certificate::from_der(der) else {
            return false;
        };
        let tbs = &certificate.tbs_certificate;
        match &signer.sid {
            SignerIdentifier::IssuerAndSerialNumber(id) => {
                tbs.issuer == id.issuer && tbs.serial_number == id.serial_number
            }
            SignerIdentifier::SubjectKeyIdentifier(_) => false,
        }
    };
    let certificate = certificates
        .iter()
        .find(named)
        .cloned()
        .ok_or("brings no certificate of its signer")?;
    let (_, x509) =
        X509Certificate::from_der(&certificate).map_err(|e| format!("certificate: {e}"))?;
    let message = attributes.to_der().map_err(unreadable)?;
    let algorithm = algorithm(
        &x509,
        signer.signature_algorithm.oid,
        Some(signer.digest_alg.oid),
    )
    .ok_or("uses an unknown algorithm")?;
    verifies(&x509, algorithm, &message, signer.signature.as_bytes())
        .ok_or("was not made with the key of its certificate, or what it signs was altered")?;
    let at = attribute(SIGNING_TIME)
        .and_then(|time| x509_cert::time::Time::from_der(&time.to_der().ok()?).ok())
        .and_then(|time| i64::try_from(time.to_unix_duration().as_millis()).ok())
        .map(Utc);
    Ok(Signed {
        signer: certificate,
        certificates,
        at,
        inside,
    })
}

/// How somebody signs.
#[derive(Clone, Copy)]
enum Algorithm {
    Ring(&'static dyn VerificationAlgorithm),
    Sm2,
}

fn digest(oid: ObjectIdentifier, content: &[u8]) -> Option<Vec<u8>> {
    match oid {
        SHA256 => Some(Sha256::digest(content).to_vec()),
        SHA384 => Some(Sha384::digest(content).to_vec()),
        SHA512 => Some(Sha512::digest(content).to_vec()),
        _ => None,
    }
}

/// How a key of that certificate signs under that name; `hash` where the name leaves it open.
fn algorithm(
    x509: &X509Certificate<'_>,
    name: ObjectIdentifier,
    hash: Option<ObjectIdentifier>,
) -> Option<Algorithm> {
    let point = x509.public_key().subject_public_key.data.len();
    let of_ring: &'static dyn VerificationAlgorithm = match (name, hash) {
        (SM2_SM3, _) => return Some(Algorithm::Sm2),
        // the length of an uncompressed point tells the curve
        (ECDSA_SHA256, _) if point == 65 => &signature::ECDSA_P256_SHA256_ASN1,
        (ECDSA_SHA384, _) if point == 65 => &signature::ECDSA_P256_SHA384_ASN1,
        (ECDSA_SHA256, _) if point == 97 => &signature::ECDSA_P384_SHA256_ASN1,
        (ECDSA_SHA384, _) if point == 97 => &signature::ECDSA_P384_SHA384_ASN1,
        (RSA_SHA256, _) | (RSA, Some(SHA256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (RSA_SHA384, _) | (RSA, Some(SHA384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (RSA_SHA512, _) | (RSA, Some(SHA512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    };
    Some(Algorithm::Ring(of_ring))
}

fn verifies(
    x509: &X509Certificate<'_>,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<()> {
    let key = &x509.public_key().subject_public_key.data;
    match algorithm {
        Algorithm::Ring(algorithm) => UnparsedPublicKey::new(algorithm, key)
            .verify(message, signature)
            .ok(),
        Algorithm::Sm2 => sm2::verifies(key, message, signature).then_some(()),
    }
}

/// Follows the chain of a signer's certificate to one that is trusted, as it stood at a moment. Gives back whether it gets
/// there; a chain that is broken on the way is an error.
pub(super) fn chain(signed: &Signed, trusted: &[Vec<u8>], at: Utc) -> Result<bool, String> {
    let mut current = signed.signer.clone();
    for depth in 0..LONGEST_CHAIN {
        let (_, x509) =
            X509Certificate::from_der(&current).map_err(|e| format!("certificate: {e}"))?;
        let seconds = at.0 / 1000;
        let validity = x509.validity();
        if validity.not_before.timestamp() > seconds || validity.not_after.timestamp() < seconds {
            return Err(format!(
                "the certificate of {} was not valid when it signed",
                x509.subject()
            ));
        }
        if depth > 0 && !x509.is_ca() {
            return Err(format!("{} is no CA", x509.subject()));
        }
        if trusted.contains(&current) {
            return Ok(true);
        }
        if x509.issuer() == x509.subject() {
            return Ok(false);
        }
        let issuers = trusted.iter().chain(&signed.certificates);
        match issuers.into_iter().find(|by| issued(&x509, by)) {
            Some(issuer) => current = issuer.clone(),
            None => return Ok(false),
        }
    }
    Ok(false)
}

fn issued(x509: &X509Certificate<'_>, by: &[u8]) -> bool {
    let Ok((_, issuer)) = X509Certificate::from_der(by) else {
        return false;
    };
    let Ok(name) = ObjectIdentifier::new(&x509.signature_algorithm.algorithm.to_id_string()) else {
        return false;
    };
    issuer.subject() == x509.issuer()
        && algorithm(&issuer, name, None).is_some_and(|algorithm| {
            verifies(
                &issuer,
                algorithm,
                x509.tbs_certificate.as_ref(),
                &x509.signature_value.data,
            )
            .is_some()
        })
}

/// What a certificate calls its owner.
pub(super) fn subject(der: &[u8]) -> String {
    X509Certificate::from_der(der)
        .map(|(_, x509)| x509.subject().to_string())
        .unwrap_or_default()
}
