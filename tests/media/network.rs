//! Bad networks: one packet in 20 lost on a way of 40 ms, and one that lets no UDP pass.

use crate::room::{Browser, PATIENCE, Room, loopback};
use crate::whep::Camera;
use bidroom::media::feed::{Codec, FeedStatus, Layer, Liveness};
use bidroom::media::peer::Settings;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const ONE_WAY: Duration = Duration::from_millis(20);
/// How long a picture is looked at. `BIDROOM_LOOK` makes it a measurement, e.g. 60.
const LOOK: u64 = 10;

fn look() -> Duration {
    let given = std::env::var("BIDROOM_LOOK").ok();
    Duration::from_secs(given.and_then(|n| n.parse().ok()).unwrap_or(LOOK))
}

/// A way to the box's UDP port that delays and loses, both ways, by a generator of its own.
struct Way {
    port: u16,
    lost: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl Way {
    /// `loss` in percent.
    async fn to(room: &Room, loss: u32, seed: u64) -> Self {
        let outer = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        let port = outer.local_addr().unwrap().port();
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, room.peers.udp_port().unwrap()));
        let lost = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        let counted = lost.clone();
        tasks.spawn(async move {
            let mut inner: HashMap<SocketAddr, mpsc::UnboundedSender<Delayed>> = HashMap::new();
            let mut ways = JoinSet::new();
            let mut dice = StdRng::seed_from_u64(seed);
            let mut buffer = [0; 2048];
            loop {
                let (length, from) = outer.recv_from(&mut buffer).await.unwrap();
                if let Entry::Vacant(place) = inner.entry(from) {
                    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                    socket.connect(to).await.unwrap();
                    let socket = Arc::new(socket);
                    let (there_tx, there) = mpsc::unbounded_channel();
                    place.insert(there_tx);
                    let sent = socket.clone();
                    ways.spawn(carry(there, async move |datagram| {
                        let _ = sent.send(&datagram).await;
                    }));
                    let dice = StdRng::seed_from_u64(seed + u64::from(from.port()));
                    let lost = counted.clone();
                    let (back_tx, back) = mpsc::unbounded_channel();
                    let outer = outer.clone();
                    ways.spawn(carry(back, async move |datagram| {
                        let _ = outer.send_to(&datagram, from).await;
                    }));
                    ways.spawn(take_back(socket, back_tx, loss, dice, lost));
                }
                if dice.random_range(0..100) < loss {
                    counted.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let delayed = (Instant::now() + ONE_WAY, buffer[..length].to_vec());
                inner[&from].send(delayed).unwrap();
            }
        });
        Self {
            port,
            lost,
            _tasks: tasks,
        }
    }
}

impl Way {
    /// A while in which more than 50 datagrams were lost, however slow the machine sends them.
    async fn is_bad(&self) {
        let before = self.lost.load(Ordering::Relaxed);
        let deadline = Instant::now() + look() + PATIENCE;
        tokio::time::sleep(look()).await;
        while self.lost.load(Ordering::Relaxed) <= before + 50 {
            assert!(Instant::now() < deadline, "nobody sends");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A datagram, and when it arrives.
type Delayed = (Instant, Vec<u8>);

/// Lets datagrams arrive in time, and in order.
async fn carry(mut under_way: mpsc::UnboundedReceiver<Delayed>, arrives: impl AsyncFn(Vec<u8>)) {
    while let Some((at, datagram)) = under_way.recv().await {
        tokio::time::sleep_until(at.into()).await;
        arrives(datagram).await;
    }
}

async fn take_back(
    from: Arc<UdpSocket>,
    back: mpsc::UnboundedSender<Delayed>,
    loss: u32,
    mut dice: StdRng,
    lost: Arc<AtomicU64>,
) {
    let mut buffer = [0; 2048];
    while let Ok(length) = from.recv(&mut buffer).await {
        if dice.random_range(0..100) < loss {
            lost.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let _ = back.send((Instant::now() + ONE_WAY, buffer[..length].to_vec()));
    }
}

fn number(seen: &Value, name: &str) -> f64 {
    seen[name].as_f64().unwrap_or(0.0)
}

/// What a viewer saw of a camera over a bad way: pictures, the longest one that stood still (ms), and the longest
/// that meanwhile stood still for a viewer beside the box, whom the machine alone holds up.
async fn watched(no_repair: bool) -> (f64, f64, f64) {
    let room = Room::start(loopback()).await;
    let _camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    let way = Way::to(&room, 5, 11).await;
    let mut browser = Browser::start(&room).await;
    let given = json!({
        "url": room.url("/api/whep/camera-1"), "owner": "supervisor", "via": way.port, "noRepair": no_repair,
    });
    let _: Value = browser.act("one", "watch", given).await;
    browser
        .until("one", "a picture", |seen| number(seen, "frames") > 5.0)
        .await;
    let beside = json!({ "url": room.url("/api/whep/camera-1"), "owner": "technician" });
    let _: Value = browser.act("beside", "watch", beside).await;
    browser
        .until("beside", "a picture", |seen| number(seen, "frames") > 5.0)
        .await;
    let before = browser.look("one").await;
    for viewer in ["one", "beside"] {
        let _: Value = browser.act(viewer, "afresh", json!(null)).await;
    }
    way.is_bad().await;
    let (after, beside) = (browser.look("one").await, browser.look("beside").await);
    eprintln!("repair: {}, watching {after}, beside {beside}", !no_repair);
    (
        number(&after, "frames") - number(&before, "frames"),
        number(&after, "longest"),
        number(&beside, "longest"),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_over_a_bad_network_sees_no_picture_stand_still() {
    let (repaired, stood, beside) = watched(false).await;
    let (torn, froze, _) = watched(true).await;
    // the same network without repair, as a control: pictures are missing until the next key frame
    assert!(torn < 0.8 * repaired, "{torn} of {repaired} pictures");
    assert!(
        froze > 500.0 && stood < froze,
        "stood {stood} ms, without repair {froze} ms"
    );
    assert!(
        stood < 500.0 + beside,
        "a picture stood for {stood} ms, {beside} ms beside the box"
    );
}

/// How many of a publisher's pictures over a bad way came to the recorder, of those that were made since its first.
async fn recorded(no_repair: bool) -> (f64, f64) {
    let room = Room::start(loopback()).await;
    let way = Way::to(&room, 5, 7).await;
    let mut browser = Browser::start(&room).await;
    let given = json!({
        "url": room.url("/api/whip/seat-1-face"), "owner": "seat-1", "simulcast": false,
        "via": way.port, "noRepair": no_repair,
    });
    let mut units = room.feed("seat-1-face").units();
    let (pictures_tx, mut pictures_rx) = mpsc::channel(10_000);
    let recorder = tokio::spawn(async move {
        loop {
            match units.recv().await {
                Ok(unit) if unit.format.codec == Codec::H264 => {
                    pictures_tx.send(unit.pts).await.unwrap();
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return,
                Err(RecvError::Lagged(_)) => panic!("the recorder is too slow"),
            }
        }
    });
    let _: Value = browser.act("seat", "publish", given).await;
    // a picture whose beginning was lost before anything was seen of it cannot be repaired: from the first whole one on
    let first = tokio::time::timeout(PATIENCE, pictures_rx.recv()).await;
    assert!(first.expect("a picture").is_some());
    let before = browser.look("seat").await;
    while pictures_rx.try_recv().is_ok() {}
    way.is_bad().await;
    let _: Value = browser.act("seat", "still", json!(null)).await;
    // what is under way comes, and is repaired
    let mut pictures = 0.0;
    while let Ok(unit) = tokio::time::timeout(Duration::from_secs(2), pictures_rx.recv()).await {
        pictures += f64::from(u8::from(unit.is_some()));
    }
    let seen = browser.look("seat").await;
    assert!(!recorder.is_finished());
    eprintln!(
        "repair: {}, recorded {pictures}, sending {seen}",
        !no_repair
    );
    let made = |seen: &Value| number(&seen["sent"][""], "frames");
    (pictures, made(&seen) - made(&before))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_over_a_bad_network_is_whole() {
    let (whole, made) = recorded(false).await;
    let (torn, made_torn) = recorded(true).await;
    assert!(whole >= made - 1.0, "{whole} of {made} pictures");
    assert!(
        torn < 0.95 * made_torn,
        "without repair {torn} of {made_torn} pictures, as a control"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workstation_that_moves_in_the_network_goes_on_in_both_sizes() {
    let room = Room::start(loopback()).await;
    let mut browser = Browser::start(&room).await;
    let given =
        json!({ "url": room.url("/api/whip/seat-1-face"), "owner": "seat-1", "simulcast": true });
    let _: Value = browser.act("seat", "publish", given).await;
    let both = |s: &FeedStatus| s.layers == [Layer::Main, Layer::Small];
    room.until("seat-1-face", "live in both sizes", both).await;
    for _ in 0..2 {
        let restarted: Value = browser
            .act("seat", "restart", json!({ "owner": "seat-1" }))
            .await;
        assert_eq!(restarted["changed"], true, "{restarted}");
        let mut units = room.feed("seat-1-face").units();
        let mut come = HashMap::new();
        let enough = |come: &HashMap<Codec, u32>| {
            come.get(&Codec::H264).is_some_and(|n| *n > 60)
                && come.get(&Codec::Opus).is_some_and(|n| *n > 60)
        };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !enough(&come) {
            let unit = tokio::time::timeout_at(deadline, units.recv()).await;
            let unit = unit.unwrap_or_else(|_| panic!("picture and sound stop: {come:?}"));
            *come.entry(unit.unwrap().format.codec).or_default() += 1;
        }
        room.until("seat-1-face", "live in both sizes", both).await;
    }
    assert_eq!(room.peers.counts().publishers, 1, "the same connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_udp_is_swallowed_a_viewer_comes_by_tcp_within_3_s() {
    let settings = Settings {
        tcp_port: Some(0),
        ..loopback()
    };
    let room = Room::start(settings).await;
    let _camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    // the candidate stays offered, and nothing ever comes back
    let swallows = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let via = swallows.local_addr().unwrap().port();
    let mut browser = Browser::start(&room).await;
    let given = json!({ "url": room.url("/api/whep/camera-1"), "owner": "supervisor", "via": via });
    let _: Value = browser.act("one", "watch", given).await;
    let seen = browser
        .until("one", "a picture and its way", |seen| {
            number(seen, "frames") > 10.0 && seen["protocol"].is_string()
        })
        .await;
    assert_eq!(seen["protocol"], "tcp", "{seen}");
    eprintln!(
        "UDP swallowed: first picture after {} ms",
        seen["firstFrame"]
    );
    assert!(number(&seen, "firstFrame") < 3000.0, "{seen}");
    let given = json!({ "url": room.url("/api/whip/seat-1-face"), "owner": "seat-1", "via": via });
    let _: Value = browser.act("seat", "publish", given).await;
    room.until("seat-1-face", "live", |s| {
        matches!(s.liveness, Liveness::Live { .. })
    })
    .await;
    let seen = browser.look("seat").await;
    assert_eq!(seen["protocol"], "tcp", "{seen}");
}

/// A lost part of the handshake, or of the first picture, is repaired: nobody waits in vain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_viewer_comes_over_a_bad_network() {
    let room = Room::start(loopback()).await;
    let _camera = Camera::start(&room.feed("camera-1"), &[Layer::Main], Codec::Opus);
    let mut browser = Browser::start(&room).await;
    for seed in 0..20 {
        let way = Way::to(&room, 8, 100 + seed).await;
        let name = format!("viewer-{seed}");
        let given = json!({
            "url": room.url("/api/whep/camera-1"), "owner": "supervisor", "via": way.port,
        });
        let _: Value = browser.act(&name, "watch", given).await;
        let seen = browser
            .until(&name, "a picture", |seen| seen["firstFrame"].is_number())
            .await;
        eprintln!("{}", seen["firstFrame"]);
        let _: Value = browser
            .act(&name, "end", json!({ "owner": "supervisor" }))
            .await;
    }
}
