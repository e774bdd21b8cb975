//! Owns the pipelines of the box's own cameras and microphones, and of the test pattern.
//!
//! They encode what browsers show as it is: H.264 constrained baseline without B-frames, a key frame at
//! least each 2 s or on demand, and Opus in packets of 20 ms.

use super::pipeline::Reporter;
use super::source::{AlsaDevice, PictureFormat, TestPattern, V4l2Source};
use super::units::{Port, take_units};
use crate::media::feed::TrackKind;
use crate::room::SourceFault;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

/// The small picture's height in pixels, and its bit rate in kbit/s.
const SMALL: (u32, u32) = (180, 200);

/// A camera of the box, with its microphone.
pub(super) fn v4l2(camera: &V4l2Source, sound: Option<&AlsaDevice>) -> Local {
    let caps = format!(
        "width={},height={},framerate={}/1",
        camera.width, camera.height, camera.fps
    );
    let pictures = match camera.format {
        PictureFormat::Mjpeg => format!("image/jpeg,{caps} ! jpegdec"),
        PictureFormat::Raw => format!("video/x-raw,{caps}"),
    };
    let mut description = format!(
        "v4l2src name=camera ! {pictures} ! videoconvert ! {}",
        encoders(camera.width, camera.height, camera.fps, camera.kbps)
    );
    let mut devices = vec![("camera", camera.device.to_string_lossy().into_owned())];
    if let Some(sound) = sound {
        description += &format!(" {ALSA} ! {OPUS}");
        devices.push(("microphone", sound.as_str().to_owned()));
    }
    Local {
        description,
        devices,
    }
}

/// A microphone of the box.
pub(super) fn alsa(device: &AlsaDevice) -> Local {
    Local {
        description: format!("{ALSA} ! {OPUS}"),
        devices: vec![("microphone", device.as_str().to_owned())],
    }
}

/// A made picture and tone.
pub(super) fn test(pattern: TestPattern) -> Local {
    let TestPattern {
        width,
        height,
        fps,
        kbps,
        tone_hz,
    } = pattern;
    let description = format!(
        "videotestsrc is-live=true pattern=smpte75 \
         ! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 \
         ! timeoverlay time-mode=running-time ! {} \
         audiotestsrc is-live=true freq={tone_hz} volume=0.05 ! {OPUS}",
        encoders(width, height, fps, kbps)
    );
    Local {
        description,
        devices: Vec::new(),
    }
}

const ALSA: &str = "alsasrc name=microphone";
const OPUS: &str = "queue ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=1 \
                    ! opusenc bitrate=32000 frame-size=20 \
                    ! appsink name=sound sync=false async=false max-buffers=16";

/// One picture into two encoders. A slow encoder loses pictures, never holds up the camera.
fn encoders(width: u32, height: u32, fps: u32, kbps: u32) -> String {
    let (small_height, small_kbps) = SMALL;
    // the encoder takes even sizes only
    let small_width = (width * small_height / height.max(1)).max(2) & !1;
    let encoder = |kbps: u32, port: Port| {
        format!(
            "x264enc tune=zerolatency speed-preset=ultrafast bframes=0 threads=1 bitrate={kbps} key-int-max={} \
             ! video/x-h264,profile=constrained-baseline ! h264parse config-interval=-1 \
             ! video/x-h264,stream-format=byte-stream,alignment=au \
             ! appsink name={} sync=false async=false max-buffers=16",
            fps * 2,
            port.sink_name()
        )
    };
    format!(
        "tee name=pictures pictures. ! queue leaky=downstream max-size-buffers=4 ! {} \
         pictures. ! queue leaky=downstream max-size-buffers=4 ! videoscale \
         ! video/x-raw,width={small_width},height={small_height} ! {}",
        encoder(kbps, Port::Picture),
        encoder(small_kbps, Port::SmallPicture)
    )
}

/// A pipeline with devices of the box.
#[derive(Debug, Clone)]
pub(super) struct Local {
    description: String,
    /// Elements by name, and the device each opens: set apart, so that no name is read as a pipeline.
    devices: Vec<(&'static str, String)>,
}

impl Local {
    /// Builds it.
    pub(super) fn build(
        &self,
        pipeline: &gst::Pipeline,
        reporter: &Reporter,
    ) -> Result<(), SourceFault> {
        let broken = |error: &dyn std::fmt::Display| SourceFault::Software {
            detail: error.to_string(),
        };
        let bin =
            gst::parse::bin_from_description(&self.description, false).map_err(|e| broken(&e))?;
        for (element, device) in &self.devices {
            bin.by_name(element)
                .expect("named in the description")
                .set_property("device", device);
        }
        for port in [Port::Picture, Port::SmallPicture, Port::Sound] {
            let Some(sink) = bin.by_name(port.sink_name()) else {
                continue;
            };
            let sink = sink
                .downcast::<gst_app::AppSink>()
                .expect("ports are appsinks");
            take_units(&sink, port, None, reporter);
            reporter.announce(match port {
                Port::Picture | Port::SmallPicture => TrackKind::Video,
                Port::Sound => TrackKind::Audio,
            });
        }
        pipeline.add(&bin).map_err(|e| broken(&e))
    }
}
