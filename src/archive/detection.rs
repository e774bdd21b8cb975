//! Owns the detection report (四性检测报告, DA/T 70): what was found when a sealed archive was read back from the disk.
//!
//! It judges the payload, so it cannot be part of it: it lies in the bag as a tag file that no manifest names, with a signature
//! of its own over its very bytes, and names the seal that it is about.

use super::bag_folder;
use super::index::is_segment_name;
use super::papers::{STYLE, Told, escape, shown};
use super::seal::{SealFault, write_whole};
use super::signature;
use super::verify::{FaultKind, Trust, Verdict};
use crate::keys::Keys;
use crate::room::{Seal, SessionId, Utc};
use jiff::tz::TimeZone;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The report in the bag: HTML.
pub const DETECTION: &str = "detection/report.html";
/// Its signature: CMS, detached, DER.
pub const DETECTION_SIGNATURE: &str = "detection/report.html.p7s";

/// What was found, and about what.
#[derive(Debug)]
pub struct Detection<'a> {
    /// What is judged.
    pub seal: &'a Seal,
    /// What verifying it from the disk gave.
    pub verdict: &'a Verdict,
    /// The recorded files.
    pub playable: Playable,
    /// What the journal tells: its entries and gaps.
    pub told: Told,
    /// The room's time zone.
    pub zone: &'a TimeZone,
    /// When it was read.
    pub at: Utc,
}

/// Recorded files, by whether players can open them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Playable {
    /// All.
    pub files: u64,
    /// Those whose boxes are whole from the first to the last byte.
    pub whole: u64,
}

/// Takes away the report of a detection that is to be made anew.
///
/// # Errors
/// The disk's.
pub fn forget(data: &Path, session: &SessionId) -> io::Result<()> {
    for name in [DETECTION, DETECTION_SIGNATURE] {
        match fs::remove_file(bag_folder(data, session).join(name)) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Writes the report and its signature into the bag.
///
/// # Errors
/// The disk's or the key's; it can be tried again.
pub fn write(
    data: &Path,
    session: &SessionId,
    keys: &Keys,
    detection: &Detection<'_>,
) -> Result<(), SealFault> {
    let bag = bag_folder(data, session);
    let folder = bag.join("detection");
    fs::create_dir_all(&folder)?;
    let page = report(session, detection);
    let signature = signature::sign(keys, page.as_bytes(), detection.at)?;
    // a report is never without its signature, wherever this is killed
    write_whole(&bag.join(DETECTION_SIGNATURE), &signature)?;
    File::open(&folder)?.sync_all()?;
    write_whole(&bag.join(DETECTION), page.as_bytes())?;
    File::open(&folder)?.sync_all()?;
    Ok(File::open(&bag)?.sync_all()?)
}

/// Looks at the structure of every recorded file. Reads the boxes' heads only.
///
/// # Errors
/// The folder cannot be read; a file that cannot be is not whole.
pub fn playable(data: &Path, session: &SessionId) -> io::Result<Playable> {
    let mut found = Playable::default();
    let feeds = match fs::read_dir(super::feeds_folder(data, session)) {
        Ok(feeds) => feeds,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(fault) => return Err(fault),
    };
    for feed in feeds {
        for file in fs::read_dir(feed?.path())? {
            let file = file?;
            if is_segment_name(&file.file_name().to_string_lossy()) {
                found.files += 1;
                found.whole += u64::from(is_whole(&file.path()).unwrap_or(false));
            }
        }
    }
    Ok(found)
}

/// Whether a file's boxes (ISO/IEC 14496-12, 4.2) end where it does, and a header and media are among them.
fn is_whole(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let (mut at, mut header, mut media) = (0, false, false);
    while at < length {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head[..8])?;
        let [a, b, c, d, name @ ..] = head;
        let (size, least) = match u32::from_be_bytes([a, b, c, d]) {
            1 => {
                file.read_exact(&mut head[8..])?;
                let size = head[8..].try_into().map_or(0, u64::from_be_bytes);
                (size, 16)
            }
            size => (u64::from(size), 8),
        };
        header |= name.starts_with(b"moov");
        media |= name.starts_with(b"mdat");
        match at.checked_add(size) {
            Some(end) if size >= least && end <= length => at = end,
            Some(_) | None => return Ok(false),
        }
    }
    Ok(header && media)
}

fn report(session: &SessionId, detection: &Detection<'_>) -> String {
    let Detection { verdict, told, .. } = detection;
    let time = |at| shown(at, detection.zone);
    let mut page = format!(
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>四性检测报告</title>{STYLE}\
         <h1>电子档案四性检测报告</h1>\
         <p>场次 {} · 检测于 {} · bidroom {}\
         <p>本报告所述，是封存之后从磁盘重新读取全部文件所得，由本机证书另行签名（report.html.p7s）。\
         所检档案：tagmanifest-sha256.txt 的 SHA-256 为 <code>{}</code>。\
         <table><tr><th>检测项<th>所做<th>所得<th>结论",
        escape(session.as_str()),
        time(detection.at),
        env!("CARGO_PKG_VERSION"),
        escape(&detection.seal.sha256),
    );
    for row in [
        authenticity(verdict, told, &time),
        integrity(verdict, told),
        usability(detection.playable),
        security(verdict),
    ] {
        let class = if row.good { "" } else { " class=\"bad\"" };
        // writing to a string cannot fail
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td{class}>{}",
            row.property, row.done, row.found, row.conclusion
        );
    }
    page.push_str(
        "</table><p>未做：外部见证的比对（见证在本机之外，用 bidroom verify --witness 比对）；病毒检测；逐帧解码；个人信息的全文检索。",
    );
    if !verdict.faults.is_empty() {
        page.push_str("<h2>不符之处</h2><table><tr><th>文件<th>类别<th>起<th>止<th>所见");
    }
    for fault in &verdict.faults {
        let at = |at: Option<Utc>| at.map_or_else(String::new, &time);
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td lang=\"en\">{}",
            escape(&fault.file),
            kind(fault.kind),
            at(fault.from),
            at(fault.to),
            escape(&fault.detail)
        );
    }
    if !verdict.faults.is_empty() {
        page.push_str("</table>");
    }
    page.push_str("</html>\n");
    page
}

/// One of the four properties.
struct Row {
    property: &'static str,
    done: &'static str,
    found: String,
    good: bool,
    conclusion: &'static str,
}

impl Row {
    /// There is nothing to judge, which is no merit.
    fn not_applicable(mut self) -> Self {
        self.conclusion = "不适用";
        self
    }
}

fn row(property: &'static str, done: &'static str, found: String, good: bool) -> Row {
    let conclusion = if good { "合格" } else { "不合格" };
    Row {
        property,
        done,
        found,
        good,
        conclusion,
    }
}

fn count(verdict: &Verdict, kinds: &[FaultKind]) -> usize {
    let of = verdict.faults.iter().filter(|f| kinds.contains(&f.kind));
    of.count()
}

fn authenticity(verdict: &Verdict, told: &Told, time: &impl Fn(Utc) -> String) -> Row {
    let (signed, trusted) = match &verdict.trust {
        Trust::Trusted { signer } => (format!("签名有效，签名者 {}", escape(signer)), true),
        Trust::NotTrusted { signer } => (
            format!("签名者 {} 不由本机颁发机构证明", escape(signer)),
            false,
        ),
        Trust::Unsigned => ("没有有效签名".to_owned(), false),
    };
    let stamped = match verdict.timestamp {
        None => "没有时间戳".to_owned(),
        Some((at, _)) => format!("时间戳 {}", time(at)),
    };
    let broken = count(
        verdict,
        &[
            FaultKind::Signature,
            FaultKind::Timestamp,
            FaultKind::Journal,
            FaultKind::Index,
            FaultKind::Checkpoint,
        ],
    );
    let found = format!(
        "{signed}；{stamped}；业务日志 {} 条；不符 {broken} 处",
        told.entries
    );
    let done = "核对签名、时间戳、日志链、录像索引链和检查点";
    row("真实性", done, found, trusted && broken == 0)
}

fn integrity(verdict: &Verdict, told: &Told) -> Row {
    let broken = count(
        verdict,
        &[
            FaultKind::Structure,
            FaultKind::Missing,
            FaultKind::Extra,
            FaultKind::Altered,
            FaultKind::Renamed,
        ],
    );
    let found = format!(
        "{} 个文件，{} 字节，不符 {broken} 处；已记录的缺失 {} 处，其中 {} 处未说明",
        verdict.files, verdict.bytes, told.gaps, told.unexplained
    );
    let done = "逐个读取文件并计算散列，与封存清单、录像索引比对";
    let mut row = row("完整性", done, found, broken == 0);
    if row.good && told.unexplained > 0 {
        row.conclusion = "合格，缺失待说明";
    }
    row
}

fn usability(playable: Playable) -> Row {
    let Playable { files, whole } = playable;
    let found = format!("{files} 个录像文件，{whole} 个结构完整");
    let done = "逐个检查 MP4 文件的结构（ISO/IEC 14496-12）";
    let row = row("可用性", done, found, files == whole);
    if files > 0 { row } else { row.not_applicable() }
}

fn security(verdict: &Verdict) -> Row {
    let altered = verdict
        .faults
        .iter()
        .any(|fault| fault.file == super::seal::PERSONAL);
    let found = match (verdict.personal, altered) {
        (_, true) => "个人信息容器与封存时不符",
        (true, false) => "个人信息在加密容器中，容器与封存时一致",
        (false, false) => "没有个人信息容器",
    };
    let done = "核对个人信息容器的散列";
    let row = row("安全性", done, found.to_owned(), !altered);
    match verdict.personal || altered {
        true => row,
        false => row.not_applicable(),
    }
}

fn kind(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Structure => "结构",
        FaultKind::Missing => "缺文件",
        FaultKind::Extra => "多出文件",
        FaultKind::Altered => "内容改变",
        FaultKind::Renamed => "文件换名",
        FaultKind::Index => "录像索引",
        FaultKind::Journal => "业务日志",
        FaultKind::Checkpoint => "检查点",
        FaultKind::Signature => "签名",
        FaultKind::Timestamp => "时间戳",
    }
}
