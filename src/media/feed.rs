//! Owns one live source inside the box: what it carries, who listens, whether it lives.
//!
//! A source (camera, workstation) publishes into its [`Feed`]; the recorder takes *units*, viewers take
//! *packets*. Neither knows of the other, and a slow listener loses only its own: a lagging viewer
//! counts a drop and asks for a key frame, a lagging recorder reports a gap.

use super::clock;
use super::peer::rtp;
use crate::room::{FeedId, FeedKind, FeedSpec, SourceFault, Track};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, mpsc, watch};

/// Bursts a viewer may lag behind before it loses some (about 3 s of a feed with sound).
const BURSTS_KEPT: usize = 256;
/// Most packets of a picture that wait for the rest of it: a key frame must not leave all at once.
const BURST: usize = 16;
/// How long a picture's first packet waits for the last one: a sender that paces is not held up.
const BURST_TIME: Duration = Duration::from_millis(5);
/// Units a recorder may lag behind before that is a gap (about 20 s of picture and sound).
const UNITS_KEPT: usize = 2048;
/// Small pictures that detectors may lag behind before they lose some (5 s of 25 a second).
const SMALL_UNITS_KEPT: usize = 128;
/// Key-frame wishes waiting at a source; more at once are the same wish.
const WISHES_KEPT: usize = 16;
/// Packets of the current group of pictures kept for whoever joins. A longer group (about 12 s of a
/// 2 Mbit/s camera) is not worth replaying: its viewers wait for the next key frame.
const RECENT_KEPT: usize = 3000;
/// How old a camera's group may be: it makes key frames when it likes.
const CAMERA_GROUP: Duration = Duration::from_secs(12);
/// How old a browser's group may be: it makes a key frame when asked, but not twice in 300 ms.
const BROWSER_GROUP: Duration = Duration::from_millis(600);

/// Picture or sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackKind {
    /// Picture.
    Video,
    /// Sound.
    Audio,
}

impl From<TrackKind> for Track {
    fn from(kind: TrackKind) -> Self {
        match kind {
            TrackKind::Video => Track::Video,
            TrackKind::Audio => Track::Audio,
        }
    }
}

/// The two sizes a picture comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Full size: recorded, and shown enlarged.
    Main,
    /// Small: the wall's tiles. A camera's sub stream, a workstation's low simulcast layer.
    Small,
}

/// How a track is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264, units in Annex B with parameter sets before each key frame.
    H264,
    /// H.265, units in Annex B with parameter sets before each key frame. No browser shows it.
    H265,
    /// Opus packets.
    Opus,
    /// Raw AAC frames (no ADTS).
    Aac,
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
}

impl Codec {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Codec::H264 => "H.264",
            Codec::H265 => "H.265",
            Codec::Opus => "Opus",
            Codec::Aac => "AAC",
            Codec::Pcma => "G.711 A",
            Codec::Pcmu => "G.711 µ",
        }
    }

    /// Whether browsers take it over WebRTC as it is.
    pub fn is_live(self) -> bool {
        match self {
            Codec::H264 | Codec::Opus | Codec::Pcma | Codec::Pcmu => true,
            Codec::H265 | Codec::Aac => false,
        }
    }

    /// Picture or sound.
    pub fn track(self) -> TrackKind {
        match self {
            Codec::H264 | Codec::H265 => TrackKind::Video,
            Codec::Opus | Codec::Aac | Codec::Pcma | Codec::Pcmu => TrackKind::Audio,
        }
    }
}

/// What must be known to store or decode a track. A change of it starts a new segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// The codec.
    pub codec: Codec,
    /// RTP clock rate in Hz (90,000 for pictures; the sample rate for sound).
    pub clock_rate: u32,
    /// Channels of sound; 0 for pictures.
    pub channels: u8,
    /// Out-of-band set-up: AAC's AudioSpecificConfig; H.264/H.265 parameter sets in Annex B. May be empty.
    pub setup: Bytes,
}

/// One coded picture or sound packet, as the recorder stores it.
#[derive(Debug, Clone)]
pub struct Unit {
    /// How it is coded.
    pub format: Arc<Format>,
    /// Presentation time on the feed's own clock. Both tracks of a feed share it, and it never runs
    /// backwards over a reconnect; B-frames make it differ from arrival order.
    pub pts: Duration,
    /// Decoding time on the same clock; differs from `pts` only with B-frames.
    pub dts: Duration,
    /// When its last packet arrived.
    pub arrival: Instant,
    /// RTP timestamp as sent, unaltered.
    pub rtp: u32,
    /// The sender's NTP time in ns since 1900, where RTCP told it.
    pub ntp: Option<u64>,
    /// Whether decoding can begin here.
    pub key: bool,
    /// The coded bytes.
    pub data: Bytes,
}

/// One RTP packet for viewers, as it came from the source (SSRC and payload type are rewritten per viewer).
#[derive(Debug, Clone)]
pub struct LivePacket {
    /// How it is coded; never one for which [`Codec::is_live`] is false.
    pub format: Arc<Format>,
    /// Whether this packet begins a key frame (parameter sets or IDR).
    pub key: bool,
    /// When it arrived.
    pub arrival: Instant,
    /// The packet, with a continuous sequence number and timestamp within this feed and layer.
    pub packet: rtp::Packet,
}

/// Whether a feed lives, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing has come yet.
    Absent,
    /// Units arrive.
    Live {
        /// Since when.
        since: Instant,
    },
    /// Units came, and stopped.
    Lost {
        /// Since when.
        since: Instant,
        /// What ended it.
        cause: SourceFault,
        /// What stands in the way of its return now, where that is something else.
        now: Option<SourceFault>,
    },
}

/// What can be wrong with a feed that lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Its picture, while it lives by its sound.
    Picture,
    /// Its sound, while it lives by its picture.
    Sound,
    /// A camera's sub stream.
    SmallPicture,
    /// The clock by which it stamps what it sends.
    Clock,
}

impl From<TrackKind> for Aspect {
    fn from(kind: TrackKind) -> Self {
        match kind {
            TrackKind::Video => Aspect::Picture,
            TrackKind::Audio => Aspect::Sound,
        }
    }
}

/// What a feed's source tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedStatus {
    /// Whether it lives.
    pub liveness: Liveness,
    /// The tracks that the source has said it sends; some may never come.
    pub promised: BTreeSet<TrackKind>,
    /// The formats seen, by track.
    pub formats: BTreeMap<TrackKind, Arc<Format>>,
    /// What is wrong with it while it lives.
    pub troubles: BTreeMap<Aspect, SourceFault>,
    /// The layers that viewers can have now, in order. Where the one they want is missing they take the
    /// other: a camera whose main stream is H.265 has `Small` only, one without sub stream `Main` only.
    pub layers: Vec<Layer>,
    /// Picture size in pixels, where known.
    pub size: Option<(u32, u32)>,
    /// Received bytes so far, all layers.
    pub bytes: u64,
}

impl FeedStatus {
    /// Whether a browser can show it now; of what has no picture, whether it can be heard.
    pub fn is_showable(&self) -> bool {
        let has_picture = self.formats.contains_key(&TrackKind::Video);
        !self.layers.is_empty() || !has_picture && !self.formats.is_empty()
    }

    /// What is wrong with the source at this moment.
    pub fn fault(&self) -> Option<&SourceFault> {
        match &self.liveness {
            Liveness::Absent => None,
            Liveness::Lost { cause, now, .. } => Some(now.as_ref().unwrap_or(cause)),
            Liveness::Live { .. } => self.troubles.values().next(),
        }
    }
}

/// A wish for a key frame, told to the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFrameWish {
    /// Which layer.
    pub layer: Layer,
}

/// One live source. Cheap to clone; all clones are the same feed.
#[derive(Clone)]
pub struct Feed {
    inner: Arc<Inner>,
}

struct Inner {
    spec: FeedSpec,
    units: broadcast::Sender<Arc<Unit>>,
    small_units: broadcast::Sender<Arc<Unit>>,
    opened: Instant,
    main: Fan,
    small: Fan,
    status: watch::Sender<FeedStatus>,
    wishes_tx: mpsc::Sender<KeyFrameWish>,
    wishes_rx: Mutex<Option<mpsc::Receiver<KeyFrameWish>>>,
}

/// Packets that go to viewers together: those of one picture, and of the sound that comes with it.
/// Waking every viewer for each packet would cost more than sending it.
pub type Burst = Arc<[Arc<LivePacket>]>;

/// A layer's packets on their way to viewers, and what a joining viewer needs of the past.
struct Fan {
    bursts_tx: broadcast::Sender<Burst>,
    held: Mutex<Held>,
    group: Duration,
}

#[derive(Default)]
struct Held {
    /// Pictures from the last key frame on, while they span no more than the fan's `group`.
    recent: Vec<Arc<LivePacket>>,
    /// A picture whose last packet has not come.
    begun: Vec<Arc<LivePacket>>,
    /// Sequence number of the last packet of a picture.
    last: u16,
}

impl Held {
    /// Whether what has begun leaves with this packet: the picture is whole (its last packet is marked,
    /// RFC 6184, 5.1) or has waited enough; the packet repairs an earlier one; it is sound.
    fn leaves_with(&mut self, packet: &LivePacket) -> bool {
        if packet.format.codec.track() == TrackKind::Audio {
            return true;
        }
        let header = &packet.packet.header;
        let is_next = header.sequence_number == self.last.wrapping_add(1);
        self.last = header.sequence_number;
        let waited = self
            .begun
            .first()
            .map(|first| packet.arrival.saturating_duration_since(first.arrival));
        header.marker
            || !is_next
            || self.begun.len() + 1 >= BURST
            || waited.is_some_and(|waited| waited >= BURST_TIME)
    }

    fn remember(&mut self, packet: &Arc<LivePacket>, group: Duration) {
        let recent = &mut self.recent;
        let first = recent.first();
        // parameter sets and the IDR behind them are one picture: same timestamp, no new start
        let timestamp = packet.packet.header.timestamp;
        let starts = packet.key && first.is_none_or(|f| f.packet.header.timestamp != timestamp);
        let is_long =
            first.is_some_and(|f| packet.arrival.saturating_duration_since(f.arrival) > group);
        if starts || is_long || recent.len() >= RECENT_KEPT {
            recent.clear();
        }
        if starts || !recent.is_empty() {
            // retransmissions come late; a joining viewer gets all in order
            let number = packet.packet.header.sequence_number;
            let is_before =
                |p: &Arc<LivePacket>| number.wrapping_sub(p.packet.header.sequence_number) < 0x8000;
            let place = recent.iter().rposition(is_before).map_or(0, |at| at + 1);
            recent.insert(place, packet.clone());
        }
    }
}

impl Fan {
    fn new(group: Duration) -> Self {
        Self {
            bursts_tx: broadcast::Sender::new(BURSTS_KEPT),
            held: Mutex::default(),
            group,
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, packet: Arc<LivePacket>) {
        let mut held = self.held();
        if packet.format.codec.track() == TrackKind::Video {
            held.remember(&packet, self.group);
        }
        let leaves = held.leaves_with(&packet);
        held.begun.push(packet);
        if leaves {
            self.send(&mut held);
        }
    }

    fn send(&self, held: &mut Held) {
        if !held.begun.is_empty() {
            // nobody watching is a lawful state, not an error
            let _ = self.bursts_tx.send(held.begun.drain(..).collect());
        }
    }

    fn join(&self) -> Joined {
        let mut held = self.held();
        self.send(&mut held);
        Joined {
            recent: held.recent.clone(),
            bursts: self.bursts_tx.subscribe(),
        }
    }

    /// An old picture must not look like a live one to whoever joins now.
    fn forget(&self) {
        let mut held = self.held();
        self.send(&mut held);
        held.recent.clear();
    }
}

/// What a viewer gets that joins a layer: no packet is in both parts, none is missing between them.
#[derive(Debug)]
pub struct Joined {
    /// The picture since the last key frame; empty when that is long ago, or the source is lost.
    pub recent: Vec<Arc<LivePacket>>,
    /// All packets from now on, both tracks.
    pub bursts: broadcast::Receiver<Burst>,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("id", &self.inner.spec.id)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// A feed with nothing in it yet.
    pub fn new(spec: FeedSpec) -> Self {
        let (wishes_tx, wishes_rx) = mpsc::channel(WISHES_KEPT);
        let status = FeedStatus {
            liveness: Liveness::Absent,
            promised: BTreeSet::new(),
            formats: BTreeMap::new(),
            troubles: BTreeMap::new(),
            layers: Vec::new(),
            size: None,
            bytes: 0,
        };
        let group = match spec.kind {
            FeedKind::Camera | FeedKind::Microphone => CAMERA_GROUP,
            FeedKind::Face | FeedKind::Screen | FeedKind::TalkBack => BROWSER_GROUP,
        };
        Self {
            inner: Arc::new(Inner {
                spec,
                units: broadcast::Sender::new(UNITS_KEPT),
                small_units: broadcast::Sender::new(SMALL_UNITS_KEPT),
                opened: clock::now(),
                main: Fan::new(group),
                small: Fan::new(group),
                status: watch::Sender::new(status),
                wishes_tx,
                wishes_rx: Mutex::new(Some(wishes_rx)),
            }),
        }
    }

    /// What the feed is.
    pub fn spec(&self) -> &FeedSpec {
        &self.inner.spec
    }

    /// Its id.
    pub fn id(&self) -> &FeedId {
        &self.inner.spec.id
    }

    /// Gives a unit to whoever records.
    pub fn publish_unit(&self, unit: Unit) {
        // nobody recording is a lawful state, not an error
        let _ = self.inner.units.send(Arc::new(unit));
    }

    /// Gives a picture of the small layer to whoever judges it; it is not what is recorded.
    pub fn publish_small_unit(&self, unit: Unit) {
        if self.inner.small_units.receiver_count() > 0 {
            let _ = self.inner.small_units.send(Arc::new(unit));
        }
    }

    /// Gives a packet to whoever watches.
    pub fn publish_packet(&self, layer: Layer, packet: LivePacket) {
        self.fan(layer).publish(Arc::new(packet));
    }

    /// Where a moment lies on the feed's own clock, which starts when the feed is made and never stops.
    pub fn clock(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.inner.opened)
    }

    /// All units from now on.
    pub fn units(&self) -> broadcast::Receiver<Arc<Unit>> {
        self.inner.units.subscribe()
    }

    /// All pictures of the small layer from now on.
    pub fn small_units(&self) -> broadcast::Receiver<Arc<Unit>> {
        self.inner.small_units.subscribe()
    }

    /// All packets of a layer from now on, both tracks. Sound comes with every layer.
    pub fn bursts(&self, layer: Layer) -> broadcast::Receiver<Burst> {
        self.fan(layer).bursts_tx.subscribe()
    }

    /// All packets of a layer from now on, and before them the current group of pictures, if it is short.
    pub fn join(&self, layer: Layer) -> Joined {
        self.fan(layer).join()
    }

    /// How many watch a layer.
    pub fn viewers(&self, layer: Layer) -> usize {
        self.fan(layer).bursts_tx.receiver_count()
    }

    /// The feed's state, and its changes.
    pub fn status(&self) -> watch::Receiver<FeedStatus> {
        self.inner.status.subscribe()
    }

    /// Changes the state; for sources only. Listeners wake only when something but `bytes` changed.
    pub fn update(&self, change: impl FnOnce(&mut FeedStatus)) {
        let mut is_lost = false;
        self.inner.status.send_if_modified(|status| {
            let before = FeedStatus {
                bytes: 0,
                ..status.clone()
            };
            change(status);
            is_lost = matches!(status.liveness, Liveness::Lost { .. });
            before
                != FeedStatus {
                    bytes: 0,
                    ..status.clone()
                }
        });
        if is_lost {
            self.inner.main.forget();
            self.inner.small.forget();
        }
    }

    /// Asks the source for a key frame. Many wishes at once become one.
    pub fn wish_key_frame(&self, layer: Layer) {
        // full means that wishes wait already, and one answer serves all
        let _ = self.inner.wishes_tx.try_send(KeyFrameWish { layer });
    }

    /// The wishes, for the one source that serves this feed; none if they were taken.
    pub fn take_wishes(&self) -> Option<mpsc::Receiver<KeyFrameWish>> {
        self.inner
            .wishes_rx
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Whether a source serves this feed now: it has taken the wishes.
    pub fn is_served(&self) -> bool {
        self.inner
            .wishes_rx
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// Gives the wishes back when a source ends, so that the next one serves them.
    pub fn return_wishes(&self, wishes: mpsc::Receiver<KeyFrameWish>) {
        *self
            .inner
            .wishes_rx
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(wishes);
    }

    fn fan(&self, layer: Layer) -> &Fan {
        match layer {
            Layer::Main => &self.inner.main,
            Layer::Small => &self.inner.small,
        }
    }
}

/// All feeds of the room, made once from the profile.
#[derive(Debug, Clone)]
pub struct Feeds {
    feeds: Arc<BTreeMap<FeedId, Feed>>,
}

impl Feeds {
    /// One feed for each of the profile's.
    pub fn new(specs: &[FeedSpec]) -> Self {
        let feeds = specs
            .iter()
            .map(|spec| (spec.id.clone(), Feed::new(spec.clone())))
            .collect();
        Self {
            feeds: Arc::new(feeds),
        }
    }

    /// The feed of that id.
    pub fn get(&self, id: &FeedId) -> Option<&Feed> {
        self.feeds.get(id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Feed> {
        self.feeds.values()
    }
}
