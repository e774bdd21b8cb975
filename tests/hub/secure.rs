//! A broker with certificates and the access list that comes with the product: who reaches which topics; a broker that is down; a
//! broker of old; and a box that is replaced.

use crate::broker::{Broker, free_port};
use crate::given::{Hub, folder, head, profile};
use crate::support::{Room, until};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustix::process::Signal;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// A CA, and what it has certified.
pub(crate) struct Certificates {
    pub(crate) folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "the city's CA");
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { folder, issuer }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Key and certificate of somebody, in one file.
    pub(crate) fn of(&self, name: &str) -> PathBuf {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into().unwrap()),
            SanType::IpAddress("127.0.0.1".parse().unwrap()),
        ];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = self.folder.path().join(format!("{name}.pem"));
        fs::write(
            &file,
            format!("{}{}", key.serialize_pem(), certificate.pem()),
        )
        .unwrap();
        file
    }

    /// The lines of a profile or a hub's settings.
    fn lines(&self, name: &str) -> String {
        format!("certificate = {:?}\nca = {:?}\n", self.of(name), self.ca())
    }
}

fn access_list(folder: &Path) -> PathBuf {
    let settings = folder.join("hub.toml");
    fs::write(
        &settings,
        "city = \"baoshan\"\nname = \"保山\"\nbrokers = [\"mqtt://127.0.0.1\"]\nrooms = [\"baoshan-1\"]\n[network]\nhost_names = [\"localhost\"]\n",
    )
    .unwrap();
    let list = Command::new(env!("CARGO_BIN_EXE_bidroom"))
        .args(["hub", "acl", "--broker", "mosquitto", "--settings"])
        .arg(&settings)
        .output()
        .unwrap();
    assert!(list.status.success(), "{list:?}");
    let file = folder.join("acl");
    fs::write(&file, list.stdout).unwrap();
    file
}

/// A client of mosquitto's own with somebody's certificate.
fn client(
    program: &str,
    certificates: &Certificates,
    name: &str,
    port: u16,
    more: &[&str],
) -> Command {
    let own = certificates.folder.path().join(format!("{name}.pem"));
    let mut command = Command::new(program);
    command
        .args([
            "-V",
            "5",
            "-h",
            "localhost",
            "-p",
            &port.to_string(),
            "-q",
            "1",
            "--cafile",
        ])
        .arg(certificates.ca())
        .arg("--cert")
        .arg(&own)
        .arg("--key")
        .arg(&own)
        .args(more);
    command
}

#[tokio::test]
async fn a_rooms_certificate_reaches_its_own_topics_only() {
    let certificates = Certificates::new();
    let list = access_list(certificates.folder.path());
    let port = free_port();
    let server = certificates.of("localhost");
    let _broker = Broker::start_with(&format!(
        "listener {port} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\nuse_identity_as_username true\nacl_file {}\n",
        certificates.ca().display(),
        server.display(),
        server.display(),
        list.display()
    ));
    let url = format!("mqtts://localhost:{port}");
    let hub = Hub::start_with(
        &url,
        &["baoshan-1", "baoshan-2"],
        &certificates.lines("hub"),
    );
    let own = profile("baoshan-1", &url, &hub.key) + &certificates.lines("baoshan-1");
    let room = Room::start_in(folder(&own, 200));
    until("all is stored over TLS", || {
        hub.stored("baoshan-1") == head(&room)
    })
    .await;
    hub.assert_same("baoshan-1", &room.data());

    certificates.of("baoshan-2");
    let hears = |name: &str, topic: &str| -> Vec<String> {
        let more = ["-W", "3", "-F", "%t", "-t", topic];
        let ears = client("mosquitto_sub", &certificates, name, port, &more).output();
        let heard = String::from_utf8(ears.unwrap().stdout).unwrap();
        heard.lines().map(str::to_owned).collect()
    };
    let receipt = "bidroom/v1/baoshan/baoshan-1/receipt";
    assert!(
        !hears("baoshan-1", receipt).is_empty(),
        "the control: its own"
    );
    let presence = "bidroom/v1/baoshan/hub/presence";
    for topic in ["bidroom/v1/baoshan/baoshan-1/#", receipt, "bidroom/#", "#"] {
        let heard = hears("baoshan-2", topic);
        assert!(heard.iter().all(|topic| topic == presence), "{heard:?}");
    }
    let before = hub.refusals().len();
    for kind in [
        "presence",
        "state",
        "events",
        "receipt",
        "commands",
        "replies",
        "checkpoints",
        "statements",
    ] {
        let topic = format!("bidroom/v1/baoshan/baoshan-1/{kind}");
        let mut publish = client(
            "mosquitto_pub",
            &certificates,
            "baoshan-2",
            port,
            &["-t", &topic, "-m", "{}"],
        );
        let told = publish.output().unwrap();
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.contains("ot authori"), "{topic}: {told}");
    }
    // what it may say under its own name arrives, and is judged there
    let mut publish = client(
        "mosquitto_pub",
        &certificates,
        "baoshan-2",
        port,
        &["-t", "bidroom/v1/baoshan/baoshan-2/events", "-m", "{}"],
    );
    assert!(publish.status().unwrap().success());
    until("it is written down", || hub.refusals().len() > before).await;
    assert_eq!(
        hub.refusals()[before..],
        [("events".to_owned(), "not-an-envelope".to_owned())]
    );
}

#[tokio::test]
async fn the_next_broker_is_taken_when_one_is_down() {
    let broker = Broker::start();
    let hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let dead = format!("mqtt://127.0.0.1:{}", free_port());
    let both = profile("baoshan-1", &broker.url(), &hub.key)
        .replace("brokers = [", &format!("brokers = [\"{dead}\", "));
    let room = Room::start_in(folder(&both, 100));
    until("all is stored", || hub.stored("baoshan-1") == head(&room)).await;
}

/// Lets only MQTT 3.1.1 through, as brokers of old do.
fn of_old(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            thread::spawn(move || {
                // fixed header, length of one or two bytes, "MQTT", level
                let mut first = [0; 32];
                let read = client.read(&mut first).unwrap_or(0);
                let at = first.windows(4).position(|four| four == b"MQTT");
                let level = at.map(|at| first[at + 4]);
                if level != Some(4) {
                    let _ = client.write_all(&[0x20, 0x02, 0x00, 0x01]);
                    return;
                }
                let mut broker = TcpStream::connect(("127.0.0.1", to)).unwrap();
                broker.write_all(&first[..read]).unwrap();
                let (mut from, mut back) =
                    (client.try_clone().unwrap(), broker.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut from, &mut back));
                let _ = std::io::copy(&mut broker, &mut client);
            });
        }
    });
    port
}

#[tokio::test]
async fn a_broker_that_speaks_mqtt_3_only_delivers_too() {
    let broker = Broker::start();
    let url = format!("mqtt://127.0.0.1:{}", of_old(broker.port()));
    let hub = Hub::start(&url, &["baoshan-1"]);
    let room = Room::start_in(folder(&profile("baoshan-1", &url, &hub.key), 300));
    until("all is stored", || hub.stored("baoshan-1") == head(&room)).await;
    hub.assert_same("baoshan-1", &room.data());
    // commands and their answers need no properties of MQTT 5: the messages hold the same
    let operator = hub.operator().await;
    let plan = serde_json::json!({
        "id": "BS-1", "kind": "rehearsal", "start": 4_000_000_000_000_i64, "expected": 4 * 3_600_000,
        "venues": [{"room": "baoshan-1", "experts": 5, "tenderer_representatives": 0}],
    });
    let sent = operator.post("/api/evaluations", plan).await;
    assert!(sent.status().is_success(), "{sent:?}");
    let answered = |board: &serde_json::Value| {
        board["evaluations"][0]["venues"][0]["state"]["outcome"]["result"] == "done"
    };
    hub.until_board(&operator, "the room has answered", answered)
        .await;
}

#[tokio::test]
async fn a_replaced_box_begins_a_new_epoch_and_the_old_one_is_fenced() {
    let broker = Broker::start();
    let mut hub = Hub::start(&broker.url(), &["baoshan-1"]);
    let text = profile("baoshan-1", &broker.url(), &hub.key);
    let mut old = Room::start_in(folder(&text, 300));
    until("all is stored", || hub.stored("baoshan-1") == head(&old)).await;
    // at once: the first receipt is kept by then
    old.end(Signal::KILL);
    hub.kill();
    let backup = hub.back_up();
    hub.go_on();
    let of_epoch = |epoch: u64| -> u64 {
        let db = hub.database();
        db.query_row(
            "SELECT count(*) FROM events WHERE epoch = ?1",
            [epoch],
            |row| row.get(0),
        )
        .unwrap()
    };
    // what it said last may still be on its way; and even one that has forgotten all learns from the receipt that it was replaced
    for file in ["hub.sqlite", "hub.sqlite-wal", "hub.sqlite-shm"] {
        let _ = fs::remove_file(old.data().join(file));
    }
    let said = head(&old);

    let new = Room::start_in(folder(&text, 200));
    let operator = hub.operator().await;
    let mut board = hub.board(&operator).await;
    for _ in 0..50 {
        if !board["waiting"].as_array().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        board = hub.board(&operator).await;
    }
    let waits = board["waiting"][0]["box"]
        .as_str()
        .expect("the new box waits")
        .to_owned();
    let first = of_epoch(1);
    assert!(
        first <= said && of_epoch(2) == 0,
        "nothing is taken from the new one before"
    );
    let admitted = operator
        .post(
            "/api/rooms/baoshan-1/box",
            serde_json::json!({"box": waits}),
        )
        .await;
    assert!(admitted.status().is_success(), "{admitted:?}");
    until("the new box's entries are stored", || {
        of_epoch(2) == head(&new)
    })
    .await;

    old.restart_under(&[]);
    let alarmed = |room: &Room, fault: &str| {
        let status = room.ctl(&["status"]);
        let alarms = status["alarms"].as_array().unwrap().clone();
        alarms
            .iter()
            .any(|alarm| alarm["what"]["fault"]["kind"] == fault)
    };
    let fenced = |room: &Room| alarmed(room, "hub_fenced");
    until("the old box knows", || fenced(&old)).await;
    assert!(!fenced(&new));
    assert_eq!(of_epoch(1), first, "nothing more is taken from it");
    assert_eq!(of_epoch(2), head(&new), "and the new one goes on");
    assert!(
        hub.refusals()
            .contains(&("presence".to_owned(), "not-admitted".to_owned()))
    );

    // the hub's store is put back to before the replacement: the box that has the place says so
    old.end(Signal::KILL);
    hub.kill();
    hub.put_back(Some(&backup));
    hub.go_on();
    until("the new box says that it waits again, and why", || {
        alarmed(&new, "hub_restored") && alarmed(&new, "hub_not_admitted")
    })
    .await;
    // one that has lost everything gets all of it again
    hub.kill();
    hub.put_back(None);
    hub.go_on();
    until("all is delivered again", || {
        hub.stored("baoshan-1") == head(&new) && !alarmed(&new, "hub_not_admitted")
    })
    .await;
    hub.assert_same("baoshan-1", &new.data());
}
