//! Owns the way of a viewer's packets into its connection: all of a burst at once.
//!
//! The library's own way (`write_rtp`) takes a turn of the connection's loop for each packet, which costs
//! more than encrypting and sending it. So packets are laid out here, and one sign through the library
//! makes the interceptor send them all: they pass the same interceptors (retransmission, reports) and
//! the same encryption as any other.

use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtp;
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Slot on the application's side of all interceptors that must see what is sent.
pub(super) const SLOT: usize = 19_000;
/// Packets laid out for a connection whose loop does not come to them; more are dropped, and repaired by
/// a retransmission or a key frame as on any network.
const KEPT: usize = 1024;

/// What tells the interceptor to empty the outbox: a compound packet of none, which never leaves the box.
pub(super) fn sign() -> Vec<Box<dyn rtcp::Packet>> {
    Vec::new()
}

/// The packets of one connection that are to be sent.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    laid_out: Arc<Mutex<LaidOut>>,
}

#[derive(Debug, Default)]
struct LaidOut {
    packets: Vec<rtp::Packet>,
    /// A sign is on its way and not come yet.
    is_signed: bool,
}

impl Outbox {
    /// The other end.
    pub(super) fn interceptor(&self) -> Emptying {
        Emptying {
            laid_out: self.laid_out.clone(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }

    pub(super) fn put(&self, packet: rtp::Packet) {
        let mut laid_out = lock(&self.laid_out);
        if laid_out.packets.len() < KEPT {
            laid_out.packets.push(packet);
        }
    }

    /// Whether a sign is to be given. It counts as given.
    pub(super) fn is_to_be_emptied(&self) -> bool {
        let mut laid_out = lock(&self.laid_out);
        !laid_out.packets.is_empty() && !std::mem::replace(&mut laid_out.is_signed, true)
    }
}

fn lock(laid_out: &Mutex<LaidOut>) -> MutexGuard<'_, LaidOut> {
    laid_out.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The interceptor that empties an outbox.
pub(super) struct Emptying {
    laid_out: Arc<Mutex<LaidOut>>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl std::fmt::Debug for Emptying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emptying").finish_non_exhaustive()
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Emptying {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, msg: TaggedPacket) -> Result<(), Error> {
        self.reads.push_back(msg);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, msg: TaggedPacket) -> Result<(), Error> {
        let is_sign = matches!(&msg.message.packet, Packet::Rtcp(packets) if packets.is_empty());
        if !is_sign {
            self.writes.push_back(msg);
            return Ok(());
        }
        let mut laid_out = lock(&self.laid_out);
        laid_out.is_signed = false;
        let tagged = |packet| TaggedPacket {
            now: msg.now,
            transport: TransportContext::default(),
            message: AttributedPacket::new(Packet::Rtp(packet)),
        };
        self.writes.extend(laid_out.packets.drain(..).map(tagged));
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for Emptying {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
