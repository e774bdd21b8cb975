//! Owns the resources of WHIP and WHEP: who publishes what, who watches what, and how many may.

use super::connection::{Connection, Handle, Ways};
use super::port::{Port, reachable};
use super::resource::{EntityTag, ResourceId};
use super::sdp::{Candidate, Fragment, Offer, Role};
use super::tcp::TcpPort;
use crate::keys::MediaTask;
use crate::media::continuity::Continuity;
use crate::media::feed::{Codec, Feed, Layer, TrackKind};
use crate::media::whep::Viewer;
use crate::media::whip::Publisher;
use crate::room::{FeedId, SourceFault};
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Sessions handed over and not yet started; starting takes microseconds.
const SESSIONS_HANDED_OVER: usize = 64;
/// How long a publisher's successor waits for it to leave the feed.
const TO_LEAVE: Duration = Duration::from_secs(2);
/// Viewers of one owner that were answered and have not connected; more have to wait, so that nobody
/// takes all places by asking. A wall opens all its tiles at once.
const COMING: usize = 64;
/// What a peer is told to wait when the room is full.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a WHIP or WHEP request is refused; each is one HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 400: the body is not SDP.
    #[error("line {line}: {what}")]
    BadSdp {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// 404: no such resource, or not this peer's.
    #[error("there is no such session")]
    UnknownResource,
    /// 409: somebody else publishes the feed.
    #[error("the feed has another publisher")]
    Conflict,
    /// 412: the entity tag is not the current one.
    #[error("the session has changed since")]
    Outdated,
    /// 422: valid, but not to be served.
    #[error("{0}")]
    NotAcceptable(&'static str),
    /// 428: a PATCH must say which ICE session it means.
    #[error("If-Match is needed")]
    IfMatchNeeded,
    /// 503: too many.
    #[error("too many connections")]
    Full {
        /// When to try again.
        retry_after: Duration,
    },
    /// The server that was offered a feed takes its picture and not its sound.
    #[error("the sound is refused")]
    SoundRefused,
    /// 500: the box failed.
    #[error("the connection could not be made: {0}")]
    Broken(String),
}

/// Where peers connect to, and how many may.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Addresses to listen on; an unspecified one stands for all of its family that others can reach.
    pub listen: Vec<IpAddr>,
    /// The one UDP port of all peers; 0 takes a free one.
    pub udp_port: u16,
    /// The one TCP port for peers whose network lets no UDP pass; none is off, 0 takes a free one.
    pub tcp_port: Option<u16>,
    /// Addresses to give to peers in place of those listened on, where an address is translated.
    pub announce: Vec<IpAddr>,
    /// Most publishers at a time.
    pub publishers: usize,
    /// Most viewers at a time.
    pub viewers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: vec![IpAddr::from([0, 0, 0, 0])],
            udp_port: 0,
            tcp_port: None,
            announce: Vec::new(),
            publishers: 64,
            viewers: 512,
        }
    }
}

/// A session that was made by POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Names it from now on.
    pub resource: ResourceId,
    /// The SDP answer.
    pub answer: String,
    /// Names its ICE session.
    pub etag: EntityTag,
}

/// What a PATCH did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patched {
    /// Candidates were taken.
    NoContent,
    /// ICE was restarted: the answering fragment, and the new session's tag.
    Answer {
        /// `application/trickle-ice-sdpfrag`.
        fragment: String,
        /// Names the new ICE session.
        etag: EntityTag,
    },
}

/// How many there are now, and what was lost on the way to them so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Publishers.
    pub publishers: usize,
    /// Viewers.
    pub viewers: usize,
    /// Pictures, or parts of them, that viewers were too slow for.
    pub lost: u64,
    /// Datagrams on the shared port that belonged to nobody.
    pub unroutable: u64,
}

/// All peers of the room. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Peers {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    settings: Settings,
    pub(super) port: Arc<Port>,
    tcp: Option<Arc<TcpPort>>,
    candidates: Vec<Candidate>,
    sessions: Mutex<HashMap<ResourceId, Arc<Session>>>,
    continuities: Mutex<HashMap<FeedId, Arc<Mutex<Continuity>>>>,
    pub(super) lost: Arc<AtomicU64>,
    pub(super) tasks_tx: mpsc::Sender<BoxFuture<'static, ()>>,
}

/// Serves the peers; made with [`Peers`].
pub struct PeersRun {
    port: Arc<Port>,
    tcp: Option<Arc<TcpPort>>,
    tasks_rx: mpsc::Receiver<BoxFuture<'static, ()>>,
}

impl fmt::Debug for PeersRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeersRun").finish_non_exhaustive()
    }
}

pub(super) struct Session {
    role: Role,
    feed: FeedId,
    owner: String,
    /// None while the offer is being answered: the place is taken already.
    handle: Mutex<Option<Handle>>,
    etag: Mutex<EntityTag>,
    stop_tx: watch::Sender<Option<Cause>>,
    ended_rx: watch::Receiver<()>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("role", &self.role)
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}

/// Why a session is ended by the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Deleted,
    Replaced,
    Closing,
}

impl From<Cause> for SourceFault {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Deleted => SourceFault::WorkstationLeft,
            Cause::Replaced => SourceFault::WorkstationReplaced,
            Cause::Closing => SourceFault::CaptureStopped,
        }
    }
}

/// Tells a session's task to end.
#[derive(Debug)]
pub(crate) struct Stop {
    cause_rx: watch::Receiver<Option<Cause>>,
    /// Dropped with the task, which tells whoever waits for its end.
    _ended_tx: watch::Sender<()>,
}

impl Stop {
    /// The cause, as soon as there is one. Cancel-safe.
    pub(crate) async fn told(&mut self) -> Cause {
        match self.cause_rx.wait_for(Option::is_some).await {
            Ok(cause) => cause.unwrap_or(Cause::Closing),
            Err(_) => Cause::Closing,
        }
    }
}

impl Peers {
    /// Binds the ports. Nothing is served until [`PeersRun::run`] runs.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub fn bind(settings: Settings) -> io::Result<(Self, PeersRun)> {
        let addresses = expand(&settings.listen)?;
        let port = Port::bind(&addresses, settings.udp_port)?;
        let tcp = settings
            .tcp_port
            .map(|port| TcpPort::bind(&addresses, port))
            .transpose()?;
        let announced = |bound: Vec<SocketAddr>| -> Vec<SocketAddr> {
            match (settings.announce.is_empty(), bound.first()) {
                (false, Some(first)) => settings
                    .announce
                    .iter()
                    .map(|ip| SocketAddr::new(*ip, first.port()))
                    .collect(),
                (true, _) | (_, None) => bound,
            }
        };
        let mut candidates: Vec<Candidate> = announced(port.addresses().collect())
            .into_iter()
            .map(Candidate::Udp)
            .collect();
        if let Some(tcp) = &tcp {
            candidates.extend(
                announced(tcp.addresses().collect())
                    .into_iter()
                    .map(Candidate::Tcp),
            );
        }
        let (tasks_tx, tasks_rx) = mpsc::channel(SESSIONS_HANDED_OVER);
        let run = PeersRun {
            port: port.clone(),
            tcp: tcp.clone(),
            tasks_rx,
        };
        let inner = Inner {
            settings,
            port,
            tcp,
            candidates,
            sessions: Mutex::default(),
            continuities: Mutex::default(),
            lost: Arc::default(),
            tasks_tx,
        };
        Ok((
            Self {
                inner: Arc::new(inner),
            },
            run,
        ))
    }

    /// The UDP port, as bound.
    pub fn udp_port(&self) -> Option<u16> {
        self.inner.port.addresses().next().map(|at| at.port())
    }

    /// The TCP port, as bound.
    pub fn tcp_port(&self) -> Option<u16> {
        self.inner
            .tcp
            .as_ref()?
            .addresses()
            .next()
            .map(|at| at.port())
    }

    /// How many there are now.
    pub fn counts(&self) -> Counts {
        let sessions = self.inner.lock();
        Counts {
            publishers: sessions
                .values()
                .filter(|s| s.role == Role::Publish)
                .count(),
            viewers: sessions.values().filter(|s| s.role == Role::Watch).count(),
            lost: self.inner.lost.load(Ordering::Relaxed),
            unroutable: self.inner.port.unroutable(),
        }
    }

    /// WHIP: `owner` publishes a feed. An owner's new offer replaces the connection that it had.
    ///
    /// # Errors
    /// [`Error::BadSdp`], [`Error::NotAcceptable`], [`Error::Conflict`] where somebody else publishes,
    /// [`Error::Full`], [`Error::Broken`].
    pub async fn publish(&self, feed: Feed, owner: String, offer: &str) -> Result<Created, Error> {
        let offer = Offer::read(offer, Role::Publish, None)?;
        let simulcast = offer.has_simulcast();
        let continuity = self.inner.continuity(feed.id());
        let source = feed.clone();
        self.inner
            .open(
                Role::Publish,
                &feed,
                owner,
                offer,
                move |connection, stop| {
                    Publisher::new(source, connection, continuity, simulcast).run(stop)
                },
            )
            .await
    }

    /// WHEP: `owner` watches a layer of a feed, or the other one while that is absent.
    ///
    /// # Errors
    /// [`Error::BadSdp`], [`Error::NotAcceptable`], [`Error::Full`], [`Error::Broken`].
    pub async fn watch(
        &self,
        feed: Feed,
        layer: Layer,
        owner: String,
        offer: &str,
    ) -> Result<Created, Error> {
        let sound = feed
            .status()
            .borrow()
            .formats
            .get(&TrackKind::Audio)
            .map(|f| f.codec);
        // AAC is made Opus for viewers
        let sound = sound.map(|codec| {
            if codec == Codec::Aac {
                Codec::Opus
            } else {
                codec
            }
        });
        let offer = Offer::read(offer, Role::Watch, sound)?;
        let lost = self.inner.lost.clone();
        let source = feed.clone();
        self.inner
            .open(Role::Watch, &feed, owner, offer, move |connection, stop| {
                Viewer::new(source, layer, connection, lost).run(stop)
            })
            .await
    }

    /// PATCH: takes candidates, or restarts ICE. `body` is `application/trickle-ice-sdpfrag`.
    ///
    /// # Errors
    /// [`Error::UnknownResource`], [`Error::IfMatchNeeded`], [`Error::Outdated`], [`Error::BadSdp`],
    /// [`Error::NotAcceptable`].
    pub async fn patch(
        &self,
        resource: ResourceId,
        owner: &str,
        if_match: Option<&str>,
        body: &str,
    ) -> Result<Patched, Error> {
        let session = self.inner.session(resource, owner)?;
        let if_match = if_match.ok_or(Error::IfMatchNeeded)?;
        if !session.etag().matches(if_match) {
            return Err(Error::Outdated);
        }
        let fragment = Fragment::read(body)?;
        let handle = session.handle().ok_or(Error::UnknownResource)?;
        let Some(fragment) = handle.patch(&fragment).await? else {
            return Ok(Patched::NoContent);
        };
        let etag = EntityTag::random();
        *session.etag.lock().unwrap_or_else(PoisonError::into_inner) = etag;
        Ok(Patched::Answer { fragment, etag })
    }

    /// The current tag of a resource.
    ///
    /// # Errors
    /// [`Error::UnknownResource`].
    pub fn etag(&self, resource: ResourceId, owner: &str) -> Result<EntityTag, Error> {
        self.inner
            .session(resource, owner)
            .map(|session| session.etag())
    }

    /// The feed that a resource belongs to.
    ///
    /// # Errors
    /// [`Error::UnknownResource`].
    pub fn feed_of(&self, resource: ResourceId, owner: &str) -> Result<FeedId, Error> {
        self.inner
            .session(resource, owner)
            .map(|session| session.feed.clone())
    }

    /// DELETE: ends a session. When this returns, the feed knows.
    ///
    /// # Errors
    /// [`Error::UnknownResource`].
    pub async fn delete(&self, resource: ResourceId, owner: &str) -> Result<(), Error> {
        let session = self.inner.session(resource, owner)?;
        session.leave(Cause::Deleted).await;
        Ok(())
    }

    /// Ends all sessions of an owner, e.g. when it was signed out.
    pub async fn delete_all_of(&self, owner: &str) {
        let sessions: Vec<_> = self
            .inner
            .lock()
            .values()
            .filter(|s| s.owner == owner)
            .cloned()
            .collect();
        for session in sessions {
            session.leave(Cause::Deleted).await;
        }
    }

    /// Ends all sessions.
    pub async fn close(&self) {
        let sessions: Vec<_> = self.inner.lock().values().cloned().collect();
        sessions.iter().for_each(|s| s.tell(Cause::Closing));
        for session in sessions {
            session.leave(Cause::Closing).await;
        }
    }
}

impl PeersRun {
    /// Serves the peers until all handles to them are gone.
    pub async fn run(mut self) {
        let mut tasks = JoinSet::new();
        tasks.spawn(MediaTask::new(self.port.run()));
        if let Some(tcp) = self.tcp {
            tasks.spawn(MediaTask::new(tcp.run()));
        }
        loop {
            tokio::select! {
                task = self.tasks_rx.recv() => match task {
                    Some(task) => {
                        tasks.spawn(MediaTask::new(task));
                    }
                    None => return,
                },
                Some(done) = tasks.join_next() => if let Err(error) = done {
                    tracing::error!(%error, "a peer's task failed");
                },
            }
        }
    }
}

impl Inner {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ResourceId, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self, id: ResourceId, owner: &str) -> Result<Arc<Session>, Error> {
        // another's session is no more to be known of than one that is not there
        self.lock()
            .get(&id)
            .filter(|s| s.owner == owner)
            .cloned()
            .ok_or(Error::UnknownResource)
    }

    /// Takes a place; gives the publishers that it replaces.
    pub(super) fn enter(&self, role: Role, feed: &Feed, owner: String) -> Result<Entered, Error> {
        // a camera's feed is served by its capture
        let is_taken = role == Role::Publish && feed.is_served();
        let feed = feed.id();
        let mut sessions = self.lock();
        let previous: Vec<Arc<Session>> = sessions
            .values()
            .filter(|s| role == Role::Publish && s.role == Role::Publish && s.feed == *feed)
            .cloned()
            .collect();
        if previous.iter().any(|s| s.owner != owner) || (previous.is_empty() && is_taken) {
            return Err(Error::Conflict);
        }
        let most = match role {
            Role::Publish => self.settings.publishers,
            Role::Watch | Role::Push => self.settings.viewers,
        };
        let taken = sessions.values().filter(|s| s.role == role).count() - previous.len();
        let is_coming = |s: &&Arc<Session>| {
            s.role == role && s.owner == owner && s.handle().is_none_or(|h| !h.has_come())
        };
        let coming = match role {
            Role::Publish | Role::Push => 0,
            Role::Watch => sessions.values().filter(is_coming).count(),
        };
        if taken >= most || coming >= COMING {
            return Err(Error::Full {
                retry_after: RETRY_AFTER,
            });
        }
        let (stop_tx, cause_rx) = watch::channel(None);
        let (ended_tx, ended_rx) = watch::channel(());
        let session = Arc::new(Session {
            role,
            feed: feed.clone(),
            owner,
            handle: Mutex::default(),
            etag: Mutex::new(EntityTag::random()),
            stop_tx,
            ended_rx,
        });
        let id = ResourceId::random();
        sessions.insert(id, session.clone());
        Ok(Entered {
            id,
            session,
            stop: Stop {
                cause_rx,
                _ended_tx: ended_tx,
            },
            previous,
        })
    }

    /// Answers an offer and serves the session. All of it is one task, which ends well even if the
    /// request that began it is given up.
    async fn open<F>(
        self: &Arc<Self>,
        role: Role,
        feed: &Feed,
        owner: String,
        offer: Offer,
        serve: impl FnOnce(Connection, Stop) -> F + Send + 'static,
    ) -> Result<Created, Error>
    where
        F: Future<Output = ()> + Send,
    {
        let Entered {
            id,
            session,
            stop,
            previous,
        } = self.enter(role, feed, owner)?;
        let (created_tx, created_rx) = oneshot::channel();
        let inner = self.clone();
        let task = async move {
            let _place = Place { inner: &inner, id };
            let (connection, answer) = match inner.connect(role, offer, &session).await {
                Ok(connected) => connected,
                Err(error) => {
                    // whoever asked may have gone
                    let _ = created_tx.send(Err(error));
                    return;
                }
            };
            let created = Created {
                resource: id,
                answer,
                etag: session.etag(),
            };
            if created_tx.send(Ok(created)).is_err() {
                connection.close().await;
                return;
            }
            for old in previous {
                old.leave(Cause::Replaced).await;
            }
            serve(connection, stop).await;
        };
        if self.tasks_tx.send(Box::pin(task)).await.is_err() {
            self.lock().remove(&id);
        }
        created_rx
            .await
            .unwrap_or(Err(Error::Broken("the box is stopping".into())))
    }

    async fn connect(
        &self,
        role: Role,
        offer: Offer,
        session: &Session,
    ) -> Result<(Connection, String), Error> {
        let ways = Ways {
            lanes: self.port.lanes(),
            door: self.tcp.as_ref().map(TcpPort::door),
            local: self
                .port
                .addresses()
                .map(|at| SocketAddr::new(at.ip(), 0))
                .collect(),
            candidates: self.candidates.clone(),
        };
        let (connection, handle, answer) = Connection::answer(role, offer, ways).await?;
        *session
            .handle
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok((connection, answer))
    }

    fn continuity(&self, feed: &FeedId) -> Arc<Mutex<Continuity>> {
        let mut all = self
            .continuities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.entry(feed.clone()).or_default().clone()
    }
}

pub(super) struct Entered {
    pub(super) id: ResourceId,
    pub(super) session: Arc<Session>,
    pub(super) stop: Stop,
    /// Publishers that are to make room.
    previous: Vec<Arc<Session>>,
}

/// A place among the sessions, given back when dropped.
pub(super) struct Place<'a> {
    pub(super) inner: &'a Inner,
    pub(super) id: ResourceId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.inner.lock().remove(&self.id);
    }
}

impl Session {
    fn etag(&self) -> EntityTag {
        *self.etag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self) -> Option<Handle> {
        self.handle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn tell(&self, cause: Cause) {
        self.stop_tx.send_replace(Some(cause));
    }

    /// Returns once its task has ended.
    pub(super) async fn ended(&self) {
        let mut ended = self.ended_rx.clone();
        // the sender is dropped with the task
        while ended.changed().await.is_ok() {}
    }

    /// Tells the session to end and waits until it has.
    pub(super) async fn leave(&self, cause: Cause) {
        self.tell(cause);
        // closing a connection takes up to 100 ms
        if tokio::time::timeout(TO_LEAVE, self.ended()).await.is_err() {
            tracing::warn!(feed = %self.feed, "a session takes long to end");
        }
    }
}

/// The addresses that are meant by those listened on.
fn expand(listen: &[IpAddr]) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for ip in listen {
        if ip.is_unspecified() {
            let interfaces = rtc::shared::ifaces::ifaces()?;
            let found = interfaces
                .into_iter()
                .filter_map(|i| i.addr)
                .map(|at| at.ip());
            addresses.extend(reachable(
                found.filter(|found| found.is_ipv4() == ip.is_ipv4()),
            ));
        } else {
            addresses.push(*ip);
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}
