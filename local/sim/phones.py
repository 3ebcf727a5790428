"""Phones as targets for a formant synthesiser, and nonsense syllables made of them.

All frequencies are those of an average man; a voice scales them by its vocal tract.

References:
    G. E. Peterson and H. L. Barney, "Control methods used in a study of the vowels", JASA 24, 1952, table II (vowels).
    D. H. Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67, 1980, tables II and III (consonants).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Formants = tuple[float, float, float]

SYLLABLES_PER_PHRASE = (4, 13)
PAUSE_SECONDS = (0.06, 0.14)  # between the phrases of a turn
CODA_SHARE = 0.2  # of the syllables are CVC, the others CV
VOWEL_SECONDS, VOWEL_SPREAD = 0.115, 0.25  # median, and standard deviation of its logarithm
CONSONANT_SPREAD = 0.15
PHRASE_FINAL_LENGTHENING = 1.4


@dataclass(frozen=True)
class Phone:
    """What the vocal tract does during a phone.

    Attributes:
        formants: targets of the first three formants, Hz.
        voicing: amplitude of the glottal pulses, 1 in a vowel.
        aspiration: amplitude of the noise made at the glottis, relative to a vowel.
        band: frication band (low, high) in Hz, made at the lips or teeth and not shaped by the formants.
        frication: amplitude of that noise, relative to a vowel.
        damping: factor on the bandwidths; the nose damps the formants.
        seconds: median duration.
    """

    formants: Formants
    voicing: float = 1.0
    aspiration: float = 0.0
    band: tuple[float, float] | None = None
    frication: float = 0.0
    damping: float = 1.0
    seconds: float = VOWEL_SECONDS


def _fricative(formants: Formants, band: tuple[float, float], frication: float, voicing: float = 0.0) -> list[Phone]:
    return [Phone(formants, voicing, 0.0, band, frication, seconds=0.085)]


def _stop(formants: Formants, band: tuple[float, float], frication: float, voiced: bool) -> list[Phone]:
    closure = Phone(formants, voicing=0.08 if voiced else 0.0, damping=2.0, seconds=0.045)
    burst = Phone(formants, 0.3 if voiced else 0.0, 0.0, band, frication, seconds=0.012)
    release = Phone(formants, voicing=0.0, aspiration=0.25, seconds=0.025)
    return [closure, burst] if voiced else [closure, burst, release]


VOWELS: dict[str, Phone] = {
    "i": Phone((270, 2290, 3010)),
    "ɪ": Phone((390, 1990, 2550)),
    "ɛ": Phone((530, 1840, 2480)),
    "æ": Phone((660, 1720, 2410)),
    "ɑ": Phone((730, 1090, 2440)),
    "ɔ": Phone((570, 840, 2410)),
    "ʊ": Phone((440, 1020, 2240)),
    "u": Phone((300, 870, 2240)),
    "ʌ": Phone((640, 1190, 2390)),
    "ɝ": Phone((490, 1350, 1690)),
}

CONSONANTS: dict[str, list[Phone]] = {
    "f": _fricative((340, 1100, 2080), (1500, 7500), 0.08),
    "v": _fricative((220, 1100, 2080), (1500, 7500), 0.04, voicing=0.4),
    "θ": _fricative((320, 1290, 2540), (1400, 7000), 0.07),
    "ð": _fricative((270, 1290, 2540), (1400, 7000), 0.03, voicing=0.4),
    "s": _fricative((320, 1390, 2530), (4000, 7500), 0.30),
    "z": _fricative((240, 1390, 2530), (4000, 7500), 0.18, voicing=0.3),
    "ʃ": _fricative((300, 1840, 2750), (2200, 5000), 0.35),
    "h": [Phone((500, 1500, 2500), voicing=0.0, aspiration=0.3, seconds=0.06)],
    "p": _stop((400, 1100, 2150), (500, 1800), 0.16, voiced=False),
    "b": _stop((200, 1100, 2150), (500, 1800), 0.14, voiced=True),
    "t": _stop((400, 1600, 2600), (3200, 6500), 0.25, voiced=False),
    "d": _stop((200, 1600, 2600), (3200, 6500), 0.20, voiced=True),
    "k": _stop((300, 1990, 2850), (1500, 3200), 0.25, voiced=False),
    "g": _stop((200, 1990, 2850), (1500, 3200), 0.20, voiced=True),
    "m": [Phone((280, 1270, 2130), voicing=0.5, damping=3.0, seconds=0.07)],
    "n": [Phone((280, 1340, 2470), voicing=0.5, damping=3.0, seconds=0.07)],
    "w": [Phone((290, 610, 2150), voicing=0.7, seconds=0.07)],
    "j": [Phone((260, 2070, 3020), voicing=0.7, seconds=0.07)],
    "r": [Phone((310, 1060, 1380), voicing=0.7, seconds=0.07)],
    "l": [Phone((310, 1050, 2880), voicing=0.7, seconds=0.07)],
}

SILENCE = Phone((500, 1500, 2500), voicing=0.0, damping=2.0)


@dataclass(frozen=True)
class Utterance:
    """Phones with their durations in seconds and the number of the phrase that each belongs to."""

    phones: list[Phone]
    seconds: np.ndarray
    phrases: np.ndarray


def draw_utterance(seconds: float, rate: float, rng: np.random.Generator) -> Utterance:
    """Random syllables in phrases that fill ``seconds`` exactly, from the first sound to the last vowel.

    Args:
        seconds: length of the utterance.
        rate: speaking rate relative to the average (1 is about 4.5 syllables a second).
        rng: source of the draws.
    """
    phones: list[Phone] = []
    durations: list[float] = []
    phrases: list[int] = []
    phrase = 0
    while sum(durations) < seconds:
        if phones:
            phones.append(SILENCE)
            durations.append(rng.uniform(*PAUSE_SECONDS))
            phrases.append(phrase)
            phrase += 1
        n_syllables = int(rng.integers(*SYLLABLES_PER_PHRASE, endpoint=True))
        for syllable in range(n_syllables):
            drawn = _draw_syllable(rng, first=syllable == 0, last=syllable == n_syllables - 1)
            phones += [phone for phone, _ in drawn]
            durations += [duration / rate for _, duration in drawn]
            phrases += [phrase] * len(drawn)
            if sum(durations) >= seconds:
                break
    lengths = np.array(durations)
    return Utterance(phones, lengths * (seconds / lengths.sum()), np.array(phrases))


def _draw_syllable(rng: np.random.Generator, first: bool, last: bool) -> list[tuple[Phone, float]]:
    """CV or CVC with durations in seconds; a phrase has no closure before its first sound and ends in a vowel."""
    names = list(CONSONANTS)
    onset = CONSONANTS[names[rng.integers(len(names))]]
    onset = onset[1:] if first and len(onset) > 1 else onset
    coda = CONSONANTS[names[rng.integers(len(names))]] if not last and rng.random() < CODA_SHARE else []
    vowel = list(VOWELS.values())[rng.integers(len(VOWELS))]
    stretch = PHRASE_FINAL_LENGTHENING if last else 1.0
    syllable = [(phone, phone.seconds * np.exp(CONSONANT_SPREAD * rng.standard_normal())) for phone in onset]
    syllable.append((vowel, stretch * VOWEL_SECONDS * np.exp(VOWEL_SPREAD * rng.standard_normal())))
    syllable += [(phone, phone.seconds * np.exp(CONSONANT_SPREAD * rng.standard_normal())) for phone in coda]
    return syllable
