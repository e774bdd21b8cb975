//! Owns what the box has to do with orders that the pool's owner has drawn: the certificate to which he encrypts them, and that one
//! which the hub has brought is proven and lies in the vault before the room hears of it.

use crate::clerk::{ClerkHandle, Clock};
use crate::draw::prove_order;
use crate::hub::link::ProveOrder;
use crate::keys::Keys;
use crate::room::{Hex32, OrderFault};
use crate::vault::{Document, Vault};
use anyhow::Context;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

/// Lays out the certificate to which others encrypt what only this box is to read, and gives it as PEM. One that was handed out stays,
/// unless it is of another CA than the box has now, or broken.
pub(super) fn lay_out_certificate(data: &Path, keys: &Keys) -> anyhow::Result<String> {
    let file = data.join("box-certificate.pem");
    if let Ok(known) = fs::read_to_string(&file)
        && keys.is_envelope_certificate(&known)
    {
        return Ok(known);
    }
    let certificate = keys.envelope_certificate()?;
    let write = || {
        let new = file.with_extension("new");
        fs::write(&new, &certificate)?;
        File::open(&new)?.sync_all()?;
        fs::rename(&new, &file)?;
        File::open(data)?.sync_all()
    };
    write().with_context(|| format!("writing {}", file.display()))?;
    Ok(certificate)
}

/// How orders of the hub are proven and kept.
pub(super) fn prove(
    clerk: ClerkHandle,
    vault: Vault,
    keys: Keys,
    trusted: Vec<Hex32>,
    clock: Arc<dyn Clock>,
) -> ProveOrder {
    ProveOrder::new(move |id, container| {
        let room = clerk.room();
        let Some(session) = room.sessions.get(id) else {
            return Ok(Err(OrderFault::NoSuchSession));
        };
        let (of, now) = ((id, session.plan.start), clock.now());
        let order = match prove_order(&keys, container, of, &trusted, &now) {
            Ok(order) => order,
            Err(fault) => return Ok(Err(OrderFault::from(&fault))),
        };
        vault.keep(id, &Document::Order, container)?;
        Ok(Ok(order))
    })
}
