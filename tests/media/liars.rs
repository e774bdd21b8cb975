//! Cameras that lie: whatever they send, what is wrong is named, it is recovered from, no recording claims
//! a time that it does not hold, and nothing is missing without a gap that says so.

use crate::burned_in::{Recorded, Tape};
use crate::cameras::{Cameras, stream};
use crate::recording::{segments, session};
use bidroom::archive::feed_folder;
use bidroom::media::capture::Source;
use bidroom::room::{SourceFault, Track};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const HONEST: Duration = Duration::from_secs(4);
const LYING: Duration = Duration::from_secs(8);
/// A hole in the pictures of so many ms is a gap.
const HOLE_MS: i64 = 2_400;
/// How far a picture's place in its file may be from the clock burned into it, beyond that of the honest
/// camera beside it: what a leap of the camera's clock may cost before it is found.
const OFF_MS: i64 = 700;

/// `tests/media/liar.py` as a process of its own.
struct Liar {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Liar {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media/liar.py");
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            commands,
            answers,
        }
    }

    fn say(&mut self, command: &Value) {
        writeln!(self.commands, "{command}").unwrap();
    }

    /// The port at which a camera of that name is found from now on.
    fn open(&mut self, name: &str, upstream: u16) -> u16 {
        self.say(&json!({ "open": name, "upstream": upstream }));
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        u16::try_from(answer["port"].as_u64().unwrap()).unwrap()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is to come of a lie.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// Nobody notices, and nothing is lost.
    Harmless,
    /// It is told by one of these words, and nothing is lost.
    Told(&'static str),
    /// It is told by one of these words, and what is lost is a gap.
    Lost(&'static str),
    /// Its sound is lost, and told by one of these words.
    SoundLost(&'static str),
    /// Something may be lost, and is a gap then.
    Survived,
    /// Pictures come damaged, and are stored as they come, so that their clock is no witness. Where words
    /// stand, they tell it.
    Damaged(&'static str),
}

use Outcome::{Damaged, Harmless, Lost, SoundLost, Survived, Told};

const LIES: [(&str, Outcome); 28] = [
    ("payload type", Lost("cannot be read")),
    ("ssrc", Harmless),
    ("ssrc changes", Harmless),
    ("sequence", Damaged("")),
    ("sequence stands", Lost("cannot be read")),
    ("marker", Harmless),
    ("marker always", Survived),
    ("version", Lost("no picture|cannot be read")),
    ("padding", Damaged("")),
    ("extension", Damaged("")),
    ("sources", Damaged("cannot be read")),
    ("truncated", Damaged("cannot be read|no picture")),
    ("half", Damaged("")),
    ("noise", Damaged("cannot be read")),
    ("some lost", Damaged("")),
    ("twice", Harmless),
    ("report", Harmless),
    ("strange channel", Harmless),
    ("leap 3600", Told("leapt")),
    ("leap -3600", Told("leapt")),
    ("leap 36000", Told("leapt")),
    ("leap 1.5", Told("leapt")),
    ("leap -1.5", Told("leapt")),
    ("silent", Lost("no picture|unanswered")),
    ("stall in a packet", Lost("no picture|unanswered")),
    ("cut", Lost("closed by the camera")),
    ("picture only", SoundLost("no sound")),
    ("sound only", Lost("no picture")),
];

/// What is wrong with a connection from its beginning.
const DESCRIPTIONS: [(&str, Outcome); 2] = [
    // a client that connects again is served
    ("hangs up", Told("closed by the camera")),
    ("called H.265", Lost("cannot be read")),
];

async fn lie(how: &'static str, liar: &Arc<Mutex<Liar>>, port: u16) -> Result<(Tape, i64), String> {
    let source = Source::Rtsp {
        main: stream(port, "qa-camera/main"),
        sub: None,
    };
    let tell = |how: &str, name: &str| {
        liar.lock()
            .unwrap()
            .say(&json!({ "lie": name, "how": how }));
    };
    let recorded = Recorded::start(source).await;
    recorded.until_live("live before the lie").await?;
    tokio::time::sleep(HONEST).await;
    tell(how, how);
    tokio::time::sleep(LYING).await;
    tell("honest", how);
    let honest = millis();
    recorded.until_picture("live after the lie").await?;
    tokio::time::sleep(HONEST * 2).await;
    Ok((recorded.stop().await, honest))
}

fn millis() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_millis()).unwrap()
}

fn judge(how: &str, outcome: Outcome, tape: &Tape, honest: i64, usual: i64) -> Vec<String> {
    let most = OFF_MS + usual;
    let mut faults = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            faults.push(format!("{how}: {what}"));
        }
    };
    let told = |words: &str| {
        let said = |fault: &SourceFault| words.split('|').any(|w| fault.to_string().contains(w));
        words.is_empty() || tape.told.iter().any(said)
    };
    let (gaps, sound_gaps) = (tape.gaps(Track::Video), tape.gaps(Track::Audio));
    let holes = tape.holes(HOLE_MS);
    println!(
        "{how}: {} pictures, holes {:?}, {} gaps, {} of sound, drift {} ms, place {} ms, told {:?}",
        tape.taken().len(),
        holes.iter().map(|(from, to)| to - from).collect::<Vec<_>>(),
        gaps.len(),
        sound_gaps.len(),
        tape.worst_drift(),
        tape.worst_place(),
        tape.told
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    );
    must(
        tape.worst_drift() < most,
        format!("a file's time is {} ms off", tape.worst_drift()),
    );
    must(
        tape.worst_place() < most,
        format!("a file lies {} ms off", tape.worst_place()),
    );
    for (from, to) in &holes {
        // damaged pictures came and were stored: what they show is the camera's fault
        let told: i64 = gaps
            .iter()
            .map(|gap| gap.to.0.min(*to) - gap.from.0.max(*from))
            .map(|common| common.max(0))
            .sum();
        let silent = to - from - told;
        must(
            silent < HOLE_MS + most || matches!(outcome, Damaged(_)),
            format!("{silent} ms are missing in silence"),
        );
    }
    for gap in &gaps {
        let missing = |(from, to): &(i64, i64)| gap.from.0 > from - most && gap.to.0 < to + most;
        must(
            holes.iter().any(missing),
            format!("a gap where pictures are: {gap:?}"),
        );
    }
    let back = tape.taken().iter().any(|taken| *taken > honest);
    must(back, "no picture after the lie".to_owned());
    match outcome {
        Harmless => {
            must(
                tape.told.is_empty(),
                format!("it is told of: {:?}", tape.told),
            );
            must(
                gaps.is_empty() && sound_gaps.is_empty(),
                "it made a gap".to_owned(),
            );
        }
        Told(words) => {
            must(told(words), format!("it is not told: {:?}", tape.told));
            must(gaps.is_empty(), format!("it made a gap: {gaps:?}"));
        }
        Lost(words) => {
            must(told(words), format!("it is not told: {:?}", tape.told));
            must(!gaps.is_empty(), "what is lost is no gap".to_owned());
        }
        SoundLost(words) => {
            must(told(words), format!("it is not told: {:?}", tape.told));
            must(!sound_gaps.is_empty(), "what is lost is no gap".to_owned());
        }
        Survived => {}
        Damaged(words) => must(told(words), format!("it is not told: {:?}", tape.told)),
    }
    faults
}

/// Tells these lies at once, beside an honest camera: by it, and by those that tell no lie of time, the
/// machine's own delays are known.
async fn tell_all(lies: &[(&'static str, Outcome)]) {
    let cameras = Cameras::serve("qa-camera");
    let liar = Arc::new(Mutex::new(Liar::start()));
    let all = lies.iter().map(|(how, _)| *how).chain(["honest"]);
    let told = all.map(|how| {
        let port = liar.lock().unwrap().open(how, cameras.port);
        let liar = liar.clone();
        async move { lie(how, &liar, port).await }
    });
    let mut tapes = futures::future::join_all(told).await;
    let (honest, _) = tapes.pop().unwrap().expect("the honest camera");
    let punctual = lies
        .iter()
        .zip(&tapes)
        .filter(|((_, outcome), _)| matches!(outcome, Harmless))
        .filter_map(|(_, told)| told.as_ref().ok().map(|(tape, _)| tape));
    let usual = punctual
        .chain([&honest])
        .map(|tape| tape.worst_drift().max(tape.worst_place()))
        .max()
        .unwrap_or(0);
    println!("honest cameras are up to {usual} ms off");
    let faults: Vec<String> = lies
        .iter()
        .zip(tapes)
        .flat_map(|((how, outcome), tape)| match tape {
            Ok((mut tape, honest)) => {
                if matches!(outcome, Damaged(_)) {
                    let lying = i64::try_from(LYING.as_millis()).unwrap();
                    tape.forget(honest - lying - HOLE_MS, honest + HOLE_MS);
                }
                judge(how, *outcome, &tape, honest, usual)
            }
            Err(never) => vec![format!("{how}: {never}")],
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lies_of_packets_are_named_and_recovered_and_no_time_is_wrong() {
    tell_all(&LIES[..15]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lies_of_streams_are_named_and_recovered_and_no_time_is_wrong() {
    tell_all(&LIES[15..]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lies_of_descriptions_are_named_and_recovered_and_no_time_is_wrong() {
    tell_all(&DESCRIPTIONS).await;
}

/// The name of a camera's picture's codec and its size, as ffprobe sees them.
fn look(file: &Path) -> String {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v", "-of", "csv=p=0"])
        .args(["-show_entries", "stream=codec_name,width,height"])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_comes_back_with_another_codec_or_size_goes_on() {
    let cameras = Cameras::serve("qa-camera,camera-2,camera-3");
    let liar = Arc::new(Mutex::new(Liar::start()));
    let become_ = ["becomes camera-2", "becomes camera-3"].map(|how| {
        let port = liar.lock().unwrap().open(how, cameras.port);
        let liar = liar.clone();
        async move { (how, lie(how, &liar, port).await) }
    });
    let looks = ["hevc,1280,720", "h264,960,540"];
    for ((how, told), then) in futures::future::join_all(become_)
        .await
        .into_iter()
        .zip(looks)
    {
        let (tape, honest) = told.unwrap();
        assert!(
            tape.taken().iter().any(|taken| *taken > honest),
            "{how}: no picture after it"
        );
        let folder = feed_folder(
            tape._folder.as_ref().unwrap().path(),
            &session(),
            &"camera-1".parse().unwrap(),
        );
        let looks: Vec<_> = segments(&tape.records)
            .into_iter()
            .map(|segment| look(&folder.join(&segment.file)))
            .collect();
        assert_eq!(looks.first().unwrap(), "h264,640,360", "{looks:?}");
        assert_eq!(looks.last().unwrap(), then, "{looks:?}");
    }
}
