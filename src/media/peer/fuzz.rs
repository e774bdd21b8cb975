//! Owns what must hold of whatever a peer sends to the box: offers, ICE fragments, RTCP, STUN. Run by
//! `tests/fuzz`; each function panics where it does not hold.

use super::Error;
use super::resource::{EntityTag, ResourceId};
use super::sdp::{self, Candidate, Fragment, Offer, Role};
use super::stun;
use super::tap::{REPORTS_KEPT, Report, Tap};
use crate::media::clock;
use crate::media::feed::{Codec, TrackKind};
use crate::media::timeline::{Timeline, TrackTime};
use rtc::interceptor::{AttributedPacket, Packet, TaggedPacket};
use rtc::sansio::Protocol;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc;
use webrtc::peer_connection::RTCSessionDescription;

/// What a browser offers; fragments are about it.
const OFFERED: &str = include_str!("../../../tests/fuzz/seeds/sdp/chromium-publish");

fn candidates() -> [Candidate; 2] {
    let at = ([192, 0, 2, 1], 5000).into();
    [Candidate::Udp(at), Candidate::Tcp(at)]
}

fn sections(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("m=")).collect()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn place_is_in(error: &Error, text: &str) {
    if let Error::BadSdp { line, .. } = error {
        assert!(*line >= 1 && *line <= text.lines().count().max(1));
    }
}

/// An offer: what is taken of it is less than it, means the same when it is read again, and has an answer.
pub fn offer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for (role, sound) in [
        (Role::Publish, None),
        (Role::Watch, None),
        (Role::Watch, Some(Codec::Pcma)),
    ] {
        match Offer::read(text, role, sound) {
            Ok(offer) => taken(text, &offer, role, sound),
            Err(error) => place_is_in(&error, text),
        }
    }
}

fn taken(text: &str, offer: &Offer, role: Role, sound: Option<Codec>) {
    let cut = offer.text();
    assert!(cut.len() <= 4 * text.len(), "it grew");
    let again = Offer::read(&cut, role, sound).expect("what was taken is taken again");
    assert_eq!(again.codecs, offer.codecs);
    // each section completes itself, so its lines move
    assert_eq!(sorted(&again.text()), sorted(&cut));

    let numbers: Vec<u8> = offer
        .codecs
        .iter()
        .flat_map(|c| [Some(c.payload_type), c.rtx])
        .flatten()
        .collect();
    assert!(numbers.iter().all(|n| *n < 128));
    for kind in [TrackKind::Video, TrackKind::Audio] {
        let codecs: BTreeSet<_> = offer.codecs_of(kind).map(|c| c.payload_type).collect();
        assert_eq!(codecs.len(), offer.codecs_of(kind).count());
    }
    // the library may refuse it, and no more
    let _ = RTCSessionDescription::offer(cut.clone());

    // as the library would answer, candidates in the first section
    let accepted = cut.replace("a=sendonly\r\n", "a=recvonly\r\n").replacen(
        "a=mid:",
        "a=candidate:1 1 udp 1 0.0.0.0 1 typ host\r\na=mid:",
        1,
    );
    let answer = offer.answer(&accepted, &candidates()).expect("an answer");
    let (offered, answered) = (sections(text), sections(&answer));
    assert_eq!(offered.len(), answered.len(), "a section an m= line");
    let mut carriers = 0;
    for (section, line) in answer.split("\r\nm=").skip(1).zip(offered) {
        let kind = |of: &str| of.split_ascii_whitespace().next().map(str::to_owned);
        assert_eq!(kind(section), kind(&line[2..]));
        let refused = section.split_ascii_whitespace().nth(1) == Some("0");
        let candidates = section.matches("\r\na=candidate:").count();
        assert!(candidates == 0 || !refused || section.contains("bundle-only"));
        carriers += usize::from(candidates > 0);
        assert!(candidates == 0 || candidates == 2);
    }
    assert_eq!(carriers, 1);
}

/// A fragment of a PATCH, and the headers that come with it.
pub fn fragment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let tag = EntityTag::random();
    assert!(tag.matches(&tag.to_string()));
    assert!(!tag.matches(text) || text.contains('*') || text.contains(&tag.to_string()));
    if let Ok(resource) = text.parse::<ResourceId>() {
        assert_eq!(resource.to_string(), text);
    }
    let fragment = match Fragment::read(text) {
        Ok(fragment) => fragment,
        Err(error) => return place_is_in(&error, text),
    };
    assert!(fragment.candidates.len() <= text.lines().count());
    let offer = Offer::read(OFFERED, Role::Publish, None).expect("a browser's offer");
    let restarted = offer.restarted(&fragment);
    if !offer.is_restart(&fragment) {
        return;
    }
    let (ufrag, pwd) = fragment.credentials.clone().expect("a restart has them");
    let cut = restarted.text();
    let again = Offer::read(&cut, Role::Publish, None).expect("a restarted offer is one");
    assert_eq!(again.codecs, offer.codecs);
    assert_eq!(sections(&cut), sections(&offer.text()));
    assert_eq!(sdp::credentials(&cut).ok(), Some((ufrag, pwd)));
    assert!(!restarted.is_restart(&fragment), "it is carried out");
    assert_eq!(
        cut.matches("\r\na=candidate:").count(),
        fragment.candidates.len()
    );
    let _ = RTCSessionDescription::offer(cut.clone());
    let answer = sdp::answer_fragment(&cut, &restarted, &candidates()).expect("an answer");
    let read = Fragment::read(&answer).expect("ours can be read");
    assert_eq!(read.credentials, fragment.credentials);
    assert_eq!(read.candidates.len(), 2);
}

/// A decrypted RTP datagram, if the library takes it for one.
pub(crate) fn rtp_packet(bytes: &[u8]) -> Option<super::rtp::Packet> {
    rtc::shared::marshal::Unmarshal::unmarshal(&mut &*bytes).ok()
}

/// A decrypted RTCP datagram: the tap hears it, passes it on, and time stays in order.
pub fn rtcp(bytes: &[u8]) {
    let Ok(packets) = rtc::rtcp::packet::unmarshal(&mut &*bytes) else {
        return;
    };
    let (tx, mut rx) = mpsc::channel(REPORTS_KEPT);
    let mut tap = Tap::new(tx);
    let message = AttributedPacket::new(Packet::Rtcp(packets));
    let heard = tap.handle_read(TaggedPacket {
        now: clock::now(),
        transport: Default::default(),
        message,
    });
    assert!(heard.is_ok() && tap.poll_read().is_some() && tap.poll_read().is_none());
    let (mut timeline, mut track) = (Timeline::default(), TrackTime::new(90_000));
    let (mut now, mut last) = (Duration::from_secs(3_600), Duration::ZERO);
    let mut rtp = 0_u32;
    while let Ok(report) = rx.try_recv() {
        if let Report::Sender { ntp, rtp: at, .. } = report {
            track.report(&mut timeline, ntp, at);
        }
        now += Duration::from_millis(40);
        rtp = rtp.wrapping_add(3_600);
        let moment = track.place(rtp, now, Duration::ZERO);
        assert!(moment.pts >= last, "time goes back");
        assert!(moment.pts.abs_diff(now) <= Duration::from_secs(6));
        last = moment.pts;
    }
}

/// A datagram of anybody on the shared port: nobody proves what he does not know.
pub fn datagram(bytes: &[u8]) {
    if let Some(user) = stun::user_fragment(bytes) {
        assert!(user.len() < bytes.len());
    }
    assert!(!stun::proves(
        bytes,
        "a password that no seed was made with"
    ));
}
