//! Owns a camera's address: `rtsp://host:port/path`, without user or password.

use super::document::{Value, Wrong};
use super::values::string;
use std::fmt;
use toml::de::DeValue;

/// Where an RTSP stream is. Never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RtspUrl {
    host: String,
    port: u16,
    path: String,
}

/// RTSP's own port.
const RTSP_PORT: u16 = 554;

/// Why a text is no camera address. Says nothing of the text itself: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Another scheme, or none.
    #[error("it does not begin with rtsp://")]
    Scheme,
    /// `user:password@`.
    #[error("it holds a user or a password")]
    HoldsSignIn,
    /// No host, or one that cannot be.
    #[error("its host is missing or not valid")]
    Host,
    /// Not 1 to 65535.
    #[error("its port is not valid")]
    Port,
    /// Spaces, control or non-ASCII characters, or too long.
    #[error("its path holds characters that must be written as %XX")]
    Path,
}

impl RtspUrl {
    /// A DNS name or an address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query, beginning with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl std::str::FromStr for RtspUrl {
    type Err = InvalidUrl;
    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let rest = text.strip_prefix("rtsp://").ok_or(InvalidUrl::Scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // An '@' anywhere: a raw '/' in a password would hide it behind the first '/'.
        if rest.contains('@') || names_password(path) {
            return Err(InvalidUrl::HoldsSignIn);
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, port) = v6.split_once(']').ok_or(InvalidUrl::Host)?;
                host.parse::<std::net::Ipv6Addr>()
                    .map_err(|_| InvalidUrl::Host)?;
                let port = match port {
                    "" => None,
                    port => Some(port.strip_prefix(':').ok_or(InvalidUrl::Port)?),
                };
                (host, port)
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if !authority.starts_with('[') && !is_host(host) {
            return Err(InvalidUrl::Host);
        }
        let port = match port {
            None => RTSP_PORT,
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => port
                .parse()
                .ok()
                .filter(|p| *p > 0)
                .ok_or(InvalidUrl::Port)?,
            Some(_) => return Err(InvalidUrl::Port),
        };
        if path.len() > 1000 || path.contains('#') || !path.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidUrl::Path);
        }
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            path,
        })
    }
}

/// `?user=admin&password=…`, which some cameras take.
fn names_password(path: &str) -> bool {
    let query = path
        .split_once('?')
        .map_or("", |(_, query)| query)
        .to_ascii_lowercase();
    query.split(['&', '?', ';']).any(|pair| {
        let name = pair.split('=').next().unwrap_or("");
        ["pass", "pwd", "user", "token", "auth"]
            .iter()
            .any(|word| name.contains(word))
    })
}

fn is_host(host: &str) -> bool {
    host.parse::<crate::keys::HostName>().is_ok()
}

impl fmt::Display for RtspUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, path } = self;
        match host.contains(':') {
            true => write!(f, "rtsp://[{host}]:{port}{path}"),
            false => write!(f, "rtsp://{host}:{port}{path}"),
        }
    }
}

impl Value for RtspUrl {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        // the address is never repeated: it may hold a password
        let allowed = text!("rtsp://主机:端口/路径", "rtsp://host:port/path");
        text.parse().map_err(|fault| {
            let (what, remedy) = match fault {
                InvalidUrl::Scheme => (
                    text!("地址不是以 rtsp:// 开头", "the address does not begin with rtsp://"),
                    text!("填写摄像机的 RTSP 主码流地址（见摄像机说明书或其网页）", "write the camera's RTSP address (its manual or web page names it)"),
                ),
                InvalidUrl::HoldsSignIn => (
                    text!("地址中含有用户名或密码", "the address holds a user or a password"),
                    text!(
                        "从地址中删去；写 username = \"…\" 和 credential = \"…\"（或 password_file）。路径中的 @ 写成 %40",
                        "take them out of the address; write username = \"…\" and credential = \"…\" (or password_file). Write an @ in the path as %40"
                    ),
                ),
                InvalidUrl::Host => (
                    text!("地址中没有有效的主机", "the address has no valid host"),
                    text!("写摄像机的 IP 地址或主机名；IPv6 写在方括号里", "write the camera's address or host name; IPv6 in square brackets"),
                ),
                InvalidUrl::Port => (
                    text!("地址中的端口无效", "the address's port is not valid"),
                    text!("写 1 至 65535，或省略（554）", "write 1 to 65535, or leave it out (554)"),
                ),
                InvalidUrl::Path => (
                    text!("地址中有空格或其他不允许的字符", "the address holds spaces or other characters that it must not"),
                    text!("把这些字符写成 %XX", "write these characters as %XX"),
                ),
            };
            Wrong { what, allowed, remedy }
        })
    }
}
