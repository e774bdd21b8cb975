//! Owns the sound of AAC cameras for browsers: AAC → Opus, for live only; the recording keeps the AAC.
//!
//! A pipeline of its own: sound that cannot be decoded must not touch the recording.

use super::clock;
use super::fault::of_message;
use super::live::Packets;
use crate::media::feed::{Codec, Feed, Format, Layer, Unit};
use crate::room::SourceFault;
use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a transcoder that failed is left alone.
const REST: Duration = Duration::from_secs(10);
/// AAC frames that wait to be decoded; more are dropped, oldest first.
const FRAMES_WAITING: u64 = 32;

/// Makes a feed's AAC audible to its viewers.
#[derive(Debug)]
pub(super) struct Transcoder {
    feed: Feed,
    packets: Arc<Mutex<Packets>>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No AAC was heard, or nobody listened.
    Idle,
    /// For AAC of this format.
    Running {
        format: Arc<Format>,
        running: Running,
    },
    /// It failed; another try from then on.
    Failed { until: Instant },
}

impl Transcoder {
    /// For the viewers of that feed. Its packets go on from `packets`.
    pub(super) fn new(feed: Feed, packets: Arc<Mutex<Packets>>) -> Self {
        Self {
            feed,
            packets,
            state: State::Idle,
        }
    }

    /// Takes an AAC unit. Nobody watching costs nothing.
    pub(super) fn take(&mut self, unit: &Unit) {
        if self.feed.viewers(Layer::Main) + self.feed.viewers(Layer::Small) == 0 {
            self.state = State::Idle;
            return;
        }
        match &self.state {
            State::Failed { until } if unit.arrival < *until => return,
            State::Running { format, running } if *format == unit.format && !running.failed() => {}
            State::Running { running, .. } if running.failed() => {
                tracing::warn!(feed = %self.feed.id(), "AAC cannot be made into Opus: no live sound");
                self.state = State::Failed {
                    until: unit.arrival + REST,
                };
                return;
            }
            State::Idle | State::Running { .. } | State::Failed { .. } => {
                match Running::start(&unit.format, self.feed.clone(), self.packets.clone()) {
                    Ok(running) => {
                        self.state = State::Running {
                            format: unit.format.clone(),
                            running,
                        }
                    }
                    Err(fault) => {
                        tracing::warn!(feed = %self.feed.id(), %fault, "no live sound");
                        self.state = State::Failed {
                            until: unit.arrival + REST,
                        };
                        return;
                    }
                }
            }
        }
        if let State::Running { running, .. } = &self.state {
            running.push(unit);
        }
    }
}

#[derive(Debug)]
struct Running {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    failed: Arc<AtomicBool>,
}

impl Running {
    fn start(
        format: &Format,
        feed: Feed,
        packets: Arc<Mutex<Packets>>,
    ) -> Result<Self, SourceFault> {
        let broken = |error: &dyn std::fmt::Display| SourceFault::Software {
            detail: error.to_string(),
        };
        let bin = gst::parse::bin_from_description(
            "appsrc name=source ! faad ! audioconvert ! audioresample ! audio/x-raw,rate=48000 \
             ! opusenc bitrate=32000 frame-size=20 ! appsink name=sink sync=false async=false",
            false,
        )
        .map_err(|e| broken(&e))?;
        let caps = gst::Caps::builder("audio/mpeg")
            .field("mpegversion", 4)
            .field("framed", true)
            .field("stream-format", "raw")
            .field(
                "rate",
                i32::try_from(format.clock_rate).map_err(|e| broken(&e))?,
            )
            .field("channels", i32::from(format.channels))
            .field("codec_data", gst::Buffer::from_slice(format.setup.clone()))
            .build();
        let source = bin
            .by_name("source")
            .and_then(|s| s.downcast::<gst_app::AppSrc>().ok())
            .expect("named above");
        source.set_caps(Some(&caps));
        source.set_format(gst::Format::Time);
        source.set_is_live(true);
        source.set_max_buffers(FRAMES_WAITING);
        source.set_leaky_type(gst_app::AppLeakyType::Downstream);
        let sink = bin
            .by_name("sink")
            .and_then(|s| s.downcast::<gst_app::AppSink>().ok())
            .expect("named above");
        let channels = format.channels;
        publish(&sink, feed, packets, channels);

        let pipeline = gst::Pipeline::new();
        pipeline.add(&bin).map_err(|e| broken(&e))?;
        let failed = Arc::new(AtomicBool::new(false));
        if let Some(bus) = pipeline.bus() {
            let failed = failed.clone();
            bus.set_sync_handler(move |_, message| {
                if of_message(message).is_some() {
                    failed.store(true, Ordering::Relaxed);
                }
                gst::BusSyncReply::Drop
            });
        }
        let running = Self {
            pipeline,
            source,
            failed,
        };
        // no device and no network in it: this does not wait
        running
            .pipeline
            .set_state(gst::State::Playing)
            .map_err(|e| broken(&e))?;
        Ok(running)
    }

    fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn push(&self, unit: &Unit) {
        let mut buffer = gst::Buffer::from_slice(unit.data.clone());
        let time = gst::ClockTime::try_from(unit.pts).ok();
        buffer.get_mut().expect("just made").set_pts(time);
        // a pipeline that is ending has told so on its bus
        let _ = self.source.push_buffer(buffer);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pipeline = self.pipeline.clone();
        let stop = move || {
            let _ = pipeline.set_state(gst::State::Null);
        };
        if let Err(error) = std::thread::Builder::new()
            .name("capture-stop".into())
            .spawn(stop)
        {
            tracing::error!(%error, "no thread to stop a transcoder with: it goes on");
        }
    }
}

fn publish(sink: &gst_app::AppSink, feed: Feed, packets: Arc<Mutex<Packets>>, channels: u8) {
    let format = Arc::new(Format {
        codec: Codec::Opus,
        clock_rate: 48_000,
        channels,
        setup: Bytes::new(),
    });
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let Some(buffer) = sample.buffer_owned() else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let Some(pts) = buffer.pts().map(Duration::from) else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let data = buffer
            .into_mapped_buffer_readable()
            .map(Bytes::from_owner)
            .map_err(|_| gst::FlowError::Error)?;
        let arrival = clock::now();
        let unit = Unit {
            format: format.clone(),
            pts,
            dts: pts,
            arrival,
            rtp: 0,
            ntp: None,
            key: true,
            data,
        };
        let packets = packets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .of(&unit, &[]);
        for packet in packets {
            feed.publish_packet(Layer::Small, packet.clone());
            feed.publish_packet(Layer::Main, packet);
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
}
