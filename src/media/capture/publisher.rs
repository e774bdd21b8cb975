//! Owns what one stream of a source gives to its feed: units, packets, and the feed's status.

use super::clock;
use super::live::{Packets, is_showable};
use super::opus::Transcoder;
use super::rtp_clock::RtpClock;
use super::timeline::Timeline;
use super::units::{Port, Raw, UnitTime, rtp_time};
use crate::media::feed::{Codec, Feed, Layer, Liveness, TrackKind, Unit};
use crate::room::FeedKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
    lost_by: Option<String>,
    /// What was logged last, so that each change is logged once.
    logged: Logged,
}

#[derive(Debug, PartialEq, Eq)]
enum Logged {
    Nothing,
    Live,
    Lost(String),
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
            logged: Logged::Nothing,
        }
    }

    /// The feed it publishes into.
    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The track without which the feed is lost.
    pub(super) fn required(&self) -> TrackKind {
        self.required
    }

    /// The source was connected anew.
    pub(super) fn reconnected(&mut self) {
        for track in [&mut self.picture, &mut self.small, &mut self.sound] {
            track.timeline.reconnected();
            track.clock.reconnected();
        }
        self.ntp_epoch = None;
    }

    /// A track does not come, and the stream goes on without it. Tells whether that is new.
    pub(super) fn goes_on_without(&self, track: TrackKind) -> bool {
        let mut is_new = false;
        self.feed
            .update(|status| is_new = status.missing.insert(track));
        is_new
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
        let (time, rtp, ntp) = match raw.time {
            UnitTime::Sent { rtp, beyond, ntp } => {
                (track.clock.time(rtp, beyond, rate, arrival), rtp, ntp)
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
        self.tell(&unit, recorded, layer, shows_layer, raw.size);
        let essential = !recorded || kind == self.required;
        if essential && self.logged != Logged::Live {
            tracing::info!(feed = %self.feed.id(), stream = ?layer, codec = ?unit.format.codec, "live");
            self.logged = Logged::Live;
            self.lost_by = None;
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

    /// Tells the received bytes.
    pub(super) fn tell_bytes(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.feed.update(|status| status.bytes += bytes);
        }
    }

    /// The stream was lost, or cannot be had again. What ended it stays its cause, and what stands in
    /// its way now is told beside it.
    pub(super) fn lost(&mut self, fault: &str) {
        self.tell_bytes();
        let cause = match &self.lost_by {
            Some(first) if first != fault => format!("{first}; now: {fault}"),
            Some(_) | None => fault.to_owned(),
        };
        if self.logged == Logged::Live {
            self.lost_by = Some(fault.to_owned());
        }
        let now = clock::now();
        let (role, fills_both) = (self.role, self.fills_both);
        self.feed.update(|status| {
            status.layers.retain(|&layer| layer != role && !fills_both);
            if role == Layer::Small {
                return;
            }
            let since = match &status.liveness {
                Liveness::Lost { since, .. } => *since,
                Liveness::Absent | Liveness::Live { .. } => now,
            };
            status.liveness = Liveness::Lost {
                since,
                cause: cause.clone(),
            };
        });
        if !matches!(&self.logged, Logged::Lost(known) if *known == cause) {
            tracing::warn!(feed = %self.feed.id(), stream = ?role, %cause, "lost");
            self.logged = Logged::Lost(cause);
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.lost("its capture was stopped");
    }
}
