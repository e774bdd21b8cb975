//! A camera goes and comes back: one gap a track, right by the clock that the camera burns into its pictures.

use crate::burned_in::{Recorded, Tape, camera};
use crate::cameras::Cameras;
use bidroom::media::feed::{FeedStatus, Liveness};
use bidroom::room::{SourceFault, Track};
use std::time::{Duration, Instant};

/// How far a gap's edges may lie from the truth, beyond what the camera itself is late: its encoder
/// waits for its turn on a machine that runs other tests besides.
const EDGE_MS: i64 = 200;

#[derive(Debug, Clone, Copy)]
enum Outage {
    /// The camera's power is cut and comes back: its connections are reset.
    Killed,
    /// The camera hangs: its connections stay, nothing comes.
    Frozen,
}

/// Records a camera that is out for `span`; tells how long it took from its return to live.
async fn out(outage: Outage, span: Duration) -> (Tape, Duration) {
    let mut cameras = Cameras::serve("qa-camera");
    let recorded = Recorded::start(camera(&cameras)).await;
    recorded.until_live("live").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let port = cameras.port;
    match outage {
        Outage::Killed => cameras.kill(),
        Outage::Frozen => cameras.freeze(),
    }
    let lost = |s: &FeedStatus| matches!(s.liveness, Liveness::Lost { .. });
    recorded.until("lost", lost).await.unwrap();
    tokio::time::sleep(span).await;
    let cameras = match outage {
        Outage::Killed => tokio::task::spawn_blocking(move || Cameras::serve_at("qa-camera", port))
            .await
            .unwrap(),
        Outage::Frozen => {
            cameras.thaw();
            cameras
        }
    };
    let back = Instant::now();
    recorded.until_live("live again").await.unwrap();
    let after = back.elapsed();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let tape = recorded.stop().await;
    drop(cameras);
    (tape, after)
}

fn judge(outage: Outage, span: Duration, tape: &Tape, after: Duration) {
    let name = format!("{outage:?} for {span:?}");
    let (pictures, sound) = (tape.gaps(Track::Video), tape.gaps(Track::Audio));
    assert_eq!(
        (pictures.len(), sound.len()),
        (1, 1),
        "{name}: {:#?}",
        tape.records
    );
    let holes = tape.holes(2_000);
    let [(last, next)] = holes[..] else {
        panic!("{name}: pictures are missing over {holes:?}")
    };
    let (from, to) = (pictures[0].from.0 - last, pictures[0].to.0 - next);
    let (sound_from, sound_to) = (sound[0].from.0 - last, sound[0].to.0 - next);
    println!(
        "{name}: live after {after:?}; gap edges off by {from} and {to} ms, of sound {sound_from} and {sound_to} ms; \
         files drift {} ms, lie {} ms off; told {:?}",
        tape.worst_drift(),
        tape.worst_place(),
        tape.told
    );
    assert!(
        from.abs() < EDGE_MS && to.abs() < EDGE_MS,
        "{name}: {from} and {to} ms off"
    );
    // sound has no clock burned in: it goes and comes with its picture, within a key frame's wait
    assert!(
        sound_from.abs() <= 800 + EDGE_MS && sound_to.abs() <= 1_800 + EDGE_MS,
        "{name}: {sound_from} and {sound_to} ms off"
    );
    assert!(tape.worst_drift() < 2_000, "{name}: a file's time is off");
    // the bound is 2 s; the camera's own start is in it
    assert!(
        after < Duration::from_secs(6),
        "{name}: back after {after:?}"
    );
    let expected = match outage {
        Outage::Killed => SourceFault::Closed,
        Outage::Frozen => SourceFault::Unanswered,
    };
    assert!(tape.told.contains(&expected), "{name}: {:?}", tape.told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_one_gap_a_track_right_by_the_burned_in_clock() {
    let (short, long) = (Duration::from_secs(3), Duration::from_secs(60));
    let outages = [
        (Outage::Killed, short),
        (Outage::Frozen, short),
        (Outage::Killed, long),
        (Outage::Frozen, long),
    ];
    let tapes = futures::future::join_all(outages.map(|(outage, span)| out(outage, span))).await;
    for ((outage, span), (tape, after)) in outages.into_iter().zip(&tapes) {
        judge(outage, span, tape, *after);
    }
}
