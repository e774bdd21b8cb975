//! Owns a running GStreamer pipeline: turns what its sinks get into [`Raw`] units, its messages into
//! one [`Fault`], and ends it without holding up whoever drops it.
//!
//! Every pipeline runs on the kernel's monotonic clock, so that times of all feeds, and of one feed over
//! all its reconnects, are on one scale: time since boot.

use super::fault::Fault;
use super::nal;
use crate::media::feed::{Codec, Format, TrackKind};
use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Units that wait to be published. Full holds up the pipeline, and TCP the camera.
const UNITS_WAITING: usize = 64;
/// Packets of different times that a depayloader and parser may hold.
const PACKETS_REMEMBERED: usize = 32;

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

/// A unit as it left the pipeline.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) port: Port,
    pub(super) format: Arc<Format>,
    pub(super) size: Option<(u32, u32)>,
    /// Since boot.
    pub(super) pts: Duration,
    pub(super) arrival: Instant,
    pub(super) rtp: u32,
    pub(super) ntp: Option<u64>,
    pub(super) key: bool,
    /// Its NAL units, for pictures.
    pub(super) nals: Vec<Bytes>,
    pub(super) data: Bytes,
}

/// What a pipeline hands over.
#[derive(Debug)]
pub(super) enum Output {
    /// A unit.
    Unit(Box<Raw>),
    /// It ended.
    Ended(Fault),
}

/// How the pipeline's parts tell of themselves while it is built and runs.
#[derive(Debug, Clone)]
pub(super) struct Reporter {
    units_tx: mpsc::Sender<Raw>,
    fault_tx: watch::Sender<Option<Fault>>,
    announced: Arc<Mutex<BTreeSet<TrackKind>>>,
    declined: Arc<AtomicBool>,
}

impl Reporter {
    /// The source has a track that is of no use here.
    pub(super) fn decline(&self) {
        self.declined.store(true, Ordering::Relaxed);
    }

    /// The source says it has this track.
    pub(super) fn announce(&self, track: TrackKind) {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(track);
    }

    /// What was announced so far.
    pub(super) fn announced(&self) -> BTreeSet<TrackKind> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The pipeline cannot go on. The first fault is the cause, later ones its consequences.
    pub(super) fn fail(&self, fault: Fault) {
        // asked to play nothing, rtspsrc fails in many ways
        let useless = self.declined.load(Ordering::Relaxed) && self.announced().is_empty();
        let fault = if useless { Fault::NothingUsable } else { fault };
        self.fault_tx.send_if_modified(|first| match first {
            Some(_) => false,
            None => {
                *first = Some(fault);
                true
            }
        });
    }
}

/// A pipeline that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Pipeline {
    gst: gst::Pipeline,
    reporter: Reporter,
    units_rx: mpsc::Receiver<Raw>,
    fault_rx: watch::Receiver<Option<Fault>>,
}

impl Pipeline {
    /// Builds and starts a pipeline. Starting waits for devices, so it has a thread of its own.
    pub(super) async fn start(
        build: impl FnOnce(&gst::Pipeline, &Reporter) -> Result<(), Fault> + Send + 'static,
    ) -> Result<Self, Fault> {
        let started = tokio::task::spawn_blocking(move || {
            gst::init().map_err(|error| Fault::Pipeline(error.to_string()))?;
            let (units_tx, units_rx) = mpsc::channel(UNITS_WAITING);
            let (fault_tx, fault_rx) = watch::channel(None);
            let reporter = Reporter {
                units_tx,
                fault_tx,
                announced: Arc::default(),
                declined: Arc::default(),
            };
            let pipeline = Self {
                gst: gst::Pipeline::new(),
                reporter,
                units_rx,
                fault_rx,
            };
            pipeline.gst.use_clock(Some(&gst::SystemClock::obtain()));
            pipeline.watch_bus();
            build(&pipeline.gst, &pipeline.reporter)?;
            match pipeline.gst.set_state(gst::State::Playing) {
                Ok(_) => Ok(pipeline),
                Err(refused) => {
                    let told = pipeline.fault_rx.borrow().clone();
                    Err(told.unwrap_or_else(|| Fault::Pipeline(refused.to_string())))
                }
            }
        });
        match started.await {
            Ok(result) => result,
            Err(died) => Err(Fault::Pipeline(died.to_string())),
        }
    }

    /// What comes next. Cancel-safe. After the end it never returns.
    pub(super) async fn next(&mut self) -> Output {
        tokio::select! {
            // what came before a fault is not lost by it
            biased;
            Some(raw) = self.units_rx.recv() => Output::Unit(Box::new(raw)),
            Ok(fault) = self.fault_rx.wait_for(Option::is_some) => {
                Output::Ended(fault.clone().unwrap_or(Fault::Closed))
            }
            else => Output::Ended(Fault::Closed),
        }
    }

    /// The tracks that the source has, as far as it said.
    pub(super) fn announced(&self) -> BTreeSet<TrackKind> {
        self.reporter.announced()
    }

    /// Asks the encoder behind a port for a key frame. Cameras behind RTSP have none in reach.
    pub(super) fn force_key_frame(&self, port: Port) {
        if let Some(pad) = self
            .gst
            .by_name(port.sink_name())
            .and_then(|sink| sink.static_pad("sink"))
        {
            let event = gstreamer_video::UpstreamForceKeyUnitEvent::builder()
                .all_headers(true)
                .build();
            // a port without encoder does not take the event, which is no fault
            let _ = pad.push_event(event);
        }
    }

    fn watch_bus(&self) {
        let Some(bus) = self.gst.bus() else { return };
        let reporter = self.reporter.clone();
        bus.set_sync_handler(move |_, message| {
            if let Some(fault) = Fault::of_message(message) {
                tracing::debug!(%fault, "pipeline");
                reporter.fail(fault);
            }
            gst::BusSyncReply::Drop
        });
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // frees sinks that wait for room, else the pipeline could not stop
        self.units_rx.close();
        let gst = self.gst.clone();
        // stopping waits for streaming threads and for the camera's answer to TEARDOWN
        let stopping = std::thread::Builder::new()
            .name("capture-stop".into())
            .spawn(move || {
                let _ = gst.set_state(gst::State::Null);
            });
        if let Err(error) = stopping {
            tracing::error!(%error, "no thread to stop a pipeline with: it goes on");
        }
    }
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
                reporter
                    .units_tx
                    .blocking_send(raw)
                    .map_err(|_| gst::FlowError::Flushing)?;
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
}

impl Reader {
    fn read(&mut self, sample: &gst::Sample, base: gst::ClockTime) -> Result<Option<Raw>, Fault> {
        let arrived = Instant::now();
        let (Some(buffer), Some(caps)) = (sample.buffer_owned(), sample.caps_owned()) else {
            return Ok(None);
        };
        let running = |time: Option<gst::ClockTime>| {
            let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
            segment.to_running_time(time)
        };
        // a unit before the segment's start is not to be shown, one without time cannot be placed
        let Some(running) = running(buffer.pts().or(buffer.dts())) else {
            return Ok(None);
        };
        let pts = Duration::from(base + running);
        let intra = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let sent = match (&self.trace, buffer.pts()) {
            (Some(trace), Some(pts)) => trace.packet_of(pts),
            (Some(_), None) | (None, _) => None,
        };
        let data = buffer
            .into_mapped_buffer_readable()
            .map(Bytes::from_owner)
            .map_err(|_| Fault::Pipeline("unreadable memory".into()))?;
        if data.is_empty() {
            return Ok(None);
        }
        let mut seen = match self.seen.take() {
            Some(seen) if seen.caps == caps => seen,
            Some(_) | None => Seen::of(caps)?,
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
                seen.format = Arc::new(changed);
            }
        }
        let (format, size) = (seen.format.clone(), seen.size);
        self.seen = Some(seen);
        // without RTP the sender's clock is the box's own
        let local = || rtp_time(pts, format.clock_rate);
        Ok(Some(Raw {
            port: self.port,
            size,
            pts,
            arrival: sent.map_or(arrived, |p| p.arrival),
            rtp: sent.map_or_else(local, |p| p.rtp),
            ntp: sent.and_then(|p| p.ntp),
            key,
            nals,
            data,
            format,
        }))
    }
}

impl Seen {
    fn of(caps: gst::Caps) -> Result<Self, Fault> {
        let described = caps.structure(0).ok_or(Fault::CodecChanged)?;
        let codec = match described.name().as_str() {
            "video/x-h264" => Codec::H264,
            "video/x-h265" => Codec::H265,
            "audio/mpeg" => Codec::Aac,
            "audio/x-alaw" => Codec::Pcma,
            "audio/x-mulaw" => Codec::Pcmu,
            "audio/x-opus" => Codec::Opus,
            other => return Err(Fault::Pipeline(format!("unforeseen media type {other}"))),
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
        let format = Arc::new(Format {
            codec,
            clock_rate,
            channels,
            setup,
        });
        Ok(Self { caps, size, format })
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

/// What the packets said that a depayloader makes into units and forgets.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    packets: Arc<Mutex<VecDeque<Packet>>>,
}

/// The last packet of a time.
#[derive(Debug, Clone, Copy)]
struct Packet {
    pts: gst::ClockTime,
    arrival: Instant,
    rtp: u32,
    ntp: Option<u64>,
}

impl Trace {
    /// Remembers the packets that pass a pad.
    pub(super) fn watch(&self, pad: &gst::Pad) {
        let trace = self.clone();
        pad.add_probe(
            gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST,
            move |_, probe| {
                match &probe.data {
                    Some(gst::PadProbeData::Buffer(buffer)) => trace.remember(buffer),
                    Some(gst::PadProbeData::BufferList(list)) => {
                        list.iter().for_each(|b| trace.remember(b))
                    }
                    Some(_) | None => {}
                }
                gst::PadProbeReturn::Ok
            },
        );
    }

    fn remember(&self, buffer: &gst::BufferRef) {
        let mut header = [0; 8];
        let (Some(pts), Ok(8)) = (
            buffer.pts(),
            buffer.copy_to_slice(0, &mut header).map(|()| 8),
        ) else {
            return;
        };
        let [_, _, _, _, rtp @ ..] = header;
        let ntp = buffer
            .iter_meta::<gst::ReferenceTimestampMeta>()
            .find(|meta| {
                meta.reference()
                    .structure(0)
                    .is_some_and(|s| s.name() == "timestamp/x-ntp")
            })
            .map(|meta| meta.timestamp().nseconds());
        let packet = Packet {
            pts,
            arrival: Instant::now(),
            rtp: u32::from_be_bytes(rtp),
            ntp,
        };
        let mut packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        match packets.back_mut() {
            Some(last) if last.pts == pts => *last = packet,
            Some(_) | None => packets.push_back(packet),
        }
        if packets.len() > PACKETS_REMEMBERED {
            packets.pop_front();
        }
    }

    /// The packet of that time; for a unit that shares its packet with an earlier one, that packet.
    fn packet_of(&self, pts: gst::ClockTime) -> Option<Packet> {
        let packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        let exact = packets.iter().rev().find(|p| p.pts == pts);
        exact
            .or_else(|| {
                packets
                    .iter()
                    .filter(|p| p.pts <= pts)
                    .max_by_key(|p| p.pts)
            })
            .copied()
    }
}
