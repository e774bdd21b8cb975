//! Owns what every handler needs: the handles to the room, to access, to the vault, to media and to history.

use super::history::History;
use super::signalling::Live;
use super::views::Surroundings;
use crate::access::Access;
use crate::clerk::{ClerkHandle, Clock};
use crate::config::Media;
use crate::keys::Keys;
use crate::media::feed::Feeds;
use crate::media::peer::Peers;
use crate::phone::SpokenNotices;
use crate::room::{DrawHub, Hex32, Now, Room};
use crate::vault::Vault;
use axum::extract::FromRef;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// The console's parts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Console {
    inner: Arc<Parts>,
}

/// What the console is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where commands go, and where the room is read.
    pub clerk: ClerkHandle,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who people are.
    pub access: Access,
    /// Who the members are.
    pub vault: Vault,
    /// The box's keys.
    pub keys: Keys,
    /// The live sources.
    pub feeds: Feeds,
    /// The browsers that send and watch.
    pub peers: Peers,
    /// What happened.
    pub history: History,
    /// What is known of the moment.
    pub around: watch::Receiver<Surroundings>,
    /// The folder that sessions are recorded under.
    pub data: PathBuf,
    /// The hub that signs draws.
    pub draw_hub: Option<DrawHub>,
    /// Whose orders are taken: the pool's owner's keys.
    pub order_keys: Vec<Hex32>,
    /// This room's id.
    pub room_id: String,
    /// The file of other venues' certificates, where the profile names one.
    pub venues: Option<PathBuf>,
    /// What is said in calls.
    pub notices: SpokenNotices,
    /// What workstations should send.
    pub pictures: Media,
    /// The zone that times are shown in.
    pub time_zone: String,
    /// Names this run of the daemon, so that pages notice when it is another one.
    pub run: String,
}

impl Console {
    /// From its parts.
    pub fn new(parts: Parts) -> Self {
        Self {
            inner: Arc::new(parts),
        }
    }

    pub(super) fn now(&self) -> Now {
        self.inner.clock.now()
    }

    pub(super) fn room(&self) -> Arc<Room> {
        self.inner.clerk.room()
    }
}

/// What it takes to know who asks: a room's console has it, and so has a hub's.
#[derive(Debug, Clone)]
pub(super) struct Door {
    /// Who people are.
    pub(super) access: Access,
    clock: Arc<dyn Clock>,
    /// The room, where there is one: it says who may watch a feed.
    room: Option<ClerkHandle>,
}

impl Door {
    /// A door without a room behind it.
    pub(super) fn of_hub(access: Access, clock: Arc<dyn Clock>) -> Self {
        Self {
            access,
            clock,
            room: None,
        }
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(super) fn room(&self) -> Option<Arc<Room>> {
        self.room.as_ref().map(ClerkHandle::room)
    }
}

impl From<&Console> for Door {
    fn from(console: &Console) -> Self {
        Self {
            access: console.access.clone(),
            clock: console.clock.clone(),
            room: Some(console.clerk.clone()),
        }
    }
}

impl From<&Door> for Door {
    fn from(door: &Door) -> Self {
        door.clone()
    }
}

impl FromRef<Console> for Door {
    fn from_ref(console: &Console) -> Self {
        console.into()
    }
}

impl FromRef<Console> for Live {
    fn from_ref(console: &Console) -> Self {
        Self {
            feeds: console.feeds.clone(),
            peers: console.peers.clone(),
        }
    }
}

impl std::ops::Deref for Console {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.inner
    }
}
