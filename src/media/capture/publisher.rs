//! Owns what one stream of a source gives to its feed: units, packets, and the feed's status.

use super::clock;
use super::live::{Packets, is_showable};
use super::opus::Transcoder;
use super::rtp_clock::RtpClock;
use super::timeline::Timeline;
use super::units::{Port, Raw, UnitTime, rtp_time};
use crate::media::feed::{Aspect, Codec, Feed, Layer, Liveness, TrackKind, Unit};
use crate::room::{FeedKind, SourceFault};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A sub stream is missed by itself if it is lost for so long while the feed lives.
const ALONE: Duration = Duration::from_secs(4);

/// A clock that has run evenly for so long is told of no more.
const CALM: Duration = Duration::from_secs(60);

/// Publishes one stream. When it is dropped the stream counts as lost.
#[derive(Debug)]
pub(super) struct Publisher {
    feed: Feed,
    /// What the stream is for: `Main` is the recorded one, by which the feed lives.
    role: Layer,
    /// Whether the stream fills both layers by itself.
    fills_both: bool,
    required: TrackKind,
    /// The box's monotonic time at which the feed's own clock began.
    clock_began: Duration,
    /// The camera's NTP time, in ns since 1900, at which the feed's own clock began by its pictures.
    ntp_epoch: Option<i64>,
    picture: Track,
    small: Track,
    sound: Track,
    transcoder: Transcoder,
    /// Received, not yet told.
    bytes: u64,
    /// Why the stream was lost, for as long as it is.
    lost_by: Option<SourceFault>,
    /// Since when it is lost, or was not found.
    lost_since: Option<Instant>,
    /// When the source's timestamps last leapt.
    leapt: Option<Instant>,
    /// What was logged last, so that each change is logged once.
    logged: Logged,
}

#[derive(Debug, PartialEq, Eq)]
enum Logged {
    Nothing,
    Live,
    Lost(SourceFault),
}

#[derive(Debug, Default)]
struct Track {
    clock: RtpClock,
    timeline: Timeline,
    packets: Arc<Mutex<Packets>>,
}

impl Publisher {
    pub(super) fn new(feed: &Feed, role: Layer, fills_both: bool) -> Self {
        let required = match feed.spec().kind {
            FeedKind::Microphone | FeedKind::TalkBack => TrackKind::Audio,
            FeedKind::Camera | FeedKind::Face | FeedKind::Screen => TrackKind::Video,
        };
        let sound = Track::default();
        let transcoder = Transcoder::new(feed.clone(), sound.packets.clone());
        Self {
            feed: feed.clone(),
            role,
            fills_both,
            required,
            clock_began: clock::since_boot().saturating_sub(feed.clock(clock::now())),
            ntp_epoch: None,
            picture: Track::default(),
            small: Track::default(),
            sound,
            transcoder,
            bytes: 0,
            lost_by: None,
            lost_since: None,
            leapt: None,
            logged: Logged::Nothing,
        }
    }

    /// The track without which the feed is lost.
    pub(super) fn required(&self) -> TrackKind {
        self.required
    }

    /// The source was connected anew, and sends these tracks.
    pub(super) fn reconnected(&mut self, promised: BTreeSet<TrackKind>) {
        if self.role == Layer::Main {
            self.feed.update(|status| status.promised = promised);
        }
        for track in [&mut self.picture, &mut self.small, &mut self.sound] {
            track.timeline.reconnected();
            track.clock.reconnected();
        }
        self.ntp_epoch = None;
    }

    /// A track does not come, and the stream goes on without it.
    pub(super) fn goes_on_without(&mut self, track: TrackKind, fault: SourceFault) {
        let known = self.feed.status();
        if !known.borrow().troubles.contains_key(&track.into()) {
            tracing::warn!(feed = %self.feed.id(), %fault, "goes on without it");
            self.feed
                .update(|status| drop(status.troubles.insert(track.into(), fault)));
        }
    }

    /// The camera's clock leapt: told until it has run evenly for a while.
    fn is_odd(&self, fault: SourceFault) {
        tracing::warn!(feed = %self.feed.id(), stream = ?self.role, %fault, "goes on by the box's clock");
        self.feed
            .update(|status| drop(status.troubles.insert(Aspect::Clock, fault)));
    }

    /// Gives a unit to whoever records, and its packets to whoever watches.
    pub(super) fn publish(&mut self, raw: Raw) {
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
        let arrival = self.feed.clock(raw.arrival);
        let rate = raw.format.clock_rate;
        let mut leapt = false;
        let (time, rtp, ntp) = match raw.time {
            UnitTime::Sent { rtp, beyond, ntp } => {
                let placed = track.clock.time(rtp, beyond, rate, arrival);
                if placed.anew {
                    track.timeline.reconnected();
                }
                leapt = placed.leapt;
                (placed.time, rtp, ntp)
            }
            UnitTime::Made(since_boot) => {
                let time = since_boot.saturating_sub(self.clock_began);
                (time, rtp_time(time, rate), None)
            }
        };
        if let Some(ntp) = ntp.and_then(|ntp| i64::try_from(ntp).ok()) {
            let feed_time = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
            match kind {
                TrackKind::Video => self.ntp_epoch = Some(ntp - feed_time),
                TrackKind::Audio => {
                    if let Some(epoch) = self.ntp_epoch {
                        track.clock.align(time, ntp - epoch);
                    }
                }
            }
        }
        if let Some(pictures) = raw.reordering {
            track.timeline.reorders_by(pictures);
        }
        let times = track.timeline.next(time, kind == TrackKind::Video);
        let unit = Unit {
            format: raw.format,
            pts: times.pts,
            dts: times.dts,
            arrival: raw.arrival,
            rtp,
            ntp,
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
        if leapt {
            self.leapt = Some(unit.arrival);
            self.is_odd(SourceFault::ClockJumped { track: kind.into() });
        }
        self.tell(&unit, recorded, layer, shows_layer, raw.size);
        let essential = !recorded || kind == self.required;
        if essential && self.logged != Logged::Live {
            tracing::info!(feed = %self.feed.id(), stream = ?layer, codec = ?unit.format.codec, "live");
            self.logged = Logged::Live;
            (self.lost_by, self.lost_since) = (None, None);
        }
        match recorded {
            true => self.feed.publish_unit(unit),
            false => self.feed.publish_small_unit(unit),
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
        let aspect = match self.role {
            Layer::Small => Some(Aspect::SmallPicture),
            Layer::Main => recorded.then(|| Aspect::from(kind)),
        };
        let status = self.feed.status();
        let known = {
            let status = status.borrow();
            let live = matches!(status.liveness, Liveness::Live { .. }) || !lives;
            let layers = shows.is_none_or(|shows| status.layers.contains(&layer) == shows);
            let formats = !recorded
                || (status.formats.get(&kind) == Some(&unit.format)
                    && (size.is_none() || status.size == size));
            let well = aspect.is_none_or(|aspect| !status.troubles.contains_key(&aspect));
            live && layers && formats && well
        };
        if known {
            return;
        }
        self.feed.update(|status| {
            if lives && !matches!(status.liveness, Liveness::Live { .. }) {
                status.liveness = Liveness::Live {
                    since: unit.arrival,
                };
            }
            if recorded {
                status.formats.insert(kind, unit.format.clone());
                status.size = size.or(status.size);
            }
            if let Some(aspect) = aspect {
                status.troubles.remove(&aspect);
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

    /// Tells what time alone changes: the received bytes, and that the clock runs evenly again.
    pub(super) fn tick(&mut self) {
        self.tell_bytes();
        let calm = |at| clock::now().saturating_duration_since(at) > CALM;
        if self.leapt.is_some_and(calm) {
            self.leapt = None;
            self.feed
                .update(|status| drop(status.troubles.remove(&Aspect::Clock)));
        }
    }

    fn tell_bytes(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.feed.update(|status| status.bytes += bytes);
        }
    }

    /// The stream was lost, or cannot be had again. What ended it stays its cause, and what stands in
    /// its way now is told beside it.
    pub(super) fn lost(&mut self, fault: &SourceFault) {
        self.tell_bytes();
        if self.logged != Logged::Lost(fault.clone()) {
            tracing::warn!(feed = %self.feed.id(), stream = ?self.role, %fault, "lost");
        }
        if self.logged == Logged::Live {
            self.lost_by = Some(fault.clone());
        }
        self.logged = Logged::Lost(fault.clone());
        let cause = self.lost_by.as_ref().unwrap_or(fault).clone();
        let obstacle = Some(fault.clone()).filter(|fault| *fault != cause);
        let now = clock::now();
        let lost_since = *self.lost_since.get_or_insert(now);
        let (role, fills_both) = (self.role, self.fills_both);
        self.feed.update(|status| {
            status.layers.retain(|&layer| layer != role && !fills_both);
            if role == Layer::Small {
                // both streams of a camera fail together: that is told of the feed, once
                if now.saturating_duration_since(lost_since) > ALONE {
                    let fault = obstacle.unwrap_or(cause);
                    status.troubles.insert(Aspect::SmallPicture, fault);
                }
                return;
            }
            status
                .troubles
                .retain(|&aspect, _| aspect == Aspect::SmallPicture);
            let since = match &status.liveness {
                Liveness::Lost { since, .. } => *since,
                Liveness::Absent | Liveness::Live { .. } => now,
            };
            status.liveness = Liveness::Lost {
                since,
                cause,
                now: obstacle,
            };
        });
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.lost(&SourceFault::CaptureStopped);
    }
}
