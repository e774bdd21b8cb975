//! Owns how each kind of value is read from the document, and what is said when it is wrong.

use super::document::{Shown, Value, Wrong, wrong_type};
use super::password::Password;
use super::profile::{PictureFormat, RoomId, SecondFactor};
use super::text::Lang;
use super::units::{self, Decibels, Percent, PictureLimit, Size};
use crate::keys::{HostName, Secret};
use crate::room::{FeedId, FeedKind, PhaseKind, Place, RelayId, ReplicaId, Span, TimeOfDay};
use jiff::tz::TimeZone;
use std::net::IpAddr;
use std::path::PathBuf;
use toml::de::DeValue;

pub(super) fn string<'a>(value: &'a DeValue<'_>) -> Result<&'a str, Wrong> {
    value.as_str().ok_or_else(|| wrong_type(value, "string"))
}

/// The value as a fault may repeat it: one line, not endless.
fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().count() > 60 {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

pub(super) fn invalid(value: &str, zh: &str, en: &str, example: &str) -> Wrong {
    let value = quoted(value);
    Wrong {
        what: text!("{value} 无法识别", "{value} is not understood"),
        allowed: text!("{zh}", "{en}"),
        remedy: text!("写成 {example} 的形式", "write it like {example}"),
    }
}

/// A value that is one word of a closed list.
pub(super) trait Word: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Word> Value for T {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        if let Some((_, word)) = T::WORDS.iter().find(|(name, _)| *name == text) {
            return Ok(*word);
        }
        let text = quoted(text);
        let names: Vec<_> = T::WORDS
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let names = names.join(", ");
        Err(Wrong {
            what: text!("没有 {text} 这个选项", "there is no {text}"),
            allowed: text!("{names}", "{names}"),
            remedy: text!("从上列各项中选一个", "choose one of these"),
        })
    }
}

impl Word for FeedKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("camera", Self::Camera),
        ("microphone", Self::Microphone),
        ("face", Self::Face),
        ("screen", Self::Screen),
        ("talk-back", Self::TalkBack),
    ];
}

/// Only the phases in which there is something to record.
impl Word for PhaseKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("check-in", Self::CheckIn),
        ("ready", Self::Ready),
        ("in-session", Self::InSession),
        ("suspended", Self::Suspended),
        ("overnight", Self::Overnight),
        ("closing", Self::Closing),
    ];
}

/// The places in which a camera or microphone of the room can be.
impl Word for Place {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("evaluation-room", Self::EvaluationRoom),
        ("qa-room", Self::QaRoom),
        ("supervision-room", Self::SupervisionRoom),
    ];
}

impl Word for SecondFactor {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("required", Self::Required),
        ("optional", Self::Optional),
        ("off", Self::Off),
    ];
}

impl Word for PictureFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("mjpeg", Self::Mjpeg), ("raw", Self::Raw)];
}

impl Word for Lang {
    const WORDS: &'static [(&'static str, Self)] = &[("zh", Self::Zh), ("en", Self::En)];
}

impl Value for bool {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        value.as_bool().ok_or_else(|| wrong_type(value, "boolean"))
    }
}

macro_rules! whole_number {
    ($($kind:ty),*) => {$(
        impl Value for $kind {
            fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
                let number = value.as_integer().ok_or_else(|| wrong_type(value, "integer"))?;
                <$kind>::from_str_radix(number.as_str(), number.radix()).map_err(|_| Wrong {
                    what: text!("数值超出范围", "the number is out of range"),
                    allowed: { let max = <$kind>::MAX; text!("0 至 {max} 的整数", "a whole number, 0 to {max}") },
                    remedy: text!("改为该范围内的值", "choose a value in that range"),
                })
            }
        }
        impl Shown for $kind {
            fn shown(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
whole_number!(u8, u16, u32);

impl Value for Span {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = || {
            invalid(
                text,
                "带单位的时长：ms、s、m、h、d",
                "a length of time with its unit: ms, s, m, h, d",
                "\"10m\" / \"1h 30m\"",
            )
        };
        units::span(text).ok_or_else(wrong)
    }
}

impl Shown for Span {
    fn shown(&self) -> String {
        units::show_span(*self)
    }
}

impl Value for Size {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = || {
            invalid(
                text,
                "带单位的容量：kB、MB、GB、TB、KiB、MiB、GiB、TiB",
                "an amount with its unit: kB, MB, GB, TB, KiB, MiB, GiB, TiB",
                "\"500 GB\"",
            )
        };
        units::size(text).ok_or_else(wrong)
    }
}

impl Shown for Size {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Value for Decibels {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        units::decibels(text).ok_or_else(|| {
            invalid(
                text,
                "带单位的电平，满刻度为 0 dBFS",
                "a level with its unit; full scale is 0 dBFS",
                "\"-70 dBFS\"",
            )
        })
    }
}

impl Shown for Decibels {
    fn shown(&self) -> String {
        format!("{} dBFS", self.0)
    }
}

impl Value for Percent {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        units::percent(text).ok_or_else(|| invalid(text, "百分比", "a share in percent", "\"5 %\""))
    }
}

impl Shown for Percent {
    fn shown(&self) -> String {
        format!("{} %", self.0)
    }
}

impl Value for TimeOfDay {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = || {
            invalid(
                text,
                "00:00 至 23:59 的当地时间",
                "a local time, 00:00 to 23:59",
                "\"21:00\"",
            )
        };
        units::time_of_day(text).ok_or_else(wrong)
    }
}

/// A time of day, or `"off"`.
pub(super) struct TimeOrOff(pub(super) Option<TimeOfDay>);

impl Value for TimeOrOff {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        if text == "off" {
            return Ok(Self(None));
        }
        let wrong = || {
            invalid(
                text,
                "00:00 至 23:59 的当地时间，或 \"off\"",
                "a local time, 00:00 to 23:59, or \"off\"",
                "\"21:00\"",
            )
        };
        units::time_of_day(text)
            .map(|t| Self(Some(t)))
            .ok_or_else(wrong)
    }
}

/// A length of time, or `"off"`.
pub(super) struct SpanOrOff(pub(super) Option<Span>);

impl Value for SpanOrOff {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match string(value)? {
            "off" => Ok(Self(None)),
            _ => Span::read(value).map(|span| Self(Some(span))),
        }
    }
}

/// How long archives are kept, or `"permanent"`.
pub(super) struct Retention(pub(super) Option<Span>);

impl Value for Retention {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        if text == "permanent" {
            return Ok(Self(None));
        }
        let wrong = || {
            invalid(
                text,
                "1y 至 99y（年）、1d 至 36500d（天），或 \"permanent\"",
                "1y to 99y (years), 1d to 36500d (days), or \"permanent\"",
                "\"15y\"",
            )
        };
        let years = text.strip_suffix('y').and_then(|n| n.parse::<u8>().ok());
        let length = match years {
            Some(years @ 1..=99) => Some(Span::hours(u64::from(years) * 366 * 24)),
            Some(_) => None,
            None => units::span(text).filter(|span| span.0 >= Span::hours(24).0),
        };
        length.map(|span| Self(Some(span))).ok_or_else(wrong)
    }
}

impl Value for PictureLimit {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = || {
            invalid(
                text,
                "宽x高@每秒帧数 码率；码率 10 kbit/s 至 100 Mbit/s，每秒 1 至 60 帧",
                "width x height @ pictures a second, then the rate; 10 kbit/s to 100 Mbit/s, 1 to 60 pictures a second",
                "\"1280x720@25 1.5 Mbit/s\"",
            )
        };
        units::picture(text).ok_or_else(wrong)
    }
}

/// A share as two numbers, `"2/3"`.
pub(super) struct Share(pub(super) u8, pub(super) u8);

impl Value for Share {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let parsed = text
            .split_once('/')
            .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match parsed {
            Some((a, b)) if b > 0 && a <= b => Ok(Self(a, b)),
            Some(_) | None => Err(invalid(
                text,
                "不大于 1 的分数",
                "a fraction of at most 1",
                "\"2/3\"",
            )),
        }
    }
}

/// UDP ports, `"20000-20099"`; at least so many that each call finds one.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortRange(pub(super) u16, pub(super) u16);

impl Value for PortRange {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let parsed = text
            .split_once('-')
            .and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        match parsed {
            Some((a, b)) if a >= 1024 && a < b => Ok(Self(a, b)),
            Some(_) | None => Err(invalid(
                text,
                "两个端口号，小的在前，不低于 1024",
                "two ports, the smaller first, from 1024 on",
                "\"20000-20099\"",
            )),
        }
    }
}

/// What people read on a page: 1 to 40 characters, none of them a control character.
pub(super) struct Label(pub(super) String);

impl Value for Label {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?.trim();
        let fits = (1..=40).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let wrong = || {
            invalid(
                text,
                "1 至 40 个字符的名称",
                "a name of 1 to 40 characters",
                "\"评标一室\"",
            )
        };
        fits.then(|| Self(text.to_owned())).ok_or_else(wrong)
    }
}

impl Value for String {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        string(value).map(str::to_owned)
    }
}

impl Value for TimeZone {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        TimeZone::get(string(value)?).map_err(|_| Wrong {
            what: text!("没有这个时区", "there is no such time zone"),
            allowed: text!("IANA 时区名", "an IANA time zone name"),
            remedy: text!(
                "全国各地写 \"Asia/Shanghai\"",
                "anywhere in China write \"Asia/Shanghai\""
            ),
        })
    }
}

impl Value for FeedId {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = |_| {
            invalid(
                text,
                "1 至 40 个小写英文字母、数字和 -",
                "1 to 40 lower-case letters, digits and '-'",
                "\"camera-1\"",
            )
        };
        text.parse().map_err(wrong)
    }
}

impl Value for ReplicaId {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = |_| {
            invalid(
                text,
                "1 至 30 个小写英文字母、数字和 -",
                "1 to 30 lower-case letters, digits and '-'",
                "\"second-disk\"",
            )
        };
        text.parse().map_err(wrong)
    }
}

impl Value for RelayId {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = |_| {
            invalid(
                text,
                "1 至 30 个小写英文字母、数字和 -",
                "1 to 30 lower-case letters, digits and '-'",
                "\"city\"",
            )
        };
        text.parse().map_err(wrong)
    }
}

impl Value for RoomId {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = || {
            invalid(
                text,
                "1 至 40 个小写英文字母、数字和 -",
                "1 to 40 lower-case letters, digits and '-'",
                "\"baoshan-1\"",
            )
        };
        RoomId::new(text).ok_or_else(wrong)
    }
}

impl Value for HostName {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = |_| {
            invalid(
                text,
                "主机名或 IP 地址",
                "a host name or an address",
                "\"room1.example.cn\" / \"192.168.10.2\"",
            )
        };
        text.parse().map_err(wrong)
    }
}

impl Value for IpAddr {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        text.parse()
            .map_err(|_| invalid(text, "IP 地址", "an IP address", "\"192.168.10.2\""))
    }
}

/// A port to listen on; 0 takes any that is free, and the daemon writes into its data folder which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Port(pub(super) u16);

impl Value for Port {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match u16::read(value) {
            Ok(port) => Ok(Self(port)),
            Err(wrong) if value.as_integer().is_none() => Err(wrong),
            Err(_) => Err(Wrong {
                what: text!("端口号超出范围", "the port is out of range"),
                allowed: text!(
                    "0 至 65535，0 表示任一空闲端口",
                    "0 to 65535; 0 takes any that is free"
                ),
                remedy: text!("改为未被占用的端口", "choose a port that is free"),
            }),
        }
    }
}

/// An absolute path.
pub(super) struct AbsolutePath(pub(super) PathBuf);

impl Value for AbsolutePath {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let path = PathBuf::from(text);
        let plain = path.is_absolute()
            && !text.contains('\0')
            && path
                .components()
                .all(|c| c != std::path::Component::ParentDir);
        let wrong = || {
            invalid(
                text,
                "以 / 开头、不含 .. 的路径",
                "a path that begins with / and holds no ..",
                "\"/srv/recordings\"",
            )
        };
        plain.then_some(Self(path)).ok_or_else(wrong)
    }
}

/// The address of a service: `http://host:port/path` or `https://…`, without user or password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(hyper::Uri);

impl HttpUrl {
    /// A DNS name or an address.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or("").trim_matches(['[', ']'])
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        let usual = if self.is_https() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(usual)
    }

    /// Whether it is spoken to over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The whole address.
    pub fn uri(&self) -> &hyper::Uri {
        &self.0
    }
}

impl Value for HttpUrl {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let uri: Option<hyper::Uri> = text.parse().ok();
        let plain = uri.filter(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && !text.contains('@')
        });
        plain.map(Self).ok_or_else(|| {
            // never repeated: it may hold a password
            Wrong {
                what: text!("不是有效的地址", "this is no valid address"),
                allowed: text!(
                    "http:// 或 https://主机:端口/路径",
                    "http:// or https://host:port/path"
                ),
                remedy: text!(
                    "例如 \"http://tsa.example.cn/tsr\"；不含用户名和密码",
                    "for example \"http://tsa.example.cn/tsr\"; without user or password"
                ),
            }
        })
    }
}

/// A capture device of ALSA.
pub(super) struct AlsaName(pub(super) String);

impl Value for AlsaName {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || ":,=_-.".contains(c);
        let fits = (1..=64).contains(&text.len()) && text.chars().all(allowed);
        let wrong = || {
            invalid(
                text,
                "arecord -L 列出的 ALSA 采集设备名",
                "an ALSA capture device as arecord -L lists it",
                "\"hw:1\"",
            )
        };
        fits.then(|| Self(text.to_owned())).ok_or_else(wrong)
    }
}

/// Somebody's name at a camera.
pub(super) struct UserName(pub(super) String);

impl Value for UserName {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let fits = (1..=64).contains(&text.len())
            && !text.chars().any(char::is_control)
            && !text.contains(':');
        let wrong = || {
            invalid(
                text,
                "1 至 64 个字符，不含冒号",
                "1 to 64 characters, no colon",
                "\"bidroom\"",
            )
        };
        fits.then(|| Self(text.to_owned())).ok_or_else(wrong)
    }
}

impl Value for Secret {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        // the value is never repeated
        let wrong = || Wrong {
            what: text!(
                "密码为空、过长或含控制字符",
                "the password is empty, too long, or holds control characters"
            ),
            allowed: text!("1 至 128 个可见字符", "1 to 128 visible characters"),
            remedy: text!(
                "改正密码，或改用 credential / password_file",
                "correct it, or use credential or password_file"
            ),
        };
        let fits = (1..=128).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self::new(text)).ok_or_else(wrong)
    }
}

/// The name of a systemd credential.
pub(super) struct CredentialName(pub(super) String);

impl Value for CredentialName {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let wrong = || {
            invalid(
                text,
                "systemd 凭据名：1 至 64 个字母、数字、-、_ 和 .",
                "a systemd credential's name: 1 to 64 letters, digits, '-', '_' and '.'",
                "\"camera-password\"",
            )
        };
        Password::is_credential_name(text)
            .then(|| Self(text.to_owned()))
            .ok_or_else(wrong)
    }
}
