//! Owns the check of the box's keys: private, whole, valid, and for the names it is called by.
//! Reads only; the daemon itself makes and renews them.

use super::finding::{Finding, Level};
use super::run::Premises;
use crate::config::{Profile, Text};
use crate::keys::HostName;
use crate::room::Utc;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

const DAY_MS: i64 = 86_400_000;
/// Whoever must order a new certificate needs this long.
pub const WARN_DAYS: i64 = 30;

/// What a certificate is good for.
struct Certificate {
    names: Vec<HostName>,
    begins: Utc,
    ends: Utc,
}

pub(super) fn check(profile: &Profile, premises: &Premises) -> Vec<Finding> {
    let folder = premises.data.join("keys");
    let mut findings = vec![private(&folder)];
    if let Some(path) = given(premises) {
        findings.push(served(&path, profile, premises.now));
    } else if folder.join("ca.pem").exists() {
        findings.push(authority(&folder.join("ca.pem"), premises.now));
    }
    findings
}

/// For how many days more the console is served with what there is: the centre's certificate, else the box's own CA. None
/// before the first start.
///
/// # Errors
/// The file cannot be read, or holds no certificate; it is named.
pub fn certificate_days(premises: &Premises) -> Option<Result<i64, Text>> {
    let own = premises.data.join("keys/ca.pem");
    let path = given(premises).or_else(|| own.exists().then_some(own))?;
    Some(read(&path).map(|certificate| super::days_until(certificate.ends, premises.now)))
}

fn given(premises: &Premises) -> Option<PathBuf> {
    let given = premises.credentials.as_ref()?.join("server.pem");
    given.exists().then_some(given)
}

/// The folder and its files: open to their owner only.
fn private(folder: &Path) -> Finding {
    let (id, subject) = ("keys", text!("密钥", "Keys"));
    if !folder.exists() {
        let result = text!(
            "尚未生成，首次启动时生成",
            "none yet: the first start makes them"
        );
        return Finding::ok(id, subject, result);
    }
    match exposed(folder) {
        Ok(None) => Finding::ok(
            id,
            subject,
            text!("只有所有者可读", "private to their owner"),
        ),
        Ok(Some(path)) => {
            let path = path.display();
            Finding::bad(
                Level::Fault,
                id,
                subject,
                text!("其他用户可读取密钥", "others can read the keys"),
                text!("{path} 的权限过宽", "the mode of {path} is too wide"),
                text!(
                    "chmod go-rwx {path}；怀疑泄露时更换密钥",
                    "chmod go-rwx {path}; if somebody may have read it, replace the keys"
                ),
            )
        }
        Err(error) => {
            let path = folder.display();
            Finding::bad(
                Level::Fault,
                id,
                subject,
                text!("无法检查", "cannot be checked"),
                text!("{path}：{error}", "{path}: {error}"),
                text!(
                    "以运行 bidroom 的用户执行自检：sudo -u bidroom bidroom check …",
                    "run the check as bidroom's user: sudo -u bidroom bidroom check …"
                ),
            )
        }
    }
}

fn exposed(folder: &Path) -> io::Result<Option<PathBuf>> {
    let open = |path: &Path| fs::metadata(path).map(|m| m.permissions().mode() & 0o077 != 0);
    if open(folder)? {
        return Ok(Some(folder.to_owned()));
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if open(&path)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// A certificate that the centre gave: it is served as it is, so it must fit.
fn served(path: &Path, profile: &Profile, now: Utc) -> Finding {
    let (id, subject) = ("certificate", text!("网页证书", "Console's certificate"));
    let certificate = match read(path) {
        Ok(certificate) => certificate,
        Err(cause) => return unreadable(id, subject, cause),
    };
    if let Some(finding) = expired(id, &subject, &certificate, now) {
        return finding;
    }
    let names = &profile.network.host_names;
    match names.iter().find(|name| !certificate.names.contains(name)) {
        None => Finding::ok(id, subject, days_left(&certificate, now)),
        Some(name) => Finding::bad(
            Level::Fault,
            id,
            subject,
            text!("不含名称 {name}", "is not for {name}"),
            text!(
                "host_names 中的 {name} 不在证书的名称里，浏览器会拒绝",
                "host_names has {name}, the certificate has not: browsers refuse it"
            ),
            text!(
                "换一张包含全部名称的证书，或改正 host_names",
                "use a certificate with all names, or correct host_names"
            ),
        ),
    }
}

/// The box's own CA: workstations trust it, so its end must be known early.
fn authority(path: &Path, now: Utc) -> Finding {
    let (id, subject) = ("certificate", text!("本机证书颁发机构", "The box's own CA"));
    match read(path) {
        Err(cause) => unreadable(id, subject, cause),
        Ok(certificate) => expired(id, &subject, &certificate, now)
            .unwrap_or_else(|| Finding::ok(id, subject, days_left(&certificate, now))),
    }
}

fn days_left(certificate: &Certificate, now: Utc) -> Text {
    let days = (certificate.ends.0 - now.0) / DAY_MS;
    text!("有效，还剩 {days} 天", "valid for {days} days more")
}

fn expired(id: &str, subject: &Text, certificate: &Certificate, now: Utc) -> Option<Finding> {
    let renew = text!(
        "更换证书：凭据 server.pem，或删除数据目录中的 keys/server.pem 后重启",
        "replace it: the credential server.pem; or remove keys/server.pem in the data folder and restart"
    );
    let days = (certificate.ends.0 - now.0).div_euclid(DAY_MS);
    let (level, result, cause) = if now < certificate.begins {
        let cause = text!(
            "系统时间早于证书的生效时间",
            "the clock is before the certificate's beginning"
        );
        (Level::Fault, text!("尚未生效", "not valid yet"), cause)
    } else if now >= certificate.ends {
        let ago = -days;
        let cause = text!("已过期 {ago} 天", "it ended {ago} days ago");
        (Level::Fault, text!("已过期", "expired"), cause)
    } else if days < WARN_DAYS {
        let cause = text!("还剩 {days} 天", "{days} days are left");
        (Level::Warning, text!("即将过期", "ends soon"), cause)
    } else {
        return None;
    };
    Some(Finding::bad(
        level,
        id,
        subject.clone(),
        result,
        cause,
        renew,
    ))
}

fn unreadable(id: &str, subject: Text, cause: Text) -> Finding {
    Finding::bad(
        Level::Fault,
        id,
        subject,
        text!("无法读取", "cannot be read"),
        cause,
        text!(
            "从备份恢复该文件，并确认运行 bidroom 的用户可读",
            "restore the file, and see that bidroom's user may read it"
        ),
    )
}

/// Reads the first certificate of a PEM file, which may hold its key too.
fn read(path: &Path) -> Result<Certificate, Text> {
    let shown = path.display();
    let bytes = zeroize::Zeroizing::new(
        fs::read(path).map_err(|error| text!("{shown}：{error}", "{shown}: {error}"))?,
    );
    let damaged = || {
        text!(
            "{shown} 中没有完好的证书",
            "{shown} holds no whole certificate"
        )
    };
    let pem = Pem::iter_from_buffer(&bytes)
        .filter_map(Result::ok)
        .find(|pem| pem.label == "CERTIFICATE")
        .ok_or_else(damaged)?;
    let x509 = pem.parse_x509().map_err(|_| damaged())?;
    let names = match x509.subject_alternative_name().map_err(|_| damaged())? {
        Some(names) => names
            .value
            .general_names
            .iter()
            .filter_map(host_name)
            .collect(),
        None => Vec::new(),
    };
    let validity = x509.validity();
    let utc = |time: x509_parser::time::ASN1Time| Utc(time.timestamp().saturating_mul(1000));
    Ok(Certificate {
        names,
        begins: utc(validity.not_before),
        ends: utc(validity.not_after),
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other kinds of names are no host names"
)]
fn host_name(name: &GeneralName<'_>) -> Option<HostName> {
    match name {
        GeneralName::DNSName(name) => name.parse().ok(),
        GeneralName::IPAddress(octets) => match **octets {
            [a, b, c, d] => Some(HostName::Ip([a, b, c, d].into())),
            _ => <[u8; 16]>::try_from(*octets)
                .ok()
                .map(|v6| HostName::Ip(v6.into())),
        },
        _ => None,
    }
}
