//! Sound and picture of a recorded file are in step, and feeds can be compared: against sources whose flashes and beeps
//! coincide, and cameras that show the time. Decoded by ffmpeg.

use crate::cameras::{Cameras, stream};
use crate::probe::decode;
use crate::recording::{Room, files, segments, session, until};
use crate::room::{self, Browser, loopback};
use crate::time_strip;
use bidroom::archive::feed_folder;
use bidroom::media::capture::{self, Password, RtspSource, Source};
use bidroom::media::recorder::{Recorders, WantedRecordings};
use bidroom::room::FeedKind;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How far sound and picture may be apart, s.
const IN_STEP: f64 = 0.040;

pub(crate) fn ffmpeg(words: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args(words)
        .output();
    let output = output.expect("ffmpeg is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {words:?}: {told}");
    output.stdout
}

/// What ffprobe says of a stream (`stream=sample_rate`) or of each decoded frame of it (`frame=pts_time`), in numbers.
fn told(file: &str, stream: &str, entries: &str) -> Vec<Vec<f64>> {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            stream,
            "-show_entries",
            entries,
            "-of",
            "csv=p=0",
            file,
        ])
        .output()
        .expect("ffprobe is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = |line: &str| {
        line.split(',')
            .filter_map(|number| number.parse().ok())
            .collect()
    };
    // a frame with side data has a line more
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(numbers)
        .collect()
}

/// Presentation times of a file's pictures.
fn picture_times(file: &str) -> Vec<f64> {
    told(file, "v", "frame=pts_time")
        .into_iter()
        .map(|frame| frame[0])
        .collect()
}

/// When the picture turns from dark to bright.
fn flashes(file: &str) -> Vec<f64> {
    let luma = ffmpeg(&[
        "-i",
        file,
        "-vf",
        "scale=1:1:flags=area,format=gray",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-",
    ]);
    let times = picture_times(file);
    assert_eq!(luma.len(), times.len(), "each picture is decoded");
    let bright = luma.windows(2).zip(&times[1..]);
    bright
        .filter(|(pair, _)| pair[0] < 100 && pair[1] >= 100)
        .map(|(_, time)| *time)
        .collect()
}

/// When it begins to beep after a silence: by the time that each packet of sound tells, as players go by it.
fn beeps(file: &str) -> Vec<f64> {
    let sound = ffmpeg(&["-i", file, "-map", "0:a", "-ac", "1", "-f", "s16le", "-"]);
    let samples: Vec<i16> = sound
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let (mut rest, mut beeps, mut loud_at) = (samples.as_slice(), Vec::new(), f64::MIN);
    let frames = told(file, "a", "frame=pts_time,nb_samples");
    let all: usize = frames.iter().map(|frame| frame[1] as usize).sum();
    assert_eq!(all, samples.len(), "each packet is decoded");
    let rate = told(file, "a", "stream=sample_rate")[0][0];
    for frame in frames {
        let (this, more) = rest.split_at(frame[1] as usize);
        rest = more;
        let loud = |at: usize| this[at].unsigned_abs() > 3_000;
        for at in (0..this.len()).filter(|at| loud(*at)) {
            let time = frame[0] + at as f64 / rate;
            if time - loud_at > 0.25 {
                beeps.push(time);
            }
            loud_at = time;
        }
    }
    beeps
}

/// By how much each flash is later than its beep, s.
fn apart(file: &Path) -> Vec<f64> {
    decode(file);
    let file = file.to_str().expect("a path");
    let beeps = beeps(file);
    let near = |flash: &f64| {
        let apart = beeps
            .iter()
            .map(|beep| flash - beep)
            .min_by(|a, b| a.abs().total_cmp(&b.abs()));
        // at a file's edges one of the two is in the other file
        apart.filter(|apart| apart.abs() < 0.4)
    };
    flashes(file).iter().filter_map(near).collect()
}

fn judged(apart: &[f64], least: usize, what: &str) {
    assert!(apart.len() >= least, "{what}: too few to judge: {apart:?}");
    let worst = apart.iter().fold(0.0_f64, |most, a| most.max(a.abs()));
    let mean = apart.iter().sum::<f64>() / apart.len() as f64;
    eprintln!(
        "{what}: flash after beep by {:.1} ms on average, {:.1} ms at most ({})",
        mean * 1e3,
        worst * 1e3,
        apart.len()
    );
    assert!(worst <= IN_STEP, "{what}: {apart:?}");
}

pub(crate) struct Server(Child, pub(crate) u16);

impl Server {
    pub(crate) fn of(file: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media/flash_and_beep.py");
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: Value = serde_json::from_str(&line).expect("it says its port");
        Self(
            child,
            u16::try_from(told["port"].as_u64().unwrap()).unwrap(),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn capture(room: &Room, source: Source) -> JoinSet<()> {
    let (mut tasks, feed) = (JoinSet::new(), room.feed().clone());
    tasks.spawn(async move { match capture::run(feed, source).await {} });
    tasks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cameras_sound_and_picture_are_recorded_in_step() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mov");
    let picture = "color=black:size=320x240:rate=25:duration=16,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'";
    let sound = "aevalsrc='if(lt(mod(t,1),0.1),0.8*sin(2*PI*1000*t),0)':s=8000:d=16";
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        picture,
        "-f",
        "lavfi",
        "-i",
        sound,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-bf",
        "0",
        "-g",
        "50",
        "-c:a",
        "pcm_alaw",
        clip.to_str().unwrap(),
    ]);
    judged(&apart(&clip), 14, "the source itself");
    let server = Server::of(&clip);
    let mut room = Room::new(FeedKind::Camera);
    let source = Source::Rtsp {
        main: RtspSource {
            url: format!("rtsp://127.0.0.1:{}/main", server.1)
                .parse()
                .unwrap(),
            username: String::new(),
            password: Password::from(String::new()),
        },
        sub: None,
    };
    let _camera = capture(&room, source);
    until("two files", || files(&room.folder()).len() >= 2).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let records = room.stop().await;
    let seen: Vec<f64> = segments(&records)
        .iter()
        .flat_map(|s| apart(&room.folder().join(&s.file)))
        .collect();
    judged(&seen, 8, "camera");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workstations_sound_and_picture_are_recorded_in_step() {
    let folder = tempfile::tempdir().unwrap();
    let server = room::Room::start(loopback()).await;
    let mut browser = Browser::start(&server).await;
    let id = "seat-1-face".parse().unwrap();
    let (wanted, wanted_rx) = watch::channel(WantedRecordings {
        session: Some(session()),
        feeds: [id].into(),
    });
    let (reports, mut told) = mpsc::channel(64);
    let recorders = Recorders::new(folder.path().to_owned(), false);
    let running = tokio::spawn(recorders.run(wanted_rx, server.feeds.clone(), reports));
    let given =
        json!({ "url": server.url("/api/whip/seat-1-face"), "owner": "seat-1", "flash": true });
    let _: Value = browser.act("seat", "publish", given).await;
    let place = feed_folder(folder.path(), &session(), &"seat-1-face".parse().unwrap());
    until("two files", || files(&place).len() >= 2).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    drop(wanted);
    while told.recv().await.is_some() {}
    running.await.unwrap();
    let seen: Vec<f64> = files(&place).iter().flat_map(|file| apart(file)).collect();
    // the first report of the sender brings its tracks in step; until then they are as they arrived
    judged(&seen[2.min(seen.len())..], 6, "workstation");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cameras_can_be_compared_by_the_boxs_clock() {
    // one with B-frames off at 15 a second, one of 10 a second in another size
    let cameras = Cameras::serve("camera-1,camera-3");
    let mut late = Vec::new();
    for name in ["camera-1", "camera-3"] {
        let mut room = Room::new(FeedKind::Camera);
        let source = Source::Rtsp {
            main: stream(cameras.port, &format!("{name}/main")),
            sub: None,
        };
        let _camera = capture(&room, source);
        until("some seconds", || {
            files(&room.folder())
                .first()
                .is_some_and(|f| std::fs::metadata(f).unwrap().len() > 300_000)
        })
        .await;
        let records = room.stop().await;
        let segment = segments(&records)[0];
        let size = if name == "camera-1" {
            (1280, 720)
        } else {
            (960, 540)
        };
        let file = room.folder().join(&segment.file);
        late.push(lateness(&file, size, segment.from.0));
    }
    // a source that is short of CPU draws the time late: its quickest pictures tell
    let quick = |late: &Vec<i64>| late[late.len() * 9 / 10];
    for (name, late) in ["camera-1", "camera-3"].iter().zip(&late) {
        let median = late[late.len() / 2];
        eprintln!(
            "{name}: dated {} ms after it was drawn (median {median} ms)",
            quick(late)
        );
        assert!(quick(late).abs() <= 300, "{name}: {late:?}");
    }
    let apart = (quick(&late[0]) - quick(&late[1])).abs();
    eprintln!("two cameras are comparable to {apart} ms");
    assert!(apart <= 150, "{late:?}");
}

/// How much later than the time that it shows each picture is dated, ms, sorted.
fn lateness(file: &Path, (width, height): (usize, usize), from: i64) -> Vec<i64> {
    let file = file.to_str().unwrap();
    let luma = ffmpeg(&[
        "-i",
        file,
        "-vf",
        "format=gray",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-",
    ]);
    let times = picture_times(file);
    let pictures = luma.chunks_exact(width * height).zip(times);
    let late = pictures.filter_map(|(picture, time)| {
        let shown = time_strip::read(picture, width, height)?;
        let dated = from + (time * 1e3) as i64;
        Some(i64::from((dated as u32).wrapping_sub(shown).cast_signed()))
    });
    let mut late: Vec<_> = late.collect();
    assert!(late.len() > 20, "too few show the time");
    late.sort_unstable();
    late
}
