//! Owns the look of a stranger at a recorded file: `ffprobe`.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// One track as ffprobe sees it.
#[derive(Debug, Clone)]
pub(crate) struct Probed {
    pub(crate) codec: String,
    pub(crate) packets: Vec<Packet>,
}

#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) pts: f64,
    pub(crate) duration: f64,

    pub(crate) hash: String,
}

impl Probed {
    pub(crate) fn start(&self) -> f64 {
        self.packets.iter().map(|p| p.pts).fold(f64::MAX, f64::min)
    }

    pub(crate) fn end(&self) -> f64 {
        self.packets
            .iter()
            .map(|p| p.pts + p.duration)
            .fold(0.0, f64::max)
    }
}

/// All tracks of a file, and the duration it is said to have. Fails if ffprobe or a full decode finds anything wrong.
pub(crate) fn probe(file: &Path) -> (Vec<Probed>, f64) {
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "warning",
            "-of",
            "json",
            "-show_streams",
            "-show_format",
            "-show_packets",
        ])
        .args(["-show_data_hash", "sha256"])
        .arg(file)
        .output()
        .expect("ffprobe is installed");
    assert!(
        out.status.success() && out.stderr.is_empty(),
        "{file:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let json: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let number = |value: &Value| {
        value
            .as_str()
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(f64::NAN)
    };
    let packets = json["packets"].as_array().expect("packets");
    let tracks = json["streams"]
        .as_array()
        .expect("streams")
        .iter()
        .map(|stream| Probed {
            codec: stream["codec_name"].as_str().expect("a codec").to_owned(),
            packets: packets
                .iter()
                .filter(|packet| packet["stream_index"] == stream["index"])
                .map(|packet| Packet {
                    pts: number(&packet["pts_time"]),
                    // ffprobe tells no duration of Opus packets in fragments
                    duration: Some(number(&packet["duration_time"]))
                        .filter(|d| d.is_finite())
                        .unwrap_or(0.0),

                    hash: packet["data_hash"]
                        .as_str()
                        .unwrap_or_default()
                        .trim_start_matches("SHA256:")
                        .to_owned(),
                })
                .collect(),
        });
    (tracks.collect(), number(&json["format"]["duration"]))
}

/// Decodes every picture and sound of a file; fails at the first fault.
pub(crate) fn decode(file: &Path) {
    let out = Command::new("ffmpeg")
        .args(["-v", "warning", "-i"])
        .arg(file)
        // by the file's own times: ffmpeg's guess of a rate puts two pictures of a source without one into one place
        .args([
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "-1",
            "-f",
            "null",
            "-",
        ])
        .output();
    let out = out.expect("ffmpeg is installed");
    // G.711 has no channel layout in any MP4; after a pause of its source a fragment tells its own time
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let faults: Vec<_> = said
        .lines()
        .filter(|line| {
            !line.is_empty()
                && !line.contains("Channel Layout")
                && !line.contains("DTS discontinuity")
        })
        .collect();
    assert!(
        out.status.success() && faults.is_empty(),
        "{file:?}: {faults:?}"
    );
}
