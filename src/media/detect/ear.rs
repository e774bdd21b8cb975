//! Owns the listening to one feed: now and then a run of its sound is decoded.

use super::decoder::{Broken, Decoder};
use super::lasting::Lasting;
use super::sound::Loudness;
use crate::config::Detectors;
use crate::media::feed::{Codec, Format, Unit};
use crate::room::Anomaly;
use bytes::Bytes;
use gstreamer as gst;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a run is decoded.
const EVERY: Duration = Duration::from_millis(1500);
/// How much of the sound a run is.
const RUN: Duration = Duration::from_millis(120);
/// At the beginning of a run a decoder is still finding itself.
const FINDING: Duration = Duration::from_millis(40);
/// How long sound must be back, or bearable, before that counts.
const GONE_AFTER: Duration = Duration::from_millis(2500);

/// The decoders of all feeds, by what they decode; made when they are first needed.
#[derive(Debug, Default)]
pub(super) struct Decoders(BTreeMap<&'static str, Decoder>);

impl Decoders {
    pub(super) fn of(&mut self, name: &'static str) -> Result<&mut Decoder, Broken> {
        Ok(match self.0.entry(name) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Decoder::new(name)?),
        })
    }
}

/// Listens to one feed.
#[derive(Debug)]
pub(super) struct Ear {
    silent_below: f32,
    too_loud_above: f32,
    run: Vec<Arc<Unit>>,
    next: Option<Instant>,
    silent: Lasting,
    too_loud: Lasting,
}

impl Ear {
    pub(super) fn new(detectors: &Detectors) -> Self {
        let lasting = |anomaly| Lasting::new(detectors.lasting(anomaly), GONE_AFTER);
        Self {
            silent_below: f32::from(detectors.silent_below.0),
            too_loud_above: f32::from(detectors.too_loud_above.0),
            run: Vec::new(),
            next: None,
            silent: lasting(Anomaly::Silent),
            too_loud: lasting(Anomaly::TooLoud),
        }
    }

    /// Takes a unit of the sound.
    pub(super) fn hear(&mut self, unit: &Arc<Unit>, decoders: &mut Decoders) -> Result<(), Broken> {
        if self.next.is_some_and(|next| unit.arrival < next) {
            return Ok(());
        }
        if self
            .run
            .last()
            .is_some_and(|last| last.format != unit.format)
        {
            self.run.clear();
        }
        self.run.push(unit.clone());
        let first = &self.run[0];
        if unit.pts.saturating_sub(first.pts) < RUN {
            return Ok(());
        }
        let run = std::mem::take(&mut self.run);
        self.next = Some(unit.arrival + EVERY);
        if let Some(loudness) = decode(&run, decoders)? {
            self.judge(loudness, unit.arrival);
        }
        Ok(())
    }

    fn judge(&mut self, loudness: Loudness, at: Instant) {
        let observe = |lasting: &mut Lasting, seen: bool| match seen {
            true => lasting.seen(at, at),
            false => lasting.gone(at),
        };
        observe(&mut self.silent, loudness.peak < self.silent_below);
        observe(&mut self.too_loud, loudness.mean > self.too_loud_above);
    }

    /// What lasts, and since when.
    pub(super) fn found(&self) -> [(Anomaly, Option<Instant>); 2] {
        [
            (Anomaly::Silent, self.silent.lasts()),
            (Anomaly::TooLoud, self.too_loud.lasts()),
        ]
    }
}

fn decode(run: &[Arc<Unit>], decoders: &mut Decoders) -> Result<Option<Loudness>, Broken> {
    let Some(format) = run.first().map(|unit| unit.format.clone()) else {
        return Ok(None);
    };
    let Some((name, caps)) = decoder_of(&format) else {
        return Ok(None);
    };
    let units: Vec<Bytes> = run.iter().map(|unit| unit.data.clone()).collect();
    let decoded = decoders.of(name)?.decode(&caps, &units)?;
    let mut samples = Vec::new();
    let mut skip = 0;
    for (buffer, caps) in &decoded {
        let number = |field| {
            let value = caps.structure(0).and_then(|s| s.get::<i32>(field).ok());
            value.and_then(|n| usize::try_from(n).ok()).unwrap_or(1)
        };
        let finding = usize::try_from(FINDING.as_millis()).unwrap_or(0);
        skip = number("rate") * finding / 1000 * number("channels") * 2;
        if let Ok(map) = buffer.map_readable() {
            samples.extend_from_slice(&map);
        }
    }
    Ok(samples.get(skip..).and_then(Loudness::of))
}

/// The element that decodes a format, and what it is told of it.
fn decoder_of(format: &Format) -> Option<(&'static str, gst::Caps)> {
    let rate = i32::try_from(format.clock_rate).ok()?;
    let channels = i32::from(format.channels.max(1));
    let raw = |name: &str| {
        gst::Caps::builder(name)
            .field("rate", rate)
            .field("channels", channels)
    };
    Some(match format.codec {
        Codec::Opus => {
            let caps = raw("audio/x-opus").field("channel-mapping-family", 0);
            ("opusdec", caps.build())
        }
        Codec::Aac => {
            let caps = raw("audio/mpeg")
                .field("mpegversion", 4)
                .field("framed", true)
                .field("stream-format", "raw")
                .field("codec_data", gst::Buffer::from_slice(format.setup.clone()));
            ("faad", caps.build())
        }
        Codec::Pcma => ("alawdec", raw("audio/x-alaw").build()),
        Codec::Pcmu => ("mulawdec", raw("audio/x-mulaw").build()),
        Codec::H264 | Codec::H265 => return None,
    })
}
