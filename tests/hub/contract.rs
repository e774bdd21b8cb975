//! The contract as strangers see it: schemas that a third party's validator knows, messages that keep their shape, and a hub that
//! somebody else wrote.

use crate::broker::{Broker, Ears};
use crate::given::{Hub, folder, head, profile};
use crate::support::{Browser, Room, committee, id_number, until};
use bidroom::archive::checkpoints::SignedCheckpoint;
use bidroom::hub::contract::{
    self, AttendanceStatement, Envelope, HubCommand, HubPresence, JournalLine, Payload, Presence,
    PublicState, Receipt, Reply, Signed, Unreadable,
};
use bidroom::journal::Reader;
use bidroom::room::Seq;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Debian's own: it has the packages.
pub(crate) const PYTHON: &str = "/usr/bin/python3";

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/hub")
        .join(name)
}

/// Has a third party's validator look at messages; how many of each type there were.
fn validate(messages: &[(String, String)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (schemas, capture) = (folder.path().join("schemas"), folder.path().join("capture"));
    fs::write(&schemas, Value::Object(contract::schemas()).to_string()).unwrap();
    let lines: String = messages
        .iter()
        .map(|(topic, payload)| format!("{topic}\t{payload}\n"))
        .collect();
    fs::write(&capture, lines).unwrap();
    let done = Command::new(PYTHON)
        .arg(here("validate.py"))
        .arg(&schemas)
        .arg(&capture)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice(&done.stdout).unwrap()
}

fn captured(ears: &Ears) -> Vec<(String, String)> {
    ears.heard()
        .into_iter()
        .map(|(topic, _, payload)| (topic, payload))
        .collect()
}

/// What was captured from an earlier version is read by this one, and valid by its schemas: fields may be added, none may go.
#[test]
fn messages_of_old_are_read() {
    fn reads<T: Payload>(kind: &str, message: &str) -> bool {
        if kind != T::TYPE {
            return false;
        }
        Envelope::<T>::read(message.as_bytes()).unwrap();
        let mut more: Value = serde_json::from_str(message).unwrap();
        more["something"] = json!("of a later version");
        Envelope::<T>::read(more.to_string().as_bytes()).unwrap();
        true
    }
    let golden = fs::read_to_string(here("golden.jsonl")).unwrap();
    let messages: Vec<(String, String)> = golden
        .lines()
        .map(|line| ("golden".to_owned(), line.to_owned()))
        .collect();
    for (_, message) in &messages {
        let value: Value = serde_json::from_str(message).unwrap();
        let kind = value["type"].as_str().unwrap();
        assert!(
            reads::<Presence>(kind, message)
                || reads::<PublicState>(kind, message)
                || reads::<JournalLine>(kind, message)
                || reads::<SignedCheckpoint>(kind, message)
                || reads::<Reply>(kind, message)
                || reads::<Signed<Receipt>>(kind, message)
                || reads::<Signed<HubCommand>>(kind, message)
                || reads::<AttendanceStatement>(kind, message)
                || reads::<HubPresence>(kind, message),
            "{kind}"
        );
    }
    let counts = validate(&messages);
    let kinds = counts.as_object().unwrap();
    assert_eq!(
        kinds.len(),
        contract::schemas().len(),
        "one of each at least: {counts}"
    );
    // signatures of old hold
    for (_, message) in &messages {
        if let Ok(envelope) = Envelope::<Signed<Receipt>>::read(message.as_bytes()) {
            envelope.data.open(&[envelope.data.key]).unwrap();
        }
        if let Ok(envelope) = Envelope::<Signed<HubCommand>>::read(message.as_bytes()) {
            envelope.data.open(&[envelope.data.key]).unwrap();
        }
        if let Ok(envelope) = Envelope::<Presence>::read(message.as_bytes())
            && let Some(certificate) = envelope.data.certificate
        {
            certificate.open(&[envelope.by.unwrap()]).unwrap();
        }
        if let Ok(envelope) = Envelope::<SignedCheckpoint>::read(message.as_bytes()) {
            assert!(envelope.data.is_genuine());
        }
    }
}

#[test]
fn what_is_no_message_is_named() {
    let read = |bytes: &[u8]| Envelope::<Presence>::read(bytes).unwrap_err();
    assert!(matches!(read(b""), Unreadable::NotJson { .. }));
    assert!(matches!(
        read(b"{\"specversion\":\"1.0\""),
        Unreadable::NotJson { .. }
    ));
    assert_eq!(read(b"[]"), Unreadable::NotAnEnvelope);
    assert_eq!(
        read(b"{\"specversion\":\"0.3\",\"type\":\"bidroom.presence.v1\"}"),
        Unreadable::NotAnEnvelope
    );
    assert_eq!(
        read(b"{\"specversion\":\"1.0\",\"type\":\"bidroom.presence.v2\"}"),
        Unreadable::WrongType
    );
    assert_eq!(
        read(b"{\"specversion\":\"1.0\",\"type\":\"bidroom.presence.v1\"}"),
        Unreadable::WrongSchema
    );
    assert_eq!(
        read(&vec![b' '; contract::LARGEST + 1]),
        Unreadable::TooLarge
    );
}

#[test]
fn the_asyncapi_document_names_every_topic_and_says_the_same_in_yaml() {
    let document = contract::document();
    let channels = document["channels"].as_object().unwrap();
    let mut addresses: Vec<&str> = channels
        .values()
        .map(|channel| channel["address"].as_str().unwrap())
        .collect();
    addresses.sort_unstable();
    assert_eq!(
        addresses,
        [
            "bidroom/v1/{city}/hub/presence",
            "bidroom/v1/{city}/{room}/checkpoints",
            "bidroom/v1/{city}/{room}/commands",
            "bidroom/v1/{city}/{room}/events",
            "bidroom/v1/{city}/{room}/presence",
            "bidroom/v1/{city}/{room}/receipt",
            "bidroom/v1/{city}/{room}/replies",
            "bidroom/v1/{city}/{room}/state",
            "bidroom/v1/{city}/{room}/statements",
        ]
    );
    // every reference leads somewhere
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asyncapi.yaml");
    let printed = Command::new(env!("CARGO_BIN_EXE_bidroom"))
        .arg("asyncapi")
        .output()
        .unwrap();
    fs::write(&file, printed.stdout).unwrap();
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))";
    let read = Command::new(PYTHON)
        .args(["-c", script])
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let yaml: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(yaml, document);
}

/// Spellings under which a name or a number might hide.
fn spellings(canary: &str) -> Vec<String> {
    use base64::Engine;
    let encoded: String = canary.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let escaped: String = canary
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    let base64 = base64::engine::general_purpose::STANDARD.encode(canary);
    let base64 = base64.trim_end_matches('=');
    // what comes before it shifts base64: the inner part is the same
    vec![
        canary.to_owned(),
        encoded,
        hex,
        escaped,
        base64[..base64.len() - 2].to_owned(),
    ]
}

/// A certificate of the pool's owner, and his key.
fn pool_owner(folder: &Path) -> (PathBuf, PathBuf) {
    let (key, certificate) = (folder.join("pool.key"), folder.join("pool.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=pool"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    (key, certificate)
}

/// A profile under which nothing needs to be recorded, with a pool's owner, and a replica that is never reached.
fn profile_of_session(broker: &str, key: &str, certificate: &Path) -> String {
    let storage = format!(
        "[[recording]]\nkinds = [\"microphone\"]\nphases = [\"in-session\"]\n[[storage.replicas]]\nid = \"centre\"\n\
         to = \"s3://bidroom/baoshan\"\nendpoint = \"http://127.0.0.1:9\"\ncredentials_file = {certificate:?}\n[storage]"
    );
    let profile = profile("baoshan-1", broker, key).replace("[storage]", &storage);
    format!("{profile}pool_certificate = {certificate:?}\n")
}

/// Takes a committee from the gate to the seal.
async fn session(room: &Room, names: &[&str]) {
    let members = room.rehearsal("BS-1", &committee(names));
    let (technician, supervisor) = (
        room.signed_in("technician").await,
        room.signed_in("supervisor").await,
    );
    let mut seats = Vec::new();
    for (member, seat) in &members {
        let station = room.workstation(*seat).await;
        let code = technician
            .post("/api/sessions/BS-1/gate", json!({"member": member}))
            .await
            .json::<Value>()
            .await
            .unwrap();
        let entered = station
            .post("/api/check-in", json!({"code": code["code"]}))
            .await;
        assert!(entered.status().is_success());
        for pledge in ["integrity", "recusal"] {
            station
                .carry_out("BS-1", json!({"type": "sign_pledge", "pledge": pledge}))
                .await;
        }
        seats.push(station);
    }
    let order = async |who: &Browser, command: Value| who.carry_out("BS-1", command).await;
    order(&technician, json!({"type": "confirm_sign_in"})).await;
    order(&technician, json!({"type": "confirm_recording"})).await;
    order(&supervisor, json!({"type": "authorise_start"})).await;
    order(&technician, json!({"type": "start_session"})).await;
    let warned = members[0].1;
    let warning = json!({"type": "warn", "seat": warned, "text": "请勿交谈"});
    order(&supervisor, warning).await;
    for seat in &seats[..3] {
        order(seat, json!({"type": "vote_for_chair", "candidate": 2})).await;
    }
    order(&technician, json!({"type": "begin_closing"})).await;
    for (n, seat) in seats.iter().enumerate() {
        order(seat, json!({"type": "sign_report", "dissent": n == 4})).await;
    }
    // the others are there to the end
    order(&seats[0], json!({"type": "leave"})).await;
    order(&supervisor, json!({"type": "sign_closing_record"})).await;
    order(
        &technician,
        json!({"type": "seal_session", "typed": "BS-1"}),
    )
    .await;
}

/// A whole session, what is stated of it for fees, and the request of its archive: every message is valid, and none names anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_session_on_the_wire_is_valid_and_names_nobody() {
    let broker = Broker::start();
    let ears = broker.listen("bidroom/#");
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let place = tempfile::tempdir().unwrap();
    let (key, certificate) = pool_owner(place.path());
    let text = profile_of_session(&broker.url(), &hub.key, &certificate);
    let room = Room::start_in(folder(&text, 0));
    let names = [
        "欧阳金丝雀",
        "司马信天翁",
        "诸葛啄木鸟",
        "上官戴胜鸟",
        "皇甫伯劳鸟",
    ];
    session(&room, &names).await;

    // the statement is there, once, and only the pool's owner reads it
    let operator = hub.operator().await;
    let board = hub
        .until_board(&operator, "attendance is stated", |board| {
            board["statements"].as_array().unwrap().len() == 1
        })
        .await;
    let statement = &board["statements"][0];
    assert_eq!(statement["session"], "BS-1");
    let id = statement["id"].as_str().unwrap();
    let path = format!("/api/rooms/baoshan-1/statements/{id}");
    let container = operator.get(&path).await.bytes().await.unwrap();
    let file = place.path().join("statement.cms");
    fs::write(&file, &container).unwrap();
    let opened = Command::new("openssl")
        .args(["cms", "-decrypt", "-inform", "DER", "-in"])
        .arg(&file)
        .arg("-inkey")
        .arg(&key)
        .arg("-recip")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(opened.status.success(), "{opened:?}");
    let told: Value = serde_json::from_slice(&opened.stdout).unwrap();
    assert_eq!(told["end"], "sealed");
    let people = told["people"].as_array().unwrap();
    let mut seen: Vec<&str> = people.iter().map(|p| p["name"].as_str().unwrap()).collect();
    seen.sort_unstable();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(seen, expected);
    let of = |member: u64| people.iter().find(|p| p["member"] == member).unwrap();
    assert_eq!(of(1)["warnings"], 1);
    assert_eq!(of(1)["outcome"]["left"], "finished");
    assert_eq!(
        (&of(2)["chair"], &of(2)["outcome"]),
        (&json!(true), &json!("stayed"))
    );
    assert!(
        people
            .iter()
            .all(|p| p["report_signed"] == true && p["arrived"].is_string())
    );
    let looks = hub.signed_in("supervisor").await;
    assert_eq!(looks.get(&path).await.status(), StatusCode::FORBIDDEN);

    // the archive is asked for by the hub, named by the room, and the technician sees it
    until("the archive is read back", || archive_is_kept(&room)).await;
    let asked = json!({"session": "BS-1"});
    let sent = operator.post("/api/rooms/baoshan-1/archive", asked).await;
    assert_eq!(sent.status(), StatusCode::NO_CONTENT);
    let board = hub
        .until_board(&operator, "the room has answered", |board| {
            board["archives"][0]["state"]["state"] == "answered"
        })
        .await;
    let archive = &board["archives"][0]["state"]["outcome"]["archive"];
    let tags = room.data().join("sessions/BS-1/tagmanifest-sha256.txt");
    let sealed = {
        use sha2::Digest;
        hex::encode(sha2::Sha256::digest(fs::read(tags).unwrap()))
    };
    assert_eq!(archive["tagmanifest_sha256"], *sealed, "{archive}");
    assert_eq!(archive["replicas"][0]["s3"]["key"], "baoshan/BS-1/");
    assert_eq!(archive["replicas"][0]["verified"], Value::Null);
    let status = room.ctl(&["status"]);
    let alarms = status["alarms"].as_array().unwrap();
    let told = |alarm: &Value| alarm["what"]["kind"] == "archive_requested";
    assert!(alarms.iter().any(told), "{alarms:?}");

    until("the hub has all of it", || {
        hub.stored("baoshan-1") == head(&room)
    })
    .await;
    let messages = captured(&ears);
    let counts = validate(&messages);
    println!("{counts}");
    assert!(counts["bidroom.event.v1"].as_u64().unwrap() > 40);
    assert_eq!(counts["bidroom.attendance.v1"], 1, "delivered once");
    for kind in ["checkpoint", "state", "command", "reply", "receipt"] {
        let kind = format!("bidroom.{kind}.v1");
        assert!(counts[&kind].as_u64() > Some(0), "{kind}: {counts}");
    }
    let text: String = messages
        .iter()
        .map(|(topic, payload)| format!("{topic} {payload}\n"))
        .collect();
    let text = text.to_lowercase();
    for kind in [
        "session_started",
        "session_sealed",
        "attendance_stated",
        "archive_requested",
    ] {
        assert!(text.contains(kind), "{kind}");
    }
    let pinyin = [
        "ouyang",
        "jinsique",
        "sima",
        "xintianweng",
        "zhuge",
        "shangguan",
        "huangfu",
    ];
    let numbers = (0..5).flat_map(|n| [format!("1380013{:04}", 8000 + n), id_number(200 + n)]);
    for canary in names
        .map(str::to_owned)
        .into_iter()
        .chain(numbers)
        .chain(pinyin.map(str::to_owned))
    {
        for spelling in spellings(&canary) {
            assert!(
                !text.contains(&spelling.to_lowercase()),
                "{canary} as {spelling}"
            );
        }
    }
}

/// Whether the room keeps the session's archive, by its journal.
fn archive_is_kept(room: &Room) -> bool {
    let lines = Reader::open(&room.data().join("journal.sqlite"))
        .unwrap()
        .lines(Seq(0), 10_000)
        .unwrap();
    let kept =
        |(_, line): &(Seq, Vec<u8>)| String::from_utf8_lossy(line).contains("archive_read_back");
    lines.iter().any(kept)
}

/// Another hub, of a hundred lines in another language, gets every entry once; it is killed, and so is the broker.
#[tokio::test]
async fn a_hub_that_somebody_else_wrote_gets_every_entry_once() {
    let mut broker = Broker::start();
    let data = tempfile::tempdir().unwrap();
    let seed: [u8; 32] = rand::random();
    fs::write(data.path().join("key"), hex::encode(seed)).unwrap();
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let key = hex::encode(ring::signature::KeyPair::public_key(&pair).as_ref());
    let start = || {
        let log = fs::File::create(data.path().join("log")).unwrap();
        Command::new(PYTHON)
            .arg(here("hub.py"))
            .args(["127.0.0.1", &broker.port().to_string(), "baoshan"])
            .arg(data.path().join("db"))
            .arg(data.path().join("key"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    };
    let mut hub = start();
    let room = Room::start_in(folder(&profile("baoshan-1", &broker.url(), &key), 800));
    let stored = || {
        let db = rusqlite::Connection::open(data.path().join("db")).unwrap();
        db.query_row("SELECT count(*) FROM events", [], |row| {
            row.get::<_, u64>(0)
        })
        .unwrap_or(0)
    };
    until("it stores entries", || stored() > 100).await;
    hub.kill().unwrap();
    hub.wait().unwrap();
    let mut hub = start();
    let before = stored();
    until("it goes on", || {
        stored() > before || stored() >= head(&room)
    })
    .await;
    broker.kill();
    broker.go_on();
    until("it has all", || stored() >= head(&room)).await;
    let lines = Reader::open(&room.data().join("journal.sqlite"))
        .unwrap()
        .lines(Seq(0), 10_000)
        .unwrap();
    let db = rusqlite::Connection::open(data.path().join("db")).unwrap();
    let mut read = db
        .prepare("SELECT seq, line FROM events ORDER BY seq")
        .unwrap();
    let rows = read
        .query_map([], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?))
        })
        .unwrap();
    for (row, (seq, line)) in rows.zip(&lines) {
        let (number, text) = row.unwrap();
        assert_eq!((number, text.as_bytes()), (seq.0, line.as_slice()));
    }
    hub.kill().unwrap();
    hub.wait().unwrap();
}
