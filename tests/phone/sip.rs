//! Calls over SIP, to phones that do what people do, and over gateways that do wrong.

use crate::desk::{Desk, line};
use crate::peers::Peer;
use bidroom::phone::sip::{Transport, Trunk, TrunkSettings};
use bidroom::phone::{OpenLine, PhoneReport};
use bidroom::room::{
    Answer, CallEnd, CallProgress, FaultKind, Key, LineFault, LineId, LineKind, LineState, Script,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

fn trunk(port: u16, transport: Transport, password: &str, register: bool) -> Trunk {
    Trunk::new(TrunkSettings {
        host: "127.0.0.1".to_owned(),
        port,
        transport,
        user: "bidroom".to_owned(),
        password: Some(Zeroizing::new(password.to_owned())),
        register,
        sound_ports: None,
        authorities: Vec::new(),
    })
}

/// `lines` channels of one trunk, which runs.
fn channels(trunk: &Trunk, lines: usize) -> Vec<(LineId, OpenLine)> {
    tokio::spawn(trunk.clone().run());
    let shared = Arc::new(trunk.clone());
    (1..=lines)
        .map(|n| line(&format!("sip-{n}"), shared.clone(), LineKind::Sip))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_phones_on_four_lines_each_end_as_they_should() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(
        folder.path(),
        &["--user", "bidroom", "--password", "secret"],
    );
    let trunk = trunk(port, Transport::Udp, "secret", true);
    let desk = Desk::start(channels(&trunk, 4), Duration::from_secs(6)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let attends = CallEnd::Confirmed(Answer::Attends);
    let expected = [
        attends,
        attends,
        attends,
        attends,
        CallEnd::Confirmed(Answer::Declines),
        CallEnd::NoKey,
        CallEnd::Busy,
        CallEnd::NoAnswer,
        CallEnd::Unreachable,
        CallEnd::NoSuchNumber,
    ];
    // each line takes the next number once it is free
    let queue = tokio::sync::Mutex::new(expected.iter().enumerate());
    let on = |line: usize| {
        let (desk, queue) = (&desk, &queue);
        async move {
            loop {
                let next = queue.lock().await.next();
                let Some((digit, expected)) = next else {
                    break;
                };
                let attempt = desk.place(
                    &format!("sip-{line}"),
                    &format!("1380013800{digit}"),
                    Script::Notice,
                );
                let (end, recording) = desk.ended(&attempt).await;
                assert_eq!(
                    end,
                    *expected,
                    "digit {digit}: {:?}",
                    desk.progress(&attempt)
                );
                let spoken = matches!(end, CallEnd::Confirmed(_) | CallEnd::NoKey);
                assert_eq!(recording.is_some(), spoken, "digit {digit}");
            }
        }
    };
    tokio::join!(on(1), on(2), on(3), on(4));
    assert_eq!(desk.most_at_once(), 4);
    let key = |key| CallProgress::Key { key };
    let first = desk.progress(&bidroom::room::AttemptId::nth(1));
    assert_eq!(
        first.iter().filter(|p| **p == key(Key::ONE)).count(),
        2,
        "each press once: {first:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_gateways_do_wrong_is_the_line_s_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(folder.path(), &["--faults"]);
    let trunk = trunk(port, Transport::Udp, "", false);
    let desk = Desk::start(channels(&trunk, 5), Duration::from_secs(4)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let fault = CallEnd::LineFault;
    let ends = [
        (880, CallEnd::AuthFault),
        // a proxy passes a 503 on as 500 (RFC 3261, 16.7)
        (881, fault(LineFault::Refused { status: 500 })),
        (882, fault(LineFault::NoMedia)),
        (883, fault(LineFault::NoCodec)),
        (884, fault(LineFault::OddReply)),
        (885, CallEnd::Unreachable),
        (886, CallEnd::AnsweredLate),
        (887, CallEnd::HungUp),
        (888, CallEnd::Confirmed(Answer::Attends)),
        (889, fault(LineFault::NoMedia)),
    ];
    let queue = tokio::sync::Mutex::new(ends.iter());
    let on = |line: usize| {
        let (desk, queue) = (&desk, &queue);
        async move {
            loop {
                let next = queue.lock().await.next();
                let Some((number, expected)) = next else {
                    break;
                };
                let attempt = desk.place(
                    &format!("sip-{line}"),
                    &format!("13800138{number}"),
                    Script::Notice,
                );
                let (end, _) = desk.ended(&attempt).await;
                assert_eq!(end, *expected, "{number}: {:?}", desk.progress(&attempt));
                let early = desk.progress(&attempt).contains(&CallProgress::EarlyMedia);
                assert_eq!(early, *number == 885, "{number}");
            }
        }
    };
    tokio::join!(on(1), on(2), on(3), on(4), on(5));
    // who was connected to nothing was let go, wherever he gave himself out to be
    for number in [882, 883, 884] {
        let told = folder.path().join(format!("byes/{number}"));
        let began = Instant::now();
        while !told.exists() {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "no BYE: {number}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_a_silent_gateway_are_told_within_five_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(
        folder.path(),
        &["--user", "bidroom", "--password", "secret"],
    );
    let wrong = trunk(port, Transport::Udp, "wrong", true);
    // bound, and silent
    let hole = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let silent = trunk(
        hole.local_addr().unwrap().port(),
        Transport::Udp,
        "secret",
        true,
    );
    tokio::spawn(wrong.clone().run());
    tokio::spawn(silent.clone().run());
    let lines = vec![
        line("wrong", Arc::new(wrong), LineKind::Sip),
        line("silent", Arc::new(silent), LineKind::Sip),
    ];
    let began = Instant::now();
    let desk = Desk::start(lines, Duration::from_secs(5)).await;
    desk.until_line("wrong", LineState::AuthFault).await;
    desk.until_line("silent", LineState::Fault(LineFault::NoReply))
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    for (on, kind) in [("wrong", FaultKind::Auth), ("silent", FaultKind::Line)] {
        let attempt = desk.place(on, "13800138000", Script::Notice);
        let (end, recording) = desk.ended(&attempt).await;
        assert_eq!((end.fault(), recording), (Some(kind), None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tcp_and_back_when_the_gateway_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (phones, port) = Peer::phones(
        folder.path(),
        &["--user", "bidroom", "--password", "secret"],
    );
    let trunk = trunk(port, Transport::Tcp, "secret", false);
    let desk = Desk::start(channels(&trunk, 1), Duration::from_secs(6)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let attempt = desk.place("sip-1", "13800138002", Script::Notice);
    assert_eq!(
        desk.ended(&attempt).await.0,
        CallEnd::Confirmed(Answer::Attends)
    );
    let probe = desk.place("sip-1", "", Script::Probe);
    // the test number ends with 0: somebody answers
    assert_eq!(desk.ended(&probe).await, (CallEnd::Reached, None));
    drop(phones);
    let attempt = desk.place("sip-1", "13800138002", Script::Notice);
    assert_eq!(desk.ended(&attempt).await.0.fault(), Some(FaultKind::Line));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_wanted_any_more_is_hung_up_and_never_dialled_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(folder.path(), &[]);
    let trunk = trunk(port, Transport::Udp, "", false);
    let mut desk = Desk::start(channels(&trunk, 3), Duration::from_secs(60)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    // one rings, one listens, one is told that all places are taken
    let rings = desk.place("sip-1", "13800138007", Script::Notice);
    let listens = desk.place("sip-2", "13800138005", Script::Notice);
    let late = desk.place("sip-3", "13800138003", Script::Notice);
    let answered = |attempt: &bidroom::room::AttemptId| {
        let attempt = attempt.clone();
        move |reports: &[bidroom::phone::PhoneReport]| {
            let report = bidroom::phone::PhoneReport::Progress {
                attempt: attempt.clone(),
                progress: CallProgress::Answered,
            };
            reports.contains(&report)
        }
    };
    desk.until("answered", answered(&listens)).await;
    desk.want(&listens, None);
    desk.want(&rings, None);
    assert_eq!(desk.ended(&rings).await.0, CallEnd::Cancelled);
    assert_eq!(desk.ended(&listens).await.0, CallEnd::Cancelled);
    desk.until("answered", answered(&late)).await;
    desk.want(&late, Some(Script::Thanks));
    assert_eq!(desk.ended(&late).await.0, CallEnd::Reached);
    let bad = desk.place("sip-1", "13800138000;ATH", Script::Notice);
    assert_eq!(desk.ended(&bad).await, (CallEnd::BadNumber, None));
    let open = desk.place("sip-1", "13800138005", Script::Notice);
    desk.until("answered", answered(&open)).await;
    desk.stop().await;
    let dialled = desk.reports().into_iter().filter(|r| {
        matches!(
            r,
            bidroom::phone::PhoneReport::Progress {
                progress: CallProgress::Dialling,
                ..
            }
        )
    });
    assert_eq!(dialled.count(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_calls_at_once_all_understand_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(folder.path(), &[]);
    let trunk = trunk(port, Transport::Udp, "", false);
    let desk = Desk::start(channels(&trunk, 8), Duration::from_secs(6)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let place = |n: usize| {
        let number = format!("1380013800{}", 2 + n % 2);
        desk.place(&format!("sip-{n}"), &number, Script::Notice)
    };
    let attempts: Vec<_> = (1..=8).map(place).collect();
    for attempt in &attempts {
        let (end, recording) = desk.ended(attempt).await;
        assert_eq!(end, CallEnd::Confirmed(Answer::Attends));
        assert!(recording.unwrap().length > bidroom::room::Span::seconds(4));
    }
    assert_eq!(desk.most_at_once(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_to_a_gateway_that_proves_who_it_is() {
    // as the daemon does at its start
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let account = ["--user", "bidroom", "--password", "secret", "--tls"];
    let (_phones, port) = Peer::phones(folder.path(), &account);
    let settings = |authorities: Vec<u8>| TrunkSettings {
        host: "localhost".to_owned(),
        port: port + 2,
        transport: Transport::Tls,
        user: "bidroom".to_owned(),
        password: Some(Zeroizing::new("secret".to_owned())),
        register: true,
        sound_ports: None,
        authorities,
    };
    let proven = Trunk::new(settings(
        std::fs::read(folder.path().join("ca.pem")).unwrap(),
    ));
    // nobody vouches for the gateway
    let doubted = Trunk::new(settings(Vec::new()));
    tokio::spawn(doubted.clone().run());
    let mut lines = channels(&proven, 1);
    lines.push(line("doubted", Arc::new(doubted), LineKind::Sip));
    let desk = Desk::start(lines, Duration::from_secs(6)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    desk.until_line("doubted", LineState::Fault(LineFault::HostUnreachable))
        .await;
    let attempt = desk.place("sip-1", "13800138002", Script::Notice);
    let (end, _) = desk.ended(&attempt).await;
    assert_eq!(end, CallEnd::Confirmed(Answer::Attends));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_that_the_journal_does_not_take_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(folder.path(), &[]);
    let trunk = trunk(port, Transport::Udp, "", false);
    let desk = Desk::start(channels(&trunk, 1), Duration::from_secs(6)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let attempt = desk.place("sip-1", "13800138003", Script::Notice);
    let chosen = CallProgress::Key { key: Key::ONE };
    desk.until("a key", |_| desk.progress(&attempt).contains(&chosen))
        .await;
    desk.kept.broken.store(true, Ordering::SeqCst);
    // the second press comes two seconds later
    tokio::time::sleep(Duration::from_secs(4)).await;
    desk.kept.broken.store(false, Ordering::SeqCst);
    let (end, _) = desk.ended(&attempt).await;
    assert_eq!(end, CallEnd::LineFault(LineFault::Software));
    let confirmed = |r: &PhoneReport| matches!(r, PhoneReport::Confirmed { .. });
    assert!(!desk.reports().iter().any(confirmed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_confirmed_withdraws_by_calling_back_and_a_stranger_learns_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let account = ["--user", "bidroom", "--password", "secret"];
    let (mut phones, port) = Peer::phones(folder.path(), &account);
    let trunk = trunk(port, Transport::Udp, "secret", true);
    let desk = Desk::start(channels(&trunk, 4), Duration::from_secs(6)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let attempt = desk.place("sip-2", "13800138002", Script::Notice);
    assert_eq!(
        desk.ended(&attempt).await.0,
        CallEnd::Confirmed(Answer::Attends)
    );
    let withdrew = |reports: &[PhoneReport]| {
        let all = reports.iter();
        all.filter(|r| matches!(r, PhoneReport::Withdrew { .. }))
            .count()
    };
    let call = |n: u64| bidroom::room::AttemptId::nth(9_000 + n);
    let there = async |what: &str, number: &str| {
        let path = folder.path().join(what).join(number);
        let began = Instant::now();
        while !path.exists() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{what}: {number}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // he himself, as his network writes him, with a key that is not the one; he hears that his place is kept
    phones.tell("call 008613800138002 91");
    there("answered", "008613800138002").await;
    // a stranger
    phones.tell("call 13912345678");
    assert_eq!(desk.ended(&call(2)).await, (CallEnd::Reached, None));
    there("ended", "13912345678").await;
    assert_eq!(withdrew(&desk.reports()), 0);
    phones.tell("call 013800138002 99");
    let (end, recording) = desk.ended(&call(3)).await;
    assert_eq!(end, CallEnd::Reached, "{:?}", desk.progress(&call(3)));
    assert!(recording.is_some(), "it is recorded as all calls are");
    assert_eq!(withdrew(&desk.reports()), 1);
    let (end, recording) = desk.ended(&call(1)).await;
    assert_eq!(end, CallEnd::Reached, "{:?}", desk.progress(&call(1)));
    assert!(recording.is_some());
    assert_eq!(withdrew(&desk.reports()), 1);
    for number in ["008613800138002", "013800138002"] {
        there("ended", number).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_takes_the_ports_that_the_firewall_lets_through() {
    let folder = tempfile::tempdir().unwrap();
    let (_phones, port) = Peer::phones(folder.path(), &[]);
    // a range that is free now
    let bind = |port: u16| std::net::UdpSocket::bind(("127.0.0.1", port));
    let first = (21_000_u16..)
        .step_by(10)
        .find(|first| (*first..first + 4).all(|port| bind(port).is_ok()))
        .unwrap();
    let trunk = Trunk::new(TrunkSettings {
        host: "127.0.0.1".to_owned(),
        port,
        transport: Transport::Udp,
        user: "bidroom".to_owned(),
        password: None,
        register: false,
        sound_ports: Some((first, first + 3)),
        authorities: Vec::new(),
    });
    let desk = Desk::start(channels(&trunk, 3), Duration::from_secs(6)).await;
    desk.until_line("sip-1", LineState::Ready).await;
    let taken = || {
        (first..first + 4)
            .filter(|port| bind(*port).is_err())
            .collect::<Vec<_>>()
    };
    // two have their even port, the third finds none
    let talks = ["sip-1", "sip-2"].map(|on| desk.place(on, "13800138002", Script::Notice));
    for attempt in &talks {
        let answered = |reports: &[PhoneReport]| {
            reports.iter().any(|r| matches!(r, PhoneReport::Progress { attempt: a, progress: CallProgress::Answered } if a == attempt))
        };
        desk.until("it is answered", answered).await;
    }
    assert_eq!(taken(), [first, first + 2]);
    let third = desk.place("sip-3", "13800138003", Script::Notice);
    let fault = CallEnd::LineFault(LineFault::HostUnreachable);
    assert_eq!(desk.ended(&third).await.0, fault);
    // keys come as RTP, to the port that was told
    for attempt in &talks {
        assert_eq!(
            desk.ended(attempt).await.0,
            CallEnd::Confirmed(Answer::Attends)
        );
    }
    assert_eq!(taken(), [0; 0]);
}
