//! What of people gets out: a committee with unmistakable names and numbers goes through a session, and then everything
//! that the daemon wrote, said or was started with is searched for them.

use super::session::{Evaluation, SESSION};
use super::support::{committee, id_number};
use base64::Engine;
use reqwest::StatusCode;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

const NAMES: [&str; 5] = [
    "司马金丝雀",
    "欧阳金丝雀",
    "诸葛金丝雀",
    "上官金丝雀",
    "东方金丝雀",
];

/// Every way in which a person could be written.
fn canaries() -> Vec<Vec<u8>> {
    let plain = NAMES.iter().map(|name| (*name).to_owned());
    let numbers = (0..5).flat_map(|i| [id_number(200 + i), format!("1380013{:04}", 8000 + i)]);
    plain
        .chain(numbers)
        .flat_map(|text| {
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            [
                text.clone().into_bytes(),
                base64::engine::general_purpose::STANDARD_NO_PAD
                    .encode(&text)
                    .as_bytes()[..8]
                    .to_vec(),
                hex::encode(&text).into_bytes(),
                percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
                    .into_bytes(),
                utf16,
            ]
        })
        // an encoding that leaves digits alone is the plain text again, and a short one could be chance
        .filter(|canary| canary.len() >= 8)
        .collect()
}

pub(crate) fn found(text: &[u8], canaries: &[Vec<u8>]) -> Option<String> {
    let hit = canaries.iter().find(|canary| {
        text.windows(canary.len())
            .any(|window| window == canary.as_slice())
    })?;
    Some(String::from_utf8_lossy(hit).into_owned())
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_numbers_stay_in_the_vault() {
    let canaries = canaries();
    let table = committee(&NAMES);
    assert!(
        found(table.as_bytes(), &canaries).is_some(),
        "the search must find what is there"
    );
    let evaluation = Evaluation::started(&table).await;
    let mut said = Vec::new();

    // free text that names somebody is refused, and not repeated
    for text in [
        "司马金丝雀 离席",
        "请 欧 阳 金丝雀 回座",
        "电话 13800138000",
    ] {
        let answer = evaluation
            .supervisor
            .order(SESSION, json!({"type": "mark", "feed": null, "note": text}))
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        said.extend(answer.bytes().await.expect("a body"));
    }
    // errors about people do not repeat them either
    let twice = evaluation
        .technician
        .post(
            &format!("/api/sessions/{SESSION}/replacement"),
            json!({"member": 1, "table": table}),
        )
        .await;
    assert!(!twice.status().is_success());
    said.extend(twice.bytes().await.expect("a body"));
    let gate = format!("/api/sessions/{SESSION}/gate");
    let present = evaluation
        .technician
        .post(&gate, json!({"id_number": id_number(200)}))
        .await;
    assert_eq!(present.status(), StatusCode::CONFLICT);
    said.extend(present.bytes().await.expect("a body"));

    for (browser, path) in [
        (&evaluation.technician, "/api/live/technician"),
        (&evaluation.supervisor, "/api/live/supervisor"),
        (&evaluation.seats[0], "/api/live/seat"),
    ] {
        said.extend(browser.view(path).await.to_string().into_bytes());
    }
    let pid = evaluation.room.pid();
    for file in ["cmdline", "environ"] {
        said.extend(fs::read(format!("/proc/{pid}/{file}")).expect("of the process"));
    }
    said.extend(evaluation.room.log().into_bytes());
    evaluation.sealed().await;
    said.extend(
        evaluation
            .supervisor
            .get_json(&format!("/api/recordings/{SESSION}"))
            .await
            .to_string()
            .into_bytes(),
    );
    let audit = evaluation.room.signed_in("audit").await;
    said.extend(
        audit
            .get_json("/api/audit?limit=500")
            .await
            .to_string()
            .into_bytes(),
    );
    assert_eq!(found(&said, &canaries), None, "said to somebody, or logged");

    for path in files(&evaluation.room.data()) {
        let name = path.to_string_lossy().into_owned().into_bytes();
        assert_eq!(found(&name, &canaries), None, "a file name");
        // a file may go while it is looked at: SQLite's own
        let Ok(content) = fs::read(&path) else {
            continue;
        };
        assert_eq!(found(&content, &canaries), None, "in {}", path.display());
    }
}
