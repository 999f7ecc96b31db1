#!/usr/bin/env python3
"""Composes attente.wav, the hold music: a slow arpeggio over four chords, ours. 8 kHz, mono, 16 bits, -20 dBFS.

Same output every run; nothing but the standard library. The music is committed: run this only to change it."""

import math
import struct
import wave
from pathlib import Path

RATE = 8_000
BEAT = 0.5  # seconds
BEATS_PER_CHORD = 8
LEVEL_DBFS = -20

# Semitones from A3 (220 Hz): Am9, Fmaj7, Cadd9, G6, each broken upwards and back.
CHORDS = [
    (0, [0, 7, 12, 15, 14, 15, 12, 7]),
    (-4, [-4, 3, 8, 12, 15, 12, 8, 3]),
    (3, [3, 10, 15, 19, 17, 15, 19, 10]),
    (-2, [-2, 5, 10, 14, 17, 14, 10, 5]),
]


def frequency(semitones):
    return 220.0 * 2 ** (semitones / 12)


def add_note(samples, start, length, semitones, volume, attack, partials):
    """A note with a soft start and a long fall; wraps round the end, so that the loop has no seam."""
    count = int(length * RATE)
    for i in range(count):
        t = i / RATE
        envelope = min(1.0, t / attack) * math.exp(-3.0 * t / length) * min(1.0, (length - t) / 0.1)
        tone = sum(
            weight * math.sin(2 * math.pi * frequency(semitones) * multiple * t)
            for multiple, weight in partials
        )
        samples[(int(start * RATE) + i) % len(samples)] += volume * envelope * tone


def compose():
    total = len(CHORDS) * BEATS_PER_CHORD * BEAT
    samples = [0.0] * int(total * RATE)
    for index, (root, arpeggio) in enumerate(CHORDS):
        start = index * BEATS_PER_CHORD * BEAT
        add_note(samples, start, BEATS_PER_CHORD * BEAT + 1.0, root - 12, 0.9, 0.25, [(1, 1.0), (2, 0.35), (3, 0.1)])
        for beat, semitones in enumerate(arpeggio):
            add_note(samples, start + beat * BEAT, 2.2, semitones + 12, 0.55, 0.02, [(1, 1.0), (2, 0.25), (3, 0.08)])
    return samples


def level(samples):
    rms = math.sqrt(sum(sample * sample for sample in samples) / len(samples))
    gain = 10 ** (LEVEL_DBFS / 20) / rms
    return [max(-1.0, min(1.0, sample * gain)) for sample in samples]


def main():
    path = Path(__file__).parent / "attente.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(b"".join(struct.pack("<h", round(sample * 32767)) for sample in level(compose())))


main()
