//! Owns what this box understands of SDP: reading an offer, cutting it down to what the box serves
//! before the library sees it, completing the library's answer, and ICE fragments (RFC 8840).
//!
//! The library never sees a section that would be rejected: it writes its candidates into the first
//! section even then, and Chromium would not connect (webrtc 0.21.1).

use super::Error;
use crate::media::feed::{Codec, TrackKind};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Which way the media go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The peer sends (WHIP).
    Publish,
    /// The peer receives (WHEP).
    Watch,
    /// The peer receives, and was asked to by this box (WHIP as a client).
    Push,
}

/// A codec as the peer numbered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) codec: Codec,
    pub(super) payload_type: u8,
    /// Its `a=fmtp` value, as offered.
    pub(super) fmtp: String,
    /// The payload type that repairs it (RFC 4588).
    pub(super) rtx: Option<u8>,
}

/// An offer, cut down to what this box serves.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    session: Vec<String>,
    kept: Vec<Section>,
    /// Sections of the offer in order: `None` is the next of `kept`, `Some` is refused.
    refused: Vec<Option<Section>>,
    pub(super) codecs: Vec<Numbered>,
}

/// One media section: the `m=` line and what follows it.
#[derive(Debug, Clone)]
struct Section {
    lines: Vec<String>,
}

impl Section {
    fn attribute(&self, name: &str) -> Option<&str> {
        attribute(&self.lines, name)
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        self.lines[0][2..].split_ascii_whitespace()
    }

    fn kind(&self) -> Option<TrackKind> {
        match self.fields().next() {
            Some("video") => Some(TrackKind::Video),
            Some("audio") => Some(TrackKind::Audio),
            Some(_) | None => None,
        }
    }

    fn is_off(&self) -> bool {
        self.fields().nth(1) == Some("0") && self.attribute("bundle-only").is_none()
    }

    /// The values of `a=name:number value`, the first of each number.
    fn numbered(&self, name: &str) -> BTreeMap<u8, &str> {
        let mut values = BTreeMap::new();
        let prefix = format!("a={name}:");
        for line in self.lines.iter().filter_map(|l| l.strip_prefix(&prefix)) {
            if let Some((number, value)) = line.split_once(' ')
                && let Ok(number) = number.parse()
            {
                values.entry(number).or_insert(value);
            }
        }
        values
    }

    fn set(&mut self, name: &str, value: &str) {
        let prefix = format!("a={name}:");
        self.lines.retain(|l| !l.starts_with(&prefix));
        self.lines.push(format!("{prefix}{value}"));
    }

    /// The section as an answer that refuses it.
    fn refusal(&self) -> Vec<String> {
        let mut fields: Vec<&str> = self.fields().collect();
        if let Some(port) = fields.get_mut(1) {
            *port = "0";
        }
        let mut lines = vec![
            format!("m={}", fields.join(" ")),
            "c=IN IP4 0.0.0.0".to_owned(),
        ];
        if let Some(mid) = self.attribute("mid") {
            lines.push(format!("a=mid:{mid}"));
        }
        lines.push("a=inactive".to_owned());
        lines
    }
}

/// The value of `a=name:value`, or "" of `a=name`.
fn attribute<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| {
        let rest = line.strip_prefix("a=")?.strip_prefix(name)?;
        if rest.is_empty() {
            Some("")
        } else {
            rest.strip_prefix(':')
        }
    })
}

const DIRECTIONS: [&str; 4] = ["sendrecv", "sendonly", "recvonly", "inactive"];

fn direction(lines: &[String]) -> Option<&'static str> {
    DIRECTIONS
        .into_iter()
        .find(|d| attribute(lines, d).is_some())
}

/// A line without what may trail it, if there is anything in it (RFC 8866, 5 and 9).
fn well_formed(line: &str) -> Result<Option<&str>, &'static str> {
    // a session without a name is written `s= `
    let line = if line.starts_with("s= ") {
        "s=-"
    } else {
        line.trim_end()
    };
    let bytes = line.as_bytes();
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() < 3 || bytes[1] != b'=' || !bytes[0].is_ascii_lowercase() {
        return Err("a line must be a small letter, '=' and a value");
    }
    if bytes.iter().any(|b| matches!(b, 0 | b'\r')) {
        return Err("a line must not hold control characters");
    }
    Ok(Some(line))
}

/// Splits into the session's lines and the sections, checking each line's form (RFC 8866, 5).
fn read(text: &str) -> Result<(Vec<String>, Vec<Section>), Error> {
    let mut session = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let bad = |what| Error::BadSdp {
            line: index + 1,
            what,
        };
        let Some(line) = well_formed(line).map_err(bad)? else {
            continue;
        };
        let bytes = line.as_bytes();
        if session.is_empty() && line != "v=0" {
            return Err(bad("the first line must be v=0"));
        }
        if bytes[0] == b'm' {
            let fields: Vec<&str> = line[2..].split_ascii_whitespace().collect();
            if fields.len() < 4 {
                return Err(bad("m= needs a kind, a port, a protocol and formats"));
            }
            if fields[1]
                .split('/')
                .next()
                .is_none_or(|port| port.parse::<u16>().is_err())
            {
                return Err(bad("m= needs a port number"));
            }
            let is_rtp = fields[0] == "audio" || fields[0] == "video";
            if is_rtp
                && fields[3..]
                    .iter()
                    .any(|pt| pt.parse::<u8>().map_or(true, |pt| pt > 127))
            {
                return Err(bad("m= needs payload types of 0 to 127"));
            }
            sections.push(Section {
                lines: vec![line.to_owned()],
            });
            continue;
        }
        match sections.last_mut() {
            Some(section) => section.lines.push(line.to_owned()),
            None => session.push(line.to_owned()),
        }
    }
    for needed in ["v=", "o=", "s=", "t="] {
        if !session.iter().any(|l| l.starts_with(needed)) {
            return Err(Error::BadSdp {
                line: 1,
                what: "v=, o=, s= and t= are needed",
            });
        }
    }
    Ok((session, sections))
}

impl Offer {
    /// What this box offers to send: a picture, and sound of that coding.
    pub(super) fn own(sound: Option<Codec>) -> Self {
        let numbered = |codec, payload_type, fmtp: &str| Numbered {
            codec,
            payload_type,
            fmtp: fmtp.to_owned(),
            rtx: None,
        };
        // receivers decode every profile under this one, as they have to for what others send by WHIP
        let picture = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
        let sound = sound.map(|codec| match codec {
            Codec::Pcma => numbered(codec, 8, ""),
            Codec::Pcmu => numbered(codec, 0, ""),
            Codec::Opus | Codec::Aac | Codec::H264 | Codec::H265 => {
                numbered(Codec::Opus, 111, "minptime=10;useinbandfec=1")
            }
        });
        let codecs = std::iter::once(numbered(Codec::H264, 96, picture)).chain(sound);
        Self {
            session: Vec::new(),
            kept: Vec::new(),
            refused: Vec::new(),
            codecs: codecs.collect(),
        }
    }

    /// Reads an offer and keeps what this box can serve. `sound` is what the feed's sound is coded
    /// with, if that is known: it is preferred.
    pub(super) fn read(text: &str, role: Role, sound: Option<Codec>) -> Result<Self, Error> {
        let (mut session, sections) = read(text)?;
        if sections.is_empty() {
            return Err(Error::NotAcceptable("the offer has no media section"));
        }
        let mut offer = Self {
            session: Vec::new(),
            kept: Vec::new(),
            refused: Vec::new(),
            codecs: Vec::new(),
        };
        let transport = Transport::find(&session, &sections)?;
        let default_direction = direction(&session).unwrap_or("sendrecv");
        let mut taken = BTreeSet::new();
        for mut section in sections {
            let codecs = match section.kind() {
                Some(kind) if !section.is_off() && flows(&section, default_direction, role) => {
                    if !taken.insert(kind) {
                        return Err(Error::NotAcceptable("more than one section of a kind"));
                    }
                    choose(&section, kind, sound)
                }
                Some(_) | None => Vec::new(),
            };
            if codecs.is_empty() {
                if section.kind() == Some(TrackKind::Video) && !section.is_off() {
                    return Err(Error::NotAcceptable(
                        "no H.264 with packetization-mode=1 is offered",
                    ));
                }
                offer.refused.push(Some(section));
                continue;
            }
            narrow(&mut section, &codecs, role);
            transport.complete(&mut section);
            // the box answers as DTLS server, which is the faster way (RFC 8842, 5.3)
            if !matches!(section.attribute("setup"), Some("actpass" | "active")) {
                return Err(Error::NotAcceptable("a=setup must be actpass or active"));
            }
            offer.codecs.extend(codecs);
            offer.kept.push(section);
            offer.refused.push(None);
        }
        if offer.kept.is_empty() {
            return Err(Error::NotAcceptable("no section that can be served"));
        }
        let mids: Vec<&str> = offer
            .kept
            .iter()
            .filter_map(|s| s.attribute("mid"))
            .collect();
        if mids.len() != offer.kept.len() {
            return Err(Error::NotAcceptable("a section has no a=mid"));
        }
        if mids.len() > 1 && mids[0] == mids[1] {
            return Err(Error::NotAcceptable("two sections have one a=mid"));
        }
        let bundles = || {
            session
                .iter()
                .filter_map(|l| l.strip_prefix("a=group:BUNDLE "))
        };
        let is_whole = |bundle: &str| mids.iter().all(|mid| bundle.split(' ').any(|m| m == *mid));
        if mids.len() > 1 && !bundles().any(is_whole) {
            return Err(Error::NotAcceptable(
                "the sections are not in one BUNDLE group",
            ));
        }
        let group = format!("a=group:BUNDLE {}", mids.join(" "));
        session.retain(|l| {
            !l.starts_with("a=group:")
                && !DIRECTIONS.iter().any(|d| l.strip_prefix("a=") == Some(d))
        });
        session.push(group);
        offer.session = session;
        Ok(offer)
    }

    /// The offer as the library is given it.
    pub(super) fn text(&self) -> String {
        let sections = self.kept.iter().flat_map(|s| s.lines.iter());
        join(self.session.iter().chain(sections))
    }

    /// The codecs of a track, the preferred one first.
    pub(super) fn codecs_of(&self, kind: TrackKind) -> impl Iterator<Item = &Numbered> {
        self.codecs.iter().filter(move |c| c.codec.track() == kind)
    }

    /// Whether the peer sends more than one size of its picture.
    pub(super) fn has_simulcast(&self) -> bool {
        self.kept.iter().any(|s| s.attribute("simulcast").is_some())
    }

    /// Makes the library's answer one to the whole offer: sections that were kept from it are
    /// refused, and the candidates are those of the box's ports.
    pub(super) fn answer(&self, library: &str, candidates: &[Candidate]) -> Result<String, Error> {
        let (session, sections) = read(library)?;
        let mut sections = sections.into_iter();
        let mut lines = session;
        let mut first = true;
        for refused in &self.refused {
            if let Some(section) = refused {
                lines.extend(section.refusal());
                continue;
            }
            let section = sections
                .next()
                .ok_or(Error::Broken("the answer has too few sections".into()))?;
            lines.extend(section.lines.into_iter().filter(|l| {
                !l.starts_with("a=candidate:") && !l.starts_with("a=end-of-candidates")
            }));
            if first {
                lines.extend(candidates.iter().map(Candidate::line));
                lines.push("a=end-of-candidates".to_owned());
                first = false;
            }
        }
        Ok(join(lines.iter()))
    }

    /// Whether a fragment carries credentials other than those in use.
    pub(super) fn is_restart(&self, fragment: &Fragment) -> bool {
        match &fragment.credentials {
            Some((ufrag, _)) => self
                .kept
                .iter()
                .any(|s| s.attribute("ice-ufrag") != Some(ufrag)),
            None => false,
        }
    }

    /// The offer again with the fragment's credentials and candidates (an ICE restart). It names no
    /// tracks: the library would take those for new ones, and wait for simulcast layers to say their
    /// names again, which browsers do at their beginning only. Without a word of them they go on.
    pub(super) fn restarted(&self, fragment: &Fragment) -> Self {
        let mut offer = self.clone();
        let Some((ufrag, pwd)) = &fragment.credentials else {
            return offer;
        };
        offer
            .session
            .retain(|l| !l.starts_with("a=ice-ufrag:") && !l.starts_with("a=ice-pwd:"));
        for section in &mut offer.kept {
            let goes = [
                "a=candidate:",
                "a=end-of-candidates",
                "a=msid:",
                "a=ssrc:",
                "a=ssrc-group:",
            ];
            section
                .lines
                .retain(|l| !goes.iter().any(|start| l.starts_with(start)));
            section.set("ice-ufrag", ufrag);
            section.set("ice-pwd", pwd);
        }
        if let Some(section) = offer.kept.first_mut() {
            section
                .lines
                .extend(fragment.candidates.iter().map(|c| format!("a={c}")));
        }
        offer
    }

    /// The `mid` of the section that carries the transport.
    pub(super) fn mid(&self) -> &str {
        self.kept
            .first()
            .and_then(|s| s.attribute("mid"))
            .unwrap_or("0")
    }
}

fn join<'a>(lines: impl Iterator<Item = &'a String>) -> String {
    lines.fold(String::new(), |text, line| text + line + "\r\n")
}

/// The library's offer with the candidates of the box's ports.
pub(super) fn offered(library: &str, candidates: &[Candidate]) -> Result<String, Error> {
    let (mut lines, sections) = read(library)?;
    let mut own = candidates.iter().map(Candidate::line).collect::<Vec<_>>();
    own.push("a=end-of-candidates".to_owned());
    for section in sections {
        lines.extend(section.lines.into_iter().filter(|line| {
            !line.starts_with("a=candidate:") && !line.starts_with("a=end-of-candidates")
        }));
        lines.append(&mut own);
    }
    Ok(join(lines.iter()))
}

/// A server's answer to an offer of this box, as the library is given it.
pub(super) fn accepted(answer: &str, offer: &Offer) -> Result<String, Error> {
    let (session, sections) = read(answer)?;
    for section in &sections {
        if !section.is_off() {
            continue;
        }
        return Err(match section.kind() {
            Some(TrackKind::Audio) => Error::SoundRefused,
            Some(TrackKind::Video) | None => Error::NotAcceptable("the answer takes no H.264"),
        });
    }
    let kinds: BTreeSet<TrackKind> = offer.codecs.iter().map(|c| c.codec.track()).collect();
    if sections.len() != kinds.len() {
        return Err(Error::NotAcceptable(
            "the answer has other sections than the offer",
        ));
    }
    // names in .local cannot be resolved here
    let lines = session
        .into_iter()
        .chain(sections.into_iter().flat_map(|s| s.lines));
    let lines: Vec<String> = lines
        .filter(|line| !(line.starts_with("a=candidate:") && line.contains(".local ")))
        .collect();
    Ok(join(lines.iter()))
}

/// Whether media flow in this section in the role's direction.
fn flows(section: &Section, default: &'static str, role: Role) -> bool {
    let direction = direction(&section.lines).unwrap_or(default);
    match role {
        Role::Publish => direction == "sendonly" || direction == "sendrecv",
        Role::Watch | Role::Push => direction == "recvonly" || direction == "sendrecv",
    }
}

/// ICE and DTLS parameters, which the offer may give once for all sections.
struct Transport(Vec<(&'static str, String)>);

impl Transport {
    fn find(session: &[String], sections: &[Section]) -> Result<Self, Error> {
        let mut found = Vec::new();
        for name in ["ice-ufrag", "ice-pwd", "fingerprint", "setup"] {
            let in_sections = || sections.iter().find_map(|s| s.attribute(name));
            match attribute(session, name).or_else(in_sections) {
                Some(value) => found.push((name, value.to_owned())),
                None if name == "setup" => found.push((name, "actpass".to_owned())),
                None => {
                    return Err(Error::NotAcceptable(
                        "ICE credentials and a DTLS fingerprint are needed",
                    ));
                }
            }
        }
        Ok(Self(found))
    }

    fn complete(&self, section: &mut Section) {
        for (name, value) in &self.0 {
            if section.attribute(name).is_none() {
                section.lines.push(format!("a={name}:{value}"));
            }
        }
    }
}

/// What the box takes of a section, the preferred codec first.
fn choose(section: &Section, kind: TrackKind, sound: Option<Codec>) -> Vec<Numbered> {
    // each number once, whatever the line says: what follows looks at all pairs of them
    let mut offered: Vec<u8> = Vec::new();
    for pt in section.fields().skip(3).filter_map(|pt| pt.parse().ok()) {
        if !offered.contains(&pt) {
            offered.push(pt);
        }
    }
    let (maps, formats) = (section.numbered("rtpmap"), section.numbered("fmtp"));
    let mut found: Vec<(u8, Numbered)> = offered
        .iter()
        .filter_map(|&pt| {
            let map = maps.get(&pt).copied().or(match pt {
                0 => Some("PCMU/8000"),
                8 => Some("PCMA/8000"),
                _ => None,
            })?;
            let fmtp = formats.get(&pt).copied().unwrap_or("");
            let (codec, rank) = recognise(map, fmtp, sound)?;
            let repairs = |other: &&u8| {
                let is_repair = |map: &&str| map.to_ascii_lowercase().starts_with("rtx/");
                let of = formats.get(*other).and_then(|f| parameter(f, "apt"));
                maps.get(*other).is_some_and(is_repair) && of == Some(&pt.to_string())
            };
            let rtx = offered.iter().find(repairs).copied();
            Some((
                rank,
                Numbered {
                    codec,
                    payload_type: pt,
                    fmtp: fmtp.to_owned(),
                    rtx,
                },
            ))
        })
        .filter(|(_, numbered)| numbered.codec.track() == kind)
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    let mut chosen: Vec<Numbered> = Vec::new();
    for (_, numbered) in found {
        // one number a codec: receivers decode every profile under the number of the first
        if chosen.iter().all(|c| c.codec != numbered.codec) {
            chosen.push(numbered);
        }
    }
    chosen
}

/// The codec of an `a=rtpmap` and its rank among the alternatives; none if the box does not take it.
fn recognise(map: &str, fmtp: &str, sound: Option<Codec>) -> Option<(Codec, u8)> {
    let map = map.trim().to_ascii_lowercase();
    if map == "h264/90000" {
        if parameter(fmtp, "packetization-mode") != Some("1") {
            return None;
        }
        let profile = parameter(fmtp, "profile-level-id")
            .unwrap_or("42e01f")
            .to_ascii_lowercase();
        let rank = match profile.get(..2)? {
            "42" if profile.get(2..3) == Some("e") || profile.get(2..3) == Some("c") => 0,
            "42" => 1,
            "4d" => 2,
            "64" => 3,
            _ => return None,
        };
        return Some((Codec::H264, rank));
    }
    let (codec, rank) = match map.as_str() {
        "opus/48000/2" => (Codec::Opus, 1),
        "pcma/8000" | "pcma/8000/1" => (Codec::Pcma, 2),
        "pcmu/8000" | "pcmu/8000/1" => (Codec::Pcmu, 3),
        _ => return None,
    };
    Some((codec, if sound == Some(codec) { 0 } else { rank }))
}

/// A parameter of an `a=fmtp` value.
fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    fmtp.split(';').find_map(|p| {
        let (key, value) = p.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Feedback the library serves; `goog-remb` it does not.
const FEEDBACK: [&str; 4] = ["nack", "nack pli", "ccm fir", "transport-cc"];

/// Leaves only the chosen codecs in a section, and says its direction outright.
fn narrow(section: &mut Section, codecs: &[Numbered], role: Role) {
    let kept: Vec<u8> = codecs
        .iter()
        .flat_map(|c| [Some(c.payload_type), c.rtx])
        .flatten()
        .collect();
    let head: Vec<String> = section.fields().take(3).map(str::to_owned).collect();
    let numbers: Vec<String> = kept.iter().map(u8::to_string).collect();
    section.lines[0] = format!("m={} {}", head.join(" "), numbers.join(" "));
    section.lines.retain(|line| {
        for name in ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"] {
            let Some(rest) = line.strip_prefix(name) else {
                continue;
            };
            let (pt, value) = rest.split_once(' ').unwrap_or((rest, ""));
            let is_kept = pt == "*" || pt.parse().is_ok_and(|pt: u8| kept.contains(&pt));
            return is_kept && (name != "a=rtcp-fb:" || FEEDBACK.contains(&value.trim()));
        }
        let is_direction = DIRECTIONS
            .iter()
            .any(|d| line.strip_prefix("a=") == Some(d));
        // a name in .local cannot be resolved here: such peers are found when they call
        let is_hidden = line.starts_with("a=candidate:") && line.contains(".local ");
        !is_direction && !is_hidden
    });
    for codec in codecs {
        let map = match codec.codec {
            Codec::Pcmu => "PCMU/8000",
            Codec::Pcma => "PCMA/8000",
            Codec::H264 | Codec::H265 | Codec::Opus | Codec::Aac => continue,
        };
        section
            .lines
            .retain(|l| !l.starts_with(&format!("a=rtpmap:{} ", codec.payload_type)));
        section
            .lines
            .push(format!("a=rtpmap:{} {map}", codec.payload_type));
    }
    let direction = match role {
        Role::Publish => "sendonly",
        Role::Watch | Role::Push => "recvonly",
    };
    section.lines.push(format!("a={direction}"));
    if role == Role::Publish && section.attribute("msid").is_none() {
        let mid = section.attribute("mid").filter(|mid| !mid.is_empty());
        let line = format!("a=msid:- {}", mid.unwrap_or("0"));
        section.lines.push(line);
    }
}

/// How a peer reaches this box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Candidate {
    Udp(SocketAddr),
    Tcp(SocketAddr),
}

impl Candidate {
    /// The attribute line (RFC 8839, 5.1). UDP is preferred to TCP.
    fn line(&self) -> String {
        // type preference 126 (host), local preference, component 1 (RFC 8445, 5.1.2.1)
        match self {
            Candidate::Udp(at) => {
                let local = if at.is_ipv4() { 65_535 } else { 65_000 };
                let priority = (126u32 << 24) + (local << 8) + 255;
                format!(
                    "a=candidate:{} 1 udp {priority} {} {} typ host",
                    foundation(at, 1),
                    at.ip(),
                    at.port()
                )
            }
            Candidate::Tcp(at) => {
                let priority = (90u32 << 24) + (65_535 << 8) + 255;
                let foundation = foundation(at, 2);
                format!(
                    "a=candidate:{foundation} 1 tcp {priority} {} {} typ host tcptype passive",
                    at.ip(),
                    at.port()
                )
            }
        }
    }
}

/// Equal for candidates of one kind at one address (RFC 8445, 5.1.1.3).
fn foundation(at: &SocketAddr, kind: u32) -> u32 {
    at.ip().to_string().bytes().fold(kind, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    })
}

/// A `trickle-ice-sdpfrag` body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) credentials: Option<(String, String)>,
    /// `candidate:…` values.
    pub(super) candidates: Vec<String>,
}

impl Fragment {
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let mut fragment = Self::default();
        let (mut ufrag, mut pwd) = (None, None);
        for (index, line) in text.lines().enumerate() {
            let bad = |what| Error::BadSdp {
                line: index + 1,
                what,
            };
            let Some(line) = well_formed(line).map_err(bad)? else {
                continue;
            };
            if let Some(value) = line.strip_prefix("a=ice-ufrag:") {
                ufrag = Some(value.to_owned());
            } else if let Some(value) = line.strip_prefix("a=ice-pwd:") {
                pwd = Some(value.to_owned());
            } else if let Some(value) = line.strip_prefix("a=candidate:") {
                if value.split_ascii_whitespace().count() < 8 {
                    return Err(bad("not a candidate"));
                }
                if !value.contains(".local ") {
                    fragment.candidates.push(format!("candidate:{value}"));
                }
            }
        }
        fragment.credentials = ufrag.zip(pwd);
        Ok(fragment)
    }
}

/// The fragment that answers an ICE restart (RFC 9725, 4.3.3).
pub(super) fn answer_fragment(
    answer: &str,
    offer: &Offer,
    candidates: &[Candidate],
) -> Result<String, Error> {
    let (ufrag, pwd) = credentials(answer)?;
    let (_, sections) = read(answer)?;
    let head = sections
        .iter()
        .find(|s| !s.is_off())
        .map(|s| s.lines[0].clone())
        .unwrap_or_default();
    let mut lines = vec![
        format!("a=ice-ufrag:{ufrag}"),
        format!("a=ice-pwd:{pwd}"),
        head,
        format!("a=mid:{}", offer.mid()),
    ];
    lines.extend(candidates.iter().map(Candidate::line));
    lines.push("a=end-of-candidates".to_owned());
    Ok(join(lines.iter()))
}

/// The ICE user fragment and password of a description.
pub(super) fn credentials(text: &str) -> Result<(String, String), Error> {
    let lines: Vec<String> = text.lines().map(|l| l.trim_end().to_owned()).collect();
    let get = |name| attribute(&lines, name).map(str::to_owned);
    get("ice-ufrag")
        .zip(get("ice-pwd"))
        .ok_or(Error::Broken("the answer has no ICE credentials".into()))
}
