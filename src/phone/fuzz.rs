//! Owns what must hold of whatever a gateway, a network or a modem sends. Run by `tests/fuzz`; it panics where it does not hold.

use super::dtmf::Detector;
use super::g711::Law;
use super::jitter::{Jitter, MOST};
use super::modem::Model;
use super::modem::model::our_call;
use super::rtp::{EventReader, Packet};
use super::sip::leg::key_of_info;
use super::sip::ring::number_in;
use super::sip::sdp;
use super::wav;

/// A call's packets, each after its length: what waits is bounded, and whatever was heard is a whole frame.
pub fn call(bytes: &[u8]) {
    let mut jitter = Jitter::new(Law::A);
    let mut events = EventReader::default();
    let mut detector = Detector::default();
    let mut rest = bytes;
    while let Some((length, more)) = rest.split_first() {
        let (packet, more) = more.split_at(usize::from(*length).min(more.len()));
        rest = more;
        if let Some(packet) = Packet::read(packet) {
            assert!(packet.payload.len() < usize::from(*length));
            let now = super::clock::now();
            let first = events.read(&packet, now);
            assert!(
                first.is_none() || events.read(&packet, now).is_none(),
                "a press counts once"
            );
            jitter.push(packet.source, packet.timestamp, packet.payload);
        }
        assert!(jitter.waits() <= MOST);
        if let Some(frame) = jitter.pull() {
            assert!(detector.hear(&frame.0).len() <= 4);
        }
    }
    if let Ok(agreed) = sdp::read(bytes) {
        assert_ne!(agreed.to.port(), 0);
    }
    if let Ok((rate, _)) = wav::read(bytes) {
        assert!((8_000..=48_000).contains(&rate));
    }
    key_of_info(bytes);
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    our_call(&lines);
    for line in &lines {
        number_in(line);
        for model in [Model::QuectelEc25, Model::SimcomSim7600] {
            model.notice(line);
            model.tries_left(line);
        }
    }
}
