//! Owns the small papers of a bag, made from the session's journal: attendance by mask, the profile without passwords, and the
//! sealing report that a person reads. It says what sealing knows and claims no more: whether the archive has the four
//! properties (四性检测, DA/T 70) is found when it is read back, and told by [`super::detection`].

use crate::room::{
    Actor, Entry, Event, GapCause, IndexHead, MemberNo, Plan, SeatNo, SessionKind, Track, Utc,
};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// One member's coming and going; who it is stands in the vault and the sealed container only.
#[derive(Debug, Default, Serialize)]
struct Attendance {
    member: u8,
    seat: Option<u8>,
    arrived: Option<Utc>,
    late: bool,
    left: Option<Utc>,
    signed: Option<Utc>,
    dissent: bool,
}

/// The last plan in a session's journal.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these events tell it")]
pub fn plan(entries: &[Entry]) -> Option<&Plan> {
    entries.iter().rev().find_map(|entry| match &entry.event {
        Event::SessionPlanned { plan } | Event::PlanChanged { plan } => Some(plan),
        _ => None,
    })
}

/// Who came, sat where, signed and left, as JSON.
///
/// # Errors
/// Never in practice: the encoding's.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these events tell it")]
pub fn attendance(entries: &[Entry]) -> serde_json::Result<Vec<u8>> {
    let mut members: BTreeMap<MemberNo, Attendance> = BTreeMap::new();
    for entry in entries {
        let at = entry.stamp.at;
        match &entry.event {
            Event::MemberCheckedIn { member, seat, late } => {
                let SeatNo(seat) = seat;
                let known = of(&mut members, member);
                (known.arrived, known.seat, known.late) = (Some(at), Some(*seat), *late);
            }
            Event::MemberLeft { member, .. } => of(&mut members, member).left = Some(at),
            Event::ReportSigned { member, dissent } => {
                let known = of(&mut members, member);
                (known.signed, known.dissent) = (Some(at), *dissent);
            }
            _ => {}
        }
    }
    serde_json::to_vec_pretty(&members.into_values().collect::<Vec<_>>())
}

fn of<'a>(members: &'a mut BTreeMap<MemberNo, Attendance>, no: &MemberNo) -> &'a mut Attendance {
    let known = members.entry(*no).or_default();
    known.member = no.0;
    known
}

/// A profile's text without what signs in at cameras and phone lines.
///
/// # Errors
/// It is no TOML any more.
pub fn without_passwords(profile: &str) -> Result<String, toml::de::Error> {
    let mut table: toml::Table = profile.parse()?;
    redact(&mut table);
    Ok(table.to_string())
}

fn redact(table: &mut toml::Table) {
    for key in ["password", "username", "user"] {
        table.remove(key);
    }
    for (_, value) in table.iter_mut() {
        if let toml::Value::Table(table) = value {
            redact(table);
        } else if let toml::Value::Array(all) = value {
            all.iter_mut()
                .filter_map(toml::Value::as_table_mut)
                .for_each(redact);
        }
    }
}

/// How a page that needs nothing else looks.
pub(super) const STYLE: &str = "<style>body{font:16px/1.6 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
    table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3em .6em;text-align:left}\
    code{overflow-wrap:anywhere}.bad{color:#b00}</style>";

/// A moment as the room's people write it.
pub(super) fn shown(at: Utc, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_| at.0.to_string(),
        |t| {
            zone.to_datetime(t)
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
        },
    )
}

/// What a session's journal tells, in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Its entries.
    pub entries: usize,
    /// The gaps of its recordings.
    pub gaps: usize,
    /// Those that the technician or the supervisor has not explained.
    pub unexplained: usize,
}

/// Counts what a session's journal tells.
pub fn told(entries: &[Entry]) -> Told {
    let gaps = gaps(entries);
    let open = |gap: &&Gap| gap.technician.is_empty() || gap.supervisor.is_empty();
    Told {
        entries: entries.len(),
        gaps: gaps.len(),
        unexplained: gaps.values().filter(open).count(),
    }
}

/// What the report tells of beside the journal.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// Where every index stands.
    pub heads: &'a BTreeMap<crate::room::FeedId, IndexHead>,
    /// Room and centre.
    pub room: (&'a str, &'a str),
    /// The room's time zone.
    pub zone: &'a TimeZone,
    /// When it is sealed.
    pub at: Utc,
    /// Whether the personal data are in a container.
    pub container: bool,
    /// Whether every file has an SM3 hash too.
    pub sm3: bool,
}

struct Gap {
    feed: String,
    track: Track,
    cause: GapCause,
    from: Utc,
    to: Option<Utc>,
    technician: Vec<String>,
    supervisor: Vec<String>,
}

/// The sealing report, as one HTML page that needs nothing else.
pub fn report(entries: &[Entry], around: &Circumstances<'_>) -> String {
    let time = |at| shown(at, around.zone);
    let session = entries.iter().find_map(|e| e.session.as_ref());
    let session = session.map_or("", |id| id.as_str());
    let rehearsal = plan(entries).is_some_and(|plan| plan.kind == SessionKind::Rehearsal);
    let gaps = gaps(entries);
    let bytes: u64 = around.heads.values().map(|head| head.bytes).sum();
    let mut page = format!(
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>封存报告</title>{STYLE}"
    );
    let title = if rehearsal {
        "演练（非正式评标）"
    } else {
        "评标"
    };
    // writing to a string cannot fail
    let _ = write!(
        page,
        "<h1>电子档案封存报告</h1><p>{title}场次 {} · {} · {} · 封存于 {}</p>\
         <p>本报告写于封存之时，只记封存时已知的事实，不作检测结论：录像文件的散列值是录制时边写边算的，封存时没有重新读取。\
         四性检测（真实性、完整性、可用性、安全性）在封存之后重新读取全部文件时进行，\
         结论见本档案包中的 detection/report.html，由本机证书另行签名。</p>",
        escape(session),
        escape(around.room.1),
        escape(around.room.0),
        time(around.at)
    );
    let hashes = if around.sm3 {
        "SHA-256 与 SM3"
    } else {
        "SHA-256"
    };
    let personal = if around.container {
        "个人信息单独加密，仅审计密钥可开启"
    } else {
        "本档案不含个人信息容器"
    };
    let _ = write!(
        page,
        "<table><tr><th>事项<th>封存时所记\
         <tr><td>业务日志<td>{} 条，逐条以散列链接\
         <tr><td>录像<td>{} 路，{} 个文件，{bytes} 字节，录制时未经转码；已记录的缺失 {} 处\
         <tr><td>清单<td>{hashes}；清单由本机证书签名\
         <tr><td>个人信息<td>{personal}；档案中以代号称呼成员</table>",
        entries.len(),
        around.heads.len(),
        around.heads.values().map(|head| head.segments).sum::<u64>(),
        gaps.len(),
    );
    page.push_str("<h2>各路录像</h2><table><tr><th>录像<th>文件<th>字节<th>索引末行 SHA-256");
    for (feed, head) in around.heads {
        let _ = write!(
            page,
            "<tr><td>{feed}<td>{}<td>{}<td><code>{}</code>",
            head.segments,
            head.bytes,
            escape(&head.sha256)
        );
    }
    page.push_str("</table><h2>缺失及说明</h2>");
    if gaps.is_empty() {
        page.push_str("<p>没有缺失。</p></html>\n");
        return page;
    }
    page.push_str(
        "<table><tr><th>编号<th>录像<th>起<th>止<th>原因<th>技术人员说明<th>监督人员确认",
    );
    for (no, gap) in &gaps {
        let said = |notes: &[String]| match notes {
            [] => "<span class=\"bad\">未说明</span>".to_owned(),
            notes => escape(&notes.join("；")),
        };
        let track = match gap.track {
            Track::Video => "画面",
            Track::Audio => "声音",
        };
        let _ = write!(
            page,
            "<tr><td>{no}<td>{} {track}<td>{}<td>{}<td>{}<td>{}<td>{}",
            escape(&gap.feed),
            time(gap.from),
            gap.to.map_or_else(String::new, time),
            cause(gap.cause),
            said(&gap.technician),
            said(&gap.supervisor),
        );
    }
    page.push_str("</table></html>\n");
    page
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these events tell it")]
fn gaps(entries: &[Entry]) -> BTreeMap<u32, Gap> {
    let mut gaps = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::RecordingGapOpened {
                gap,
                feed,
                track,
                from,
                cause,
            } => {
                let opened = Gap {
                    feed: feed.to_string(),
                    track: *track,
                    cause: *cause,
                    from: *from,
                    to: None,
                    technician: Vec::new(),
                    supervisor: Vec::new(),
                };
                gaps.insert(*gap, opened);
            }
            Event::RecordingGapClosed { gap, to, .. } => {
                if let Some(gap) = gaps.get_mut(gap) {
                    gap.to = Some(*to);
                }
            }
            Event::GapExplained { gap, text } => {
                if let Some(gap) = gaps.get_mut(gap) {
                    let said = match entry.actor {
                        Actor::Supervisor { .. } => &mut gap.supervisor,
                        _ => &mut gap.technician,
                    };
                    said.push(text.as_str().to_owned());
                }
            }
            _ => {}
        }
    }
    gaps
}

fn cause(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Absent => "信号源尚未接入",
        GapCause::SourceLost => "信号源断开",
        GapCause::Silent => "信号源无数据",
        GapCause::NoKeyFrame => "无关键帧",
        GapCause::Unusable => "数据无法存储",
        GapCause::Lagged => "录制跟不上",
        GapCause::Disk => "磁盘故障",
        GapCause::DaemonNotRunning => "程序未运行",
    }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
