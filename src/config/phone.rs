//! Owns the section `[phone]`: the lines that calls are made on, and what speaks.

use super::document::{At, Section, Value, Wrong};
use super::password::Password;
use super::sources::password;
use super::values::{AbsolutePath, PortRange, UserName, Word, invalid, string};
use crate::room::{LineId, LineKind, LineSpec, Span};
use std::path::{Path, PathBuf};
use toml::de::DeValue;

/// How the room calls. A room without lines does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// How long a phone may ring.
    pub rings: Span,
    /// What speaks.
    pub speech: Speech,
    /// Whether calls that come in are taken: experts may withdraw by calling back. Not unless the profile says so: a network that lets
    /// callers choose their number would tell a stranger who sits on a committee.
    pub takes_calls: bool,
    /// The lines, in the file's order.
    pub lines: Vec<PhoneLine>,
}

/// What speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speech {
    /// `espeak-ng`.
    Espeak,
    /// A program that reads text from its standard input and writes a WAV file to its standard output.
    Program(Vec<String>),
    /// A model of sherpa-onnx.
    Sherpa {
        /// The Python that has the package.
        python: String,
        /// The model's folder.
        model: PathBuf,
        /// Which of its voices.
        speaker: u32,
    },
    /// A folder with recordings.
    Recordings(PathBuf),
}

/// A line, or several that share one gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneLine {
    /// Its name; the first part of its channels' names where it has several.
    pub id: LineId,
    /// Whether it is used.
    pub enabled: bool,
    /// How many calls it takes at once.
    pub channels: u8,
    /// Digits before each number.
    pub prefix: String,
    /// What is called to see whether it works.
    pub test_number: Option<String>,
    /// What carries it.
    pub port: LinePort,
}

/// What carries a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinePort {
    /// A SIP gateway or trunk.
    Sip(SipGateway),
    /// A modem at the box.
    Modem(ModemPort),
}

/// A SIP gateway or trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipGateway {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the signalling is carried.
    pub transport: SipTransport,
    /// Our user there.
    pub user: String,
    /// Where that user's password lies; none where the gateway asks for none.
    pub password: Option<Password>,
    /// Whether we register.
    pub register: bool,
    /// The UDP ports of calls' sound; none for any that is free. Even ones are used.
    pub sound_ports: Option<(u16, u16)>,
    /// The authority that a gateway's TLS certificate is verified with; none means those that the machine trusts.
    pub authority: Option<PathBuf>,
}

/// How SIP is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipTransport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
}

/// A modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemPort {
    /// The serial port that takes commands.
    pub device: PathBuf,
    /// The serial port that carries sound.
    pub sound: PathBuf,
    /// Which modem it is.
    pub model: ModemModel,
    /// Bits a second.
    pub baud: u32,
    /// Where the SIM card's PIN lies, where it has one.
    pub pin: Option<Password>,
    /// Whether whoever has confirmed is sent a text message.
    pub texts: bool,
}

/// Modems whose commands are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModemModel {
    /// Quectel EC20 and EC25.
    QuectelEc25,
    /// SIMCom SIM7600.
    SimcomSim7600,
}

impl Phone {
    /// All lines as the room knows them, a channel each.
    pub fn line_specs(&self) -> Vec<LineSpec> {
        self.lines.iter().flat_map(PhoneLine::specs).collect()
    }
}

impl PhoneLine {
    /// Its channels: its own name where it has one, `name-1`, `name-2` … where there are more.
    pub fn specs(&self) -> Vec<LineSpec> {
        let (kind, texts) = match &self.port {
            LinePort::Sip(_) => (LineKind::Sip, false),
            LinePort::Modem(modem) => (LineKind::Modem, modem.texts),
        };
        let spec = |id| LineSpec {
            id,
            kind,
            probed: self.test_number.is_some(),
            texts,
        };
        if self.channels == 1 {
            return vec![spec(self.id.clone())];
        }
        let named = (1..=self.channels).map(|n| format!("{}-{n}", self.id).parse());
        named
            .map(|id| spec(id.expect("a line's name leaves room for its channels")))
            .collect()
    }
}

/// Reads the section; none where it is wrong.
pub(super) fn phone(mut s: Section<'_>, folder: &Path) -> Option<Phone> {
    let rings = s.within(
        "ring",
        Span::seconds(45),
        Span::seconds(10),
        Span::seconds(120),
    );
    let takes_calls = s.or("takes_calls", false);
    let speech = speech(s.section("speech"));
    let sections = s.sections("lines");
    let named = sections.len();
    let mut lines: Vec<PhoneLine> = Vec::new();
    for section in sections {
        if let Some(line) = line(section, folder, &lines) {
            lines.push(line);
        }
    }
    s.close();
    let whole = lines.len() == named;
    let (rings, speech, takes_calls) = (rings?, speech?, takes_calls?);
    whole.then_some(Phone {
        rings,
        speech,
        takes_calls,
        lines,
    })
}

/// The kinds of engines.
#[derive(Debug, Clone, Copy)]
enum EngineWord {
    Espeak,
    Program,
    Sherpa,
    Recordings,
}

impl Word for EngineWord {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("espeak-ng", Self::Espeak),
        ("program", Self::Program),
        ("sherpa-onnx", Self::Sherpa),
        ("recordings", Self::Recordings),
    ];
}

fn speech(mut s: Section<'_>) -> Option<Speech> {
    let engine = s.or("engine", EngineWord::Espeak);
    let command = s.list::<String>("command");
    let folder = s.optional::<AbsolutePath>("folder");
    let python = s.or("python", "python3".to_owned());
    let model = s.optional::<AbsolutePath>("model");
    let speaker = s.within("speaker", 0_u32, 0, 10_000);
    let speech = match engine? {
        EngineWord::Espeak => Some(Speech::Espeak),
        EngineWord::Program => {
            let command: Vec<String> = command
                .unwrap_or_default()
                .into_iter()
                .map(|w| w.value)
                .collect();
            if command.is_empty() {
                super::sections::refuse_empty(&s, "command", "[\"/usr/local/bin/speak\"]");
            }
            (!command.is_empty()).then_some(Speech::Program(command))
        }
        EngineWord::Sherpa => {
            if model.is_none() {
                super::sections::refuse_empty(&s, "model", "\"/opt/sherpa-onnx/vits-zh\"");
            }
            match (python, model, speaker) {
                (Some(python), Some(model), Some(speaker)) => Some(Speech::Sherpa {
                    python,
                    model: model.value.0,
                    speaker,
                }),
                _ => None,
            }
        }
        EngineWord::Recordings => {
            if folder.is_none() {
                super::sections::refuse_empty(&s, "folder", "\"/etc/bidroom/speech\"");
            }
            folder.map(|f| Speech::Recordings(f.value.0))
        }
    };
    s.close();
    speech
}

/// The kinds of lines.
#[derive(Debug, Clone, Copy)]
enum KindWord {
    Sip,
    Modem,
}

impl Word for KindWord {
    const WORDS: &'static [(&'static str, Self)] = &[("sip", Self::Sip), ("modem", Self::Modem)];
}

impl Word for SipTransport {
    const WORDS: &'static [(&'static str, Self)] =
        &[("udp", Self::Udp), ("tcp", Self::Tcp), ("tls", Self::Tls)];
}

impl Word for ModemModel {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("quectel-ec25", Self::QuectelEc25),
        ("simcom-sim7600", Self::SimcomSim7600),
    ];
}

fn line(mut s: Section<'_>, folder: &Path, known: &[PhoneLine]) -> Option<PhoneLine> {
    let id = s.required::<LineName>("id", "\"sip-1\"");
    let kind = s.required::<KindWord>("kind", "\"sip\"");
    let enabled = s.or("enabled", true);
    let prefix = s.or("prefix", Digits::<0, 6>(String::new()));
    let names_test = s.has("test_number");
    let test_number = s
        .optional::<Digits<3, 20>>("test_number")
        .map(|d| d.value.0);
    let (port, channels) = match kind.map(|kind| kind.value) {
        None => {
            s.close();
            return None;
        }
        Some(KindWord::Sip) => {
            let channels = s.within("channels", 1, 1, 30);
            (sip(&mut s, folder).map(LinePort::Sip), channels)
        }
        Some(KindWord::Modem) => (modem(&mut s, folder).map(LinePort::Modem), Some(1)),
    };
    let id = id.filter(|id| is_free(&s, id, known));
    s.close();
    if names_test && test_number.is_none() {
        return None;
    }
    Some(PhoneLine {
        id: id?.value.0,
        enabled: enabled?,
        channels: channels?,
        prefix: prefix?.0,
        test_number,
        port: port?,
    })
}

/// Names become the names of channels, and must differ from those as well.
fn is_free(s: &Section<'_>, id: &At<LineName>, known: &[PhoneLine]) -> bool {
    let name = &id.value.0;
    let taken = known
        .iter()
        .any(|line| &line.id == name || line.specs().iter().any(|spec| &spec.id == name));
    if taken {
        let wrong = Wrong {
            what: text!("{name} 已经出现过", "{name} is already there"),
            allowed: text!("每条线路的 id 只出现一次", "each line's id once"),
            remedy: text!("换一个 id", "choose another id"),
        };
        s.fault("id", id.offset, wrong);
    }
    !taken
}

fn sip(s: &mut Section<'_>, folder: &Path) -> Option<SipGateway> {
    let gateway = s.required::<HostPort>("gateway", "\"192.168.10.50\"");
    let transport = s.or("transport", SipTransport::Udp);
    let user = s.or("user", UserName("bidroom".to_owned()));
    let has_password = ["credential", "password_file", "password"]
        .iter()
        .any(|key| s.has(key));
    let password = password(s, folder);
    let register = s.or("register", false);
    let names_ports = s.has("sound_ports");
    let sound_ports = s
        .optional::<PortRange>("sound_ports")
        .map(|r| (r.value.0, r.value.1));
    let names_authority = s.has("authority");
    let authority = s.optional::<AbsolutePath>("authority").map(|a| a.value.0);
    if has_password && password.is_none()
        || names_authority && authority.is_none()
        || names_ports && sound_ports.is_none()
    {
        return None;
    }
    let (gateway, transport) = (gateway?.value, transport?);
    let usual = if transport == SipTransport::Tls {
        5061
    } else {
        5060
    };
    Some(SipGateway {
        host: gateway.host,
        port: gateway.port.unwrap_or(usual),
        transport,
        user: user?.0,
        password: password.map(|p| p.value),
        register: register?,
        sound_ports,
        authority,
    })
}

fn modem(s: &mut Section<'_>, folder: &Path) -> Option<ModemPort> {
    let model = s.required::<ModemModel>("model", "\"quectel-ec25\"");
    let device = s.required::<AbsolutePath>("device", "\"/dev/ttyUSB2\"");
    let sound = s.required::<AbsolutePath>("sound", "\"/dev/ttyUSB1\"");
    let baud = s.within("baud", 115_200, 9_600, 4_000_000);
    let texts = s.or("text_messages", false);
    let has_pin = ["credential", "password_file", "password"]
        .iter()
        .any(|key| s.has(key));
    let pin = password(s, folder);
    if has_pin && pin.is_none() {
        return None;
    }
    Some(ModemPort {
        device: device?.value.0,
        sound: sound?.value.0,
        model: model?.value,
        baud: baud?,
        pin: pin.map(|p| p.value),
        texts: texts?,
    })
}

/// A line's name, with room for the number of a channel.
struct LineName(LineId);

impl Value for LineName {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let named = text.parse().ok().filter(|_| text.len() <= 26);
        named.map(Self).ok_or_else(|| {
            invalid(
                text,
                "1 至 26 个小写英文字母、数字和 -",
                "1 to 26 lower-case letters, digits and '-'",
                "\"sip-1\"",
            )
        })
    }
}

/// Digits, so many at least and at most.
struct Digits<const LEAST: usize, const MOST: usize>(String);

impl<const LEAST: usize, const MOST: usize> Value for Digits<LEAST, MOST> {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let fits = (LEAST..=MOST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(text.to_owned())).ok_or_else(|| Wrong {
            what: text!(
                "不是纯数字，或位数不对",
                "this is not of digits alone, or of the wrong length"
            ),
            allowed: text!("{LEAST} 至 {MOST} 位数字", "{LEAST} to {MOST} digits"),
            remedy: text!("去掉空格、+ 和 -", "leave out spaces, + and -"),
        })
    }
}

/// `host` or `host:port`.
struct HostPort {
    host: String,
    port: Option<u16>,
}

impl Value for HostPort {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|p| *p != 0).map(Some)),
            None => (text, Some(None)),
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        let fits = (1..=253).contains(&host.len()) && host.bytes().all(allowed);
        match port {
            Some(port) if fits => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            _ => Err(invalid(
                text,
                "主机名或 IPv4 地址，可加 :端口",
                "a host name or IPv4 address, with :port where it is not the usual one",
                "\"192.168.10.50\" / \"sip.example.cn:5080\"",
            )),
        }
    }
}
