//! Viewers that are of no use to anybody: those who ask and never come, those who never read what they
//! get. Nobody else notices, and nothing of them stays.

use crate::offers;
use crate::room::{Browser, PATIENCE, Room, loopback};
use crate::whep::{Camera, all_gone, held, number, watch};
use bidroom::media::feed::{Codec, Layer};
use bidroom::media::peer::Settings;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Who asked once and again, and was told to wait at last.
const ASKED: usize = 200;
/// As many pictures may be under way to a viewer on a busy machine: 0.4 s.
const UNDER_WAY: f64 = 10.0;

/// Asks to watch, and says what was answered. Nobody is behind the offer.
async fn ask(client: &Client, room: &Room) -> StatusCode {
    let answer = client
        .post(room.url("/api/whep/camera-1"))
        .header("content-type", "application/sdp")
        .bearer_auth("nobody")
        .body(offers::watch())
        .send()
        .await
        .unwrap();
    let status = answer.status();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let wait = answer.headers()["retry-after"].to_str().unwrap();
        assert!(wait.parse::<u32>().unwrap() > 0);
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "too_many_connections");
    }
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_and_never_comes_takes_nothing_from_others() {
    let room = Room::start(loopback()).await;
    let camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    let mut browser = Browser::start(&room).await;
    let _: Value = browser
        .act("one", "watch", watch(&room, "/api/whep/camera-1"))
        .await;
    let seen = browser
        .until("one", "a picture", |seen| number(seen, "frames") > 25.0)
        .await;
    let client = Client::new();
    let (before, made) = (held(), camera.made());

    let asking = async {
        let mut taken = 0;
        for _ in 0..ASKED {
            match ask(&client, &room).await {
                StatusCode::CREATED => taken += 1,
                status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
            }
        }
        taken
    };
    let others = async {
        // another may come meanwhile, and whoever was there sees every picture
        tokio::time::sleep(Duration::from_millis(500)).await;
        let _: Value = browser
            .act("two", "watch", watch(&room, "/api/whep/camera-1"))
            .await;
        browser
            .until("two", "a picture", |seen| number(seen, "frames") > 25.0)
            .await;
        // the other one's first pictures are a replay: what is made meanwhile is too little to judge by
        while camera.made() < made + 50.0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let made = camera.made();
        (browser.look("one").await, made)
    };
    let (taken, (after, made_since)) = tokio::join!(asking, others);
    assert!(
        (1..=64).contains(&taken),
        "{taken} of {ASKED} offers without a peer were taken"
    );
    assert_eq!(number(&after, "lost"), number(&seen, "lost"), "{after}");
    whole(&seen, &after, made_since - made);

    until_viewers(&room, 2).await;
    let (descriptors, _) = held();
    // HTTP connections that are kept open for the next request
    assert!(
        descriptors <= before.0 + 6,
        "file descriptors: {} became {descriptors}",
        before.0
    );
    drop(browser);
    all_gone(&room).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_is_given_up_and_nobody_else_notices() {
    let room = Room::start(Settings {
        tcp_port: Some(0),
        ..loopback()
    })
    .await;
    let camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    let (mut frozen, mut other) = (Browser::start(&room).await, Browser::start(&room).await);
    let by_tcp =
        json!({ "url": room.url("/api/whep/camera-1"), "owner": "supervisor", "onlyTcp": true });
    let by_udp = watch(&room, "/api/whep/camera-1");
    let _: Value = frozen.act("tcp", "watch", by_tcp.clone()).await;
    let _: Value = frozen.act("udp", "watch", by_udp).await;
    let _: Value = other.act("tcp", "watch", by_tcp).await;
    let has_picture = |seen: &Value| number(seen, "frames") > 25.0;
    frozen.until("tcp", "a picture", has_picture).await;
    frozen.until("udp", "a picture", has_picture).await;
    other.until("tcp", "a picture", has_picture).await;
    assert_eq!(room.peers.counts().viewers, 3);
    let (before, made, seen) = (held(), camera.made(), other.look("tcp").await);

    let ice = frozen.freeze();
    let since = Instant::now();
    until_viewers(&room, 1).await;
    eprintln!("given up after {:?}", since.elapsed());
    let (after, made_since, now) = (held(), camera.made(), other.look("tcp").await);
    whole(&seen, &now, made_since - made);
    assert_eq!(number(&now, "lost"), number(&seen, "lost"), "{now}");
    assert!(after.0 <= before.0, "{} became {}", before.0, after.0);
    assert!(
        after.1 < before.1 + 8_000,
        "memory: {} kB became {} kB",
        before.1,
        after.1
    );
    drop(ice);
}

/// Between two looks a viewer got every picture that was made, but for those under way.
fn whole(before: &Value, after: &Value, made: f64) {
    let received = number(after, "received") - number(before, "received");
    assert!(made > 25.0, "the camera stands still");
    assert!(
        received >= made - UNDER_WAY,
        "{received} of {made} pictures"
    );
}

async fn until_viewers(room: &Room, count: usize) {
    let left = async {
        while room.peers.counts().viewers > count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(2 * PATIENCE, left)
        .await
        .expect("the others are given up");
}
