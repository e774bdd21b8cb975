//! Owns the file that goes to the pool's owner: the certificate to which he encrypts an order for this box.

use crate::keys::Keys;
use anyhow::Context;
use std::path::Path;

/// Lays out the certificate to which others encrypt what only this box is to read. One that was handed out stays.
pub(super) fn lay_out_certificate(data: &Path, keys: &Keys) -> anyhow::Result<()> {
    let file = data.join("box-certificate.pem");
    if !file.exists() {
        let certificate = keys.envelope_certificate()?;
        std::fs::write(&file, certificate)
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}
