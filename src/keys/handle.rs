//! Owns the handle to the box's keys: makes them at the first start, reads and checks them at
//! every other, and lends what they can do. The keys themselves never leave.

use super::certificates::{Authority, HostName, certified_key, parse_pair};
use super::cipher::{Cipher, MacPurpose, SealPurpose, Unreadable, cipher_for, mac_for};
use super::error::KeyError;
use super::files::{
    make_private_folder, new_raw_key, parse_raw_key, read_private, sync_folder_of, write_private,
};
use super::secret::random;
use crate::room::Utc;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

const CA: &str = "ca.pem";
const SERVER: &str = "server.pem";
const SIGNING: &str = "signing.pem";
/// Signs archives: P-256, as OpenSSL's `cms -verify` knows no Ed25519 before 3.2.
const ARCHIVE: &str = "archive.pem";
const MAC: &str = "mac.key";
const VAULT: &str = "vault.key";
/// Says that the keys were made, so that a lost file is never replaced in silence.
const MADE: &str = "made";

/// Where the keys lie.
#[derive(Debug, Clone)]
pub struct KeySources {
    /// The box's own folder, `<data>/keys`.
    pub folder: PathBuf,
    /// Where systemd put credentials (`$CREDENTIALS_DIRECTORY`); a file there (`ca.pem`,
    /// `server.pem`, `signing.pem`, `mac.key`, `vault.key`) goes before the folder's.
    pub credentials: Option<PathBuf>,
}

impl KeySources {
    /// The file that holds `name`, and its text.
    fn read(&self, name: &str) -> Result<Option<(PathBuf, Zeroizing<String>)>, KeyError> {
        if let Some(path) = self.credentials.as_ref().map(|c| c.join(name))
            && let Some(text) = read_private(&path, true)?
        {
            return Ok(Some((path, text)));
        }
        let path = self.folder.join(name);
        Ok(read_private(&path, false)?.map(|text| (path, text)))
    }

    fn required(&self, name: &'static str) -> Result<(PathBuf, Zeroizing<String>), KeyError> {
        self.read(name)?.ok_or_else(|| KeyError::Missing {
            path: self.folder.join(name),
            name,
        })
    }

    fn credential_for(&self, name: &str) -> bool {
        self.credentials
            .as_ref()
            .is_some_and(|c| c.join(name).exists())
    }
}

/// The box's keys. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    sources: KeySources,
    names: Vec<HostName>,
    authority: Authority,
    server: Arc<Server>,
    signing: Ed25519KeyPair,
    archive: ArchiveSigner,
    mac: Zeroizing<[u8; 32]>,
    vault: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("folder", &self.0.sources.folder)
            .field("names", &self.0.names)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys; makes them where the box has none yet. The server's certificate is for
    /// `names`, and is renewed where they changed or fewer than 30 days are left.
    ///
    /// # Errors
    /// A file that is damaged, missing or open to others, a name that the CA may not certify,
    /// or a disk that does not let write. Nothing is ever repaired by guessing.
    pub fn open(sources: KeySources, names: &[HostName], now: Utc) -> Result<Self, KeyError> {
        if !sources.folder.join(MADE).exists() {
            make_all(&sources, names, now)?;
        }
        let (path, text) = sources.required(CA)?;
        let authority = Authority::parse(&path, &text)?;
        let (path, text) = sources.required(SIGNING)?;
        let signing = parse_signing(&path, &text)?;
        let archive = ArchiveSigner::open(&sources, &authority)?;
        let raw = |name| {
            let (path, text) = sources.required(name)?;
            parse_raw_key(&path, name, &text)
        };
        let (mac, vault) = (raw(MAC)?, raw(VAULT)?);
        let server = Arc::new(Server(RwLock::new(serve(
            &sources, &authority, names, now,
        )?)));
        let names = names.to_vec();
        Ok(Self(Arc::new(Inner {
            sources,
            names,
            authority,
            server,
            signing,
            archive,
            mac,
            vault,
        })))
    }

    /// Renews the server's certificate where that is due, for running daemons: new connections
    /// get the new one. Says whether it did. To be asked once a day.
    ///
    /// # Errors
    /// As [`Keys::open`]; the old certificate stays then.
    pub fn renew(&self, now: Utc) -> Result<bool, KeyError> {
        let Inner {
            sources,
            names,
            authority,
            server,
            ..
        } = &*self.0;
        let fresh = serve(sources, authority, names, now)?;
        let mut current = server.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = current.cert != fresh.cert;
        *current = fresh;
        Ok(changed)
    }

    /// How the console is served: TLS 1.2 or newer, HTTP/2 or 1.1, no client certificate.
    ///
    /// # Errors
    /// Only if the TLS library knows none of its own protocol versions.
    pub fn server_config(&self) -> Result<rustls::ServerConfig, KeyError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| KeyError::Crypto {
                what: "choosing TLS versions",
            })?
            .with_no_client_auth()
            .with_cert_resolver(self.0.server.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// The CA's certificate, for the workstations' trust stores. Holds nothing secret.
    pub fn ca_certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.0.authority.certificate)
    }

    /// Ed25519 signature by the box's identity.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0
            .signing
            .sign(message)
            .as_ref()
            .try_into()
            .expect("Ed25519 signatures have 64 bytes")
    }

    /// The Ed25519 key that verifies [`Keys::sign`].
    pub fn public_key(&self) -> [u8; 32] {
        self.0
            .signing
            .public_key()
            .as_ref()
            .try_into()
            .expect("Ed25519 keys have 32 bytes")
    }

    /// [`Keys::public_key`] as third-party tools read it.
    pub fn public_key_pem(&self) -> String {
        pem(
            "PUBLIC KEY",
            &[&SPKI_PREFIX[..], &self.public_key()].concat(),
        )
    }

    /// ECDSA signature (P-256, SHA-256, ASN.1) with the key that signs archives.
    ///
    /// # Errors
    /// Only if the cryptographic library fails.
    pub fn sign_archive(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.0.archive.sign(message)
    }

    /// The certificate that verifies [`Keys::sign_archive`], DER.
    pub fn archive_certificate(&self) -> &[u8] {
        &self.0.archive.certificate
    }

    /// The CA's certificate, DER.
    pub fn ca_certificate(&self) -> &[u8] {
        &self.0.authority.certificate
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// HMAC-SHA-256 under a key of that purpose alone.
    pub fn hmac(&self, purpose: MacPurpose, content: &[u8]) -> [u8; 32] {
        mac_for(&self.0.mac, purpose, content)
    }

    /// Encrypts; `place` says where the value belongs, and must be the same to open it.
    pub fn seal(&self, purpose: SealPurpose, place: &[u8], plain: &[u8]) -> Vec<u8> {
        self.cipher(purpose).seal(place, plain)
    }

    /// Opens what [`Keys::seal`] made.
    pub(crate) fn open_sealed(
        &self,
        purpose: SealPurpose,
        place: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        self.cipher(purpose).open(place, sealed)
    }

    fn cipher(&self, purpose: SealPurpose) -> Cipher {
        cipher_for(&self.0.vault, purpose)
    }

    /// Tells these keys from others; kept in each database, so that one is never used with keys
    /// that cannot read it.
    pub(crate) fn check_value(&self) -> [u8; 32] {
        let vault = Zeroizing::new(mac_for(&self.0.vault, MacPurpose::KeyCheck, b""));
        self.hmac(MacPurpose::KeyCheck, vault.as_slice())
    }
}

/// Hands the present certificate to each new connection.
#[derive(Debug)]
struct Server(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Server {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(
            self.0
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
    }
}

/// What signs archives.
struct ArchiveSigner {
    key: EcdsaKeyPair,
    certificate: CertificateDer<'static>,
}

impl ArchiveSigner {
    /// Reads the pair. One that is missing, or of another CA, is made anew: each signature carries its certificate.
    fn open(sources: &KeySources, authority: &Authority) -> Result<Self, KeyError> {
        let text = sources.read(ARCHIVE)?;
        if let Some((path, text)) = &text {
            let (certificate, _) = parse_pair(path, text)?;
            if authority.issued(&certificate) {
                return Self::parse(path, text);
            }
        }
        let path = sources.folder.join(ARCHIVE);
        let text = authority.issue_archive()?;
        write_private(&path, text.as_bytes())?;
        Self::parse(&path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, KeyError> {
        let (certificate, key) = parse_pair(path, text)?;
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            key.secret_der(),
            &SystemRandom::new(),
        )
        .map_err(|_| KeyError::damaged(path, "not a P-256 key"))?;
        Ok(Self { key, certificate })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.key
            .sign(&SystemRandom::new(), message)
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| KeyError::Crypto {
                what: "signing an archive",
            })
    }
}

/// Makes all keys in a folder beside, then puts it in place by one rename: a crash leaves either
/// no keys or all of them.
fn make_all(sources: &KeySources, names: &[HostName], now: Utc) -> Result<(), KeyError> {
    let folder = &sources.folder;
    if let Some(name) = [CA, SIGNING, MAC, VAULT]
        .into_iter()
        .find(|name| folder.join(name).exists())
    {
        return Err(KeyError::damaged(
            &folder.join(name),
            "the file 'made' beside it is gone",
        ));
    }
    let new = folder.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(KeyError::io(&new, "remove"))?;
    }
    make_private_folder(&new)?;
    let write = |name: &str, make: &dyn Fn() -> Result<Zeroizing<String>, KeyError>| {
        if sources.credential_for(name) {
            Ok(())
        } else {
            write_private(&new.join(name), make()?.as_bytes())
        }
    };
    write(CA, &|| Authority::make(names, now))?;
    write(SIGNING, &|| {
        make_signing().ok_or(KeyError::Crypto {
            what: "making the signing key",
        })
    })?;
    write(MAC, &|| Ok(new_raw_key(MAC)))?;
    write(VAULT, &|| Ok(new_raw_key(VAULT)))?;
    write_private(&new.join(MADE), format!("{}\n", now.0).as_bytes())?;
    fs::rename(&new, folder).map_err(KeyError::io(folder, "rename"))?;
    sync_folder_of(folder)
}

/// The certificate to serve: the one handed in as a credential as it is, else the box's own,
/// renewed where due.
fn serve(
    sources: &KeySources,
    authority: &Authority,
    names: &[HostName],
    now: Utc,
) -> Result<Arc<CertifiedKey>, KeyError> {
    let path = sources.folder.join(SERVER);
    match sources.read(SERVER)? {
        Some((given, text)) if given != path => return certified_key(&given, &text),
        // a damaged one of its own is simply made again
        Some((_, text)) => {
            if let Ok((certificate, _)) = parse_pair(&path, &text)
                && authority.still_good(&certificate, names, now)
                && let Ok(served) = certified_key(&path, &text)
            {
                return Ok(served);
            }
        }
        None => {}
    }
    let text = authority.issue(names, now)?;
    write_private(&path, text.as_bytes())?;
    certified_key(&path, &text)
}

/// DER before the seed of an Ed25519 private key in PKCS#8 version 1 (RFC 8410), which OpenSSL
/// reads; ring itself would write version 2, which it does not.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// DER before an Ed25519 public key (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A new signing key as the text of its file: private, then public, which tells a flipped bit.
fn make_signing() -> Option<Zeroizing<String>> {
    let seed = random::<32>();
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).ok()?;
    let private = Zeroizing::new([&PKCS8_PREFIX[..], seed.as_slice()].concat());
    let public = [&SPKI_PREFIX[..], pair.public_key().as_ref()].concat();
    let private = Zeroizing::new(pem("PRIVATE KEY", &private));
    Some(Zeroizing::new(format!(
        "{}{}",
        *private,
        pem("PUBLIC KEY", &public)
    )))
}

fn parse_signing(path: &Path, text: &str) -> Result<Ed25519KeyPair, KeyError> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
    let private = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| KeyError::damaged(path, "no private key in PEM"))?;
    let public = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes())
        .map_err(|_| KeyError::damaged(path, "no public key in PEM"))?;
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private.secret_pkcs8_der())
        .map_err(|_| KeyError::damaged(path, "not an Ed25519 key"))?;
    if public.strip_prefix(&SPKI_PREFIX[..]) != Some(pair.public_key().as_ref()) {
        return Err(KeyError::damaged(
            path,
            "private and public key do not belong together",
        ));
    }
    Ok(pair)
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(BASE64.encode(der));
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
