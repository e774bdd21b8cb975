//! Owns what leaves the house live: feeds that the city asked for and the profile permits, each sent by WHIP (RFC 9725) to an
//! existing media cluster, begun again after every break, and taken back at the end.
//!
//! ```text
//! Waiting ──there is a picture──► Offering ──connected──► Sending      any ──no longer wanted──► taken back
//!    ▲                               │ refused, silent      │ broken
//!    └──── 1 s, 2 s, … 30 s ── Failed◄──────────────────────┘
//! ```

use super::cameras::credentials;
use super::health;
use super::tasks::Tasks;
use crate::clerk::ClerkHandle;
use crate::config::{Profile, RelayPlace, RoomId};
use crate::console::views::Sending;
use crate::media::feed::{Feed, Feeds};
use crate::media::peer::{Error, Peers, Push};
use crate::room::{Fault, FeedId, RelayId, WantedRelay, wanted};
use anyhow::Context;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the connection may take after the answer; the connection itself gives up later.
const TO_CONNECT: Duration = Duration::from_secs(10);
/// Back-off between attempts: the shortest and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How often it is looked whether a connection stands.
const LOOK: Duration = Duration::from_millis(200);
/// A description is a few kilobytes.
const LARGEST_ANSWER: usize = 64 << 10;

/// What is being sent, and how that stands.
pub(super) type Relayed = BTreeMap<(RelayId, FeedId), Sending>;

/// What the relays need of the daemon.
#[derive(Clone)]
pub(super) struct Relays {
    pub(super) profile: Arc<Profile>,
    pub(super) clerk: ClerkHandle,
    pub(super) feeds: Feeds,
    pub(super) peers: Peers,
    pub(super) relayed_tx: Arc<watch::Sender<Relayed>>,
}

/// Starts what sends feeds out, where the profile permits any; the task `relays` ends once all is taken back after `stop_rx` says so.
pub(super) fn start(relays: Relays, stop_rx: watch::Receiver<bool>, tasks: &mut Tasks) {
    if relays.places().next().is_none() {
        return;
    }
    tasks.start("relay alarms", relays.clone().alarm());
    tasks.start("relays", relays.run(stop_rx));
}

impl Relays {
    fn places(&self) -> impl Iterator<Item = &RelayPlace> {
        self.profile.hub.iter().flat_map(|hub| &hub.relays)
    }

    /// Keeps what is wanted and what is sent the same.
    async fn run(self, mut stop_rx: watch::Receiver<bool>) {
        let mut room_rx = self.clerk.watch();
        let mut sent: BTreeMap<WantedRelay, watch::Sender<bool>> = BTreeMap::new();
        let mut sending = JoinSet::new();
        // what is asked for again waits until its forerunner is taken back
        let mut turns: BTreeMap<(RelayId, FeedId), Arc<Mutex<()>>> = BTreeMap::new();
        loop {
            let stopped = *stop_rx.borrow();
            let wanted = match stopped {
                true => BTreeSet::new(),
                false => wanted(&room_rx.borrow_and_update().room).relays,
            };
            // dropped, a sender tells its task to take the feed back
            sent.retain(|one, _| wanted.contains(one));
            for one in wanted {
                let place = self.places().find(|place| place.spec.id == one.relay);
                let (Some(place), Some(feed), false) =
                    (place, self.feeds.get(&one.feed), sent.contains_key(&one))
                else {
                    continue;
                };
                let (keep_tx, keep_rx) = watch::channel(true);
                let sender = Sender {
                    relays: self.clone(),
                    place: place.clone(),
                    feed: feed.clone(),
                };
                let key = (one.relay.clone(), one.feed.clone());
                let turn = turns.entry(key).or_default().clone();
                sending.spawn(async move {
                    let _turn = turn.lock().await;
                    sender.run(keep_rx).await;
                });
                sent.insert(one, keep_tx);
            }
            if stopped {
                sending.join_all().await;
                return;
            }
            tokio::select! {
                changed = room_rx.changed() => if changed.is_err() { return },
                _ = stop_rx.changed() => {}
                Some(_) = sending.join_next() => {}
            }
        }
    }

    /// A feed that is to leave and does not is a fault of the room's equipment, by place: from its first failure until it is sent, or
    /// is not to be sent any more. Attempts between make no difference.
    async fn alarm(self) {
        let mut relayed_rx = self.relayed_tx.subscribe();
        let mut failing: BTreeMap<(RelayId, FeedId), String> = BTreeMap::new();
        loop {
            let relayed = relayed_rx.borrow_and_update().clone();
            failing.retain(|key, _| relayed.contains_key(key));
            for (key, sending) in relayed {
                match sending {
                    Sending::Failed { detail } => {
                        failing.insert(key, detail);
                    }
                    Sending::Sending => {
                        failing.remove(&key);
                    }
                    Sending::Waiting | Sending::Offering => {}
                }
            }
            for place in self.places() {
                let id = &place.spec.id;
                let failed = failing.iter().find(|((relay, _), _)| relay == id);
                let fault = failed.map(|(_, detail)| Fault::RelayFailed {
                    detail: detail.clone(),
                });
                health::report(&self.clerk, &format!("relay-{id}"), fault).await;
            }
            if relayed_rx.changed().await.is_err() {
                return;
            }
        }
    }
}

/// One feed on its way to one place.
struct Sender {
    relays: Relays,
    place: RelayPlace,
    feed: Feed,
}

/// What a server has taken.
struct Taken {
    client: Client,
    resource: Url,
    push: Push,
}

impl Sender {
    fn tell(&self, sending: Option<Sending>) {
        let key = (self.place.spec.id.clone(), self.feed.id().clone());
        self.relays.relayed_tx.send_if_modified(|all| {
            let before = match sending {
                Some(sending) => all.insert(key.clone(), sending),
                None => all.remove(&key),
            };
            before.as_ref() != all.get(&key)
        });
    }

    /// Sends until the sender of `keep_rx` is gone.
    async fn run(self, mut keep_rx: watch::Receiver<bool>) {
        let mut gone = std::pin::pin!(async move { while keep_rx.changed().await.is_ok() {} });
        let mut wait = BACK_OFF.0;
        let mut sound = self.place.spec.sound;
        loop {
            self.tell(Some(Sending::Waiting));
            let mut status = self.feed.status();
            tokio::select! {
                ready = status.wait_for(|status| !status.layers.is_empty()) => if ready.is_err() { break },
                () = &mut gone => break,
            }
            self.tell(Some(Sending::Offering));
            // an offer that was posted is finished, so that whatever the server took is taken back
            let fault = match self.offer(&mut sound).await {
                Ok(taken) => match self.watch(&taken.push, &mut gone).await {
                    Ok(Stood::NoLongerWanted) => {
                        self.take_back(taken).await;
                        break;
                    }
                    Ok(Stood::Broke) => {
                        self.take_back(taken).await;
                        wait = BACK_OFF.0;
                        anyhow::anyhow!("the connection broke")
                    }
                    Err(fault) => {
                        self.take_back(taken).await;
                        fault
                    }
                },
                Err(fault) => fault,
            };
            let detail = format!("{fault:#}");
            tracing::warn!(relay = %self.place.spec.id, feed = %self.feed.id(), detail, "not sent");
            self.tell(Some(Sending::Failed { detail }));
            tokio::select! {
                () = sleep(wait) => {}
                () = &mut gone => break,
            }
            wait = (wait * 2).min(BACK_OFF.1);
        }
        self.tell(None);
    }

    /// Waits until it is connected, and then until it ends.
    async fn watch(
        &self,
        push: &Push,
        gone: &mut (impl Future<Output = ()> + Unpin),
    ) -> anyhow::Result<Stood> {
        let up = async {
            while !push.is_up() {
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            up = timeout(TO_CONNECT, up) => up.context("the server took the feed, and no media connection came")?,
            () = push.ended() => anyhow::bail!("the server took the feed, and no media connection came"),
            () = &mut *gone => return Ok(Stood::NoLongerWanted),
        }
        tracing::info!(relay = %self.place.spec.id, feed = %self.feed.id(), "sent live");
        self.tell(Some(Sending::Sending));
        tokio::select! {
            () = push.ended() => Ok(Stood::Broke),
            () = gone => Ok(Stood::NoLongerWanted),
        }
    }

    async fn offer(&self, sound: &mut bool) -> anyhow::Result<Taken> {
        let taken = self.offer_once(*sound).await;
        match taken {
            Err(error) if error.downcast_ref() == Some(&Error::SoundRefused) => {
                *sound = false;
                self.offer_once(false).await
            }
            taken => taken,
        }
    }

    async fn offer_once(&self, sound: bool) -> anyhow::Result<Taken> {
        let owner = format!("relay {}", self.place.spec.id);
        let peers = &self.relays.peers;
        let offered = peers.push(self.feed.clone(), sound, owner).await?;
        let client = client(&self.place)?;
        let room: &RoomId = &self.relays.profile.room.id;
        let address = self.place.address(room, self.feed.id());
        let address = Url::parse(&address).context("the relay's address")?;
        let request = client
            .post(address.clone())
            .header(CONTENT_TYPE, "application/sdp")
            .body(offered.offer.clone());
        let mut answer = self.authorised(request)?.send().await.map_err(told)?;
        let status = answer.status();
        anyhow::ensure!(
            status == StatusCode::CREATED,
            "the server answered {status}"
        );
        let location = answer.headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let location = location.context("the server's answer has no Location")?;
        let resource = address.join(location).ok().filter(|resource| {
            // the token goes to nobody else
            resource.origin() == address.origin()
        });
        let resource = resource.context("the server's Location is not on the same server")?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            anyhow::ensure!(
                body.len() + chunk.len() <= LARGEST_ANSWER,
                "the answer is too large"
            );
            body.extend_from_slice(&chunk);
        }
        let accepted = match String::from_utf8(body) {
            Ok(body) => offered.accept(body).await.map_err(anyhow::Error::from),
            Err(_) => Err(anyhow::anyhow!("the answer is no text")),
        };
        match accepted {
            Ok(push) => Ok(Taken {
                client,
                resource,
                push,
            }),
            Err(error) => {
                self.delete(&client, resource).await;
                Err(error)
            }
        }
    }

    fn authorised(&self, request: RequestBuilder) -> anyhow::Result<RequestBuilder> {
        let Some(token) = &self.place.token else {
            return Ok(request);
        };
        let token = token.read(credentials().as_deref())?;
        Ok(request.bearer_auth(token.expose()))
    }

    /// Ends the connection, and lets the server know.
    async fn take_back(&self, taken: Taken) {
        taken.push.end().await;
        self.delete(&taken.client, taken.resource).await;
    }

    /// A server that does not answer finds out by itself: the connection has ended.
    async fn delete(&self, client: &Client, resource: Url) {
        let asked = async {
            let answer = self.authorised(client.delete(resource))?.send().await;
            let status = answer.map_err(told)?.status();
            // one that has noticed the end itself knows the resource no more
            anyhow::ensure!(
                status.is_success() || status == StatusCode::NOT_FOUND,
                "the server answered {status}"
            );
            Ok(())
        };
        if let Err(fault) = asked.await {
            let fault = format!("{fault:#}");
            tracing::warn!(relay = %self.place.spec.id, feed = %self.feed.id(), fault, "not taken back");
        }
    }
}

/// How a connection ended that stood.
enum Stood {
    Broke,
    NoLongerWanted,
}

fn client(place: &RelayPlace) -> anyhow::Result<Client> {
    // reqwest takes the process's provider; an error says that there is one already
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder().timeout(PATIENCE).redirect(Policy::none());
    if let Some(file) = &place.ca {
        let read = || anyhow::Ok(Certificate::from_pem_bundle(&fs::read(file)?)?);
        let roots = read().with_context(|| format!("reading {}", file.display()))?;
        builder = builder.tls_certs_only(roots);
    }
    Ok(builder.build()?)
}

/// The library's words, without the address: it may hold what others must not know.
fn told(error: reqwest::Error) -> anyhow::Error {
    anyhow::Error::from(error.without_url())
}
