//! Owns the question to the disks about their own health (SMART, NVMe): `smartctl -j` is asked, or what `bidroom-smart.service`
//! left, which may ask where the daemon may not.

use serde_json::Value;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// What `bidroom-smart.service` writes: one file a disk.
const LEFT: &str = "/run/bidroom-smart";
/// It does so every ten minutes; what is older says nothing.
const FRESH: Duration = Duration::from_secs(3600);
/// A dying disk may not answer at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the disks below a folder say of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Health {
    /// All of these say that they are well.
    Good(Vec<String>),
    /// One says that it fails.
    Failing(String),
    /// One does not say: it is virtual, or may not be asked. Which, and why.
    Unknown(String),
}

/// Asks the disks that a folder lies on.
pub(super) async fn health(folder: &Path) -> Health {
    let disks = match disks(folder) {
        Ok(disks) if disks.is_empty() => {
            return Health::Unknown("the folder lies on no disk of this machine".to_owned());
        }
        Ok(disks) => disks,
        Err(error) => return Health::Unknown(format!("{}: {error}", folder.display())),
    };
    let mut unknown = None;
    for disk in &disks {
        match judge(&answer(disk).await) {
            Ok(true) => {}
            Ok(false) => return Health::Failing(disk.clone()),
            Err(why) => unknown = Some(format!("{disk}: {why}")),
        }
    }
    unknown.map_or(Health::Good(disks), Health::Unknown)
}

/// The whole disks below a folder's file system: partitions, RAID and encryption lead to what they are made of.
fn disks(folder: &Path) -> io::Result<Vec<String>> {
    let device = fs::metadata(folder)?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let mut disks = Vec::new();
    match fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")) {
        Ok(found) => below(&found, &mut disks)?,
        // a network's file system, or memory
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    disks.sort();
    disks.dedup();
    Ok(disks)
}

fn below(device: &Path, disks: &mut Vec<String>) -> io::Result<()> {
    let slaves: Vec<PathBuf> = match fs::read_dir(device.join("slaves")) {
        Ok(found) => found
            .filter_map(Result::ok)
            .map(|slave| slave.path())
            .collect(),
        Err(_) => Vec::new(),
    };
    if !slaves.is_empty() {
        return slaves
            .iter()
            .try_for_each(|slave| below(&fs::canonicalize(slave)?, disks));
    }
    let whole = match device.join("partition").exists() {
        true => device.parent(),
        false => Some(device),
    };
    let name = whole.and_then(Path::file_name);
    disks.extend(name.map(|name| name.to_string_lossy().into_owned()));
    Ok(())
}

/// smartctl's JSON, or why there is none.
async fn answer(disk: &str) -> Result<String, String> {
    let left = Path::new(LEFT).join(format!("{disk}.json"));
    let age = fs::metadata(&left).and_then(|found| found.modified());
    if age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FRESH)) {
        return fs::read_to_string(left).map_err(|error| error.to_string());
    }
    let asked = Command::new("smartctl")
        .args(["--json=c", "--health", &format!("/dev/{disk}")])
        // Debian has it where only root looks
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .kill_on_drop(true)
        .output();
    match timeout(PATIENCE, asked).await {
        Err(_) => Err("it does not answer".to_owned()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err("smartctl is not installed (apt-get install smartmontools)".to_owned())
        }
        Ok(Err(error)) => Err(error.to_string()),
        // its exit status counts faults of many kinds; the answer says them all
        Ok(Ok(output)) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
    }
}

/// Whether the disk says that it is well (smartctl(8), `smart_status.passed`).
fn judge(answer: &Result<String, String>) -> Result<bool, String> {
    let text = answer.as_ref().map_err(Clone::clone)?;
    let told: Value =
        serde_json::from_str(text).map_err(|_| "no answer of smartctl's".to_owned())?;
    match told["smart_status"]["passed"].as_bool() {
        Some(passed) => Ok(passed),
        None => Err(told["smartctl"]["messages"][0]["string"]
            .as_str()
            .unwrap_or("it has no health status")
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_well_only_where_it_says_so() {
        // smartctl 7.3, --json=c: a SATA disk, one that fails, and a virtual one
        let said = |text: &str| judge(&Ok(text.to_owned()));
        let good = r#"{"smartctl":{"exit_status":0},"smart_status":{"passed":true}}"#;
        let failing = r#"{"smartctl":{"exit_status":8},"smart_status":{"passed":false}}"#;
        let silent = r#"{"smartctl":{"messages":[{"string":"/dev/vda: Unable to detect device type","severity":"error"}],"exit_status":1}}"#;
        assert_eq!(said(good), Ok(true));
        assert_eq!(said(failing), Ok(false));
        assert!(said(silent).unwrap_err().contains("Unable to detect"));
        assert!(said("").is_err());
        assert!(judge(&Err("it does not answer".to_owned())).is_err());
    }

    #[tokio::test]
    async fn memory_has_no_health() {
        let health = health(Path::new("/dev/shm")).await;
        assert!(matches!(health, Health::Unknown(_)), "{health:?}");
    }
}
