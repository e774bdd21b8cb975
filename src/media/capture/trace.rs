//! Owns what RTP packets say and depayloaders forget: arrival, RTP time, the sender's NTP time.

use super::clock;
use gstreamer as gst;
use gstreamer::prelude::*;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Packets of different times that a depayloader and parser may hold.
const PACKETS_REMEMBERED: usize = 32;

/// What the packets said that a depayloader makes into units and forgets.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    packets: Arc<Mutex<VecDeque<Packet>>>,
}

/// The last packet of a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet {
    pub(super) pts: gst::ClockTime,
    pub(super) arrival: Instant,
    pub(super) rtp: u32,
    /// In ns since 1900.
    pub(super) ntp: Option<u64>,
}

impl Trace {
    /// Remembers the packets that pass a pad.
    pub(super) fn watch(&self, pad: &gst::Pad) {
        let trace = self.clone();
        pad.add_probe(
            gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST,
            move |_, probe| {
                match &probe.data {
                    Some(gst::PadProbeData::Buffer(buffer)) => trace.remember(buffer),
                    Some(gst::PadProbeData::BufferList(list)) => {
                        list.iter().for_each(|b| trace.remember(b))
                    }
                    Some(_) | None => {}
                }
                gst::PadProbeReturn::Ok
            },
        );
    }

    pub(super) fn remember(&self, buffer: &gst::BufferRef) {
        let mut header = [0; 8];
        // a slice longer than the buffer would panic, on a thread of GStreamer's
        let is_whole =
            buffer.size() >= header.len() && buffer.copy_to_slice(0, &mut header).is_ok();
        let Some(pts) = buffer.pts().filter(|_| is_whole) else {
            return;
        };
        let [_, _, _, _, rtp @ ..] = header;
        let ntp = buffer
            .iter_meta::<gst::ReferenceTimestampMeta>()
            .find(|meta| {
                meta.reference()
                    .structure(0)
                    .is_some_and(|s| s.name() == "timestamp/x-ntp")
            })
            .map(|meta| meta.timestamp().nseconds());
        let packet = Packet {
            pts,
            arrival: clock::now(),
            rtp: u32::from_be_bytes(rtp),
            ntp,
        };
        let mut packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        match packets.back_mut() {
            Some(last) if last.pts == pts => *last = packet,
            Some(_) | None => packets.push_back(packet),
        }
        if packets.len() > PACKETS_REMEMBERED {
            packets.pop_front();
        }
    }

    /// The packet of that time; for a unit that begins within a packet, that packet.
    pub(super) fn packet_of(&self, pts: Option<gst::ClockTime>) -> Option<Packet> {
        let packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pts) = pts else {
            return packets.back().copied();
        };
        let exact = packets.iter().rev().find(|p| p.pts == pts);
        let within = || {
            packets
                .iter()
                .filter(|p| p.pts <= pts)
                .max_by_key(|p| p.pts)
        };
        exact.or_else(within).or_else(|| packets.back()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_without_a_whole_header_is_passed_over() {
        gst::init().expect("GStreamer is installed");
        let trace = Trace::default();
        for length in [0, 7, 8] {
            let mut buffer = gst::Buffer::from_slice(vec![1; length]);
            let own = buffer.get_mut().expect("nobody else has it");
            own.set_pts(gst::ClockTime::SECOND);
            trace.remember(&buffer);
            assert_eq!(trace.packet_of(None).is_some(), length == 8);
        }
    }
}
