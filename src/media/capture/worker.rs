//! Owns the life of a source: connect, publish, watch over, name the loss, come back.

use super::fault::Fault;
use super::live::{Packets, is_showable};
use super::local::{self, Local};
use super::opus::Transcoder;
use super::pipeline::{Output, Pipeline, Port, Raw};
use super::rtsp::{self, Wanted};
use super::source::{RtspSource, Source};
use super::timeline::Timeline;
use super::watchdog::{Health, Watchdog};
use crate::media::feed::{Codec, Feed, KeyFrameWish, Layer, Liveness, TrackKind, Unit};
use crate::room::FeedKind;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

/// Pauses before connecting anew, by how often it failed in a row; the last one for ever.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
];
/// Cameras lock out an address that signs in wrongly too often.
const PAUSE_AFTER_WRONG_CREDENTIALS: Duration = Duration::from_secs(15);
/// How often the tracks are judged and the bytes counted.
const TICK: Duration = Duration::from_millis(250);
/// How often at most the picture is interrupted to bring the sound back.
const SOUND_RETRY: Duration = Duration::from_secs(300);

/// Publishes a source into its feed for ever: whatever fails is named in the feed's status and tried anew.
/// It ends when it is dropped. Needs a Tokio runtime.
pub async fn run(feed: Feed, source: Source) -> Infallible {
    let wishes = Wishes::of(&feed);
    match source {
        Source::Rtsp { main, sub } => {
            let main = Capture::new(&feed, Input::Rtsp(main, Wanted::All), Layer::Main).run(wishes);
            match sub {
                None => main.await,
                Some(sub) => {
                    let sub =
                        Capture::new(&feed, Input::Rtsp(sub, Wanted::PictureOnly), Layer::Small);
                    tokio::select! { never = main => never, never = sub.run(Wishes::none(&feed)) => never }
                }
            }
        }
        Source::V4l2 { camera, sound } => {
            let input = Input::Local(local::v4l2(&camera, sound.as_ref()));
            Capture::new(&feed, input, Layer::Main).run(wishes).await
        }
        Source::Alsa(device) => {
            Capture::new(&feed, Input::Local(local::alsa(&device)), Layer::Main)
                .run(wishes)
                .await
        }
        Source::Test(pattern) => {
            Capture::new(&feed, Input::Local(local::test(pattern)), Layer::Main)
                .run(wishes)
                .await
        }
    }
}

/// What to connect to.
#[derive(Debug, Clone)]
pub(super) enum Input {
    Rtsp(RtspSource, Wanted),
    Local(Local),
}

impl Input {
    pub(super) async fn open(&self) -> Result<Pipeline, Fault> {
        match self.clone() {
            Input::Rtsp(stream, wanted) => {
                rtsp::reach(&stream.url).await?;
                Pipeline::start(move |pipeline, reporter| {
                    rtsp::build(pipeline, reporter, &stream, wanted)
                })
                .await
            }
            Input::Local(local) => {
                Pipeline::start(move |pipeline, reporter| local.build(pipeline, reporter)).await
            }
        }
    }
}

/// Something that happens to a connected source.
enum Event {
    Unit(Box<Raw>),
    Ended(Fault),
    Wish(KeyFrameWish),
    Tick,
}

/// One stream of a source.
struct Capture<'a> {
    feed: &'a Feed,
    input: Input,
    /// What the stream is for: `Main` is the recorded one, by which the feed lives.
    role: Layer,
    required: TrackKind,
    picture: Track,
    small: Track,
    sound: Track,
    transcoder: Transcoder,
    sound_retried: Option<Instant>,
    /// Received, not yet told.
    bytes: u64,
}

#[derive(Debug, Default)]
struct Track {
    timeline: Timeline,
    packets: Arc<Mutex<Packets>>,
}

impl<'a> Capture<'a> {
    fn new(feed: &'a Feed, input: Input, role: Layer) -> Self {
        let required = match feed.spec().kind {
            FeedKind::Microphone | FeedKind::TalkBack => TrackKind::Audio,
            FeedKind::Camera | FeedKind::Face | FeedKind::Screen => TrackKind::Video,
        };
        let sound = Track::default();
        let transcoder = Transcoder::new(feed.clone(), sound.packets.clone());
        Self {
            feed,
            input,
            role,
            required,
            picture: Track::default(),
            small: Track::default(),
            sound,
            transcoder,
            sound_retried: None,
            bytes: 0,
        }
    }

    async fn run(mut self, mut wishes: Wishes) -> Infallible {
        let mut failures = 0;
        loop {
            let mut lived = false;
            let fault = self.run_once(&mut wishes, &mut lived).await;
            if lived {
                failures = 0;
            }
            self.lost(&fault);
            let pause = match fault {
                Fault::WrongCredentials => PAUSE_AFTER_WRONG_CREDENTIALS,
                Fault::Unresolved { .. }
                | Fault::Refused { .. }
                | Fault::NoAnswer { .. }
                | Fault::Unreachable { .. }
                | Fault::NoSuchStream
                | Fault::Protocol(_)
                | Fault::Unanswered
                | Fault::Closed
                | Fault::NothingUsable
                | Fault::NeverCame { .. }
                | Fault::Stalled { .. }
                | Fault::CodecChanged
                | Fault::Device(_)
                | Fault::Pipeline(_) => PAUSES[failures.min(PAUSES.len() - 1)],
            };
            failures += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// One connection, from its beginning to the fault that ended it. `lived` tells whether units came.
    async fn run_once(&mut self, wishes: &mut Wishes, lived: &mut bool) -> Fault {
        let mut pipeline = match self.input.open().await {
            Ok(pipeline) => pipeline,
            Err(fault) => return fault,
        };
        for track in [&mut self.picture, &mut self.small, &mut self.sound] {
            track.timeline.reconnected();
        }
        let mut watchdog = Watchdog::new(Instant::now(), self.required);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let event = tokio::select! {
                output = pipeline.next() => match output {
                    Output::Unit(raw) => Event::Unit(raw),
                    Output::Ended(fault) => Event::Ended(fault),
                },
                wish = wishes.next() => Event::Wish(wish),
                _ = ticks.tick() => Event::Tick,
            };
            match event {
                Event::Unit(raw) => {
                    watchdog.saw(raw.format.codec.track(), Instant::now());
                    *lived |= raw.format.codec.track() == self.required;
                    self.publish(*raw);
                }
                Event::Ended(fault) => return fault,
                Event::Wish(wish) => pipeline.force_key_frame(match wish.layer {
                    Layer::Main => Port::Picture,
                    Layer::Small => Port::SmallPicture,
                }),
                Event::Tick => {
                    self.tell_bytes();
                    if let Some(fault) = self.judge(&watchdog, &pipeline) {
                        return fault;
                    }
                }
            }
        }
    }

    /// The fault for which to connect anew, if there is one.
    fn judge(&mut self, watchdog: &Watchdog, pipeline: &Pipeline) -> Option<Fault> {
        let now = Instant::now();
        match watchdog.judge(now, &pipeline.announced()) {
            Health::Fine => None,
            Health::Lost(fault) => Some(fault),
            Health::Without { track, came, fault } => {
                let long_ago = |at| now.saturating_duration_since(at) > SOUND_RETRY;
                if came && self.sound_retried.is_none_or(long_ago) {
                    self.sound_retried = Some(now);
                    return Some(fault);
                }
                let mut told = false;
                self.feed
                    .update(|status| told = !status.missing.insert(track));
                if !told {
                    tracing::warn!(feed = %self.feed.id(), %fault, "goes on without it");
                }
                None
            }
        }
    }

    fn publish(&mut self, raw: Raw) {
        self.bytes += raw.data.len() as u64;
        let kind = raw.format.codec.track();
        let (layer, recorded) = match (self.role, raw.port) {
            (Layer::Main, Port::Picture | Port::Sound) => (Layer::Main, true),
            (Layer::Main, Port::SmallPicture) | (Layer::Small, _) => (Layer::Small, false),
        };
        let track = match raw.port {
            Port::Picture => &mut self.picture,
            Port::SmallPicture => &mut self.small,
            Port::Sound => &mut self.sound,
        };
        let times = track.timeline.next(raw.pts, kind == TrackKind::Video);
        let unit = Unit {
            format: raw.format,
            pts: times.pts,
            dts: times.dts,
            arrival: raw.arrival,
            rtp: raw.rtp,
            ntp: raw.ntp,
            key: raw.key,
            data: raw.data,
        };
        let showable = is_showable(&unit.format) && !track.timeline.reorders();
        if showable {
            let packets = track
                .packets
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .of(&unit, &raw.nals);
            for packet in packets {
                // sound comes with every layer
                if kind == TrackKind::Audio {
                    self.feed.publish_packet(Layer::Small, packet.clone());
                }
                self.feed.publish_packet(layer, packet);
            }
        } else if unit.format.codec == Codec::Aac {
            self.transcoder.take(&unit);
        }
        let shows_layer = match kind {
            TrackKind::Video => Some(showable),
            // a microphone's only layer
            TrackKind::Audio => (self.required == TrackKind::Audio).then_some(true),
        };
        self.tell(&unit, recorded, layer, shows_layer, raw.size);
        if recorded {
            self.feed.publish_unit(unit);
        }
    }

    /// Tells what a unit shows of the feed; silent where nothing changed.
    fn tell(
        &self,
        unit: &Unit,
        recorded: bool,
        layer: Layer,
        shows: Option<bool>,
        size: Option<(u32, u32)>,
    ) {
        let kind = unit.format.codec.track();
        let lives = recorded && kind == self.required;
        let status = self.feed.status();
        let known = {
            let status = status.borrow();
            let live = matches!(status.liveness, Liveness::Live { .. }) || !lives;
            let layers = shows.is_none_or(|shows| status.layers.contains(&layer) == shows);
            let formats = !recorded
                || (status.formats.get(&kind) == Some(&unit.format)
                    && !status.missing.contains(&kind)
                    && (size.is_none() || status.size == size));
            live && layers && formats
        };
        if known {
            return;
        }
        self.feed.update(|status| {
            if lives && !matches!(status.liveness, Liveness::Live { .. }) {
                status.liveness = Liveness::Live {
                    since: unit.arrival,
                };
                tracing::info!(feed = %self.feed.id(), codec = ?unit.format.codec, "live");
            }
            if recorded {
                status.formats.insert(kind, unit.format.clone());
                status.missing.remove(&kind);
                status.size = size.or(status.size);
            }
            if let Some(shows) = shows {
                status.layers.retain(|&l| l != layer);
                if shows {
                    status.layers.push(layer);
                    status.layers.sort();
                }
            }
        });
    }

    fn tell_bytes(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.feed.update(|status| status.bytes += bytes);
        }
    }

    fn lost(&mut self, fault: &Fault) {
        self.tell_bytes();
        let now = Instant::now();
        let cause = fault.to_string();
        let role = self.role;
        let local = matches!(self.input, Input::Local(_));
        let mut told = false;
        self.feed.update(|status| {
            status.layers.retain(|&layer| layer != role && !local);
            if role == Layer::Small {
                return;
            }
            let since = match &status.liveness {
                Liveness::Lost {
                    since,
                    cause: known,
                } => {
                    told = *known == cause;
                    *since
                }
                Liveness::Absent | Liveness::Live { .. } => now,
            };
            if !told {
                status.liveness = Liveness::Lost {
                    since,
                    cause: cause.clone(),
                };
            }
        });
        if told {
            tracing::debug!(feed = %self.feed.id(), stream = ?role, %cause, "still lost");
        } else {
            tracing::warn!(feed = %self.feed.id(), stream = ?role, %cause, "lost");
        }
    }
}

/// The viewers' wishes for key frames, lent from the feed.
struct Wishes {
    feed: Feed,
    wishes_rx: Option<mpsc::Receiver<KeyFrameWish>>,
}

impl Wishes {
    fn of(feed: &Feed) -> Self {
        Self {
            feed: feed.clone(),
            wishes_rx: feed.take_wishes(),
        }
    }

    fn none(feed: &Feed) -> Self {
        Self {
            feed: feed.clone(),
            wishes_rx: None,
        }
    }

    /// The next one. Cancel-safe.
    async fn next(&mut self) -> KeyFrameWish {
        match &mut self.wishes_rx {
            Some(wishes_rx) => match wishes_rx.recv().await {
                Some(wish) => wish,
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }
}

impl Drop for Wishes {
    fn drop(&mut self) {
        if let Some(wishes_rx) = self.wishes_rx.take() {
            self.feed.return_wishes(wishes_rx);
        }
    }
}
