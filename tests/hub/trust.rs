//! Who is believed: commands and receipts that are forged, expired, replayed or meant for others do nothing, and are written down.

use crate::broker::{Broker, Ears};
use crate::given::{folder, profile};
use crate::support::{Room, until};
use bidroom::hub::contract::{
    Envelope, HubCommand, HubOrder, HubPresence, Key, Receipt, Rejection, Reply, ReplyOutcome,
    Sender, Signed,
};
use bidroom::room::{Plan, Seq, SessionKind, Span, Utc};
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustix::process::Signal;
use serde_json::Value;

/// Somebody with a signing key: the hub, or one who would like to be.
struct Signer(Ed25519KeyPair);

impl Signer {
    fn new() -> Self {
        let seed: [u8; 32] = rand::random();
        Self(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap())
    }

    fn key(&self) -> Key {
        Key(self.0.public_key().as_ref().try_into().unwrap())
    }

    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).as_ref().try_into().unwrap()
    }

    fn command(&self, command: &HubCommand) -> Vec<u8> {
        let signed = Signed::new(command, self.key(), |bytes| self.sign(bytes)).unwrap();
        envelope("command", signed)
    }

    fn receipt(&self, receipt: &Receipt) -> Vec<u8> {
        let signed = Signed::new(receipt, self.key(), |bytes| self.sign(bytes)).unwrap();
        envelope("receipt", signed)
    }

    fn presence(&self) -> Vec<u8> {
        envelope(
            "presence",
            HubPresence {
                online: true,
                run: "a-run".to_owned(),
                key: self.key(),
            },
        )
    }
}

fn envelope<T: bidroom::hub::contract::Payload>(id: &str, data: T) -> Vec<u8> {
    let sender = Sender {
        source: "/bidroom/baoshan".to_owned(),
        by: None,
    };
    sender
        .write(
            format!("{id}-{:x}", rand::random::<u64>()),
            now(),
            None,
            data,
        )
        .unwrap()
}

fn now() -> Utc {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Utc(i64::try_from(since.as_millis()).unwrap())
}

fn plan(id: &str, session: &str, room: &str) -> HubCommand {
    let at = now();
    HubCommand {
        id: id.parse().unwrap(),
        room: room.parse().unwrap(),
        issued: at,
        expires: at + Span::minutes(10),
        order: HubOrder::PlanSession {
            plan: Plan {
                id: session.parse().unwrap(),
                kind: SessionKind::Rehearsal,
                start: at + Span::hours(30),
                expected: Span::hours(4),
                experts: 5,
                tenderer_representatives: 0,
                committee: None,
                rules: None,
                policies: None,
            },
        },
    }
}

const COMMANDS: &str = "bidroom/v1/baoshan/baoshan-1/commands";
const RECEIPT: &str = "bidroom/v1/baoshan/baoshan-1/receipt";

fn replies(ears: &Ears) -> Vec<Reply> {
    let heard = ears.heard();
    let of_replies = heard
        .iter()
        .filter(|(topic, ..)| topic.ends_with("/replies"));
    of_replies
        .map(|(.., payload)| Envelope::<Reply>::read(payload.as_bytes()).unwrap().data)
        .collect()
}

async fn reply(ears: &Ears, n: usize) -> Reply {
    until("the room replies", || replies(ears).len() >= n).await;
    replies(ears)[n - 1].clone()
}

fn sessions(room: &Room) -> usize {
    room.ctl(&["status"])["sessions"]
        .as_array()
        .map_or(0, Vec::len)
}

/// The reasons under which messages in the hub's name were written down.
async fn audited(room: &Room) -> Vec<String> {
    let auditor = room.signed_in_once("audit").await;
    let rows = auditor.get_json("/api/audit?kind=hub-message").await;
    let rows = rows.as_array().unwrap().iter();
    let mut words: Vec<String> = rows
        .map(|row| row["result"].as_str().unwrap().to_owned())
        .collect();
    words.reverse();
    words
}

fn has_alarm(room: &Room, fault: &str) -> bool {
    let status = room.ctl(&["status"]);
    let alarms = status["alarms"].as_array().unwrap();
    alarms
        .iter()
        .any(|alarm| alarm["what"]["fault"]["kind"] == fault)
}

#[tokio::test]
async fn a_command_is_carried_out_once_and_what_is_not_the_hubs_never() {
    let broker = Broker::start();
    let hub = Signer::new();
    let place = folder(
        &profile("baoshan-1", &broker.url(), &hub.key().to_string()),
        0,
    );
    let mut room = Room::start_in(place);
    let ears = broker.listen("bidroom/v1/baoshan/+/replies");

    // the hub's own: done, and a redelivery gets the same answer
    let command = hub.command(&plan("hub-1", "BS-1", "baoshan-1"));
    until("the room is linked", || {
        room.log().contains("linked to the hub's broker")
    })
    .await;
    broker.publish(COMMANDS, &command, false);
    let first = reply(&ears, 1).await;
    assert!(
        matches!(first.outcome, ReplyOutcome::Done { .. }),
        "{first:?}"
    );
    assert_eq!(sessions(&room), 1);
    broker.publish(COMMANDS, &command, false);
    assert_eq!(reply(&ears, 2).await, first);
    assert_eq!(sessions(&room), 1);
    assert!(!has_alarm(&room, "hub_forgery"));

    // after a restart too
    room.restart(Signal::KILL);
    until("the room is linked", || {
        room.log().matches("linked to the hub's broker").count() == 2
    })
    .await;
    broker.publish(COMMANDS, &command, false);
    assert_eq!(reply(&ears, 3).await, first);
    assert_eq!(sessions(&room), 1);

    // whatever is not to be believed
    let stranger = Signer::new();
    let mut forged: Value =
        serde_json::from_slice(&hub.command(&plan("hub-2", "BS-2", "baoshan-1"))).unwrap();
    forged["data"]["statement"]["order"]["plan"]["experts"] = 7.into();
    let mut expired = plan("hub-3", "BS-3", "baoshan-1");
    expired.issued = Utc(now().0 - 3_600_000);
    expired.expires = Utc(now().0 - 1_000);
    let mut endless = plan("hub-4", "BS-4", "baoshan-1");
    endless.expires = endless.issued + Span::hours(24 * 30);
    let mut early = plan("hub-5", "BS-5", "baoshan-1");
    early.issued = now() + Span::hours(3);
    early.expires = now() + Span::hours(4);
    let good = hub.command(&plan("hub-6", "BS-6", "baoshan-1"));
    let mut other_version: Value = serde_json::from_slice(&good).unwrap();
    other_version["type"] = "bidroom.command.v9".into();
    let mut wrong_schema: Value = serde_json::from_slice(&good).unwrap();
    wrong_schema["data"] = 7.into();
    let cases: Vec<(Rejection, Vec<u8>)> = vec![
        (
            Rejection::UnknownKey,
            stranger.command(&plan("hub-2", "BS-2", "baoshan-1")),
        ),
        (Rejection::BadSignature, forged.to_string().into_bytes()),
        (
            Rejection::OtherRoom,
            hub.command(&plan("hub-7", "BS-7", "baoshan-2")),
        ),
        (Rejection::Expired, hub.command(&expired)),
        (Rejection::ImplausibleTime, hub.command(&endless)),
        (Rejection::ImplausibleTime, hub.command(&early)),
        (
            Rejection::IdReused,
            hub.command(&plan("hub-1", "BS-8", "baoshan-1")),
        ),
        (Rejection::WrongType, other_version.to_string().into_bytes()),
        (
            Rejection::WrongSchema,
            wrong_schema.to_string().into_bytes(),
        ),
        (Rejection::Unreadable, good[..good.len() / 2].to_vec()),
        (Rejection::Unreadable, b"\xff\xfe\x00".to_vec()),
        (Rejection::TooLarge, vec![b' '; 140_000]),
    ];
    let mut words = vec!["repeated".to_owned(); 2];
    for (n, (reason, message)) in cases.into_iter().enumerate() {
        broker.publish(COMMANDS, &message, false);
        let outcome = reply(&ears, 4 + n).await.outcome;
        assert_eq!(outcome, ReplyOutcome::Rejected { reason });
        words.push(reason.word().to_owned());
    }
    assert_eq!(sessions(&room), 1, "nothing of it was done");
    assert_eq!(audited(&room).await, words);
    until("it is an alarm", || has_alarm(&room, "hub_forgery")).await;

    // and the next one of the hub is carried out as before
    broker.publish(COMMANDS, &good, false);
    let last = reply(&ears, 16).await;
    assert!(
        matches!(last.outcome, ReplyOutcome::Done { .. }),
        "{last:?}"
    );
    assert_eq!(sessions(&room), 2);

    // a hub that is newer than the room hears that, under the command's id, and nobody is alarmed
    broker.publish(COMMANDS, &of_a_later_version(&hub), false);
    let told = reply(&ears, 17).await;
    assert_eq!(told.command, Some("hub-9".parse().unwrap()));
    let reason = Rejection::WrongSchema;
    assert_eq!(told.outcome, ReplyOutcome::Rejected { reason });
    assert_eq!(audited(&room).await, words);

    // what builds on another command never overtakes it
    let mut cancel = plan("hub-11", "BS-10", "baoshan-1");
    cancel.order = HubOrder::CancelSession {
        session: "BS-10".parse().unwrap(),
        reason: bidroom::room::Note::new("招标人撤回").unwrap(),
    };
    for command in [plan("hub-10", "BS-10", "baoshan-1"), cancel] {
        broker.publish(COMMANDS, &hub.command(&command), false);
    }
    reply(&ears, 19).await;
    for (told, id) in replies(&ears)[17..].iter().zip(["hub-10", "hub-11"]) {
        assert_eq!(told.command, Some(id.parse().unwrap()));
        assert!(
            matches!(told.outcome, ReplyOutcome::Done { .. }),
            "{told:?}"
        );
    }
}

/// A command of the hub's own, with an order that this version does not know.
fn of_a_later_version(hub: &Signer) -> Vec<u8> {
    let known = hub.command(&plan("hub-9", "BS-9", "baoshan-1"));
    let mut message: Value = serde_json::from_slice(&known).unwrap();
    message["data"]["statement"]["order"] = serde_json::json!({"type": "paint_the_room"});
    let covered = format!("bidroom.command.v1\n{}", message["data"]["statement"]);
    message["data"]["signature"] = hex::encode(hub.sign(covered.as_bytes())).into();
    message.to_string().into_bytes()
}

#[tokio::test]
async fn a_forged_receipt_prunes_nothing_and_another_history_is_an_alarm() {
    let broker = Broker::start();
    let hub = Signer::new();
    let place = folder(
        &profile("baoshan-1", &broker.url(), &hub.key().to_string()),
        50,
    );
    let room = Room::start_in(place);
    let own = {
        let pem = std::fs::read_to_string(room.data().join("keys/signing.pem")).unwrap();
        let public: String = pem
            .split("BEGIN PUBLIC KEY-----\n")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned();
        use base64::Engine;
        let der = base64::engine::general_purpose::STANDARD
            .decode(public)
            .unwrap();
        Key(der[12..].try_into().unwrap())
    };
    broker.publish("bidroom/v1/baoshan/hub/presence", &hub.presence(), true);
    let ears = broker.listen("bidroom/v1/baoshan/+/events");
    until("entries are sent", || ears.heard().len() > 50).await;
    let line = |n: usize| -> (u64, String) {
        let heard = ears.heard();
        let event: Value = serde_json::from_str(&heard[n].2).unwrap();
        (
            event["data"]["seq"].as_u64().unwrap(),
            event["sha256"].as_str().unwrap().to_owned(),
        )
    };
    let (seq, head_sha256) = line(40);
    let receipt = Receipt {
        room: "baoshan-1".parse().unwrap(),
        by: own,
        epoch: 1,
        upto: Seq(seq),
        head_sha256,
        at: now(),
        before: Vec::new(),
        statements: Vec::new(),
    };
    let pruned = || {
        let db = rusqlite::Connection::open(room.data().join("hub.sqlite")).unwrap();
        db.query_row("SELECT count(*) FROM receipt", [], |row| {
            row.get::<_, u64>(0)
        })
        .unwrap()
    };
    // the broker's administrator
    broker.publish(RECEIPT, &Signer::new().receipt(&receipt), true);
    until("it is an alarm", || has_alarm(&room, "hub_forgery")).await;
    assert_eq!(pruned(), 0);
    assert_eq!(audited(&room).await, ["receipt-unknown-key"]);
    // the hub, but of another history
    let other = Receipt {
        head_sha256: "ab".repeat(32),
        at: now(),
        ..receipt.clone()
    };
    broker.publish(RECEIPT, &hub.receipt(&other), true);
    until("it is an alarm", || has_alarm(&room, "hub_history_differs")).await;
    assert_eq!(pruned(), 0);
    // of a history that the box has lost the end of
    let cut = Receipt {
        upto: Seq(1_000_000),
        at: now(),
        ..receipt.clone()
    };
    broker.publish(RECEIPT, &hub.receipt(&cut), true);
    until("it is an alarm", || has_alarm(&room, "hub_history_differs")).await;
    assert_eq!(pruned(), 0);
    // the hub
    let genuine = Receipt {
        at: now(),
        ..receipt
    };
    broker.publish(RECEIPT, &hub.receipt(&genuine), true);
    until("it is believed", || {
        pruned() == 1 && !has_alarm(&room, "hub_history_differs")
    })
    .await;
}
