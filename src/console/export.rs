//! Owns `bidroom ctl checkpoint export`: the running session's checkpoints onto the supervisor's USB stick, with a leaf that
//! says what they are good for.

use anyhow::Context;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug)]
pub(super) struct Exported {
    /// The checkpoints.
    pub(super) file: PathBuf,
    /// The leaf beside them.
    pub(super) leaf: PathBuf,
    /// How many checkpoints there are.
    pub(super) checkpoints: usize,
    /// The newest's moment, in UTC.
    pub(super) newest: String,
}

/// Writes `lines` into a folder, under a name of their own, or into a new file. It is on the stick when this is over.
pub(super) fn export(to: &Path, lines: &str) -> anyhow::Result<Exported> {
    let all: Vec<&str> = lines.lines().filter(|line| !line.is_empty()).collect();
    let last = all.last().context("the daemon gave no checkpoint")?;
    let last: Value = serde_json::from_str(last).context("the daemon's answer is no checkpoint")?;
    let stated = &last["checkpoint"];
    let session = stated["session"].as_str().unwrap_or_default();
    let at = stated["at"].as_i64().unwrap_or_default();
    let at = jiff::Timestamp::from_millisecond(at).context("the checkpoint's time")?;
    let file = match to.is_dir() {
        true => to.join(format!(
            "bidroom-{session}-{}.jsonl",
            at.strftime("%Y%m%dT%H%M%SZ")
        )),
        false => to.to_owned(),
    };
    let name = file.file_name().context("the path names no file")?;
    let name = name.to_string_lossy();
    let leaf = file.with_file_name(format!("{name}.txt"));
    let newest = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    write(&file, lines.as_bytes())?;
    let text = Leaf {
        session,
        name: &name,
        checkpoints: all.len(),
        newest: &newest,
        sha256: &hex::encode(Sha256::digest(lines)),
    };
    write(&leaf, text.text().as_bytes())?;
    Ok(Exported {
        file,
        leaf,
        checkpoints: all.len(),
        newest,
    })
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let written = (|| -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        // a stick is pulled out when the command has ended
        file.sync_all()?;
        match path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    })();
    written.with_context(|| match path.exists() {
        true => format!(
            "{} was not written whole, or is there already; nothing is overwritten: name another file or a folder",
            path.display()
        ),
        false => format!(
            "writing {}; is the stick mounted, and may you write there?",
            path.display()
        ),
    })
}

struct Leaf<'a> {
    session: &'a str,
    name: &'a str,
    checkpoints: usize,
    newest: &'a str,
    sha256: &'a str,
}

impl Leaf<'_> {
    fn text(&self) -> String {
        let Self {
            session,
            name,
            checkpoints,
            newest,
            sha256,
        } = self;
        format!(
            "\
见证检查点

场次：{session}
文件：{name}，{checkpoints} 个检查点，最新一个 {newest}
SHA-256：{sha256}

每个检查点写明某一时刻业务日志和各路录像索引的位置，并有本机的签名。
请由监督人员带走保管，不要放回评标室主机：留在主机之外，它才是见证。
此后谁改动或截短了在此之前的日志或录像，都会被核对出来。

收到封存的档案后，在任何一台装有 bidroom 的电脑上：

    bidroom verify 档案文件夹 --ca ca.pem --witness {name}

退出码 0：完好；1：有不符之处，逐条列出；3：完好，但签名不受信任。
“no witness from … to …” 列出没有见证的时段。最新检查点之后的时段不在本文件中，封存前请再导出一次。

----

Witness checkpoints of session {session}
{name}: {checkpoints} checkpoints, the newest of {newest}

Each says where the journal and every recording's index stood at a moment, signed by the box. The supervisor
keeps this file away from the box: whoever alters or shortens what was before is found out.

When the sealed archive is handed over, on any machine that has bidroom:

    bidroom verify ARCHIVE --ca ca.pem --witness {name}

Exit code 0: whole; 1: faults, each named; 3: whole, but the signature is not trusted. 'no witness from … to …'
names what nobody witnessed. What came after the newest checkpoint is not in this file: export again before sealing.
"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "{\"checkpoint\":{\"session\":\"T-1\",\"at\":1795485190123}}\n";

    #[test]
    fn a_stick_gets_the_lines_as_they_are_and_a_leaf_and_nothing_is_overwritten() {
        let stick = tempfile::tempdir().unwrap();
        let done = export(stick.path(), LINES).unwrap();
        assert!(done.file.ends_with("bidroom-T-1-20261124T015310Z.jsonl"));
        assert_eq!(std::fs::read_to_string(&done.file).unwrap(), LINES);
        let leaf = std::fs::read_to_string(&done.leaf).unwrap();
        assert!(leaf.contains("--witness bidroom-T-1-20261124T015310Z.jsonl"));
        let again = export(stick.path(), LINES).unwrap_err();
        assert!(format!("{again:#}").contains("there already"), "{again:#}");
        let away = export(&stick.path().join("not-mounted/a.jsonl"), LINES).unwrap_err();
        assert!(format!("{away:#}").contains("is the stick mounted"));
    }
}
