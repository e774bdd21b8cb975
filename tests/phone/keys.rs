//! Keys in sound, with GStreamer's detector (spandsp) as a second opinion, and with speech, which presses none.

use crate::rough::ears;
use bidroom::phone::dtmf::{Detector, tone};
use bidroom::phone::g711::Law;
use bidroom::phone::wav;
use bidroom::room::Key;
use gstreamer::prelude::*;
use std::process::{Command, Stdio};

/// The keys that we hear, through A-law as a line carries them.
fn ours(sound: &[i16]) -> String {
    ours_of(&carried(sound, Law::A))
}

/// Sound as a line carries it.
fn carried(sound: &[i16], law: Law) -> Vec<i16> {
    sound.iter().map(|s| law.decode(law.encode(*s))).collect()
}

fn ours_of(carried: &[i16]) -> String {
    let mut detector = Detector::default();
    carried
        .chunks(160)
        .flat_map(|frame| detector.hear(frame))
        .map(Key::sign)
        .collect()
}

/// The keys that GStreamer hears.
fn theirs(sound: &[i16]) -> String {
    gstreamer::init().unwrap();
    let text = "appsrc name=in format=time ! audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved ! dtmfdetect ! fakesink sync=false";
    let pipeline = gstreamer::parse::launch(text)
        .unwrap()
        .downcast::<gstreamer::Pipeline>()
        .unwrap();
    let source = pipeline
        .by_name("in")
        .unwrap()
        .downcast::<gstreamer_app::AppSrc>()
        .unwrap();
    pipeline.set_state(gstreamer::State::Playing).unwrap();
    for (n, frame) in (0_u64..).zip(sound.chunks(160)) {
        let bytes: Vec<u8> = frame.iter().flat_map(|s| s.to_le_bytes()).collect();
        let mut buffer = gstreamer::Buffer::from_slice(bytes);
        buffer
            .get_mut()
            .unwrap()
            .set_pts(gstreamer::ClockTime::from_mseconds(n * 20));
        source.push_buffer(buffer).unwrap();
    }
    source.end_of_stream().unwrap();
    let mut keys = String::new();
    for message in pipeline
        .bus()
        .unwrap()
        .iter_timed(gstreamer::ClockTime::from_seconds(20))
    {
        match message.view() {
            gstreamer::MessageView::Eos(_) => break,
            gstreamer::MessageView::Element(element) => {
                if let Some(event) = element.structure().filter(|s| s.name() == "dtmf-event") {
                    let number: i32 = event.get("number").unwrap();
                    keys.push(char::from(
                        b"0123456789*#ABCD"[usize::try_from(number).unwrap()],
                    ));
                }
            }
            _ => {}
        }
    }
    pipeline.set_state(gstreamer::State::Null).unwrap();
    keys
}

#[test]
fn gstreamer_hears_the_same_keys() {
    let signs = "1590*2#";
    // (milliseconds, low, high): levels, twists that both must take, and what both must not
    let cases = [
        (100, 8_000.0, 8_000.0, true),
        (60, 1_500.0, 1_500.0, true),
        (100, 500.0, 500.0, true),
        (100, 6_000.0, 3_600.0, true),
        (100, 4_500.0, 6_000.0, true),
        (50, 6_000.0, 6_000.0, true),
        (15, 6_000.0, 6_000.0, false),
        (100, 6_000.0, 1_200.0, false),
        (100, 1_200.0, 6_000.0, false),
        (100, 6_000.0, 0.0, false),
    ];
    for (ms, low, high, taken) in cases {
        let mut sound = vec![0; 800];
        for sign in signs.chars() {
            sound.extend(tone(Key::new(sign).unwrap(), ms * 8, low, high));
            sound.extend(vec![0; 800]);
        }
        let expected = if taken { signs } else { "" };
        assert_eq!(ours(&sound), expected, "ours: {ms} ms, {low}, {high}");
        assert_eq!(
            theirs(&sound),
            expected,
            "GStreamer: {ms} ms, {low}, {high}"
        );
    }
}

#[test]
fn speech_presses_no_key() {
    let text = "ni3 hao3, qing3 nin2 yu2 shi2 yi1 yue4 er4 shi2 qi1 ri4 shang4 wu3 jiu3 dian3 dao4 bao3 shan1 shi4 gong1 gong4 zi1 yuan2 \
        jiao1 yi4 zhong1 xin1 can1 jia1 ping2 biao1. yu4 ji4 yong4 shi2 san1 xiao3 shi2. you1 yi1 wu1 yu2 ai4 ao4 ei4 ou1 an1 en1 ang1 eng1. ";
    // the hour is asked for by SPEECH_MINUTES=60
    let asked = std::env::var("SPEECH_MINUTES").ok();
    let asked: f64 = asked.and_then(|m| m.parse().ok()).unwrap_or(10.0);
    let mut minutes = 0.0;
    // voices, pitches from a deep man's to a child's, fast and slow
    let voices = [
        "", "+f2", "+m3", "+croak", "+f5", "+m7", "+whisper", "+klatt2", "+f4", "+m1",
    ];
    for (voice, pitch) in voices
        .iter()
        .flat_map(|v| [0, 20, 40, 60, 80, 99].map(|p| (v, p)))
    {
        for speed in [110, 160, 220] {
            if minutes > asked {
                break;
            }
            let voice_word = format!("cmn-latn-pinyin{voice}");
            let pitch_word = pitch.to_string();
            let speed_word = speed.to_string();
            let mut child = Command::new("espeak-ng")
                .args([
                    "-v",
                    &voice_word,
                    "-p",
                    &pitch_word,
                    "-s",
                    &speed_word,
                    "--stdin",
                    "--stdout",
                ])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let long = text.repeat(3);
            std::thread::spawn(move || std::io::Write::write_all(&mut stdin, long.as_bytes()));
            let output = child.wait_with_output().unwrap();
            let (rate, samples) = wav::read(&output.stdout).unwrap();
            // every third sample of 22,050 Hz is 7,350 Hz: an 8 % higher voice at 8 kHz, and with what folds down harder still
            assert_eq!(rate, 22_050);
            let sound: Vec<i16> = samples.iter().step_by(3).copied().collect();
            assert_eq!(
                ours(&sound),
                "",
                "voice {voice}, pitch {pitch}, speed {speed}"
            );
            minutes += f64::from(u32::try_from(sound.len()).unwrap()) / 8_000.0 / 60.0;
        }
    }
    println!("{minutes:.1} minutes of speech, no key");
    assert!(minutes > asked, "{minutes}");
}

/// Natural speech, as models speak it, and what others have recorded. `SPEECH_FOLDER` names a folder of WAV files to take instead of
/// a few sentences (`ears.py read` makes one), `SPEECH_MINUTES` how much is made of them.
#[test]
fn natural_speech_presses_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let asked = |name| std::env::var(name).ok();
    let speech = match asked("SPEECH_FOLDER") {
        Some(speech) => speech.into(),
        None => {
            let speech = folder.path().join("speech");
            let mut child = ears()
                .arg("read")
                .arg(&speech)
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let text = "您好，这里是评标专家自动语音通知。一共二十一人参加会议，其余的人请假。喂，你好，请问你是哪一位？我在外面开车，听不清楚。\
                明天下午一点钟，我一定准时赶到。欧洲的雨一直下，我一个人走在路上。";
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success());
            speech
        }
    };
    let minutes = asked("SPEECH_MINUTES").unwrap_or("5".to_owned());
    let calls = folder.path().join("calls");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/tools/ears/bin/python");
    let made = Command::new(python)
        .arg(root.join("tests/phone/varied.py"))
        .args([&speech, &calls])
        .arg(&minutes)
        .status();
    assert!(made.unwrap().success());
    let mut files: Vec<_> = std::fs::read_dir(&calls)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.sort();
    // each call ends with a key, so that a detector that hears nothing is found out
    let pressed = [
        vec![0; 1_600],
        tone(Key::new('5').unwrap(), 800, 4_000.0, 4_000.0),
        vec![0; 800],
    ]
    .concat();
    let (mut seconds, mut our_false, mut their_false) = (0, Vec::new(), 0);
    for (n, file) in files.iter().enumerate() {
        let (rate, samples) = wav::read(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(rate, 8_000);
        seconds += samples.len() / 8_000;
        let law = if n % 2 == 0 { Law::A } else { Law::Mu };
        let call = carried(&[samples, pressed.clone()].concat(), law);
        let (our, their) = (ours_of(&call), theirs(&call));
        assert!(our.ends_with('5'), "{}: {our}", file.display());
        assert!(
            their.ends_with('5'),
            "GStreamer, {}: {their}",
            file.display()
        );
        their_false += their.len() - 1;
        if our.len() > 1 {
            our_false.push((file.clone(), our));
        }
    }
    println!(
        "{:.1} minutes of natural speech in {} calls: false keys {}, of GStreamer's detector {their_false}",
        f64::from(u32::try_from(seconds).unwrap()) / 60.0,
        files.len(),
        our_false.len(),
    );
    assert!(our_false.is_empty(), "{our_false:?}");
}
