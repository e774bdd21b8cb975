//! Owns the brokers' access lists: a room's certificate, whose common name is the room's id, reaches its own topics only.

use crate::config::CityId;
use crate::hub::contract::{Kind, Topics};
use std::fmt::Write;
use std::str::FromStr;

/// A broker that access lists are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerKind {
    /// Eclipse Mosquitto 2, `acl_file`.
    Mosquitto,
    /// EMQX 5, `acl.conf`.
    Emqx,
}

impl FromStr for BrokerKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mosquitto" => Ok(Self::Mosquitto),
            "emqx" => Ok(Self::Emqx),
            other => Err(format!("没有 {other:?} / no such broker: mosquitto, emqx")),
        }
    }
}

/// The access list of a city. The hub's certificate has the common name `hub`.
pub fn access_list(city: &CityId, broker: BrokerKind) -> String {
    let topics = Topics::of(city);
    let own = |kind: Kind| topics.of_all_rooms(kind);
    let mut list = String::new();
    match broker {
        BrokerKind::Mosquitto => {
            let _ = writeln!(
                list,
                "# use_identity_as_username true: %u is the common name of the certificate"
            );
            for kind in Kind::OF_ROOMS {
                let _ = writeln!(list, "pattern write {}", own(kind).replace('+', "%u"));
            }
            for kind in Kind::OF_HUB {
                let _ = writeln!(list, "pattern read {}", own(kind).replace('+', "%u"));
            }
            let _ = writeln!(list, "pattern read {}", topics.hub_presence());
            let _ = writeln!(list, "\nuser hub");
            for kind in Kind::OF_ROOMS {
                let _ = writeln!(list, "topic read {}", own(kind));
            }
            for kind in Kind::OF_HUB {
                let _ = writeln!(list, "topic write {}", own(kind));
            }
            let _ = writeln!(list, "topic readwrite {}", topics.hub_presence());
        }
        BrokerKind::Emqx => {
            let _ = writeln!(
                list,
                "%% peer_cert_as_username = cn: ${{username}} is the common name of the certificate"
            );
            let all = |kinds: &[Kind], of: &dyn Fn(Kind) -> String| {
                let words: Vec<String> = kinds
                    .iter()
                    .map(|kind| format!("\"{}\"", of(*kind)))
                    .collect();
                words.join(", ")
            };
            let mine = |kind: Kind| own(kind).replace('+', "${username}");
            let hub = topics.hub_presence();
            let _ = writeln!(
                list,
                "{{allow, {{username, \"hub\"}}, subscribe, [{}, \"{hub}\"]}}.",
                all(&Kind::OF_ROOMS, &own)
            );
            let _ = writeln!(
                list,
                "{{allow, {{username, \"hub\"}}, publish, [{}, \"{hub}\"]}}.",
                all(&Kind::OF_HUB, &own)
            );
            let _ = writeln!(
                list,
                "{{allow, all, publish, [{}]}}.",
                all(&Kind::OF_ROOMS, &mine)
            );
            let _ = writeln!(
                list,
                "{{allow, all, subscribe, [{}, \"{hub}\"]}}.",
                all(&Kind::OF_HUB, &mine)
            );
            let _ = writeln!(list, "{{deny, all}}.");
        }
    }
    list
}
