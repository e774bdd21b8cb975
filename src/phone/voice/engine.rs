//! Owns the engines that speak: programs of their own, which get the text on their standard input, and a site's recordings.

use super::level::even;
use super::resample::to_telephone;
use super::text::Phrase;
use crate::phone::wav;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// A piece that is not spoken within this time never will be.
const PATIENCE: Duration = Duration::from_secs(300);

/// Speaks by sherpa-onnx; it is in Python, for that is how sherpa-onnx is installed without a compiler.
const SHERPA: &str = include_str!("sherpa.py");

/// What speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// `espeak-ng`: needs nothing, sounds harsh.
    Espeak,
    /// A program that reads text from its standard input, and writes a WAV file to its standard output.
    Program {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A model of sherpa-onnx, by its Python package.
    Sherpa {
        /// The Python that has the package.
        python: String,
        /// The model's folder, as sherpa-onnx publishes it.
        model: PathBuf,
        /// Which of the model's voices.
        speaker: u32,
    },
    /// A folder with a WAV file for each phrase, recorded by the site.
    Recordings {
        /// The folder.
        folder: PathBuf,
    },
}

/// Why something cannot be spoken. Names programs and files, never the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeechFault {
    /// The program cannot be started.
    #[error(
        "无法启动语音程序 {program}：{cause}；请安装，或在配置 [phone.speech] 中换一种 engine。The speech program {program} cannot be started: {cause}; install it, or choose another engine in [phone.speech]"
    )]
    NotStarted {
        /// Which.
        program: String,
        /// Why.
        cause: String,
    },
    /// The program failed, or gave no sound.
    #[error(
        "语音程序 {program} 没有给出声音：{cause}。The speech program {program} gave no sound: {cause}"
    )]
    Failed {
        /// Which.
        program: String,
        /// Why.
        cause: String,
    },
    /// A recording is missing or is none.
    #[error(
        "缺少录音或格式不符：{path}；需要 16 位 PCM 的 WAV 文件。This recording is missing or unfit: {path}; a WAV file with PCM of 16 bits is needed"
    )]
    Recording {
        /// Which.
        path: String,
    },
    /// The cache cannot be written.
    #[error("无法写入语音缓存：{cause}。The cache of speech cannot be written: {cause}")]
    Cache {
        /// Why.
        cause: String,
    },
}

impl Engine {
    /// What tells this engine's sound from another's.
    pub(super) fn tag(&self) -> String {
        match self {
            Engine::Espeak => "espeak-1".to_owned(),
            Engine::Program { command } => format!("program-1 {}", command.join("\u{1f}")),
            Engine::Sherpa { model, speaker, .. } => {
                format!("sherpa-1 {} {speaker}", model.display())
            }
            Engine::Recordings { folder } => format!("recordings-1 {}", folder.display()),
        }
    }

    /// Speaks phrases, one after the other, evened and at 8 kHz.
    ///
    /// # Errors
    /// [`SpeechFault`].
    pub(super) async fn speak(&self, phrases: &[Phrase]) -> Result<Vec<i16>, SpeechFault> {
        match self {
            Engine::Espeak => {
                let text: Vec<&str> = phrases.iter().map(|p| p.pinyin.as_str()).collect();
                // -s: words a minute; callees are no fast listeners
                let command = [
                    "espeak-ng",
                    "-v",
                    "cmn-latn-pinyin",
                    "-s",
                    "130",
                    "--stdin",
                    "--stdout",
                ];
                run(&command.map(str::to_owned), &text.join(" "), |_| None).await
            }
            Engine::Program { command } => {
                let text: String = phrases.iter().map(|p| p.characters.as_str()).collect();
                run(command, &text, |_| None).await
            }
            Engine::Sherpa {
                python,
                model,
                speaker,
            } => {
                let text: String = phrases.iter().map(|p| p.characters.as_str()).collect();
                // the text goes in by its standard input: arguments can be read by everybody on the box
                let command = [
                    python.clone(),
                    "-c".to_owned(),
                    SHERPA.to_owned(),
                    model.display().to_string(),
                    speaker.to_string(),
                ];
                run(&command, &text, of_sherpa).await
            }
            Engine::Recordings { folder } => {
                let mut sound = Vec::new();
                // a lone full stop is a pause
                for phrase in phrases.iter().filter(|p| p.file != "stop") {
                    let path = folder.join(format!("{}.wav", phrase.file));
                    let missing = || SpeechFault::Recording {
                        path: path.display().to_string(),
                    };
                    let file = tokio::fs::read(&path).await.map_err(|_| missing())?;
                    let (rate, samples) = wav::read(&file).map_err(|_| missing())?;
                    let even = even(&to_telephone(&samples, rate));
                    if even.is_empty() {
                        return Err(missing());
                    }
                    sound.extend(even);
                }
                Ok(sound)
            }
        }
    }
}

/// What sherpa.py means by its exit codes.
fn of_sherpa(code: i32) -> Option<&'static str> {
    Some(match code {
        3 => {
            "该 Python 中没有 sherpa-onnx，请执行 pip install sherpa-onnx / this Python has no sherpa-onnx: pip install sherpa-onnx"
        }
        4 => {
            "[phone.speech] model 的文件夹中没有模型（*.onnx 和 tokens.txt） / the folder of [phone.speech] model holds no model (*.onnx and tokens.txt)"
        }
        5 | 255 => {
            "sherpa-onnx 不接受该模型，请补全其文件夹（vits：lexicon.txt；matcha：另有声码器 vocos*.onnx 或 hifigan*.onnx；kokoro：另有 voices.bin） / sherpa-onnx does not take this model: complete its folder (vits: lexicon.txt; matcha: the vocoder vocos*.onnx or hifigan*.onnx, too; kokoro: voices.bin, too)"
        }
        6 => "模型没有读出文字，请换一个中文模型 / the model spoke nothing: choose a Chinese one",
        7 => {
            "模型的 lexicon*.txt 中缺少通知里的字或字母，请换一个中文模型，或改写地点 / the model's lexicon*.txt lacks a character or letter of the notice: choose a Chinese model, or write the venue otherwise"
        }
        8 => {
            "模型没有这个 speaker，请改小 [phone.speech] speaker / the model has no such speaker: lower [phone.speech] speaker"
        }
        _ => return None,
    })
}

/// Runs an engine; `told` gives words for its exit codes.
async fn run(
    command: &[String],
    text: &str,
    told: fn(i32) -> Option<&'static str>,
) -> Result<Vec<i16>, SpeechFault> {
    let program = command.first().cloned().unwrap_or_default();
    let failed = |cause: String| SpeechFault::Failed {
        program: program.clone(),
        cause,
    };
    let mut child = Command::new(&program)
        .args(command.get(1..).unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|cause| SpeechFault::NotStarted {
            program: program.clone(),
            cause: cause.to_string(),
        })?;
    let mut stdin = child.stdin.take();
    let spoken = timeout(PATIENCE, async {
        let give = async {
            if let Some(stdin) = &mut stdin {
                drop(stdin.write_all(text.as_bytes()).await);
                drop(stdin.write_all(b"\n").await);
            }
            drop(stdin.take());
        };
        let (output, ()) = tokio::join!(child.wait_with_output(), give);
        output
    });
    let output = spoken
        .await
        .map_err(|_| failed("timeout".to_owned()))?
        .map_err(|cause| failed(cause.to_string()))?;
    if !output.status.success() {
        let known = output.status.code().and_then(told);
        let cause = known.map_or_else(|| output.status.to_string(), str::to_owned);
        return Err(failed(cause));
    }
    let (rate, samples) = wav::read(&output.stdout).map_err(|cause| failed(cause.to_string()))?;
    let even = even(&to_telephone(&samples, rate));
    if even.is_empty() {
        return Err(failed("silence".to_owned()));
    }
    Ok(even)
}
