//! Live relays: feeds leave the house only where the profile lets them, towards a server that somebody else wrote; they come back
//! after every break; the house sees them and ends them for good.

use crate::broker::Broker;
use crate::given::{Hub, folder, profile};
use crate::secure::Certificates;
use crate::support::{Browser, Room, committee, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::cell::Cell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

const TOKEN: &str = "a-secret-of-the-city";

/// A media server: GStreamer's WebRTC behind Python's HTTPS.
struct Sfu {
    child: Child,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Sfu {
    fn start(certificate: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub/sfu.py");
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(certificate)
            .arg(TOKEN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told: Arc<Mutex<Vec<Value>>> = Arc::default();
        let to = told.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                to.lock()
                    .unwrap()
                    .push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, told }
    }

    fn all(&self, word: &str) -> Vec<Value> {
        let told = self.told.lock().unwrap();
        told.iter()
            .filter(|line| !line[word].is_null())
            .cloned()
            .collect()
    }

    async fn port(&self) -> u64 {
        until("the media server listens", || !self.all("port").is_empty()).await;
        self.all("port")[0]["port"].as_u64().unwrap()
    }

    fn say(&mut self, word: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{word}").unwrap();
    }
}

impl Drop for Sfu {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn in_minutes(minutes: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap() + minutes * 60_000
}

/// A room with a made picture and sound, and one relay that takes `camera-2` alone.
fn with_relay(broker: &str, key: &str, port: u64, ca: &Path, token: &Path) -> String {
    let cameras = "[[cameras]]\nid = \"camera-2\"\nname = \"后方全景\"\nplace = \"evaluation-room\"\n\
                   test_pattern = \"640x360@10 500 kbit/s\"\n[[cameras]]\nid = \"camera-3\"\nname = \"询标室\"\n\
                   place = \"qa-room\"\ntest_pattern = \"640x360@10 500 kbit/s\"\n[policies]";
    let profile = profile("baoshan-1", broker, key).replace("[policies]", cameras);
    format!(
        "{profile}[[hub.relays]]\nid = \"city\"\nwhip = \"https://localhost:{port}/whip/{{room}}/{{feed}}\"\nfeeds = [\"camera-2\"]\n\
         sound = true\nca = {ca:?}\npassword_file = {token:?}\n"
    )
}

fn relay(room: &Room) -> Value {
    room.ctl(&["status"])["relays"][0].clone()
}

#[tokio::test]
async fn a_feed_goes_to_the_citys_server_while_the_profile_the_house_and_the_clock_let_it() {
    let (broker, certificates) = (Broker::start(), Certificates::new());
    let mut sfu = Sfu::start(&certificates.of("sfu"));
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let token = certificates.folder.path().join("token");
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let profile = with_relay(
        &broker.url(),
        &hub.key,
        sfu.port().await,
        &certificates.ca(),
        &token,
    );
    let room = Room::start_in(folder(&profile, 0));
    let operator = hub.operator().await;
    room.rehearsal(
        "BS-1",
        &committee(&["赵一", "钱二", "孙三", "李四", "周五"]),
    );
    let asked = Cell::new(0);
    let ask = async |feeds: &[&str], until: i64| -> Value {
        asked.set(asked.get() + 1);
        let form = json!({"session": "BS-1", "relay": "city", "feeds": feeds, "until": until});
        let path = "/api/rooms/baoshan-1/relay";
        assert_eq!(
            operator.post(path, form).await.status(),
            StatusCode::NO_CONTENT
        );
        last(&hub, &operator, asked.get()).await
    };
    // what the profile does not name stays in the house, and nothing goes out without an end
    for (feeds, until, why) in [
        (&["camera-3"][..], in_minutes(30), "feeds_not_relayed"),
        (
            &["camera-2", "seat-1-face"],
            in_minutes(30),
            "feeds_not_relayed",
        ),
        (&["camera-2"], in_minutes(-1), "relay_without_end"),
        (&["camera-2"], in_minutes(25 * 60), "relay_without_end"),
        (&[], in_minutes(30), "relay_without_end"),
    ] {
        let state = ask(feeds, until).await;
        assert_eq!(
            state["outcome"]["refusal"]["code"], why,
            "{feeds:?} {state}"
        );
    }
    assert!(sfu.all("post").is_empty());

    let state = ask(&["camera-2"], in_minutes(30)).await;
    assert_eq!(state["outcome"]["result"], "done", "{state}");
    until("pictures are decoded there, and sound", || {
        sfu.all("decoded").len() >= 2 && !sfu.all("sound").is_empty()
    })
    .await;
    let decoded = sfu.all("decoded").pop().unwrap();
    assert_eq!(
        (&decoded["width"], &decoded["height"]),
        (&json!(640), &json!(360))
    );
    // a picture of something, that moves
    assert!(decoded["different"].as_u64() > Some(10), "{decoded}");
    assert!(decoded["shades"].as_u64() > Some(10), "{decoded}");
    let posts = sfu.all("post");
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0]["post"], "/whip/baoshan-1/camera-2");
    assert_eq!(
        (&posts[0]["allowed"], &posts[0]["type"]),
        (&json!(true), &json!("application/sdp"))
    );
    // everybody who should know knows
    assert_eq!(relay(&room)["feeds"][0]["sending"]["state"], "sending");
    hub.until_board(&operator, "the board shows it", |board| {
        board["rooms"][0]["state"]["relays"][0]["feeds"][0]
            == json!({"feed": "camera-2", "state": "sending"})
    })
    .await;
    let supervisor = room.signed_in("supervisor").await;
    let view = supervisor.view("/api/live/supervisor").await;
    let mut alarms = view["alarms"].as_array().unwrap().iter();
    assert!(
        alarms.any(|alarm| alarm["what"]["kind"] == "relayed"),
        "{view}"
    );

    // a server that dies and refuses for a while has it again by itself
    sfu.say("deaf");
    sfu.say("drop");
    until("the room says that it fails", || {
        relay(&room)["feeds"][0]["sending"]["state"] == "failed"
    })
    .await;
    let before = sfu.all("decoded").len();
    sfu.say("hear");
    until("pictures come again", || {
        sfu.all("decoded").len() > before + 1
    })
    .await;

    // the house ends it; the city cannot begin it again
    let ended = supervisor
        .order("BS-1", json!({"type": "end_relay", "relay": "city"}))
        .await;
    assert_eq!(
        ended.status(),
        StatusCode::OK,
        "{}",
        ended.text().await.unwrap()
    );
    until("the server hears of the end", || {
        sfu.all("delete")
            .iter()
            .any(|one| one["known"] == true && one["allowed"] == true)
    })
    .await;
    let state = ask(&["camera-2"], in_minutes(30)).await;
    assert_eq!(
        state["outcome"]["refusal"]["code"], "relay_barred",
        "{state}"
    );
    assert_eq!(relay(&room)["feeds"], json!([]));
    assert!(!room.log().contains(TOKEN), "a token in the log");
}

/// What became of the last that was asked of relays.
async fn last(hub: &Hub, operator: &Browser, asked: usize) -> Value {
    let board = hub
        .until_board(operator, "the room answers", |board| {
            let relays = board["relays"].as_array().unwrap();
            relays.len() == asked && relays[0]["state"]["state"] == "answered"
        })
        .await;
    board["relays"][0]["state"].clone()
}
