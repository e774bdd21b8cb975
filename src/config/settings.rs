//! Owns the sections that say how the daemon runs: storage, network, access and media.

use super::document::{At, Section, Wrong};
use super::profile::{Access, Media, Network, SecondFactor, Storage};
use super::replicas::replicas;
use super::sections::{refuse_empty, some};
use super::units::{PictureLimit, Size};
use super::values::{AbsolutePath, HttpUrl, Port};
use crate::keys::HostName;
use crate::room::Span;
use std::net::{IpAddr, Ipv4Addr};

pub(super) fn storage(mut s: Section<'_>) -> Option<Storage> {
    let has_path = s.has("recordings");
    let recordings = s.optional::<AbsolutePath>("recordings").map(|p| p.value.0);
    let min_free = s.within(
        "min_free",
        Size::gigabytes(50),
        Size::megabytes(100),
        Size::gigabytes(100_000),
    );
    let segment = s.within(
        "segment",
        Span::seconds(10),
        Span::seconds(2),
        Span::minutes(1),
    );
    let sm3 = s.or("sm3", false);
    let ballast = s.within(
        "ballast",
        Size::megabytes(64),
        Size::megabytes(8),
        Size::gigabytes(4),
    );
    let names_audit = s.has("audit_certificate");
    let audit_certificate = s
        .optional::<AbsolutePath>("audit_certificate")
        .map(|p| p.value.0);
    let names_sm2 = s.has("sm2");
    let sm2 = s.optional::<AbsolutePath>("sm2").map(|p| p.value.0);
    let names_venues = s.has("venues");
    let venues = s.optional::<AbsolutePath>("venues").map(|p| p.value.0);
    let names_tsa = s.has("tsa");
    let tsa = s.optional::<HttpUrl>("tsa").map(|url| url.value);
    let replicas = replicas(s.sections("replicas"));
    let replica_rate = s.within(
        "replica_rate",
        Size::megabytes(2),
        Size(10_000),
        Size::gigabytes(1),
    );
    s.close();
    let refused = [
        (has_path, recordings.is_none()),
        (names_audit, audit_certificate.is_none()),
        (names_sm2, sm2.is_none()),
        (names_venues, venues.is_none()),
        (names_tsa, tsa.is_none()),
    ];
    if refused.contains(&(true, true)) {
        return None;
    }
    Some(Storage {
        recordings,
        min_free: min_free?,
        segment: segment?,
        sm3: sm3?,
        ballast: ballast?,
        audit_certificate,
        sm2,
        venues,
        tsa,
        replicas: replicas?,
        replica_rate: replica_rate?,
    })
}

pub(super) fn network(mut s: Section<'_>) -> Option<Network> {
    let everywhere = || {
        vec![At {
            value: Ipv4Addr::UNSPECIFIED.into(),
            offset: 0,
        }]
    };
    let bind = s.list::<IpAddr>("bind").unwrap_or_else(everywhere);
    if s.is_empty_list("bind") {
        refuse_empty(&s, "bind", "[\"0.0.0.0\"]");
    }
    let https_port = s.or("https_port", Port(443));
    let host_names = some::<HostName>(
        &mut s,
        "host_names",
        "[\"room1.example.cn\", \"192.168.10.2\"]",
    );
    let webrtc_udp_port = s.or("webrtc_udp_port", Port(8444));
    let ice_tcp_port = s.or("ice_tcp_port", Port(8444));
    let announced = s.list::<IpAddr>("announce").unwrap_or_default();
    for address in &announced {
        if address.value.is_unspecified() || address.value.is_multicast() {
            let wrong = Wrong {
                what: text!(
                    "浏览器无法连接到此地址",
                    "no browser can reach this address"
                ),
                allowed: text!(
                    "本机某个接口的地址",
                    "an address of one of this box's interfaces"
                ),
                remedy: text!(
                    "写评标工作站可达的地址，或删去 announce",
                    "write the address that workstations reach, or remove announce"
                ),
            };
            s.fault("announce", address.offset, wrong);
        }
    }
    let viewers = s.within("viewers", 60, 1, 1000);
    s.close();
    Some(Network {
        bind: bind.into_iter().map(|b| b.value).collect(),
        https_port: https_port?.0,
        host_names,
        webrtc_udp_port: webrtc_udp_port?.0,
        ice_tcp_port: ice_tcp_port?.0,
        announce: announced.into_iter().map(|a| a.value).collect(),
        viewers: viewers?,
    })
}

pub(super) fn access(mut s: Section<'_>) -> Option<Access> {
    let minute = Span::minutes(1);
    let second_factor = s.or("second_factor", SecondFactor::Required);
    let idle_lock = s.within("idle_lock", Span::minutes(15), minute, Span::hours(4));
    let longest_sign_in = s.within(
        "longest_sign_in",
        Span::hours(12),
        Span::minutes(10),
        Span::hours(24),
    );
    let failures = s.within("failures", 5, 3, 10);
    let lockout = s.within("lockout", Span::minutes(15), minute, Span::hours(24));
    s.close();
    Some(Access {
        second_factor: second_factor?,
        idle_lock: idle_lock?,
        longest_sign_in: longest_sign_in?,
        failures: failures?,
        lockout: lockout?,
    })
}

pub(super) fn media(mut s: Section<'_>) -> Option<Media> {
    let limit = |width, height, fps, kilobits: u32| PictureLimit {
        width,
        height,
        fps,
        bits_per_second: kilobits * 1000,
    };
    let face = s.or("face", limit(1280, 720, 25, 1500));
    let face_small = s.or("face_small", limit(320, 180, 10, 150));
    let screen = s.or("screen", limit(1920, 1080, 10, 1500));
    let screen_small = s.or("screen_small", limit(480, 270, 5, 150));
    s.close();
    Some(Media {
        face: face?,
        face_small: face_small?,
        screen: screen?,
        screen_small: screen_small?,
    })
}
