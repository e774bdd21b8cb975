//! Owns the search for secrets in files, for tests: in plain, UTF-16, hexadecimal and base64.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fs;
use std::path::{Path, PathBuf};

/// Every form of the canary that is found in a file below the folder.
pub(crate) fn find_in(folder: &Path, canary: &str) -> Vec<String> {
    let mut found = Vec::new();
    for file in files_below(folder) {
        let bytes = fs::read(&file).unwrap();
        for (form, needle) in forms(canary) {
            if bytes.windows(needle.len()).any(|w| w == needle) {
                found.push(format!("{form} in {}", file.display()));
            }
        }
    }
    found
}

fn forms(canary: &str) -> Vec<(&'static str, Vec<u8>)> {
    let plain = canary.as_bytes();
    assert!(plain.len() >= 6, "a shorter canary is found by chance");
    let utf16: Vec<u16> = canary.encode_utf16().collect();
    let mut forms = vec![
        ("plain", plain.to_vec()),
        (
            "utf-16le",
            utf16.iter().flat_map(|u| u.to_le_bytes()).collect(),
        ),
        (
            "utf-16be",
            utf16.iter().flat_map(|u| u.to_be_bytes()).collect(),
        ),
        ("hex", hex::encode(plain).into_bytes()),
        ("HEX", hex::encode_upper(plain).into_bytes()),
    ];
    // base64 of a longer text that contains it, at each of the three alignments
    for shift in 0..3 {
        let inner = [vec![0; shift], plain.to_vec()].concat();
        let whole = inner.len() / 3 * 3;
        let from = if shift == 0 { 0 } else { 4 };
        for (form, engine) in [
            ("base64", &STANDARD_NO_PAD),
            ("base64url", &URL_SAFE_NO_PAD),
        ] {
            forms.push((
                form,
                engine.encode(&inner[..whole]).as_bytes()[from..].to_vec(),
            ));
        }
    }
    forms.retain(|(_, needle)| needle.len() >= 6);
    forms
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_form_is_found() {
    for (form, needle) in forms("13800138000") {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("file"),
            [b"..", &needle[..], b".."].concat(),
        )
        .unwrap();
        let found = find_in(folder.path(), "13800138000");
        assert!(
            found.iter().any(|f| f.starts_with(form)),
            "{form}: {found:?}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let wrapped = STANDARD_NO_PAD.encode("phone=13800138000&x");
    fs::write(folder.path().join("file"), wrapped).unwrap();
    assert!(!find_in(folder.path(), "13800138000").is_empty());
}
