//! Keys in sound, with GStreamer's detector (spandsp) as a second opinion, and with speech, which presses none.

use bidroom::phone::dtmf::{Detector, tone};
use bidroom::phone::g711::Law;
use bidroom::phone::wav;
use bidroom::room::Key;
use gstreamer::prelude::*;
use std::process::{Command, Stdio};

/// The keys that we hear, through A-law as a line carries them.
fn ours(sound: &[i16]) -> String {
    let mut detector = Detector::default();
    let carried: Vec<i16> = sound
        .iter()
        .map(|s| Law::A.decode(Law::A.encode(*s)))
        .collect();
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
