//! Owns what is encrypted to the box: its certificate for senders, how such a container is opened, and what any such container is
//! made of.
//!
//! CMS AuthEnvelopedData (RFC 5083, 5084, 5753) as `openssl cms -encrypt -aes-256-gcm -recip box.pem` writes it: the content's key is
//! agreed by ECDH on P-256 and wrapped (RFC 3394). The box's key follows from its secret, so there is no file more to lose.

use super::cipher::MacPurpose;
use super::error::KeyError;
use super::handle::Keys;
use aes_kw::KwAes256;
use aes_kw::cipher::KeyInit;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, KeyAgreeRecipientInfo, OriginatorIdentifierOrKey, RecipientInfo,
    RecipientInfos, UserKeyingMaterial,
};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

pub(crate) const AUTH_ENVELOPED: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.23");
pub(crate) const AES256_GCM: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.46");
pub(crate) const AES256_WRAP: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.45");
const ECDH_SHA1_KDF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.133.16.840.63.0.2");
pub(crate) const ECDH_SHA256_KDF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.1.11.1");
/// The tag that openssl writes; a shorter one is easier to forge.
const TAG: usize = 16;

/// Why a container is not opened. Repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// No such container.
    #[error("no CMS container encrypted with AES-256-GCM to a P-256 certificate")]
    NotOne,
    /// It is for somebody else, or was changed.
    #[error("not encrypted to this box, or changed on its way")]
    NotForThisBox,
}

/// RFC 5083, without what nobody writes.
#[derive(Sequence)]
pub(crate) struct AuthEnvelopedData {
    pub(crate) version: CmsVersion,
    pub(crate) recipients: RecipientInfos,
    pub(crate) content: EncryptedContentInfo,
    pub(crate) mac: OctetString,
}

/// RFC 5084.
#[derive(Sequence)]
pub(crate) struct GcmParameters {
    pub(crate) nonce: OctetString,
    #[asn1(default = "shortest")]
    pub(crate) tag: u8,
}

/// RFC 5084's tag where none is named.
fn shortest() -> u8 {
    12
}

/// RFC 5753, 7.2.
#[derive(Sequence)]
pub(crate) struct SharedInfo {
    pub(crate) key: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) more: Option<UserKeyingMaterial>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    pub(crate) bits: OctetString,
}

/// Whether these bytes are such a container, for whomever: nothing of it can be read by others.
pub fn is_envelope(container: &[u8]) -> bool {
    read(container).is_some()
}

impl Keys {
    /// A certificate, PEM, to which senders encrypt what only this box is to read. Each is as good as the other: they have one key.
    ///
    /// # Errors
    /// The CA's file is damaged.
    pub fn envelope_certificate(&self) -> Result<String, KeyError> {
        let point = self.envelope_key().public_key().to_sec1_point(false);
        self.authority().issue_envelope(point.as_bytes())
    }

    /// Whether that is such a certificate of this box, PEM: for its key, by its CA.
    pub fn is_envelope_certificate(&self, pem: &str) -> bool {
        let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) else {
            return false;
        };
        let point = self.envelope_key().public_key().to_sec1_point(false);
        let ours = |certificate: Certificate| {
            let key = certificate.tbs_certificate.subject_public_key_info;
            key.subject_public_key.raw_bytes() == point.as_bytes()
        };
        self.authority().issued(&der) && Certificate::from_der(&der).is_ok_and(ours)
    }

    /// Opens a container that was encrypted to the box, DER.
    ///
    /// # Errors
    /// It is none, or none for this box.
    pub fn open_envelope(&self, container: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeFault> {
        let data = read(container).ok_or(EnvelopeFault::NotOne)?;
        let own = self.envelope_key();
        let recipients = data.recipients.0.iter();
        let key = recipients
            .filter_map(|recipient| match recipient {
                RecipientInfo::Kari(agreed) => agree(&own, agreed),
                RecipientInfo::Ktri(_)
                | RecipientInfo::Kekri(_)
                | RecipientInfo::Pwri(_)
                | RecipientInfo::Ori(_) => None,
            })
            .next()
            .ok_or(EnvelopeFault::NotForThisBox)?;
        decrypt(&data, &key)
    }

    fn envelope_key(&self) -> SecretKey {
        // a scalar out of range is as likely as a guessed key; the next one is taken
        (0_u8..=255)
            .find_map(|turn| {
                let bytes = Zeroizing::new(self.hmac(MacPurpose::Envelope, &[turn]));
                SecretKey::from_slice(bytes.as_slice()).ok()
            })
            .expect("no 256 hashes in a row are out of range")
    }
}

fn read(container: &[u8]) -> Option<AuthEnvelopedData> {
    let content = ContentInfo::from_der(container).ok()?;
    if content.content_type != AUTH_ENVELOPED {
        return None;
    }
    let data: AuthEnvelopedData = content.content.decode_as().ok()?;
    (data.content.content_enc_alg.oid == AES256_GCM).then_some(data)
}

/// The content's key, where one of the recipients is this box.
fn agree(own: &SecretKey, info: &KeyAgreeRecipientInfo) -> Option<Zeroizing<[u8; 32]>> {
    let OriginatorIdentifierOrKey::OriginatorKey(theirs) = &info.originator else {
        return None;
    };
    let theirs = PublicKey::from_sec1_bytes(theirs.public_key.raw_bytes()).ok()?;
    let digest = match info.key_enc_alg.oid {
        ECDH_SHA256_KDF => &SHA256,
        // what openssl takes where nothing is said; as a derivation it is sound
        ECDH_SHA1_KDF => &SHA1_FOR_LEGACY_USE_ONLY,
        _ => return None,
    };
    let wrap: AlgorithmIdentifierOwned = info.key_enc_alg.parameters.as_ref()?.decode_as().ok()?;
    if wrap.oid != AES256_WRAP {
        return None;
    }
    let shared = SharedInfo {
        key: wrap,
        more: info.ukm.clone(),
        bits: OctetString::new(256_u32.to_be_bytes().as_slice()).ok()?,
    };
    let shared = shared.to_der().ok()?;
    let secret = diffie_hellman(own.to_nonzero_scalar(), theirs.as_affine());
    // X9.63: rounds until there are 256 bits
    let mut wrapping = Zeroizing::new(Vec::with_capacity(64));
    for round in 1_u32..=2 {
        let mut hash = Context::new(digest);
        hash.update(secret.raw_secret_bytes());
        hash.update(&round.to_be_bytes());
        hash.update(&shared);
        wrapping.extend_from_slice(hash.finish().as_ref());
    }
    let wrapping: Zeroizing<[u8; 32]> = Zeroizing::new(wrapping.get(..32)?.try_into().ok()?);
    let cipher = KwAes256::new((&*wrapping).into());
    info.recipient_enc_keys.iter().find_map(|wrapped| {
        let mut key = Zeroizing::new([0; 32]);
        cipher
            .unwrap_key(wrapped.enc_key.as_bytes(), key.as_mut_slice())
            .ok()?;
        Some(key)
    })
}

fn decrypt(
    data: &AuthEnvelopedData,
    key: &Zeroizing<[u8; 32]>,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeFault> {
    let parts = || {
        let parameters = data.content.content_enc_alg.parameters.as_ref()?;
        let parameters: GcmParameters = parameters.decode_as().ok()?;
        let nonce: [u8; 12] = parameters.nonce.as_bytes().try_into().ok()?;
        let whole = usize::from(parameters.tag) == TAG && data.mac.as_bytes().len() == TAG;
        let content = data.content.encrypted_content.as_ref()?;
        whole.then_some((nonce, content))
    };
    let (nonce, content) = parts().ok_or(EnvelopeFault::NotOne)?;
    let cipher = UnboundKey::new(&AES_256_GCM, key.as_slice()).expect("a key has 32 bytes");
    let mut text = Zeroizing::new([content.as_bytes(), data.mac.as_bytes()].concat());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let opened = LessSafeKey::new(cipher).open_in_place(nonce, Aad::empty(), &mut text);
    let length = opened.map_err(|_| EnvelopeFault::NotForThisBox)?.len();
    text.truncate(length);
    Ok(text)
}
