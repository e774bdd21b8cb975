//! A desk that stands in for the room: places calls, keeps what is reported, and takes ended calls away.

use async_trait::async_trait;
use bidroom::keys::{KeySources, Keys};
use bidroom::phone::dialogue::Piece;
use bidroom::phone::frame::Frame;
use bidroom::phone::voice::{Engine, Voice};
use bidroom::phone::{
    Directory, Line, NotKept, Number, OpenLine, PhoneReport, Phones, Recordings, Reports,
    SpokenNotices, TakenCall, Unreadable, WantedPhones,
};
use bidroom::room::{
    AttemptId, CallEnd, CallProgress, CallRecording, Callee, CandidateId, LineId, LineKind,
    LineSpec, LineState, Notice, Script, SessionId, Span, TextEnd, Texting, Utc, WantedCall,
    WantedNotice, WantedText,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What was reported, and when.
#[derive(Debug)]
pub(crate) struct Kept {
    reports: Mutex<Vec<(Instant, PhoneReport)>>,
    wanted_tx: watch::Sender<WantedPhones>,
    numbers: Mutex<BTreeMap<u16, String>>,
    /// Calls that came in.
    taken: Mutex<u64>,
    /// The journal takes nothing.
    pub(crate) broken: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Reports for Kept {
    async fn report(&self, report: PhoneReport) -> Result<(), NotKept> {
        if self.broken.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(NotKept::NotNow);
        }
        self.reports
            .lock()
            .unwrap()
            .push((Instant::now(), report.clone()));
        if let PhoneReport::Text { to, .. } = &report {
            self.wanted_tx
                .send_modify(|wanted| wanted.texts.retain(|text| &text.to != to));
        }
        if let PhoneReport::Ended { attempt, .. } = report {
            self.wanted_tx.send_modify(|wanted| {
                wanted.calls.remove(&attempt);
            });
        }
        Ok(())
    }

    async fn take(&self, lines: Vec<LineId>, caller: Callee) -> Result<TakenCall, NotKept> {
        let mut taken = self.taken.lock().unwrap();
        *taken += 1;
        Ok(TakenCall {
            attempt: AttemptId::nth(9_000 + *taken),
            // the room takes one that is free; here one after the other
            line: lines[usize::try_from(*taken).unwrap() % lines.len()].clone(),
            caller,
        })
    }

    fn script(&self, attempt: &AttemptId) -> Option<Script> {
        self.wanted_tx
            .borrow()
            .calls
            .get(attempt)
            .map(|call| call.script)
    }
}

#[async_trait]
impl Directory for Kept {
    async fn number(
        &self,
        _: &SessionId,
        candidate: CandidateId,
    ) -> Result<Option<Number>, Unreadable> {
        let numbers = self.numbers.lock().unwrap();
        numbers
            .get(&candidate.0)
            .map(|text| Number::new(text))
            .ok_or(Unreadable)
    }

    /// Whoever was called before.
    async fn caller(&self, number: &Number) -> Result<Callee, Unreadable> {
        let numbers = self.numbers.lock().unwrap();
        let found = numbers.iter().find(|(_, text)| number.is(text));
        Ok(found.map_or(Callee::Stranger, |(no, _)| Callee::Candidate {
            session: session(),
            candidate: CandidateId(*no),
        }))
    }
}

/// The desk and the phones at it.
pub(crate) struct Desk {
    _folder: TempDir,
    pub(crate) kept: Arc<Kept>,
    pub(crate) spoken: SpokenNotices,
    stop_tx: watch::Sender<bool>,
    worker: Option<JoinHandle<()>>,
    placed: std::sync::atomic::AtomicU64,
}

pub(crate) fn session() -> SessionId {
    "BS-1".parse().unwrap()
}

pub(crate) fn notice() -> Notice {
    Notice {
        venue: "保山市公共资源交易中心".to_owned(),
        start: Utc(1_795_741_500_000),
        utc_offset: 28_800,
        expected: Span::hours(4),
        overnight: false,
        terminal_phone: None,
    }
}

/// A line of the profile.
pub(crate) fn line(id: &str, line: Arc<dyn Line>, kind: LineKind) -> (LineId, OpenLine) {
    let id: LineId = id.parse().unwrap();
    let spec = LineSpec {
        id: id.clone(),
        kind,
        probed: true,
        texts: false,
    };
    let test_number = Number::new("10000");
    (
        id,
        OpenLine {
            spec,
            line: Some(line),
            prefix: String::new(),
            test_number,
        },
    )
}

/// Short recordings for every piece: a site that speaks with tones.
pub(crate) fn tones(folder: &Path) -> Engine {
    std::fs::create_dir_all(folder).unwrap();
    let program = folder.join("speak");
    // a second of 440 Hz, whatever the text is
    let script = "#!/usr/bin/python3\nimport sys,struct,math\nsys.stdin.read()\nn=8000\nd=b''.join(struct.pack('<h',int(9000*math.sin(i*440*2*math.pi/8000))) for i in range(n))\nsys.stdout.buffer.write(b'RIFF'+struct.pack('<I',36+len(d))+b'WAVEfmt '+struct.pack('<IHHIIHH',16,1,1,8000,16000,2,16)+b'data'+struct.pack('<I',len(d))+d)\n";
    std::fs::write(&program, script).unwrap();
    Engine::Program {
        command: vec!["/usr/bin/python3".to_owned(), program.display().to_string()],
    }
}

impl Desk {
    /// Starts the phones with these lines, and waits until the notice is spoken.
    pub(crate) async fn start(lines: Vec<(LineId, OpenLine)>, rings: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = tones(&folder.path().join("engine"));
        Self::start_in(folder, lines, rings, engine).await
    }

    pub(crate) async fn start_in(
        folder: TempDir,
        lines: Vec<(LineId, OpenLine)>,
        rings: Duration,
        engine: Engine,
    ) -> Self {
        let sources = KeySources {
            folder: folder.path().join("keys"),
            credentials: None,
        };
        let keys = Keys::open(
            sources,
            &["localhost".parse().unwrap()],
            Utc(1_795_741_500_000),
        )
        .unwrap();
        let wanted = WantedPhones {
            calls: BTreeMap::new(),
            notices: vec![WantedNotice {
                session: session(),
                notice: notice(),
            }],
            texts: Vec::new(),
        };
        let (wanted_tx, wanted_rx) = watch::channel(wanted);
        let kept = Arc::new(Kept {
            reports: Mutex::default(),
            wanted_tx,
            numbers: Mutex::default(),
            taken: Mutex::default(),
            broken: false.into(),
        });
        let spoken = SpokenNotices::default();
        let phones = Phones {
            lines: lines.into_iter().collect(),
            voice: Voice::new(engine, folder.path().join("speech"), keys.clone()),
            spoken: spoken.clone(),
            recordings: Recordings::new(folder.path().to_owned(), keys.clone(), None),
            directory: kept.clone(),
            reports: kept.clone(),
            rings,
            takes_calls: true,
        };
        let (stop_tx, stop_rx) = watch::channel(false);
        let worker = tokio::spawn(phones.run(wanted_rx, stop_rx));
        let desk = Self {
            _folder: folder,
            kept,
            spoken,
            stop_tx,
            worker: Some(worker),
            placed: 0.into(),
        };
        desk.until("the notice is spoken", |reports| {
            reports
                .iter()
                .any(|r| matches!(r, PhoneReport::NoticeReady { .. }))
        })
        .await;
        desk
    }

    pub(crate) fn reports(&self) -> Vec<PhoneReport> {
        self.kept
            .reports
            .lock()
            .unwrap()
            .iter()
            .map(|(_, r)| r.clone())
            .collect()
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&[PhoneReport]) -> bool) {
        let began = Instant::now();
        while !is_so(&self.reports()) {
            assert!(
                began.elapsed() < Duration::from_secs(90),
                "never: {what}: {:#?}",
                self.reports()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn until_line(&self, id: &str, state: LineState) {
        let id: LineId = id.parse().unwrap();
        self.until(&format!("{id} is {state:?}"), |reports| {
            reports.iter().rev().find_map(|r| match r {
                PhoneReport::Line { line, state } if *line == id => Some(*state),
                _ => None,
            }) == Some(state)
        })
        .await;
    }

    /// Places a call.
    pub(crate) fn place(&self, on: &str, number: &str, script: Script) -> AttemptId {
        let n = self
            .placed
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst)
            + 1;
        let attempt = AttemptId::nth(n);
        let candidate = CandidateId(u16::try_from(n).unwrap());
        self.kept
            .numbers
            .lock()
            .unwrap()
            .insert(candidate.0, number.to_owned());
        let callee = match script {
            Script::Probe => Callee::TestNumber,
            _ => Callee::Candidate {
                session: session(),
                candidate,
            },
        };
        let call = WantedCall {
            attempt: attempt.clone(),
            line: on.parse().unwrap(),
            callee,
            script,
        };
        self.kept.wanted_tx.send_modify(|wanted| {
            wanted.calls.insert(attempt.clone(), call);
        });
        attempt
    }

    /// Has a text message sent to the callee of a call that was placed before.
    pub(crate) fn text(&self, on: &str, to: &AttemptId) -> Texting {
        let no = to.as_str().trim_start_matches(['a', '0']).parse().unwrap();
        let to = Texting {
            session: session(),
            candidate: CandidateId(no),
        };
        let text = WantedText {
            to: to.clone(),
            line: on.parse().unwrap(),
            notice: notice(),
        };
        self.kept
            .wanted_tx
            .send_modify(|wanted| wanted.texts.push(text));
        to
    }

    /// What became of a text message.
    pub(crate) async fn text_ended(&self, to: &Texting) -> TextEnd {
        let end = |reports: &[PhoneReport]| {
            reports.iter().find_map(|r| match r {
                PhoneReport::Text { to: t, end } if t == to => Some(*end),
                _ => None,
            })
        };
        self.until("a text message ended", |reports| end(reports).is_some())
            .await;
        end(&self.reports()).unwrap()
    }

    /// Changes what is wanted of a call; none takes it away.
    pub(crate) fn want(&self, attempt: &AttemptId, script: Option<Script>) {
        self.kept.wanted_tx.send_modify(|wanted| match script {
            None => drop(wanted.calls.remove(attempt)),
            Some(script) => wanted.calls.get_mut(attempt).unwrap().script = script,
        });
    }

    /// How a call ended, once it has.
    pub(crate) async fn ended(&self, attempt: &AttemptId) -> (CallEnd, Option<CallRecording>) {
        let end = |reports: &[PhoneReport]| {
            reports.iter().find_map(|r| match r {
                PhoneReport::Ended {
                    attempt: a,
                    end,
                    recording,
                } if a == attempt => Some((*end, recording.clone())),
                _ => None,
            })
        };
        self.until(&format!("{attempt} ended"), |reports| {
            end(reports).is_some()
        })
        .await;
        end(&self.reports()).unwrap()
    }

    pub(crate) fn progress(&self, attempt: &AttemptId) -> Vec<CallProgress> {
        let of = |r: PhoneReport| match r {
            PhoneReport::Progress {
                attempt: a,
                progress,
            } if a == *attempt => Some(progress),
            _ => None,
        };
        self.reports().into_iter().filter_map(of).collect()
    }

    /// The most calls that went on at once: from dialling to the first end.
    pub(crate) fn most_at_once(&self) -> usize {
        let mut open = BTreeSet::new();
        let mut most = 0;
        for report in self.reports() {
            match report {
                PhoneReport::Progress {
                    attempt,
                    progress: CallProgress::Dialling,
                } => {
                    open.insert(attempt);
                }
                PhoneReport::Ended { attempt, .. } => {
                    open.remove(&attempt);
                }
                _ => {}
            }
            most = most.max(open.len());
        }
        most
    }

    /// Stops the phones as the daemon does.
    pub(crate) async fn stop(&mut self) {
        self.stop_tx.send_replace(true);
        if let Some(worker) = self.worker.take() {
            tokio::time::timeout(Duration::from_secs(10), worker)
                .await
                .expect("it stops")
                .unwrap();
        }
    }

    pub(crate) fn piece(&self, piece: Piece) -> Arc<[Frame]> {
        self.spoken.of(&session()).unwrap().piece(piece).unwrap()
    }
}
