//! Owns decoding for the detectors: a decoder element driven by hand on the caller's thread, without a
//! pipeline and its threads.

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// A key frame is given in this often until it comes out.
const HELD_BACK: usize = 3;

/// Why something cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[error("{element}: {what}; install the packages that README's Operations names")]
pub(super) struct Broken {
    element: &'static str,
    what: String,
}

/// One decoder, for one unit or run of units after another; none remembers the last.
#[derive(Debug)]
pub(super) struct Decoder {
    name: &'static str,
    element: gst::Element,
    inlet: gst::Pad,
    outlet: gst::Pad,
    decoded: Arc<Mutex<Vec<gst::Buffer>>>,
    begun: bool,
}

impl Decoder {
    /// By the name of its element.
    pub(super) fn new(name: &'static str) -> Result<Self, Broken> {
        let broken = |what: String| Broken {
            element: name,
            what,
        };
        let element = gst::ElementFactory::make(name)
            .build()
            .map_err(|error| broken(error.to_string()))?;
        let decoded: Arc<Mutex<Vec<gst::Buffer>>> = Arc::default();
        let inlet = gst::Pad::new(gst::PadDirection::Src);
        let taken = decoded.clone();
        // without a template the pad would take nothing but what it had first
        let any = gst::PadTemplate::new(
            "sink",
            gst::PadDirection::Sink,
            gst::PadPresence::Always,
            &gst::Caps::new_any(),
        )
        .map_err(|error| broken(error.to_string()))?;
        let outlet = gst::Pad::builder_from_template(&any)
            .chain_function(move |_, _, buffer| {
                let mut decoded = taken.lock().unwrap_or_else(PoisonError::into_inner);
                decoded.push(buffer);
                Ok(gst::FlowSuccess::Ok)
            })
            .event_function(|_, _, _| true)
            .build();
        let linked = element
            .static_pad("sink")
            .zip(element.static_pad("src"))
            .is_some_and(|(sink, src)| inlet.link(&sink).is_ok() && src.link(&outlet).is_ok());
        let activated = inlet.set_active(true).is_ok() && outlet.set_active(true).is_ok();
        if !linked || !activated || element.set_state(gst::State::Playing).is_err() {
            return Err(broken("it cannot be started".to_owned()));
        }
        Ok(Self {
            name,
            element,
            inlet,
            outlet,
            decoded,
            begun: false,
        })
    }

    /// Decodes a run of units, and gives the decoded buffers with what they are.
    pub(super) fn decode(
        &mut self,
        caps: &gst::Caps,
        units: &[Bytes],
    ) -> Result<Vec<(gst::Buffer, gst::Caps)>, Broken> {
        self.begin(caps)?;
        // a unit that is broken gives nothing, and the next run begins anew
        let _ = units.iter().try_for_each(|unit| self.push(unit));
        Ok(self.decoded())
    }

    /// Decodes a key frame. A decoder may hold it back for the order of pictures until the next one comes.
    pub(super) fn decode_key(
        &mut self,
        caps: &gst::Caps,
        unit: &Bytes,
    ) -> Result<Option<(gst::Buffer, gst::Caps)>, Broken> {
        self.begin(caps)?;
        for _ in 0..HELD_BACK {
            if self.push(unit).is_err() || !self.taken().is_empty() {
                break;
            }
        }
        Ok(self.decoded().pop())
    }

    /// Forgets what came before.
    fn begin(&mut self, caps: &gst::Caps) -> Result<(), Broken> {
        if std::mem::replace(&mut self.begun, true) {
            self.inlet.push_event(gst::event::FlushStart::new());
            self.inlet.push_event(gst::event::FlushStop::new(true));
        } else {
            self.inlet
                .push_event(gst::event::StreamStart::new("detector"));
        }
        self.taken().clear();
        if self.inlet.current_caps().as_ref() != Some(caps)
            && !self.inlet.push_event(gst::event::Caps::new(caps))
        {
            return Err(Broken {
                element: self.name,
                what: "it does not take this format".to_owned(),
            });
        }
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        self.inlet.push_event(gst::event::Segment::new(&segment));
        Ok(())
    }

    fn push(&self, unit: &Bytes) -> Result<(), gst::FlowError> {
        self.inlet
            .push(gst::Buffer::from_slice(unit.clone()))
            .map(drop)
    }

    fn decoded(&self) -> Vec<(gst::Buffer, gst::Caps)> {
        let Some(caps) = self.outlet.current_caps() else {
            return Vec::new();
        };
        let decoded = std::mem::take(&mut *self.taken());
        decoded.into_iter().map(|b| (b, caps.clone())).collect()
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Vec<gst::Buffer>> {
        self.decoded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // no device and no thread in it: this does not wait
        let _ = self.element.set_state(gst::State::Null);
    }
}
