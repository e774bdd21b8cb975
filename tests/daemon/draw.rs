//! A draw by HTTP, from the tables to the record that a stranger verifies, with the daemon killed between all its steps.

use super::support::owner::encrypt;
use super::support::{Browser, Room, id_number, profile, until};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SESSION: &str = "BS-1126-01";
const PATH: &str = "/api/sessions/BS-1126-01/draw";
const PEOPLE: usize = 30;
const FAMILIES: [&str; 5] = ["司马", "欧阳", "诸葛", "上官", "东方"];
/// 64 digits that were made outside the box.
const SECRET: &str = "5f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// What `printf %s $SECRET | sha256sum` says of them; it is computed below.
fn commitment() -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(SECRET.as_bytes()))
}

fn name(no: usize) -> String {
    format!(
        "{}金丝{}",
        FAMILIES[no % 5],
        ["雀", "鸟", "燕", "莺", "鹂", "鹊"][no / 5]
    )
}

/// A pool in the encoding of a spreadsheet; every tenth works for a bidder by another of its names.
fn pool() -> Vec<u8> {
    let row = |no: usize| {
        let employer = if no % 10 == 9 {
            "金丝路桥"
        } else {
            "设计院"
        };
        let phone = format!("1380013{:04}", 8000 + no);
        format!(
            "{},{phone},{},{employer},房屋建筑\n",
            name(no),
            id_number(200 + no)
        )
    };
    let rows: String = (0..PEOPLE).map(row).collect();
    let table = format!("姓名,手机号,身份证号,单位,专业\n{rows}");
    encoding_rs::GB18030.encode(&table).0.into_owned()
}

fn order(pool: &[u8]) -> Value {
    let recusals = "类型,名称,别名\n投标人,云南金丝路桥有限公司,金丝路桥\n";
    json!({
        "pool": BASE64_STANDARD.encode(pool), "recusals": BASE64_STANDARD.encode(recusals),
        "groups": [{"speciality": "房屋建筑", "count": 5}],
    })
}

async fn plan(technician: &Browser) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_millis()).unwrap();
    let plan = json!({
        "id": SESSION, "kind": "real", "start": now + 4 * 3_600_000, "expected": 4 * 3_600_000,
        "experts": 5, "tenderer_representatives": 0,
    });
    technician
        .carry_out(SESSION, json!({"type": "plan_session", "plan": plan}))
        .await;
}

async fn convening(browser: &Browser, role: &str) -> Value {
    let view = browser.view(&format!("/api/live/{role}")).await;
    view["convening"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draw_survives_being_killed_between_all_its_steps() {
    let mut room = Room::start().await;
    let technician = room.signed_in("technician").await;
    let supervisor = room.signed_in("supervisor").await;
    plan(&technician).await;
    let mut said = Vec::new();

    // a table with faults is told by table, line and column, and nothing of it stays
    let broken = String::from_utf8(
        encoding_rs::GB18030
            .decode(&pool())
            .0
            .into_owned()
            .into_bytes(),
    );
    let broken = broken.unwrap().replacen("13800138003", "1380013800", 1);
    let answer = technician.post(PATH, order(broken.as_bytes())).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(
        problem["rows"],
        json!([{"line": 5, "column": "phone", "code": "not_a_mobile", "table": "pool"}])
    );
    said.push(problem);

    let answer = technician.post(PATH, order(&pool())).await;
    assert_eq!(
        answer.status(),
        StatusCode::OK,
        "{}",
        answer.text().await.unwrap()
    );
    let view = convening(&technician, "technician").await;
    assert_eq!(view["draw"]["stage"], "prepared");
    assert_eq!(
        (&view["draw"]["rows"], &view["draw"]["eligible"]),
        (&json!(30), &json!(27))
    );
    assert_eq!(
        view["draw"]["excluded"],
        json!([{"reason": "employer", "rows": 3}])
    );
    said.push(view);

    let (technician, supervisor) = again(&mut room, technician, supervisor);
    supervisor
        .carry_out(
            SESSION,
            json!({"type": "commit_to_draw", "commitment": commitment()}),
        )
        .await;
    let (technician, supervisor) = again(&mut room, technician, supervisor);
    // the plan stands, and another secret is refused
    let wrong = json!({"type": "reveal_to_draw", "secret": commitment()});
    let refused = supervisor.order(SESSION, wrong).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    supervisor
        .carry_out(SESSION, json!({"type": "reveal_to_draw", "secret": SECRET}))
        .await;
    // the box is killed as it reveals its own and draws
    let (technician, supervisor) = again(&mut room, technician, supervisor);
    let drawn =
        |room: &Room| room.ctl(&["status"])["convening"][0]["callout"]["candidates"].clone();
    until("five are drawn", || {
        drawn(&room).as_array().is_some_and(|c| c.len() == 5)
    })
    .await;
    let (technician, supervisor) = again(&mut room, technician, supervisor);

    for (browser, role) in [(&technician, "technician"), (&supervisor, "supervisor")] {
        let view = browser.view(&format!("/api/live/{role}")).await;
        let candidates = view["convening"][0]["callout"]["candidates"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(candidates.len(), 5);
        // a mask, and not the row of the table that somebody is
        assert!(
            candidates
                .iter()
                .all(|c| c.get("row").is_none() && c.get("person").is_none())
        );
        said.push(view);
    }

    // the technician, who has the table, does not get the record yet
    assert_eq!(technician.get(PATH).await.status(), StatusCode::CONFLICT);
    let record = supervisor.get_json(PATH).await;
    assert_eq!(record["pool"].as_array().unwrap().len(), PEOPLE);
    assert_eq!(record["drawn"].as_array().unwrap().len(), 5);
    verified(&record);
    said.push(record);

    for text in said.iter().map(Value::to_string) {
        assert_eq!(named(text.as_bytes()), None);
    }
    let log = room.log();
    assert!(log.contains("ready"), "there is a log");
    assert_eq!(named(log.as_bytes()), None, "in the log");
    for file in files(&room.data()) {
        let bytes = fs::read(&file).unwrap();
        assert_eq!(named(&bytes), None, "in {}", file.display());
    }
}

/// The pool's owner draws with a box of his own, and gives the order to the room by a file that only the room reads.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_the_pool_s_owner_has_drawn_is_taken_and_followed() {
    let owner = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let key = hex::encode(owner.public_key().as_ref());
    let elsewhere = Room::start().await;
    let technician = elsewhere.signed_in("technician").await;
    let supervisor = elsewhere.signed_in("supervisor").await;
    plan(&technician).await;
    assert_eq!(
        technician.post(PATH, order(&pool())).await.status(),
        StatusCode::OK
    );
    let commit = json!({"type": "commit_to_draw", "commitment": commitment()});
    supervisor.carry_out(SESSION, commit).await;
    let reveal = json!({"type": "reveal_to_draw", "secret": SECRET});
    supervisor.carry_out(SESSION, reveal).await;
    let drawn = |room: &Room| {
        let candidates = room.ctl(&["status"])["convening"][0]["callout"]["candidates"].clone();
        candidates.as_array().is_some_and(|c| c.len() == 5)
    };
    until("the owner has drawn", || drawn(&elsewhere)).await;
    let record = supervisor.get_json(PATH).await;
    let root = record["root"].as_str().unwrap().parse().unwrap();
    let opening = super::thirty::opening(&elsewhere.data(), SESSION, &root);

    let lines = [
        "root",
        "rules",
        "box_commitment",
        "supervisor_commitment",
        "supervisor_secret",
        "box_secret",
    ]
    .map(|key| record[key].as_str().unwrap());
    let text = format!("bidroom-draw-given/1\n{SESSION} 1\n{}", lines.join("\n"));
    let file = json!({
        "algorithm": "bidroom-draw/1", "session": SESSION, "attempt": 1,
        "supervisor_commitment": lines[3], "supervisor_secret": lines[4], "box_secret": lines[5],
        "rules": opening.rules, "rows": opening.rows,
        "key": key, "signature": hex::encode(owner.sign(text.as_bytes()).as_ref()),
    });
    let hub = format!(
        "[hub]\ncity = \"baoshan\"\nbrokers = [\"mqtt://127.0.0.1:9\"]\nkeys = [\"{key}\"]\n"
    );
    let room = Room::start_with(&(profile() + &hub)).await;
    let technician = room.signed_in("technician").await;
    let supervisor = room.signed_in("supervisor").await;
    plan(&technician).await;
    let certificate = fs::read_to_string(room.data().join("box-certificate.pem")).unwrap();
    let sealed = encrypt(&certificate, file.to_string().as_bytes());
    let groups = json!([{"speciality": "房屋建筑", "count": 5}]);
    let sealed = BASE64_STANDARD.encode(&sealed);
    let both = json!({"order": sealed, "pool": BASE64_STANDARD.encode(pool()), "groups": groups});
    let answer = technician.post(PATH, both).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let answer = technician
        .post(PATH, json!({"order": sealed, "groups": groups}))
        .await;
    let told = (answer.status(), answer.text().await.unwrap());
    assert_eq!(told.0, StatusCode::OK, "{}", told.1);
    // given once more it is refused, and the draw that is on keeps its basis
    let again = technician
        .post(PATH, json!({"order": sealed, "groups": groups}))
        .await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let accept = json!({"type": "accept_given_order"});
    assert_eq!(
        technician.order(SESSION, accept.clone()).await.status(),
        StatusCode::FORBIDDEN
    );
    supervisor.carry_out(SESSION, accept).await;
    until("five are drawn", || drawn(&room)).await;
    let here = supervisor.get_json(PATH).await;
    verified(&here);
    assert_eq!(here["given_key"], json!(key));
    let rows = |record: &Value| -> Vec<Value> {
        let drawn = record["drawn"].as_array().unwrap().iter();
        drawn.take(5).map(|line| line["row"].clone()).collect()
    };
    assert_eq!(rows(&here), rows(&record), "the owner's order");
    for file in files(&room.data()) {
        let bytes = fs::read(&file).unwrap_or_default();
        assert_eq!(named(&bytes), None, "in {}", file.display());
    }
    assert_eq!(named(room.log().as_bytes()), None, "in the log");
}

/// Kills the daemon and starts it again; cookies hold.
fn again(room: &mut Room, technician: Browser, supervisor: Browser) -> (Browser, Browser) {
    room.restart(Signal::KILL);
    let port = |browser: Browser| browser.at(&room.url(""));
    (port(technician), port(supervisor))
}

fn verified(record: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record.json");
    fs::write(&file, record.to_string()).unwrap();
    let bidroom = env!("CARGO_BIN_EXE_bidroom");
    let told = Command::new(bidroom)
        .args(["draw", "verify"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stdout)
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/draw/stranger.py");
    let told = Command::new("python3")
        .arg(script)
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
}

/// The first canary in some bytes.
fn named(bytes: &[u8]) -> Option<String> {
    let canaries = (0..PEOPLE).flat_map(|no| {
        [
            name(no),
            id_number(200 + no),
            format!("1380013{:04}", 8000 + no),
        ]
    });
    let mut all = canaries.chain(["金丝路桥".to_owned()]);
    all.find(|canary| {
        bytes
            .windows(canary.len())
            .any(|window| window == canary.as_bytes())
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        // a socket is no file
        .filter(|path| path.is_file())
        .collect()
}
