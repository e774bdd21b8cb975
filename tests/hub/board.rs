//! The city board: a plan goes out signed and comes back confirmed, a room that dies is seen, and what is no message harms nothing.

use crate::broker::Broker;
use crate::given::{Hub, folder, head, profile};
use crate::support::{Room, until};
use bidroom::journal::Reader;
use bidroom::room::Seq;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn room_of<'a>(board: &'a Value, id: &str) -> &'a Value {
    let mut rooms = board["rooms"].as_array().unwrap().iter();
    rooms.find(|room| room["id"] == id).unwrap()
}

fn evaluation(id: &str, start: i64, venues: Value) -> Value {
    json!({"id": id, "kind": "rehearsal", "start": start, "expected": 4 * 3_600_000, "venues": venues})
}

fn in_hours(hours: i64) -> i64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(now.as_millis()).unwrap() + hours * 3_600_000
}

#[tokio::test]
async fn an_evaluation_is_planned_from_afar_changed_by_nobody_else_and_cancelled() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &["baoshan-1", "baoshan-2"]);
    let room = Room::start_in(folder(&profile("baoshan-1", &broker.url(), &hub.key), 0));
    let other = Room::start_in(folder(&profile("baoshan-2", &broker.url(), &hub.key), 0));
    let (commands, replies) = (
        broker.listen_beside("bidroom/v1/baoshan/+/commands"),
        broker.listen_beside("bidroom/v1/baoshan/+/replies"),
    );
    let operator = hub.operator().await;
    let wait = async |what: &str, is_so: &dyn Fn(&Value) -> bool| {
        hub.until_board(&operator, what, is_so).await
    };
    wait("both rooms are heard", &|board| {
        ["baoshan-1", "baoshan-2"]
            .iter()
            .all(|id| room_of(board, id)["online"] == true && room_of(board, id)["stale"] == false)
    })
    .await;
    let start = in_hours(30);
    let venues = json!([
        {"room": "baoshan-1", "experts": 2, "tenderer_representatives": 0},
        {"room": "baoshan-2", "experts": 5, "tenderer_representatives": 0},
    ]);
    let even = json!([
        {"room": "baoshan-1", "experts": 3, "tenderer_representatives": 0},
        {"room": "baoshan-2", "experts": 5, "tenderer_representatives": 0},
    ]);
    // two more than the room has, a room that there is not
    for (wrong, why) in [
        (
            json!([{"room": "baoshan-1", "experts": 11, "tenderer_representatives": 0}]),
            "seats",
        ),
        (
            json!([{"room": "kunming-1", "experts": 5, "tenderer_representatives": 0}]),
            "room",
        ),
        (json!([]), "venue"),
    ] {
        let answer = operator
            .post("/api/evaluations", evaluation("BS-0", start, wrong))
            .await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert!(answer.text().await.unwrap().contains(why));
    }
    let answer = operator
        .post("/api/evaluations", evaluation("BS-1", start, venues))
        .await;
    assert_eq!(
        answer.status(),
        StatusCode::NO_CONTENT,
        "{}",
        answer.text().await.unwrap()
    );
    let answer = operator
        .post(
            "/api/evaluations",
            evaluation("BS-EVEN", start + 86_400_000, even),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    // two here and five there are a committee; each room says what it thinks
    let venues = |board: &Value, id: &str| {
        let all = board["evaluations"].as_array().unwrap().clone();
        let found = all.into_iter().find(|e| e["evaluation"]["id"] == id);
        found.map_or(Vec::new(), |e| e["venues"].as_array().unwrap().clone())
    };
    let board = wait("both rooms have answered", &|board| {
        ["BS-1", "BS-EVEN"].iter().all(|id| {
            let venues = venues(board, id);
            let mut states = venues.iter().map(|venue| &venue["state"]["state"]);
            venues.len() == 2 && states.all(|state| state == "answered")
        })
    })
    .await;
    for venue in venues(&board, "BS-EVEN") {
        let refusal = &venue["state"]["outcome"]["refusal"];
        assert_eq!(refusal["code"], "committee_even", "{venue}");
    }
    for venue in venues(&board, "BS-1") {
        assert_eq!(venue["state"]["outcome"]["result"], "done", "{venue}");
    }
    // MQTT 5 says beside them what belongs to what, and until when
    let beside = |ears: &crate::broker::Ears| -> Vec<(String, Vec<String>)> {
        let heard = ears.heard().into_iter();
        let split = |text: String| text.split('|').map(str::to_owned).collect();
        heard.map(|(topic, _, text)| (topic, split(text))).collect()
    };
    let asked = beside(&commands);
    assert!(asked.len() >= 4, "{asked:?}");
    for (topic, said) in &asked {
        assert_eq!(said[0], topic.replace("/commands", "/replies"));
        assert!(said[1].starts_with("hub-"), "{said:?}");
        let left: u64 = said[2].parse().unwrap();
        assert!((3600..=72 * 3600).contains(&left), "{left} s");
    }
    for (topic, said) in beside(&replies) {
        let of = topic.replace("/replies", "/commands");
        let known =
            |(topic, command): &(String, Vec<String>)| *topic == of && command[1] == said[1];
        assert!(asked.iter().any(known), "{said:?}");
    }
    let planned = |room: &Room| room.ctl(&["status"])["sessions"].as_array().unwrap().len();
    assert_eq!((planned(&room), planned(&other)), (1, 1));
    // that time is taken there now
    wait("the board knows", &|board| {
        room_of(board, "baoshan-2")["state"]["sessions"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    })
    .await;
    let again = json!([{"room": "baoshan-2", "experts": 5, "tenderer_representatives": 0}]);
    let answer = operator
        .post(
            "/api/evaluations",
            evaluation("BS-2", start + 3_600_000, again),
        )
        .await;
    assert!(answer.text().await.unwrap().contains("BS-1"));
    // it is changed: others sit there, and the session in the way is its own. The committee that was even is made odd, which a room
    // that refused the first plan is asked anew
    let changed = |id: &str, start: i64, experts: i64| {
        let venues = json!([
            {"room": "baoshan-1", "experts": 3, "tenderer_representatives": 1},
            {"room": "baoshan-2", "experts": experts, "tenderer_representatives": 0},
        ]);
        evaluation(id, start, venues)
    };
    let path = |id: &str, of: &str| format!("/api/evaluations/{id}/{of}");
    for (id, start) in [("BS-1", start + 3_600_000), ("BS-EVEN", start + 86_400_000)] {
        let answer = operator
            .post(&path(id, "change"), changed(id, start, 5))
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::NO_CONTENT,
            "{}",
            answer.text().await.unwrap()
        );
    }
    let done = |board: &Value, id: &str, what: &str, rooms: usize| {
        let all = venues(board, id);
        let done =
            |venue: &&Value| venue["what"] == what && venue["state"]["outcome"]["result"] == "done";
        all.iter().filter(done).count() == rooms
    };
    wait("the changes are done", &|board| {
        done(board, "BS-1", "change_plan", 2) && done(board, "BS-EVEN", "plan_session", 2)
    })
    .await;
    // policies of its own, and a venue less
    let mut policies = board["usual"].clone();
    policies["grace"] = json!(45 * 60_000);
    let answer = operator
        .post(&path("BS-1", "policies"), json!({"policies": policies}))
        .await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let one = json!([{"room": "baoshan-1", "experts": 5, "tenderer_representatives": 0}]);
    let answer = operator
        .post(
            &path("BS-EVEN", "change"),
            evaluation("BS-EVEN", start + 86_400_000, one),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    wait("policies and the smaller plan are done", &|board| {
        done(board, "BS-1", "set_policies", 2)
            && done(board, "BS-EVEN", "change_plan", 1)
            && done(board, "BS-EVEN", "cancel_session", 1)
    })
    .await;
    let plans = room_plans(&room);
    assert_eq!(plans["BS-1"]["policies"]["grace"], 45 * 60_000);
    assert_eq!(plans["BS-1"]["tenderer_representatives"], 1);
    assert_eq!(plans["BS-EVEN"]["experts"], 5);
    // who only looks, and what is not there
    for of in ["change", "policies"] {
        let body = match of {
            "change" => changed("BS-NONE", start + 10 * 86_400_000, 5),
            _ => json!({"policies": null}),
        };
        let answer = operator.post(&path("BS-NONE", of), body).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
    // an archive that is not there is said not to be
    let asked = json!({"session": "BS-1"});
    let sent = operator.post("/api/rooms/baoshan-1/archive", asked).await;
    assert_eq!(sent.status(), StatusCode::NO_CONTENT);
    let board = wait("the room has answered", &|board| {
        board["archives"][0]["state"]["state"] == "answered"
    })
    .await;
    let refusal = &board["archives"][0]["state"]["outcome"]["refusal"];
    assert_eq!(refusal["code"], "no_such_archive", "{board}");
    // a room that is away gets it when it is back, the hub's restart notwithstanding
    let supervisor = hub.signed_in("supervisor").await;
    let looks = supervisor.post("/api/evaluations", json!({})).await;
    assert_eq!(looks.status(), StatusCode::FORBIDDEN);
    let cancelled = operator
        .post(
            "/api/evaluations/BS-1/cancellation",
            json!({"typed": "BS-1", "reason": "招标人撤回"}),
        )
        .await;
    assert_eq!(cancelled.status(), StatusCode::NO_CONTENT);
    let aborted = || {
        let status = other.ctl(&["status"]);
        status["session"]["phase"] == "aborted"
    };
    until("the room has ended it", aborted).await;
    // what the room journalled can be read at the hub
    until("it is stored", || hub.stored("baoshan-2") == head(&other)).await;
    let events = operator
        .get_json("/api/rooms/baoshan-2/events?limit=50")
        .await;
    let kinds: Vec<&str> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|stored| stored["line"]["event"]["type"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"session_planned") && kinds.contains(&"session_aborted"),
        "{kinds:?}"
    );
}

/// The newest plan of each session, by the room's journal.
fn room_plans(room: &Room) -> Value {
    let lines = Reader::open(&room.data().join("journal.sqlite"))
        .unwrap()
        .lines(Seq(0), 10_000)
        .unwrap();
    let mut plans = json!({});
    for (_, line) in lines {
        let line: Value = serde_json::from_slice(&line).unwrap();
        if let Some(plan) = line["event"].get("plan") {
            plans[plan["id"].as_str().unwrap()] = plan.clone();
        }
    }
    plans
}

#[tokio::test]
async fn a_room_that_dies_without_a_word_is_seen_within_15_seconds() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let mut room = Room::start_in(folder(&profile("baoshan-1", &broker.url(), &hub.key), 0));
    let operator = hub.operator().await;
    let online = async || {
        let board = hub.board(&operator).await;
        let room = room_of(&board, "baoshan-1").clone();
        (room["online"] == true, room["stale"] == false)
    };
    let began = Instant::now();
    while online().await != (true, true) {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // its public state is never older than two seconds
    for _ in 0..10 {
        let board = hub.board(&operator).await;
        let heard = room_of(&board, "baoshan-1")["heard"].as_i64().unwrap();
        let age = board["at"].as_i64().unwrap() - heard;
        assert!(age <= 2_000, "{age} ms");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // stopped, it says nothing and closes nothing
    let pid = rustix::process::Pid::from_raw(i32::try_from(room.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    let died = Instant::now();
    while online().await.1 {
        assert!(
            died.elapsed() < Duration::from_secs(15),
            "its data are taken for fresh"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("seen as old after {:?}", died.elapsed());
    while online().await.0 {
        assert!(
            died.elapsed() < Duration::from_secs(15),
            "it is taken for present"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("seen as gone after {:?}", died.elapsed());
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    room.end(Signal::KILL);
}

#[tokio::test]
async fn what_is_no_message_is_written_down_and_harms_nothing() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let ears = broker.listen("bidroom/v1/baoshan/baoshan-1/events");
    let room = Room::start_in(folder(&profile("baoshan-1", &broker.url(), &hub.key), 50));
    until("all is stored", || hub.stored("baoshan-1") == head(&room)).await;
    let events = "bidroom/v1/baoshan/baoshan-1/events";
    let heard = ears.heard();
    let of = |n: usize| -> Value { serde_json::from_str(&heard[n].2).unwrap() };
    let mut changed = of(10);
    changed["data"]["event"]["by_ms"] = json!(99);
    let mut rewritten = changed.clone();
    rewritten["sha256"] = {
        use sha2::Digest;
        json!(hex::encode(sha2::Sha256::digest(
            rewritten["data"].to_string()
        )))
    };
    let mut stranger = of(10);
    stranger["box"] = json!("ab".repeat(32));
    let mut no_box = of(10);
    no_box.as_object_mut().unwrap().remove("box");
    let mut other_version = of(10);
    other_version["type"] = json!("bidroom.event.v2");
    let mut no_line = of(10);
    no_line["data"] = json!({"seq": "ten"});
    let last = head(&room);
    let at = |seq: u64| {
        use sha2::Digest;
        let mut line = of(10);
        line["data"]["seq"] = json!(seq);
        line["sha256"] = json!(hex::encode(sha2::Sha256::digest(line["data"].to_string())));
        line.to_string().into_bytes()
    };
    let mut no_presence = of(10);
    no_presence["type"] = json!("bidroom.presence.v1");
    let whole = heard[10].2.clone();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (events, b"\x00\xff".to_vec(), "not-json"),
        (
            events,
            whole.as_bytes()[..whole.len() - 7].to_vec(),
            "not-json",
        ),
        (events, b"{}".to_vec(), "not-an-envelope"),
        (events, other_version.to_string().into_bytes(), "wrong-type"),
        (events, no_box.to_string().into_bytes(), "no-box"),
        (events, no_line.to_string().into_bytes(), "no-journal-line"),
        (events, changed.to_string().into_bytes(), "hash-differs"),
        (
            events,
            rewritten.to_string().into_bytes(),
            "another-history",
        ),
        (events, stranger.to_string().into_bytes(), "not-admitted"),
        (events, vec![b' '; (1 << 20) + 1], "too-large"),
        (
            "bidroom/v1/baoshan/kunming-1/events",
            whole.clone().into_bytes(),
            "unknown-room",
        ),
        (
            "bidroom/v1/baoshan/KUNMING/events",
            whole.clone().into_bytes(),
            "unknown-topic",
        ),
        (
            "bidroom/v1/baoshan/baoshan-1/state",
            b"[]".to_vec(),
            "not-an-envelope",
        ),
        (
            "bidroom/v1/baoshan/baoshan-1/checkpoints",
            whole.clone().into_bytes(),
            "wrong-type",
        ),
        (
            "bidroom/v1/baoshan/baoshan-1/presence",
            no_presence.to_string().into_bytes(),
            "wrong-schema",
        ),
        // the next one by its number, which follows another than the last
        (events, at(last + 1), "chain-broken"),
    ];
    for (n, (topic, message, _)) in cases.iter().enumerate() {
        broker.publish(topic, message, false);
        until("it is written down", || hub.refusals().len() > n).await;
    }
    let told: Vec<String> = hub
        .refusals()
        .into_iter()
        .map(|(_, reason)| reason)
        .collect();
    let expected: Vec<&str> = cases.iter().map(|(.., reason)| *reason).collect();
    assert_eq!(told, expected);
    // known and early ones are neither stored nor complained of: the receipt says where the hub stands
    let receipts = broker.listen("bidroom/v1/baoshan/baoshan-1/receipt");
    for (n, message) in [whole.into_bytes(), at(last + 5)].iter().enumerate() {
        broker.publish(events, message, false);
        // the first that is heard is the broker's own
        until("it is answered", || receipts.heard().len() > n + 1).await;
        let (.., said) = receipts.heard().pop().unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["data"]["statement"]["upto"], last);
    }
    // a room whose clock is hours ahead is as old as the hub has heard of it
    let states = broker.listen("bidroom/v1/baoshan/baoshan-1/state");
    until("the room says its state", || !states.heard().is_empty()).await;
    let (topic, _, said) = states.heard().pop().unwrap();
    let mut early: Value = serde_json::from_str(&said).unwrap();
    early["data"]["at"] = json!(in_hours(5));
    broker.publish(&topic, early.to_string().as_bytes(), true);
    let operator = hub.operator().await;
    let board = hub.board(&operator).await;
    assert!(room_of(&board, "baoshan-1")["heard"].as_i64() <= board["at"].as_i64());
    room.ctl(&["plan", "BS-1", "--start", "+30m", "--rehearsal"]);
    until("the next one is stored as ever", || {
        hub.stored("baoshan-1") == head(&room)
    })
    .await;
    hub.assert_same("baoshan-1", &room.data());
    assert_eq!(hub.refusals().len(), expected.len(), "{:?}", hub.refusals());
}
