"""The Wiener filter: its equations value by value, blocks, and what is left of noise and of signals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from diar.denoise import WienerOptions, wiener
from diar.errors import DataError

RATE = 8000


def filtered(signal: np.ndarray, rate: int = RATE, **values: float) -> np.ndarray:
    blocks = list(wiener([signal.astype(np.float32)], rate, WienerOptions(**values)))
    assert all(block.dtype == np.float32 for block in blocks)
    return np.concatenate([*blocks, np.zeros(0, np.float32)])


def white(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)


def tones(seconds: float) -> np.ndarray:
    """Bursts of three harmonics, half a second long, every second."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (time % 1 > 0.5) * sum(np.sin(2 * np.pi * 300 * k * time) / k for k in (1, 2, 3))


def decibels(power: float) -> float:
    return 10 * math.log10(power)


def by_the_equations(signal: np.ndarray, attenuation: float, memory: float) -> np.ndarray:
    """The module's equations in float64, frame by frame and bin by bin, at 8 kHz (windows of 256 samples)."""
    hop = 128
    window = np.sin(np.pi * (np.arange(256) + 0.5) / 256)
    n_frames = len(signal) // hop + 2
    padded = np.concatenate([np.zeros(hop), signal, np.zeros(3 * hop)])
    spectra = [np.fft.rfft(window * padded[t * hop : t * hop + 256]) for t in range(n_frames)]
    power = np.abs(np.array(spectra)) ** 2
    out = np.zeros(len(padded) + 256)
    for f in range(129):
        first = power[: min(62, n_frames), f]
        noise = max(1e-12, min(first[t : t + 5].mean() for t in range(len(first) - 4)))
        presence_mean = clean = 0.0
        s = 10**1.5
        for t in range(n_frames):
            y = power[t, f]
            p = 1 / (1 + (1 + s) * math.exp(-min(y / noise, 700) * s / (1 + s)))
            presence_mean = 0.9 * presence_mean + 0.1 * p
            if presence_mean > 0.99:
                p = min(p, 0.99)
            noise = max(1e-20, 0.8 * noise + 0.2 * (p * noise + (1 - p) * y))
            xi = memory * clean / noise + (1 - memory) * max(y / noise - 1, 0)
            gain = max(xi / (1 + xi), 10 ** (-attenuation / 20))
            clean = gain**2 * y
            spectra[t][f] *= gain
    for t in range(n_frames):
        out[t * hop : t * hop + 256] += window * np.fft.irfft(spectra[t], 256)
    return out[hop : hop + len(signal)]


@pytest.mark.parametrize(("attenuation", "memory"), [(12.0, 0.98), (30.0, 0.9), (6.0, 0.0)])
@pytest.mark.parametrize("n_samples", [1280, 8000, 8123])
def test_equal_to_the_equations(attenuation: float, memory: float, n_samples: int) -> None:
    signal = (0.3 * tones(2) + 0.02 * white(2))[4000 : 4000 + n_samples].astype(np.float32)
    expected = by_the_equations(signal.astype(np.float64), attenuation, memory)
    found = filtered(signal, max_attenuation=attenuation, snr_memory=memory)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)
    assert np.abs(found - signal).max() > 0.01


def test_equal_to_the_equations_where_speech_seems_to_be_there_always() -> None:
    """A second of quiet, then noise so much louder that it is taken for speech until the limit on that is reached."""
    signal = 0.001 * white(4)
    signal[RATE:] *= 100
    expected = by_the_equations(signal.astype(np.float64), 12.0, 0.98)
    np.testing.assert_allclose(filtered(signal), expected, rtol=0, atol=2e-4)
    assert np.square(expected[3 * RATE :]).mean() < 0.3 * np.square(signal[3 * RATE :]).mean()


def test_blocks_of_any_size_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diar.denoise._STRETCH_FRAMES", 70)
    signal = (0.3 * tones(4) + 0.02 * white(4)).astype(np.float32)
    for n_samples in (0, 1, 127, 128, 129, 70 * 128, 70 * 128 + 1, len(signal)):
        whole = filtered(signal[:n_samples])
        assert len(whole) == n_samples
        for seed in range(3):
            bounds = np.sort(np.random.default_rng(seed).integers(0, n_samples + 1, 9))
            blocks = wiener(np.split(signal[:n_samples], bounds), RATE, WienerOptions())
            np.testing.assert_array_equal(np.concatenate([*blocks, np.zeros(0, np.float32)]), whole)


def test_frames_at_once_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = (0.3 * tones(4) + 0.02 * white(4)).astype(np.float32)
    whole = filtered(signal)
    for n_frames in (63, 100, 249):
        monkeypatch.setattr("diar.denoise._STRETCH_FRAMES", n_frames)
        np.testing.assert_allclose(filtered(signal), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 11100, 16000, 44100])
def test_without_attenuation_nothing_changes(rate: int) -> None:
    signal = white(1.3)
    np.testing.assert_allclose(filtered(signal, rate, max_attenuation=0.0), signal, rtol=0, atol=1e-5)


@pytest.mark.parametrize("attenuation", [6.0, 12.0, 20.0])
def test_steady_noise_is_lowered_by_the_most_there_is(attenuation: float) -> None:
    noise = 0.05 * white(10)
    left = filtered(noise, max_attenuation=attenuation)[2 * RATE :]
    lowered = decibels(np.square(noise[2 * RATE :]).mean() / np.square(left).mean())
    assert attenuation - 2.5 < lowered < attenuation + 0.1


def test_a_signal_in_noise_comes_out_cleaner() -> None:
    signal, noise = 0.2 * tones(10), 0.05 * white(10)
    error = filtered(signal + noise) - signal
    assert decibels(np.square(noise[RATE:]).mean() / np.square(error[RATE:]).mean()) > 5


def test_noise_that_grows_louder_is_followed() -> None:
    noise = 0.01 * white(20)
    noise[10 * RATE :] *= 10
    left = filtered(noise)
    lowered = decibels(np.square(noise[16 * RATE :]).mean() / np.square(left[16 * RATE :]).mean())
    assert lowered > 9
    assert decibels(np.square(noise[5 * RATE : 10 * RATE]).mean() / np.square(left[5 * RATE : 10 * RATE]).mean()) > 9


def test_the_level_does_not_matter() -> None:
    signal = 0.2 * tones(4) + 0.02 * white(4)
    np.testing.assert_allclose(filtered(0.01 * signal), 0.01 * filtered(signal), rtol=0, atol=2e-6)


def test_digital_silence_stays_so() -> None:
    signal = np.zeros(3 * RATE)
    assert not filtered(signal).any()
    signal[RATE : 2 * RATE] = 0.2 * white(1)
    found = filtered(signal)
    assert np.isfinite(found).all() and not found[: RATE - 256].any() and found[RATE : 2 * RATE].any()


@pytest.mark.parametrize(
    "values", [{"max_attenuation": -1.0}, {"max_attenuation": 61.0}, {"snr_memory": 1.0}, {"snr_memory": -0.1}], ids=str
)
def test_bad_options_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(DataError, match="^--(max-attenuation|snr-memory): found"):
        WienerOptions(**values)
