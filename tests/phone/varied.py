#!/usr/bin/python3
"""Makes many telephone calls' worth of speech from some: what the detector of keys is tried with, at 8 kHz.

varied.py FROM TO MINUTES   takes the WAV files in FROM (PCM of 16 bits, any rate) in turn; writes WAV files of about a minute to TO

Each utterance is drawn again with another speed and pitch (resampled by 0.8 to 1.25), the band of a telephone (300 to 3,400 Hz) or all
of it, a level from -30 to -3 dBm0 (what is too loud is clipped), and alone, in white noise, in pink noise, or with three others talking
(5 to 25 dB below). The same seed gives the same files. Needs numpy.
"""

import pathlib
import sys
import wave

import numpy as np

RATE = 8_000
# mean square root of a sine of 0 dBm0 in G.711, whose largest sine has 3.14 dBm0
ZERO = 32_768 / 2**0.5 / 10 ** (3.14 / 20)


def read(path):
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())
        return sound[:, 0].astype(np.float64), file.getframerate()


def carried(sound, rate, faster, narrow):
    """At 8 kHz, so much faster and higher, in the band that a telephone has."""
    length = int(len(sound) * RATE / (rate * faster))
    bins = np.zeros(length // 2 + 1, dtype=complex)
    spectrum = np.fft.rfft(sound)
    shared = min(len(bins), len(spectrum))
    bins[:shared] = spectrum[:shared]
    hertz = np.fft.rfftfreq(length, 1 / RATE)
    low, high = (300, 3_400) if narrow else (50, 3_900)
    bins[(hertz < low) | (hertz > high)] = 0
    return np.fft.irfft(bins, length)


def noise(kind, length, others, chance):
    if kind == "talk":
        voices = []
        for other in chance.choice(len(others), 3):
            voices.append(np.resize(others[other], length) / (np.std(others[other]) + 1e-9))
        return sum(voices)
    white = chance.standard_normal(length)
    if kind == "white":
        return white
    bins = np.fft.rfft(white)
    return np.fft.irfft(bins / np.sqrt(np.arange(1, len(bins) + 1)), length)


source, target, minutes = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), float(sys.argv[3])
target.mkdir(parents=True, exist_ok=True)
files = sorted(source.glob("*.wav"))
chance = np.random.default_rng(6)
plain = [carried(*read(path), 1.0, True) for path in files[:40]]
made, part, number = 0.0, [], 0
while made < minutes * 60:
    for path in files:
        sound = carried(*read(path), chance.uniform(0.8, 1.25), chance.random() < 0.7)
        kind = chance.choice(["none", "white", "pink", "talk"])
        if kind != "none":
            beside = noise(kind, len(sound), plain, chance)
            below = 10 ** (-chance.uniform(5, 25) / 20)
            sound = sound / np.std(sound) + below * beside / np.std(beside)
        spoken = sound[np.abs(sound) > 0.1 * np.std(sound)]
        level = ZERO * 10 ** (chance.uniform(-30, -3) / 20)
        part.append(np.clip(sound * level / np.sqrt(np.mean(spoken**2)), -32_768, 32_767).astype("<i2"))
        made += len(sound) / RATE
        if sum(map(len, part)) > 60 * RATE or made >= minutes * 60:
            with wave.open(str(target / f"{number:04}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(np.concatenate(part).tobytes())
            part, number = [], number + 1
        if made >= minutes * 60:
            break
print(f"{made / 60:.1f} minutes of {len(files)} utterances")
