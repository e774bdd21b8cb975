//! Owns a running GStreamer pipeline: what it is told from within, its end, and its stop, which never
//! holds up whoever drops it.
//!
//! Every pipeline runs on the kernel's monotonic clock, so that times of all feeds, and of one feed over
//! all its reconnects, are on one scale: time since boot.

use super::clock;
use super::fault::of_message;
use super::units::{Port, Raw};
use crate::media::feed::TrackKind;
use crate::room::SourceFault;
use gstreamer as gst;
use gstreamer::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// Units that wait to be published. Full holds up the pipeline, and TCP the camera.
const UNITS_WAITING: usize = 64;

/// What a pipeline hands over.
#[derive(Debug)]
pub(super) enum Output {
    /// A unit.
    Unit(Box<Raw>),
    /// It ended.
    Ended(SourceFault),
}

/// How the pipeline's parts tell of themselves while it is built and runs.
#[derive(Debug, Clone)]
pub(super) struct Reporter {
    units_tx: mpsc::Sender<Raw>,
    fault_tx: watch::Sender<Option<SourceFault>>,
    announced: Arc<Mutex<BTreeSet<TrackKind>>>,
    declined: Arc<Mutex<BTreeSet<String>>>,
    heard: Arc<Mutex<BTreeMap<TrackKind, Instant>>>,
}

impl Reporter {
    /// The source has a track in an encoding that is of no use here.
    pub(super) fn decline(&self, encoding: String) {
        self.declined
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(encoding);
    }

    fn declined(&self) -> BTreeSet<String> {
        self.declined
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A unit came. Waits for room; refused when nobody takes units any more.
    pub(super) fn deliver(&self, raw: Raw) -> Result<(), gst::FlowError> {
        self.units_tx
            .blocking_send(raw)
            .map_err(|_| gst::FlowError::Flushing)
    }

    /// A packet of this track came, whatever is in it.
    pub(super) fn hear(&self, track: TrackKind) {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(track, clock::now());
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

    /// The fault of a source none of whose offers is of use.
    pub(super) fn nothing_usable(&self) -> SourceFault {
        SourceFault::NothingUsable {
            offered: self.declined().into_iter().collect(),
        }
    }

    /// The pipeline cannot go on. The first fault is the cause, later ones its consequences.
    pub(super) fn fail(&self, fault: SourceFault) {
        // asked to play nothing, rtspsrc fails in many ways
        let useless = self.announced().is_empty() && !self.declined().is_empty();
        let fault = if useless {
            self.nothing_usable()
        } else {
            fault
        };
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
    fault_rx: watch::Receiver<Option<SourceFault>>,
}

impl Pipeline {
    /// Builds and starts a pipeline. Starting waits for devices, so it has a thread of its own.
    pub(super) async fn start(
        build: impl FnOnce(&gst::Pipeline, &Reporter) -> Result<(), SourceFault> + Send + 'static,
    ) -> Result<Self, SourceFault> {
        let started = tokio::task::spawn_blocking(move || {
            gst::init().map_err(|error| SourceFault::Software {
                detail: error.to_string(),
            })?;
            let (units_tx, units_rx) = mpsc::channel(UNITS_WAITING);
            let (fault_tx, fault_rx) = watch::channel(None);
            let reporter = Reporter {
                units_tx,
                fault_tx,
                announced: Arc::default(),
                declined: Arc::default(),
                heard: Arc::default(),
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
                    Err(told.unwrap_or_else(|| SourceFault::Software {
                        detail: refused.to_string(),
                    }))
                }
            }
        });
        match started.await {
            Ok(result) => result,
            Err(died) => Err(SourceFault::Software {
                detail: died.to_string(),
            }),
        }
    }

    /// What comes next. Cancel-safe. After the end it never returns.
    pub(super) async fn next(&mut self) -> Output {
        tokio::select! {
            // what came before a fault is not lost by it
            biased;
            Some(raw) = self.units_rx.recv() => Output::Unit(Box::new(raw)),
            Ok(fault) = self.fault_rx.wait_for(Option::is_some) => {
                Output::Ended(fault.clone().unwrap_or(SourceFault::Closed))
            }
            else => Output::Ended(SourceFault::Closed),
        }
    }

    /// The tracks that the source has, as far as it said.
    pub(super) fn announced(&self) -> BTreeSet<TrackKind> {
        self.reporter.announced()
    }

    /// When the last packet of a track came, whether or not it could be read.
    pub(super) fn heard(&self, track: TrackKind) -> Option<Instant> {
        let heard = self.reporter.heard.lock();
        let heard = heard.unwrap_or_else(PoisonError::into_inner);
        heard.get(&track).copied()
    }

    /// The encodings that the source offers and that cannot be recorded.
    pub(super) fn declined(&self) -> BTreeSet<String> {
        self.reporter.declined()
    }

    /// The fault of a source that offers this track in encodings only that are of no use here.
    pub(super) fn declines(&self, track: TrackKind) -> Option<SourceFault> {
        let is_offered = self.announced().contains(&track) || self.declined().is_empty();
        (!is_offered).then(|| self.reporter.nothing_usable())
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
            if let Some(fault) = of_message(message) {
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
