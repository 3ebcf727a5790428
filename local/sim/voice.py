"""Synthetic speakers: what is constant in a voice, and the distribution that voices are drawn from.

What tells voices apart is what tells people apart: pitch, the length of the vocal tract, the tilt and breath of the
glottis, the shape of the upper formants, the loudness of noise consonants, the speaking rate, the headset.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LEVEL_SPREAD = 2.0  # dB, standard deviation of talkers' levels
MAX_FORMANTS = 8
WOMAN_F0, MAN_F0 = 205.0, 120.0  # Hz
WOMAN_SCALE = 1.16  # formants of an average woman relative to a man's
FORMANT_SPREAD = np.array([0.05, 0.05, 0.05, 0.04, 0.03, 0.027, 0.023, 0.02])  # about 150 Hz: neighbours stay apart
COLOUR_DB = np.array([8.0, 8.0, 7.0, 6.0, 5.0, 4.0])  # Voice.colour is at most this
CANDIDATES = 20  # draws to choose a voice from, so that a meeting has no doubles


@dataclass(frozen=True)
class Voice:
    """What is constant in a speaker.

    Attributes:
        f0: mean fundamental frequency, Hz.
        f0_spread: standard deviation of the accents, semitones.
        formant_scale: ratio of all resonances to an average man's, the inverse of the vocal tract's length.
        formant_ratios: the speaker's own deviation of each of the formants, near 1.
        opening: share of the period in which the glottis opens; it closes in 0.4 of that.
        tilt: attenuation of the glottal source at 3 kHz, dB.
        breathiness: amplitude of the noise in the glottal flow relative to the pulses.
        jitter, shimmer: relative standard deviation of the periods and of the pulses' amplitudes.
        frication: factor on the amplitude of noise consonants.
        rate: speaking rate relative to 4.5 syllables a second.
        level: level relative to the other speakers, dB.
        colour: gain of the speaker's mouth and headset, dB: the sum of colour[k - 1] cos(pi k f) over k = 1, 2, ...,
            where f goes from 0 at 0 Hz to 1 at half the sample rate.
        damping: factor on each formant's bandwidth.
    """

    f0: float
    f0_spread: float = 2.0
    formant_scale: float = 1.0
    formant_ratios: tuple[float, ...] = (1.0,) * MAX_FORMANTS
    opening: float = 0.4
    tilt: float = 6.0
    breathiness: float = 0.05
    jitter: float = 0.01
    shimmer: float = 0.05
    frication: float = 1.0
    rate: float = 1.0
    level: float = 0.0
    colour: tuple[float, ...] = ()
    damping: tuple[float, ...] = (1.0,) * MAX_FORMANTS


def draw_voice(female: bool, rng: np.random.Generator) -> Voice:
    """A random woman's or man's voice; means and spreads are those of adult speakers of English."""
    return Voice(
        f0=(WOMAN_F0 if female else MAN_F0) * math.exp(0.13 * rng.standard_normal()),
        f0_spread=rng.uniform(1.2, 2.8),
        formant_scale=(WOMAN_SCALE if female else 1.0) * math.exp(0.045 * rng.standard_normal()),
        formant_ratios=tuple(np.exp(FORMANT_SPREAD * rng.standard_normal(MAX_FORMANTS)).tolist()),
        opening=rng.uniform(0.34, 0.52),
        tilt=rng.uniform(1.0, 10.0) if female else rng.uniform(0.0, 8.0),
        breathiness=10 ** (rng.uniform(-34.0, -12.0) / 20),
        jitter=rng.uniform(0.005, 0.02),
        shimmer=rng.uniform(0.02, 0.08),
        frication=10 ** (rng.normal(0.0, 2.0) / 20),
        rate=rng.uniform(0.88, 1.15),
        level=rng.normal(0.0, LEVEL_SPREAD),
        colour=tuple((COLOUR_DB * rng.uniform(-1, 1, len(COLOUR_DB))).tolist()),
        damping=tuple(np.exp(0.3 * rng.standard_normal(MAX_FORMANTS)).tolist()),
    )


def draw_voices(n_voices: int, rng: np.random.Generator) -> list[tuple[bool, Voice]]:
    """Whether female, and the voice: as many women as men, give or take one, in random order.

    Each voice is the one of ``CANDIDATES`` draws that is least like the voices before it, so that a meeting has no
    doubles.
    """
    voices: list[tuple[bool, Voice]] = []
    order = rng.permutation(n_voices)
    first_female = rng.random() < 0.5
    for k in range(n_voices):
        female = bool(order[k] % 2) != first_female
        drawn = [draw_voice(female, rng) for _ in range(CANDIDATES)]
        nearest = [min((_unlikeness(voice, other) for _, other in voices), default=0.0) for voice in drawn]
        voices.append((female, drawn[int(np.argmax(nearest))]))
    return voices


def _unlikeness(a: Voice, b: Voice) -> float:
    """How differently two voices colour the spectrum, in dB; 1 % of vocal-tract length counts as 0.4 dB."""
    colours = math.dist(a.colour, b.colour)
    return math.hypot(colours, 40 * math.log(a.formant_scale / b.formant_scale))
