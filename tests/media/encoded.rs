//! Owns real encoded pictures and sound to record: made by in-process GStreamer encoders, published into a feed.

use bidroom::media::feed::{Codec, Feed, Format, Unit};
use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One track as an encoder made it.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub(crate) format: Arc<Format>,
    pub(crate) units: Vec<EncodedUnit>,
}

#[derive(Debug, Clone)]
pub(crate) struct EncodedUnit {
    pub(crate) pts: Duration,
    pub(crate) dts: Duration,
    pub(crate) key: bool,
    pub(crate) data: Bytes,
}

impl Encoded {
    /// The same, `by` later on the feed's clock.
    pub(crate) fn later(mut self, by: Duration) -> Self {
        for unit in &mut self.units {
            unit.pts += by;
            unit.dts += by;
        }
        self
    }

    /// Without what lies in that stretch of decoding time.
    pub(crate) fn without(mut self, from: Duration, to: Duration) -> Self {
        self.units.retain(|unit| unit.dts < from || unit.dts >= to);
        self
    }
}

/// A picture of that size, 25 a second, a key frame each second.
pub(crate) fn video(codec: Codec, size: (u32, u32), seconds: u32, b_frames: u32) -> Encoded {
    video_of(codec, size, seconds, b_frames, 800)
}

/// The same of that many kbit/s.
pub(crate) fn video_of(
    codec: Codec,
    size: (u32, u32),
    seconds: u32,
    b_frames: u32,
    kbits: u32,
) -> Encoded {
    let encoder = match codec {
        Codec::H264 => format!(
            "x264enc bitrate={kbits} key-int-max=25 bframes={b_frames} b-adapt=false speed-preset=ultrafast byte-stream=true \
             ! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au"
        ),
        Codec::H265 => "x265enc bitrate=800 key-int-max=25 speed-preset=ultrafast option-string=bframes=0:open-gop=0 \
             ! h265parse config-interval=-1 ! video/x-h265,stream-format=byte-stream,alignment=au"
            .to_owned(),
        other => panic!("{other:?} is no picture"),
    };
    let (width, height) = size;
    let line = format!(
        "videotestsrc num-buffers={} pattern={} ! video/x-raw,format=I420,width={width},height={height},framerate=25/1 ! {encoder}",
        seconds * 25,
        if kbits > 1_000 { "snow" } else { "ball" }
    );
    let (units, _) = run(&line);
    let format = Format {
        codec,
        clock_rate: 90_000,
        channels: 0,
        setup: Bytes::new(),
    };
    Encoded {
        format: Arc::new(format),
        units,
    }
}

/// A sine of that length.
pub(crate) fn audio(codec: Codec, seconds: u32) -> Encoded {
    sound("", codec, seconds)
}

fn sound(wave: &str, codec: Codec, seconds: u32) -> Encoded {
    let (rate, per_buffer, encoder) = match codec {
        Codec::Opus => (48_000, 960, "opusenc"),
        Codec::Aac => (
            48_000,
            1024,
            "voaacenc ! aacparse ! audio/mpeg,stream-format=raw",
        ),
        Codec::Pcma => (8_000, 160, "alawenc"),
        Codec::Pcmu => (8_000, 160, "mulawenc"),
        other => panic!("{other:?} is no sound"),
    };
    let line = format!(
        "audiotestsrc {wave} num-buffers={} samplesperbuffer={per_buffer} ! audio/x-raw,rate={rate},channels=1 ! {encoder}",
        seconds * rate / per_buffer
    );
    let (mut units, setup) = run(&line);
    units.iter_mut().for_each(|unit| unit.key = true);
    let setup = if codec == Codec::Aac {
        setup
    } else {
        Bytes::new()
    };
    Encoded {
        format: Arc::new(Format {
            codec,
            clock_rate: rate,
            channels: 1,
            setup,
        }),
        units,
    }
}

/// A still room as a camera of 10 pictures a second sees it: a picture and a sensor's noise over it, a key frame
/// each 2 s. `options` are x264's.
pub(crate) fn still_room(options: &str, seconds: u32) -> Encoded {
    let form = "video/x-raw,format=I420,width=320,height=180,framerate=10/1";
    let pictures = seconds * 10;
    // snow of this alpha has a deviation of about 1.5 luma levels
    let line = format!(
        "videotestsrc num-buffers={pictures} pattern=zone-plate kx2=9 ky2=7 kt=0 ! {form} ! mix.sink_0 \
         videotestsrc num-buffers={pictures} pattern=snow ! {form} ! mix.sink_1 \
         compositor name=mix background=black sink_1::alpha=0.02 ! {form} \
         ! x264enc tune=zerolatency speed-preset=veryfast key-int-max=20 byte-stream=true {options} \
         ! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au"
    );
    let format = Format {
        codec: Codec::H264,
        clock_rate: 90_000,
        channels: 0,
        setup: Bytes::new(),
    };
    Encoded {
        format: Arc::new(format),
        units: run(&line).0,
    }
}

/// The sound of a quiet room, -60 dBFS.
pub(crate) fn hum(codec: Codec, seconds: u32) -> Encoded {
    sound("wave=white-noise volume=0.00173", codec, seconds)
}

fn run(line: &str) -> (Vec<EncodedUnit>, Bytes) {
    gst::init().expect("GStreamer");
    let pipeline =
        gst::parse::launch(&format!("{line} ! appsink name=out sync=false")).expect("a pipeline");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    let sink = pipeline
        .by_name("out")
        .expect("the sink")
        .downcast::<AppSink>()
        .expect("an appsink");
    pipeline.set_state(gst::State::Playing).expect("plays");
    let (mut units, mut setup, mut zero) = (Vec::new(), Bytes::new(), None);
    while let Ok(sample) = sink.pull_sample() {
        let caps = sample
            .caps()
            .and_then(|caps| caps.structure(0))
            .expect("caps");
        if let Ok(data) = caps.get::<gst::Buffer>("codec_data") {
            setup = Bytes::copy_from_slice(&data.map_readable().expect("readable"));
        }
        let buffer = sample.buffer().expect("a buffer");
        let pts = Duration::from_nanos(buffer.pts().expect("a time").nseconds());
        let dts = buffer
            .dts()
            .map_or(pts, |dts| Duration::from_nanos(dts.nseconds()));
        let zero = *zero.get_or_insert(dts.min(pts));
        units.push(EncodedUnit {
            pts: pts - zero,
            dts: dts - zero,
            key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
            data: Bytes::copy_from_slice(&buffer.map_readable().expect("readable")),
        });
    }
    pipeline.set_state(gst::State::Null).expect("stops");
    assert!(!units.is_empty(), "{line} made nothing");
    (units, setup)
}

/// Publishes tracks in decoding order, `speed` times as fast as they play. Arrival times are those of speed 1, so
/// that segments turn by the media's own clock.
pub(crate) async fn publish(feed: &Feed, tracks: &[&Encoded], speed: u32) {
    let mut units: Vec<_> = tracks
        .iter()
        .flat_map(|track| {
            track
                .units
                .iter()
                .map(|unit| (track.format.clone(), unit.clone()))
        })
        .collect();
    units.sort_by_key(|(_, unit)| unit.dts);
    let begin = Instant::now();
    for (format, unit) in units {
        let due = begin + unit.dts / speed;
        tokio::time::sleep_until(due.into()).await;
        feed.publish_unit(Unit {
            rtp: (unit.pts.as_nanos() * u128::from(format.clock_rate) / 1_000_000_000) as u32,
            ntp: None,
            pts: unit.pts,
            dts: unit.dts,
            arrival: begin + unit.dts,
            key: unit.key,
            data: unit.data,
            format,
        });
    }
}
