//! Owns the daemon's life: what starts after what, and what stops before what.
//!
//! Start: keys → journal → clerk → feeds and recorders → cameras → phones → console → ready.
//! Stop: intake (cameras, browsers) → calls → relays → recordings finalised and reported → clerk drains → console.

use super::archivist::Archivist;
use super::around::{self, RecordingDisk};
use super::attendance;
use super::cameras;
use super::clock::SystemClock;
use super::health;
use super::hub;
use super::keeper::Keeper;
use super::listen;
use super::orders;
use super::phones::{self, RunningPhones};
use super::preflight;
use super::relays::{self, Relayed, Relays};
use super::secrecy;
use super::tasks::Tasks;
use super::watchdog;
use crate::access::{Access, AccessPolicy, FirstPassword};
use crate::archive::checkpoints::Witnesses;
use crate::clerk::{Clerk, ClerkHandle, Clock};
use crate::config::check::recording_rate;
use crate::config::{HubLink, Profile};
use crate::console::views::Surroundings;
use crate::console::{Console, History, Parts, router};
use crate::draw::DrawWorker;
use crate::journal::{Durability, Journal, Settings};
use crate::keys::{KeySources, Keys};
use crate::media::capture;
use crate::media::detect;
use crate::media::feed::Feeds;
use crate::media::peer::{self, Peers};
use crate::media::recorder::{Recorders, RecordersHandle, WantedRecordings};
use crate::media::reports;
use crate::phone::SpokenNotices;
use crate::room::{Actor, Command, Fault, Part, SourceFault};
use crate::vault::Vault;
use anyhow::Context;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// Reports of recorders that wait for the clerk.
const REPORTS: usize = 256;
/// How long recordings may take to be finalised when the daemon stops.
const FINALISE: Duration = Duration::from_secs(20);

/// How long calls may take to be hung up then.
const HANG_UP: Duration = Duration::from_secs(10);

/// How long the servers that feeds are sent to may take to hear that these end.
const TAKE_BACK: Duration = Duration::from_secs(2);

/// How the daemon is to run.
#[derive(Debug)]
pub struct Order {
    /// The profile's file.
    pub profile: PathBuf,
    /// The folder of all data.
    pub data: PathBuf,
    /// Whether the journal acknowledges before it writes; only to prove that the kill tests can see a loss.
    pub unsafe_journal: bool,
    /// Whether a replica's listing is believed; only to prove that the replication tests can see a loss.
    pub unsafe_replicas: bool,
    /// Whether the broker's acknowledgement is believed; only to prove that the hub's tests can see a loss.
    pub unsafe_outbox: bool,
}

/// Runs until a signal, or until a part of the daemon fails.
///
/// # Errors
/// What keeps the daemon from starting, named with its file and remedy.
pub async fn run(order: Order) -> anyhow::Result<()> {
    secrecy::forbid_cores()?;
    let profile = Arc::new(Profile::load(&order.profile)?);
    let data = order.data;
    let _lock = lock(&data)?;
    let clock = SystemClock::new(profile.room.time_zone.clone())?;
    let mut room = Room::open(&profile, &data, &clock, order.unsafe_journal)?;
    let mut signals = Signals::new()?;
    let mut tasks = Tasks::default();
    let mut clerk_task = Tasks::default();
    let clerk = room.start_clerk(&mut clerk_task).await?;
    let media = Media::start(&profile, &data, &clerk, &mut tasks)?;
    let mut intake = Tasks::default();
    for (id, source) in cameras::sources(&profile) {
        let Some(feed) = media.feeds.get(&id).cloned() else {
            continue;
        };
        // a source that the profile describes wrongly is a fault of the room, and no reason not to run
        let fault = match source {
            Ok(source) => {
                intake.start("camera", async move {
                    match capture::run(feed, source).await {}
                });
                None
            }
            Err(error) => {
                let detail = format!("{error:#}");
                let cause = SourceFault::Misconfigured { detail };
                Some(Fault::NoSignal { cause })
            }
        };
        health::report(&clerk, id.as_str(), fault).await;
    }
    let phones = room.phones(&profile, &data, &clerk, clock.clone(), &mut tasks);
    let (relayed_tx, relayed_rx) = watch::channel(Relayed::default());
    let console = room.console(
        &profile,
        &data,
        &clerk,
        &media,
        relayed_rx,
        phones.spoken.clone(),
        clock.clone(),
        &mut tasks,
    )?;
    let ties = hub::Ties {
        profile: &profile,
        data: &data,
        clerk: &clerk,
        access: &room.access,
        vault: &room.vault,
        keys: &room.keys,
        clock: Arc::new(clock.clone()),
        certificate: room.certificate.clone(),
        around: console.around.clone(),
        witnesses: room.witnesses.clone(),
        believes_broker: order.unsafe_outbox,
    };
    hub::start(ties, &mut tasks)?;
    let relays = Relays {
        profile: profile.clone(),
        clerk: clerk.clone(),
        feeds: media.feeds.clone(),
        peers: media.peers.clone(),
        relayed_tx: Arc::new(relayed_tx),
    };
    relays::start(relays, media.take_back_tx.subscribe(), &mut tasks);
    keep(
        &profile,
        &data,
        (&clerk, &room.keys, &room.vault),
        clock,
        !order.unsafe_replicas,
        &mut tasks,
    );
    let listeners = listen::start(
        &profile.network,
        &data,
        router(console),
        &room.keys,
        &mut tasks,
    )?;
    watchdog::ready(&clerk, media.recorders.clone(), &mut tasks);
    tracing::info!(room = %profile.room.id, port = listeners.port, "ready");

    let failed = tokio::select! {
        () = signals.next() => None,
        name = tasks.ended() => Some(name),
        name = clerk_task.ended() => Some(name),
    };
    let stopped = tokio::select! {
        () = stop(&clerk, media, &phones, intake, &mut tasks, &mut clerk_task) => Ok(()),
        () = signals.next() => Err(anyhow::anyhow!("a second signal: stopped without finishing")),
    };
    listeners.stop();
    match failed {
        None => stopped,
        Some(name) => {
            anyhow::bail!("the daemon stops, as its part '{name}' has failed; the log says why")
        }
    }
}

/// Starts what keeps sealed archives: a task a replica, and one that deletes.
fn keep(
    profile: &Arc<Profile>,
    data: &Path,
    (clerk, keys, vault): (&ClerkHandle, &Keys, &Vault),
    clock: SystemClock,
    reads_back: bool,
    tasks: &mut Tasks,
) {
    let sessions = profile.storage.sessions(data);
    let keeper = Keeper {
        clerk: clerk.clone(),
        clock: Arc::new(clock),
        profile: profile.clone(),
        data: sessions.parent().unwrap_or(data).to_owned(),
        ca: keys.ca_certificate().to_vec(),
        vault: vault.clone(),
        reads_back,
    };
    for spec in &profile.storage.replicas {
        tasks.start("replica", keeper.clone().replicate(spec.clone()));
    }
    tasks.start("archives", keeper.clone().look_again());
    tasks.start("retention", keeper.delete());
}

/// Only one daemon works on a folder.
pub(super) fn lock(data: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let path = data.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).with_context(
        || {
            format!(
                "{} is held: another bidroom runs on this folder; stop it first",
                path.display()
            )
        },
    )?;
    Ok(file)
}

/// What lasts: keys, journal, access, vault.
struct Room {
    keys: Keys,
    /// What orders are encrypted to, PEM.
    certificate: String,
    access: Access,
    vault: Vault,
    history: crate::journal::Reader,
    witnesses: Witnesses,
    clerk: Option<(ClerkHandle, Clerk<SystemClock>)>,
    configure: Command,
}

impl Room {
    fn open(
        profile: &Profile,
        data: &Path,
        clock: &SystemClock,
        unsafe_journal: bool,
    ) -> anyhow::Result<Self> {
        let now = clock.now().stamp.at;
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let sources = KeySources {
            folder: data.join("keys"),
            credentials,
        };
        let keys = Keys::open(sources, &profile.network.host_names, now)?;
        let certificate = orders::lay_out_certificate(data, &keys)?;
        let durability = match unsafe_journal {
            true => Durability::Unsafe,
            false => Durability::Full,
        };
        let settings = Settings {
            durability,
            ballast: profile.storage.ballast.0,
        };
        let journal = Journal::open(&data.join("journal.sqlite"), settings)?;
        let history = journal.reader()?;
        let clerk = Some(Clerk::start(journal, clock.clone())?);
        let access = Access::open(
            &data.join("access.sqlite"),
            keys.clone(),
            access_policy(profile),
        )?;
        let passwords = data.join("first-passwords.txt");
        if access.bootstrap(now, |first| hand_over(&passwords, first))? {
            tracing::info!(file = %passwords.display(), "the first accounts were made; hand out their passwords and delete the file");
        }
        let vault = Vault::open(&data.join("vault.sqlite"), keys.clone())?;
        let configure = Command::ConfigureRoom {
            layout: profile.layout(),
            policies: profile.policies(),
            profile_sha256: hex::encode(profile.sha256()),
        };
        Ok(Self {
            keys,
            certificate,
            access,
            vault,
            history,
            witnesses: Witnesses::default(),
            clerk,
            configure,
        })
    }

    async fn start_clerk(&mut self, tasks: &mut Tasks) -> anyhow::Result<ClerkHandle> {
        let (handle, clerk) = self.clerk.take().context("the clerk starts once")?;
        tasks.start("clerk", async move {
            if let Err(error) = clerk.run().await {
                tracing::error!(%error, "the clerk failed");
            }
        });
        let app = || Actor::Daemon { part: Part::App };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        handle
            .submit(app(), None, None, self.configure.clone())
            .await
            .context("journalling the profile")?;
        handle
            .submit(app(), None, None, Command::ReportStart { version })
            .await
            .context("journalling the start")?;
        Ok(handle)
    }

    fn phones(
        &self,
        profile: &Arc<Profile>,
        data: &Path,
        clerk: &ClerkHandle,
        clock: SystemClock,
        tasks: &mut Tasks,
    ) -> RunningPhones {
        let folder = profile.storage.sessions(data);
        let around = phones::Around {
            profile,
            data,
            recordings: folder.parent().unwrap_or(data).to_owned(),
            clerk,
            vault: self.vault.clone(),
            keys: self.keys.clone(),
            clock: Arc::new(clock),
        };
        phones::start(around, tasks)
    }

    #[expect(clippy::too_many_arguments, reason = "the console shows all that runs")]
    fn console(
        &self,
        profile: &Arc<Profile>,
        data: &Path,
        clerk: &ClerkHandle,
        media: &Media,
        relayed: watch::Receiver<Relayed>,
        notices: SpokenNotices,
        clock: SystemClock,
        tasks: &mut Tasks,
    ) -> anyhow::Result<Console> {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let (around_tx, around) = watch::channel(Surroundings::default());
        let (offset_tx, offset) = watch::channel(None);
        let folder = profile.storage.sessions(data);
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let recordings = folder.parent().unwrap_or(data).to_owned();
        tasks.start(
            "around",
            around::gather(
                media.feeds.clone(),
                media.recorders.clone(),
                RecordingDisk {
                    folder,
                    least: profile.storage.min_free.0,
                    needed: recording_rate(profile).0,
                },
                offset,
                relayed,
                around_tx,
            ),
        );
        let watch = health::watch(
            clerk.clone(),
            profile.clone(),
            data.to_owned(),
            self.keys.clone(),
            media.recorders.clone(),
            offset_tx,
        );
        tasks.start("health", watch);
        tasks.start(
            "attendance",
            attendance::follow(clerk.clone(), self.access.clone(), clock.clone()),
        );
        let archivist = Archivist {
            clerk: clerk.clone(),
            recorders: media.recorders.clone(),
            history: self.history.clone(),
            vault: self.vault.clone(),
            keys: self.keys.clone(),
            clock: clock.clone(),
            profile: profile.clone(),
            data: recordings.clone(),
            witnesses: self.witnesses.clone(),
        };
        let draws = DrawWorker {
            clerk: clerk.clone(),
            vault: self.vault.clone(),
            clock: clock.clone(),
        };
        tasks.start("draw", draws.run());
        tasks.start("checkpoints", archivist.clone().state());
        tasks.start("archive", archivist.archive());
        tasks.start(
            "preflight",
            preflight::follow(
                clerk.clone(),
                profile.clone(),
                data.to_owned(),
                media.feeds.clone(),
            ),
        );
        Ok(Console::new(Parts {
            clerk: clerk.clone(),
            clock,
            access: self.access.clone(),
            vault: self.vault.clone(),
            keys: self.keys.clone(),
            feeds: media.feeds.clone(),
            peers: media.peers.clone(),
            history: History::new(self.history.clone(), clerk.room().seq),
            around,
            data: recordings,
            room_id: profile.room.id.to_string(),
            venues: profile.storage.venues.clone(),
            order_keys: profile
                .hub
                .as_ref()
                .map(HubLink::order_keys)
                .unwrap_or_default(),
            draw_hub: profile.hub.as_ref().and_then(HubLink::signs_draws),
            notices,
            pictures: profile.media,
            time_zone: profile
                .room
                .time_zone
                .iana_name()
                .unwrap_or("UTC")
                .to_owned(),
            run: format!("{:016x}", rand::random::<u64>()),
        }))
    }
}

fn peer_settings(profile: &Profile) -> peer::Settings {
    let network = &profile.network;
    peer::Settings {
        listen: network.bind.clone(),
        udp_port: network.webrtc_udp_port,
        tcp_port: Some(network.ice_tcp_port),
        announce: network.announce.clone(),
        viewers: usize::from(network.viewers),
        ..peer::Settings::default()
    }
}

fn access_policy(profile: &Profile) -> AccessPolicy {
    AccessPolicy {
        second_factor: profile.access.second_factor,
        idle_lock: profile.access.idle_lock,
        longest_sign_in: profile.access.longest_sign_in,
        failures: profile.access.failures,
        lockout: profile.access.lockout,
        issuer: profile.room.name.clone(),
        ..AccessPolicy::default()
    }
}

/// Writes the first passwords where only root and the daemon read them.
pub(super) fn hand_over(path: &Path, first: &[FirstPassword]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    for account in first {
        writeln!(
            file,
            "{}\t{}\t{}",
            account.account,
            account.role.word(),
            account.password.expose()
        )?;
    }
    file.sync_all()
}

/// The media side: feeds, browsers, recorders.
struct Media {
    feeds: Feeds,
    peers: Peers,
    recorders: RecordersHandle,
    /// Dropped, it ends the recorders.
    stop_tx: watch::Sender<bool>,
    /// Says that what leaves the house is to be taken back.
    take_back_tx: watch::Sender<bool>,
}

impl Media {
    fn start(
        profile: &Profile,
        data: &Path,
        clerk: &ClerkHandle,
        tasks: &mut Tasks,
    ) -> anyhow::Result<Self> {
        gstreamer::init().context("starting GStreamer")?;
        let feeds = Feeds::new(&profile.layout().feeds);
        let (peers, serve) =
            Peers::bind(peer_settings(profile)).context("opening the ports for live media")?;
        tasks.start("peers", serve.run());
        let folder = profile.storage.sessions(data);
        let recorders = Recorders::new(
            folder.parent().unwrap_or(data).to_owned(),
            profile.storage.sm3,
        );
        let handle = recorders.handle();
        let (wanted_tx, wanted_rx) = watch::channel(WantedRecordings::default());
        let (reports_tx, reports_rx) = mpsc::channel(REPORTS);
        let (stop_tx, mut stop_rx) = watch::channel(false);
        let down = reports::hand_down(clerk.clone(), wanted_tx);
        tasks.start("recordings wanted", async move {
            tokio::select! {
                () = down => {}
                // the sender of what is wanted goes with this task: the recorders finalise
                _ = stop_rx.wait_for(|stop| *stop) => {}
            }
        });
        tasks.start(
            "recorders",
            recorders.run(wanted_rx, feeds.clone(), reports_tx),
        );
        tasks.start(
            "heads at phases",
            reports::heads_at_phases(clerk.clone(), handle.clone()),
        );
        tasks.start(
            "recorder reports",
            reports::of_recorders(clerk.clone(), reports_rx),
        );
        tasks.start(
            "detectors",
            detect::run(clerk.clone(), feeds.clone(), profile.detectors.clone()),
        );
        tasks.start(
            "feed reports",
            reports::of_feeds(clerk.clone(), feeds.clone()),
        );
        Ok(Self {
            feeds,
            peers,
            recorders: handle,
            stop_tx,
            take_back_tx: watch::channel(false).0,
        })
    }
}

async fn stop(
    clerk: &ClerkHandle,
    media: Media,
    phones: &RunningPhones,
    intake: Tasks,
    tasks: &mut Tasks,
    clerk_task: &mut Tasks,
) {
    watchdog::stopping();
    let stopping = clerk
        .submit(
            Actor::Daemon { part: Part::App },
            None,
            None,
            Command::ReportStop,
        )
        .await;
    if let Err(error) = stopping {
        tracing::warn!(%error, "the stop was not journalled");
    }
    drop(intake);
    // calls end before what they report to does
    phones.stop();
    if timeout(HANG_UP, tasks.finish("phones")).await.is_err() {
        tracing::error!("calls were not hung up in time; the gateway ends them");
    }
    media.take_back_tx.send_replace(true);
    if timeout(TAKE_BACK, tasks.finish("relays")).await.is_err() {
        tracing::warn!("a relay's server does not answer; it finds out by itself");
    }
    media.peers.close().await;
    media.stop_tx.send_replace(true);
    for part in ["recorders", "recorder reports"] {
        if timeout(FINALISE, tasks.finish(part)).await.is_err() {
            tracing::error!(
                part,
                "recordings were not finalised in time; they are recovered at the next start"
            );
        }
    }
    clerk.drain().await;
    clerk_task.finish("clerk").await;
}

/// The two signals that ask a daemon to stop.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
