//! Owns the little of STUN (RFC 8489) that tells whose connection a datagram belongs to.

use ring::hmac;

const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEADER: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const USE_CANDIDATE: u16 = 0x0025;
const MESSAGE_INTEGRITY: u16 = 0x0008;

/// Attributes of a binding request: kind, offset of the attribute's header, value.
fn attributes(message: &[u8]) -> impl Iterator<Item = (u16, usize, &[u8])> {
    let is_request = message.len() >= HEADER
        && message[4..8] == MAGIC
        && u16::from_be_bytes([message[0], message[1]]) == BINDING_REQUEST;
    let mut at = if is_request { HEADER } else { message.len() };
    std::iter::from_fn(move || {
        let head = message.get(at..at + 4)?;
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = message.get(at + 4..at + 4 + length)?;
        let start = at;
        at += 4 + length.next_multiple_of(4);
        Some((kind, start, value))
    })
}

/// Whether a message says that a binding request succeeded.
pub(super) fn is_success(message: &[u8]) -> bool {
    message.len() >= HEADER
        && message[4..8] == MAGIC
        && u16::from_be_bytes([message[0], message[1]]) == BINDING_SUCCESS
}

/// Whether a binding request chooses its way for good (USE-CANDIDATE, RFC 8445, 7.1.2).
pub(super) fn nominates(message: &[u8]) -> bool {
    attributes(message).any(|(kind, _, _)| kind == USE_CANDIDATE)
}

/// The receiver's user fragment in a binding request: USERNAME is `receiver:sender` (RFC 8445, 7.2.2).
pub(super) fn user_fragment(message: &[u8]) -> Option<&str> {
    let (_, _, value) = attributes(message).find(|(kind, _, _)| *kind == USERNAME)?;
    std::str::from_utf8(value).ok()?.split(':').next()
}

/// Whether a binding request's MESSAGE-INTEGRITY was made with this password (RFC 8489, 14.5).
pub(super) fn proves(message: &[u8], password: &str) -> bool {
    let Some((_, at, tag)) = attributes(message).find(|(kind, _, _)| *kind == MESSAGE_INTEGRITY)
    else {
        return false;
    };
    // the length field counts up to and with this attribute, not what follows it
    let Ok(length) = u16::try_from(at + 4 + tag.len() - HEADER) else {
        return false;
    };
    let mut signed = message[..at].to_vec();
    signed[2..4].copy_from_slice(&length.to_be_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    hmac::verify(&key, &signed, tag).is_ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Who the sample request is for.
    pub(in super::super) const USER: &str = "evtj";
    /// What it is signed with.
    pub(in super::super) const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

    /// RFC 5769, 2.1: sample request.
    pub(in super::super) fn request() -> Vec<u8> {
        hex::decode(SAMPLE).expect("the sample is hex")
    }

    /// The same with USE-CANDIDATE, signed anew, without what followed the signature.
    pub(in super::super) fn nomination() -> Vec<u8> {
        let mut message = request();
        let (_, at, _) = attributes(&message)
            .find(|(kind, _, _)| *kind == MESSAGE_INTEGRITY)
            .expect("it is signed");
        message.truncate(at);
        message.extend(USE_CANDIDATE.to_be_bytes());
        message.extend([0, 0]);
        // the length counts the signature, 4 and 20 bytes
        let length = u16::try_from(message.len() + 24 - HEADER).expect("short");
        message[2..4].copy_from_slice(&length.to_be_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, PASSWORD.as_bytes());
        let tag = hmac::sign(&key, &message);
        message.extend(MESSAGE_INTEGRITY.to_be_bytes());
        message.extend([0, 20]);
        message.extend_from_slice(tag.as_ref());
        message
    }

    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74\
        002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\
        80280004e57a3bcf";

    #[test]
    fn a_published_request_is_understood() {
        let message = request();
        assert_eq!(user_fragment(&message), Some(USER));
        assert!(proves(&message, PASSWORD));
        assert!(!proves(&message, "VOkJxbRl1RmTxUk/WvJxBu"));
        for cut in 0..message.len() {
            assert!(!proves(&message[..cut.min(40)], PASSWORD));
            let _ = user_fragment(&message[..cut]);
        }
    }
}
