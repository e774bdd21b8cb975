//! A committee convened by phone, end to end: the real program calls independent phones behind a real gateway, and the
//! committee that comes of it checks in.

use super::canaries::{files, found};
use super::memory::is_left_clean;
use super::peers::Peer;
use super::support::{Browser, Room, id_number, profile};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const STRANGER: &str = "13912345678";
pub(crate) const SESSION: &str = "BS-1126-02";
pub(crate) const SECRET: &str = "5f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
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
    phones: Peer,
    /// The phones' files.
    folder: tempfile::TempDir,
    /// What the daemon's children are told.
    arguments: Arguments,
}

/// The arguments of a process's children, looked at again and again.
#[derive(Clone, Default)]
struct Arguments(Arc<Mutex<BTreeSet<Vec<u8>>>>);

impl Arguments {
    /// Those of `parent`'s children, until it ends.
    fn of(parent: u32) -> Self {
        let seen = Self::default();
        let into = seen.clone();
        std::thread::spawn(move || {
            let parent_line = format!("\nPPid:\t{parent}\n");
            while std::fs::exists(format!("/proc/{parent}")).unwrap() {
                for process in std::fs::read_dir("/proc").unwrap().flatten() {
                    let read = |file| std::fs::read(process.path().join(file)).unwrap_or_default();
                    if String::from_utf8_lossy(&read("status")).contains(&parent_line) {
                        into.0.lock().unwrap().insert(read("cmdline"));
                    }
                }
                std::thread::sleep(Duration::from_millis(40));
            }
        });
        seen
    }
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
        let test = "test_number = \"10002\"";
        let hall = Self::committed(experts, digits, channels, test).await;
        hall.reveal().await;
        hall
    }

    /// All but the supervisor's secret; `more` belongs to the line.
    async fn committed(experts: u8, digits: &str, channels: u8, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = ["--user", "bidroom", "--password", "secret"];
        let (phones, port) = Peer::phones(&folder.path().join("phones"), &account);
        let line = format!(
            "id = \"sip\"\nkind = \"sip\"\ngateway = \"127.0.0.1:{port}\"\n\
             user = \"bidroom\"\npassword = \"secret\"\nregister = true\nchannels = {channels}\n{more}"
        );
        Self::over(folder, phones, &line, (experts, digits)).await
    }

    /// The same over a line of another kind, with the peer behind it.
    async fn over(
        folder: tempfile::TempDir,
        phones: Peer,
        line: &str,
        (experts, digits): (u8, &str),
    ) -> Self {
        let least = if experts < 5 {
            "committee_min = 1\n"
        } else {
            ""
        };
        let lines = format!(
            "[call_out]\nspacing = \"4s\"\nsoon = \"1s\"\nunanswered = \"9/9\"\n\
             [phone]\nring = \"10s\"\ntakes_calls = true\n[phone.speech]\nengine = \"espeak-ng\"\n\
             [[phone.lines]]\n{line}\n[policies]\n{least}"
        );
        let room = Room::start_with(&profile().replace("[policies]\n", &lines)).await;
        let arguments = Arguments::of(room.pid());
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
        Self {
            room,
            technician,
            supervisor,
            phones,
            folder,
            arguments,
        }
    }

    async fn reveal(&self) {
        let reveal = json!({"type": "reveal_to_draw", "secret": SECRET});
        self.supervisor.carry_out(SESSION, reveal).await;
    }

    /// The alarm of a line, once there is one of these kinds.
    async fn line_alarm(&self, kinds: &[&str]) -> Value {
        let began = Instant::now();
        loop {
            let alarms = self.room.ctl(&["status"])["alarms"].clone();
            let kind = |alarm: &&Value| kinds.contains(&alarm["what"]["kind"].as_str().unwrap());
            if let Some(found) = alarms.as_array().unwrap().iter().find(kind) {
                return found["what"].clone();
            }
            assert!(began.elapsed() < DEADLINE, "never {kinds:?}: {alarms:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// No number and no name is in the log or in a file. All numbers begin alike; the log is at its most talkative here, and
    /// holds the calls' libraries as well.
    async fn names_nobody(&self) {
        let canaries = [
            b"13800138".to_vec(),
            STRANGER.as_bytes().to_vec(),
            "评专家".as_bytes().to_vec(),
        ];
        assert_eq!(
            found(self.room.log().as_bytes(), &canaries),
            None,
            "in the log"
        );
        for file in files(&self.room.data()) {
            let name = file.display().to_string();
            assert_eq!(found(name.as_bytes(), &canaries), None, "a file's name");
            let bytes = std::fs::read(&file).unwrap_or_default();
            assert_eq!(found(&bytes, &canaries), None, "in {name}");
        }
        let mut arguments = self.arguments.0.lock().unwrap().clone();
        let speaks = |told: &Vec<u8>| told.starts_with(b"espeak-ng\0");
        assert!(arguments.iter().any(speaks), "none was seen to speak");
        arguments.insert(std::fs::read(format!("/proc/{}/cmdline", self.room.pid())).unwrap());
        // of what is said nothing either
        let said = ["您好".as_bytes().to_vec(), b"nin2 hao3".to_vec()];
        for told in arguments {
            let all = [&canaries[..], &said[..]].concat();
            assert_eq!(found(&told, &all), None, "an argument");
        }
        let at = |browser: &Browser| browser.clone().at(&self.room.url(""));
        for (browser, role) in [
            (&self.technician, "technician"),
            (&self.supervisor, "supervisor"),
        ] {
            let view = at(browser)
                .view(&format!("/api/live/{role}"))
                .await
                .to_string();
            assert_eq!(found(view.as_bytes(), &canaries), None, "at the {role}");
        }
        is_left_clean(&self.room, &canaries).await;
    }

    /// Somebody calls the room and presses 9 twice; until no line has a call any more.
    async fn is_called_by(&mut self, number: &str) {
        self.phones.tell(&format!("call {number} 99"));
        let answered = self.folder.path().join("phones/answered").join(number);
        super::support::until("the call is answered", || answered.exists()).await;
        super::support::until("no call is open", || self.is_idle()).await;
    }

    fn is_idle(&self) -> bool {
        let lines = self.room.ctl(&["status"])["lines"].clone();
        let mut lines = lines.as_array().unwrap().iter();
        lines.all(|line| line["calling"].is_null())
    }

    /// Calls that reached the gateway.
    fn dialled(&self) -> usize {
        let log = std::fs::read_to_string(self.folder.path().join("phones/kamailio.log")).unwrap();
        let calls = log.lines().filter_map(|line| line.split("dialled ").nth(1));
        calls.collect::<BTreeSet<_>>().len()
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

pub(crate) fn candidates(board: &Value) -> Vec<Value> {
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

    // what is public of the draw goes into the sealed archive, and is right there too
    let bag = hall.room.data().join("sessions").join(SESSION);
    let end = json!({"type": "abort_session", "typed": SESSION, "reason": "测试结束"});
    hall.technician.carry_out(SESSION, end).await;
    super::support::until("the archive is sealed", || {
        bag.join("tagmanifest-sha256.txt").exists()
    })
    .await;
    let file = bag.join("data/draw.json");
    let manifest = std::fs::read_to_string(bag.join("manifest-sha256.txt")).unwrap();
    assert!(manifest.contains("data/draw.json"), "{manifest}");
    let archived = std::fs::read(&file).unwrap();
    let archived: bidroom::draw::PublicRecord = serde_json::from_slice(&archived).unwrap();
    assert_eq!(
        (&archived.root, &archived.seed),
        (&record.root, &record.seed)
    );
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_bidroom"))
        .args(["draw", "verify"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{said}");
}

/// Whoever confirmed is to get the notice in writing; where the network does not take it, somebody must tell him.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_message_that_the_network_refuses_is_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let mut modem = Peer::modem(folder.path(), "quectel-ec25");
    modem.tell("refuse-texts");
    let at = |name: &str| folder.path().join(name);
    let line = format!(
        "id = \"modem-1\"\nkind = \"modem\"\nmodel = \"quectel-ec25\"\ndevice = {:?}\nsound = {:?}\ntext_messages = true",
        at("at"),
        at("pcm")
    );
    let hall = Hall::over(folder, modem, &line, (1, "00")).await;
    hall.reveal().await;
    hall.until("the committee is there", |board| {
        board["phase"] == "convened"
    })
    .await;
    let alarm = hall.line_alarm(&["text_unsent"]).await;
    assert_eq!(alarm["session"], SESSION);
    let board = hall.board();
    let all = candidates(&board);
    let asked = all
        .iter()
        .find(|one| one["candidate"] == alarm["candidate"])
        .unwrap();
    assert_eq!(asked["standing"], "accepted", "{asked:#}");
    let written = std::fs::read_to_string(hall.folder.path().join("pdus")).unwrap();
    assert!(!written.is_empty(), "it was handed to the network");
    hall.names_nobody().await;
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
    hall.names_nobody().await;
}

fn attempts(board: &Value) -> Vec<Value> {
    let all = candidates(board).into_iter();
    all.flat_map(|c| c["attempts"].as_array().unwrap().clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_s_faults_are_alarms_within_five_seconds_and_consume_nobody() {
    const LINE: [&str; 3] = ["line_fails", "line_rests", "line_down"];
    const SOON: Duration = Duration::from_secs(5);
    let mut hall = Hall::committed(5, "232323232", 1, "").await;
    let ready = |hall: &Hall| hall.room.ctl(&["status"])["lines"][0]["state"]["state"] == "ready";
    super::support::until("the line is ready", || ready(&hall)).await;
    let retry = json!({"type": "retry_line", "line": "sip"});

    hall.until("the notice is spoken", |board| {
        board["notice"]["notice"] == "ready"
    })
    .await;
    // 503: an alarm at the first fault, rest after the third
    hall.phones.tell("503");
    tokio::time::sleep(Duration::from_millis(300)).await;
    hall.reveal().await;
    let began = Instant::now();
    hall.line_alarm(&LINE).await;
    assert!(began.elapsed() < SOON, "503: {:?}", began.elapsed());
    let alarm = hall.line_alarm(&["line_rests"]).await;
    assert_eq!(
        alarm["fault"],
        json!({"end": "line_fault", "of": {"refused": {"status": 503}}})
    );
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!((attempts(&hall.board()).len(), hall.dialled()), (3, 3));

    // 403: who is refused rests at once
    hall.phones.tell("403");
    tokio::time::sleep(Duration::from_millis(300)).await;
    hall.technician.carry_out(SESSION, retry.clone()).await;
    let began = Instant::now();
    let alarm = hall.line_alarm(&["line_rests"]).await;
    assert_eq!(alarm["fault"], json!({"end": "auth_fault"}));
    assert!(began.elapsed() < SOON, "403: {:?}", began.elapsed());

    // silence
    hall.phones.tell("silent");
    tokio::time::sleep(Duration::from_millis(300)).await;
    hall.technician.carry_out(SESSION, retry.clone()).await;
    let began = Instant::now();
    hall.line_alarm(&LINE).await;
    assert!(began.elapsed() < SOON, "silence: {:?}", began.elapsed());

    // it is well again, and has forgotten who is registered
    let pause = json!({"type": "pause_call_out", "reason": "the gateway is mended"});
    hall.technician.carry_out(SESSION, pause).await;
    hall.line_alarm(&["line_down"]).await;
    hall.phones.tell("well");
    super::support::until("the line is ready", || ready(&hall)).await;
    hall.phones.tell("forget");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let resume = json!({"type": "resume_call_out"});
    hall.technician.carry_out(SESSION, resume).await;
    let began = Instant::now();
    hall.line_alarm(&LINE).await;
    assert!(began.elapsed() < SOON, "forgotten: {:?}", began.elapsed());

    let board = hall.board();
    assert_eq!(candidates(&board).len(), 5, "nobody was redrawn");
    for candidate in candidates(&board) {
        let standing = candidate["standing"].as_str().unwrap();
        assert!(["waiting", "calling"].contains(&standing), "{candidate}");
    }
    for end in attempts(&board).iter().map(|a| &a["end"]["end"]) {
        let fault = end.is_null() || end == "line_fault" || end == "auth_fault";
        assert!(fault, "{end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_each_state_of_a_call_nobody_is_redialled_in_silence() {
    let mut hall = Hall::committed(5, "232323232", 1, "").await;
    let last = |board: &Value| {
        let open = attempts(board).into_iter();
        open.max_by_key(|a| a["placed"].as_i64())
            .unwrap_or_default()
    };
    let mut began = false;
    for state in ["dialling", "ringing", "answered", "key", "confirmed"] {
        // a gateway that says nothing keeps a call in its first state
        hall.phones.tell(if state == "dialling" {
            "silent"
        } else {
            "well"
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        if !std::mem::replace(&mut began, true) {
            hall.reveal().await;
        }
        let seen = Instant::now();
        let killed = loop {
            let view = hall.room.ctl(&["status"]);
            let attempt = last(&view["convening"][0]);
            let open = !view["lines"][0]["calling"].is_null();
            let at = match attempt["end"]["end"].as_str() {
                None => attempt["progress"]["state"].as_str(),
                end => end,
            };
            if open && at == Some(state) {
                break attempt;
            }
            assert!(seen.elapsed() < DEADLINE, "never {state}: {attempt}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        hall.room.restart(Signal::KILL);
        let end = if state == "confirmed" {
            json!({"end": "confirmed", "of": "attends"})
        } else {
            json!({"end": "interrupted"})
        };
        hall.until("what was open has an end", |board| {
            let was = attempts(board).into_iter();
            was.filter(|a| a["placed"] == killed["placed"])
                .all(|a| a["end"] == end)
        })
        .await;
        let found = attempts(&hall.board()).into_iter();
        let found = found.filter(|a| a["placed"] == killed["placed"]).count();
        assert_eq!(found, 1, "{state}: it is still in the journal");
    }
    // the line is free, the confirmation is kept, and the gateway saw no call that the journal does not know
    hall.until("the next one is called", |board| {
        board["callout"]["filled"] == 1 && board["callout"]["calling"] == 1
    })
    .await;
    let pause = json!({"type": "pause_call_out", "reason": "enough"});
    hall.technician = hall.technician.at(&hall.room.url(""));
    hall.technician.carry_out(SESSION, pause).await;
    let known = attempts(&hall.board()).len();
    assert!(hall.dialled() <= known, "{} of {known}", hall.dialled());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_at_the_gateway_is_ended_by_the_next_life() {
    // soon after a restart, its own start included
    const SOON: Duration = Duration::from_secs(8);
    // some ring and ring, one answers and says nothing
    let mut hall = Hall::committed(5, "577577577577", 4, "").await;
    hall.reveal().await;
    let of_gateway = |hall: &Hall, what: &str| -> BTreeSet<String> {
        let log = std::fs::read_to_string(hall.folder.path().join("phones/kamailio.log"));
        let log = log.unwrap();
        let ids = log.lines().filter_map(|line| line.split(what).nth(1));
        ids.map(str::to_owned).collect()
    };
    let states = |hall: &Hall| -> Vec<String> {
        let open = attempts(&hall.board()).into_iter();
        let open = open.filter(|a| a["end"].is_null());
        open.map(|a| a["progress"]["state"].as_str().unwrap_or("").to_owned())
            .collect()
    };
    hall.until("one rings, and one is on the phone", |_| {
        let states = states(&hall);
        let has = |wanted: &str| states.iter().any(|state| state == wanted);
        has("ringing") && has("answered")
    })
    .await;
    // what is kept of them names nobody
    let kept = files(&hall.room.data().join("calls/sip"));
    assert!(kept.len() >= 2, "{kept:?}");
    for file in &kept {
        let sealed = std::fs::read(file).unwrap();
        assert_eq!(found(&sealed, &[b"13800138".to_vec()]), None, "{file:?}");
    }
    let before = of_gateway(&hall, "freed ");
    hall.room.end(Signal::KILL);
    let dialled = of_gateway(&hall, "dialled ");
    let ended = |hall: &Hall| -> BTreeSet<String> {
        let now = of_gateway(hall, "freed ");
        now.difference(&before).cloned().collect()
    };
    // nobody else ends them
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(ended(&hall), BTreeSet::new(), "while nobody runs");
    let began = Instant::now();
    hall.room.restart_under(&[]);
    let started = began.elapsed();
    let how = |hall: &Hall, method: &str| {
        let all = ended(hall).into_iter();
        all.filter(|line| line.ends_with(method)).count()
    };
    super::support::until("what rang is silent, what was answered is let go", || {
        let ended = ended(&hall);
        let rang_or_talked = ended.len();
        how(&hall, "BYE") >= 1 && how(&hall, "INVITE") >= 1 && rang_or_talked >= kept.len()
    })
    .await;
    let took = began.elapsed();
    println!(
        "started after {started:?}, {} calls ended after {took:?}",
        kept.len()
    );
    assert!(took < SOON, "{took:?}");
    for line in ended(&hall) {
        let id = line.split(' ').next().unwrap().to_owned();
        assert!(dialled.contains(&id), "{id} was no call of the life before");
    }
    // the line calls again at once
    let again = || of_gateway(&hall, "dialled ").len() > dialled.len();
    super::support::until("the next one is called", again).await;
    println!("the next call after {:?}", began.elapsed());
    // a call that ends by itself leaves nothing
    let pause = json!({"type": "pause_call_out", "reason": "enough"});
    hall.technician = hall.technician.at(&hall.room.url(""));
    hall.technician.carry_out(SESSION, pause).await;
    let empty = |_: &Value| hall.is_idle() && files(&hall.room.data().join("calls")).is_empty();
    hall.until("nothing is kept of calls that are over", empty)
        .await;
    hall.names_nobody().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_calls_back_withdraws_and_the_next_one_is_called() {
    // two people, one place
    let mut hall = Hall::calling(1, "22", 2).await;
    hall.until("one has accepted", |board| {
        board["phase"] == "convened" && board["callout"]["filled"] == 1
    })
    .await;
    // while he is thanked, on the other line
    hall.is_called_by(STRANGER).await;
    assert_eq!(candidates(&hall.board())[0]["standing"], "accepted");
    // the pool's table is ours: one of the two has a place, the other is a stranger
    let mut withdrew = false;
    for number in ["13800138002", "13800138012"] {
        if !withdrew {
            hall.is_called_by(number).await;
            withdrew = candidates(&hall.board())[0]["withdrawal"] == "called_back";
        }
    }
    assert!(withdrew, "{:#}", hall.board());
    hall.until("the next one has the place", |board| {
        let all = candidates(board);
        all.len() == 2 && all[1]["standing"] == "accepted"
    })
    .await;
    hall.names_nobody().await;
}
