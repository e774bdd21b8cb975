//! Owns the test recording of the preflight (试录回放): every live feed is recorded for some seconds as in a session, judged
//! meanwhile by the detectors, and what was written is read back and played.

use super::detect::{Found, Job, Wanted, watch};
use super::feed::{Feeds, Liveness};
use super::recorder::{Recorders, WantedRecordings};
use crate::archive::index::{self, Depth};
use crate::archive::{Record, feed_folder};
use crate::config::Detectors;
use crate::room::{Anomaly, FeedId, FeedKind, SessionId, Span, Track};
use gstreamer as gst;
use gstreamer::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch as watched};
use tokio::time::sleep;

/// How long is recorded: the detectors see three key frames of a source that sends one every four seconds.
const SPAN: Duration = Duration::from_secs(12);
/// A fault of picture or sound counts after so long, or sooner where the profile says so: there is no more time.
const LASTS: Span = Span(3000);
/// How long a file of some seconds may take to be played, far more than it needs.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(30);
/// Of a hundred recorded pictures so many must come out again: a decoder holds back what a file's end lacks.
const PICTURES: u64 = 90;
/// Of so few pieces of sound a decoder may give nothing: it keeps the first ones to itself. They are read, not decoded.
const FEW: u64 = 8;

/// How the trial of one feed ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What was written, bytes.
    pub bytes: u64,
    /// Why it cannot be played, where it cannot.
    pub played: Result<(), String>,
    /// What is wrong with picture or sound.
    pub anomalies: BTreeSet<Anomaly>,
}

/// Tries all live feeds at once. Writes below `folder` only, which is removed before and after.
///
/// # Errors
/// The disk's; what concerns one feed stands in its result.
pub async fn trial(
    feeds: &Feeds,
    detectors: &Detectors,
    folder: &Path,
    sm3: bool,
) -> io::Result<BTreeMap<FeedId, Tried>> {
    let live: BTreeSet<FeedId> = feeds
        .iter()
        .filter(|feed| feed.spec().kind != FeedKind::TalkBack)
        .filter(|feed| matches!(feed.status().borrow().liveness, Liveness::Live { .. }))
        .map(|feed| feed.id().clone())
        .collect();
    if live.is_empty() {
        return Ok(BTreeMap::new());
    }
    remove(folder)?;
    fs::create_dir_all(folder)?;
    let session: SessionId = "trial".parse().map_err(io::Error::other)?;
    let found = record(feeds, detectors, folder, &session, &live, sm3).await?;
    let (data, of) = (folder.to_owned(), live.clone());
    let played = tokio::task::spawn_blocking(move || {
        let each = of.into_iter().map(|feed| {
            let played = play_feed(&feed_folder(&data, &session, &feed));
            (feed, played)
        });
        each.collect::<Vec<_>>()
    });
    let played = played.await.map_err(io::Error::other)?;
    remove(folder)?;
    let tried = played.into_iter().map(|(feed, (bytes, played))| {
        let of_feed = found.keys().filter(|(of, _)| *of == feed);
        let anomalies = of_feed.map(|(_, anomaly)| *anomaly).collect();
        let tried = Tried {
            bytes,
            played,
            anomalies,
        };
        (feed, tried)
    });
    Ok(tried.collect())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Records and judges. Gives what lasts at the end.
async fn record(
    feeds: &Feeds,
    detectors: &Detectors,
    folder: &Path,
    session: &SessionId,
    live: &BTreeSet<FeedId>,
    sm3: bool,
) -> io::Result<Found> {
    let (_wanted_tx, wanted) = watched::channel(judged(feeds, detectors, live));
    let (found_tx, found) = watched::channel(Found::new());
    // dropped with this function, it ends the thread
    let (_stop_tx, stop) = std::sync::mpsc::sync_channel(0);
    let mut detectors = detectors.clone();
    for lasts in detectors.after.values_mut() {
        *lasts = LASTS.min(*lasts);
    }
    let job = Job {
        feeds: feeds.clone(),
        detectors,
        wanted,
        found: found_tx,
        stop,
    };
    std::thread::Builder::new()
        .name("trial".into())
        .spawn(move || watch(job))?;
    let (wanted_tx, wanted) = watched::channel(WantedRecordings {
        session: Some(session.clone()),
        feeds: live.clone(),
    });
    let (reports_tx, mut reports) = mpsc::channel(64);
    let recorders = Recorders::new(folder.to_owned(), sm3).run(wanted, feeds.clone(), reports_tx);
    // what is missing shows in the files
    let heard = async { while reports.recv().await.is_some() {} };
    let timed = async move {
        sleep(SPAN).await;
        // without it the recorders finalise
        drop(wanted_tx);
        found.borrow().clone()
    };
    let ((), (), found) = tokio::join!(recorders, heard, timed);
    Ok(found)
}

/// What the profile wants judged of each kind, whatever the phase.
fn judged(feeds: &Feeds, detectors: &Detectors, live: &BTreeSet<FeedId>) -> Wanted {
    let of_kind = |kind: FeedKind| {
        let kinds = detectors.kinds.iter();
        let wanted = kinds.filter(move |(_, kinds)| kinds.contains(&kind));
        wanted.map(|(anomaly, _)| *anomaly).collect()
    };
    feeds
        .iter()
        .filter(|feed| live.contains(feed.id()))
        .map(|feed| (feed.id().clone(), of_kind(feed.spec().kind)))
        .collect()
}

/// Reads one feed's recording back and plays all of it. Gives its bytes too.
fn play_feed(folder: &Path) -> (u64, Result<(), String>) {
    let head = match index::verify(folder, Depth::Files) {
        Ok(head) => head,
        Err(fault) => return (0, Err(fault.to_string())),
    };
    let played = index::records(folder)
        .map_err(|error| error.to_string())
        .and_then(|records| {
            let mut segments = 0;
            for record in records {
                if let Record::Segment(segment) = record {
                    segments += 1;
                    let wanted: Vec<(Track, u64)> = segment
                        .tracks
                        .iter()
                        .map(|track| (track.track, track.samples))
                        .collect();
                    play(&folder.join(&segment.file), &wanted)?;
                }
            }
            match segments {
                0 => Err("nothing was written".to_owned()),
                _ => Ok(()),
            }
        });
    (head.bytes, played)
}

/// Decodes a file to its end, and compares what came out with what its tracks hold.
fn play(file: &Path, wanted: &[(Track, u64)]) -> Result<(), String> {
    let few = |(track, samples): &(Track, u64)| *track == Track::Audio && *samples < FEW;
    let came = decode(file.to_owned(), !wanted.iter().any(few))?;
    // a file may promise a track that has nothing to say in it
    for (track, samples) in wanted.iter().filter(|(_, samples)| *samples > 0) {
        let came = came.of(*track);
        let enough = match track {
            Track::Video => came * 100 >= samples * PICTURES,
            // several samples may come out as one buffer
            Track::Audio => came > 0,
        };
        if !enough {
            let noun = match track {
                Track::Video => "pictures",
                Track::Audio => "pieces of sound",
            };
            return Err(format!("{came} of {samples} {noun} can be played"));
        }
    }
    Ok(())
}

/// What came out of the decoders.
#[derive(Debug, Clone, Default)]
struct Came {
    video: Arc<AtomicU64>,
    audio: Arc<AtomicU64>,
}

impl Came {
    fn of(&self, track: Track) -> u64 {
        let counted = match track {
            Track::Video => &self.video,
            Track::Audio => &self.audio,
        };
        counted.load(Ordering::Relaxed)
    }
}

/// Plays a file; its sound is decoded where `with_sound` says so, else only read.
fn decode(file: PathBuf, with_sound: bool) -> Result<Came, String> {
    let software = |error: gst::glib::BoolError| error.to_string();
    let pipeline = gst::Pipeline::new();
    let source = gst::ElementFactory::make("filesrc")
        .property("location", file)
        .build()
        .map_err(software)?;
    let decoder = gst::ElementFactory::make("decodebin")
        .build()
        .map_err(software)?;
    pipeline.add_many([&source, &decoder]).map_err(software)?;
    source.link(&decoder).map_err(software)?;
    if !with_sound {
        // whether to go on until it is decoded
        decoder.connect("autoplug-continue", false, |arguments| {
            let caps = arguments.get(2)?.get::<gst::Caps>().ok()?;
            let name = caps.structure(0)?.name();
            // a file of sound alone may be called that as a whole
            let is_sound = name.starts_with("audio/") && name != "audio/x-m4a";
            Some((!is_sound).to_value())
        });
    }
    let came = Came::default();
    let (counts, within) = (came.clone(), pipeline.downgrade());
    decoder.connect_pad_added(move |_, pad| {
        let Some(pipeline) = within.upgrade() else {
            return;
        };
        if let Err(error) = count(&pipeline, pad, &counts) {
            tracing::warn!(%error, "a track of the test recording is not counted");
        }
    });
    let bus = pipeline.bus().ok_or("a pipeline without a bus")?;
    let ended = pipeline
        .set_state(gst::State::Playing)
        .map_err(|error| error.to_string())
        .map(|_| {
            let ends = [gst::MessageType::Eos, gst::MessageType::Error];
            bus.timed_pop_filtered(PATIENCE, &ends)
        });
    // a file is its source: this does not wait
    let _ = pipeline.set_state(gst::State::Null);
    match ended?.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
        Some(_) => Ok(came),
        None => Err("playing it does not end".to_owned()),
    }
}

fn count(pipeline: &gst::Pipeline, pad: &gst::Pad, came: &Came) -> Result<(), String> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let kind = caps.structure(0).map(|s| s.name().to_string());
    let counter = match kind.as_deref() {
        Some(kind) if kind.starts_with("video/x-raw") => came.video.clone(),
        Some(kind) if kind.starts_with("audio/") => came.audio.clone(),
        Some(_) | None => return Err("it is neither picture nor sound".to_owned()),
    };
    let software = |error: gst::glib::BoolError| error.to_string();
    let sink = gst::ElementFactory::make("fakesink")
        .property("sync", false)
        .build()
        .map_err(software)?;
    pipeline.add(&sink).map_err(software)?;
    sink.sync_state_with_parent().map_err(software)?;
    let inlet = sink.static_pad("sink").ok_or("a sink without a pad")?;
    pad.link(&inlet).map_err(|error| error.to_string())?;
    inlet.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fifty pictures in a file of the recorder's kind.
    fn recorded(encoder: &str, file: &Path) {
        gst::init().unwrap();
        let line = format!(
            "videotestsrc num-buffers=50 pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! {encoder} \
             ! mp4mux fragment-duration=200 ! filesink location={}",
            file.display()
        );
        run(&line);
    }

    fn run(line: &str) {
        let pipeline = gst::parse::launch(line).unwrap();
        let bus = pipeline.bus().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let ended = bus.timed_pop_filtered(PATIENCE, &ends).unwrap();
        assert_eq!(ended.type_(), gst::MessageType::Eos);
        pipeline.set_state(gst::State::Null).unwrap();
    }

    /// faad gives nothing of a single AAC frame, and calls that an error.
    #[test]
    fn a_file_with_a_moment_of_sound_is_played() {
        gst::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.mp4");
        let line = format!(
            "audiotestsrc num-buffers=1 samplesperbuffer=1024 ! audio/x-raw,rate=16000,channels=1 ! voaacenc ! aacparse \
             ! mp4mux fragment-duration=200 ! filesink location={}",
            file.display()
        );
        run(&line);
        assert!(decode(file.clone(), true).is_err(), "the control");
        assert_eq!(play(&file, &[(Track::Audio, 1)]), Ok(()));
    }

    #[test]
    fn what_was_recorded_is_played_and_what_is_cut_or_nothing_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.mp4");
        for encoder in [
            "x264enc tune=zerolatency key-int-max=10",
            "x265enc tune=zerolatency ! h265parse",
        ] {
            recorded(encoder, &file);
            assert_eq!(play(&file, &[(Track::Video, 50)]), Ok(()), "{encoder}");
            let more = play(&file, &[(Track::Video, 100)]).unwrap_err();
            assert_eq!(more, "50 of 100 pictures can be played", "{encoder}");
            let silent = play(&file, &[(Track::Video, 50), (Track::Audio, 50)]);
            assert!(silent.unwrap_err().contains("pieces of sound"));
            let half = fs::metadata(&file).unwrap().len() / 2;
            fs::File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_len(half)
                .unwrap();
            assert!(play(&file, &[(Track::Video, 50)]).is_err(), "{encoder}");
        }
        fs::write(&file, [0x5a; 4096]).unwrap();
        assert!(play(&file, &[(Track::Video, 50)]).is_err());
    }
}
