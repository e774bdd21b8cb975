//! Owns the listening to RTCP: key-frame wishes of viewers and clock reports of publishers. The
//! library keeps RTCP to its interceptors, so this is one of them, the one nearest the application.

use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::sender_report::SenderReport;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use std::collections::VecDeque;
use std::time::Instant;
use tokio::sync::mpsc;

/// Slot behind all of the library's interceptors.
pub(super) const SLOT: usize = 20_000;
/// Reports waiting for the connection's task. When full they are dropped: the next comes within 5 s.
pub(super) const REPORTS_KEPT: usize = 32;

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// The peer wants a key frame.
    KeyFrameWish,
    /// The peer's clock and a track's RTP clock at the same moment (RFC 3550, 6.4.1).
    Sender {
        ssrc: u32,
        /// NTP timestamp, 32.32 fixed point seconds since 1900.
        ntp: u64,
        rtp: u32,
    },
}

/// The interceptor.
pub(super) struct Tap {
    reports_tx: mpsc::Sender<Report>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}

impl Tap {
    pub(super) fn new(reports_tx: mpsc::Sender<Report>) -> Self {
        Self {
            reports_tx,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }

    fn hear(&self, packet: &dyn rtc::rtcp::Packet) {
        let any = packet.as_any();
        let report = if any.is::<PictureLossIndication>() || any.is::<FullIntraRequest>() {
            Report::KeyFrameWish
        } else if let Some(sr) = any.downcast_ref::<SenderReport>() {
            Report::Sender {
                ssrc: sr.ssrc,
                ntp: sr.ntp_time,
                rtp: sr.rtp_time,
            }
        } else {
            return;
        };
        // never wait: this runs on the task that drives the connection
        let _ = self.reports_tx.try_send(report);
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Tap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, msg: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &msg.message.packet {
            packets.iter().for_each(|p| self.hear(p.as_ref()));
        }
        self.reads.push_back(msg);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, msg: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(msg);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for Tap {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
