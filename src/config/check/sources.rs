//! Owns the check of cameras and microphones: there, signed in, sending, and such that a browser
//! can show them. Who looks at them is handed in: a picture is fetched by media's own means.

use super::finding::{Finding, Level};
use super::run::Premises;
use crate::config::{Camera, Microphone, PasswordError, Profile, SignIn, Text, VideoSource};
use crate::room::{FeedId, SourceFault, Track};
use futures::future::join_all;

/// What is to be looked at, with all that is needed for it.
#[derive(Debug, Clone)]
pub enum Source {
    /// A camera, and who signs in at it.
    Camera(Camera, Option<SignIn>),
    /// A microphone.
    Microphone(Microphone),
}

/// What was seen of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSeen {
    /// The stream that is recorded.
    pub main: Result<StreamSeen, StreamFault>,
    /// The small one, where there is one.
    pub sub: Option<Result<StreamSeen, StreamFault>>,
}

/// What a stream sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSeen {
    /// The picture's coding; none of a microphone.
    pub video: Option<Codec>,
    /// The picture's size in pixels, where it was known in time.
    pub size: Option<(u32, u32)>,
    /// The sound's coding; none without sound.
    pub audio: Option<Codec>,
    /// Whether something that was announced did not come in time.
    pub incomplete: bool,
}

/// How pictures and sound are coded, as people call it, and whether browsers take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// `H.264`, `AAC`.
    pub name: String,
    /// Whether browsers show or play it as it is.
    pub live: bool,
}

/// Why nothing came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFault {
    /// How far it was got.
    pub stage: Stage,
    /// Why.
    pub fault: SourceFault,
}

/// How far a source was got before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the host's address.
    Resolve,
    /// Connecting to it.
    Connect,
    /// Signing in.
    SignIn,
    /// Asking what it sends.
    Describe,
    /// Getting pictures and sound.
    Media,
    /// Using the box's own devices or software.
    Local,
}

pub(super) async fn check<P, S>(profile: &Profile, premises: &Premises, probe: P) -> Vec<Finding>
where
    P: Fn(Source) -> S,
    S: Future<Output = SourceSeen>,
{
    let cameras = profile.cameras.iter().map(async |camera| {
        let sign_in = match &camera.source {
            VideoSource::Rtsp(rtsp) => rtsp.sign_in(premises.credentials.as_deref()),
            VideoSource::Device { .. } | VideoSource::TestPattern(_) => Ok(None),
        };
        match sign_in {
            Ok(sign_in) => {
                let seen = probe(Source::Camera(camera.clone(), sign_in)).await;
                judge(&camera.id, &camera.name, seen, true)
            }
            Err(error) => no_password(camera, &error),
        }
    });
    let microphones = profile.microphones.iter().map(async |microphone| {
        let seen = probe(Source::Microphone(microphone.clone())).await;
        judge(&microphone.id, &microphone.name, seen, false)
    });
    let (cameras, microphones) = futures::join!(join_all(cameras), join_all(microphones));
    cameras.into_iter().chain(microphones).collect()
}

fn subject(id: &FeedId, name: &str, camera: bool) -> Text {
    match camera {
        true => text!("摄像机 {name}（{id}）", "Camera {name} ({id})"),
        false => text!("话筒 {name}（{id}）", "Microphone {name} ({id})"),
    }
}

fn no_password(camera: &Camera, error: &PasswordError) -> Finding {
    let remedy = match error {
        PasswordError::NoCredentials { name } => text!(
            "由 systemd 单元启动，并在其中写 LoadCredentialEncrypted={name}；或改用 password_file",
            "start it by its systemd unit with LoadCredentialEncrypted={name}, or use password_file"
        ),
        PasswordError::Unreadable { .. } => text!(
            "核对路径；运行 bidroom 的用户须可读",
            "check the path; bidroom's user must be able to read it"
        ),
        PasswordError::NotAPassword { .. } => text!(
            "文件中只写一行密码",
            "write the password alone into it, on one line"
        ),
    };
    Finding::bad(
        Level::Fault,
        camera.id.as_str(),
        subject(&camera.id, &camera.name, true),
        text!("没有密码，未连接", "no password, not tried"),
        text!("{error}", "{error}"),
        remedy,
    )
}

pub(super) fn judge(id: &FeedId, name: &str, seen: SourceSeen, is_camera: bool) -> Finding {
    let subject = subject(id, name, is_camera);
    let bad = |level, result, cause, remedy| {
        Finding::bad(level, id.as_str(), subject.clone(), result, cause, remedy)
    };
    let main = match seen.main {
        Ok(main) => main,
        Err(fault) => return failed(bad, &text!("主码流", "main stream"), &fault),
    };
    let result = describe(&main);
    let sub = match seen.sub {
        Some(Err(fault)) => return failed(bad, &text!("子码流", "sub stream"), &fault),
        Some(Ok(sub)) => Some(sub),
        None => None,
    };
    if is_camera && main.video.is_none() {
        return bad(
            Level::Fault,
            result,
            text!("主码流中没有画面", "the main stream has no picture"),
            text!(
                "核对 main 地址；在摄像机网页上启用视频",
                "check the address main; switch the picture on at the camera"
            ),
        );
    }
    let live = |stream: &StreamSeen| stream.video.as_ref().is_some_and(|codec| codec.live);
    if is_camera && !live(&main) && !sub.as_ref().is_some_and(live) {
        let codec = main.video.map(|c| c.name).unwrap_or_default();
        return bad(
            Level::Fault,
            result,
            text!(
                "浏览器无法显示 {codec}，又没有 H.264 子码流",
                "browsers do not show {codec}, and there is no H.264 sub stream"
            ),
            text!(
                "在摄像机上把子码流设为 H.264，并在配置中写 sub = \"rtsp://…\"",
                "set the camera's sub stream to H.264 and write sub = \"rtsp://…\""
            ),
        );
    }
    if !is_camera && main.audio.is_none() {
        return bad(
            Level::Fault,
            result,
            text!("没有声音数据", "no sound came"),
            text!(
                "用 arecord -l 核对设备；检查接线",
                "check the device with arecord -l, and its cable"
            ),
        );
    }
    if main.incomplete || sub.is_some_and(|s| s.incomplete) {
        return bad(
            Level::Warning,
            result,
            text!(
                "摄像机声明的某一路（画面或声音）没有到达",
                "something it announced (picture or sound) did not come"
            ),
            text!(
                "检查摄像机的拾音器和码流设置",
                "look at the camera's microphone and stream settings"
            ),
        );
    }
    Finding::ok(id.as_str(), subject, result)
}

fn describe(stream: &StreamSeen) -> Text {
    let size = stream
        .size
        .map(|(w, h)| format!(" {w}x{h}"))
        .unwrap_or_default();
    let parts = [
        stream.video.as_ref().map(|c| format!("{}{size}", c.name)),
        stream.audio.as_ref().map(|c| c.name.clone()),
    ];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(" + ");
    match parts.as_str() {
        "" => text!("没有数据", "nothing came"),
        parts => text!("{parts}", "{parts}"),
    }
}

fn failed(
    bad: impl Fn(Level, Text, Text, Text) -> Finding,
    stream: &Text,
    fault: &StreamFault,
) -> Finding {
    let (zh, en) = (&stream.zh, &stream.en);
    let (result, remedy) = match fault.stage {
        Stage::Resolve => (
            text!("{zh}：找不到主机", "{en}: no such host"),
            text!(
                "核对地址，或直接写 IP 地址",
                "check the address, or write the IP address"
            ),
        ),
        Stage::Connect => (
            text!("{zh}：连接不上", "{en}: cannot be reached"),
            text!(
                "检查摄像机电源和网线；ping 其地址；核对端口",
                "look at its power and cable; ping its address; check the port"
            ),
        ),
        Stage::SignIn => (
            text!("{zh}：用户名或密码不对", "{en}: wrong user or password"),
            text!(
                "核对 username 和密码；多次失败后摄像机可能锁定几分钟",
                "check username and password; after many failures a camera may lock for minutes"
            ),
        ),
        Stage::Describe => (
            text!("{zh}：没有可用的码流", "{en}: no stream that can be used"),
            text!(
                "核对地址中的路径（见摄像机说明书）；编码须为 H.264 或 H.265",
                "check the path in the address (the camera's manual); the coding must be H.264 or H.265"
            ),
        ),
        Stage::Media => (
            text!(
                "{zh}：已连接但没有数据",
                "{en}: connected, but nothing comes"
            ),
            text!(
                "重启摄像机；检查是否达到其最大连接数",
                "restart the camera; see whether too many others are connected to it"
            ),
        ),
        Stage::Local => (
            text!("{zh}：设备不可用", "{en}: the device cannot be used"),
            text!(
                "核对设备名（v4l2-ctl --list-devices、arecord -l）；把 bidroom 用户加入 video、audio 组",
                "check its name (v4l2-ctl --list-devices, arecord -l); bidroom's user must be in the groups video and audio"
            ),
        ),
    };
    bad(Level::Fault, result, cause(&fault.fault), remedy)
}

fn cause(fault: &SourceFault) -> Text {
    let noun = |track: &Track| match track {
        Track::Video => "画面",
        Track::Audio => "声音",
    };
    let zh = match fault {
        SourceFault::HostUnknown { host } => format!("主机名 {host} 无法解析"),
        SourceFault::ConnectionRefused { address } => format!("{address} 拒绝连接"),
        SourceFault::NoAnswer { address } => format!("{address} 没有应答"),
        SourceFault::Unreachable { address, reason } => format!("无法到达 {address}（{reason}）"),
        SourceFault::WrongCredentials => "摄像机不接受用户名或密码".to_owned(),
        SourceFault::NoSuchStream => "摄像机上没有这个码流".to_owned(),
        SourceFault::OddAnswer { detail } => format!("摄像机应答异常（{detail}）"),
        SourceFault::Unanswered => "摄像机不回答请求".to_owned(),
        SourceFault::Closed => "摄像机断开了连接".to_owned(),
        SourceFault::NothingUsable { offered } => {
            format!("没有可录制的画面或声音，只有 {}", offered.join("、"))
        }
        SourceFault::NeverCame { track, .. } => format!("一直没有{}", noun(track)),
        SourceFault::Stalled { track, .. } => format!("{}中断", noun(track)),
        SourceFault::Unreadable { track } => format!("收到的{}数据无法解读", noun(track)),
        SourceFault::CodecChanged => "编码方式改变".to_owned(),
        SourceFault::ClockJumped { track } => format!("{}的时间戳跳变", noun(track)),
        SourceFault::Device { detail } => format!("设备不可用：{detail}"),
        SourceFault::Software { detail } => format!("媒体软件故障：{detail}"),
        SourceFault::Misconfigured { detail } => format!("配置不可用：{detail}"),
        SourceFault::CaptureStopped
        | SourceFault::DaemonStarted
        | SourceFault::WorkstationLeft
        | SourceFault::WorkstationReplaced
        | SourceFault::WorkstationUnheard
        | SourceFault::ConnectionFailed
        | SourceFault::Other { .. } => fault.to_string(),
    };
    Text {
        zh: zh.into(),
        en: fault.to_string().into(),
    }
}
