//! Owns the sections that name sources: cameras and microphones.

use super::document::{At, Section, Wrong};
use super::password::Password;
use super::profile::{Camera, CameraSource, Microphone, PictureFormat, VideoSource};
use super::units::PictureLimit;
use super::url::RtspUrl;
use super::values::{AbsolutePath, AlsaName, CredentialName, Label, UserName};
use crate::keys::Secret;
use crate::room::{FeedId, Place};
use std::path::{Path, PathBuf};

pub(super) fn camera(mut s: Section<'_>, folder: &Path) -> Option<At<Camera>> {
    let id = s.required::<FeedId>("id", "\"camera-1\"");
    let name = s.required::<Label>("name", "\"前方全景\"");
    let place = s.required::<Place>("place", "\"evaluation-room\"");
    let simulated = s.or("simulated", false);
    let present: Vec<_> = ["main", "device", "test_pattern"]
        .into_iter()
        .filter(|key| s.has(key))
        .collect();
    // all three are read, so that no key of theirs counts as unknown
    let made = s.optional::<PictureLimit>("test_pattern").map(|p| p.value);
    let source = match present.as_slice() {
        ["device"] => device(&mut s),
        ["test_pattern"] => made.map(VideoSource::TestPattern),
        [] | ["main"] => rtsp(&mut s, folder).map(VideoSource::Rtsp),
        [_, second, ..] => {
            rtsp(&mut s, folder);
            device(&mut s);
            let wrong = Wrong {
                what: text!(
                    "main、device、test_pattern 只能出现一个",
                    "main, device and test_pattern exclude each other"
                ),
                allowed: text!(
                    "网络摄像机写 main 和 sub；本机摄像头写 device 和 audio；演练画面写 test_pattern",
                    "main and sub for a network camera; device and audio for one at the box; test_pattern for a made picture"
                ),
                remedy: text!("只留一个", "keep one of them"),
            };
            s.fault(second, s.place_of(second), wrong);
            None
        }
        [_] => None,
    };
    s.close();
    let id = id?;
    let value = Camera {
        id: id.value,
        name: name?.value.0,
        place: place?.value,
        simulated: simulated? || matches!(source, Some(VideoSource::TestPattern(_))),
        source: source?,
    };
    Some(At {
        value,
        offset: id.offset,
    })
}

fn device(s: &mut Section<'_>) -> Option<VideoSource> {
    let device = s.required::<AbsolutePath>("device", "\"/dev/video0\"");
    let format = s.or("format", PictureFormat::Mjpeg);
    let standard = PictureLimit {
        width: 1280,
        height: 720,
        fps: 25,
        bits_per_second: 2_000_000,
    };
    let picture = s.or("picture", standard);
    let has_audio = s.has("audio");
    let audio = s.optional::<AlsaName>("audio").map(|a| a.value.0);
    if has_audio && audio.is_none() {
        return None;
    }
    let (device, format, picture) = (device?.value.0, format?, picture?);
    Some(VideoSource::Device {
        device,
        format,
        picture,
        audio,
    })
}

fn rtsp(s: &mut Section<'_>, folder: &Path) -> Option<CameraSource> {
    let main = s.required::<RtspUrl>("main", "\"rtsp://192.168.10.11:554/main\"");
    let (has_sub, has_user) = (s.has("sub"), s.has("username"));
    let sub = s.optional::<RtspUrl>("sub");
    let username = s.optional::<UserName>("username");
    let password = password(s, folder);
    if has_user
        && !["credential", "password_file", "password"]
            .iter()
            .any(|k| s.has(k))
    {
        let wrong = Wrong {
            what: text!("有用户名而没有密码", "there is a user without a password"),
            allowed: text!(
                "credential、password_file、password 之一",
                "one of credential, password_file and password"
            ),
            remedy: text!(
                "补上 credential = \"camera-password\"；摄像机不需登录则删去 username",
                "add credential = \"camera-password\", or remove username where the camera asks for none"
            ),
        };
        s.fault(
            "username",
            username.as_ref().map_or(s.offset(), |u| u.offset),
            wrong,
        );
    }
    if let (false, Some(password)) = (has_user, &password) {
        let wrong = Wrong {
            what: text!("有密码而没有用户名", "there is a password without a user"),
            allowed: text!("username 与密码成对出现", "username and password together"),
            remedy: text!("补上 username = \"…\"", "add username = \"…\""),
        };
        s.fault("username", password.offset, wrong);
    }
    if has_sub && sub.is_none() || has_user && (username.is_none() || password.is_none()) {
        return None;
    }
    Some(CameraSource {
        main: main?.value,
        sub: sub.map(|u| u.value),
        username: username.map(|u| u.value.0),
        password: password.map(|p| p.value),
    })
}

pub(super) fn password(s: &mut Section<'_>, folder: &Path) -> Option<At<Password>> {
    let credential = s.optional::<CredentialName>("credential").map(|c| At {
        offset: c.offset,
        value: Password::Credential(c.value.0),
    });
    let file = s
        .optional::<String>("password_file")
        // a relative one lies beside the profile
        .map(|f| At {
            offset: f.offset,
            value: Password::File(folder.join(PathBuf::from(f.value))),
        });
    let inline = s.optional::<Secret>("password").map(|p| At {
        offset: p.offset,
        value: Password::Inline(p.value),
    });
    let mut all = [credential, file, inline].into_iter().flatten();
    let first = all.next();
    if let Some(second) = all.next() {
        let wrong = Wrong {
            what: text!("密码给了不止一处", "the password is given more than once"),
            allowed: text!(
                "credential、password_file、password 之一",
                "one of credential, password_file and password"
            ),
            remedy: text!("只留一个，首选 credential", "keep one, best credential"),
        };
        s.fault("password", second.offset, wrong);
        return None;
    }
    first
}

pub(super) fn microphone(mut s: Section<'_>) -> Option<At<Microphone>> {
    let id = s.required::<FeedId>("id", "\"ceiling-microphone\"");
    let name = s.required::<Label>("name", "\"吊装话筒\"");
    let place = s.required::<Place>("place", "\"evaluation-room\"");
    let device = s.required::<AlsaName>("device", "\"hw:1\"");
    let simulated = s.or("simulated", false);
    s.close();
    let id = id?;
    let value = Microphone {
        id: id.value,
        name: name?.value.0,
        place: place?.value,
        device: device?.value.0,
        simulated: simulated?,
    };
    Some(At {
        value,
        offset: id.offset,
    })
}
