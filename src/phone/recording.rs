//! Owns the recordings of calls: both voices, kept while they speak, and in the end encrypted to the audit key.
//!
//! `sessions/<session>/sealed/calls/<attempt>.part` grows by a second at a time, each sealed with the box's key. When the call is over
//! it becomes `<attempt>.cms`, a WAV file (left: the callee, right: the box) in a container that only the audit key opens;
//! `<attempt>.box` where the profile names no audit certificate, which stays sealed with the box's key. What a crash left is finished
//! at the next start.

use super::frame::{Frame, RATE, SAMPLES};
use super::wav;
use crate::archive::bag_folder;
use crate::archive::container::{Recipient, encrypt};
use crate::keys::{Keys, SealPurpose};
use crate::room::{AttemptId, CallRecording, SessionId, Span};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// Frames that are sealed together: a second.
const TOGETHER: usize = 50;
/// Seconds that may wait for the disk; after that the recording has a hole, and says so.
const WAITING: usize = 30;
/// A sealed second is never longer, in bytes.
const LONGEST: usize = 2 * 2 * SAMPLES * TOGETHER + 64;

/// Where calls are recorded to.
#[derive(Debug, Clone)]
pub struct Recordings {
    data: PathBuf,
    keys: Keys,
    recipient: Option<Arc<Recipient>>,
}

impl Recordings {
    /// `data` holds `sessions/`.
    pub fn new(data: PathBuf, keys: Keys, recipient: Option<Recipient>) -> Self {
        Self {
            data,
            keys,
            recipient: recipient.map(Arc::new),
        }
    }

    fn folder(&self, session: &SessionId) -> PathBuf {
        bag_folder(&self.data, session).join("sealed").join("calls")
    }

    /// Begins a recording. Waits for the disk.
    ///
    /// # Errors
    /// The disk's: nothing may be dialled then.
    pub(super) fn begin(&self, session: &SessionId, attempt: &AttemptId) -> io::Result<Tape> {
        let folder = self.folder(session);
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{attempt}.part"));
        let mut file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)?;
        // a disk that is full says so now, not in the middle of a call
        file.write_all(&[0; 0])?;
        file.sync_all()?;
        File::open(&folder)?.sync_all()?;
        let (seconds_tx, seconds_rx) = mpsc::channel(WAITING);
        let writer = Writer {
            file,
            keys: self.keys.clone(),
            attempt: attempt.clone(),
            written: 0,
        };
        Ok(Tape {
            second: Vec::with_capacity(2 * SAMPLES * TOGETHER),
            seconds_tx,
            writing: tokio::task::spawn_blocking(move || writer.run(seconds_rx)),
            lost: false,
        })
    }

    /// Finishes what a crash left. Waits for the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn recover(&self) -> io::Result<()> {
        let sessions = match fs::read_dir(self.data.join("sessions")) {
            Ok(sessions) => sessions,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(fault) => return Err(fault),
        };
        for session in sessions {
            let calls = session?.path().join("sealed").join("calls");
            let Ok(files) = fs::read_dir(&calls) else {
                continue;
            };
            for file in files {
                let path = file?.path();
                let attempt = path
                    .file_stem()
                    .and_then(|stem| stem.to_str()?.parse().ok());
                if let (Some("part"), Some(attempt)) =
                    (path.extension().and_then(|e| e.to_str()), attempt)
                {
                    self.finish_file(&path, &attempt)?;
                    tracing::warn!(%attempt, "the recording of an interrupted call was finished");
                }
            }
        }
        Ok(())
    }

    /// Makes the last form of a recording. Waits for the disk.
    fn finish_file(&self, part: &Path, attempt: &AttemptId) -> io::Result<Option<CallRecording>> {
        let samples = self.samples(part, attempt)?;
        if samples.is_empty() {
            fs::remove_file(part)?;
            return Ok(None);
        }
        let length = Span(u64::try_from(samples.len() / 2).unwrap_or(0) * 1_000 / u64::from(RATE));
        let sound = Zeroizing::new(wav::write(&samples, 2));
        let (ending, bytes) = match &self.recipient {
            Some(recipient) => ("cms", encrypt(recipient, &sound).map_err(io::Error::other)?),
            None => (
                "box",
                self.keys
                    .seal(SealPurpose::CallSound, attempt.as_str().as_bytes(), &sound),
            ),
        };
        let path = part.with_extension(ending);
        let new = part.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        fs::remove_file(part)?;
        if let Some(folder) = part.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Some(CallRecording {
            file: format!("{attempt}.{ending}"),
            sha256: hex::encode(Sha256::digest(&bytes)),
            length,
        }))
    }

    /// What a part holds, up to where it was cut.
    fn samples(&self, part: &Path, attempt: &AttemptId) -> io::Result<Zeroizing<Vec<i16>>> {
        let bytes = fs::read(part)?;
        let mut rest = bytes.as_slice();
        let mut samples = Zeroizing::new(Vec::new());
        let mut number = 0_u32;
        while let Some((head, body)) = rest.split_at_checked(4) {
            let length = usize::try_from(u32::from_le_bytes([head[0], head[1], head[2], head[3]]));
            let Some((sealed, next)) = length.ok().and_then(|l| body.split_at_checked(l)) else {
                break;
            };
            let Ok(second) =
                self.keys
                    .open_sealed(SealPurpose::CallSound, &place(attempt, number), sealed)
            else {
                break;
            };
            samples.extend(
                second
                    .chunks_exact(2)
                    .map(|b| i16::from_le_bytes([b[0], b[1]])),
            );
            rest = next;
            number += 1;
        }
        Ok(samples)
    }

    /// Ends a recording, and gives what is kept; none where the call had no sound.
    ///
    /// # Errors
    /// The disk's; the next start tries again.
    pub(super) async fn finish(
        &self,
        tape: Tape,
        session: &SessionId,
        attempt: &AttemptId,
    ) -> io::Result<Option<CallRecording>> {
        tape.end().await?;
        let (recordings, attempt) = (self.clone(), attempt.clone());
        let part = self.folder(session).join(format!("{attempt}.part"));
        tokio::task::spawn_blocking(move || recordings.finish_file(&part, &attempt))
            .await
            .map_err(io::Error::other)?
    }
}

/// Where a sealed second belongs.
fn place(attempt: &AttemptId, number: u32) -> Vec<u8> {
    let mut place = attempt.as_str().as_bytes().to_vec();
    place.push(b'/');
    place.extend(number.to_be_bytes());
    place
}

/// A recording that goes on.
#[derive(Debug)]
pub(super) struct Tape {
    second: Vec<i16>,
    seconds_tx: mpsc::Sender<Zeroizing<Vec<u8>>>,
    writing: JoinHandle<io::Result<()>>,
    lost: bool,
}

impl Tape {
    /// Takes 20 ms of both voices. Never waits.
    pub(super) fn push(&mut self, callee: &Frame, said: &Frame) {
        self.second.extend(
            callee
                .0
                .iter()
                .zip(said.0)
                .flat_map(|(left, right)| [*left, right]),
        );
        if self.second.len() >= 2 * SAMPLES * TOGETHER {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let bytes = Zeroizing::new(self.second.iter().flat_map(|s| s.to_le_bytes()).collect());
        self.second.clear();
        if self.seconds_tx.try_send(bytes).is_err() && !std::mem::replace(&mut self.lost, true) {
            tracing::error!("the disk does not take the recording of a call");
        }
    }

    async fn end(mut self) -> io::Result<()> {
        if !self.second.is_empty() {
            self.hand_over();
        }
        let Self {
            seconds_tx,
            writing,
            ..
        } = self;
        drop(seconds_tx);
        writing.await.map_err(io::Error::other)?
    }
}

/// Writes seconds to the disk as they come.
#[derive(Debug)]
struct Writer {
    file: File,
    keys: Keys,
    attempt: AttemptId,
    written: u32,
}

impl Writer {
    fn run(mut self, mut seconds_rx: mpsc::Receiver<Zeroizing<Vec<u8>>>) -> io::Result<()> {
        while let Some(second) = seconds_rx.blocking_recv() {
            let place = place(&self.attempt, self.written);
            let sealed = self.keys.seal(SealPurpose::CallSound, &place, &second);
            debug_assert!(sealed.len() <= LONGEST, "a second is a second");
            let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
            self.file
                .write_all(&[&length.to_le_bytes()[..], &sealed].concat())?;
            self.file.sync_data()?;
            self.written += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeySources;
    use crate::room::Utc;
    use std::process::Command;

    fn keys(folder: &Path) -> Keys {
        let sources = KeySources {
            folder: folder.join("keys"),
            credentials: None,
        };
        Keys::open(sources, &[], Utc(1_795_741_500_000)).unwrap()
    }

    fn names() -> (SessionId, AttemptId) {
        ("BS-1".parse().unwrap(), AttemptId::nth(7))
    }

    fn audit(folder: &Path) -> Recipient {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ])
            .args([
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=audit",
                "-keyout",
                "audit.key",
                "-out",
                "audit.pem",
            ])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(made.status.success());
        Recipient::read(&folder.join("audit.pem")).unwrap()
    }

    fn speak(tape: &mut Tape, frames: usize) {
        for n in 0..frames {
            let level = i16::try_from(n).unwrap();
            tape.push(&Frame([level; SAMPLES]), &Frame([-level; SAMPLES]));
        }
    }

    #[tokio::test]
    async fn only_the_audit_key_opens_a_call() {
        let folder = tempfile::tempdir().unwrap();
        let recipient = audit(folder.path());
        let recordings = Recordings::new(
            folder.path().to_owned(),
            keys(folder.path()),
            Some(recipient),
        );
        let (session, attempt) = names();
        let mut tape = recordings.begin(&session, &attempt).unwrap();
        speak(&mut tape, 120);
        let kept = recordings
            .finish(tape, &session, &attempt)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (kept.file.as_str(), kept.length),
            ("a000007.cms", Span(2_400))
        );
        let calls = recordings.folder(&session);
        let bytes = fs::read(calls.join(&kept.file)).unwrap();
        assert_eq!(kept.sha256, hex::encode(Sha256::digest(&bytes)));
        let opened = Command::new("openssl")
            .args([
                "cms",
                "-decrypt",
                "-inform",
                "DER",
                "-inkey",
                "audit.key",
                "-recip",
                "audit.pem",
                "-in",
            ])
            .arg(calls.join(&kept.file))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let (_, callee) = wav::read(&opened.stdout).unwrap();
        assert_eq!(callee.len(), 120 * SAMPLES);
        assert_eq!(callee[100 * SAMPLES], 100);
        assert!(!calls.join("a000007.part").exists());
    }

    #[tokio::test]
    async fn a_crash_leaves_what_was_said_until_a_second_before() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::new(folder.path().to_owned(), keys(folder.path()), None);
        let (session, attempt) = names();
        let mut tape = recordings.begin(&session, &attempt).unwrap();
        assert!(
            recordings.begin(&session, &attempt).is_err(),
            "never over another one"
        );
        speak(&mut tape, 170);
        // three seconds are on the disk, and then half of the next one
        let Tape {
            seconds_tx,
            writing,
            ..
        } = tape;
        drop(seconds_tx);
        writing.await.unwrap().unwrap();
        let part = recordings.folder(&session).join("a000007.part");
        let mut torn = OpenOptions::new().append(true).open(&part).unwrap();
        torn.write_all(&[0x20, 0x7d, 0, 0, 1, 2, 3]).unwrap();
        assert!(
            !fs::read(&part)
                .unwrap()
                .windows(8)
                .any(|w| w == [1, 0, 0xff, 0xff, 1, 0, 0xff, 0xff]),
            "no sound in clear"
        );
        recordings.recover().unwrap();
        assert!(!part.exists());
        let sealed = fs::read(part.with_extension("box")).unwrap();
        let opened = recordings
            .keys
            .open_sealed(SealPurpose::CallSound, b"a000007", &sealed)
            .unwrap();
        let (_, callee) = wav::read(&opened).unwrap();
        assert_eq!(callee.len(), 150 * SAMPLES);
        recordings.recover().unwrap();
    }
}
