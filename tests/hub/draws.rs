//! Draws in a city with a hub: it signs what was committed to, before anybody reveals; without it a draw is ended, on the record.

use crate::broker::Broker;
use crate::given::{Hub, folder, profile};
use crate::support::{Browser, Room, id_number, until};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bidroom::draw::{PublicRecord, verify};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SESSION: &str = "BS-1126-07";
const PATH: &str = "/api/sessions/BS-1126-07/draw";
const SECRET: &str = "5f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A room whose draw is prepared.
struct Drawing {
    room: Room,
    supervisor: Browser,
}

impl Drawing {
    async fn prepared(profile: &str) -> Self {
        let room = Room::start_in(folder(profile, 0));
        let technician = room.signed_in("technician").await;
        let supervisor = room.signed_in("supervisor").await;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap().as_millis()).unwrap();
        let plan = json!({
            "id": SESSION, "kind": "real", "start": now + 4 * 3_600_000, "expected": 4 * 3_600_000,
            "experts": 5, "tenderer_representatives": 0,
        });
        technician
            .carry_out(SESSION, json!({"type": "plan_session", "plan": plan}))
            .await;
        let row = |no: usize| {
            let phone = format!("1380013{:04}", 8000 + no);
            format!("评专家,{phone},{},设计院,房屋建筑\n", id_number(200 + no))
        };
        let rows: String = (0..20).map(row).collect();
        let order = json!({
            "pool": BASE64_STANDARD.encode(format!("姓名,手机号,身份证号,单位,专业\n{rows}")),
            "groups": [{"speciality": "房屋建筑", "count": 5}],
        });
        let answer = technician.post(PATH, order).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Self { room, supervisor }
    }

    fn draw(&self) -> Value {
        self.room.ctl(&["status"])["convening"][0]["draw"].clone()
    }

    async fn commit(&self) {
        use sha2::Digest;
        let commitment = hex::encode(sha2::Sha256::digest(SECRET.as_bytes()));
        let commit = json!({"type": "commit_to_draw", "commitment": commitment});
        self.supervisor.carry_out(SESSION, commit).await;
    }

    async fn until(&self, stage: &str) {
        let began = Instant::now();
        while self.draw()["stage"] != stage {
            let late = began.elapsed() > Duration::from_secs(30);
            assert!(!late, "never {stage}: {}\n{}", self.draw(), self.room.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The record, computed anew.
    async fn record(&self) -> PublicRecord {
        let record = self.supervisor.get_json(PATH).await;
        serde_json::from_value(record).unwrap()
    }

    /// From the hub's signature to the record that a stranger verifies.
    async fn ends_signed_by(&self, key: &str) {
        self.until("countersigned").await;
        let reveal = json!({"type": "reveal_to_draw", "secret": SECRET});
        self.supervisor.carry_out(SESSION, reveal).await;
        self.until("seeded").await;
        let record = self.record().await;
        assert_eq!(record.hub_key.as_ref().unwrap().as_str(), key);
        assert_eq!(verify(&record, None).faults, [""; 0]);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), serde_json::to_vec(&record).unwrap()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/draw/stranger.py");
        let told = Command::new("python3")
            .arg(script)
            .arg(file.path())
            .status();
        assert!(told.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_killed_signs_when_it_is_back() {
    let broker = Broker::start();
    let mut hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let drawing = Drawing::prepared(&profile("baoshan-1", &broker.url(), &hub.key)).await;
    until("the hub has heard the room", || hub.stored("baoshan-1") > 0).await;
    hub.kill();
    drawing.commit().await;
    // nobody reveals before it has signed
    let reveal = json!({"type": "reveal_to_draw", "secret": SECRET});
    let order = json!({"id": "too-early", "session": SESSION, "command": reveal});
    let answer = drawing.supervisor.post("/api/commands", order).await;
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["refusal"]["code"], "hub_signature_missing");
    let shown = drawing.draw()["hub"].clone();
    assert_eq!(
        (&shown["key"], &shown["signature"]),
        (&json!(hub.key), &Value::Null)
    );
    assert!(shown["until"].as_i64().is_some());
    hub.go_on();
    drawing.ends_signed_by(&hub.key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_somebody_else_wrote_signs_too() {
    let broker = Broker::start();
    let data = tempfile::tempdir().unwrap();
    let seed: [u8; 32] = rand::random();
    fs::write(data.path().join("key"), hex::encode(seed)).unwrap();
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let key = hex::encode(ring::signature::KeyPair::public_key(&pair).as_ref());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hub/hub.py");
    let mut hub = Command::new(crate::contract::PYTHON)
        .arg(script)
        .args(["127.0.0.1", &broker.port().to_string(), "baoshan"])
        .arg(data.path().join("db"))
        .arg(data.path().join("key"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let drawing = Drawing::prepared(&profile("baoshan-1", &broker.url(), &key)).await;
    drawing.commit().await;
    drawing.ends_signed_by(&key).await;
    hub.kill().unwrap();
    hub.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_hub_s_signature_the_draw_is_ended_and_never_goes_on() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    // the room trusts another key: what this hub signs does not count
    let other = "3b".repeat(32);
    let mut text = profile("baoshan-1", &broker.url(), &hub.key);
    text = text.replace(
        &format!("[\"{}\"]", hub.key),
        &format!("[\"{other}\", \"{}\"]", hub.key),
    );
    let drawing = Drawing::prepared(&format!("{text}draw_signature = \"12s\"\n")).await;
    drawing.commit().await;
    until("it was asked, and what it signed was refused", || {
        let refused = hub.database().query_row(
            "SELECT count(*) FROM commands WHERE what = 'sign_draw' AND reply LIKE '%hub_signature_differs%'",
            [],
            |row| row.get::<_, u64>(0),
        );
        refused.unwrap() == 1
    })
    .await;
    drawing.until("aborted").await;
    let view = drawing.draw();
    assert_eq!(view["aborted"][0]["reason"]["kind"], "hub_silent");
    let record = drawing.record().await;
    assert_eq!((record.aborted.len(), record.seed), (1, None));
}
