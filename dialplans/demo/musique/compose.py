#!/usr/bin/env python3
"""Composes attente.wav beside it: a slow arpeggio that loops without a seam, 8 kHz mono 16 bits at -20 dBFS.

Eight chords of two seconds, each broken into eight notes over a held bass. Notes ring on over the end of the file
into its beginning, so that the loop is not heard. The same bytes on every run.
"""

import math
import struct
import wave
from pathlib import Path

RATE = 8_000
STEP_S = 0.25
STEPS_PER_CHORD = 8
LEVEL_DBFS = -20.0

# Notes as semitones from A4 (440 Hz): the bass, then the four the arpeggio climbs and comes back down on.
CHORDS = [
    (-21, (-9, -5, -2, 3)),  # C
    (-17, (-10, -5, -2, 2)),  # E minor
    (-24, (-9, -5, 0, 3)),  # A minor
    (-16, (-9, -4, 0, 3)),  # F
    (-21, (-9, -5, -2, 7)),  # C
    (-19, (-7, -4, 0, 5)),  # D minor
    (-14, (-10, -7, -2, 2)),  # G
    (-14, (-10, -7, -2, 5)),  # G, open to the C it comes back to
]
CLIMB = (0, 1, 2, 3, 2, 1, 2, 1)

# Harmonics of a soft plucked string: share of the fundamental, and how much faster each dies away.
HARMONICS = ((1, 1.0, 1.0), (2, 0.28, 1.6), (3, 0.10, 2.4), (4, 0.04, 3.2))


def add_note(audio, at_s, semitone, loudness, decay_s, attack_s):
    """Adds one note; what rings past the end comes back at the start."""
    hz = 440.0 * 2.0 ** (semitone / 12.0)
    start = round(at_s * RATE)
    for n in range(round(5 * decay_s * RATE)):
        t = n / RATE
        # A raised cosine in, an exponential out: no edge that would click.
        attack = 0.5 - 0.5 * math.cos(math.pi * min(t / attack_s, 1.0))
        sound = sum(
            share * math.exp(-t * faster / decay_s) * math.sin(math.tau * hz * k * t)
            for k, share, faster in HARMONICS
            if hz * k < RATE / 2
        )
        audio[(start + n) % len(audio)] += loudness * attack * sound


def compose():
    audio = [0.0] * round(len(CHORDS) * STEPS_PER_CHORD * STEP_S * RATE)
    for number, (bass, notes) in enumerate(CHORDS):
        chord_s = number * STEPS_PER_CHORD * STEP_S
        add_note(audio, chord_s, bass, 0.8, 1.1, 0.060)
        for step, note in enumerate(CLIMB):
            loudness = 0.75 if step == 0 else 0.55 + 0.05 * (step % 2)
            add_note(audio, chord_s + step * STEP_S, notes[note], loudness, 0.55, 0.012)
    return audio


def main():
    audio = compose()
    rms = math.sqrt(sum(sample * sample for sample in audio) / len(audio))
    gain = 32_768 * 10 ** (LEVEL_DBFS / 20) / rms
    samples = [max(-32_767, min(32_767, round(sample * gain))) for sample in audio]
    with wave.open(str(Path(__file__).with_name("attente.wav")), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))


if __name__ == "__main__":
    main()
