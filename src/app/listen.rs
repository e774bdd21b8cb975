//! Owns the console's two doors: TLS for the network, a socket file for whoever is on the box.

use super::tasks::Tasks;
use crate::config::Network;
use crate::console::Local;
use crate::keys::Keys;
use anyhow::Context;
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;

/// How long a request may go on after the daemon was told to stop.
const GRACE: Duration = Duration::from_secs(1);
/// How long a connection may say nothing, or nothing whole: one that never asks is closed.
const SLOWEST_HEAD: Duration = Duration::from_secs(20);

/// What was opened.
#[derive(Debug)]
pub(super) struct Listeners {
    handles: Vec<Handle<SocketAddr>>,
    socket: PathBuf,
    /// The console's port.
    pub(super) port: u16,
}

impl Listeners {
    /// Takes no more, and lets go of what is open.
    pub(super) fn stop(self) {
        self.handles
            .iter()
            .for_each(|handle| handle.graceful_shutdown(Some(GRACE)));
        if let Err(error) = fs::remove_file(&self.socket) {
            tracing::warn!(%error, "the control socket was not removed");
        }
    }
}

/// Opens both doors.
///
/// # Errors
/// An address that is taken; it is named.
pub(super) fn start(
    network: &Network,
    data: &Path,
    pages: Router,
    keys: &Keys,
    tasks: &mut Tasks,
) -> anyhow::Result<Listeners> {
    let tls = RustlsConfig::from_config(Arc::new(keys.server_config()?));
    let mut handles = Vec::new();
    let mut port = network.https_port;
    for address in &network.bind {
        let address = SocketAddr::new(*address, port);
        let listener = TcpListener::bind(address)
            .with_context(|| format!("listening on {address}; is something else there?"))?;
        listener.set_nonblocking(true)?;
        port = listener.local_addr()?.port();
        let handle = Handle::new();
        let mut server = axum_server::from_tcp_rustls(listener, tls.clone())?
            .handle(handle.clone())
            .first_request_timeout(SLOWEST_HEAD);
        server
            .http_builder()
            .http1()
            .header_read_timeout(SLOWEST_HEAD)
            .http2()
            .keep_alive_interval(SLOWEST_HEAD)
            .keep_alive_timeout(SLOWEST_HEAD);
        let server = server.serve(
            pages
                .clone()
                .into_make_service_with_connect_info::<SocketAddr>(),
        );
        handles.push(handle);
        tasks.start("console", async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the console stopped");
            }
        });
    }
    let socket = data.join("ctl.sock");
    tasks.start("control socket", control(&socket, pages)?);
    // written whole or not at all: scripts wait for it
    let place = data.join("port");
    fs::write(place.with_extension("new"), port.to_string())?;
    fs::rename(place.with_extension("new"), &place)?;
    Ok(Listeners {
        handles,
        socket,
        port,
    })
}

fn control(
    socket: &Path,
    pages: axum::Router,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        // what a killed daemon left behind; the lock says that nobody listens there
        Ok(()) | Err(_) => {}
    }
    let listener =
        UnixListener::bind(socket).with_context(|| format!("listening on {}", socket.display()))?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o660))?;
    Ok(async move {
        let service = pages.into_make_service_with_connect_info::<Local>();
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, "the control socket stopped");
        }
    })
}
