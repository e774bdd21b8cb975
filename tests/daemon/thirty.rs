//! Thirty candidates on four lines, whose phones do all that phones do: nine places are filled in the order of the draw, each of the
//! others has the one reason that his phone gives, and no fifth call is ever open.

use super::call_out::{SECRET, SESSION, candidates};
use super::peers::Peer;
use super::support::{Room, id_number, profile};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bidroom::draw::{Opening, PublicRecord, verify};
use bidroom::keys::{KeySources, Keys};
use bidroom::room::{Actor, Hex32, Part, Utc};
use bidroom::vault::{Document, Vault};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const EXPERTS: usize = 9;
/// Thirty phones, of whom some hear the notice three times, twice.
const LONGEST: Duration = Duration::from_secs(400);

/// What a phone does by its last digits (`scripts/phones.py`), how many candidates have such a one, and what the board must say of them.
const PHONES: [(&str, usize, &str); 14] = [
    // who attends: one after a wrong key, one whose phone negotiates anew in the middle
    ("2", 5, "accepted"),
    ("3", 4, "accepted"),
    ("890", 1, "accepted"),
    ("888", 1, "accepted"),
    ("892", 3, "declined"),
    ("891", 1, "no_key"),
    ("893", 2, "no_key"),
    ("887", 2, "hung_up"),
    ("6", 2, "busy"),
    ("7", 2, "no_answer"),
    ("8", 2, "unreachable"),
    ("9", 2, "no_such_number"),
    // an announcement before anybody answers is nobody's answer
    ("885", 2, "unreachable"),
    // his answer crosses our CANCEL each time: twice that costs him nothing, twice more and he is given up
    ("886", 1, "answered_late"),
];

/// The number of candidate `no`, whose phone ends so.
fn number(no: usize, ending: &str) -> String {
    match ending.len() {
        1 => format!("13800138{:02}{ending}", 10 + no),
        _ => format!("138001{:02}{ending}", 40 + no),
    }
}

/// What the board must say of whoever has that number.
fn reason(number: &str) -> &'static str {
    let ending = |(ending, ..): &&(&str, usize, &str)| number.ends_with(ending);
    let long = PHONES.iter().filter(|p| p.0.len() > 1);
    let all = long.chain(PHONES.iter().filter(|p| p.0.len() == 1));
    let mut all = all.filter(ending);
    all.next().expect("a phone of the table").2
}

fn pool() -> String {
    let endings = PHONES
        .iter()
        .flat_map(|(ending, many, _)| vec![*ending; *many]);
    let row = |(no, ending): (usize, &str)| {
        let (number, id) = (number(no, ending), id_number(300 + no));
        format!(
            "评专家{},{number},{id},设计院,房屋建筑\n",
            ["甲", "乙", "丙"][no % 3]
        )
    };
    let rows: Vec<String> = endings.enumerate().map(row).collect();
    assert_eq!(rows.len(), 30);
    format!("姓名,手机号,身份证号,单位,专业\n{}", rows.concat())
}

/// A second of 440 Hz, whatever the text is: the phones press after seconds, and do not listen.
const SPEAKS: &str = "import sys,struct,math\nsys.stdin.read()\nn=8000\nd=b''.join(struct.pack('<h',int(9000*math.sin(i*440*2*math.pi/8000))) for i in range(n))\nsys.stdout.buffer.write(b'RIFF'+struct.pack('<I',36+len(d))+b'WAVEfmt '+struct.pack('<IHHIIHH',16,1,1,8000,16000,2,16)+b'data'+struct.pack('<I',len(d))+d)\n";

#[tokio::test(flavor = "multi_thread")]
async fn thirty_phones_of_all_kinds_fill_nine_places_in_the_order_of_the_draw() {
    let folder = tempfile::tempdir().unwrap();
    let account = ["--user", "bidroom", "--password", "secret", "--faults"];
    let (_phones, port) = Peer::phones(&folder.path().join("phones"), &account);
    let speaks = folder.path().join("speaks.py");
    std::fs::write(&speaks, SPEAKS).unwrap();
    let lines = format!(
        "[call_out]\nspacing = \"1s\"\nsoon = \"1s\"\nunanswered = \"15/15\"\n\
         [phone]\nring = \"10s\"\n[phone.speech]\nengine = \"program\"\ncommand = [\"/usr/bin/python3\", \"{}\"]\n\
         [[phone.lines]]\nid = \"sip\"\nkind = \"sip\"\ngateway = \"127.0.0.1:{port}\"\n\
         user = \"bidroom\"\npassword = \"secret\"\nregister = true\nchannels = 4\n[policies]\n",
        speaks.display()
    );
    let room = Room::start_with(&profile().replace("[policies]\n", &lines)).await;
    let supervisor = drawn(&room).await;

    let began = Instant::now();
    let mut most = 0;
    let board = loop {
        let board = room.ctl(&["status"])["convening"][0].clone();
        most = most.max(board["callout"]["calling"].as_u64().unwrap_or(0));
        if board["phase"] == "convened" {
            break board;
        }
        assert!(began.elapsed() < LONGEST, "never convened: {board:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(
        most, 4,
        "four lines are used, and no fifth call is ever open"
    );
    overlap(&board);

    let record: Value = supervisor
        .get_json(&format!("/api/sessions/{SESSION}/draw"))
        .await;
    let record: PublicRecord = serde_json::from_value(record).unwrap();
    assert_eq!(verify(&record, None).faults, [""; 0]);
    let opening = opening(&room.data(), SESSION, &record.root);
    let mut told = Vec::new();
    for (candidate, line) in candidates(&board).iter().zip(&record.drawn) {
        let row: Value = serde_json::from_str(&opening.rows[line.row as usize].row).unwrap();
        let reason = reason(row["phone"].as_str().unwrap());
        let standing = candidate["standing"].as_str().unwrap();
        told.push(format!("{reason}: {standing}"));
        match (reason, standing) {
            // whoever was still being called when the last place was taken
            (_, "calling" | "waiting" | "not_needed" | "released") => {}
            ("accepted" | "declined", standing) => assert_eq!(standing, reason, "{candidate:#}"),
            (reason, standing) => {
                assert_eq!(standing, "given_up", "{reason}: {candidate:#}");
                let ends = candidate["attempts"].as_array().unwrap().iter();
                let ends: Vec<&str> = ends.map(|a| a["end"]["end"].as_str().unwrap()).collect();
                assert!(ends.iter().all(|end| *end == reason), "{reason}: {ends:?}");
            }
        }
    }
    let accepted = told.iter().filter(|t| t.ends_with("accepted")).count();
    assert_eq!(accepted, EXPERTS, "{told:?}");
    println!(
        "{} candidates in {:?}: {told:?}",
        told.len(),
        began.elapsed()
    );
}

/// At no moment more than four of all attempts were open.
fn overlap(board: &Value) {
    let all = candidates(board).into_iter();
    let attempts = all.flat_map(|c| c["attempts"].as_array().unwrap().clone());
    let mut moments: Vec<(i64, i32)> = Vec::new();
    for attempt in attempts {
        moments.push((attempt["placed"].as_i64().unwrap(), 1));
        if let Some(ended) = attempt["ended"].as_i64() {
            moments.push((ended, -1));
        }
    }
    // who ends at a moment makes room for whoever begins at it
    moments.sort();
    let mut open = 0;
    for (_, by) in moments {
        open += by;
        assert!(open <= 4, "{open} calls were open at once");
    }
}

/// The draw that the board's masks come from, as the vault has it.
pub(crate) fn opening(data: &Path, session: &str, root: &Hex32) -> Opening {
    let sources = KeySources {
        folder: data.join("keys"),
        credentials: None,
    };
    let at = Utc(1_795_741_500_000);
    let keys = Keys::open(sources, &["localhost".parse().unwrap()], at).unwrap();
    let vault = Vault::open(&data.join("vault.sqlite"), keys).unwrap();
    let actor = Actor::Daemon { part: Part::Draw };
    let document = Document::Draw(root.clone());
    let text = vault.document(&session.parse().unwrap(), &document, &actor, at);
    serde_json::from_slice(&text.unwrap().unwrap()).unwrap()
}

/// Plans and draws; gives the supervisor.
async fn drawn(room: &Room) -> super::support::Browser {
    let technician = room.signed_in("technician").await;
    let supervisor = room.signed_in("supervisor").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_millis()).unwrap();
    let plan = json!({
        "id": SESSION, "kind": "real", "start": now + 4 * 3_600_000, "expected": 4 * 3_600_000,
        "experts": EXPERTS, "tenderer_representatives": 0,
    });
    technician
        .carry_out(SESSION, json!({"type": "plan_session", "plan": plan}))
        .await;
    let order = json!({
        "pool": BASE64_STANDARD.encode(pool()),
        "groups": [{"speciality": "房屋建筑", "count": EXPERTS}],
    });
    let answer = technician
        .post(&format!("/api/sessions/{SESSION}/draw"), order)
        .await;
    let told = (answer.status(), answer.text().await.unwrap());
    assert_eq!(told.0, StatusCode::OK, "{}", told.1);
    let commitment = {
        use sha2::Digest;
        hex::encode(sha2::Sha256::digest(SECRET.as_bytes()))
    };
    let commit = json!({"type": "commit_to_draw", "commitment": commitment});
    supervisor.carry_out(SESSION, commit).await;
    let reveal = json!({"type": "reveal_to_draw", "secret": SECRET});
    supervisor.carry_out(SESSION, reveal).await;
    supervisor
}
