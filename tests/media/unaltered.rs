//! What cameras send is recorded as it is: NAL units and sound bytes equal those that a stranger
//! (ffmpeg) takes from the same camera at the same time.

use crate::burned_in::Recorded;
use crate::cameras::{Cameras, PASSWORD, USER};
use crate::probe::probe;
use crate::recording::segments;
use bidroom::room::Track;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Elementary streams as ffmpeg takes them out of a file, without decoding.
fn extracted(file: &Path, track: &str, format: &str) -> Vec<u8> {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-map", track, "-c", "copy", "-f", format, "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    out.stdout
}

/// Hashes of all NAL units but delimiters and parameter sets, which a file holds in its head as well.
fn nal_units(annex_b: &[u8], h265: bool) -> Vec<[u8; 32]> {
    let starts: Vec<usize> = annex_b
        .windows(3)
        .enumerate()
        .filter(|(_, window)| *window == [0, 0, 1])
        .map(|(at, _)| at + 3)
        .collect();
    let ends = starts
        .iter()
        .skip(1)
        .map(|next| next - 3)
        .chain([annex_b.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&from, to)| {
            let nal = &annex_b[from..to];
            &nal[..nal.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1)]
        })
        .filter(|nal| match (h265, nal.first()) {
            (_, None) => false,
            (false, Some(head)) => !matches!(head & 0x1f, 7..=9),
            (true, Some(head)) => !matches!(head >> 1 & 0x3f, 32..=35),
        })
        .map(|nal| Sha256::digest(nal).into())
        .collect()
}

/// How many of `theirs` stand in `ours` in the same order without a break: all, but for what either
/// began or ended without.
fn common<T: PartialEq>(ours: &[T], theirs: &[T], what: &str) -> usize {
    let (at, from) = theirs
        .iter()
        .enumerate()
        .find_map(|(at, first)| Some((at, ours.iter().position(|unit| unit == first)?)))
        .unwrap_or_else(|| panic!("{what}: nothing in common"));
    // the one that began later began with a key frame, the other has all before it
    assert!(
        at == 0 || from == 0,
        "{what}: {at} of theirs are missing in ours"
    );
    let together = ours[from..].iter().zip(&theirs[at..]);
    let equal = together.clone().take_while(|(a, b)| a == b).count();
    assert_eq!(
        equal,
        together.count(),
        "{what}: they differ after {equal} units"
    );
    equal
}

async fn is_recorded_as_it_is(camera: &str, more: &[&str], sound: &str) {
    let cameras = Cameras::start(camera, 0, more);
    let recorded = Recorded::start(cameras.source(camera)).await;
    recorded.until_live("live").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs.mkv");
    let password = PASSWORD.replace(' ', "%20").replace('\'', "%27");
    let address = format!(
        "rtsp://{USER}:{password}@127.0.0.1:{}/{camera}/main",
        cameras.port
    );
    let stranger = tokio::process::Command::new("ffmpeg")
        .args(["-v", "error", "-rtsp_transport", "tcp", "-i", &address])
        // longer than a segment, so that a border lies within
        .args(["-t", "13", "-c", "copy"])
        .arg(&theirs)
        .output()
        .await
        .unwrap();
    assert!(
        stranger.status.success(),
        "{}",
        String::from_utf8_lossy(&stranger.stderr)
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let room_folder = recorded.room.folder();
    let tape = recorded.stop().await;
    // sound that comes before the first key frame has a file of its own
    let files = |track: Track| -> Vec<_> {
        segments(&tape.records)
            .into_iter()
            .filter(|segment| {
                segment
                    .tracks
                    .iter()
                    .any(|t| t.track == track && t.samples > 0)
            })
            .map(|segment| room_folder.join(&segment.file))
            .collect()
    };
    let (pictures, sounds) = (files(Track::Video), files(Track::Audio));
    assert!(
        pictures.len() >= 2,
        "a border lies between: {:#?}",
        tape.records
    );

    // each is read by ffprobe without a remark
    let probed: Vec<_> = pictures.iter().map(|file| probe(file).0).collect();
    let tracks = probed.last().unwrap();
    let h265 = tracks.iter().any(|track| track.codec == "hevc");
    let format = if h265 { "hevc" } else { "h264" };
    let ours: Vec<_> = pictures
        .iter()
        .flat_map(|file| nal_units(&extracted(file, "0:v:0", format), h265))
        .collect();
    let same = common(
        &ours,
        &nal_units(&extracted(&theirs, "0:v:0", format), h265),
        camera,
    );
    assert!(same > 80, "{camera}: only {same} NAL units");

    let bytes = |file: &Path| -> Vec<u8> {
        let taken = match sound {
            // what ADTS puts before each frame is its length, not the camera's
            "aac" => "adts",
            other => other,
        };
        extracted(file, "0:a:0", taken)
    };
    let ours: Vec<u8> = sounds.iter().flat_map(|file| bytes(file)).collect();
    let theirs = bytes(&theirs);
    // frames of sound repeat: silence and tones look alike, so whole stretches are compared
    let middle = theirs.len() / 4..theirs.len() * 3 / 4;
    let stretch = &theirs[middle];
    assert!(
        stretch.len() > 20_000,
        "{camera}: only {} bytes of sound",
        stretch.len()
    );
    assert!(
        ours.windows(stretch.len()).any(|window| window == stretch),
        "{camera}: {} bytes of sound are not found as they were sent",
        stretch.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_of_high_profile_with_b_frames_and_a_law_is_recorded_as_it_is() {
    is_recorded_as_it_is("supervision-camera", &["--b-frames"], "alaw").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_mu_law_is_recorded_as_it_is() {
    is_recorded_as_it_is("camera-4", &[], "mulaw").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_with_aac_is_recorded_as_it_is() {
    is_recorded_as_it_is("camera-2", &[], "aac").await;
}
