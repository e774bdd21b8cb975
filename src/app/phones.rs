//! Owns the phones' place in the daemon: the profile's lines, the vault as their directory, the clerk as their journal.

use super::tasks::Tasks;
use crate::archive::container::Recipient;
use crate::clerk::{ClerkHandle, Clock, SubmitError};
use crate::config::{
    LinePort, ModemModel, ModemPort, Password, PhoneLine, Profile, SipGateway, SipTransport, Speech,
};
use crate::keys::Keys;
use crate::phone::modem::{Model, ModemLine, ModemSettings};
use crate::phone::sip::{OpenCalls, Transport, Trunk, TrunkSettings};
use crate::phone::voice::{Engine, Voice};
use crate::phone::{
    Directory, Line, NotKept, Number, OpenLine, PhoneReport, Phones, Recordings, Reports,
    SpokenNotices, TakenCall, Unreadable, WantedPhones,
};
use crate::room::{
    Actor, AttemptId, Callee, CandidateId, Command, CommandId, Event, LineId, Note, Part,
    PersonRef, Room, Script, SessionId, Utc, wanted,
};
use crate::vault::{Purpose, Vault};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use zeroize::Zeroizing;

/// What the phones need of the daemon.
pub(super) struct Around<'a> {
    pub(super) profile: &'a Arc<Profile>,
    /// The folder of all data.
    pub(super) data: &'a Path,
    /// The folder that holds `sessions/`.
    pub(super) recordings: PathBuf,
    pub(super) clerk: &'a ClerkHandle,
    pub(super) vault: Vault,
    pub(super) keys: Keys,
    pub(super) clock: Arc<dyn Clock>,
}

/// The phones while they run.
pub(super) struct RunningPhones {
    /// What was spoken, to be listened to.
    pub(super) spoken: SpokenNotices,
    stop_tx: watch::Sender<bool>,
}

impl RunningPhones {
    /// Hangs up; the task `phones` ends then.
    pub(super) fn stop(&self) {
        self.stop_tx.send_replace(true);
    }
}

/// Starts the lines and the worker.
pub(super) fn start(around: Around<'_>, tasks: &mut Tasks) -> RunningPhones {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let phone = &around.profile.phone;
    let mut lines = BTreeMap::new();
    for line in &phone.lines {
        lines.extend(open(line, &around, credentials.as_deref(), tasks));
    }
    let recipient = around
        .profile
        .storage
        .audit_certificate
        .as_deref()
        .and_then(|path| {
            // the preflight tells of a certificate that is unfit
            Recipient::read(path)
                .inspect_err(|error| tracing::error!(%error, "calls are kept for the box only"))
                .ok()
        });
    let engine = match &phone.speech {
        Speech::Espeak => Engine::Espeak,
        Speech::Program(command) => Engine::Program {
            command: command.clone(),
        },
        Speech::Sherpa {
            python,
            model,
            speaker,
        } => Engine::Sherpa {
            python: python.clone(),
            model: model.clone(),
            speaker: *speaker,
        },
        Speech::Recordings(folder) => Engine::Recordings {
            folder: folder.clone(),
        },
    };
    let spoken = SpokenNotices::default();
    let phones = Phones {
        lines,
        voice: Voice::new(engine, around.data.join("speech"), around.keys.clone()),
        spoken: spoken.clone(),
        recordings: Recordings::new(around.recordings, around.keys, recipient),
        directory: Arc::new(OfVault {
            clerk: around.clerk.clone(),
            vault: around.vault,
            clock: around.clock,
        }),
        reports: Arc::new(OfClerk(around.clerk.clone())),
        rings: phone.rings.into(),
        takes_calls: phone.takes_calls,
    };
    let (stop_tx, stop_rx) = watch::channel(false);
    let (wanted_tx, wanted_rx) = watch::channel(WantedPhones::default());
    tasks.start("phones wanted", hand_down(around.clerk.clone(), wanted_tx));
    tasks.start("phones", phones.run(wanted_rx, stop_rx));
    RunningPhones { spoken, stop_tx }
}

/// What is wanted of the phones, as the room changes.
async fn hand_down(clerk: ClerkHandle, wanted_tx: watch::Sender<WantedPhones>) {
    let mut room_rx = clerk.watch();
    loop {
        let room = room_rx.borrow_and_update().room.clone();
        let all = wanted(&room);
        let now = WantedPhones {
            calls: all.calls,
            notices: all.notices,
            texts: all.texts,
        };
        wanted_tx.send_if_modified(|known| {
            let changed = *known != now;
            *known = now;
            changed
        });
        if room_rx.changed().await.is_err() {
            // the clerk has ended; the phones end with the daemon
            std::future::pending::<()>().await;
        }
    }
}

/// The channels of one line, and what carries them.
fn open(
    line: &PhoneLine,
    around: &Around<'_>,
    credentials: Option<&Path>,
    tasks: &mut Tasks,
) -> Vec<(LineId, OpenLine)> {
    let carrier: Option<Arc<dyn Line>> = line.enabled.then(|| match &line.port {
        LinePort::Sip(gateway) => {
            let calls = around.data.join("calls").join(line.id.to_string());
            let trunk = Trunk::new(trunk_settings(line, gateway, credentials))
                .with(OpenCalls::read(calls, around.keys.clone()));
            tasks.start("sip trunk", trunk.clone().run());
            Arc::new(trunk) as Arc<dyn Line>
        }
        LinePort::Modem(port) => {
            let modem = ModemLine::new(modem_settings(line, port, credentials));
            tasks.start("modem", modem.clone().run());
            Arc::new(modem) as Arc<dyn Line>
        }
    });
    let opened = line.specs().into_iter().map(|spec| {
        let open = OpenLine {
            spec: spec.clone(),
            line: carrier.clone(),
            prefix: line.prefix.clone(),
            test_number: line.test_number.as_deref().and_then(Number::new),
        };
        (spec.id, open)
    });
    opened.collect()
}

/// A password; one that cannot be read makes a line that cannot sign in, which is told then.
fn secret(
    line: &PhoneLine,
    password: Option<&Password>,
    credentials: Option<&Path>,
) -> Option<Zeroizing<String>> {
    match password?.read(credentials) {
        Ok(secret) => Some(Zeroizing::new(secret.expose().to_owned())),
        Err(error) => {
            tracing::error!(line = %line.id, %error, "the line cannot sign in");
            None
        }
    }
}

fn trunk_settings(
    line: &PhoneLine,
    gateway: &SipGateway,
    credentials: Option<&Path>,
) -> TrunkSettings {
    let transport = match gateway.transport {
        SipTransport::Udp => Transport::Udp,
        SipTransport::Tcp => Transport::Tcp,
        SipTransport::Tls => Transport::Tls,
    };
    let authorities = match (&gateway.authority, transport) {
        (_, Transport::Udp | Transport::Tcp) => Vec::new(),
        (Some(path), Transport::Tls) => std::fs::read(path).unwrap_or_else(|error| {
            tracing::error!(line = %line.id, path = %path.display(), %error, "the gateway cannot be verified");
            Vec::new()
        }),
        (None, Transport::Tls) => machine_authorities(),
    };
    TrunkSettings {
        host: gateway.host.clone(),
        port: gateway.port,
        transport,
        user: gateway.user.clone(),
        password: secret(line, gateway.password.as_ref(), credentials),
        register: gateway.register,
        sound_ports: gateway.sound_ports,
        authorities,
    }
}

/// What the machine trusts, in PEM.
fn machine_authorities() -> Vec<u8> {
    let mut pem = String::new();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // writing to a string never fails
        let _ = write!(
            pem,
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(&certificate)
        );
    }
    pem.into_bytes()
}

fn modem_settings(line: &PhoneLine, port: &ModemPort, credentials: Option<&Path>) -> ModemSettings {
    ModemSettings {
        device: port.device.clone(),
        sound: port.sound.clone(),
        model: match port.model {
            ModemModel::QuectelEc25 => Model::QuectelEc25,
            ModemModel::SimcomSim7600 => Model::SimcomSim7600,
        },
        baud: port.baud,
        pin: secret(line, port.pin.as_ref(), credentials),
    }
}

fn phones_part() -> Actor {
    Actor::Daemon { part: Part::Phones }
}

/// The clerk as the phones' journal.
#[derive(Debug)]
struct OfClerk(ClerkHandle);

#[async_trait]
impl Reports for OfClerk {
    async fn report(&self, report: PhoneReport) -> Result<(), NotKept> {
        // an end is told under a name of its own, so that it counts once, however often it is told
        let id =
            |attempt: &AttemptId, what: &str| format!("{attempt}-{what}").parse::<CommandId>().ok();
        let (session, id, command) = match report {
            PhoneReport::Started { lines } => (None, None, Command::ReportPhonesStarted { lines }),
            PhoneReport::Line { line, state } => (None, None, Command::ReportLine { line, state }),
            PhoneReport::NoticeReady { session, digest } => {
                (Some(session), None, Command::ReportNoticeReady { digest })
            }
            PhoneReport::NoticeFailed { session, reason } => {
                let short: String = reason
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect();
                let Some(reason) = Note::new(&short) else {
                    return Err(NotKept::Never);
                };
                (Some(session), None, Command::ReportNoticeFailed { reason })
            }
            PhoneReport::Progress { attempt, progress } => (
                None,
                None,
                Command::ReportCallProgress { attempt, progress },
            ),
            PhoneReport::Confirmed { attempt, answer } => {
                let id = id(&attempt, "confirmed");
                let end = crate::room::CallEnd::Confirmed(answer);
                (
                    None,
                    id,
                    Command::ReportCallEnded {
                        attempt,
                        end,
                        recording: None,
                    },
                )
            }
            PhoneReport::Text { to, end } => (None, None, Command::ReportTextEnded { to, end }),
            PhoneReport::Withdrew {
                attempt,
                session,
                candidate,
            } => {
                let id = id(&attempt, "withdrew");
                (
                    Some(session),
                    id,
                    Command::ReportCallerRangBack { candidate },
                )
            }
            PhoneReport::Ended {
                attempt,
                end,
                recording,
            } => {
                let id = id(&attempt, "ended");
                (
                    None,
                    id,
                    Command::ReportCallEnded {
                        attempt,
                        end,
                        recording,
                    },
                )
            }
        };
        match self.0.submit(phones_part(), session, id, command).await {
            Ok(_) => Ok(()),
            Err(error @ (SubmitError::Busy | SubmitError::NotWritten)) => {
                tracing::warn!(%error, "a report of the phones was not kept");
                Err(NotKept::NotNow)
            }
            Err(error) => {
                tracing::error!(%error, "a report of the phones was refused");
                Err(NotKept::Never)
            }
        }
    }

    async fn take(&self, lines: Vec<LineId>, caller: Callee) -> Result<TakenCall, NotKept> {
        let command = Command::ReportCallTaken {
            lines,
            callee: caller,
        };
        let outcome = self.0.submit(phones_part(), None, None, command).await;
        let outcome = outcome.map_err(|error| {
            tracing::info!(%error, "a call that came in found the lines busy");
            NotKept::Never
        })?;
        let taken = outcome.entries.into_iter().find_map(|entry| {
            let Event::CallTaken {
                attempt,
                line,
                callee,
            } = entry.event
            else {
                return None;
            };
            Some(TakenCall {
                attempt,
                line,
                caller: callee,
            })
        });
        taken.ok_or(NotKept::Never)
    }

    fn script(&self, attempt: &AttemptId) -> Option<Script> {
        wanted(&self.0.room())
            .calls
            .get(attempt)
            .map(|call| call.script)
    }
}

/// The vault as the phones' directory.
#[derive(Debug)]
struct OfVault {
    clerk: ClerkHandle,
    vault: Vault,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Directory for OfVault {
    async fn number(
        &self,
        session: &SessionId,
        candidate: CandidateId,
    ) -> Result<Option<Number>, Unreadable> {
        let room = self.clerk.room();
        let callout = room
            .sessions
            .get(session)
            .and_then(|s| s.callout.as_ref())
            .ok_or(Unreadable)?;
        let person = callout
            .candidates
            .get(&candidate)
            .map(|c| c.person.clone())
            .ok_or(Unreadable)?;
        let now = self.clock.now().stamp.at;
        let read = self
            .vault
            .background(move |vault| vault.read(&person, Purpose::CallOut, &phones_part(), now))
            .await;
        match read {
            Ok(person) => Ok(Number::new(&person.phone)),
            Err(error) => {
                tracing::error!(%candidate, %error, "the number of a candidate cannot be read");
                Err(Unreadable)
            }
        }
    }

    async fn caller(&self, number: &Number) -> Result<Callee, Unreadable> {
        let (people, callees): (Vec<PersonRef>, Vec<Callee>) =
            confirmed(&self.clerk.room()).into_iter().unzip();
        let (number, now) = (number.clone(), self.clock.now().stamp.at);
        let found = self
            .vault
            .background(move |vault| {
                let is = |phone: &str| number.is(phone);
                vault.find_by_phone(&people, is, &phones_part(), now)
            })
            .await;
        match found {
            Ok(found) => Ok(found
                .and_then(|at| callees.into_iter().nth(at))
                .unwrap_or(Callee::Stranger)),
            Err(error) => {
                tracing::error!(%error, "who calls cannot be looked up");
                Err(Unreadable)
            }
        }
    }
}

/// Everybody who has a place in an open session, the next session first.
fn confirmed(room: &Room) -> Vec<(PersonRef, Callee)> {
    let mut open: Vec<(Utc, PersonRef, Callee)> = Vec::new();
    for (id, session) in &room.sessions {
        let callout = session
            .callout
            .as_ref()
            .filter(|_| !session.phase.is_over());
        for (candidate, found) in callout.iter().flat_map(|c| &c.candidates) {
            if found.standing.has_place() {
                let callee = Callee::Candidate {
                    session: id.clone(),
                    candidate: *candidate,
                };
                open.push((session.plan.start, found.person.clone(), callee));
            }
        }
    }
    open.sort_by_key(|(start, _, _)| *start);
    open.into_iter()
        .map(|(_, person, callee)| (person, callee))
        .collect()
}
