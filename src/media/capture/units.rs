//! Owns how a pipeline's buffers become units: their times, their form, what can be decoded from where.

use super::clock;
use super::nal;
use super::pipeline::Reporter;
use super::trace::Trace;
use crate::media::feed::{Codec, Format, TrackKind};
use crate::media::parameter_sets;
use crate::room::SourceFault;
use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where in a source a unit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Port {
    /// The picture; of an IP camera's sub stream too, which is a pipeline of its own.
    Picture,
    /// A local camera's small picture.
    SmallPicture,
    /// The sound.
    Sound,
}

impl Port {
    /// The name of its appsink in a local pipeline.
    pub(super) fn sink_name(self) -> &'static str {
        match self {
            Port::Picture => "picture",
            Port::SmallPicture => "small-picture",
            Port::Sound => "sound",
        }
    }
}

/// What is known of when a unit is to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum UnitTime {
    /// It came by RTP.
    Sent {
        /// Its packet's timestamp.
        rtp: u32,
        /// How much later than its packet's timestamp it begins.
        beyond: Duration,
        /// The sender's NTP time in ns since 1900.
        ntp: Option<u64>,
    },
    /// It was made on the box, at this time since boot.
    Made(Duration),
}

/// A unit as it left the pipeline.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) port: Port,
    pub(super) format: Arc<Format>,
    pub(super) size: Option<(u32, u32)>,
    pub(super) time: UnitTime,
    pub(super) arrival: Instant,
    pub(super) key: bool,
    /// How many pictures its stream says it decodes before one that is shown before them.
    pub(super) reordering: Option<u32>,
    /// Its NAL units, for pictures.
    pub(super) nals: Vec<Bytes>,
    pub(super) data: Bytes,
}

/// Takes the units of a sink.
pub(super) fn take_units(
    sink: &gst_app::AppSink,
    port: Port,
    trace: Option<Trace>,
    reporter: &Reporter,
) {
    let reporter = reporter.clone();
    let mut reader = Reader {
        port,
        trace,
        seen: None,
    };
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let base = sink.base_time().unwrap_or(gst::ClockTime::ZERO);
        match reader.read(&sample, base) {
            Ok(Some(raw)) => {
                reporter.deliver(raw)?;
            }
            Ok(None) => {}
            Err(fault) => {
                reporter.fail(fault);
                return Err(gst::FlowError::Error);
            }
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
}

/// Reads one sink's samples; keeps what changes seldom.
#[derive(Debug)]
struct Reader {
    port: Port,
    trace: Option<Trace>,
    seen: Option<Seen>,
}

#[derive(Debug, Clone)]
struct Seen {
    caps: gst::Caps,
    size: Option<(u32, u32)>,
    format: Arc<Format>,
    reordering: Option<u32>,
}

impl Reader {
    fn read(
        &mut self,
        sample: &gst::Sample,
        base: gst::ClockTime,
    ) -> Result<Option<Raw>, SourceFault> {
        let arrived = clock::now();
        let (Some(buffer), Some(caps)) = (sample.buffer_owned(), sample.caps_owned()) else {
            return Ok(None);
        };
        let time = match &self.trace {
            Some(trace) => trace.packet_of(buffer.pts()).map(|packet| {
                let beyond = buffer.pts().and_then(|pts| pts.checked_sub(packet.pts));
                let beyond = beyond.map(Duration::from).unwrap_or_default();
                (
                    UnitTime::Sent {
                        rtp: packet.rtp,
                        beyond,
                        ntp: packet.ntp,
                    },
                    packet.arrival,
                )
            }),
            None => running_time(sample, buffer.pts().or(buffer.dts()))
                .map(|running| (UnitTime::Made(Duration::from(base + running)), arrived)),
        };
        // what has no time cannot be placed
        let Some((time, arrival)) = time else {
            return Ok(None);
        };
        let intra = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let data = buffer
            .into_mapped_buffer_readable()
            .map(Bytes::from_owner)
            .map_err(|_| SourceFault::Software {
                detail: "unreadable memory".into(),
            })?;
        if data.is_empty() {
            return Ok(None);
        }
        let mut seen = match self.seen.take() {
            Some(seen) if seen.caps == caps => seen,
            before => Seen::of(caps, before)?,
        };
        let codec = seen.format.codec;
        let (mut key, mut nals) = (true, Vec::new());
        if codec.track() == TrackKind::Video {
            nals = nal::split(&data);
            let contents = nal::contents(codec, &nals, intra);
            key = contents.key;
            if !contents.parameter_sets.is_empty() && contents.parameter_sets != seen.format.setup {
                let changed = Format {
                    setup: contents.parameter_sets,
                    ..(*seen.format).clone()
                };
                seen.reordering = parameter_sets::reordering(codec, &changed.setup);
                seen.format = Arc::new(changed);
            }
        }
        let (format, size, reordering) = (seen.format.clone(), seen.size, seen.reordering);
        self.seen = Some(seen);
        Ok(Some(Raw {
            port: self.port,
            size,
            time,
            arrival,
            key,
            reordering,
            nals,
            data,
            format,
        }))
    }
}

fn running_time(sample: &gst::Sample, time: Option<gst::ClockTime>) -> Option<gst::ClockTime> {
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    segment.to_running_time(time)
}

impl Seen {
    fn of(caps: gst::Caps, before: Option<Self>) -> Result<Self, SourceFault> {
        let described = caps.structure(0).ok_or(SourceFault::CodecChanged)?;
        let codec = match described.name().as_str() {
            "video/x-h264" => Codec::H264,
            "video/x-h265" => Codec::H265,
            "audio/mpeg" => Codec::Aac,
            "audio/x-alaw" => Codec::Pcma,
            "audio/x-mulaw" => Codec::Pcmu,
            "audio/x-opus" => Codec::Opus,
            other => {
                return Err(SourceFault::Software {
                    detail: format!("unforeseen media type {other}"),
                });
            }
        };
        let number = |field| {
            described
                .get::<i32>(field)
                .ok()
                .and_then(|n| u32::try_from(n).ok())
        };
        let (clock_rate, channels) = match codec.track() {
            TrackKind::Video => (90_000, 0),
            TrackKind::Audio => {
                let rate = if codec == Codec::Opus {
                    48_000
                } else {
                    number("rate").unwrap_or(8_000)
                };
                (
                    rate,
                    number("channels")
                        .and_then(|n| u8::try_from(n).ok())
                        .unwrap_or(1),
                )
            }
        };
        let setup = match codec {
            Codec::Aac => described
                .get::<gst::Buffer>("codec_data")
                .ok()
                .map(bytes_of)
                .unwrap_or_default(),
            // parameter sets come with the key frames
            Codec::H264 | Codec::H265 | Codec::Opus | Codec::Pcma | Codec::Pcmu => Bytes::new(),
        };
        let size = number("width").zip(number("height"));
        let mut format = Arc::new(Format {
            codec,
            clock_rate,
            channels,
            setup,
        });
        let mut reordering = None;
        // caps tell of frame rates and profiles too: the parameter sets are what counts
        if let (Some(before), TrackKind::Video) = (before, codec.track())
            && before.format.codec == codec
        {
            (format, reordering) = (before.format, before.reordering);
        }
        Ok(Self {
            caps,
            size,
            format,
            reordering,
        })
    }
}

fn bytes_of(buffer: gst::Buffer) -> Bytes {
    buffer
        .map_readable()
        .map(|map| Bytes::copy_from_slice(&map))
        .unwrap_or_default()
}

/// A time on a media clock of `rate` Hz, which wraps as RTP's does.
pub(super) fn rtp_time(time: Duration, rate: u32) -> u32 {
    let ticks = time.as_nanos() * u128::from(rate) / 1_000_000_000;
    u32::try_from(ticks & u128::from(u32::MAX)).expect("masked to 32 bits")
}
