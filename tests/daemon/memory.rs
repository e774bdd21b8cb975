//! What of people is left in the daemon's memory, which a core would show: nothing once the calls are over; and no core is ever written.

use super::canaries::found;
use super::support::{Room, until};
use rustix::process::{Resource, Signal, geteuid, getrlimit, setrlimit};
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;

/// Pieces in which memory is read.
const PIECE: usize = 1 << 20;

/// The first canary in memory that the process can write: heap, stacks, globals; none where there is none, or nobody may look.
pub(crate) fn in_memory(pid: u32, canaries: &[Vec<u8>]) -> Option<String> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let mut memory = fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let longest = canaries.iter().map(Vec::len).max()?;
    for region in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = region.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let (mut at, to) = (number(from), number(to));
        let mut kept = Vec::new();
        while at < to {
            let mut piece = vec![0; usize::try_from(to - at).unwrap_or(PIECE).min(PIECE)];
            let read = memory
                .seek(SeekFrom::Start(at))
                .and_then(|_| memory.read(&mut piece));
            let Ok(read) = read
                .map_err(drop)
                .and_then(|n| if n > 0 { Ok(n) } else { Err(()) })
            else {
                break;
            };
            at += u64::try_from(read).expect("of a buffer");
            kept.extend(&piece[..read]);
            if let Some(canary) = found(&kept, canaries) {
                return Some(format!("{canary} in {region}"));
            }
            kept = kept.split_off(kept.len().saturating_sub(longest));
        }
    }
    None
}

fn number(hex: &str) -> u64 {
    u64::from_str_radix(hex, 16).expect("an address")
}

/// Waits until nothing is left: SIP's transactions live for half a minute after a call.
pub(crate) async fn is_left_clean(room: &Room, canaries: &[Vec<u8>]) {
    // who is not root may not look into it at all
    if !geteuid().is_root() {
        let denied = fs::File::open(format!("/proc/{}/mem", room.pid()));
        assert!(denied.is_err(), "another process may look into the memory");
        return;
    }
    let mut last = None;
    let began = std::time::Instant::now();
    while began.elapsed() < std::time::Duration::from_secs(90) {
        last = in_memory(room.pid(), canaries);
        if last.is_none() {
            println!("memory is clean after {:?}", began.elapsed());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    panic!("left in memory: {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_core_is_ever_written() {
    // as permissive as the system lets us be: the daemon must not rely on its surroundings
    let mut limit = getrlimit(Resource::Core);
    limit.current = limit.maximum;
    setrlimit(Resource::Core, limit).unwrap();
    let mut room = Room::start().await;
    let pid = room.pid();
    until("it runs", || {
        fs::read_to_string(format!("/proc/{pid}/limits")).is_ok()
    })
    .await;
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
    let status = room.end(Signal::ABORT);
    assert_eq!(status.signal(), Some(6), "{status}");
    assert!(!status.core_dumped(), "{status}");
}
