//! Every entry reaches the hub once and in order, whatever is killed; and a link that believes the broker loses some.

use crate::broker::Broker;
use crate::given::{Hub, fill, folder, head, profile, sent};
use crate::network::Network;
use crate::support::{Room, until};
use rustix::process::Signal;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// A number of the series that is asked for by hand.
fn asked(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

const LOG: &[(&str, &str)] = &[("BIDROOM_LOG", "info,bidroom::hub=trace")];

async fn all_stored(hub: &Hub, name: &str, room: &Room, within: Duration) {
    let began = Instant::now();
    loop {
        let (stored, head) = (hub.stored(name), head(room));
        if stored == head {
            return;
        }
        assert!(
            began.elapsed() < within,
            "{stored} of {head} stored\n{}\n{}",
            tail(&room.log()),
            tail(&hub.log())
        );
        sleep(Duration::from_millis(100)).await;
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[tokio::test]
async fn entries_reach_the_hub_once_and_as_they_are() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let entries = asked("HUB_EVENTS", 4_000);
    let began = Instant::now();
    let place = folder(&profile("baoshan-1", &broker.url(), &hub.key), entries);
    let room = Room::start_under(place, LOG);
    all_stored(&hub, "baoshan-1", &room, Duration::from_secs(60)).await;
    println!(
        "{entries} entries in {:?}, sent {}",
        began.elapsed(),
        sent(&room)
    );
    assert_eq!(hub.assert_same("baoshan-1", &room.data()), head(&room));
    // what happens now is there at once
    let before = hub.stored("baoshan-1");
    room.ctl(&["plan", "BS-1", "--start", "+30m", "--rehearsal"]);
    until("the plan is stored", || hub.stored("baoshan-1") > before).await;
    assert_eq!(hub.refusals(), Vec::new());
}

async fn pause(from: u64, to: u64) {
    sleep(Duration::from_millis(rand::random_range(from..to))).await;
}

/// Kills broker, hub and room in turn, cuts the way between them and lets it swallow everything, while entries keep coming; the hub is
/// away for a moment while the broker is well.
async fn under_kills(rounds: u64, entries: u64) {
    let mut broker = Broker::start();
    let mut hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let network = Network::to(broker.port());
    let (first, each) = (entries / 4, entries * 3 / 4 / rounds);
    let place = folder(&profile("baoshan-1", &network.url(), &hub.key), first);
    let mut room = Room::start_under(place, LOG);
    let began = Instant::now();
    // blows that fell while entries were on their way
    let (mut blows, mut on_their_way) = (0, 0);
    let mut fall = async |hub: &Hub, room: &Room| {
        let from = hub.stored("baoshan-1");
        until("entries flow", || {
            let stored = hub.stored("baoshan-1");
            stored > from || stored == head(room)
        })
        .await;
        pause(0, 120).await;
        blows += 1;
        on_their_way += u64::from(hub.stored("baoshan-1") < head(room));
    };
    for round in 0..rounds {
        fall(&hub, &room).await;
        broker.kill();
        pause(0, 300).await;
        broker.go_on();
        fall(&hub, &room).await;
        hub.kill();
        pause(0, 500).await;
        hub.go_on();
        fall(&hub, &room).await;
        network.cut();
        fall(&hub, &room).await;
        if round % 3 == 0 {
            network.swallow();
            pause(0, 300).await;
        }
        room.end(Signal::KILL);
        network.delay(Duration::ZERO);
        fill(&room.data(), each);
        room.restart_under(LOG);
        if round % 4 == 0 {
            println!(
                "round {round}: {} of {}",
                hub.stored("baoshan-1"),
                head(&room)
            );
        }
    }
    all_stored(&hub, "baoshan-1", &room, Duration::from_secs(300)).await;
    let (length, sent) = (head(&room), sent(&room));
    println!(
        "{length} entries, {rounds} kills each of broker, hub and room and as many cuts, {on_their_way} of {blows} blows while entries were \
         on their way, {:?}; sent {sent}",
        began.elapsed()
    );
    assert_eq!(hub.assert_same("baoshan-1", &room.data()), length);
    assert_eq!(
        hub.refusals(),
        Vec::new(),
        "nothing looked like another history"
    );
    assert!(
        on_their_way * 2 >= blows,
        "{on_their_way} of {blows} blows met entries"
    );
    let again = sent.saturating_sub(length);
    assert!(again * 10 <= length, "{again} of {length} sent again");
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_all_three_are_killed() {
    under_kills(asked("HUB_KILLS", 4), asked("HUB_EVENTS", 20_000)).await;
}

#[tokio::test]
async fn a_hub_that_is_away_is_not_sent_the_same_again_and_again() {
    let broker = Broker::start();
    let mut hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let place = folder(&profile("baoshan-1", &broker.url(), &hub.key), 2_000);
    let mut room = Room::start_under(place, LOG);
    all_stored(&hub, "baoshan-1", &room, Duration::from_secs(60)).await;
    room.end(Signal::KILL);
    hub.kill();
    room.restart_under(LOG);
    let before = sent(&room);
    sleep(Duration::from_secs(6)).await;
    assert!(sent(&room) - before <= 8, "{}", sent(&room) - before);
    hub.go_on();
    all_stored(&hub, "baoshan-1", &room, Duration::from_secs(20)).await;
    hub.assert_same("baoshan-1", &room.data());
}

/// The control: whoever takes the broker's acknowledgement for delivery loses entries, so these tests would see it.
#[tokio::test]
async fn a_link_that_believes_the_broker_loses_entries() {
    let mut broker = Broker::start();
    let mut hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let place = folder(&profile("baoshan-1", &broker.url(), &hub.key), 5_000);
    let room = Room::try_start_with(place, &["--unsafe-outbox"], LOG).unwrap();
    for _ in 0..3 {
        sleep(Duration::from_millis(700)).await;
        hub.kill();
        sleep(Duration::from_millis(300)).await;
        broker.kill();
        broker.go_on();
        hub.go_on();
    }
    // it believes that it has delivered all
    let believed = || {
        let db = rusqlite::Connection::open(room.data().join("hub.sqlite")).unwrap();
        db.query_row("SELECT upto FROM believed", [], |row| row.get::<_, u64>(0))
            .unwrap_or(0)
    };
    until("the control has sent all", || believed() >= head(&room)).await;
    sleep(Duration::from_secs(1)).await;
    let stored: u64 = hub
        .database()
        .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
        .unwrap();
    assert!(
        stored < head(&room),
        "{stored} of {} arrived: the control lost nothing",
        head(&room)
    );
}

#[tokio::test]
async fn a_network_that_cuts_delays_and_swallows_loses_nothing() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let network = Network::to(broker.port());
    let place = folder(
        &profile("baoshan-1", &network.url(), &hub.key),
        asked("HUB_EVENTS", 6_000),
    );
    network.delay(Duration::from_millis(20));
    let room = Room::start_under(place, LOG);
    for _ in 0..asked("HUB_KILLS", 3) {
        sleep(Duration::from_millis(600)).await;
        network.cut();
        sleep(Duration::from_millis(900)).await;
        // nothing comes back: the room finds out by itself
        network.swallow();
        sleep(Duration::from_millis(500)).await;
        network.delay(Duration::from_millis(5));
    }
    all_stored(&hub, "baoshan-1", &room, Duration::from_secs(120)).await;
    let (length, sent) = (head(&room), sent(&room));
    println!("{length} entries; sent {sent}");
    assert_eq!(hub.assert_same("baoshan-1", &room.data()), length);
    assert_eq!(hub.refusals(), Vec::new());
}

/// Rooms that were away for a day come back at once; what they say of the present is not held up by what they say of the past.
#[tokio::test]
async fn rooms_that_were_away_deliver_while_their_state_stays_fresh() {
    let broker = Broker::start_with("max_queued_messages 10000");
    let names: Vec<String> = (1..=asked("HUB_ROOMS", 3))
        .map(|n| format!("room-{n}"))
        .collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let hub = Hub::start(&broker.url(), &known);
    let operator = hub.operator().await;
    let entries = asked("HUB_EVENTS", 3_000);
    let began = Instant::now();
    let rooms: Vec<Room> = names
        .iter()
        .map(|name| Room::start_in(folder(&profile(name, &broker.url(), &hub.key), entries)))
        .collect();
    let ready = began.elapsed();
    let (mut worst, mut looks) = (0, 0);
    loop {
        let board = hub.board(&operator).await;
        let at = board["at"].as_i64().unwrap();
        for room in board["rooms"].as_array().unwrap() {
            if let Some(heard) = room["heard"].as_i64()
                && room["online"] == true
            {
                worst = worst.max(at - heard);
                looks += 1;
            }
        }
        if names
            .iter()
            .zip(&rooms)
            .all(|(name, room)| hub.stored(name) >= head(room))
        {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(900));
        sleep(Duration::from_millis(300)).await;
    }
    println!(
        "{} rooms, {entries} entries each: ready after {ready:?}, drained after {:?}; the oldest state was {worst} ms old, of {looks}",
        rooms.len(),
        began.elapsed()
    );
    for (name, room) in names.iter().zip(&rooms) {
        hub.assert_same(name, &room.data());
    }
    assert!(worst <= 2_000, "{worst} ms");
}
