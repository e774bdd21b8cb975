//! Owns what must hold of whatever a camera sends: units, their times, and the packets made of them. Run
//! by `tests/fuzz`; each function panics where it does not hold.

use super::live::Packets;
use super::nal;
use super::rtp_clock::RtpClock;
use super::timeline::Timeline;
use super::trace::Trace;
use crate::media::clock;
use crate::media::feed::{Codec, Format, LivePacket, Unit};
use crate::media::h264::{Assembler, begins_key_frame};
use bytes::Bytes;
use gstreamer as gst;
use std::sync::Arc;
use std::time::Duration;

/// A camera's units, each behind its delay, its RTP timestamp, how far into its packet it begins, and its
/// length. Decoding times go forward, and browsers get the NAL units that the camera sent.
pub fn units(bytes: &[u8]) {
    let began = clock::now();
    let format = Arc::new(Format {
        codec: Codec::H264,
        clock_rate: 90_000,
        channels: 0,
        setup: Bytes::new(),
    });
    let (mut clock, mut timeline) = (RtpClock::default(), Timeline::default());
    let (mut packets, mut viewer) = (Packets::default(), Assembler::default());
    let (mut elapsed, mut last) = (Duration::from_secs(60), None);
    let mut number = None;
    let mut rest = bytes;
    while let [delay, r0, r1, r2, r3, beyond, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (data, after) = after.split_at(length);
        rest = after;
        elapsed += Duration::from_millis(u64::from(*delay).pow(2) / 16);
        let rtp = u32::from_be_bytes([*r0, *r1, *r2, *r3]);
        let beyond = Duration::from_millis(u64::from(*beyond));
        let placed = clock.time(rtp, beyond, 90_000, elapsed);
        if placed.anew {
            timeline.reconnected();
        }
        let time = placed.time;
        // nothing comes before its time; what is late for two windows of 5 s, each ended by a unit that came
        // up to 4 s after the one before it, is placed by its arrival
        assert!(time <= elapsed + Duration::from_millis(500));
        assert!(elapsed.saturating_sub(time) <= Duration::from_secs(21));
        clock.align(time, i64::from(rtp.cast_signed()) * 1_000);
        let times = timeline.next(time, true);
        assert!(
            last.is_none_or(|last| times.dts > last),
            "decoding goes back"
        );
        last = Some(times.dts);

        let data = Bytes::copy_from_slice(data);
        let nals = nal::split(&data);
        let contents = nal::contents(Codec::H264, &nals, rtp % 2 == 0);
        let unit = Unit {
            format: format.clone(),
            pts: times.pts,
            dts: times.dts,
            arrival: began + elapsed,
            rtp,
            ntp: None,
            key: contents.key,
            data,
        };
        let sent = packets.of(&unit, &nals);
        for LivePacket { packet, .. } in &sent {
            let header = &packet.header;
            assert!(packet.payload.len() <= 1180);
            assert!(number.is_none_or(|n| header.sequence_number == n));
            number = Some(header.sequence_number.wrapping_add(1));
        }
        arrives(&nals, &sent, &mut viewer);
    }
}

/// A viewer puts the packets together to the camera's slices and parameter sets.
fn arrives(nals: &[Bytes], sent: &[LivePacket], viewer: &mut Assembler) {
    let is_sent = |nal: &&Bytes| matches!(nal[0] & 0x1f, 1..=5 | 7 | 8);
    let expected: Vec<&Bytes> = nals.iter().filter(is_sent).collect();
    if expected.iter().any(|nal| nal.len() < 2) {
        return; // a head without a body is no NAL unit, and a fragment cannot carry it
    }
    let is_random_access = |nal: &&Bytes| nal[0] & 0x1f == 5;
    let begins = sent.iter().any(|p| begins_key_frame(&p.packet.payload));
    assert!(begins || !expected.iter().any(is_random_access));
    let mut arrived = Vec::new();
    for LivePacket { packet, .. } in sent {
        let header = &packet.header;
        for unit in viewer.push(header.timestamp, header.marker, &packet.payload) {
            let unit = unit.expect("nothing was lost");
            arrived.extend(nal::split(&unit.data));
        }
    }
    // a viewer who saw parameter sets repeats them before each key frame
    let mut arrived = arrived.iter().peekable();
    for nal in expected {
        while arrived
            .peek()
            .is_some_and(|a| *a != nal && matches!(a[0] & 0x1f, 7 | 8))
        {
            arrived.next();
        }
        assert_eq!(arrived.next(), Some(nal));
    }
}

/// Packets of a pad, each behind its time and its length: what is found is one that passed.
pub fn trace(bytes: &[u8]) {
    gst::init().expect("GStreamer is installed");
    let trace = Trace::default();
    let mut passed = Vec::new();
    let mut rest = bytes;
    while let [time, length, after @ ..] = rest {
        let (packet, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        let pts = (*time != 0).then(|| gst::ClockTime::from_mseconds(u64::from(*time)));
        let mut buffer = gst::Buffer::from_slice(packet.to_vec());
        buffer.get_mut().expect("nobody else has it").set_pts(pts);
        trace.remember(&buffer);
        if let (Some(pts), [_, _, _, _, a, b, c, d, ..]) = (pts, packet) {
            passed.push((pts, u32::from_be_bytes([*a, *b, *c, *d])));
        }
        for wanted in [pts, None, gst::ClockTime::from_nseconds(7).into()] {
            match trace.packet_of(wanted) {
                Some(found) => assert!(passed.contains(&(found.pts, found.rtp))),
                None => assert!(passed.is_empty()),
            }
        }
    }
}
