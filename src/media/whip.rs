//! Owns what becomes of a publisher's packets (WHIP): to viewers as they come, to the recorder in
//! order and whole, on one clock; and what is told of the feed meanwhile.
//!
//! With simulcast the largest picture is [`Layer::Main`] and the smallest [`Layer::Small`]. Browsers
//! drop the largest when the network or the processor is short: then the small one is recorded until
//! the large one is back, because a small picture is not a gap.

use super::clock;
use super::continuity::Continuity;
use super::feed::{
    Codec, Feed, Format, KeyFrameWish, Layer, LivePacket, Liveness, TrackKind, Unit,
};
use super::h264::{self, Assembler};
use super::keyframes::KeyFrames;
use super::peer::{Connection, Heard, Stop, rtp};
use super::reorder::{Ordered, Reorder};
use super::timeline::{Timeline, TrackTime};
use crate::room::{self, FeedKind, SourceFault};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

/// How often holes, silence and counters are looked at.
const TICK: Duration = Duration::from_millis(50);
/// A face without a picture for this long is lost, though its workstation may be heard.
const SILENCE: Duration = Duration::from_secs(3);
/// A layer is gone when others went on without it for this long.
const LAYER_GONE: Duration = Duration::from_secs(1);

/// At least this lies between the pictures of two layers in a recording.
const TURN: Duration = Duration::from_millis(1);

/// One publisher of a feed.
#[derive(Debug)]
pub(crate) struct Publisher {
    feed: Feed,
    connection: Connection,
    continuity: Arc<Mutex<Continuity>>,
    generation: u64,
    /// Where earlier publishers came to on the feed's clock.
    floor: Duration,
    key_frames: KeyFrames,
    tracks: BTreeMap<u32, Track>,
    timeline: Timeline,
    /// The layer whose picture is recorded.
    recorded: Option<Layer>,
    /// Where the recorded picture came to on the feed's clock.
    recorded_to: Duration,
    simulcast: bool,
    bytes: u64,
    live: bool,
}

#[derive(Debug)]
struct Track {
    codec: Codec,
    rid: Option<String>,
    layer: Option<Layer>,
    size: Option<(u32, u32)>,
    window: Reorder<(rtp::Packet, Instant)>,
    assembler: Assembler,
    /// Whether pictures were lost, and no key frame has come since.
    torn: bool,
    time: TrackTime,
    format: Arc<Format>,
    seen: Instant,
}

impl Track {
    fn new(codec: Codec, rid: Option<String>, seen: Instant) -> Self {
        let format = format(codec, Bytes::new());
        let layer = (codec.track() == TrackKind::Audio).then_some(Layer::Main);
        Self {
            codec,
            rid,
            layer,
            size: None,
            window: Reorder::default(),
            assembler: Assembler::default(),
            torn: false,
            time: TrackTime::new(format.clock_rate),
            format,
            seen,
        }
    }

    fn is_video(&self) -> bool {
        self.codec.track() == TrackKind::Video
    }
}

fn format(codec: Codec, setup: Bytes) -> Arc<Format> {
    let (clock_rate, channels) = match codec {
        Codec::H264 | Codec::H265 => (90_000, 0),
        Codec::Opus | Codec::Aac => (48_000, 2),
        Codec::Pcma | Codec::Pcmu => (8_000, 1),
    };
    Arc::new(Format {
        codec,
        clock_rate,
        channels,
        setup,
    })
}

impl Publisher {
    pub(crate) fn new(
        feed: Feed,
        connection: Connection,
        continuity: Arc<Mutex<Continuity>>,
        simulcast: bool,
    ) -> Self {
        let (generation, floor) = continuity
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .begin();
        Self {
            feed,
            connection,
            continuity,
            generation,
            floor,
            key_frames: KeyFrames::default(),
            tracks: BTreeMap::new(),
            timeline: Timeline::default(),
            recorded: None,
            recorded_to: floor,
            simulcast,
            bytes: 0,
            live: false,
        }
    }

    /// Serves the publisher until it is gone or told to stop; then the feed is lost.
    pub(crate) async fn run(mut self, mut stop: Stop) {
        let mut wishes = self.feed.take_wishes();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let cause = loop {
            let now = clock::now();
            for layer in self.key_frames.take_due(now) {
                self.ask(layer).await;
            }
            let due = self.key_frames.next_due(now);
            tokio::select! {
                heard = self.connection.next() => if let Some(cause) = self.hear(heard) { break cause },
                wish = next_wish(&mut wishes) => self.key_frames.wish(wish.layer),
                () = sleep_until(due) => {}
                _ = tick.tick() => self.look_after(clock::now()),
                cause = stop.told() => break cause.into(),
            }
        };
        tracing::info!(feed = %self.feed.id(), %cause, "publisher ended");
        if let Some(wishes) = wishes {
            self.feed.return_wishes(wishes);
        }
        self.flush_bytes();
        let last = self
            .tracks
            .values()
            .map(|t| t.time.last())
            .max()
            .unwrap_or_default();
        self.continuity
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .reached(last);
        self.lose(cause);
        self.feed.update(|status| status.layers.clear());
        self.connection.close().await;
    }

    fn hear(&mut self, heard: Heard) -> Option<SourceFault> {
        match heard {
            Heard::Opened { ssrc, rid } => {
                if let Some(track) = self.tracks.get_mut(&ssrc) {
                    track.rid = rid;
                    self.assign_layers();
                } else if let Some(rid) = rid {
                    self.tracks
                        .insert(ssrc, Track::new(Codec::H264, Some(rid), clock::now()));
                }
                None
            }
            Heard::Packet { packet, arrival } => {
                self.take(packet, arrival);
                None
            }
            Heard::Clock { ssrc, ntp, rtp } => {
                if let Some(track) = self.tracks.get_mut(&ssrc) {
                    track.time.report(&mut self.timeline, ntp, rtp);
                }
                None
            }
            Heard::Up => {
                tracing::info!(feed = %self.feed.id(), "publisher connected");
                if self.feed.spec().kind == FeedKind::Screen && !self.tracks.is_empty() {
                    self.revive(clock::now());
                }
                None
            }
            Heard::Silent => {
                self.lose(SourceFault::WorkstationUnheard);
                None
            }
            Heard::KeyFrameWish => None,
            Heard::Gone(gone) => Some(gone.into()),
        }
    }

    async fn ask(&mut self, layer: Layer) {
        let wanted = self
            .tracks
            .iter()
            .find(|(_, t)| t.is_video() && t.layer == Some(layer));
        let any = || self.tracks.iter().find(|(_, t)| t.is_video());
        if let Some((&ssrc, _)) = wanted.or_else(any) {
            self.connection.ask_key_frame(ssrc).await;
        }
    }

    /// Takes a packet of the publisher: on to viewers, and into the window for the recorder.
    fn take(&mut self, packet: rtp::Packet, arrival: Instant) {
        let Some(codec) = self.connection.codec(packet.header.payload_type) else {
            return;
        };
        let ssrc = packet.header.ssrc;
        self.bytes += packet.payload.len() as u64;
        let known = self.tracks.get(&ssrc).is_some_and(|t| t.codec == codec);
        if !known {
            let rid = self.tracks.remove(&ssrc).and_then(|t| t.rid);
            self.tracks.insert(ssrc, Track::new(codec, rid, arrival));
            self.assign_layers();
        }
        let Some(track) = self.tracks.get_mut(&ssrc) else {
            return;
        };
        track.seen = arrival;
        let size = h264_size(codec, &packet.payload);
        if size.is_some() && size != track.size {
            track.size = size;
            self.assign_layers();
        }
        if !self.live && self.is_sign_of_life(codec) {
            self.revive(arrival);
        }
        self.forward(ssrc, codec, &packet, arrival);
        let Some(track) = self.tracks.get_mut(&ssrc) else {
            return;
        };
        let ordered = track
            .window
            .push(packet.header.sequence_number, arrival, (packet, arrival));
        self.store(ssrc, ordered);
    }

    /// Whether a packet of this codec shows that the feed lives.
    fn is_sign_of_life(&self, codec: Codec) -> bool {
        match self.feed.spec().kind {
            FeedKind::Face => {
                codec.track() == TrackKind::Video || !self.connection.has(TrackKind::Video)
            }
            FeedKind::Camera | FeedKind::Microphone | FeedKind::Screen | FeedKind::TalkBack => true,
        }
    }

    /// Gives a packet to viewers.
    fn forward(&self, ssrc: u32, codec: Codec, packet: &rtp::Packet, arrival: Instant) {
        let Some(track) = self.tracks.get(&ssrc) else {
            return;
        };
        let Some(layer) = track.layer else { return };
        let key = codec == Codec::H264 && h264::begins_key_frame(&packet.payload);
        let layers: &[Layer] = match (codec.track(), layer) {
            // sound comes with every layer
            (TrackKind::Audio, _) => &[Layer::Main, Layer::Small],
            (TrackKind::Video, Layer::Main) => &[Layer::Main],
            (TrackKind::Video, Layer::Small) => &[Layer::Small],
        };
        for &layer in layers {
            let source = (self.generation, ssrc);
            let continued = {
                let mut continuity = self
                    .continuity
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                continuity.continue_with(layer, source, &track.format, key, &packet.header, arrival)
            };
            let Some((sequence_number, timestamp)) = continued else {
                continue;
            };
            let mut packet = packet.clone();
            packet.header.sequence_number = sequence_number;
            packet.header.timestamp = timestamp;
            self.feed.publish_packet(
                layer,
                LivePacket {
                    format: track.format.clone(),
                    key,
                    arrival,
                    packet,
                },
            );
        }
    }

    /// Makes units of what is in order.
    fn store(&mut self, ssrc: u32, ordered: Vec<Ordered<(rtp::Packet, Instant)>>) {
        for item in ordered {
            let Some(track) = self.tracks.get_mut(&ssrc) else {
                return;
            };
            match item {
                Ordered::Lost(packets) => {
                    tracing::debug!(feed = %self.feed.id(), packets, "packets of the publisher lost");
                    track.assembler.lose();
                    track.torn = true;
                    if let Some(layer) = track.layer.filter(|_| track.is_video()) {
                        self.key_frames.wish(layer);
                    }
                }
                // a packet without a payload only probes the network
                Ordered::Next((packet, _)) if packet.payload.is_empty() => {}
                Ordered::Next((packet, arrival)) if track.is_video() => {
                    let header = &packet.header;
                    for unit in
                        track
                            .assembler
                            .push(header.timestamp, header.marker, &packet.payload)
                    {
                        self.store_picture(ssrc, unit, arrival);
                    }
                }
                Ordered::Next((packet, arrival)) => {
                    let at = track.time.place(
                        packet.header.timestamp,
                        self.feed.clock(arrival),
                        self.floor,
                    );
                    let format = track.format.clone();
                    self.feed.publish_unit(Unit {
                        format: format.clone(),
                        pts: at.pts,
                        dts: at.pts,
                        arrival,
                        rtp: packet.header.timestamp,
                        ntp: at.ntp,
                        key: true,
                        data: packet.payload,
                    });
                    self.tell_format(&format, None);
                }
            }
        }
    }

    fn store_picture(&mut self, ssrc: u32, unit: Option<h264::AccessUnit>, arrival: Instant) {
        let Some(track) = self.tracks.get_mut(&ssrc) else {
            return;
        };
        let Some(layer) = track.layer else { return };
        track.torn = unit.as_ref().is_none_or(|unit| track.torn && !unit.key);
        let torn = track.torn;
        let is_due = self.recorded != Some(layer) && self.should_record(layer, arrival);
        // the last wish may have been lost on its way, or a picture's beginning before anything was seen of it
        if torn || is_due && unit.as_ref().is_some_and(|unit| !unit.key) {
            self.key_frames.wish(layer);
        }
        let Some(unit) = unit else { return };
        let turns = unit.key && is_due;
        let Some(track) = self.tracks.get_mut(&ssrc) else {
            return;
        };
        let floor = if turns {
            self.recorded_to + TURN
        } else {
            self.floor
        };
        let at = track.time.place(unit.rtp, self.feed.clock(arrival), floor);
        if unit.key {
            let setup = track.assembler.parameter_sets();
            if track.format.setup != setup {
                track.format = format(Codec::H264, setup);
                track.size = h264::picture_size(track.assembler.sps());
            }
        }
        let (format, size, rtp) = (track.format.clone(), track.size, unit.rtp);
        if turns {
            self.recorded = Some(layer);
        }
        let (pts, ntp) = (at.pts, at.ntp);
        let unit = Unit {
            format: format.clone(),
            pts,
            dts: pts,
            arrival,
            rtp,
            ntp,
            key: unit.key,
            data: unit.data,
        };
        if layer == Layer::Small {
            self.feed.publish_small_unit(unit.clone());
        }
        if self.recorded != Some(layer) {
            return;
        }
        self.recorded_to = pts;
        self.feed.publish_unit(unit);
        self.tell_format(&format, size);
    }

    /// Whether a key frame of this layer makes it the recorded one.
    fn should_record(&self, layer: Layer, now: Instant) -> bool {
        match self.recorded {
            None | Some(Layer::Small) => true,
            Some(Layer::Main) => layer == Layer::Main || !self.is_there(Layer::Main, now),
        }
    }

    /// Whether a layer's picture comes, compared with the others: a static screen is not gone.
    fn is_there(&self, layer: Layer, now: Instant) -> bool {
        let videos = || self.tracks.values().filter(|t| t.is_video());
        let newest = videos().map(|t| t.seen).max().unwrap_or(now);
        videos().any(|t| t.layer == Some(layer) && newest.duration_since(t.seen) < LAYER_GONE)
    }

    /// Which layer each picture is. By size where both are known, else by the usual names.
    fn assign_layers(&mut self) {
        let before: Vec<(u32, Option<Layer>)> =
            self.tracks.iter().map(|(s, t)| (*s, t.layer)).collect();
        let mut videos: Vec<&mut Track> =
            self.tracks.values_mut().filter(|t| t.is_video()).collect();
        let sized = videos.iter().all(|t| t.size.is_some());
        if videos.len() > 1 && sized {
            videos.sort_by_key(|t| t.size.map(|(w, h)| u64::from(w) * u64::from(h)));
        } else {
            videos.sort_by_key(|t| !t.rid.as_deref().is_some_and(is_small_name));
        }
        let count = videos.len();
        for (index, track) in videos.into_iter().enumerate() {
            track.layer = match (count, index) {
                (1, _) if self.simulcast && track.rid.as_deref().is_some_and(is_small_name) => {
                    Some(Layer::Small)
                }
                (1, _) => Some(Layer::Main),
                (_, 0) => Some(Layer::Small),
                (count, index) if index == count - 1 => Some(Layer::Main),
                _ => None,
            };
        }
        let moved = before.iter().any(|(ssrc, layer)| {
            layer.is_some()
                && self
                    .tracks
                    .get(ssrc)
                    .is_some_and(|t| t.is_video() && t.layer != *layer)
        });
        if moved {
            self.key_frames.wish(Layer::Main);
            self.key_frames.wish(Layer::Small);
        }
        self.tell_layers();
    }

    fn tell_layers(&self) {
        let now = clock::now();
        let mut layers: Vec<Layer> = [Layer::Main, Layer::Small]
            .into_iter()
            .filter(|l| self.is_there(*l, now))
            .collect();
        if layers.is_empty() && !self.connection.has(TrackKind::Video) {
            layers.push(Layer::Main);
        }
        self.feed.update(|status| status.layers = layers);
    }

    fn tell_format(&self, format: &Arc<Format>, size: Option<(u32, u32)>) {
        let kind = format.codec.track();
        let status = self.feed.status();
        let is_told = {
            let status = status.borrow();
            status
                .formats
                .get(&kind)
                .is_some_and(|f| Arc::ptr_eq(f, format))
        };
        if !is_told {
            self.feed.update(|status| {
                status.formats.insert(kind, format.clone());
                if size.is_some() {
                    status.size = size;
                }
            });
        }
    }

    fn look_after(&mut self, now: Instant) {
        let ssrcs: Vec<u32> = self.tracks.keys().copied().collect();
        for ssrc in ssrcs {
            let Some(track) = self.tracks.get_mut(&ssrc) else {
                continue;
            };
            let expired = track.window.expire(now);
            self.store(ssrc, expired);
        }
        self.flush_bytes();
        if self.simulcast {
            self.tell_layers();
            if self.recorded == Some(Layer::Main) && !self.is_there(Layer::Main, now) {
                self.key_frames.wish(Layer::Small);
            }
        }
        let is_watched =
            self.feed.spec().kind == FeedKind::Face && self.connection.has(TrackKind::Video);
        let newest = self
            .tracks
            .values()
            .filter(|t| t.is_video())
            .map(|t| t.seen)
            .max();
        if self.live && is_watched && newest.is_none_or(|seen| now.duration_since(seen) > SILENCE) {
            let after = newest
                .map_or(SILENCE, |seen| now.duration_since(seen))
                .into();
            self.lose(SourceFault::Stalled {
                track: room::Track::Video,
                after,
            });
        }
    }

    fn flush_bytes(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.feed.update(|status| status.bytes += bytes);
        }
    }

    fn revive(&mut self, since: Instant) {
        self.live = true;
        let kinds = [TrackKind::Video, TrackKind::Audio].into_iter();
        let promised = kinds.filter(|kind| self.connection.has(*kind)).collect();
        self.feed.update(|status| {
            status.promised = promised;
            status.liveness = Liveness::Live { since };
        });
    }

    fn lose(&mut self, cause: SourceFault) {
        if !std::mem::take(&mut self.live) {
            return;
        }
        let lost = Liveness::Lost {
            since: clock::now(),
            cause,
            now: None,
        };
        self.feed.update(|status| status.liveness = lost);
    }
}

fn is_small_name(rid: &str) -> bool {
    matches!(rid, "l" | "q" | "lo" | "low" | "s" | "small" | "0")
}

fn h264_size(codec: Codec, payload: &[u8]) -> Option<(u32, u32)> {
    let sps = (codec == Codec::H264)
        .then(|| h264::sps_in(payload))
        .flatten()?;
    h264::picture_size(sps)
}

async fn next_wish(wishes: &mut Option<mpsc::Receiver<KeyFrameWish>>) -> KeyFrameWish {
    let wish = match wishes {
        Some(wishes) => wishes.recv().await,
        None => None,
    };
    match wish {
        Some(wish) => wish,
        None => std::future::pending().await,
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
