//! Owns what a viewer gets of a feed (WHEP): its layer, or the other one while that is absent; a first
//! picture at once; numbers that go on whatever the source does.
//!
//! ```text
//! Waiting ──key frame──► Flowing          Waiting: pictures are dropped, a key frame is wished
//!    ▲                      │             Replaying: the camera's current group of pictures goes out,
//!    └──packets lost────────┘                        paced and squeezed in time, before what is live
//! ```

use super::clock;
use super::continuity::Continuity;
use super::feed::{Burst, Feed, Layer, LivePacket, TrackKind};
use super::peer::{Connection, Heard, Stop};
use crate::room::FeedKind;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

/// A replayed group goes out in steps of this length,
const PACE: Duration = Duration::from_millis(2);
/// of this many packets: about 29 Mbit/s. All at once overflowed receivers.
const PER_PACE: usize = 6;
/// After this long without a key frame the wish is repeated: the request may have been lost.
const WISH_AGAIN: Duration = Duration::from_secs(1);

/// One viewer of a feed.
#[derive(Debug)]
pub(crate) struct Viewer {
    feed: Feed,
    wanted: Layer,
    connection: Connection,
    lost: Arc<AtomicU64>,
    numbers: Continuity,
    /// Counts the sources of pictures: layers, and each replayed picture.
    source: u64,
    picture: Picture,
    wished: Option<Instant>,
    /// When the last replay began.
    replayed: Option<Instant>,
    now_on: Option<Tap>,
    /// The layer to change to, as soon as a key frame comes on it.
    next_on: Option<Tap>,
}

#[derive(Debug)]
enum Picture {
    Waiting,
    Replaying {
        packets: VecDeque<Arc<LivePacket>>,
        timestamp: Option<u32>,
    },
    Flowing,
}

#[derive(Debug)]
struct Tap {
    layer: Layer,
    bursts_rx: broadcast::Receiver<Burst>,
}

enum Input {
    Heard(Heard),
    Burst(Result<Burst, RecvError>),
    Next(Result<Burst, RecvError>),
    Status,
    Pace,
    Stop,
}

impl Viewer {
    /// `lost` counts the bursts that this and other viewers were too slow for.
    pub(crate) fn new(
        feed: Feed,
        wanted: Layer,
        connection: Connection,
        lost: Arc<AtomicU64>,
    ) -> Self {
        Self {
            feed,
            wanted,
            connection,
            lost,
            numbers: Continuity::default(),
            source: 0,
            picture: Picture::Waiting,
            wished: None,
            replayed: None,
            now_on: None,
            next_on: None,
        }
    }

    /// Serves the viewer until it is gone or told to stop. The source may come and go meanwhile.
    pub(crate) async fn run(mut self, mut stop: Stop) {
        let mut status = self.feed.status();
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let replaying = matches!(self.picture, Picture::Replaying { .. });
            let again = self.wished.map(|at| at + WISH_AGAIN);
            let input = tokio::select! {
                heard = self.connection.next() => Input::Heard(heard),
                burst = receive(&mut self.now_on), if !replaying => Input::Burst(burst),
                burst = receive(&mut self.next_on) => Input::Next(burst),
                Ok(()) = status.changed() => Input::Status,
                _ = pace.tick(), if replaying => Input::Pace,
                () = sleep_until(again) => {
                    self.wish();
                    continue;
                }
                _ = stop.told() => Input::Stop,
            };
            match input {
                Input::Heard(Heard::Up) => self.join(),
                Input::Heard(Heard::KeyFrameWish) => self.refresh(),
                Input::Heard(Heard::Gone(gone)) => {
                    tracing::debug!(feed = %self.feed.id(), cause = ?gone, "viewer ended");
                    break;
                }
                Input::Heard(
                    Heard::Silent
                    | Heard::Opened { .. }
                    | Heard::Packet { .. }
                    | Heard::Clock { .. },
                ) => {}
                Input::Burst(Ok(burst)) => self.pass(&burst).await,
                Input::Burst(Err(RecvError::Lagged(bursts))) => {
                    self.lost.fetch_add(bursts, Ordering::Relaxed);
                    self.picture = Picture::Waiting;
                    self.wish();
                }
                Input::Next(Ok(burst)) => self.change(&burst).await,
                Input::Next(Err(RecvError::Lagged(_))) => {}
                Input::Burst(Err(RecvError::Closed)) | Input::Next(Err(RecvError::Closed)) => {
                    break;
                }
                Input::Status => self.reconsider(),
                Input::Pace => self.replay().await,
                Input::Stop => break,
            }
        }
        self.connection.close().await;
    }

    /// The layer to be on: the wanted one, or the other one while that is absent.
    fn best(&self) -> Layer {
        let status = self.feed.status();
        let layers = &status.borrow().layers;
        let current = self.now_on.as_ref().map(|t| t.layer);
        if layers.contains(&self.wanted) {
            return self.wanted;
        }
        layers.first().copied().or(current).unwrap_or(self.wanted)
    }

    fn join(&mut self) {
        if self.now_on.is_some() {
            return; // back after a silence; what was missed is repaired or wished for
        }
        self.join_on(self.best());
    }

    /// The viewer cannot go on: a browser is asked for a key frame. A camera makes one when it likes, so what it
    /// made since its last one is sent anew.
    fn refresh(&mut self) {
        let Some(tap) = &self.now_on else { return };
        let layer = tap.layer;
        if self.feed.spec().kind != FeedKind::Camera {
            self.feed.wish_key_frame(layer);
            return;
        }
        let is_early = |at: Instant| clock::now().saturating_duration_since(at) < WISH_AGAIN;
        if !self.replayed.is_some_and(is_early) {
            self.join_on(layer);
        }
    }

    fn join_on(&mut self, layer: Layer) {
        let joined = self.feed.join(layer);
        self.now_on = Some(Tap {
            layer,
            bursts_rx: joined.bursts,
        });
        if joined.recent.is_empty() {
            self.picture = Picture::Waiting;
            self.wish();
        } else {
            self.replayed = Some(clock::now());
            self.picture = Picture::Replaying {
                packets: joined.recent.into(),
                timestamp: None,
            };
        }
    }

    fn reconsider(&mut self) {
        let Some(now_on) = &self.now_on else { return };
        let best = self.best();
        if best == now_on.layer {
            self.next_on = None;
            return;
        }
        if self.next_on.as_ref().is_some_and(|t| t.layer == best) {
            return;
        }
        self.next_on = Some(Tap {
            layer: best,
            bursts_rx: self.feed.bursts(best),
        });
        self.feed.wish_key_frame(best);
    }

    fn wish(&mut self) {
        self.wished = Some(clock::now());
        if let Some(tap) = &self.now_on {
            self.feed.wish_key_frame(tap.layer);
        }
    }

    async fn pass(&mut self, packets: &[Arc<LivePacket>]) {
        for packet in packets {
            if packet.format.codec.track() == TrackKind::Video {
                match self.picture {
                    Picture::Waiting if !packet.key => continue,
                    Picture::Waiting => {
                        self.picture = Picture::Flowing;
                        self.source += 1;
                        self.wished = None;
                    }
                    Picture::Replaying { .. } | Picture::Flowing => {}
                }
            }
            self.put(packet, packet.key, packet.arrival);
        }
        self.connection.send().await;
    }

    /// Packets of the layer to change to: with its key frame the change is made.
    async fn change(&mut self, packets: &[Arc<LivePacket>]) {
        let Some(at) = packets.iter().position(|packet| packet.key) else {
            return;
        };
        self.now_on = self.next_on.take();
        self.picture = Picture::Waiting;
        self.pass(&packets[at..]).await;
    }

    /// Sends a few packets of the group that is replayed. Each picture gets the time at which it is
    /// sent, so the viewer shows it at once and is live when the group ends.
    async fn replay(&mut self) {
        for _ in 0..PER_PACE {
            let Picture::Replaying { packets, timestamp } = &mut self.picture else {
                break;
            };
            let Some(packet) = packets.pop_front() else {
                self.picture = Picture::Flowing;
                self.source += 1;
                break;
            };
            let own = packet.packet.header.timestamp;
            if timestamp.replace(own) != Some(own) {
                self.source += 1;
            }
            self.put(&packet, true, clock::now());
        }
        self.connection.send().await;
    }

    /// Numbers a packet and lays it out for sending.
    fn put(&mut self, packet: &LivePacket, key: bool, arrival: Instant) {
        let codec = packet.format.codec;
        if !self.connection.takes(codec) {
            return;
        }
        let kind = codec.track();
        let source = match kind {
            TrackKind::Video => (self.source, 0),
            // every layer numbers its sound for itself
            TrackKind::Audio => (self.now_on.as_ref().map_or(0, |t| t.layer as u64), 1),
        };
        // after a replay the live picture goes on without a key frame
        let key = key || matches!(self.picture, Picture::Flowing);
        let header = &packet.packet.header;
        let numbers =
            self.numbers
                .continue_with(Layer::Main, source, &packet.format, key, header, arrival);
        let Some((sequence_number, timestamp)) = numbers else {
            return;
        };
        let mut packet = packet.packet.clone();
        packet.header.sequence_number = sequence_number;
        packet.header.timestamp = timestamp;
        self.connection.put(codec, packet);
    }
}

async fn receive(tap: &mut Option<Tap>) -> Result<Burst, RecvError> {
    match tap {
        Some(tap) => tap.bursts_rx.recv().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
