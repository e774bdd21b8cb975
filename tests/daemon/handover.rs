//! A sub-venue hands its archive over to the main venue: taken whole or not at all, and a receipt that strangers can check.

use crate::archive::does;
use crate::kills::SESSION;
use crate::replicas::{bag, ended, event, events, flip, hashes, profile, tail};
use crate::support::Room;
use bidroom::journal::Reader;
use bidroom::room::{Event, Seq};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A room that believes the venues of a file.
async fn venue(venues: &Path) -> Room {
    let profile = profile("", "").replace("[storage]", &format!("[storage]\nvenues = {venues:?}"));
    Room::start_with(&profile).await
}

fn ca(room: &Room) -> String {
    fs::read_to_string(room.data().join("keys/ca.pem")).expect("PEM")
}

/// What `bidroom ctl handover` says no with.
fn refused(room: &Room, words: &[&str]) -> String {
    let output = room.try_ctl(&[&["handover"], words].concat());
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn received(room: &Room) -> Vec<PathBuf> {
    let folder = room.data().join("handovers/received");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries.map(|entry| entry.path()).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_handed_over_whole_with_a_receipt_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let (of_main, of_sub) = (
        folder.path().join("main.pem"),
        folder.path().join("sub.pem"),
    );
    let (main, sub) = (venue(&of_main).await, venue(&of_sub).await);
    ended(&sub, 12, &[5]).await;
    event(&sub, "read back", 1, |e| {
        matches!(e, Event::ArchiveReadBack { damaged: 0, .. })
    })
    .await;
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).expect("a disk");
    let copied = |to: &str| {
        let to = disk.join(to);
        does(
            &disk,
            "cp",
            &["-r", bag(&sub).to_str().unwrap(), to.to_str().unwrap()],
        );
        to
    };
    let brought = copied("brought");
    let take = ["receive", brought.to_str().unwrap()];

    // nobody's archives are taken, and no stranger's
    assert!(refused(&main, &take).contains("main.pem"));
    fs::write(&of_main, ca(&main)).expect("written");
    let said = refused(&main, &take);
    assert!(said.contains("none of this room's venues"), "{said}");
    fs::write(&of_main, ca(&sub)).expect("written");

    // what is not whole leaves nothing, and the file is named
    let altered = copied("altered");
    flip(&altered.join("data/more/003.bin"));
    let said = refused(&main, &["receive", altered.to_str().unwrap()]);
    assert!(said.contains("data/more/003.bin"), "{said}");
    let said = refused(&main, &["receive", "/etc"]);
    assert!(said.contains("no sealed archive"), "{said}");
    assert_eq!(received(&main), Vec::<PathBuf>::new());
    assert!(refused(&main, &["receive", "/nowhere"]).contains("no sealed archive"));

    // a box that was killed in the middle begins anew
    let seal = hashes(&brought)[Path::new("tagmanifest-sha256.txt")].clone();
    let part = main.data().join("handovers/received");
    let part = part.join(format!("{}.part", &seal[..16]));
    fs::create_dir_all(part.join("data")).expect("made");
    fs::write(part.join("data/half"), "half").expect("written");
    let stick = folder.path().to_str().unwrap();
    let words = [&["handover"], &take[..], &["--receipt-to", stick]].concat();
    let taken = main.ctl(&words);
    let receipt = PathBuf::from(taken["receipt"].as_str().expect("a receipt"));
    let own = receipt.with_extension("");
    assert_eq!(hashes(&own), hashes(&bag(&sub)), "{}", tail(&main));
    assert_eq!(received(&main).len(), 3, "{:?}", received(&main));
    let told: Value = serde_json::from_slice(&fs::read(&receipt).unwrap()).expect("JSON");
    assert_eq!(
        (&told["session"], &told["seal"]),
        (&SESSION.into(), &seal.into())
    );
    // what rots here is taken again from the disk
    flip(&own.join("data/more/003.bin"));
    assert_eq!(main.ctl(&words[..3])["receipt"], taken["receipt"]);
    assert_eq!(hashes(&own), hashes(&bag(&sub)));
    // again: nothing is copied, the receipt is there
    assert_eq!(main.ctl(&words[..3])["receipt"], taken["receipt"]);
    let journal = Reader::open(&main.data().join("journal.sqlite")).expect("a journal");
    let entries = journal.entries(Seq(0), usize::MAX).expect("entries");
    let is_taken = |e: &Event| matches!(e, Event::ArchiveReceived { files, .. } if *files > 12);
    assert_eq!(entries.iter().filter(|e| is_taken(&e.event)).count(), 3);

    // a stranger's look at the receipt
    let given = folder.path().join(receipt.file_name().unwrap());
    let only = folder.path().join("only.pem");
    fs::write(
        &only,
        does(
            folder.path(),
            "openssl",
            &[
                "x509",
                "-in",
                main.data().join("keys/ca.pem").to_str().unwrap(),
            ],
        ),
    )
    .unwrap();
    let signature = given.with_added_extension("p7s");
    let words = [
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-purpose",
        "any",
        "-out",
        "/dev/null",
    ];
    let with = [
        "-in",
        signature.to_str().unwrap(),
        "-content",
        given.to_str().unwrap(),
        "-CAfile",
        only.to_str().unwrap(),
    ];
    does(folder.path(), "openssl", &[&words[..], &with[..]].concat());

    // the sub-venue believes it, where it knows who signed
    let give = ["receipt", given.to_str().unwrap()];
    fs::write(&of_sub, ca(&sub)).expect("written");
    assert!(refused(&sub, &give).contains("none of this room's venues"));
    fs::write(&of_sub, ca(&main)).expect("written");
    let text = fs::read_to_string(&given).unwrap();
    fs::write(&given, text.replace(SESSION, "R-2")).expect("forged");
    assert!(refused(&sub, &give).contains("over another content"));
    fs::write(&given, text).expect("as it was");
    let handed_over = |e: &Event| matches!(e, Event::ArchiveHandedOver { .. });
    assert!(!events(&sub).iter().any(handed_over));
    sub.ctl(&["handover", give[0], give[1]]);
    assert!(events(&sub).iter().any(handed_over));
    // another room's receipt for an archive that is not ours
    let said = refused(&main, &give);
    assert!(said.contains("none of this room's venues"), "{said}");
}
