"""Speaks what it reads on its standard input with a model of sherpa-onnx: a WAV file on its standard output.

sherpa.py MODEL SPEAKER; MODEL is a folder as sherpa-onnx publishes them (vits, matcha with its vocoder, or kokoro). Exit codes:
3 sherpa-onnx is not installed, 4 no model in the folder, 5 sherpa-onnx does not take the model (255 where it ends the process itself),
6 it gave no sound, 7 it cannot read all of the text, 8 it has no such voice.
"""

import array
import io
import os
import re
import sys
import wave

text = sys.stdin.read().strip()
folder, speaker = sys.argv[1], int(sys.argv[2])
if not os.path.isdir(folder):
    sys.exit(4)
names = sorted(os.listdir(folder))


def path(name):
    return os.path.join(folder, name) if name in names else ""


def paths(begins, ends):
    return [os.path.join(folder, name) for name in names if name.startswith(begins) and name.endswith(ends)]


models = paths("", ".onnx")
vocoders = paths("vocos", ".onnx") + paths("hifigan", ".onnx")
acoustic = [model for model in models if model not in vocoders]
if not acoustic or not path("tokens.txt"):
    sys.exit(4)
try:
    import sherpa_onnx
except ImportError:
    sys.exit(3)
lexicons = paths("lexicon", ".txt")
# what stands in no lexicon is left out without a word, and a notice without its room or its key is worse than none
if lexicons:
    known = set()
    for file in lexicons:
        with open(file, encoding="utf-8") as lines:
            known.update(line.split(maxsplit=1)[0].lower() for line in lines if line.strip())
    words = re.findall("[a-z]+|[^\W\d_a-z]", text.lower())
    if any(word not in known for word in words):
        sys.exit(7)
lexicon = ",".join(lexicons)
common = {"tokens": path("tokens.txt"), "data_dir": path("espeak-ng-data")}
model = sherpa_onnx.OfflineTtsModelConfig(num_threads=2, provider="cpu")
if path("voices.bin"):
    model.kokoro = sherpa_onnx.OfflineTtsKokoroModelConfig(model=acoustic[0], voices=path("voices.bin"), lexicon=lexicon, **common)
elif vocoders:
    model.matcha = sherpa_onnx.OfflineTtsMatchaModelConfig(acoustic_model=acoustic[0], vocoder=vocoders[0], lexicon=lexicon, **common)
else:
    model.vits = sherpa_onnx.OfflineTtsVitsModelConfig(model=acoustic[0], lexicon=lexicon, **common)
rules = ",".join(paths("", ".fst"))
config = sherpa_onnx.OfflineTtsConfig(model=model, rule_fsts=rules, max_num_sentences=1)
if not config.validate():
    sys.exit(5)
try:
    voice = sherpa_onnx.OfflineTts(config)
    # models of one voice say 0 or 1
    if speaker >= max(1, voice.num_speakers):
        sys.exit(8)
    spoken = voice.generate(text, sid=speaker, speed=0.9)
except RuntimeError:
    sys.exit(5)
if not len(spoken.samples):
    sys.exit(6)
samples = array.array("h", (int(max(-1.0, min(1.0, sample)) * 32767) for sample in spoken.samples))
sound = io.BytesIO()
with wave.open(sound, "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(spoken.sample_rate)
    file.writeframes(samples.tobytes())
sys.stdout.buffer.write(sound.getvalue())
