//! Speech by the built-in voice and by a site's recordings, and what is kept of it.

use crate::desk::{Desk, notice, tones};
use crate::rough::{keywords, written_down};
use bidroom::keys::{KeySources, Keys};
use bidroom::phone::dialogue::Piece;
use bidroom::phone::voice::{Engine, SpeechFault, Voice};
use bidroom::room::Utc;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the notice says, by the spellings of its sound that a recogniser may choose.
const KEYWORDS: [&[&str]; 8] = [
    &["自动", "自動"],
    &["通知", "同志"],
    &["27日", "二十七日"],
    &["上午"],
    &["9点", "九点", "9點", "九點"],
    &["公共", "资源", "交易", "中心", "資源"],
    &["小时", "小時", "小事"],
    &["不参加", "不參加"],
];

fn keys(folder: &std::path::Path) -> Keys {
    let sources = KeySources {
        folder: folder.join("keys"),
        credentials: None,
    };
    Keys::open(
        sources,
        &["localhost".parse().unwrap()],
        Utc(1_795_741_500_000),
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_built_in_voice_speaks_and_what_it_said_is_kept_under_names_that_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("speech");
    let voice = Voice::new(Engine::Espeak, cache.clone(), keys(folder.path()));
    let spoken = voice.speak(&notice()).await.unwrap();
    let seconds = |piece| spoken.piece(piece).unwrap().len() / 50;
    assert!(
        (10..60).contains(&seconds(Piece::Notice)),
        "{}",
        seconds(Piece::Notice)
    );
    for piece in Piece::ALL {
        assert!(seconds(piece) >= 2, "{piece:?}");
    }
    let names: Vec<String> = std::fs::read_dir(&cache)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), Piece::ALL.len());
    assert!(
        names
            .iter()
            .all(|name| name.len() == 36 && name[..32].bytes().all(|b| b.is_ascii_hexdigit())),
        "{names:?}"
    );
    // the same words need no engine any more, others do
    let again = voice.speak(&notice()).await.unwrap();
    assert_eq!(again.digest(), spoken.digest());
    let mut other = notice();
    other.overnight = true;
    assert_ne!(voice.speak(&other).await.unwrap().digest(), spoken.digest());
    // under other keys the names differ
    let elsewhere = tempfile::tempdir().unwrap();
    let voice = Voice::new(
        Engine::Espeak,
        elsewhere.path().join("speech"),
        keys(elsewhere.path()),
    );
    voice.speak(&notice()).await.unwrap();
    let first = std::fs::read_dir(elsewhere.path().join("speech"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name();
    assert!(!names.contains(&first.into_string().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_spoken_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let voice = |engine| Voice::new(engine, folder.path().join("speech"), keys(folder.path()));
    let recordings = folder.path().join("recordings");
    std::fs::create_dir(&recordings).unwrap();
    let fault = voice(Engine::Recordings {
        folder: recordings.clone(),
    })
    .speak(&notice())
    .await
    .unwrap_err();
    let path = recordings.join("greeting.wav").display().to_string();
    assert_eq!(fault, SpeechFault::Recording { path });
    let none = Engine::Program {
        command: vec!["/no/such/program".to_owned()],
    };
    assert!(matches!(
        voice(none).speak(&notice()).await.unwrap_err(),
        SpeechFault::NotStarted { .. }
    ));
    let mute = Engine::Program {
        command: vec!["true".to_owned()],
    };
    assert!(matches!(
        voice(mute).speak(&notice()).await.unwrap_err(),
        SpeechFault::Failed { .. }
    ));
    assert!(fault.to_string().contains("WAV"));
    // a model that is not there, and a Python that has no sherpa-onnx
    let model = folder.path().join("model");
    let sherpa = Engine::Sherpa {
        python: "/usr/bin/python3".to_owned(),
        model: model.clone(),
        speaker: 0,
    };
    let told = |fault: SpeechFault| fault.to_string();
    let missing = told(voice(sherpa.clone()).speak(&notice()).await.unwrap_err());
    assert!(missing.contains("[phone.speech] model"), "{missing}");
    std::fs::create_dir(&model).unwrap();
    std::fs::write(model.join("tokens.txt"), "").unwrap();
    std::fs::write(model.join("model.onnx"), "").unwrap();
    let missing = told(voice(sherpa).speak(&notice()).await.unwrap_err());
    assert!(missing.contains("pip install sherpa-onnx"), "{missing}");
    voice(tones(&folder.path().join("engine")))
        .speak(&notice())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_without_lines_is_spoken_too_and_a_stop_is_quick() {
    let mut desk = Desk::start(Vec::new(), Duration::from_secs(5)).await;
    assert!(desk.piece(Piece::Notice).len() > 50);
    desk.stop().await;
}

/// Kokoro-82M in a folder as sherpa-onnx reads it, without one of its files; and the Python that has sherpa-onnx.
fn model_of_sherpa(folder: &Path, without: &str) -> (String, PathBuf) {
    let ears = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/ears");
    let files = std::fs::read_dir(ears.join("kokoro"));
    let files = files.expect("a model: run scripts/test, or need_ears of scripts/lib.sh");
    std::fs::create_dir(folder).unwrap();
    for file in files.map(Result::unwrap) {
        if file.file_name() != *without {
            std::os::unix::fs::symlink(file.path(), folder.join(file.file_name())).unwrap();
        }
    }
    (
        ears.join("bin/python").display().to_string(),
        folder.to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sherpa_speaks_with_a_model_and_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("speech");
    let voice_of = |name: &str, without: &str, speaker| {
        let (python, model) = model_of_sherpa(&folder.path().join(name), without);
        let engine = Engine::Sherpa {
            python,
            model,
            speaker,
        };
        Voice::new(engine, cache.clone(), keys(folder.path()))
    };

    // what cannot be, told before anything is spoken
    let told = |fault: SpeechFault| fault.to_string();
    let none = told(voice_of("fifth", "", 5).speak(&notice()).await.unwrap_err());
    assert!(none.contains("[phone.speech] speaker"), "{none}");
    for file in ["voices.bin", "tokens.txt"] {
        let fault = voice_of(file, file, 1).speak(&notice()).await.unwrap_err();
        let lacks = told(fault);
        assert!(lacks.contains(file), "{lacks}");
    }
    let voice = voice_of("whole", "", 1);
    let mut lettered = notice();
    lettered.venue = "保山市B座".to_owned();
    let left_out = told(voice.speak(&lettered).await.unwrap_err());
    assert!(left_out.contains("lexicon"), "{left_out}");
    assert!(!left_out.contains('B'), "the text is told: {left_out}");

    // all 15 pieces take a model minutes on a small machine
    let some = [Piece::Notice, Piece::ConfirmAttends, Piece::ConfirmDeclines];
    let began = std::time::Instant::now();
    let spoken = voice.speak_of(&some, &notice()).await.unwrap();
    let seconds = some.map(|piece| spoken.piece(piece).unwrap().len() / 50);
    println!("{seconds:?} s of speech in {:?}", began.elapsed());
    let file = |piece: Piece, name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, spoken.wav(piece).unwrap()).unwrap();
        path
    };
    let files = [
        file(Piece::Notice, "notice.wav"),
        file(Piece::ConfirmAttends, "attends.wav"),
        file(Piece::ConfirmDeclines, "declines.wav"),
    ];
    let heard = written_down(&files);
    let understood = keywords(&heard[0], &KEYWORDS);
    println!("keywords of {}: {understood}", KEYWORDS.len());
    assert!(understood >= 7, "{understood}: {heard:?}");
    let attends: [&[&str]; 2] = [&["选择", "選擇"], &["参加", "參加"]];
    assert_eq!(keywords(&heard[1], &attends), 2, "{heard:?}");
    let declines: [&[&str]; 1] = [&["不参加", "不參加", "部参加", "部參加"]];
    assert_eq!(keywords(&heard[2], &declines), 1, "{heard:?}");
}
