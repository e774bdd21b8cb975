//! What is recorded is what was sent: whole, in time, and what is missing is named.

use crate::encoded::{Encoded, audio, publish, video};
use crate::probe::{Probed, decode, probe};
use crate::recording::{Room, close_to, files, gaps, hashes, segments, stored};
use bidroom::archive::CloseCause;
use bidroom::media::feed::{Codec, Layer};
use bidroom::media::recorder::RecorderReport;
use bidroom::room::{FeedKind, GapCause, Track};
use std::time::{Duration, Instant};

async fn every_unit_is_recorded_once(
    video_codec: Codec,
    audio_codec: Codec,
    names: [&str; 2],
    b_frames: u32,
) {
    let picture = video(video_codec, (320, 240), 23, b_frames);
    let sound = audio(audio_codec, 23).later(picture.units[0].pts);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 10).await;
    let records = room.stop().await;
    let segments = segments(&records);
    let probed: Vec<_> = segments
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)))
        .collect();
    segments
        .iter()
        .for_each(|s| decode(&room.folder().join(&s.file)));
    let files: Vec<_> = probed.iter().map(|(tracks, _)| tracks.clone()).collect();
    assert_eq!(segments.len(), 3, "10 s each: {segments:#?}");
    assert_eq!(hashes(&files, names[0]), stored(&picture), "pictures");
    assert_eq!(hashes(&files, names[1]), stored(&sound), "sound");
    assert!(gaps(&records).is_empty(), "{records:#?}");
    for ((tracks, duration), segment) in probed.iter().zip(&segments) {
        let first = tracks.iter().map(Probed::start).fold(f64::MAX, f64::min);
        close_to(first, 0.0, "the file's start");
        // sound that arrived before the key frame's own time belongs to the new file: B-frames come late
        let delay = picture.units[0].pts.as_secs_f64();
        let lead = tracks[0].start() - tracks[1].start();
        assert!(
            lead > -0.05 && lead < delay + 0.05,
            "pictures begin {lead} s after sound, decoding delay {delay} s"
        );
        let end = tracks.iter().map(Probed::end).fold(0.0, f64::max);
        // ffprobe adds the later track's start to the duration of any fragmented file
        let late = tracks.iter().map(Probed::start).fold(0.0, f64::max);
        close_to(end + late, *duration, "the file's duration");
        close_to(
            end,
            (segment.to.0 - segment.from.0) as f64 / 1000.0,
            "the index's duration",
        );
        assert_eq!(segment.tracks[0].samples, tracks[0].packets.len() as u64);
        assert_eq!(segment.tracks[1].samples, tracks[1].packets.len() as u64);
    }
    let total: i64 = segments
        .iter()
        .map(|segment| segment.to.0 - segment.from.0)
        .sum();
    assert!((total - 23_000).abs() < 200, "{total} ms");
    assert_eq!(segments[0].cause, CloseCause::Age);
    assert_eq!(segments[2].cause, CloseCause::Stop);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_opus_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H264, Codec::Opus, ["h264", "opus"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_b_frames_and_aac_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H264, Codec::Aac, ["h264", "aac"], 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_with_a_law_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H265, Codec::Pcma, ["hevc", "pcm_alaw"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_with_mu_law_is_recorded_whole() {
    every_unit_is_recorded_once(Codec::H264, Codec::Pcmu, ["h264", "pcm_mulaw"], 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_begins_late_stands_where_it_began() {
    let picture = video(Codec::H264, (320, 240), 8, 0);
    let sound = audio(Codec::Opus, 5).later(Duration::from_secs(3));
    let mut room = Room::new(FeedKind::Face);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 2).await;
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 1, "{records:#?}");
    let (tracks, _) = probe(&room.folder().join(&segments[0].file));
    close_to(tracks[0].start(), 0.0, "pictures");
    close_to(tracks[1].start(), 3.0, "sound");
    close_to(tracks[0].end(), 8.0, "pictures' end");
    close_to(tracks[1].end(), 8.0, "sound's end");
    assert_eq!(hashes([&tracks], "opus"), stored(&sound));
    assert!(
        gaps(&records).is_empty(),
        "a muted microphone is no gap: {records:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_nobody_announced_is_kept_from_its_first_packet() {
    let picture = video(Codec::H264, (320, 240), 8, 0);
    let sound = audio(Codec::Pcma, 5).later(Duration::from_millis(2_500));
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 2).await;
    let records = room.stop().await;
    let files: Vec<_> = segments(&records)
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    assert_eq!(hashes(&files, "h264"), stored(&picture));
    let (mut kept, mut sent) = (hashes(&files, "pcm_alaw"), stored(&sound));
    kept.sort();
    sent.sort();
    assert_eq!(kept, sent, "each packet once");
    let last = files.iter().filter(|tracks| tracks.len() == 2).count();
    assert_eq!(
        last, 1,
        "one file has both after the next key frame: {files:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_format_change_begins_a_new_file() {
    let small = video(Codec::H264, (320, 240), 3, 0);
    let large = video(Codec::H264, (640, 360), 3, 0).later(Duration::from_secs(3));
    let other = video(Codec::H265, (320, 240), 3, 0).later(Duration::from_secs(6));
    let sound = audio(Codec::Opus, 9);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&small, &sound]);
    room.ready().await;
    publish(room.feed(), &[&small, &large, &other, &sound], 4).await;
    let records = room.stop().await;
    let segments = segments(&records);
    let files: Vec<_> = segments
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    segments
        .iter()
        .for_each(|s| decode(&room.folder().join(&s.file)));
    assert_eq!(segments.len(), 3, "{segments:#?}");
    assert_eq!(segments[0].cause, CloseCause::FormatChange);
    assert_eq!(
        hashes(&files, "h264"),
        [stored(&small), stored(&large)].concat()
    );
    assert_eq!(hashes(&files, "hevc"), stored(&other));
    assert_eq!(hashes(&files, "opus"), stored(&sound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_that_die_are_a_gap_while_sound_goes_on() {
    let seconds = Duration::from_secs;
    let whole = video(Codec::H264, (320, 240), 20, 0);
    let picture = whole.clone().without(seconds(2), seconds(16));
    let sound = audio(Codec::Opus, 20);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture, &sound]);
    room.ready().await;
    publish(room.feed(), &[&picture, &sound], 1).await;
    let records = room.stop().await;
    let files: Vec<_> = segments(&records)
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    assert_eq!(hashes(&files, "h264"), stored(&picture));
    assert_eq!(hashes(&files, "opus"), stored(&sound));
    assert!(
        files.iter().any(|tracks| tracks.len() == 1),
        "a file of sound alone: {files:#?}"
    );
    let gaps = gaps(&records);
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    assert_eq!(
        (gaps[0].track, gaps[0].cause),
        (Track::Video, GapCause::Silent)
    );
    close_to(
        (gaps[0].to.0 - gaps[0].from.0) as f64 / 1000.0,
        14.04,
        "the gap",
    );
    let opened = |report: &RecorderReport| matches!(report, RecorderReport::GapOpened { .. });
    let closed = |report: &RecorderReport| matches!(report, RecorderReport::GapClosed { .. });
    let at = |is: &dyn Fn(&RecorderReport) -> bool| room.seen.iter().position(is);
    assert!(at(&opened) < at(&closed), "{:#?}", room.seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_static_screen_is_no_gap_until_its_connection_is_lost() {
    let mut picture = video(Codec::H264, (320, 240), 1, 0);
    picture.units.truncate(3);
    let mut room = Room::new(FeedKind::Screen);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture], 1).await;
    room.report("start", |report| {
        matches!(report, RecorderReport::Started { .. })
    })
    .await;
    let quiet = tokio::time::timeout(Duration::from_secs(4), room.reports.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    room.lost();
    let opened = room
        .report("gap", |report| {
            matches!(report, RecorderReport::GapOpened { .. })
        })
        .await;
    let RecorderReport::GapOpened { gap, .. } = opened else {
        unreachable!()
    };
    assert_eq!((gap.track, gap.cause), (Track::Video, GapCause::SourceLost));
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 1, "{records:#?}");
    assert_eq!(segments[0].cause, CloseCause::SourceLost);
    let (tracks, _) = probe(&room.folder().join(&segments[0].file));
    assert_eq!(hashes([&tracks], "h264"), stored(&picture));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_static_screens_file_is_as_long_as_the_screen_stood() {
    let mut picture = video(Codec::H264, (320, 240), 1, 0);
    picture.units.truncate(5);
    for changed in &mut picture.units[3..] {
        changed.pts += Duration::from_secs(4);
        changed.dts += Duration::from_secs(4);
    }
    let mut room = Room::new(FeedKind::Screen);
    room.live(&[&picture]);
    room.ready().await;
    let begin = Instant::now();
    // a look into the file as a kill would leave it, in the midst of the first standing picture
    let folder = room.folder();
    let looked = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let copy = folder.join("copy");
        std::fs::copy(&files(&folder)[0], &copy).unwrap();
        probe(&copy).1
    };
    let tracks = [&picture];
    let (_, while_it_stands) = tokio::join!(publish(room.feed(), &tracks, 1), looked);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let records = room.stop().await;
    let stood = begin.elapsed().as_secs_f64();
    let segments = segments(&records);
    assert_eq!(segments.len(), 1, "{records:#?}");
    let (tracks, length) = probe(&room.folder().join(&segments[0].file));
    assert_eq!(hashes([&tracks], "h264"), stored(&picture));
    eprintln!("{while_it_stands} s after 3 s, {length} s of {stood} s");
    assert!(while_it_stands > 1.5, "{while_it_stands}");
    assert!((stood - length).abs() < 0.5, "{length} s of {stood} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_was_lost_and_back_between_two_looks_needs_a_key_frame() {
    let before = video(Codec::H264, (320, 240), 2, 0);
    let mut after = video(Codec::H264, (320, 240), 3, 0);
    // it comes back in the middle of a group of pictures
    after.units.drain(..10);
    let after = after.later(Duration::from_secs(2));
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&before]);
    room.ready().await;
    publish(room.feed(), &[&before], 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    room.lost();
    room.live(&[&after]);
    publish(room.feed(), &[&after], 2).await;
    let records = room.stop().await;
    let files: Vec<_> = segments(&records)
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    let decodable = Encoded {
        units: after.units[15..].to_vec(),
        ..after
    };
    assert_eq!(
        hashes(&files, "h264"),
        [stored(&before), stored(&decodable)].concat()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorder_that_cannot_keep_up_says_what_it_lost() {
    let picture = video(Codec::H264, (320, 240), 4, 0);
    let flood = audio(Codec::Pcma, 60);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&picture]);
    room.ready().await;
    publish(room.feed(), &[&picture], 8).await;
    room.report("start", |report| {
        matches!(report, RecorderReport::Started { .. })
    })
    .await;
    // all at once: more than a feed keeps for its recorder
    publish(room.feed(), &[&flood], 100_000).await;
    room.report("gap", |report| {
        matches!(report, RecorderReport::GapOpened { gap, .. } if gap.cause == GapCause::Lagged)
    })
    .await;
    let again = video(Codec::H264, (320, 240), 2, 0).later(Duration::from_secs(61));
    publish(room.feed(), &[&again], 1000).await;
    room.report("end of the gap", |report| {
        matches!(report, RecorderReport::GapClosed { .. })
    })
    .await;
    let records = room.stop().await;
    assert!(
        gaps(&records)
            .iter()
            .any(|gap| gap.cause == GapCause::Lagged),
        "{records:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_is_lost_comes_back_at_its_next_key_frame() {
    let seconds = Duration::from_secs;
    let before = video(Codec::H264, (320, 240), 2, 0);
    let mut after = video(Codec::H264, (320, 240), 3, 0).later(seconds(6));
    // it comes back in the middle of a group of pictures
    after.units.drain(..10);
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&before]);
    room.ready().await;
    publish(room.feed(), &[&before], 1).await;
    room.lost();
    let opened = room
        .report("gap", |report| {
            matches!(report, RecorderReport::GapOpened { .. })
        })
        .await;
    let RecorderReport::GapOpened { gap, .. } = opened else {
        unreachable!()
    };
    assert_eq!((gap.track, gap.cause), (Track::Video, GapCause::SourceLost));
    room.live(&[&after]);
    publish(room.feed(), &[&after], 2).await;
    let records = room.stop().await;
    let files: Vec<_> = segments(&records)
        .iter()
        .map(|s| probe(&room.folder().join(&s.file)).0)
        .collect();
    segments(&records)
        .iter()
        .for_each(|s| decode(&room.folder().join(&s.file)));
    let decodable = Encoded {
        units: after.units[15..].to_vec(),
        ..after
    };
    assert_eq!(
        hashes(&files, "h264"),
        [stored(&before), stored(&decodable)].concat()
    );
    assert_eq!(gaps(&records).len(), 1, "{records:#?}");
    assert_eq!(segments(&records)[0].cause, CloseCause::SourceLost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_comes_back_changed_claims_no_time_before_it_came() {
    let ms = Duration::from_millis;
    let (before, sound) = (video(Codec::H264, (320, 240), 1, 0), audio(Codec::Pcma, 1));
    let after = video(Codec::H264, (640, 480), 2, 0).later(ms(1_400));
    let sound_after = audio(Codec::Pcma, 1).later(ms(1_800));
    let mut room = Room::new(FeedKind::Camera);
    room.live(&[&before, &sound]);
    room.ready().await;
    publish(room.feed(), &[&before, &sound], 1).await;
    room.lost();
    tokio::time::sleep(ms(200)).await;
    room.live(&[&after, &sound_after]);
    publish(room.feed(), &[&after, &sound_after], 1).await;
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 2, "{records:#?}");
    let firsts = segments[1].tracks.iter().filter_map(|t| t.first);
    let first = firsts.map(|time| time.at).min();
    assert_eq!(first, Some(0), "{:#?}", segments[1]);
    let files: Vec<_> = segments
        .iter()
        .map(|segment| probe(&room.folder().join(&segment.file)).0)
        .collect();
    let all = [stored(&before), stored(&after)].concat();
    assert_eq!(hashes(&files, "h264"), all);
    let all = [stored(&sound), stored(&sound_after)].concat();
    assert_eq!(hashes(&files, "pcm_alaw"), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_without_key_frames_is_asked_for_one_and_loses_nothing() {
    let mut picture = video(Codec::H264, (320, 240), 13, 0);
    picture
        .units
        .iter_mut()
        .skip(1)
        .for_each(|unit| unit.key = false);
    let mut room = Room::new(FeedKind::Face);
    room.live(&[&picture]);
    room.ready().await;
    let mut wishes = room.feed().take_wishes().unwrap();
    publish(room.feed(), &[&picture], 1).await;
    let mut asked = 0;
    while let Ok(wish) = wishes.try_recv() {
        assert_eq!(wish.layer, Layer::Main);
        asked += 1;
    }
    assert!(
        (1..=3).contains(&asked),
        "each 2 s from 10 s on, not {asked} times"
    );
    let records = room.stop().await;
    let segments = segments(&records);
    assert_eq!(segments.len(), 1);
    let (tracks, _) = probe(&room.folder().join(&segments[0].file));
    assert_eq!(hashes([&tracks], "h264"), stored(&picture));
}
