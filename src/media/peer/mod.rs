//! Peers: browsers and other rooms over WebRTC. The only folder that names `webrtc` and `rtc`.
//!
//! An offer is cut down and answered (`sdp`), the connection made (`connection`) over ports that all
//! peers share (`port`, `tcp`, told apart by `stun`, put under the library by `seam`, whose handshakes `dtls` helps over losses); `tap` hears its
//! RTCP, `outbox` hands it what is sent, which `outgoing` lets leave together. [`Peers`] keeps the resources of WHIP and WHEP, `push` sends
//! a feed to a server that is asked to take it. Media do not pass through here as meaning,
//! only as packets: what becomes of them is `media::whip`'s and `media::whep`'s.

mod connection;
mod dtls;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod outbox;
mod outgoing;
mod peers;
mod port;
mod push;
mod resource;
mod sdp;
mod seam;
mod stun;
mod tap;
mod tcp;

pub(crate) use connection::{Connection, Heard};
pub(crate) use peers::Stop;
pub use peers::{Counts, Created, Error, Patched, Peers, PeersRun, Settings};
pub use push::{Offered, Push};
pub use resource::{EntityTag, ResourceId};
pub use rtc::rtp;
