//! Owns the life of a source: connect, publish, watch over, name the loss, come back.

use super::clock;
use super::local::{self, Local};
use super::pipeline::{Output, Pipeline};
use super::publisher::Publisher;
use super::rtsp::{self, Wanted};
use super::source::{RtspSource, Source};
use super::units::{Port, Raw};
use super::watchdog::{Health, Watchdog};
use crate::media::feed::{Feed, KeyFrameWish, Layer};
use crate::room::SourceFault;
use std::convert::Infallible;
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
/// A connection that gave units for so long was a good one: the next failure is the first again.
const STEADY: Duration = Duration::from_secs(3);
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
    pub(super) async fn open(&self) -> Result<Pipeline, SourceFault> {
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
    Ended(SourceFault),
    Wish(KeyFrameWish),
    Tick,
}

/// One stream of a source.
struct Capture {
    input: Input,
    publisher: Publisher,
    sound_retried: Option<Instant>,
}

impl Capture {
    fn new(feed: &Feed, input: Input, role: Layer) -> Self {
        let publisher = Publisher::new(feed, role, matches!(input, Input::Local(_)));
        Self {
            input,
            publisher,
            sound_retried: None,
        }
    }

    async fn run(mut self, mut wishes: Wishes) -> Infallible {
        let mut failures = 0;
        loop {
            let (mut lived, began) = (false, clock::now());
            let fault = self.run_once(&mut wishes, &mut lived).await;
            if lived && began.elapsed() > STEADY {
                failures = 0;
            }
            self.publisher.lost(&fault);
            let pause = if fault == SourceFault::WrongCredentials {
                PAUSE_AFTER_WRONG_CREDENTIALS
            } else {
                PAUSES[failures.min(PAUSES.len() - 1)]
            };
            failures += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// One connection, from its beginning to the fault that ended it. `lived` tells whether units came.
    async fn run_once(&mut self, wishes: &mut Wishes, lived: &mut bool) -> SourceFault {
        let mut pipeline = match self.input.open().await {
            Ok(pipeline) => pipeline,
            Err(fault) => return fault,
        };
        let mut connected = false;
        let required = self.publisher.required();
        let mut watchdog = Watchdog::new(clock::now(), required);
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
                    if !std::mem::replace(&mut connected, true) {
                        self.publisher.reconnected(pipeline.announced());
                    }
                    watchdog.saw(raw.format.codec.track(), clock::now());
                    // what is said to be another codec than it is has no size
                    if raw.key && !raw.format.setup.is_empty() && raw.size.is_some() {
                        watchdog.saw_beginning();
                    }
                    *lived |= raw.format.codec.track() == required;
                    self.publisher.publish(*raw);
                }
                Event::Ended(fault) => return fault,
                Event::Wish(wish) => pipeline.force_key_frame(match wish.layer {
                    Layer::Main => Port::Picture,
                    Layer::Small => Port::SmallPicture,
                }),
                Event::Tick => {
                    self.publisher.tick();
                    if let Some(fault) = self.judge(&watchdog, &pipeline) {
                        return fault;
                    }
                }
            }
        }
    }

    /// The fault for which to connect anew, if there is one.
    fn judge(&mut self, watchdog: &Watchdog, pipeline: &Pipeline) -> Option<SourceFault> {
        let now = clock::now();
        let heard = |track| pipeline.heard(track);
        match watchdog.judge(now, &pipeline.announced(), heard) {
            Health::Fine => None,
            Health::Lost(fault) => Some(
                pipeline
                    .declines(self.publisher.required())
                    .unwrap_or(fault),
            ),
            Health::Without { track, came, fault } => {
                let long_ago = |at| now.saturating_duration_since(at) > SOUND_RETRY;
                if came && self.sound_retried.is_none_or(long_ago) {
                    self.sound_retried = Some(now);
                    return Some(fault);
                }
                self.publisher.goes_on_without(track, fault);
                None
            }
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
