//! Owns the pipeline of an IP camera: RTSP over TCP, one picture and one sound of what it offers.

use super::pipeline::Reporter;
use super::source::{RtspSource, RtspUrl};
use super::trace::Trace;
use super::units::{Port, take_units};
use crate::media::feed::TrackKind;
use crate::room::SourceFault;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a TCP connection may take.
const CONNECT_WITHIN: Duration = Duration::from_millis(1500);
/// How long an RTSP answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long the jitter buffer waits for a packet that the camera itself dropped, in ms. TCP keeps order,
/// so nothing waits normally.
const JITTER_MS: u32 = 100;

/// What is wanted of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Picture and sound.
    All,
    /// The picture.
    PictureOnly,
}

/// Connects to the camera's port and hangs up: names the faults of the network exactly, for which
/// rtspsrc has one message only.
pub(super) async fn reach(url: &RtspUrl) -> Result<(), SourceFault> {
    let address = format!("{}:{}", url.host(), url.port());
    let resolved = tokio::net::lookup_host((url.host(), url.port())).await;
    let addresses: Vec<_> = resolved.map(Iterator::collect).unwrap_or_default();
    if addresses.is_empty() {
        return Err(SourceFault::HostUnknown {
            host: url.host().to_owned(),
        });
    }
    match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(&addresses[..])).await {
        Ok(Ok(_)) => Ok(()),
        Err(_) => Err(SourceFault::NoAnswer { address }),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Err(SourceFault::ConnectionRefused { address })
        }
        Ok(Err(error)) => Err(SourceFault::Unreachable {
            address,
            reason: error.kind().to_string(),
        }),
    }
}

/// Builds the pipeline of one stream.
pub(super) fn build(
    pipeline: &gst::Pipeline,
    reporter: &Reporter,
    stream: &RtspSource,
    wanted: Wanted,
) -> Result<(), SourceFault> {
    let answer_us = u64::try_from(ANSWER_WITHIN.as_micros()).expect("a constant of seconds");
    let source = gst::ElementFactory::make("rtspsrc")
        .property("location", stream.url.as_str())
        .property("user-id", &stream.username)
        .property("user-pw", stream.password.reveal())
        .property_from_str("protocols", "tcp")
        .property("tcp-timeout", answer_us)
        .property("latency", JITTER_MS)
        // times are made from RTP timestamps by `rtp_clock`
        .property_from_str("buffer-mode", "none")
        .property("do-retransmission", false)
        .property("do-rtsp-keep-alive", true)
        .property("add-reference-timestamp-meta", true)
        .property("user-agent", "bidroom")
        .build()
        .map_err(|error| SourceFault::Software {
            detail: error.to_string(),
        })?;

    // by the stream's number in the description, which is also that of its session
    let numbers: Arc<Mutex<BTreeMap<u32, TrackKind>>> = Arc::default();
    hear_packets(&source, &numbers, reporter);
    let announcing = reporter.clone();
    source.connect("select-stream", true, move |arguments| {
        let number = arguments.get(1).and_then(|number| number.get::<u32>().ok());
        let caps = arguments
            .get(2)
            .and_then(|caps| caps.get::<gst::Caps>().ok());
        let chain = caps.as_deref().and_then(Chain::of);
        if let (None, Some(caps)) = (chain, &caps) {
            announcing.decline(encoding_of(caps));
        }
        let taken = chain.is_some_and(|chain| {
            let track = chain.track();
            let mut chosen = numbers.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = track == TrackKind::Video || wanted == Wanted::All;
            // the first of a kind: cameras offer ONVIF metadata and talk-back channels beside it
            let first = asked && !chosen.values().any(|&taken| taken == track);
            if first && let Some(number) = number {
                chosen.insert(number, track);
                announcing.announce(track);
            }
            first
        });
        Some(taken.to_value())
    });
    let linking = reporter.clone();
    let weak = pipeline.downgrade();
    source.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else {
            return;
        };
        if let Err(fault) = link(&pipeline, pad, &linking) {
            linking.fail(fault);
        }
    });
    let ending = reporter.clone();
    source.connect_no_more_pads(move |_| {
        if ending.announced().is_empty() {
            ending.fail(ending.nothing_usable());
        }
    });
    pipeline
        .add(&source)
        .map_err(|error| SourceFault::Software {
            detail: error.to_string(),
        })
}

/// Notes when packets come, before anybody looks into them.
fn hear_packets(
    source: &gst::Element,
    numbers: &Arc<Mutex<BTreeMap<u32, TrackKind>>>,
    reporter: &Reporter,
) {
    let (numbers, reporter) = (numbers.clone(), reporter.clone());
    source.connect("new-manager", false, move |arguments| {
        let manager = arguments.get(1)?.get::<gst::Element>().ok()?;
        let (numbers, reporter) = (numbers.clone(), reporter.clone());
        manager.connect_pad_added(move |_, pad| {
            let name = pad.name();
            let number = name.strip_prefix("recv_rtp_sink_").map(str::parse::<u32>);
            let numbers = numbers.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(&track) = number.and_then(|n| numbers.get(&n.ok()?)) else {
                return;
            };
            let reporter = reporter.clone();
            let packets = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
            pad.add_probe(packets, move |_, _| {
                reporter.hear(track);
                gst::PadProbeReturn::Ok
            });
        });
        None
    });
}

fn link(pipeline: &gst::Pipeline, pad: &gst::Pad, reporter: &Reporter) -> Result<(), SourceFault> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let Some(chain) = Chain::of(&caps) else {
        return Ok(());
    };
    let broken = |error: &dyn std::fmt::Display| SourceFault::Software {
        detail: error.to_string(),
    };
    let bin =
        gst::parse::bin_from_description(chain.description(), true).map_err(|e| broken(&e))?;
    let sink = bin
        .by_name("sink")
        .and_then(|sink| sink.downcast::<gst_app::AppSink>().ok())
        .expect("every chain ends in an appsink");
    let trace = Trace::default();
    let port = match chain.track() {
        TrackKind::Video => Port::Picture,
        TrackKind::Audio => Port::Sound,
    };
    take_units(&sink, port, Some(trace.clone()), reporter);
    let input = bin
        .static_pad("sink")
        .expect("the open end of a chain became the bin's pad");
    trace.watch(&input);
    pipeline.add(&bin).map_err(|e| broken(&e))?;
    bin.sync_state_with_parent().map_err(|e| broken(&e))?;
    pad.link(&input).map_err(|_| SourceFault::CodecChanged)?;
    Ok(())
}

/// The name of an encoding as the camera wrote it, fit to be shown.
fn encoding_of(caps: &gst::CapsRef) -> String {
    let name = caps
        .structure(0)
        .and_then(|media| media.get::<&str>("encoding-name").ok());
    let fit = |c: &char| c.is_ascii_alphanumeric() || "-._".contains(*c);
    name.unwrap_or("unnamed")
        .chars()
        .filter(fit)
        .take(32)
        .collect()
}

/// How a stream's packets become units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    H264,
    H265,
    AacGeneric,
    AacLatm,
    Pcma,
    Pcmu,
    Opus,
}

impl Chain {
    /// By the media description that the camera sent.
    fn of(caps: &gst::CapsRef) -> Option<Self> {
        let media = caps.structure(0)?;
        let encoding = media
            .get::<&str>("encoding-name")
            .ok()?
            .to_ascii_uppercase();
        match (media.get::<&str>("media").ok()?, encoding.as_str()) {
            ("video", "H264") => Some(Chain::H264),
            ("video", "H265" | "HEVC") => Some(Chain::H265),
            ("audio", "MPEG4-GENERIC") => Some(Chain::AacGeneric),
            ("audio", "MP4A-LATM") => Some(Chain::AacLatm),
            ("audio", "PCMA") => Some(Chain::Pcma),
            ("audio", "PCMU") => Some(Chain::Pcmu),
            ("audio", "OPUS") => Some(Chain::Opus),
            (_, _) => None,
        }
    }

    fn track(self) -> TrackKind {
        match self {
            Chain::H264 | Chain::H265 => TrackKind::Video,
            Chain::AacGeneric | Chain::AacLatm | Chain::Pcma | Chain::Pcmu | Chain::Opus => {
                TrackKind::Audio
            }
        }
    }

    fn description(self) -> &'static str {
        macro_rules! to_sink {
            ($chain:literal) => {
                concat!(
                    $chain,
                    " ! appsink name=sink sync=false async=false max-buffers=16"
                )
            };
        }
        match self {
            Chain::H264 => to_sink!(
                "rtph264depay ! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au"
            ),
            Chain::H265 => to_sink!(
                "rtph265depay ! h265parse config-interval=-1 ! video/x-h265,stream-format=byte-stream,alignment=au"
            ),
            Chain::AacGeneric => to_sink!("rtpmp4gdepay ! aacparse ! audio/mpeg,stream-format=raw"),
            Chain::AacLatm => to_sink!("rtpmp4adepay ! aacparse ! audio/mpeg,stream-format=raw"),
            Chain::Pcma => to_sink!("rtppcmadepay"),
            Chain::Pcmu => to_sink!("rtppcmudepay"),
            Chain::Opus => to_sink!("rtpopusdepay ! opusparse"),
        }
    }
}
