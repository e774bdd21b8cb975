//! A committee convened by phone, end to end: the real program calls independent phones behind a real gateway, and the
//! committee that comes of it checks in.

use super::canaries::{files, found};
use super::peers::Peer;
use super::support::{Browser, Room, id_number, profile};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const SESSION: &str = "BS-1126-02";
const SECRET: &str = "5f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// Twenty people on four lines, of whom the one with the longest patience hears the notice three times, twice.
const DEADLINE: Duration = Duration::from_secs(280);

/// Ends that count against a candidate.
const COUNTED: [&str; 7] = [
    "no_key",
    "hung_up",
    "busy",
    "no_answer",
    "rejected",
    "unreachable",
    "no_such_number",
];

struct Hall {
    room: Room,
    technician: Browser,
    supervisor: Browser,
    _phones: Peer,
    /// The phones' files.
    _folder: tempfile::TempDir,
}

/// A pool whose people's phones do what the last digits say (`scripts/phones.py`).
fn pool(digits: &str) -> String {
    let row = |(no, digit): (usize, char)| {
        let phone = format!("13800138{no:02}{digit}");
        format!(
            "评专家{},{phone},{},设计院,房屋建筑\n",
            ["甲", "乙", "丙"][no % 3],
            id_number(300 + no)
        )
    };
    let rows: String = digits.chars().enumerate().map(row).collect();
    format!("姓名,手机号,身份证号,单位,专业\n{rows}")
}

impl Hall {
    /// The daemon, a gateway with phones, and a draw that is seeded.
    async fn calling(experts: u8, digits: &str, channels: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = ["--user", "bidroom", "--password", "secret"];
        let (phones, port) = Peer::phones(&folder.path().join("phones"), &account);
        let lines = format!(
            "[call_out]\nspacing = \"4s\"\nsoon = \"1s\"\nunanswered = \"9/9\"\n\
             [phone]\nring = \"10s\"\n[phone.speech]\nengine = \"espeak-ng\"\n\
             [[phone.lines]]\nid = \"sip\"\nkind = \"sip\"\ngateway = \"127.0.0.1:{port}\"\n\
             user = \"bidroom\"\npassword = \"secret\"\nregister = true\nchannels = {channels}\n\
             test_number = \"10002\"\n[policies]\n"
        );
        let room = Room::start_with(&profile().replace("[policies]\n", &lines)).await;
        let technician = room.signed_in("technician").await;
        let supervisor = room.signed_in("supervisor").await;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap().as_millis()).unwrap();
        let plan = json!({
            "id": SESSION, "kind": "real", "start": now + 4 * 3_600_000, "expected": 4 * 3_600_000,
            "experts": experts, "tenderer_representatives": 0,
        });
        technician
            .carry_out(SESSION, json!({"type": "plan_session", "plan": plan}))
            .await;
        let order = json!({
            "pool": BASE64_STANDARD.encode(pool(digits)),
            "groups": [{"speciality": "房屋建筑", "count": experts}],
        });
        let path = format!("/api/sessions/{SESSION}/draw");
        let answer = technician.post(&path, order).await;
        assert_eq!(
            answer.status(),
            StatusCode::OK,
            "{}",
            answer.text().await.unwrap()
        );
        let commitment = {
            use sha2::Digest;
            hex::encode(sha2::Sha256::digest(SECRET.as_bytes()))
        };
        let commit = json!({"type": "commit_to_draw", "commitment": commitment});
        supervisor.carry_out(SESSION, commit).await;
        let reveal = json!({"type": "reveal_to_draw", "secret": SECRET});
        supervisor.carry_out(SESSION, reveal).await;
        Self {
            room,
            technician,
            supervisor,
            _phones: phones,
            _folder: folder,
        }
    }

    fn board(&self) -> Value {
        self.room.ctl(&["status"])["convening"][0].clone()
    }

    /// Looks at the board until it is so; gives the most calls that were open at once.
    async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> u64 {
        let began = Instant::now();
        let mut most = 0;
        loop {
            let board = self.board();
            most = most.max(board["callout"]["calling"].as_u64().unwrap_or(0));
            if is_so(&board) {
                return most;
            }
            assert!(began.elapsed() < DEADLINE, "never: {what}; {board:#}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

fn candidates(board: &Value) -> Vec<Value> {
    board["callout"]["candidates"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committee_is_called_and_checks_in() {
    // attend: 0 to 3; declines, no key, busy, no answer, switched off, no such number
    let hall = Hall::calling(5, "23230123456789467823", 4).await;
    let most = hall
        .until("the committee is there", |board| {
            board["phase"] == "convened"
        })
        .await;
    assert!(
        (2..=4).contains(&most),
        "{most} calls at once on four lines"
    );
    let board = hall.board();
    let all = candidates(&board);
    let accepted: Vec<&Value> = all.iter().filter(|c| c["standing"] == "accepted").collect();
    assert_eq!(accepted.len(), 5);
    for candidate in &all {
        let why = match candidate["standing"].as_str().unwrap() {
            "accepted" => json!(["1", "1"]),
            "declined" => json!(["2", "2"]),
            "given_up" => {
                let attempts = candidate["attempts"].as_array().unwrap().iter();
                let counted =
                    attempts.filter(|a| COUNTED.contains(&a["end"]["end"].as_str().unwrap()));
                let lines: BTreeSet<String> = counted.map(|a| a["line"].to_string()).collect();
                assert!(lines.len() >= 2, "given up on one line: {candidate}");
                continue;
            }
            "not_needed" | "calling" | "waiting" => continue,
            other => panic!("{other}: {candidate:#}"),
        };
        let last = candidate["attempts"].as_array().unwrap().last().unwrap();
        let keys = last["keys"].as_array().unwrap();
        assert_eq!(json!(keys[keys.len() - 2..]), why, "{candidate}");
    }

    // the record is right, and the five who accepted become the committee
    let record = hall
        .supervisor
        .get_json(&format!("/api/sessions/{SESSION}/draw"))
        .await;
    let record: bidroom::draw::PublicRecord = serde_json::from_value(record).unwrap();
    assert_eq!(bidroom::draw::verify(&record, None).faults, [""; 0]);

    // names come out at the gate and at the seat only
    let mut seats = Vec::new();
    for seat in 1..=5 {
        seats.push(hall.room.workstation(seat).await);
    }
    hall.technician
        .carry_out(SESSION, json!({"type": "open_check_in"}))
        .await;
    let gate = format!("/api/sessions/{SESSION}/gate");
    let code = hall.technician.post(&gate, json!({"member": 1})).await;
    assert_eq!(code.status(), StatusCode::OK);
    let code: Value = code.json().await.unwrap();
    let seat = usize::try_from(code["seat"].as_u64().unwrap()).unwrap();
    let checked = seats[seat - 1]
        .post("/api/check-in", json!({"code": code["code"]}))
        .await;
    assert_eq!(checked.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_calls_nobody_is_redialled_in_silence() {
    // all attend, at phones that take many calls
    let mut hall = Hall::calling(5, "23232323", 2).await;
    hall.until("one has accepted, and somebody is on the phone", |board| {
        let talks = |c: &Value| c["standing"] == "calling";
        let filled = board["callout"]["filled"].as_u64().unwrap_or(0);
        (1..5).contains(&filled) && candidates(board).iter().any(talks)
    })
    .await;
    let before = hall.board();
    hall.room.restart(Signal::KILL);
    hall.until("the calls are told to be interrupted", |board| {
        let open = |c: &Value| {
            c["attempts"]
                .as_array()
                .unwrap()
                .last()
                .is_some_and(|a| a["end"].is_null())
        };
        let was_open = candidates(&before).into_iter().filter(|c| open(c));
        was_open.into_iter().all(|was| {
            let now = candidates(board);
            let now = now
                .iter()
                .find(|c| c["candidate"] == was["candidate"])
                .unwrap();
            let at = was["attempts"].as_array().unwrap().len() - 1;
            !now["attempts"][at]["end"].is_null()
        })
    })
    .await;
    hall.until("the committee is there", |board| {
        board["phase"] == "convened"
    })
    .await;
    let after = hall.board();
    let accepted = |board: &Value| -> Vec<Value> {
        let all = candidates(board).into_iter();
        all.filter(|c| c["standing"] == "accepted")
            .map(|c| c["candidate"].clone())
            .collect()
    };
    let kept = accepted(&before);
    assert!(
        kept.iter().all(|no| accepted(&after).contains(no)),
        "a confirmation is kept"
    );
    assert_eq!(accepted(&after).len(), 5);
    let ends: Vec<Value> = candidates(&after)
        .iter()
        .flat_map(|c| c["attempts"].as_array().unwrap().clone())
        .map(|a| a["end"]["end"].clone())
        .collect();
    assert!(ends.contains(&json!("interrupted")), "{ends:?}");
    // all numbers begin alike; the log is at its most talkative here, and holds the calls' libraries as well
    let canaries = [b"13800138".to_vec(), "评专家".as_bytes().to_vec()];
    assert_eq!(
        found(hall.room.log().as_bytes(), &canaries),
        None,
        "in the log"
    );
    for file in files(&hall.room.data()) {
        let name = file.display().to_string();
        assert_eq!(found(name.as_bytes(), &canaries), None, "a file's name");
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert_eq!(found(&bytes, &canaries), None, "in {name}");
    }
}
