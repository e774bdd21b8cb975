//! Owns one phone call as a value: whom to call on which line with which words, how far it is, and how it ended.
//!
//! A number is nowhere here: the caller reads it from the vault at the moment of dialling.

use super::ids::{AttemptId, CandidateId, LineId, SessionId};
use super::time::{Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A line as the profile names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineSpec {
    /// Its name.
    pub id: LineId,
    /// What it is.
    pub kind: LineKind,
    /// Whether it has a test number, so that a call can probe it.
    pub probed: bool,
    /// Whether whoever has confirmed is sent a text message on it.
    #[serde(default)]
    pub texts: bool,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A SIP gateway or trunk.
    Sip,
    /// A GSM or 4G modem at the box.
    Modem,
}

/// Who is to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Callee {
    /// A drawn person; the number is in the vault.
    Candidate {
        /// In which session.
        session: SessionId,
        /// Who, by mask.
        candidate: CandidateId,
    },
    /// The line's own test number, as the profile says it.
    TestNumber,
    /// Somebody who called us, and whom no open session knows as one who has confirmed.
    Stranger,
}

impl Callee {
    /// What is said to him when it is he who calls.
    pub fn script_when_calling(&self) -> Script {
        match self {
            Callee::Candidate { .. } => Script::CallBack,
            Callee::TestNumber | Callee::Stranger => Script::NoCalls,
        }
    }
}

/// What is said in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// The notice: 1 and 1 attends, 2 and 2 declines, * repeats.
    Notice,
    /// The committee is complete: thanks, and released.
    Thanks,
    /// Nothing: that somebody answers is enough.
    Probe,
    /// To somebody who has confirmed, and calls back: 9 and 9 withdraws.
    CallBack,
    /// To any other caller: that nobody takes calls here.
    NoCalls,
}

/// A call that is to be made, or to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedCall {
    /// Which; never dialled twice.
    pub attempt: AttemptId,
    /// On which line.
    pub line: LineId,
    /// To whom.
    pub callee: Callee,
    /// With which words.
    pub script: Script,
}

/// The words that are to be spoken in a session's calls. Nothing else gets into them: the project has no field here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Where: the centre and the room, as the profile names them.
    pub venue: String,
    /// When it begins.
    pub start: Utc,
    /// Seconds that local time is ahead of UTC at the start.
    pub utc_offset: i32,
    /// How long it is expected to take.
    pub expected: Span,
    /// Whether it may go on the next day.
    pub overnight: bool,
    /// A phone for questions, as it is to be read out: the terminal's, not a person's.
    pub terminal_phone: Option<String>,
}

/// A session's notice, which must be spoken before the first call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedNotice {
    /// Whose.
    pub session: SessionId,
    /// Its words.
    pub notice: Notice,
}

/// A key of a phone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "char", into = "char")]
#[schemars(with = "String")]
pub struct Key(u8);

impl Key {
    /// 参加.
    pub const ONE: Key = Key(b'1');
    /// 不参加.
    pub const TWO: Key = Key(b'2');
    /// 请假.
    pub const NINE: Key = Key(b'9');
    /// 重复.
    pub const STAR: Key = Key(b'*');

    /// The key with this sign: `0`-`9`, `*`, `#`, or `A`-`D`, which only test sets have.
    pub fn new(sign: char) -> Option<Self> {
        let known = matches!(sign, '0'..='9' | '*' | '#' | 'A'..='D');
        let sign = u8::try_from(sign).ok().filter(|_| known)?;
        Some(Self(sign))
    }

    /// Its sign.
    pub fn sign(self) -> char {
        char::from(self.0)
    }
}

impl TryFrom<char> for Key {
    type Error = &'static str;
    fn try_from(sign: char) -> Result<Self, Self::Error> {
        Self::new(sign).ok_or("not a key of a phone: 0 to 9, *, #, A to D")
    }
}

impl From<Key> for char {
    fn from(key: Key) -> Self {
        key.sign()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sign())
    }
}

/// How far a call is. Reported as it happens; what comes later than it should is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CallProgress {
    /// The number was given to the line.
    Dialling,
    /// The phone rings.
    Ringing,
    /// The network speaks before anybody answers; it may be an announcement.
    EarlyMedia,
    /// Somebody, or something, answered.
    Answered,
    /// A key was pressed, and waits for its confirmation.
    Key {
        /// Which.
        key: Key,
    },
    /// A key was pressed that says nothing here; kept for the record.
    IdleKey {
        /// Which.
        key: Key,
    },
}

/// What a callee said, by a key that he confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// 1 and 1.
    Attends,
    /// 2 and 2.
    Declines,
}

/// How a call ended, over all kinds of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "end", content = "of")]
pub enum CallEnd {
    /// With a confirmed answer. Reported while the call goes on: the thanks come after it.
    Confirmed(Answer),
    /// What was to be said was said, and no key was asked for: a probe, or thanks.
    Reached,
    /// The notice was repeated twice, and no key was confirmed.
    NoKey,
    /// The callee hung up without a confirmed key.
    HungUp,
    /// Busy.
    Busy,
    /// It rang, and nobody answered.
    NoAnswer,
    /// The callee, or his phone, refused the call.
    Rejected,
    /// Switched off, or out of reach.
    Unreachable,
    /// There is no such number.
    NoSuchNumber,
    /// The answer crossed our hanging up.
    AnsweredLate,
    /// It was not wanted any more.
    Cancelled,
    /// The daemon ended in the middle of it. Never redialled by itself.
    Interrupted,
    /// The number is none that can be dialled; nothing was dialled.
    BadNumber,
    /// The line failed. Never counts against the callee.
    LineFault(LineFault),
    /// The line refused our user or password, or has no registration. Never counts against the callee.
    AuthFault,
}

/// Whose fault an end is, where it is not the callee's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The line's.
    Line,
    /// The sign-in's at the line.
    Auth,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineFault {
    /// The gateway does not answer.
    NoReply,
    /// The gateway's host name or address cannot be reached.
    HostUnreachable,
    /// The call was answered, and no sound came.
    NoMedia,
    /// No sound can be agreed on: another codec, or none at all.
    NoCodec,
    /// The gateway refused the call with a code that is not about the callee.
    Refused {
        /// SIP's status.
        status: u16,
    },
    /// The gateway answered in a way that cannot be understood.
    OddReply,
    /// The modem is not there.
    ModemGone,
    /// The modem does not answer, or answers `ERROR`.
    ModemSilent,
    /// No SIM card.
    NoSim,
    /// The SIM card asks for a PIN or PUK.
    PinNeeded,
    /// Not in the network.
    NoNetwork,
    /// The modem's sound stopped.
    SoundStalled,
    /// The line is used by another call.
    InUse,
    /// The disk takes no recording of the call.
    DiskFull,
    /// The notice is not spoken yet.
    SpeechMissing,
    /// The profile names no such line any more.
    NoSuchLine,
    /// The number could not be read from the vault.
    VaultFailed,
    /// A fault of this program.
    Software,
}

/// How a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state", content = "of")]
pub enum LineState {
    /// Nothing was heard of it yet.
    #[default]
    Unknown,
    /// It signs in, or looks for its network.
    Registering,
    /// It can call.
    Ready,
    /// It cannot.
    Fault(LineFault),
    /// Its user or password is refused.
    AuthFault,
    /// The profile switches it off.
    Disabled,
}

/// What is kept of a call's sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallRecording {
    /// Its file in the session's folder of calls; named by the attempt.
    pub file: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// How long it is.
    pub length: Span,
}

impl CallEnd {
    /// Whose fault it is, where it is not the callee's: he keeps his place then.
    pub fn fault(&self) -> Option<FaultKind> {
        match self {
            CallEnd::LineFault(_) => Some(FaultKind::Line),
            CallEnd::AuthFault => Some(FaultKind::Auth),
            CallEnd::Confirmed(_)
            | CallEnd::Reached
            | CallEnd::NoKey
            | CallEnd::HungUp
            | CallEnd::Busy
            | CallEnd::NoAnswer
            | CallEnd::Rejected
            | CallEnd::Unreachable
            | CallEnd::NoSuchNumber
            | CallEnd::AnsweredLate
            | CallEnd::Cancelled
            | CallEnd::Interrupted
            | CallEnd::BadNumber => None,
        }
    }

    /// In Chinese, for people.
    pub fn chinese(&self) -> &'static str {
        match self {
            CallEnd::Confirmed(Answer::Attends) => "确认参加",
            CallEnd::Confirmed(Answer::Declines) => "确认不参加",
            CallEnd::Reached => "已接通",
            CallEnd::NoKey => "接听后未按键确认",
            CallEnd::HungUp => "未确认即挂断",
            CallEnd::Busy => "占线",
            CallEnd::NoAnswer => "无人接听",
            CallEnd::Rejected => "拒接",
            CallEnd::Unreachable => "关机或不在服务区",
            CallEnd::NoSuchNumber => "空号",
            CallEnd::AnsweredLate => "挂断时才接听",
            CallEnd::Cancelled => "已取消",
            CallEnd::Interrupted => "程序中断",
            CallEnd::BadNumber => "号码无效，未拨出",
            CallEnd::LineFault(fault) => fault.chinese(),
            CallEnd::AuthFault => "线路鉴权失败",
        }
    }
}

impl fmt::Display for CallEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            CallEnd::Confirmed(Answer::Attends) => "confirmed: attends",
            CallEnd::Confirmed(Answer::Declines) => "confirmed: declines",
            CallEnd::Reached => "reached",
            CallEnd::NoKey => "answered, and no key was confirmed",
            CallEnd::HungUp => "hung up without confirming",
            CallEnd::Busy => "busy",
            CallEnd::NoAnswer => "no answer",
            CallEnd::Rejected => "refused by the callee",
            CallEnd::Unreachable => "switched off or out of reach",
            CallEnd::NoSuchNumber => "no such number",
            CallEnd::AnsweredLate => "answered while we hung up",
            CallEnd::Cancelled => "cancelled",
            CallEnd::Interrupted => "interrupted",
            CallEnd::BadNumber => "no valid number: not dialled",
            CallEnd::LineFault(fault) => return fault.fmt(f),
            CallEnd::AuthFault => "the line refuses our sign-in",
        };
        f.write_str(text)
    }
}

impl LineFault {
    /// In Chinese, for people.
    pub fn chinese(&self) -> &'static str {
        match self {
            LineFault::NoReply => "网关无应答",
            LineFault::HostUnreachable => "网关地址无法到达",
            LineFault::NoMedia => "接通后没有声音",
            LineFault::NoCodec => "语音编码不匹配",
            LineFault::Refused { .. } => "网关拒绝呼叫",
            LineFault::OddReply => "网关应答异常",
            LineFault::ModemGone => "语音模块已断开",
            LineFault::ModemSilent => "语音模块无响应",
            LineFault::NoSim => "未插 SIM 卡",
            LineFault::PinNeeded => "SIM 卡需要 PIN 码",
            LineFault::NoNetwork => "未注册到移动网络",
            LineFault::SoundStalled => "语音模块声音中断",
            LineFault::InUse => "线路正被占用",
            LineFault::DiskFull => "磁盘无法写入通话录音",
            LineFault::SpeechMissing => "通知语音尚未合成",
            LineFault::NoSuchLine => "配置中没有该线路",
            LineFault::VaultFailed => "无法从保险库读取号码",
            LineFault::Software => "程序故障",
        }
    }
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            LineFault::NoReply => "the gateway does not answer",
            LineFault::HostUnreachable => "the gateway cannot be reached",
            LineFault::NoMedia => "answered, and no sound came",
            LineFault::NoCodec => "no common codec",
            LineFault::Refused { status } => {
                return write!(f, "the gateway refused the call: {status}");
            }
            LineFault::OddReply => "the gateway's answer cannot be understood",
            LineFault::ModemGone => "the modem is gone",
            LineFault::ModemSilent => "the modem does not answer",
            LineFault::NoSim => "no SIM card",
            LineFault::PinNeeded => "the SIM card asks for a PIN",
            LineFault::NoNetwork => "not registered in the mobile network",
            LineFault::SoundStalled => "the modem's sound stopped",
            LineFault::InUse => "the line is in use",
            LineFault::DiskFull => "the disk takes no recording of the call",
            LineFault::SpeechMissing => "the notice is not spoken yet",
            LineFault::NoSuchLine => "the profile names no such line",
            LineFault::VaultFailed => "the number cannot be read from the vault",
            LineFault::Software => "a fault of this program",
        };
        f.write_str(text)
    }
}
