//! Owns what one stream of a source gives to its feed: units, packets, and the feed's status.

use super::live::{Packets, is_showable};
use super::opus::Transcoder;
use super::timeline::Timeline;
use super::units::{Port, Raw};
use crate::media::feed::{Codec, Feed, Layer, Liveness, TrackKind, Unit};
use crate::room::FeedKind;
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    picture: Track,
    small: Track,
    sound: Track,
    transcoder: Transcoder,
    /// Received, not yet told.
    bytes: u64,
}

#[derive(Debug, Default)]
struct Track {
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
            clock_began: monotonic().saturating_sub(feed.clock(Instant::now())),
            picture: Track::default(),
            small: Track::default(),
            sound,
            transcoder,
            bytes: 0,
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
        }
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
        let times = track.timeline.next(
            raw.pts.saturating_sub(self.clock_began),
            kind == TrackKind::Video,
        );
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

    /// Tells the received bytes.
    pub(super) fn tell_bytes(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.feed.update(|status| status.bytes += bytes);
        }
    }

    /// The stream was lost, or is still.
    pub(super) fn lost(&mut self, cause: &str) {
        self.tell_bytes();
        let now = Instant::now();
        let role = self.role;
        let fills_both = self.fills_both;
        let mut told = false;
        self.feed.update(|status| {
            status.layers.retain(|&layer| layer != role && !fills_both);
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
                    cause: cause.to_owned(),
                };
            }
        });
        if told {
            tracing::debug!(feed = %self.feed.id(), stream = ?role, cause, "still lost");
        } else {
            tracing::warn!(feed = %self.feed.id(), stream = ?role, cause, "lost");
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.lost("its capture was stopped");
    }
}

/// The clock that [`Instant`] and the pipelines count by.
fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    // the kernel's monotonic clock begins at 0, and a nanosecond part is below 10^9
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}
