//! Owns the check of the disks: writable, enough free space, fast enough for every feed at once.

use super::finding::{Finding, Level};
use super::run::Premises;
use crate::config::{Profile, Size, VideoSource};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a network camera's main stream is taken for: its real rate is the camera's setting.
const CAMERA_BITS: u64 = 4_000_000;
/// Sound, and what lies around the pictures.
const SOUND_BITS: u64 = 100_000;
/// The disk should do this much more than all feeds together: it has other work, and bad moments.
const HEADROOM: u64 = 3;
/// What is written for the measurement, at most.
const TEST_BYTES: usize = 64 << 20;
/// How long is measured, at most.
const TEST_TIME: Duration = Duration::from_secs(2);
/// `f_type` of a file system in memory (linux/magic.h).
const TMPFS: i64 = 0x0102_1994;

pub(super) fn check(profile: &Profile, premises: &Premises) -> Vec<Finding> {
    let recordings = profile.storage.sessions(&premises.data);
    let data = folder(
        "data-folder",
        text!("数据目录", "Data folder"),
        &premises.data,
    );
    vec![data, disk(profile, &recordings)]
}

/// The folder, or the nearest one above it that exists.
pub(super) fn existing(path: &Path) -> PathBuf {
    let mut existing = path;
    while !existing.exists() {
        match existing.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => existing = parent,
            Some(_) | None => return PathBuf::from("."),
        }
    }
    existing.to_owned()
}

pub(super) fn unusable(
    id: &str,
    subject: crate::config::Text,
    path: &Path,
    error: &io::Error,
) -> Finding {
    let path = path.display();
    let full = error.kind() == io::ErrorKind::StorageFull;
    let remedy = match full {
        true => text!(
            "清理磁盘，或换更大的磁盘",
            "free space on that disk, or use a larger one"
        ),
        false => text!(
            "确认磁盘已挂载，且运行 bidroom 的用户可写：chown -R bidroom: {path}",
            "see that the disk is mounted and that bidroom's user may write: chown -R bidroom: {path}"
        ),
    };
    Finding::bad(
        Level::Fault,
        id,
        subject,
        text!("不可写", "not writable"),
        text!("{path}：{error}", "{path}: {error}"),
        remedy,
    )
}

fn folder(id: &str, subject: crate::config::Text, path: &Path) -> Finding {
    let folder = existing(path);
    match tempfile_in(&folder) {
        Ok(test) => {
            drop(test);
            let path = path.display();
            Finding::ok(id, subject, text!("{path}，可写", "{path}, writable"))
        }
        Err(error) => unusable(id, subject, &folder, &error),
    }
}

fn disk(profile: &Profile, recordings: &Path) -> Finding {
    let (id, subject) = ("disk-recordings", text!("录像磁盘", "Recordings' disk"));
    let folder = existing(recordings);
    let (free, in_memory, speed) = match measure(&folder) {
        Ok(disk) => (Size(disk.free), disk.in_memory, Size(disk.writes)),
        Err(error) => return unusable(id, subject, &folder, &error),
    };
    let needed = recording_rate(profile).0;
    let hours = free.0 / needed.max(1) / 3600;
    let (least, needed) = (profile.storage.min_free, Size(needed));
    let result = text!(
        "剩余 {free}（约可录 {hours} 小时），写入 {speed}/s",
        "{free} free (about {hours} hours of recording), writes {speed}/s"
    );
    let path = folder.display();
    if free < least {
        return Finding::bad(
            Level::Fault,
            id,
            subject,
            result,
            text!(
                "剩余空间低于 min_free = {least}（{path}）",
                "less free than min_free = {least} ({path})"
            ),
            text!(
                "移走已归档的录像，或换更大的磁盘",
                "move sealed recordings away, or use a larger disk"
            ),
        );
    }
    if speed < needed {
        return Finding::bad(
            Level::Fault,
            id,
            subject,
            result,
            text!(
                "全部信号同时录制约需 {needed}/s",
                "all feeds together need about {needed}/s"
            ),
            text!(
                "换更快的磁盘，或停用占用磁盘的其他程序",
                "use a faster disk, or stop what else uses it"
            ),
        );
    }
    if in_memory {
        return Finding::bad(
            Level::Warning,
            id,
            subject,
            result,
            text!(
                "{path} 在内存中，断电即失",
                "{path} lies in memory: gone with the power"
            ),
            text!(
                "把 recordings 改到真正的磁盘上",
                "point recordings to a real disk"
            ),
        );
    }
    if speed.0 < needed.0.saturating_mul(HEADROOM) {
        return Finding::bad(
            Level::Warning,
            id,
            subject,
            result,
            text!(
                "全部信号同时录制约需 {needed}/s，余量不足",
                "all feeds together need about {needed}/s: little headroom"
            ),
            text!(
                "换更快的磁盘，或停用占用磁盘的其他程序",
                "use a faster disk, or stop what else uses it"
            ),
        );
    }
    Finding::ok(id, subject, result)
}

/// What all feeds of the room at once write in a second.
pub fn recording_rate(profile: &Profile) -> Size {
    let cameras = profile.cameras.iter().map(|camera| match &camera.source {
        VideoSource::Rtsp(_) => CAMERA_BITS,
        VideoSource::Device { picture, .. } | VideoSource::TestPattern(picture) => {
            u64::from(picture.bits_per_second)
        }
    });
    let seat = profile.media.face.bits_per_second + profile.media.screen.bits_per_second;
    let seats = profile.seats.len() as u64 * (u64::from(seat) + SOUND_BITS);
    let sounds = (profile.cameras.len() + profile.microphones.len() + 1) as u64 * SOUND_BITS;
    Size((cameras.sum::<u64>() + seats + sounds).div_ceil(8))
}

/// What a disk can do.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Free bytes.
    pub free: u64,
    /// Whether it lies in memory.
    pub in_memory: bool,
    /// Bytes that reach the disk itself in a second.
    pub writes: u64,
}

/// Measures the disk below a folder, for about two seconds unless it hangs.
///
/// # Errors
/// The disk's: it is full, read-only, or fails.
pub fn measure(folder: &Path) -> io::Result<Measured> {
    let space = rustix::fs::statvfs(folder)?;
    let in_memory = rustix::fs::statfs(folder)?.f_type == TMPFS;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    // what is measured must not be what fills the disk
    let most = usize::try_from(free / 10)
        .unwrap_or(usize::MAX)
        .clamp(1, TEST_BYTES);
    let mut test = tempfile_in(folder)?;
    // not zeroes: some disks store those without writing
    let block: Vec<u8> = (0..1_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let begin = stopwatch();
    let mut written = 0;
    while written < most && begin.elapsed() < TEST_TIME {
        test.write_all(&block)?;
        written += block.len();
        // as the recorder does: to the disk, not into the cache
        if written % (8 << 20) == 0 {
            test.sync_data()?;
        }
    }
    test.sync_data()?;
    let micros = begin.elapsed().as_micros().max(1);
    let writes = u64::try_from(written as u128 * 1_000_000 / micros).unwrap_or(u64::MAX);
    Ok(Measured {
        free,
        in_memory,
        writes,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a duration is measured, no decision depends on the time"
)]
fn stopwatch() -> Instant {
    Instant::now()
}

/// A file that no name leads to, so that nothing is left behind.
pub(super) fn tempfile_in(folder: &Path) -> io::Result<File> {
    let name = format!(".bidroom-check-{}", std::process::id());
    let path = folder.join(name);
    let file = File::options().write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}
