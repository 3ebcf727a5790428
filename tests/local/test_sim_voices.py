"""The simulator of meetings: synthetic speech."""

from __future__ import annotations

import math

import numpy as np
import phones
import pytest
import resonators
import synthesiser
from scipy.linalg import solve_toeplitz
from scipy.signal import freqz, lfilter
from voice import Voice, draw_voices

from diar.errors import DataError

RATE = 16000


def test_resonators_equal_constant_filters():
    hop, n_frames = 80, 50
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(hop * n_frames)
    formants, widths = [500.0, 1500.0, 2500.0], [60.0, 90.0, 150.0]
    found = resonators.resonate(signal, np.tile(formants, (n_frames, 1)), np.tile(widths, (n_frames, 1)), hop, RATE)
    wanted = signal
    for frequency, width in zip(formants, widths, strict=True):
        pole = np.exp((-np.pi * width + 2j * np.pi * frequency) / RATE)
        denominator = np.poly([pole, pole.conj()]).real
        wanted = lfilter([denominator.sum()], denominator, wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_glottal_pulses_have_the_period_and_shape_asked_for():
    flow = resonators.glottal_flow(np.full(200, 125.0), 80, RATE, 0.4, 0.16, np.ones((1, 2)))
    period = RATE // 125
    np.testing.assert_allclose(flow[period:], flow[:-period], atol=1e-12)
    pulse = flow[:period] / flow.max()
    assert pulse.argmax() == round(0.4 * period)
    assert pulse[round(0.2 * period)] == pytest.approx(0.5, abs=0.03)  # half open after half the opening phase
    assert not pulse[math.ceil(0.56 * period) :].any()


def test_kernels_as_plain_python():
    rng = np.random.default_rng(1)
    f0, pulses = rng.uniform(80, 300, 10), rng.uniform(0.9, 1.1, (7, 2))
    arguments = (f0, 40, RATE, 0.4, 0.16, pulses)
    compiled = resonators.glottal_flow_kernel(*arguments)
    np.testing.assert_allclose(compiled, resonators.glottal_flow_kernel.py_func(*arguments), atol=1e-12)
    arguments = (rng.standard_normal(400), rng.uniform(300, 3000, (10, 2)), rng.uniform(50, 100, (10, 2)), 40, RATE)
    compiled = resonators.resonate_kernel(*arguments)
    np.testing.assert_allclose(compiled, resonators.resonate_kernel.py_func(*arguments), rtol=1e-9, atol=1e-12)


def test_kernels_refuse_what_they_cannot_use():
    tracks = np.full((5, 1), 9000.0)
    with pytest.raises(DataError, match="wanted 0 to 8000 Hz"):
        resonators.resonate(np.zeros(50), tracks, tracks, 10, RATE)
    with pytest.raises(DataError, match="found 49 samples"):
        resonators.resonate(np.zeros(49), tracks, tracks, 10, RATE)
    with pytest.raises(DataError, match="F0 track"):
        resonators.glottal_flow(np.zeros(5), 10, RATE, 0.4, 0.16, np.ones((1, 2)))
    with pytest.raises(DataError, match="open quotient"):
        resonators.glottal_flow(np.full(5, 100.0), 10, RATE, 0.8, 0.3, np.ones((1, 2)))
    with pytest.raises(DataError, match="glottal pulses"):
        resonators.glottal_flow(np.full(5, 100.0), 10, RATE, 0.4, 0.16, np.ones((0, 2)))


def _vowel(name: str, voice: Voice) -> np.ndarray:
    """Half a second of a vowel."""
    spoken = phones.Utterance([phones.VOWELS[name]], np.array([0.5]), np.array([0]))
    return synthesiser.synthesise(voice, spoken, RATE // 2, RATE, np.random.default_rng(0))


def _linear_prediction_formants(signal: np.ndarray, order: int) -> list[float]:
    """Frequencies in Hz of narrow poles, lowest first."""
    emphasised = np.diff(signal) * np.hanning(len(signal) - 1)
    correlation = np.correlate(emphasised, emphasised, "full")[len(emphasised) - 1 :][: order + 1]
    coefficients = solve_toeplitz(correlation[:-1], correlation[1:])
    poles = np.roots([1.0, *-coefficients])
    narrow = [pole for pole in poles if pole.imag > 0 and -np.log(abs(pole)) * RATE / np.pi < 400]
    return sorted(float(np.angle(pole)) * RATE / (2 * np.pi) for pole in narrow)


@pytest.mark.parametrize("name", ["i", "æ", "ɑ", "ʌ"])
@pytest.mark.parametrize("scale", [1.0, 1.15])
def test_vowels_have_their_formants(name, scale):
    found = _linear_prediction_formants(_vowel(name, Voice(f0=100.0, formant_scale=scale, breathiness=0.001)), 18)
    for wanted in phones.VOWELS[name].formants:
        assert min(abs(frequency / (scale * wanted) - 1) for frequency in found) < 0.12


@pytest.mark.parametrize("f0", [110.0, 220.0])
def test_vowels_have_their_pitch(f0):
    vowel = _vowel("ɑ", Voice(f0=f0, f0_spread=0.0, jitter=0.0))
    middle = vowel[3 * RATE // 16 : 5 * RATE // 16]  # F0 falls through its mean in the middle
    correlation = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    lags = np.arange(RATE // 400, RATE // 70)
    assert RATE / lags[correlation[lags].argmax()] == pytest.approx(f0, rel=0.05)


def test_utterances_fill_their_time_with_short_pauses():
    for seconds in (0.3, 2.0, 15.0):
        spoken = phones.draw_utterance(seconds, 1.0, np.random.default_rng(3))
        assert spoken.seconds.sum() == pytest.approx(seconds)
        assert len(spoken.phones) == len(spoken.seconds) == len(spoken.phrases)
        pauses = [d for phone, d in zip(spoken.phones, spoken.seconds, strict=True) if phone is phones.SILENCE]
        assert max(pauses, default=0.0) <= 0.25
        assert phones.SILENCE not in (spoken.phones[0], spoken.phones[-1])
    syllables = sum(phone in phones.VOWELS.values() for phone in spoken.phones)
    assert 3.5 < syllables / 15.0 < 5.5


def test_colour_is_the_cosine_series():
    colour = (3.0, -2.0, 1.0)
    frequency, response = freqz(synthesiser.colour_filter(colour))
    wanted = sum(gain * np.cos(k * frequency) for k, gain in enumerate(colour, 1))
    np.testing.assert_allclose(20 * np.log10(np.abs(response)), wanted, atol=1e-3)


def test_voices_are_of_both_sexes_and_in_human_range():
    drawn = draw_voices(7, np.random.default_rng(0))
    assert sum(female for female, _ in drawn) in (3, 4)
    assert all(70 < voice.f0 < 350 and 0.85 < voice.formant_scale < 1.4 for _, voice in drawn)
