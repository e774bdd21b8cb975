//! Owns who may import whom.

use crate::source::Source;

/// What a module may name of the crate: modules, or parts of them.
struct Rule {
    module: &'static str,
    may: &'static [&'static str],
}

/// The order of the list is the order of `lib.rs`. A new module first asks in which of these it lives.
const RULES: &[Rule] = &[
    // pure: the room as a value
    Rule {
        module: "room",
        may: &[],
    },
    // what makes it last
    Rule {
        module: "journal",
        may: &["room"],
    },
    Rule {
        module: "clerk",
        may: &["room", "journal"],
    },
    Rule {
        module: "keys",
        may: &["room"],
    },
    Rule {
        module: "vault",
        may: &["room", "keys"],
    },
    Rule {
        module: "config",
        may: &["room", "keys"],
    },
    // what acts for it
    Rule {
        module: "access",
        may: &["room", "config", "keys", "vault"],
    },
    Rule {
        module: "archive",
        may: &["room", "config", "keys", "journal::Reader"],
    },
    Rule {
        module: "draw",
        may: &[
            "room",
            "keys",
            "vault",
            "clerk::ClerkHandle",
            "clerk::Clock",
            "clerk::SubmitError",
        ],
    },
    Rule {
        module: "media",
        may: &[
            "room",
            "clerk::ClerkHandle",
            "clerk::SubmitError",
            "config",
            "keys",
            // by the segment writer only
            "archive::SegmentWriter",
            "archive::SegmentRecord",
            "archive::GapRecord",
            "archive::CloseCause",
            "archive::Index",
            "archive::Record",
            "archive::segment",
            "archive::index",
            "archive::recover",
            "archive::feed_folder",
            "archive::feeds_folder",
        ],
    },
    Rule {
        module: "hub",
        may: &[
            "room",
            "clerk::ClerkHandle",
            "clerk::SubmitError",
            "clerk::Clock",
            "clerk::RoomAt",
            "config",
            "keys",
            "archive::checkpoints",
            "journal::Reader",
            "journal::LineHash",
        ],
    },
    Rule {
        module: "phone",
        may: &[
            "room",
            "keys",
            // recordings of calls lie in the session's bag, encrypted to the audit key
            "archive::container",
            "archive::bag_folder",
        ],
    },
    // what shows it
    Rule {
        module: "console",
        may: &[
            "room",
            "clerk",
            "config",
            "keys",
            "vault",
            "access",
            "draw",
            "media::feed",
            "media::peer",
            "archive::playback",
            "archive::clip",
            "archive::handover",
            "archive::checkpoints",
            "hub::contract",
            "hub::reference",
            "phone::SpokenNotices",
            "phone::Piece",
            "journal::Reader",
            "journal::JournalError",
        ],
    },
    // knows everyone
    Rule {
        module: "app",
        may: &[
            "room", "clerk", "config", "keys", "vault", "access", "draw", "media", "archive",
            "hub", "phone", "console", "journal",
        ],
    },
];

/// What `main.rs` may name.
const MAIN: &[&str] = &[
    "app",
    "console::ctl",
    "console::openapi",
    "config",
    // the allocator of the process
    "keys::Wiping",
];

/// The crates that the pure room may name.
const ROOM_CRATES: &[&str] = &[
    "std", "serde", "schemars", "crate", "super", "self",
    // a hash is a function: the seed of a draw is made where it is decided
    "sha2",
];

/// Parts of std that are not pure.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::io",
    "std::thread",
    "std::sync",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// What is wrong with a file's imports.
pub(crate) fn breaches(source: &Source) -> Vec<String> {
    let module = source.module();
    let own = module.first().copied();
    let may = match own {
        None if source.path.ends_with("main.rs") => MAIN,
        None => return Vec::new(),
        Some(own) => match RULES.iter().find(|rule| rule.module == own) {
            Some(rule) => rule.may,
            None => {
                return vec![format!(
                    "{}: no rule says what '{own}' may import",
                    source.path
                )];
            }
        },
    };
    let allowed = |path: &[String]| {
        may.iter().any(|may| {
            let may: Vec<&str> = may.split("::").collect();
            path.len() >= may.len() && path.iter().zip(&may).all(|(a, b)| a == b)
        })
    };
    let named = source.crate_paths();
    let wrong = named
        .iter()
        .filter(|path| {
            RULES
                .iter()
                .any(|rule| path.first().is_some_and(|p| p == rule.module))
        })
        .filter(|path| path.first().map(String::as_str) != own && !allowed(path));
    let mut breaches: Vec<String> = wrong
        .map(|path| format!("{}: may not import {}", source.path, path.join("::")))
        .collect();
    if own == Some("room") && !source.is_test() {
        breaches.extend(impurities(source));
    }
    breaches
}

fn impurities(source: &Source) -> Vec<String> {
    let code = source.code();
    let uses = code.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("pub ");
        let path = line.strip_prefix("use ")?;
        path.split([':', ';', ' ']).next()
    });
    let known = ROOM_CRATES;
    // `use Kind::A` names a type of the file, `pub use actor::*` a module of the folder
    let siblings =
        |name: &str| source.path.ends_with("/mod.rs") && code.contains(&format!("mod {name};"));
    let is_type = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
    let foreign = uses.filter(|name| !is_type(name) && !known.contains(name) && !siblings(name));
    let foreign =
        foreign.map(|name| format!("{}: the room is pure, and names {name}", source.path));
    let impure = IMPURE.iter().filter(|path| code.contains(*path));
    let tokio = ["tokio::", "rand::", "tracing::", "rusqlite::"];
    let impure = impure.chain(tokio.iter().filter(|path| code.contains(*path)));
    let impure = impure.map(|path| format!("{}: the room is pure, and names {path}", source.path));
    foreign.chain(impure).collect()
}
