//! Owns the session descriptions of a call (RFC 8866, RFC 3264): G.711 of both laws and telephone events, nothing else.

use crate::phone::g711::Law;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// The payload type that we give telephone events.
const EVENTS: u8 = 101;

/// What the other side takes and sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::phone) struct Agreed {
    /// Where our sound goes.
    pub(in crate::phone) to: SocketAddr,
    /// How it is coded.
    pub(in crate::phone) law: Law,
    /// The payload type of telephone events, where there are any.
    pub(in crate::phone) events: Option<u8>,
}

/// Why nothing was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::phone) enum Disagreed {
    /// There is no description, or it cannot be read.
    NoDescription,
    /// It refuses the sound, or codes it in another way.
    NoCodec,
}

/// What we offer, or answer.
pub(in crate::phone) fn describe(local: SocketAddr, session: u64, only: Option<Law>) -> Vec<u8> {
    let ip = local.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let port = local.port();
    let laws: &[Law] = match only {
        None => &[Law::A, Law::Mu],
        Some(Law::A) => &[Law::A],
        Some(Law::Mu) => &[Law::Mu],
    };
    let mut text = format!(
        "v=0\r\no=- {session} {session} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP"
    );
    let mut maps = String::new();
    for law in laws {
        let name = match law {
            Law::A => "PCMA",
            Law::Mu => "PCMU",
        };
        let number = law.payload_type();
        // writing to a string never fails
        let _ = write!(text, " {number}");
        let _ = write!(maps, "a=rtpmap:{number} {name}/8000\r\n");
    }
    let _ = write!(
        text,
        " {EVENTS}\r\n{maps}a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    text.into_bytes()
}

/// Reads what the other side describes.
///
/// # Errors
/// It has no sound that we can take.
pub(in crate::phone) fn read(body: &[u8]) -> Result<Agreed, Disagreed> {
    let text = std::str::from_utf8(body).map_err(|_| Disagreed::NoDescription)?;
    let mut lines = text
        .lines()
        .map(str::trim_end)
        .filter_map(|l| l.split_once('='))
        .peekable();
    let mut address = None;
    while let Some((kind, value)) = lines.next_if(|(kind, _)| *kind != "m") {
        if kind == "c" {
            address = connection(value);
        }
    }
    while let Some((_, media)) = lines.next() {
        let mut own = address;
        let mut maps = Vec::new();
        while let Some((kind, value)) = lines.next_if(|(kind, _)| *kind != "m") {
            match kind {
                "c" => own = connection(value),
                "a" => maps.extend(
                    value
                        .strip_prefix("rtpmap:")
                        .and_then(|map| map.split_once(' ')),
                ),
                _ => {}
            }
        }
        let mut words = media.split_ascii_whitespace();
        if words.next() != Some("audio") {
            continue;
        }
        let port: u16 = words
            .next()
            .and_then(|port| port.split('/').next()?.parse().ok())
            .ok_or(Disagreed::NoDescription)?;
        if port == 0 || words.next() != Some("RTP/AVP") {
            return Err(Disagreed::NoCodec);
        }
        let types: Vec<u8> = words.filter_map(|w| w.parse().ok()).collect();
        let named = |number: u8| {
            let map = maps.iter().find(|(n, _)| n.parse() == Ok(number))?;
            Some(map.1.split('/').next()?.trim().to_ascii_lowercase())
        };
        // static types have their meaning without a map
        let law = types
            .iter()
            .find_map(|t| Law::of_payload_type(*t))
            .ok_or(Disagreed::NoCodec)?;
        let events = types
            .iter()
            .copied()
            .find(|t| named(*t).as_deref() == Some("telephone-event"));
        let ip = own.ok_or(Disagreed::NoDescription)?;
        let to = SocketAddr::new(ip, port);
        return Ok(Agreed { to, law, events });
    }
    Err(Disagreed::NoDescription)
}

fn connection(value: &str) -> Option<IpAddr> {
    let mut words = value.split_ascii_whitespace();
    let network = words.next()?;
    let family = words.next()?;
    let ip = words.next()?.split('/').next()?;
    (network == "IN" && matches!(family, "IP4" | "IP6")).then(|| ip.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(media: &str) -> Result<Agreed, Disagreed> {
        read(
            format!(
                "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=x\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n{media}"
            )
            .as_bytes(),
        )
    }

    #[test]
    fn our_own_offer_is_read_back() {
        let local = "192.0.2.7:4000".parse().unwrap();
        let expected = Agreed {
            to: local,
            law: Law::A,
            events: Some(101),
        };
        assert_eq!(read(&describe(local, 5, None)), Ok(expected));
        let expected = Agreed {
            law: Law::Mu,
            ..expected
        };
        assert_eq!(read(&describe(local, 5, Some(Law::Mu))), Ok(expected));
    }

    #[test]
    fn answers_of_gateways() {
        let two = answer("m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\nm=video 0 RTP/AVP 31\r\n").unwrap();
        assert_eq!(
            (two.law, two.events, two.to),
            (Law::Mu, Some(96), "10.0.0.2:4000".parse().unwrap())
        );
        let own = answer("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 10.0.0.9\r\n").unwrap();
        assert_eq!(
            (own.to, own.events),
            ("10.0.0.9:4000".parse().unwrap(), None)
        );
        assert_eq!(answer("m=audio 0 RTP/AVP 8\r\n"), Err(Disagreed::NoCodec));
        assert_eq!(
            answer("m=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"),
            Err(Disagreed::NoCodec)
        );
        assert_eq!(
            answer("m=audio 4000 RTP/SAVP 8\r\n"),
            Err(Disagreed::NoCodec)
        );
        assert_eq!(
            answer("m=video 4000 RTP/AVP 31\r\n"),
            Err(Disagreed::NoDescription)
        );
        assert_eq!(answer(""), Err(Disagreed::NoDescription));
        assert_eq!(read(&[0xff, 0xfe]), Err(Disagreed::NoDescription));
        assert_eq!(read(b""), Err(Disagreed::NoDescription));
    }
}
