//! Owns `bidroom ctl handover`: archives from another venue's disk, and receipts that another venue gave.

use super::ctl::{call, send};
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum HandoverTask {
    /// Takes a sub-venue's archive from a folder, and signs a receipt for it.
    Receive {
        /// The bag's folder, e.g. on the disk that was brought.
        bag: PathBuf,
        /// The folder that gets the receipt and its signature too, e.g. on the same disk.
        #[arg(long)]
        receipt_to: Option<PathBuf>,
    },
    /// Hands in the receipt that another venue gave for an archive of this room; its signature lies beside it.
    Receipt {
        /// The receipt, `….json`.
        file: PathBuf,
    },
}

pub(super) async fn run(socket: &Path, task: HandoverTask) -> anyhow::Result<Value> {
    match task {
        HandoverTask::Receive { bag, receipt_to } => {
            let bag = std::path::absolute(&bag)?;
            let taken = take(socket, &bag).await?;
            if let (Some(folder), Some(receipt)) = (receipt_to, taken["receipt"].as_str()) {
                for file in [PathBuf::from(receipt), signature_of(Path::new(receipt))] {
                    let name = file.file_name().context("the receipt has no name")?;
                    let to = folder.join(name);
                    std::fs::copy(&file, &to)
                        .with_context(|| format!("copying the receipt to {}", to.display()))?;
                    std::fs::File::open(&to)?.sync_all()?;
                }
            }
            Ok(taken)
        }
        HandoverTask::Receipt { file } => {
            let read = |path: &Path| {
                std::fs::read(path).with_context(|| format!("reading {}", path.display()))
            };
            let receipt = String::from_utf8(read(&file)?).context("the receipt is no text")?;
            let signature = STANDARD.encode(read(&signature_of(&file))?);
            let body = json!({"receipt": receipt, "signature": signature}).to_string();
            let kind = "application/json";
            call(
                socket,
                Method::POST,
                "/api/handovers/receipts",
                kind,
                body,
                None,
            )
            .await
        }
    }
}

fn signature_of(receipt: &Path) -> PathBuf {
    receipt.with_added_extension("p7s")
}

/// Waits until it is taken; on a terminal it is told how far it is.
async fn take(socket: &Path, bag: &Path) -> anyhow::Result<Value> {
    let body = json!({"folder": bag}).to_string().into_bytes();
    let path = "/api/handovers/received";
    let mut answer = send(socket, Method::POST, path, "application/json", body, None).await?;
    let mut so_far = Vec::new();
    let mut last = Value::Null;
    while let Some(frame) = answer.body_mut().frame().await {
        so_far.extend_from_slice(&frame?.into_data().unwrap_or_default());
        while let Some(end) = so_far.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = so_far.drain(..=end).collect();
            last = serde_json::from_slice(&line).context("the daemon's answer is no JSON")?;
            told(&last);
        }
    }
    match (last["state"].as_str(), last["why"].as_str()) {
        (Some("taken"), _) => Ok(last),
        (_, Some(why)) => bail!("{why}"),
        _ => bail!("the daemon stopped before the archive was taken; give the command again"),
    }
}

fn told(line: &Value) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    // a terminal that is gone reads nothing
    let _ = match (line["done"].as_u64(), line["of"].as_u64()) {
        (Some(done), Some(of)) => {
            write!(out, "\rcopying and verifying: {} %", done * 100 / of.max(1))
        }
        _ => writeln!(out),
    };
}
