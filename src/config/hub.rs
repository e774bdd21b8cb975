//! Owns how a room reaches its hub, and how a hub is set up: brokers, keys that are trusted, certificates, rooms.

use super::document::{At, Section, Value, Wrong};
use super::load;
use super::password::Password;
use super::profile::{Network, RoomId, SecondFactor};
use super::sections::some;
use super::settings::network;
use super::sources::password;
use super::values::{AbsolutePath, Label, Port, SpanOrOff, invalid, string};
use super::{Fault, ProfileError};
use crate::keys::HostName;
use crate::room::{DrawHub, FeedId, Hex32, RelayId, RelaySpec, Span};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toml::de::DeValue;

/// A city's name in topics: 1 to 40 lower-case letters, digits and '-'.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CityId(RoomId);

impl FromStr for CityId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for CityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Value for CityId {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        RoomId::read(value).map(Self)
    }
}

/// A broker: `mqtts://host:port`, or `mqtt://` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Its name or address; certificates are checked against it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Value for Broker {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let parsed: Option<hyper::Uri> = text.parse().ok();
        let broker = parsed.and_then(|uri| {
            let host = uri.host()?.to_owned();
            let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str());
            let tls = match uri.scheme_str()? {
                "mqtts" => true,
                "mqtt" if here => false,
                _ => return None,
            };
            let plain = ["", "/"].contains(&uri.path()) && !text.contains('@');
            let port = uri.port_u16().unwrap_or(if tls { 8883 } else { 1883 });
            let host = host.trim_matches(['[', ']']).to_owned();
            plain.then_some(Self { host, port, tls })
        });
        broker.ok_or_else(|| Wrong {
            // never repeated: it may hold a password
            what: text!(
                "不是有效的 MQTT 地址",
                "this is no valid address of a broker"
            ),
            allowed: text!(
                "mqtts://主机:端口；mqtt:// 仅限本机",
                "mqtts://host:port; mqtt:// to this machine only"
            ),
            remedy: text!(
                "例如 \"mqtts://mqtt.example.cn:8883\"；身份由 certificate 证明，地址中不写用户名和密码",
                "for example \"mqtts://mqtt.example.cn:8883\"; the certificate says who one is: no user or password here"
            ),
        })
    }
}

/// An Ed25519 public key, 64 hex digits.
struct PublicKey([u8; 32]);

impl Value for PublicKey {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let mut key = [0; 32];
        let decoded = hex::decode_to_slice(text, &mut key);
        decoded.map(|()| Self(key)).map_err(|_| {
            invalid(
                text,
                "64 位十六进制公钥，由 bidroom hub key 给出",
                "a public key of 64 hex digits, as bidroom hub key prints it",
                "\"3b6a…\"",
            )
        })
    }
}

/// How brokers are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brokers {
    /// In the order in which they are tried; at least one.
    pub brokers: Vec<Broker>,
    /// The file with one's own key and certificate chain, PEM.
    pub certificate: Option<PathBuf>,
    /// The file with the CA of the brokers' certificates, PEM.
    pub ca: Option<PathBuf>,
}

/// A room's way to its hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubLink {
    /// Its city, as topics name it.
    pub city: CityId,
    /// Where.
    pub brokers: Brokers,
    /// The keys with which the hub may sign.
    pub keys: Vec<[u8; 32]>,
    /// The keys with which the pool's owner may sign orders that he has drawn; none means the hub's.
    pub pool_keys: Vec<[u8; 32]>,
    /// The certificate (P-256, PEM) of the pool's owner, whom attendance is stated to; without it nothing is.
    pub pool_certificate: Option<PathBuf>,
    /// How long a draw waits for the hub's signature over its commitments; none where the hub signs no draws.
    pub draw_signature: Option<Span>,
    /// Where the hub may have feeds sent live; none means nowhere.
    pub relays: Vec<RelayPlace>,
}

impl HubLink {
    /// With which keys an order may be signed that was drawn already: where the pool's owner has keys of his own, the hub's do not count.
    pub fn order_keys(&self) -> Vec<Hex32> {
        let keys = match self.pool_keys.is_empty() {
            true => &self.keys,
            false => &self.pool_keys,
        };
        keys.iter().copied().map(Hex32::of).collect()
    }

    /// The hub that signs this room's draws: by the first of its keys, for a choice among keys would be a choice among orders.
    pub fn signs_draws(&self) -> Option<DrawHub> {
        let (key, wait) = (*self.keys.first()?, self.draw_signature?);
        let key = Hex32::of(key);
        Some(DrawHub { key, wait })
    }
}

/// A server of an existing media cluster that takes feeds by WHIP (RFC 9725).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayPlace {
    /// What the journal knows of it.
    pub spec: RelaySpec,
    /// Where: `{room}` and `{feed}` stand for their ids.
    pub whip: String,
    /// The bearer token; none where the server asks for none.
    pub token: Option<Password>,
    /// The CA of its certificate, PEM; none trusts as the machine does.
    pub ca: Option<PathBuf>,
}

impl RelayPlace {
    /// Where a feed is sent.
    pub fn address(&self, room: &RoomId, feed: &FeedId) -> String {
        let address = self.whip.replace("{room}", room.as_str());
        address.replace("{feed}", feed.as_str())
    }
}

/// Reads the section `[hub]` of a profile.
pub(super) fn hub_link(mut s: Section<'_>, folder: &Path) -> Option<HubLink> {
    let city = s.required::<CityId>("city", "\"baoshan\"");
    let brokers = brokers(&mut s);
    let keys = some::<PublicKey>(&mut s, "keys", "[\"…64 hex digits…\"]");
    let pool_keys = match s.has("pool_keys") {
        true => some::<PublicKey>(&mut s, "pool_keys", "[\"…64 hex digits…\"]"),
        false => Vec::new(),
    };
    let pool_certificate = s.optional::<AbsolutePath>("pool_certificate");
    let draw_signature = s.or("draw_signature", SpanOrOff(Some(Span::seconds(120))));
    let sections = s.sections("relays");
    let named = sections.len();
    let relays = sections.into_iter().filter_map(|s| relay(s, folder));
    let relays: Vec<RelayPlace> = relays.collect();
    s.close();
    Some(HubLink {
        city: city?.value,
        brokers: brokers?,
        keys: keys.into_iter().map(|key| key.0).collect(),
        pool_keys: pool_keys.into_iter().map(|key| key.0).collect(),
        pool_certificate: pool_certificate.map(|path| path.value.0),
        draw_signature: draw_signature?.0,
        relays: (relays.len() == named).then_some(relays)?,
    })
}

fn relay(mut s: Section<'_>, folder: &Path) -> Option<RelayPlace> {
    let id = s.required::<RelayId>("id", "\"city\"");
    let whip = s.required::<WhipAddress>("whip", "\"https://sfu.example.cn/{room}-{feed}/whip\"");
    let feeds = some::<FeedId>(&mut s, "feeds", "[\"camera-1\"]");
    let sound = s.or("sound", false);
    let token = password(&mut s, folder);
    let ca = s.optional::<AbsolutePath>("ca");
    s.close();
    let whip = whip?.value;
    Some(RelayPlace {
        spec: RelaySpec {
            id: id?.value,
            host: whip.host,
            feeds: feeds.into_iter().collect(),
            sound: sound?,
        },
        whip: whip.text,
        token: token.map(|token| token.value),
        ca: ca.map(|path| path.value.0),
    })
}

/// `https://host/path`, with `{room}` and `{feed}` in it, or `http://` to this machine itself.
struct WhipAddress {
    text: String,
    host: String,
}

impl Value for WhipAddress {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let filled = text.replace("{room}", "room").replace("{feed}", "feed");
        let uri: Option<hyper::Uri> = filled.parse().ok();
        let host = uri.as_ref().and_then(|uri| {
            let host = uri.host()?;
            let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
            let scheme = uri.scheme_str()?;
            (scheme == "https" || scheme == "http" && here).then(|| host.to_owned())
        });
        // two feeds at one address would throw each other out
        match host.filter(|_| text.contains("{feed}") && !text.contains('@')) {
            Some(host) => Ok(Self {
                text: text.to_owned(),
                host,
            }),
            // never repeated: it may hold a password
            None => Err(Wrong {
                what: text!(
                    "不是有效的 WHIP 地址",
                    "this is no valid address of a WHIP server"
                ),
                allowed: text!(
                    "https://主机:端口/路径，其中写有 {{feed}}；http:// 仅限本机",
                    "https://host:port/path with {{feed}} in it; http:// to this machine only"
                ),
                remedy: text!(
                    "例如 \"https://sfu.example.cn/{{room}}-{{feed}}/whip\"；令牌由 credential 给出，地址中不写密码",
                    "for example \"https://sfu.example.cn/{{room}}-{{feed}}/whip\"; the token is given by credential: no password here"
                ),
            }),
        }
    }
}

fn brokers(s: &mut Section<'_>) -> Option<Brokers> {
    let brokers = some::<Broker>(s, "brokers", "[\"mqtts://mqtt.example.cn:8883\"]");
    let mut file = |key| s.optional::<AbsolutePath>(key).map(|p| p.value.0);
    let (certificate, ca) = (file("certificate"), file("ca"));
    for (key, given) in [("certificate", &certificate), ("ca", &ca)] {
        if given.is_none() && !s.has(key) && brokers.iter().any(|broker| broker.tls) {
            let wrong = Wrong {
                what: text!(
                    "mqtts:// 需要 {key}，此处没有",
                    "mqtts:// needs {key}, which is missing"
                ),
                allowed: text!("PEM 文件的绝对路径", "the absolute path of a PEM file"),
                remedy: text!(
                    "补上 {key} = \"/etc/bidroom/…pem\"",
                    "add {key} = \"/etc/bidroom/….pem\""
                ),
            };
            s.fault(key, s.offset(), wrong);
        }
    }
    Some(Brokers {
        brokers,
        certificate,
        ca,
    })
}

/// A PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Its name or address; its certificate is checked against it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub name: String,
    /// As whom.
    pub user: String,
    /// The file whose first line is the password; none where the server asks for none.
    pub password_file: Option<PathBuf>,
    /// The CA of its certificate, PEM: TLS is spoken. None on this machine only.
    pub ca: Option<PathBuf>,
}

fn database(mut s: Section<'_>) -> Option<DatabaseSettings> {
    let host = s.required::<HostName>("host", "\"db.example.cn\"");
    let port = s.or("port", Port(5432));
    let name = s.or("name", "bidroom".to_owned());
    let user = s.or("user", "bidroom".to_owned());
    let mut file = |key| s.optional::<AbsolutePath>(key).map(|p| p.value.0);
    let (password_file, ca) = (file("password_file"), file("ca"));
    let host = host?.value.to_string();
    let here = ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
    if ca.is_none() && !s.has("ca") && !here {
        let wrong = Wrong {
            what: text!(
                "连接其他机器上的数据库必须用 TLS，此处没有 ca",
                "a database on another machine is reached by TLS, and ca is missing"
            ),
            allowed: text!("PEM 文件的绝对路径", "the absolute path of a PEM file"),
            remedy: text!(
                "补上 ca = \"/etc/bidroom/database-ca.pem\"",
                "add ca = \"/etc/bidroom/database-ca.pem\""
            ),
        };
        s.fault("ca", s.offset(), wrong);
    }
    s.close();
    Some(DatabaseSettings {
        host,
        port: port?.0,
        name: name?,
        user: user?,
        password_file,
        ca,
    })
}

/// How the reference hub is set up.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// Its city, as topics name it.
    pub city: CityId,
    /// What people call it.
    pub name: String,
    /// Where rooms are heard.
    pub brokers: Brokers,
    /// The rooms of the city.
    pub rooms: Vec<RoomId>,
    /// The server that keeps what rooms say; none for a file of the hub's own.
    pub database: Option<DatabaseSettings>,
    /// The zone that times are shown in.
    pub time_zone: TimeZone,
    /// Where the board is served.
    pub network: Network,
    /// Whether its accounts need a second factor.
    pub second_factor: SecondFactor,
}

impl HubSettings {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// It cannot be read, or has faults: all of them.
    pub fn load(file: &Path) -> Result<Self, ProfileError> {
        let bytes = load::bytes(file)?;
        Self::parse(&bytes, file)
    }

    /// Checks the file's bytes.
    ///
    /// # Errors
    /// All faults.
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self, ProfileError> {
        let faulty = |faults: Vec<Fault>| ProfileError::Faulty {
            file: file.to_owned(),
            faults,
        };
        load::document(bytes, read).map_err(faulty)
    }
}

fn read(mut root: Section<'_>) -> Option<HubSettings> {
    let city = root.required::<CityId>("city", "\"baoshan\"");
    let name = root.required::<Label>("name", "\"保山市公共资源交易中心\"");
    let here = TimeZone::get("Asia/Shanghai").expect("the database is inside");
    let time_zone = root.or("time_zone", here);
    let brokers = brokers(&mut root);
    let rooms = some::<RoomId>(&mut root, "rooms", "[\"baoshan-1\", \"baoshan-2\"]");
    let database = match root.has("database") {
        true => database(root.section("database")).map(Some),
        false => {
            root.section("database").close();
            Some(None)
        }
    };
    let network = network(root.section("network"));
    let second_factor = root.or("second_factor", SecondFactor::Required);
    root.close();
    Some(HubSettings {
        city: city?.value,
        name: name?.value.0,
        time_zone: time_zone?,
        brokers: brokers?,
        rooms,
        database: database?,
        network: network?,
        second_factor: second_factor?,
    })
}

/// No room may have the hub's own place among the topics.
pub(super) fn reserved(id: &At<RoomId>, s: &Section<'_>) -> bool {
    let taken = id.value.as_str() == "hub";
    if taken {
        let wrong = Wrong {
            what: text!("hub 是保留名称", "hub is a name that is taken"),
            allowed: text!("除 hub 以外的名称", "any name but hub"),
            remedy: text!("换一个 id", "choose another id"),
        };
        s.fault("id", id.offset, wrong);
    }
    taken
}
