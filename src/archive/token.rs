//! Owns time stamps over an archive (RFC 3161): what is asked of an authority, and what its answer proves.

use super::signature::{self, SHA256, Signed};
use crate::room::Utc;
use der::asn1::{Int, OctetString};
use der::{Decode, Encode};
use sha2::{Digest, Sha256};
use x509_cert::spki::AlgorithmIdentifier;
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

/// An answer is a few kilobytes; a longer one is none.
pub const LARGEST_ANSWER: usize = 256 * 1024;

/// What to send to the authority (`application/timestamp-query`) so that it confirms `content` at this moment.
///
/// # Errors
/// Never in practice: the encoding's.
pub fn question(content: &[u8]) -> der::Result<Vec<u8>> {
    let mut nonce = *crate::keys::random::<8>();
    // positive, and without leading zeros
    nonce[0] = nonce[0] & 0x3f | 0x40;
    TimeStampReq {
        version: TspVersion::V1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifier {
                oid: SHA256,
                parameters: None,
            },
            hashed_message: OctetString::new(Sha256::digest(content).as_slice())?,
        },
        req_policy: None,
        nonce: Some(Int::new(&nonce)?),
        cert_req: true,
        extensions: None,
    }
    .to_der()
}

/// Whether an answer confirms `content`; where it answers a `question`, with its nonce. Gives back when.
///
/// # Errors
/// What is wrong with it.
pub fn confirms(answer: &[u8], content: &[u8], question: Option<&[u8]>) -> Result<Utc, String> {
    let (at, nonce, _) = read(answer, content)?;
    if let Some(question) = question {
        let asked = TimeStampReq::from_der(question).map_err(|e| e.to_string())?;
        if asked.nonce != nonce {
            return Err("answers another question".to_owned());
        }
    }
    Ok(at)
}

/// The moment that a token confirms for `content`, and who signed it.
pub(super) fn check(answer: &[u8], content: &[u8]) -> Result<(Utc, Signed), String> {
    read(answer, content).map(|(at, _, signed)| (at, signed))
}

fn read(answer: &[u8], content: &[u8]) -> Result<(Utc, Option<Int>, Signed), String> {
    let unreadable = |e: der::Error| format!("is no RFC 3161 answer: {e}");
    let response = TimeStampResp::from_der(answer).map_err(unreadable)?;
    let token = response
        .time_stamp_token
        .ok_or("holds no token: the authority refused")?;
    let signed = signature::check_signed_data(&token.content, None)?;
    let inside = signed.inside.as_deref().ok_or("states nothing")?;
    let stated = TstInfo::from_der(inside).map_err(unreadable)?;
    let imprint = &stated.message_imprint;
    let same = imprint.hash_algorithm.oid == SHA256
        && imprint.hashed_message.as_bytes() == Sha256::digest(content).as_slice();
    if !same {
        return Err("is over another content".to_owned());
    }
    let at = stated.gen_time.to_unix_duration().as_millis();
    let at = Utc(i64::try_from(at).map_err(|e| e.to_string())?);
    Ok((at, stated.nonce, signed))
}
