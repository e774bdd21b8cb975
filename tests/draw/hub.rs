//! A draw in a city with a hub: its signature is the last of the seed, and nothing goes on without. And an order that the pool's owner
//! has drawn already: proven here before anybody is called.

use super::box_of::{Box, SUPERVISOR, canaries};
use super::support::owner::sealed;
use super::{by_bidroom, stranger};
use bidroom::draw::{GivenFault, GivenFile, PrepareError, PublicRecord, verify};
use bidroom::keys::EnvelopeFault;
use bidroom::room::{AbortReason, DrawStage, Hex32, Refusal};
use ring::signature::{Ed25519KeyPair, KeyPair};

#[test]
fn the_hub_signs_before_anybody_reveals_and_the_seed_needs_it() {
    let mut room = Box::with_hub(40);
    room.commit();
    assert_eq!(
        room.try_reveal(SUPERVISOR),
        Err(Refusal::HubSignatureMissing)
    );
    room.countersign().unwrap();
    room.reveal(SUPERVISOR);
    room.work(|_| false);
    room.one_declines();
    room.work(|_| false);
    let record = room.record();
    assert_eq!(record.algorithm, "bidroom-draw/2");
    assert_eq!(verify(&record, Some(&room.opening())).faults, [""; 0]);
    let drawn: Vec<String> = record.drawn.iter().map(|d| d.row.to_string()).collect();
    let (code, told) = stranger(&record);
    assert_eq!((code, told.trim()), (0, drawn.join(" ").as_str()));
    assert_eq!(by_bidroom(&record).0, 0);
    for change in [other_signature, other_key, no_hub] {
        let mut changed = record.clone();
        change(&mut changed);
        assert!(!verify(&changed, None).faults.is_empty());
        assert_eq!(by_bidroom(&changed).0, 1);
        assert_eq!(stranger(&changed).0, 1);
    }
}

fn other_signature(record: &mut PublicRecord) {
    let signature = record.hub_signature.as_ref().unwrap().to_string();
    let last = if signature.ends_with('0') { "1" } else { "0" };
    record.hub_signature = Some(format!("{}{last}", &signature[..127]).parse().unwrap());
}

fn other_key(record: &mut PublicRecord) {
    record.hub_key = Some(key_of(&owner()));
}

fn no_hub(record: &mut PublicRecord) {
    (record.hub_key, record.hub_signature) = (None, None);
    record.algorithm = "bidroom-draw/1".to_owned();
}

#[test]
fn without_the_hub_s_signature_the_draw_is_ended_on_the_record() {
    let mut room = Box::with_hub(12);
    room.commit();
    room.pass(119);
    assert!(matches!(room.draw().stage, DrawStage::Committed { .. }));
    room.pass(1);
    let DrawStage::Aborted { reason, .. } = &room.draw().stage else {
        panic!("{:?}", room.draw().stage);
    };
    assert_eq!(*reason, AbortReason::HubSilent);
    assert!(room.try_reveal(SUPERVISOR).is_err());
    // the next one counts on, and a signature that came in time is not needed twice
    room.prepare(12);
    room.commit();
    room.countersign().unwrap();
    room.pass(600);
    room.reveal(SUPERVISOR);
    room.work(|_| false);
    let record = room.record();
    assert_eq!((record.attempt, record.aborted.len()), (2, 1));
    assert_eq!(verify(&record, None).faults, [""; 0]);
}

#[test]
fn an_order_that_was_drawn_already_is_proven_and_called() {
    let (owner, given) = drawn_elsewhere();
    let mut room = Box::planned(None);
    let sealed = sealed(&room.certificate(), &given);
    room.take_order(&sealed, &[key_of(&owner)]).unwrap();
    // nobody here commits to anything; the supervisor lets it be called
    assert!(room.try_reveal(SUPERVISOR).is_err());
    assert_eq!(room.work(|_| false), 0);
    room.accept_order();
    room.work(|_| false);
    room.one_declines();
    room.work(|_| false);
    let record = room.record();
    assert_eq!(record.drawn.len(), 6);
    assert_eq!(verify(&record, Some(&room.opening())).faults, [""; 0]);
    assert_eq!(by_bidroom(&record).0, 0);
    assert_eq!(stranger(&record).0, 0);
    // each step can die and be done again
    assert_eq!(room.people(), 6);
    let mut changed = record.clone();
    changed.given_attempt = Some(9);
    assert!(!verify(&changed, None).faults.is_empty());
    assert_eq!((by_bidroom(&changed).0, stranger(&changed).0), (1, 1));
    let text =
        serde_json::to_string(&record).unwrap() + &serde_json::to_string(&room.entries).unwrap();
    for canary in canaries() {
        assert!(!text.contains(&canary), "{canary} in what all may see");
    }
}

#[test]
fn an_order_that_is_not_proven_leaves_nothing_behind() {
    type Change = fn(&mut GivenFile);
    let changes: [(&str, Change, GivenFault); 6] = [
        (
            "a row is left out",
            |f| drop(f.rows.pop()),
            GivenFault::Signature,
        ),
        (
            "another secret",
            |f| f.box_secret = Hex32::sha256("x"),
            GivenFault::Signature,
        ),
        (
            "another commitment",
            |f| f.supervisor_secret = Hex32::sha256("x"),
            GivenFault::Secret,
        ),
        (
            "a row twice",
            |f| f.rows.push(f.rows[0].clone()),
            GivenFault::Row { row: 40 },
        ),
        (
            "another session",
            |f| f.session = "S-2".parse().unwrap(),
            GivenFault::OtherSession,
        ),
        (
            "another algorithm",
            |f| f.algorithm = "lots".to_owned(),
            GivenFault::Algorithm,
        ),
    ];
    let mut room = Box::planned(None);
    for (what, change, fault) in changes {
        let (owner, mut given) = drawn_elsewhere();
        change(&mut given);
        let sealed = sealed(&room.certificate(), &given);
        assert_eq!(
            refused(room.take_order(&sealed, &[key_of(&owner)])),
            fault,
            "{what}"
        );
    }
    let (_, given) = drawn_elsewhere();
    let sealed_right = sealed(&room.certificate(), &given);
    assert_eq!(
        refused(room.take_order(&sealed_right, &[])),
        GivenFault::UnknownKey
    );
    // for another box, and cut short
    let other = sealed(&Box::planned(None).certificate(), &given);
    let envelope = |fault| GivenFault::Envelope(fault);
    assert_eq!(
        refused(room.take_order(&other, &[])),
        envelope(EnvelopeFault::NotForThisBox)
    );
    let mut changed = sealed_right.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert_eq!(
        refused(room.take_order(&changed, &[])),
        envelope(EnvelopeFault::NotForThisBox)
    );
    assert_eq!(
        refused(room.take_order(b"no container", &[])),
        envelope(EnvelopeFault::NotOne)
    );
    assert_eq!(room.people(), 0);
}

fn refused(done: Result<(), PrepareError>) -> GivenFault {
    match done {
        Err(PrepareError::Given(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn owner() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()
}

fn key_of(owner: &Ed25519KeyPair) -> Hex32 {
    Hex32::of(owner.public_key().as_ref().try_into().unwrap())
}

/// The pool's owner draws with a box of his own.
fn drawn_elsewhere() -> (Ed25519KeyPair, GivenFile) {
    let mut elsewhere = Box::prepared(40);
    elsewhere.seed();
    elsewhere.work(|_| false);
    let owner = owner();
    let given = elsewhere.as_given(&owner);
    (owner, given)
}
