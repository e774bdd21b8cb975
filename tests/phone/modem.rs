//! Calls by a modem on serial ports, and what becomes of them when it fails.

use crate::desk::{Desk, line};
use crate::peers::Peer;
use bidroom::phone::modem::{Model, ModemLine, ModemSettings};
use bidroom::room::{Answer, CallEnd, FaultKind, LineFault, LineKind, LineState, Script, TextEnd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

fn modem(folder: &Path, model: Model, pin: Option<&str>) -> ModemLine {
    let modem = ModemLine::new(ModemSettings {
        device: folder.join("at"),
        sound: folder.join("pcm"),
        model,
        baud: 115_200,
        pin: pin.map(|pin| Zeroizing::new(pin.to_owned())),
    });
    tokio::spawn(modem.clone().run());
    modem
}

async fn desk(folder: &Path, model: Model, pin: Option<&str>) -> Desk {
    let modem = modem(folder, model, pin);
    Desk::start(
        vec![line("modem-1", Arc::new(modem), LineKind::Modem)],
        Duration::from_secs(4),
    )
    .await
}

async fn calls(model: Model, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut peer = Peer::modem(folder.path(), name);
    peer.tell("stale");
    let desk = desk(folder.path(), model, None).await;
    desk.until_line("modem-1", LineState::Ready).await;
    let ends = [
        (0, CallEnd::Confirmed(Answer::Attends)),
        (4, CallEnd::Confirmed(Answer::Declines)),
        (6, CallEnd::Busy),
        (7, CallEnd::NoAnswer),
        (8, CallEnd::Unreachable),
        (9, CallEnd::NoSuchNumber),
        (1, CallEnd::Confirmed(Answer::Attends)),
    ];
    for (digit, expected) in ends {
        let attempt = desk.place("modem-1", &format!("1380013800{digit}"), Script::Notice);
        let (end, recording) = desk.ended(&attempt).await;
        assert_eq!(end, expected, "{digit}: {:?}", desk.progress(&attempt));
        assert_eq!(
            recording.is_some(),
            matches!(end, CallEnd::Confirmed(_)),
            "{digit}"
        );
    }
    for number in ["13800138000;ATH", "+8613800138000", "138,1", "p"] {
        let attempt = desk.place("modem-1", number, Script::Notice);
        assert_eq!(desk.ended(&attempt).await.0, CallEnd::BadNumber);
    }
    let dialled = std::fs::read_to_string(folder.path().join("dialled")).unwrap();
    assert_eq!(dialled.lines().count(), ends.len(), "{dialled}");
    // what was said arrived: the notice is a tone of 440 Hz here
    let heard = std::fs::read(folder.path().join("heard.raw")).unwrap();
    assert!(heard.len() > 2 * 8_000, "{}", heard.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quectel_calls() {
    calls(Model::QuectelEc25, "quectel-ec25").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simcom_calls() {
    calls(Model::SimcomSim7600, "simcom-sim7600").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn card_and_network_are_told_and_the_pin_is_tried_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut peer = Peer::modem(folder.path(), "quectel-ec25");
    peer.tell("pin");
    let desk = desk(folder.path(), Model::QuectelEc25, Some("1234")).await;
    desk.until_line("modem-1", LineState::Ready).await;
    for (word, fault) in [
        ("no-sim", LineFault::NoSim),
        ("no-network", LineFault::NoNetwork),
        ("pin", LineFault::PinNeeded),
    ] {
        peer.tell(word);
        desk.until_line("modem-1", LineState::Fault(fault)).await;
        let attempt = desk.place("modem-1", "13800138000", Script::Notice);
        let (end, _) = desk.ended(&attempt).await;
        assert_eq!(end, CallEnd::LineFault(fault));
        peer.tell("well");
        desk.until_line("modem-1", LineState::Ready).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_pin_is_tried_once_in_all_lives_of_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let mut peer = Peer::modem(folder.path(), "simcom-sim7600");
    peer.tell("pin");
    let needed = LineState::Fault(LineFault::PinNeeded);
    for _ in 0..2 {
        let life = ModemLine::new(ModemSettings {
            device: folder.path().join("at"),
            sound: folder.path().join("pcm"),
            model: Model::SimcomSim7600,
            baud: 115_200,
            pin: Some(Zeroizing::new("9999".to_owned())),
        });
        let mut state_rx = bidroom::phone::Line::state(&life);
        let running = tokio::spawn(life.run());
        let told = state_rx.wait_for(|state| *state == needed);
        tokio::time::timeout(Duration::from_secs(20), told)
            .await
            .expect("it is told")
            .unwrap();
        running.abort();
        drop(running.await);
    }
    let tried = std::fs::read_to_string(folder.path().join("pins")).unwrap();
    assert_eq!(tried.lines().count(), 1);
}

/// A life that was cut off in a call: the modem has been told to dial, and nobody is there any more.
fn cut_off_in_a_call(folder: &Path, number: &str, state: &str) {
    use std::io::{Read, Write};
    let options = std::fs::OpenOptions::new().read(true).write(true).clone();
    let mut port = options.open(folder.join("at")).unwrap();
    port.write_all(format!("ATD{number};\r").as_bytes())
        .unwrap();
    let (mut said, mut buffer) = (String::new(), [0; 256]);
    while !said.contains(state) {
        let read = port.read(&mut buffer).unwrap();
        said.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_an_earlier_life_left_is_hung_up() {
    // it rings, it was answered
    for (number, state) in [("13800138007", "2,0,3"), ("13800138005", "2,0,0")] {
        let folder = tempfile::tempdir().unwrap();
        let mut peer = Peer::modem(folder.path(), "quectel-ec25");
        peer.tell("stale");
        cut_off_in_a_call(folder.path(), number, state);
        let began = std::time::Instant::now();
        let desk = desk(folder.path(), Model::QuectelEc25, None).await;
        desk.until_line("modem-1", LineState::Ready).await;
        println!("{number}: ready after {:?}", began.elapsed());
        let states = desk.reports().into_iter().filter_map(|r| match r {
            bidroom::phone::PhoneReport::Line { state, .. } => Some(state),
            _ => None,
        });
        let fault = |state: &LineState| matches!(state, LineState::Fault(_));
        assert!(
            !states.collect::<Vec<_>>().iter().any(fault),
            "{:?}",
            desk.reports()
        );
        // a modem in a call dials nobody
        let attempt = desk.place("modem-1", "13800138000", Script::Notice);
        let (end, _) = desk.ended(&attempt).await;
        assert_eq!(end, CallEnd::Confirmed(Answer::Attends), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_that_stalls_or_is_unplugged_costs_nobody_his_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut peer = Peer::modem(folder.path(), "quectel-ec25");
    let desk = desk(folder.path(), Model::QuectelEc25, None).await;
    desk.until_line("modem-1", LineState::Ready).await;
    peer.tell("stall");
    let attempt = desk.place("modem-1", "13800138005", Script::Notice);
    assert_eq!(
        desk.ended(&attempt).await.0,
        CallEnd::LineFault(LineFault::SoundStalled)
    );
    peer.tell("well");
    desk.until_line("modem-1", LineState::Ready).await;
    let attempt = desk.place("modem-1", "13800138005", Script::Notice);
    desk.until("answered", |r| r.iter().any(|r| matches!(r, bidroom::phone::PhoneReport::Progress { attempt: a, progress: bidroom::room::CallProgress::Answered } if *a == attempt))).await;
    peer.tell("unplug");
    let (end, _) = desk.ended(&attempt).await;
    assert_eq!(end.fault(), Some(FaultKind::Line));
    desk.until_line("modem-1", LineState::Fault(LineFault::ModemGone))
        .await;
    drop(peer);
    // plugged in again
    let _peer = Peer::modem(folder.path(), "quectel-ec25");
    desk.until_line("modem-1", LineState::Ready).await;
    let attempt = desk.place("modem-1", "13800138000", Script::Notice);
    assert_eq!(
        desk.ended(&attempt).await.0,
        CallEnd::Confirmed(Answer::Attends)
    );
}

/// What an independent decoder reads of the PDUs that went out.
fn gammu(pdus: &str) -> Vec<serde_json::Value> {
    use std::io::Write;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/phone/pdus.py");
    let mut child = std::process::Command::new("/usr/bin/python3")
        .arg(script)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(pdus.as_bytes()).unwrap();
    drop(stdin);
    let told = child.wait_with_output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_confirmed_gets_the_notice_in_writing_and_a_refusal_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut peer = Peer::modem(folder.path(), "quectel-ec25");
    let desk = desk(folder.path(), Model::QuectelEc25, None).await;
    desk.until_line("modem-1", LineState::Ready).await;
    let attempt = desk.place("modem-1", "13800138009", Script::Notice);
    desk.ended(&attempt).await;
    let to = desk.text("modem-1", &attempt);
    assert_eq!(desk.text_ended(&to).await, TextEnd::Sent);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let pdus = read("pdus");
    let told = gammu(&pdus);
    let own: Vec<serde_json::Value> = read("texts")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let words = |parts: &[serde_json::Value]| -> String {
        parts.iter().map(|p| p["text"].as_str().unwrap()).collect()
    };
    assert_eq!(
        words(&told),
        "您已确认参加评标。时间：11月27日9:05。地点：保山市公共资源交易中心。预计用时4小时。请携带身份证按时到场。"
    );
    assert_eq!(words(&own), words(&told));
    for part in &told {
        assert_eq!(
            (&part["number"], &part["kind"]),
            (&"13800138009".into(), &"Submit".into())
        );
    }
    // a second one, which the network does not take; and a call after it
    let attempt = desk.place("modem-1", "13800138009", Script::Notice);
    desk.ended(&attempt).await;
    peer.tell("refuse-texts");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let to = desk.text("modem-1", &attempt);
    let refused = TextEnd::Refused { cause: Some(500) };
    assert_eq!(desk.text_ended(&to).await, refused);
    let attempt = desk.place("modem-1", "13800138009", Script::Notice);
    assert_eq!(desk.ended(&attempt).await.0, CallEnd::NoSuchNumber);
    // one of several parts, read by both
    let number = bidroom::phone::Number::new("13800138009").unwrap();
    let text = "😀评标".repeat(60);
    let parts = bidroom::phone::sms::parts(&number, &text, 9);
    assert_eq!(parts.len(), 4);
    let lines: Vec<&str> = parts.iter().map(bidroom::phone::sms::Pdu::hex).collect();
    let told = gammu(&lines.join("\n"));
    assert_eq!(words(&told), text);
    for (told, no) in told.iter().zip(1..) {
        assert_eq!((&told["part"], &told["parts"]), (&no.into(), &4.into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_confirmed_withdraws_by_calling_the_modem_back() {
    for (model, name) in [
        (Model::QuectelEc25, "quectel-ec25"),
        (Model::SimcomSim7600, "simcom-sim7600"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut peer = Peer::modem(folder.path(), name);
        let desk = desk(folder.path(), model, None).await;
        desk.until_line("modem-1", LineState::Ready).await;
        let attempt = desk.place("modem-1", "13800138009", Script::Notice);
        desk.ended(&attempt).await;
        let call = |n: u64| bidroom::room::AttemptId::nth(9_000 + n);
        peer.tell("ring 13912345678 99");
        assert_eq!(desk.ended(&call(1)).await, (CallEnd::Reached, None));
        let withdrew = || {
            let all = desk.reports().into_iter();
            all.filter(|r| matches!(r, bidroom::phone::PhoneReport::Withdrew { .. }))
                .count()
        };
        assert_eq!(withdrew(), 0);
        peer.tell("ring +8613800138009 99");
        let (end, recording) = desk.ended(&call(2)).await;
        assert_eq!(end, CallEnd::Reached, "{:?}", desk.progress(&call(2)));
        assert!(recording.is_some());
        assert_eq!(withdrew(), 1);
        // and the line calls again
        let attempt = desk.place("modem-1", "13800138006", Script::Notice);
        assert_eq!(desk.ended(&attempt).await.0, CallEnd::Busy);
    }
}
