//! Owns the box's CA and the TLS certificate it makes for the box.
//!
//! The CA goes into the workstations' trust stores, so it is limited to what a room needs: private
//! addresses, private domains, and the names the box had when it was made. A stolen box cannot
//! impersonate the rest of the net.

use super::error::KeyError;
use super::secret::random;
use crate::room::Utc;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SignatureAlgorithm,
};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};
use zeroize::{Zeroize, Zeroizing};

const CA_YEARS: i64 = 20;
/// 2024-01-01.
const CA_BEGINS: Utc = Utc(1_704_067_200_000);
/// The longest that all browsers accept from a private CA.
const SERVER_DAYS: i64 = 825;
/// Renewed when fewer are left.
pub(super) const RENEW_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Domains that nobody owns on the public net (RFC 6761, 6762, 8375, ICANN's `internal`).
const PRIVATE_DOMAINS: [&str; 6] = [
    "localhost",
    "local",
    "lan",
    "intranet",
    "internal",
    "home.arpa",
];
/// Addresses of private nets (RFC 1918, 6598, 3927, 4193, 4291) and of the box itself.
const PRIVATE_NETS: [(&str, u8); 9] = [
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("100.64.0.0", 10),
    ("169.254.0.0", 16),
    ("127.0.0.0", 8),
    ("fc00::", 7),
    ("fe80::", 10),
    ("::1", 128),
];

/// A name or address under which browsers open the console.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostName {
    /// A DNS name, lower case.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl FromStr for HostName {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        let all_digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if text.len() > 253 || all_digits || !text.split('.').all(label) {
            return Err(KeyError::InvalidName {
                name: text.to_owned(),
            });
        }
        Ok(Self::Dns(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

fn crypto(what: &'static str) -> impl FnOnce(rcgen::Error) -> KeyError {
    move |_| KeyError::Crypto { what }
}

/// The CA, ready to sign.
pub(super) struct Authority {
    path: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    pub(super) certificate: CertificateDer<'static>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// A new CA as the text of its file: key, then certificate.
    pub(super) fn make(names: &[HostName], now: Utc) -> Result<Zeroizing<String>, KeyError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "bidroom");
        // Told apart in a trust store that holds the CAs of many rooms.
        params.distinguished_name.push(
            DnType::CommonName,
            format!("bidroom CA {}", hex::encode(*random::<4>())),
        );
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted(names),
            excluded_subtrees: Vec::new(),
        });
        // A fixed beginning: the CA must not depend on a clock that was wrong at the first start.
        set_validity(
            &mut params,
            CA_BEGINS,
            Utc(now.0 + CA_YEARS * 36525 * DAY_MS / 100),
        )?;
        params.serial_number = Some(serial());
        let key = KeyPair::generate().map_err(crypto("making the CA's key"))?;
        let certificate = params.self_signed(&key).map_err(crypto("signing the CA"))?;
        let key_pem = Zeroizing::new(key.serialize_pem());
        Ok(Zeroizing::new(format!("{}{}", *key_pem, certificate.pem())))
    }

    /// Reads what [`Authority::make`] wrote, and checks that nothing of it changed.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, KeyError> {
        let (certificate, key_der) = parse_pair(path, text)?;
        let key = KeyPair::try_from(&key_der)
            .map_err(|_| KeyError::damaged(path, "no usable private key"))?;
        {
            let x509 = parse_x509(path, &certificate)?;
            check_signature(&x509, &x509).ok_or(KeyError::damaged(
                path,
                "the certificate's signature is wrong",
            ))?;
            if x509.public_key().subject_public_key.data != key.public_key_raw() {
                return Err(KeyError::damaged(
                    path,
                    "key and certificate do not belong together",
                ));
            }
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|_| KeyError::damaged(path, "not a CA's certificate"))?;
        Ok(Self {
            path: path.to_owned(),
            issuer,
            certificate,
        })
    }

    /// A new server certificate with a new key, as the text of its file.
    pub(super) fn issue(
        &self,
        names: &[HostName],
        now: Utc,
    ) -> Result<Zeroizing<String>, KeyError> {
        self.check_permitted(names)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "bidroom");
        // Not like a host name, which OpenSSL would take for one.
        params
            .distinguished_name
            .push(DnType::CommonName, "evaluation room");
        for name in names {
            params.subject_alt_names.push(match name {
                HostName::Dns(name) => SanType::DnsName(
                    name.as_str()
                        .try_into()
                        .map_err(|_| KeyError::InvalidName { name: name.clone() })?,
                ),
                HostName::Ip(address) => SanType::IpAddress(*address),
            });
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        // Workstations' clocks may be behind.
        set_validity(
            &mut params,
            Utc(now.0 - DAY_MS),
            Utc(now.0 + (SERVER_DAYS - 2) * DAY_MS),
        )?;
        params.serial_number = Some(serial());
        let key = KeyPair::generate().map_err(crypto("making the server's key"))?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(crypto("signing the server's certificate"))?;
        let key_pem = Zeroizing::new(key.serialize_pem());
        Ok(Zeroizing::new(format!("{}{}", *key_pem, certificate.pem())))
    }

    /// A new certificate for signing archives with a new key, as the text of its file. It lasts as long as the CA: what
    /// it signed is checked years later.
    pub(super) fn issue_archive(&self) -> Result<Zeroizing<String>, KeyError> {
        let ours = parse_x509(&self.path, &self.certificate)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "bidroom");
        params.distinguished_name.push(
            DnType::CommonName,
            format!("bidroom archive {}", hex::encode(*random::<4>())),
        );
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::ContentCommitment,
        ];
        params.use_authority_key_identifier_extension = true;
        let ends = ours.validity().not_after.timestamp().saturating_mul(1000);
        set_validity(&mut params, CA_BEGINS, Utc(ends))?;
        params.serial_number = Some(serial());
        let key = KeyPair::generate().map_err(crypto("making the archive's key"))?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(crypto("signing the archive's certificate"))?;
        let key_pem = Zeroizing::new(key.serialize_pem());
        Ok(Zeroizing::new(format!("{}{}", *key_pem, certificate.pem())))
    }

    /// A certificate for a P-256 key (its point, uncompressed) that others encrypt to, PEM. It lasts as long as the CA.
    pub(super) fn issue_envelope(&self, point: &[u8]) -> Result<String, KeyError> {
        let ours = parse_x509(&self.path, &self.certificate)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "bidroom");
        params
            .distinguished_name
            .push(DnType::CommonName, "bidroom box");
        params.key_usages = vec![KeyUsagePurpose::KeyAgreement];
        params.use_authority_key_identifier_extension = true;
        let ends = ours.validity().not_after.timestamp().saturating_mul(1000);
        set_validity(&mut params, CA_BEGINS, Utc(ends))?;
        params.serial_number = Some(serial());
        let key = Point(point.to_vec());
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(crypto("signing the certificate that is encrypted to"))?;
        Ok(certificate.pem())
    }

    /// Whether that certificate is this CA's.
    pub(super) fn issued(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(ours) = parse_x509(&self.path, &self.certificate) else {
            return false;
        };
        X509Certificate::from_der(certificate)
            .is_ok_and(|(_, theirs)| check_signature(&theirs, &ours).is_some())
    }

    fn check_permitted(&self, names: &[HostName]) -> Result<(), KeyError> {
        let x509 = parse_x509(&self.path, &self.certificate)?;
        let constraints = x509
            .name_constraints()
            .map_err(|_| KeyError::damaged(&self.path, "its limits cannot be read"))?;
        let subtrees = constraints.and_then(|c| c.value.permitted_subtrees.as_deref());
        let permits = |name: &HostName| {
            subtrees.is_none_or(|all| all.iter().any(|tree| covers(&tree.base, name)))
        };
        match names.iter().find(|name| !permits(name)) {
            None => Ok(()),
            Some(name) => Err(KeyError::NameNotPermitted {
                name: name.to_string(),
                path: self.path.clone(),
            }),
        }
    }

    /// Whether that server certificate is this CA's, is for exactly these names, and lasts.
    pub(super) fn still_good(
        &self,
        server: &CertificateDer<'_>,
        names: &[HostName],
        now: Utc,
    ) -> bool {
        let Ok(ours) = parse_x509(&self.path, &self.certificate) else {
            return false;
        };
        let Ok((_, theirs)) = X509Certificate::from_der(server) else {
            return false;
        };
        let found: BTreeSet<HostName> = theirs
            .subject_alternative_name()
            .ok()
            .flatten()
            .map(|san| {
                san.value
                    .general_names
                    .iter()
                    .filter_map(host_name)
                    .collect()
            })
            .unwrap_or_default();
        let seconds = now.0 / 1000;
        found == names.iter().cloned().collect()
            && check_signature(&theirs, &ours).is_some()
            && theirs.validity().not_before.timestamp() <= seconds
            && theirs.validity().not_after.timestamp() - seconds > RENEW_DAYS * DAY_MS / 1000
    }
}

/// A public key without its private one.
struct Point(Vec<u8>);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Reads a key and a certificate of one file; more certificates may follow (a chain).
pub(super) fn parse_pair(
    path: &Path,
    text: &str,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), KeyError> {
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| KeyError::damaged(path, "no private key in PEM"))?;
    let certificate = CertificateDer::from_pem_slice(text.as_bytes())
        .map_err(|_| KeyError::damaged(path, "no certificate in PEM"))?;
    Ok((certificate, key))
}

/// What rustls serves: the chain of the file and its key.
pub(super) fn certified_key(
    path: &Path,
    text: &str,
) -> Result<Arc<rustls::sign::CertifiedKey>, KeyError> {
    let (_, key) = parse_pair(path, text)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| KeyError::damaged(path, "a certificate is not in PEM"))?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|_| KeyError::damaged(path, "no usable private key"))?;
    let certified = rustls::sign::CertifiedKey::new(chain, key);
    certified
        .keys_match()
        .map_err(|_| KeyError::damaged(path, "key and certificate do not belong together"))?;
    Ok(Arc::new(certified))
}

fn parse_x509<'a>(
    path: &Path,
    der: &'a CertificateDer<'_>,
) -> Result<X509Certificate<'a>, KeyError> {
    X509Certificate::from_der(der)
        .map(|(_, x509)| x509)
        .map_err(|_| KeyError::damaged(path, "the certificate cannot be read"))
}

fn check_signature(of: &X509Certificate<'_>, by: &X509Certificate<'_>) -> Option<()> {
    UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_ASN1,
        &by.public_key().subject_public_key.data,
    )
    .verify(of.tbs_certificate.as_ref(), &of.signature_value.data)
    .ok()
}

fn permitted(names: &[HostName]) -> Vec<GeneralSubtree> {
    let mut trees: Vec<GeneralSubtree> = PRIVATE_DOMAINS
        .iter()
        .map(|d| GeneralSubtree::DnsName((*d).to_owned()))
        .collect();
    trees.extend(PRIVATE_NETS.iter().map(|(net, prefix)| {
        let net: IpAddr = net.parse().expect("the table holds addresses");
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(net, *prefix))
    }));
    let private = |name: &HostName| match name {
        HostName::Dns(name) => PRIVATE_DOMAINS.contains(&name.as_str()),
        HostName::Ip(address) => address.is_loopback(),
    };
    trees.extend(
        names
            .iter()
            .filter(|name| !private(name))
            .map(|name| match name {
                HostName::Dns(name) => GeneralSubtree::DnsName(name.clone()),
                HostName::Ip(address) => {
                    let prefix = if address.is_ipv4() { 32 } else { 128 };
                    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, prefix))
                }
            }),
    );
    trees
}

/// Whether a permitted subtree covers a name (RFC 5280, 4.2.1.10).
fn covers(tree: &GeneralName<'_>, name: &HostName) -> bool {
    match (tree, name) {
        (GeneralName::DNSName(suffix), HostName::Dns(name)) => name
            .strip_suffix(suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        (GeneralName::IPAddress(net), HostName::Ip(address)) => {
            let octets = match address {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            let (base, mask) = net.split_at(net.len() / 2);
            base.len() == octets.len()
                && octets
                    .iter()
                    .zip(base.iter().zip(mask))
                    .all(|(o, (b, m))| o & m == b & m)
        }
        _ => false,
    }
}

fn host_name(san: &GeneralName<'_>) -> Option<HostName> {
    if let GeneralName::DNSName(name) = san {
        return Some(HostName::Dns((*name).to_owned()));
    }
    let GeneralName::IPAddress(octets) = san else {
        return None;
    };
    let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from))
        .ok()
        .map(HostName::Ip)
}

fn serial() -> rcgen::SerialNumber {
    let mut bytes = random::<16>();
    bytes[0] &= 0x7f; // positive in DER
    let serial = rcgen::SerialNumber::from_slice(bytes.as_slice());
    bytes.zeroize();
    serial
}

fn set_validity(params: &mut CertificateParams, from: Utc, to: Utc) -> Result<(), KeyError> {
    let moment = |at: Utc| {
        ASN1Time::from_timestamp(at.0 / 1000)
            .map(|time| time.to_datetime())
            .map_err(|_| KeyError::Crypto {
                what: "reading the clock (a time off any calendar)",
            })
    };
    params.not_before = moment(from)?;
    params.not_after = moment(to)?;
    Ok(())
}
