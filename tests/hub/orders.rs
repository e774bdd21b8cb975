//! An order that the pool's owner has drawn comes by the hub: encrypted by openssl, sent in parts, proven in the room, used by its
//! technician, accepted by its supervisor, and verified by a stranger. What is not right is refused, here and there, with the reason.

use crate::broker::Broker;
use crate::given::{Hub, folder, profile};
use crate::support::owner::{Owner, encrypt, name, pool, sealed};
use crate::support::{Browser, Room, id_number, until};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bidroom::draw::GivenFile;
use bidroom::keys::{KeySources, Keys};
use bidroom::room::Utc;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const ROOM: &str = "baoshan-1";
const SESSION: &str = "BS-1127-01";
const PATH: &str = "/api/sessions/BS-1127-01/draw";
const SPECIALITY: &str = "房屋建筑";

/// A city with one room whose session the hub has planned.
struct City {
    broker: Broker,
    hub: Hub,
    room: Room,
    operator: Browser,
    technician: Browser,
    supervisor: Browser,
    owner: Owner,
    start: i64,
}

impl City {
    async fn planned() -> Self {
        let broker = Broker::start();
        let hub = Hub::start(&broker.url(), &[ROOM]);
        let owner = Owner::new();
        let text = profile(ROOM, &broker.url(), &hub.key);
        let text = format!("{text}pool_keys = [\"{}\"]\n", owner.key());
        let room = Room::start_in(folder(&text, 0));
        let technician = room.signed_in("technician").await;
        let supervisor = room.signed_in("supervisor").await;
        let operator = hub.operator().await;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap().as_millis()).unwrap();
        let start = now + 4 * 3_600_000;
        let this = Self {
            broker,
            hub,
            room,
            operator,
            technician,
            supervisor,
            owner,
            start,
        };
        this.plan(SESSION, start).await;
        this
    }

    async fn plan(&self, session: &str, start: i64) {
        let evaluation = json!({
            "id": session, "kind": "real", "start": start, "expected": 3_600_000,
            "venues": [{"room": ROOM, "experts": 5, "tenderer_representatives": 0}],
        });
        let answer = self.operator.post("/api/evaluations", evaluation).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let planned = |board: &Value| {
            let mut all = board["evaluations"].as_array().unwrap().iter();
            all.any(|one| {
                let outcome = &one["venues"][0]["state"]["outcome"];
                one["evaluation"]["id"] == session && outcome["result"] == "done"
            })
        };
        self.hub
            .until_board(&self.operator, "it is planned", planned)
            .await;
    }

    /// The certificate as the operator downloads it for the pool's owner.
    async fn certificate(&self) -> String {
        let path = format!("/api/rooms/{ROOM}/certificate");
        let known = |board: &Value| board["rooms"][0]["certificate"].is_string();
        self.hub
            .until_board(&self.operator, "the certificate is known", known)
            .await;
        let answer = self.operator.get(&path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.unwrap()
    }

    fn drawn(&self, people: usize) -> GivenFile {
        let table = pool(people, SPECIALITY);
        self.owner
            .draws(SESSION, self.start, &table, &[(SPECIALITY, 5)])
    }

    /// Hands a file to the hub for a session of the room.
    async fn send(&self, session: &str, order: &[u8]) -> reqwest::Response {
        let form = json!({"session": session, "order": BASE64_STANDARD.encode(order)});
        let path = format!("/api/rooms/{ROOM}/order");
        self.operator.post(&path, form).await
    }

    /// What the room says to it, as the board shows it.
    async fn answered(&self, order: &[u8]) -> Value {
        let sha256 = hex::encode(Sha256::digest(order));
        let of = |board: &Value| {
            let mut sent = board["orders"].as_array().unwrap().iter();
            sent.find(|one| one["sha256"] == sha256.as_str()).cloned()
        };
        let done = |board: &Value| of(board).is_some_and(|one| one["state"]["state"] == "answered");
        let board = self
            .hub
            .until_board(&self.operator, "the room answers", done)
            .await;
        of(&board).unwrap()
    }

    fn convening(&self) -> Value {
        self.room.ctl(&["status"])["convening"][0].clone()
    }

    /// What the room's page says of an order that was not taken.
    async fn refused_here(&self) -> Option<String> {
        let view = self.technician.view("/api/live/technician").await;
        let mut alarms = view["alarms"].as_array().unwrap().iter();
        let found = alarms.find(|alarm| alarm["what"]["kind"] == "order_refused");
        found.map(|alarm| alarm["what"]["fault"].as_str().unwrap().to_owned())
    }

    fn restart(mut self) -> Self {
        self.room.end(Signal::KILL);
        self.start()
    }

    /// Starts the room again after its end.
    fn start(mut self) -> Self {
        self.room.restart_under(&[]);
        let url = self.room.url("");
        self.technician = self.technician.at(&url);
        self.supervisor = self.supervisor.at(&url);
        self
    }
}

fn in_words(answer: &Value) -> &Value {
    &answer["state"]["outcome"]["refusal"]["fault"]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_comes_by_the_hub_and_is_called() {
    let people = std::env::var("ORDER_ROWS").map_or(1_500, |rows| rows.parse().unwrap());
    let mut city = City::planned().await;
    let ears = city.broker.listen("#");
    let certificate = city.certificate().await;
    let laid_out = fs::read_to_string(city.room.data().join("box-certificate.pem"));
    assert_eq!(certificate, laid_out.unwrap());
    let order = sealed(&certificate, &city.drawn(people));
    let sha256 = hex::encode(Sha256::digest(&order));

    // handed in while the room is off: it comes when the room is back
    city.room.end(Signal::KILL);
    let answer = city.send(SESSION, &order).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    // a certificate that a power cut tore is laid out anew, for the same key
    let torn = city.room.data().join("box-certificate.pem");
    fs::write(&torn, &certificate[..certificate.len() / 2]).unwrap();
    let city = city.start();
    let began = Instant::now();
    let told = city.answered(&order).await;
    assert_eq!(told["state"]["outcome"]["result"], "done", "{told}");
    assert_eq!(told["parts"], order.len().div_ceil(90_000));
    println!(
        "{people} rows: {} bytes in {} parts, in the room after {:?}",
        order.len(),
        told["parts"],
        began.elapsed()
    );

    let anew = fs::read_to_string(&torn).unwrap();
    assert_ne!(anew, certificate);
    assert_eq!(city.certificate().await, anew);

    // it is there after a restart, and nobody was drawn by it yet
    let city = city.restart();
    assert_eq!(
        fs::read_to_string(&torn).unwrap(),
        anew,
        "what was handed out stays"
    );
    let waiting = city.convening();
    assert_eq!(waiting["order"]["sha256"], sha256.as_str());
    assert_eq!(waiting["order"]["rows"], people);
    assert_eq!(waiting["order"]["specialities"], json!([SPECIALITY]));
    assert_eq!(waiting["draw"], Value::Null);

    // another digest than the one that lies here is another order
    let groups = json!([{"speciality": SPECIALITY, "count": 5}]);
    let other = json!({"from_hub": "0".repeat(64), "groups": groups});
    let answer = city.technician.post(PATH, other).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "order_replaced");
    let take = json!({"from_hub": sha256, "groups": groups});
    let forbidden = city.supervisor.post(PATH, take.clone()).await;
    assert_eq!(forbidden.status(), StatusCode::FORBIDDEN);
    let answer = city.technician.post(PATH, take).await;
    let status = answer.status();
    assert_eq!(status, StatusCode::OK, "{}", answer.text().await.unwrap());

    // a draw that is on takes no other order
    let second = sealed(&certificate, &city.drawn(20));
    assert_eq!(
        city.send(SESSION, &second).await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(in_words(&city.answered(&second).await), "order_while_drawn");
    assert_eq!(
        city.refused_here().await.as_deref(),
        Some("order_while_drawn")
    );

    let city = city.restart();
    let accept = json!({"type": "accept_given_order"});
    city.supervisor.carry_out(SESSION, accept).await;
    until("five are drawn", || {
        let candidates = &city.convening()["callout"]["candidates"];
        candidates.as_array().is_some_and(|all| all.len() == 5)
    })
    .await;
    let record = city.supervisor.get_json(PATH).await;
    assert_eq!(record["given_key"], city.owner.key().as_str());
    verified(&record);

    // nobody on the way, and no file or log, has read a name
    assert!(
        ears.heard()
            .iter()
            .any(|(_, _, text)| text.contains("give_order"))
    );
    let heard = ears
        .heard()
        .into_iter()
        .map(|(_, _, text)| text.into_bytes());
    let logs = [city.room.log(), city.hub.log()].map(String::into_bytes);
    let files = [city.room.data(), city.hub.data()];
    let files = files.iter().flat_map(|folder| files_of(folder));
    let files = files.map(|file| fs::read(file).unwrap_or_default());
    for bytes in heard.chain(logs).chain(files) {
        assert_eq!(named(&bytes), None);
    }
    assert!(named(&serde_json::to_vec(&city.drawn(3)).unwrap()).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_for_this_room_is_refused_on_both_sides() {
    let city = City::planned().await;
    let certificate = city.certificate().await;
    let right = city.drawn(20);

    // what nobody encrypted does not leave the hub
    let plain = serde_json::to_vec(&right).unwrap();
    let answer = city.send(SESSION, &plain).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "order_not_an_envelope");
    assert_eq!(named(problem.to_string().as_bytes()), None);
    assert_eq!(city.hub.board(&city.operator).await["orders"], json!([]));
    let answer = city
        .operator
        .post("/api/rooms/kunming-1/order", json!({"session": SESSION, "order": BASE64_STANDARD.encode(sealed(&certificate, &right))}))
        .await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    // and a supervisor at the board sends nothing
    let supervisor = city.hub.signed_in("supervisor").await;
    let form = json!({"session": SESSION, "order": "AAAA"});
    let answer = supervisor.post("/api/rooms/baoshan-1/order", form).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);

    let table = pool(20, SPECIALITY);
    let groups = [(SPECIALITY, 5)];
    let stranger = Owner::of_seed(8);
    let drawn =
        |owner: &Owner, session: &str, start: i64| owner.draws(session, start, &table, &groups);
    let day = 24 * 3_600_000;
    let mut changed = drawn(&city.owner, SESSION, city.start);
    changed.rows.pop();
    let mut flipped = sealed(&certificate, &right);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let elsewhere = certificate_of_another_box();
    let cases: [(&str, Vec<u8>, &str); 9] = [
        (
            SESSION,
            sealed(&certificate, &drawn(&city.owner, "BS-OTHER", city.start)),
            "order_of_another_session",
        ),
        (
            "BS-UNKNOWN",
            sealed(&certificate, &right),
            "order_of_no_session",
        ),
        (
            SESSION,
            sealed(&elsewhere, &right),
            "order_not_for_this_box",
        ),
        (SESSION, flipped, "order_not_for_this_box"),
        (
            SESSION,
            encrypt(&certificate, b"no order"),
            "order_unreadable",
        ),
        (
            SESSION,
            sealed(&certificate, &drawn(&stranger, SESSION, city.start)),
            "order_of_an_unknown_key",
        ),
        (SESSION, sealed(&certificate, &changed), "order_not_proven"),
        (
            SESSION,
            sealed(&certificate, &drawn(&city.owner, SESSION, city.start + day)),
            "order_of_another_day",
        ),
        (
            SESSION,
            sealed(&certificate, &repeated(&city.owner, city.start)),
            "order_with_a_bad_row",
        ),
    ];
    for (session, order, fault) in cases {
        let answer = city.send(session, &order).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{fault}");
        let told = city.answered(&order).await;
        assert_eq!(in_words(&told), fault, "{told}");
        assert_eq!(city.refused_here().await.as_deref(), Some(fault));
        assert_eq!(city.convening()["order"], Value::Null, "{fault}");
    }
    // the right one ends the complaint
    let order = sealed(&certificate, &right);
    city.send(SESSION, &order).await;
    assert_eq!(
        city.answered(&order).await["state"]["outcome"]["result"],
        "done"
    );
    assert_eq!(city.refused_here().await, None);
}

/// Somebody who can write to the broker puts a certificate of his own in the room's place: he would read the pool.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_box_has_not_signed_is_not_handed_out() {
    let city = City::planned().await;
    let right = city.certificate().await;
    let topic = format!("bidroom/v1/baoshan/{ROOM}/presence");
    let ears = city.broker.listen(&topic);
    let mut said = None;
    until("the room has said its presence", || {
        said = ears
            .heard()
            .into_iter()
            .map(|(_, _, text)| text)
            .next_back();
        said.is_some()
    })
    .await;
    let mut forged: Value = serde_json::from_str(&said.unwrap()).unwrap();
    let statement = &mut forged["data"]["certificate"]["statement"];
    statement["certificate"] = json!(certificate_of_another_box());
    city.broker
        .publish(&topic, forged.to_string().as_bytes(), false);
    let refused = || {
        let refusals = city.hub.refusals();
        refusals.contains(&("presence".to_owned(), "bad-signature".to_owned()))
    };
    until("it is refused", refused).await;
    assert_eq!(city.certificate().await, right);
}

/// A broker that takes small messages only: told to the operator, and nothing is lost or broken by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_takes_no_part_of_an_order_is_told() {
    let broker = Broker::start_with("max_packet_size 60000");
    let hub = Hub::start(&broker.url(), &[ROOM]);
    let operator = hub.operator().await;
    let heard = |board: &Value| board["broker"].is_string();
    hub.until_board(&operator, "the broker is reached", heard)
        .await;
    let order = encrypt(&certificate_of_another_box(), b"whatever");
    let form = json!({"session": SESSION, "order": BASE64_STANDARD.encode(order)});
    let answer = operator.post("/api/rooms/baoshan-1/order", form).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "order_too_large_for_broker");
}

/// A room of an earlier version has stated no certificate: it would take the parts for forgeries, so none is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_has_stated_no_certificate_is_sent_no_order() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &[ROOM]);
    let operator = hub.operator().await;
    let heard = |board: &Value| board["broker"].is_string();
    hub.until_board(&operator, "the broker is reached", heard)
        .await;
    let of_old = include_str!("golden.jsonl")
        .lines()
        .find(|line| line.contains("bidroom.presence.v1") && line.contains("\"online\":true"));
    let topic = format!("bidroom/v1/baoshan/{ROOM}/presence");
    broker.publish(&topic, of_old.unwrap().as_bytes(), false);
    let online = |board: &Value| board["rooms"][0]["online"] == true;
    hub.until_board(&operator, "the room is heard", online)
        .await;
    let answer = operator.get("/api/rooms/baoshan-1/certificate").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let order = encrypt(&certificate_of_another_box(), b"whatever");
    let form = json!({"session": SESSION, "order": BASE64_STANDARD.encode(order)});
    let answer = operator.post("/api/rooms/baoshan-1/order", form).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "order_without_certificate");
}

/// An order whose first row stands there twice.
fn repeated(owner: &Owner, start: i64) -> GivenFile {
    let mut order = owner.draws(SESSION, start, &pool(20, SPECIALITY), &[(SPECIALITY, 5)]);
    order.rows.push(order.rows[0].clone());
    order
}

fn certificate_of_another_box() -> String {
    let folder = tempfile::tempdir().unwrap();
    let sources = KeySources {
        folder: folder.path().join("keys"),
        credentials: None,
    };
    let at = Utc(1_795_741_500_000);
    let keys = Keys::open(sources, &["localhost".parse().unwrap()], at).unwrap();
    keys.envelope_certificate().unwrap()
}

fn verified(record: &Value) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), record.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/draw/stranger.py");
    let by = [
        vec![env!("CARGO_BIN_EXE_bidroom"), "draw", "verify"],
        vec!["python3", script],
    ];
    for words in by {
        let told = Command::new(words[0])
            .args(&words[1..])
            .arg(file.path())
            .output();
        let told = told.unwrap();
        let said = String::from_utf8_lossy(&told.stdout);
        assert!(told.status.success(), "{words:?}: {said}");
    }
}

/// The first of some canaries in some bytes.
fn named(bytes: &[u8]) -> Option<String> {
    let canaries = (0..3).flat_map(|no| [name(no), id_number(200 + no), format!("138{no:08}")]);
    let mut all = canaries.chain(["云南某设计院有限公司".to_owned()]);
    all.find(|canary| {
        let windows = &mut bytes.windows(canary.len());
        windows.any(|window| window == canary.as_bytes())
    })
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let all = paths.flat_map(|path| match path.is_dir() {
        true => files_of(&path),
        false => vec![path],
    });
    all.filter(|path| path.is_file()).collect()
}
