//! Owns the conversation with the time-stamping authority: one question over HTTP or HTTPS, one answer that is checked.

use crate::archive::token;
use crate::config::HttpUrl;
use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long the authority may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the authority to confirm the moment.
///
/// # Errors
/// It does not answer in time, or its answer does not confirm `signed`.
pub(super) async fn stamp(tsa: &HttpUrl, signed: &[u8]) -> anyhow::Result<Vec<u8>> {
    let question = token::question(signed)?;
    let asked = ask(tsa, question.clone());
    let answer = timeout(PATIENCE, asked)
        .await
        .context("no answer in time")??;
    token::confirms(&answer, signed, Some(&question)).map_err(anyhow::Error::msg)?;
    Ok(answer)
}

async fn ask(tsa: &HttpUrl, question: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let stream = TcpStream::connect((tsa.host(), tsa.port())).await?;
    if !tsa.is_https() {
        return converse(stream, tsa, question).await;
    }
    let name = ServerName::try_from(tsa.host().to_owned())?;
    let stream = connector().await?.connect(name, stream).await?;
    converse(stream, tsa, question).await
}

/// Trusts whom the machine trusts: a centre's own CA is added by `update-ca-certificates`.
async fn connector() -> anyhow::Result<TlsConnector> {
    let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    anyhow::ensure!(
        !roots.is_empty(),
        "this machine trusts no CA: apt-get install ca-certificates"
    );
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    tsa: &HttpUrl,
    question: Vec<u8>,
) -> anyhow::Result<Vec<u8>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let path = tsa.uri().path_and_query().map_or("/", |path| path.as_str());
    let request = hyper::Request::post(path)
        .header("host", tsa.host())
        .header("content-type", "application/timestamp-query")
        .body(Full::new(Bytes::from(question)))?;
    let asked = async {
        let answer = sender.send_request(request).await?;
        anyhow::ensure!(answer.status().is_success(), "answered {}", answer.status());
        let body = Limited::new(answer.into_body(), token::LARGEST_ANSWER).collect();
        let body = body.await.map_err(|e| anyhow::anyhow!("{e}"))?;
        Ok(body.to_bytes().to_vec())
    };
    tokio::pin!(asked, connection);
    tokio::select! {
        answer = &mut asked => answer,
        // the answer may have come with the end
        _ = &mut connection => asked.await,
    }
}
