//! Calls by a modem on serial ports, and what becomes of them when it fails.

use crate::desk::{Desk, line};
use crate::peers::Peer;
use bidroom::phone::modem::{Model, ModemLine, ModemSettings};
use bidroom::room::{Answer, CallEnd, FaultKind, LineFault, LineKind, LineState, Script};
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
