//! Owns the life of a hub: `bidroom hub run`, and what else a hub's operator asks of the command line.

use super::clock::SystemClock;
use super::listen;
use super::run::{Signals, hand_over};
use super::tasks::Tasks;
use super::watchdog;
use crate::access::{Access, AccessPolicy};
use crate::clerk::Clock;
use crate::config::HubSettings;
use crate::console::{City, CityParts, city_router};
use crate::hub::contract::Key;
use crate::hub::reference::{BrokerKind, Hub, Parts, access_list};
use crate::keys::{KeySources, Keys};
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a hub is to run.
#[derive(Debug)]
pub struct HubOrder {
    /// Its settings' file.
    pub settings: PathBuf,
    /// The folder of its data.
    pub data: PathBuf,
}

/// Runs a hub until a signal, or until a part of it fails.
///
/// # Errors
/// What keeps it from starting, named with its file and remedy.
pub async fn run_hub(order: HubOrder) -> anyhow::Result<()> {
    let settings = HubSettings::load(&order.settings)?;
    let data = order.data;
    let _lock = super::run::lock(&data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new(settings.time_zone.clone())?);
    let keys = open_keys(&data, &settings, &*clock)?;
    let parts = Parts {
        settings: &settings,
        data: &data,
        keys: keys.clone(),
        clock: clock.clone(),
    };
    // a database elsewhere is waited for
    let (handle, hub) = tokio::task::block_in_place(|| Hub::open(parts))?;
    let pages = city_router(City::new(CityParts {
        hub: handle.clone(),
        access: open_access(&data, &settings, &keys, &*clock)?,
        clock: clock.clone(),
        keys: keys.clone(),
        name: settings.name.clone(),
        time_zone: settings.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        run: format!("{:016x}", rand::random::<u64>()),
    }));
    let mut signals = Signals::new()?;
    let mut tasks = Tasks::default();
    tasks.start("hub", async move {
        if let Err(error) = hub.run().await {
            tracing::error!(error = format!("{error:#}"), "the hub failed");
        }
    });
    let listeners = listen::start(&settings.network, &data, pages, &keys, &mut tasks)?;
    watchdog::hub_ready(handle, clock, &mut tasks);
    tracing::info!(city = %settings.city, port = listeners.port, key = %Key(keys.public_key()), "ready");
    let ended = tokio::select! {
        () = signals.next() => Ok(()),
        name = tasks.ended() => Err(anyhow::anyhow!("the hub stops, as its part '{name}' has failed; the log says why")),
    };
    watchdog::stopping();
    listeners.stop();
    ended
}

/// The hub's accounts: the technician is its operator, the supervisor looks on.
fn open_access(
    data: &Path,
    settings: &HubSettings,
    keys: &Keys,
    clock: &dyn Clock,
) -> anyhow::Result<Access> {
    let policy = AccessPolicy {
        second_factor: settings.second_factor,
        issuer: settings.name.clone(),
        ..AccessPolicy::default()
    };
    let access = Access::open(&data.join("access.sqlite"), keys.clone(), policy)?;
    let passwords = data.join("first-passwords.txt");
    if access.bootstrap(clock.now().stamp.at, |first| hand_over(&passwords, first))? {
        tracing::info!(file = %passwords.display(), "the first accounts were made; hand out their passwords and delete the file");
    }
    Ok(access)
}

fn open_keys(data: &Path, settings: &HubSettings, clock: &dyn Clock) -> anyhow::Result<Keys> {
    fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let sources = KeySources {
        folder: data.join("keys"),
        credentials,
    };
    Ok(Keys::open(
        sources,
        &settings.network.host_names,
        clock.now().stamp.at,
    )?)
}

/// The public key that rooms' profiles name under `[hub] keys`; made where there is none yet.
///
/// # Errors
/// The settings, or the keys' files.
pub fn hub_key(order: &HubOrder) -> anyhow::Result<String> {
    let settings = HubSettings::load(&order.settings)?;
    let clock = SystemClock::new(settings.time_zone.clone())?;
    let keys = open_keys(&order.data, &settings, &clock)?;
    Ok(Key(keys.public_key()).to_string())
}

/// A broker's access list.
///
/// # Errors
/// The settings.
pub fn hub_access_list(settings: &Path, broker: BrokerKind) -> anyhow::Result<String> {
    Ok(access_list(&HubSettings::load(settings)?.city, broker))
}
