//! Owns the check of what sealing needs: whom personal data are encrypted to, who signs under SM2, and who confirms
//! the moment. Who looks is handed
//! in: certificates are read, and the authority asked, by the archive's own means.

use super::finding::{Finding, Level};
use crate::config::Text;
use crate::room::Utc;

const DAY_MS: i64 = 86_400_000;
/// An audit certificate that ends sooner is told: another authority has to issue the next.
pub const AUDIT_WARN_DAYS: i64 = 60;

/// What was seen of what sealing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingSeen {
    /// When the audit certificate ends, or why nothing can be encrypted to it; none where the profile names none.
    pub audit: Option<Result<Utc, String>>,
    /// When the certificate of the SM2 key ends, or why nothing can be signed with it; none where the profile names none.
    pub sm2: Option<Result<Utc, String>>,
    /// Whom attendance is stated to.
    pub pool: PoolSeen,
    /// The authority's address, and why it gave no time stamp where it did not; none where the profile names none.
    pub tsa: Option<(String, Result<(), String>)>,
}

/// What was seen of the certificate of the pool's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolSeen {
    /// The room has no hub to send a statement to.
    NoHub,
    /// The profile names none: no attendance is stated.
    NotSet,
    /// Nothing can be encrypted to it; why.
    Unfit(String),
    /// It ends then.
    Until(Utc),
}

/// How long an end is away, in days; negative after it.
pub fn days_until(ends: Utc, now: Utc) -> i64 {
    (ends.0 - now.0).div_euclid(DAY_MS)
}

pub(super) fn judge(seen: SealingSeen, now: Utc) -> Vec<Finding> {
    let mut findings = vec![audit(seen.audit, now)];
    findings.extend(pool(seen.pool, now));
    findings.extend(seen.sm2.map(|key| sm2(key, now)));
    findings.extend(seen.tsa.map(|(address, answered)| tsa(&address, answered)));
    findings
}

fn audit(seen: Option<Result<Utc, String>>, now: Utc) -> Finding {
    let (id, subject) = ("audit-certificate", text!("审计证书", "Audit certificate"));
    let ends = match seen {
        None => {
            return Finding::bad(
                Level::Warning,
                id,
                subject,
                text!("没有设置", "none is set"),
                text!(
                    "没有 audit_certificate，个人信息不能加密给审计人员，不进入档案",
                    "without audit_certificate personal data cannot be sealed for an auditor, and stay out of the archive"
                ),
                text!(
                    "在 [storage] 中写 audit_certificate = \"/etc/bidroom/audit.pem\"（P-256 证书，私钥由审计部门保管）",
                    "in [storage] write audit_certificate = \"/etc/bidroom/audit.pem\" (a P-256 certificate; the auditors keep its key)"
                ),
            );
        }
        Some(Err(why)) => {
            return Finding::bad(
                Level::Fault,
                id,
                subject,
                text!(
                    "不可用，档案无法封存",
                    "cannot be used: nothing can be sealed"
                ),
                text!("{why}", "{why}"),
                text!(
                    "换一张 P-256 证书（PEM），例如 openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 …；RSA 证书不能用",
                    "give a P-256 certificate in PEM, e.g. by openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 …; RSA will not do"
                ),
            );
        }
        Some(Ok(ends)) => ends,
    };
    let remedy = text!(
        "请审计部门签发新证书，替换 audit_certificate；旧私钥须保留，用于打开以前的档案",
        "ask the auditors for a new certificate and replace audit_certificate; the old key still opens earlier archives: keep it"
    );
    ending(id, subject, (ends, now), remedy)
}

fn pool(seen: PoolSeen, now: Utc) -> Option<Finding> {
    let (id, subject) = (
        "pool-certificate",
        text!("专家库所有者证书", "Certificate of the pool's owner"),
    );
    let ends = match seen {
        PoolSeen::NoHub => return None,
        // lawful, and told so that nobody waits for statements
        PoolSeen::NotSet => {
            let told = text!(
                "没有设置 pool_certificate，不上报出勤情况",
                "no pool_certificate is set: no attendance is stated"
            );
            return Some(Finding::ok(id, subject, told));
        }
        PoolSeen::Unfit(why) => {
            return Some(Finding::bad(
                Level::Warning,
                id,
                subject,
                text!(
                    "不可用，出勤情况无法上报",
                    "cannot be used: no attendance can be stated"
                ),
                text!("{why}", "{why}"),
                text!(
                    "换一张 P-256 证书（PEM）；评标结束后 7 天内换好，出勤情况会补报",
                    "give a P-256 certificate in PEM; within 7 days of an evaluation's end its attendance is stated after all"
                ),
            ));
        }
        PoolSeen::Until(ends) => ends,
    };
    let remedy = text!(
        "请专家库所有者签发新证书，替换 pool_certificate",
        "ask the pool's owner for a new certificate and replace pool_certificate"
    );
    Some(ending(id, subject, (ends, now), remedy))
}

fn sm2(seen: Result<Utc, String>, now: Utc) -> Finding {
    let (id, subject) = ("sm2-key", text!("SM2 密钥", "SM2 key"));
    match seen {
        Err(why) => Finding::bad(
            Level::Fault,
            id,
            subject,
            text!(
                "不可用，档案无法封存",
                "cannot be used: nothing can be sealed"
            ),
            text!("{why}", "{why}"),
            text!(
                "把 SM2 私钥（PKCS#8，未加密）和它的证书放在同一个 PEM 文件中，或从 [storage] 中删去 sm2",
                "put the SM2 key (PKCS#8, not encrypted) and its certificate into one PEM file, or remove sm2 from [storage]"
            ),
        ),
        Ok(ends) => {
            let remedy = text!(
                "请签发机构换发证书，替换 sm2 文件",
                "ask its authority for a new certificate and replace the file of sm2"
            );
            ending(id, subject, (ends, now), remedy)
        }
    }
}

/// How long a certificate is valid yet.
fn ending(id: &str, subject: Text, (ends, now): (Utc, Utc), remedy: Text) -> Finding {
    let days = days_until(ends, now);
    if days >= AUDIT_WARN_DAYS {
        return Finding::ok(
            id,
            subject,
            text!("有效，还剩 {days} 天", "valid for {days} days more"),
        );
    }
    let (result, cause) = match days < 0 {
        true => {
            let ago = -days;
            (
                text!("已过期", "expired"),
                text!("已过期 {ago} 天", "it ended {ago} days ago"),
            )
        }
        false => (
            text!("即将过期", "ends soon"),
            text!("还剩 {days} 天", "{days} days are left"),
        ),
    };
    Finding::bad(Level::Warning, id, subject, result, cause, remedy)
}

fn tsa(address: &str, answered: Result<(), String>) -> Finding {
    let (id, subject) = ("time-stamp", text!("时间戳机构", "Time-stamping authority"));
    match answered {
        Ok(()) => Finding::ok(
            id,
            subject,
            text!(
                "{address}，已签发试验时间戳",
                "{address}: gave a time stamp"
            ),
        ),
        Err(why) => Finding::bad(
            Level::Warning,
            id,
            subject,
            text!("没有给出时间戳", "gave no time stamp"),
            text!("{address}：{why}", "{address}: {why}"),
            text!(
                "核对 tsa 地址和网络；封存时仍无应答，档案将没有时间戳",
                "check the address tsa and the network; if it stays so, archives are sealed without a time stamp"
            ),
        ),
    }
}
