//! Owns the way from the MQTT client to the broker: the client knows Unix sockets only, so that its own TLS, which is old, is not
//! linked in. An abstract socket of a random name carries one connection of this very process on, by TCP or TLS.

use super::tls::Tls;
use crate::config::Broker;
use anyhow::Context;
use rustls::pki_types::ServerName;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long a broker may take to let one in.
const PATIENCE: Duration = Duration::from_secs(4);

/// The bridge, before anybody crosses it.
#[derive(Debug)]
pub(super) struct Bridge {
    listener: UnixListener,
    /// The client's address: abstract, so that no file is left behind.
    pub(super) name: String,
}

impl Bridge {
    /// Opens one.
    pub(super) fn open() -> std::io::Result<Self> {
        let name = format!("\0bidroom-{:032x}", rand::random::<u128>());
        let listener = UnixListener::bind(&name)?;
        Ok(Self { listener, name })
    }

    /// Carries one connection, until either side ends it.
    ///
    /// # Errors
    /// The broker cannot be reached, is not the one that it should be, or the connection broke.
    pub(super) async fn carry(self, broker: &Broker, tls: &Tls) -> anyhow::Result<()> {
        let mut client = self.own_client().await?;
        match reach(broker, tls).await.map_err(Unreached)? {
            Way::Plain(mut tcp) => copy_bidirectional(&mut client, &mut tcp).await?,
            Way::Secure(mut tls) => copy_bidirectional(&mut client, &mut *tls).await?,
        };
        Ok(())
    }

    /// The first connection that comes from this process; others see the door shut.
    async fn own_client(&self) -> std::io::Result<UnixStream> {
        let own = i32::try_from(std::process::id()).ok();
        loop {
            let (client, _) = self.listener.accept().await?;
            if client.peer_cred()?.pid() == own {
                return Ok(client);
            }
        }
    }
}

/// The broker was not reached, or is not the one that it should be: nothing was said to it.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub(super) struct Unreached(anyhow::Error);

/// A way to the broker.
enum Way {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

async fn reach(broker: &Broker, tls: &Tls) -> anyhow::Result<Way> {
    let address = (broker.host.as_str(), broker.port);
    let reached = timeout(PATIENCE, TcpStream::connect(address)).await;
    let tcp = reached.context("不可达 / it does not answer")??;
    tcp.set_nodelay(true)?;
    if !broker.tls {
        return Ok(Way::Plain(tcp));
    }
    let config = tls.0.clone().context("没有证书 / no certificate")?;
    let name = ServerName::try_from(broker.host.clone()).context("the broker's name")?;
    let greeted = timeout(PATIENCE, TlsConnector::from(config).connect(name, tcp)).await;
    let secure = greeted.context("TLS 握手超时 / the TLS handshake took too long")??;
    Ok(Way::Secure(Box::new(secure)))
}
