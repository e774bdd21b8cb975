//! An evaluation from plan to seal by HTTP alone, recorded from a real camera.

use super::cameras::{Cameras, PASSWORD, USER};
use super::support::{Browser, Room, committee, profile};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

/// Everybody who takes part, and the session they are in.
pub(crate) struct Evaluation {
    pub(crate) room: Room,
    pub(crate) technician: Browser,
    pub(crate) supervisor: Browser,
    pub(crate) seats: Vec<Browser>,
    _cameras: Cameras,
}

pub(crate) const SESSION: &str = "BS-1123-04";
const DEADLINE: Duration = Duration::from_secs(40);

/// A room with one real camera; only cameras are recorded, so that no browser has to send.
pub(crate) fn profile_with(cameras: &Cameras) -> String {
    let camera = format!(
        "main = \"rtsp://127.0.0.1:{0}/camera-1/main\"\nsub = \"rtsp://127.0.0.1:{0}/camera-1/sub\"\n\
         username = \"{USER}\"\npassword = \"{PASSWORD}\"",
        cameras.port
    );
    let rule = "[[recording]]\nkinds = [\"camera\"]\n\
                phases = [\"check-in\", \"ready\", \"in-session\", \"suspended\", \"overnight\", \"closing\"]\n[storage]";
    profile()
        .replace("main = \"rtsp://127.0.0.1:9/main\"", &camera)
        .replace("[storage]", rule)
}

impl Evaluation {
    /// Plans, convenes, checks in and starts.
    pub(crate) async fn started(table: &str) -> Self {
        Self::started_with(table, "").await
    }

    /// The same, with more in the profile's section on storage.
    pub(crate) async fn started_with(table: &str, storage: &str) -> Self {
        let cameras = Cameras::serve("camera-1");
        let profile =
            profile_with(&cameras).replace("[storage]\n", &format!("[storage]\n{storage}"));
        let room = Room::start_with(&profile).await;
        let technician = room.signed_in("technician").await;
        let supervisor = room.signed_in("supervisor").await;
        let plan = json!({
            "id": SESSION, "kind": "real", "start": now() + 600_000, "expected": 4 * 3_600_000,
            "experts": 5, "tenderer_representatives": 0,
        });
        technician
            .carry_out(SESSION, json!({"type": "plan_session", "plan": plan}))
            .await;
        let path = format!("/api/sessions/{SESSION}/committee");
        let table = table.to_owned();
        let sent = technician
            .request(Method::POST, &path)
            .header("content-type", "text/csv")
            .body(table);
        assert_eq!(
            sent.send().await.expect("an answer").status(),
            StatusCode::OK
        );
        let mut workstations = Vec::new();
        for seat in 1..=5 {
            workstations.push(room.workstation(seat).await);
        }
        technician
            .carry_out(SESSION, json!({"type": "open_check_in"}))
            .await;
        for serial in 0..5 {
            // whoever stands at the gate shows his ID card
            let id_number = super::support::id_number(200 + serial);
            let path = format!("/api/sessions/{SESSION}/gate");
            let code: Value = technician
                .post(&path, json!({"id_number": id_number}))
                .await
                .json()
                .await
                .expect("JSON");
            let seat = usize::try_from(code["seat"].as_u64().expect("a seat")).expect("small");
            let checked = workstations[seat - 1]
                .post("/api/check-in", json!({"code": code["code"]}))
                .await;
            assert_eq!(checked.status(), StatusCode::OK);
        }
        for seat in &workstations {
            seat.carry_out(
                SESSION,
                json!({"type": "sign_pledge", "pledge": "integrity"}),
            )
            .await;
            seat.carry_out(SESSION, json!({"type": "sign_pledge", "pledge": "recusal"}))
                .await;
        }
        let evaluation = Self {
            room,
            technician,
            supervisor,
            seats: workstations,
            _cameras: cameras,
        };
        evaluation
            .technician
            .carry_out(SESSION, json!({"type": "confirm_sign_in"}))
            .await;
        evaluation
            .until("camera-1 is written", |view| {
                view["recording"] == json!({"wanted": 1, "writing": 1})
            })
            .await;
        evaluation
            .technician
            .carry_out(SESSION, json!({"type": "confirm_recording"}))
            .await;
        evaluation
            .supervisor
            .carry_out(SESSION, json!({"type": "authorise_start"}))
            .await;
        evaluation
            .technician
            .carry_out(SESSION, json!({"type": "start_session"}))
            .await;
        evaluation
    }

    /// Waits until the supervisor sees something.
    pub(crate) async fn until(&self, what: &str, seen: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let view = self.supervisor.view("/api/live/supervisor").await;
            if seen(&view) {
                return view;
            }
            assert!(
                began.elapsed() < DEADLINE,
                "not seen: {what}; {}",
                view["feeds"]
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Votes, signs and seals.
    pub(crate) async fn sealed(&self) {
        for seat in &self.seats {
            let answer = seat
                .order(SESSION, json!({"type": "vote_for_chair", "candidate": 1}))
                .await;
            // three of five are enough, the others come too late
            assert!([StatusCode::OK, StatusCode::CONFLICT].contains(&answer.status()));
        }
        self.technician
            .carry_out(SESSION, json!({"type": "begin_closing"}))
            .await;
        for seat in &self.seats {
            seat.carry_out(SESSION, json!({"type": "sign_report", "dissent": false}))
                .await;
            seat.carry_out(SESSION, json!({"type": "leave"})).await;
        }
        self.supervisor
            .carry_out(SESSION, json!({"type": "sign_closing_record"}))
            .await;
        self.technician
            .carry_out(SESSION, json!({"type": "seal_session", "typed": SESSION}))
            .await;
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_from_plan_to_seal_is_recorded() {
    let names = ["张三丰", "李四光", "王五六", "赵六七", "钱七八"];
    let evaluation = Evaluation::started(&committee(&names)).await;
    evaluation
        .until("some seconds are on the disk", |view| {
            view["feeds"][0]["recording"]["bytes"].as_u64() > Some(400_000)
        })
        .await;
    evaluation
        .supervisor
        .carry_out(
            SESSION,
            json!({"type": "mark", "feed": "camera-1", "note": "座位 3 离席"}),
        )
        .await;
    evaluation.sealed().await;
    let view = evaluation
        .until("the recording has ended", |view| {
            view["feeds"][0]["recording"]["state"] == "not_wanted"
        })
        .await;
    assert_eq!(view["session"]["phase"], "sealed");

    // whoever has left is signed out at his seat
    let seat = evaluation.seats[0].get_json("/api/welcome").await;
    assert_eq!(seat["caller"]["is"], "workstation");

    // what was recorded is there for the supervisor, closed, and any player opens it
    let began = Instant::now();
    let recorded = loop {
        let recorded = evaluation
            .supervisor
            .get_json(&format!("/api/recordings/{SESSION}"))
            .await;
        let segments = recorded["feeds"][0]["segments"]
            .as_array()
            .expect("segments")
            .clone();
        if !segments.is_empty() && segments.iter().all(|segment| segment["to"].is_i64()) {
            break recorded;
        }
        assert!(began.elapsed() < DEADLINE, "{recorded}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(recorded["kind"], "real");
    assert!(recorded["moments"].to_string().contains("moment_marked"));
    // the sound may come before the first key frame, in a file of its own
    let segments = recorded["feeds"][0]["segments"].as_array();
    let with_picture = |segment: &&Value| segment["tracks"].to_string().contains("\"video\"");
    let segment = segments
        .expect("segments")
        .iter()
        .find(with_picture)
        .expect("a picture");
    let file = segment["file"].as_str().expect("a name");
    let path = format!("/api/recordings/{SESSION}/camera-1/{file}");
    let part = evaluation
        .supervisor
        .request(Method::GET, &path)
        .header("range", "bytes=4-7")
        .send()
        .await
        .expect("answer");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes().await.expect("bytes").as_ref(), b"ftyp");
    let on_disk = evaluation
        .room
        .data()
        .join(format!("sessions/{SESSION}/data/feeds/camera-1/{file}"));
    let probe = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name",
            "-of",
            "csv=p=0",
        ])
        .arg(on_disk)
        .output()
        .expect("ffprobe");
    assert!(
        probe.status.success() && probe.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&probe.stderr)
    );
    assert!(String::from_utf8_lossy(&probe.stdout).contains("h264"));
    let stranger = format!("/api/recordings/{SESSION}/camera-1/..%2f..%2f..%2f..%2fvault.sqlite");
    assert_eq!(
        evaluation.supervisor.get(&stranger).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_named_and_harms_nothing() {
    let room = Room::start().await;
    let technician = room.signed_in("technician").await;
    for (body, says) in [
        ("{", "is no JSON at line 1, column 1"),
        (
            r#"{"id": "x", "session": null, "command": {"type": "make_coffee"}}"#,
            "does not fit the schema",
        ),
        (
            r#"{"id": "x y", "session": null, "command": {"type": "run_preflight"}}"#,
            "does not fit the schema at line 1",
        ),
        (
            r#"{"id": "x", "session": null, "command": {"type": "run_preflight"}, "more": 1}"#,
            "does not fit the schema",
        ),
    ] {
        let sent = technician
            .request(Method::POST, "/api/commands")
            .header("content-type", "application/json")
            .body(body);
        let answer = sent.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        let problem: Value = answer.json().await.expect("JSON");
        assert!(
            problem["title"].as_str().expect("a title").contains(says),
            "{problem}"
        );
    }
    let refused = technician
        .order("no-such", json!({"type": "open_check_in"}))
        .await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    // the same id is carried out once
    let order = json!({"id": "once", "session": null, "command": {"type": "run_preflight"}});
    let first: Value = technician
        .post("/api/commands", order.clone())
        .await
        .json()
        .await
        .expect("JSON");
    let again: Value = technician
        .post("/api/commands", order)
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(first, again);
    let faulty = "姓名,手机号,身份证号,类别\n某某,138,11010119900307200X,专家\n";
    let plan = json!({"id": "T-1", "kind": "real", "start": now(), "expected": 3_600_000, "experts": 5, "tenderer_representatives": 0});
    technician
        .carry_out("T-1", json!({"type": "plan_session", "plan": plan}))
        .await;
    let sent = technician
        .request(Method::POST, "/api/sessions/T-1/committee")
        .body(faulty);
    let problem: Value = sent
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(problem["code"], "faults_in_table");
    assert_eq!(problem["rows"][0]["line"], 2);
    assert_eq!(problem["rows"][0]["column"], "phone");
    assert_eq!(
        room.browser().get("/api/no-such-route").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_document_is_the_daemons() {
    let committed = include_str!("../../src/console/ui/src/wire/openapi.json");
    let committed: Value = serde_json::from_str(committed).expect("JSON");
    let room = Room::start().await;
    let served = room.browser().get_json("/api/openapi.json").await;
    assert!(
        served == committed,
        "run: cargo run -- openapi > src/console/ui/src/wire/openapi.json && npm run wire"
    );
}
