"""From audio to features and speech: in which order, and at which rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly
from threadpoolctl import threadpool_limits

from diar.audio import Audio, AudioOptions, from_samples
from diar.denoise import WienerOptions, wiener
from diar.diarization import PipelineOptions, diarize
from diar.energy_vad import FEATURES, EnergyOptions, energy_vad
from diar.feats import FeatsOptions, features
from diar.front_end import wav_to_feats, wav_to_vad
from diar.transforms import TransformOptions

RATE = 16000


def bursts(rate: int, seconds: float = 8.0) -> np.ndarray:
    """A buzz with formants for a second every two, with syllables; faint noise otherwise."""
    time = np.arange(int(seconds * rate)) / rate
    noise = 1e-3 * np.random.default_rng(0).standard_normal(len(time))
    buzz = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 25)) * (1.2 + np.sin(2 * np.pi * 4 * time))
    return (0.1 * buzz * (time % 2 > 1) + noise).astype(np.float32)


def audio(signal: np.ndarray, rate: int, sample_rate: int = RATE) -> Audio:
    return from_samples(signal, rate, AudioOptions(sample_rate=sample_rate))


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def test_the_noise_filter_comes_before_the_features() -> None:
    signal = bursts(RATE)
    options = WienerOptions(max_attenuation=20.0)
    filtered = np.concatenate(list(wiener([signal], RATE, options)))
    expected = features([filtered], RATE, FeatsOptions())
    np.testing.assert_array_equal(wav_to_feats(audio(signal, RATE), FeatsOptions(), "a", options), expected)
    assert np.abs(expected - wav_to_feats(audio(signal, RATE), FeatsOptions(), "a")).max() > 1


def test_the_energy_detector_hears_up_to_8_khz_and_no_more_than_the_recording_holds() -> None:
    signal = bursts(48000)
    at_16_khz = resample_poly(signal, 1, 3)
    for sample_rate, heard, highest in ((48000, at_16_khz, None), (16000, at_16_khz, None), (8000, None, None)):
        rate = min(sample_rate, RATE)
        heard = resample_poly(signal, 1, 6) if heard is None else heard
        expected = energy_vad(features([heard], rate, FEATURES, max_freq=highest), EnergyOptions())
        found = wav_to_vad(audio(signal, 48000, sample_rate), EnergyOptions())
        np.testing.assert_array_equal(found, expected)
        assert 350 < found.sum() < 550 and len(found) == 800


def test_above_its_own_half_rate_upsampled_audio_is_not_listened_to() -> None:
    narrow = bursts(8000)
    wide = resample_poly(narrow, 2, 1)
    expected = energy_vad(features([wide], RATE, FEATURES, max_freq=4000.0), EnergyOptions())
    with_empty_bands = features([wide], RATE, FEATURES)
    found = wav_to_vad(audio(narrow, 8000), EnergyOptions())
    np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(features([wide], RATE, FEATURES, max_freq=4000.0), with_empty_bands)
    assert 350 < found.sum() < 550


@pytest.mark.parametrize(
    "changed",
    [{"denoise": WienerOptions()}, {"transforms": TransformOptions(delta_order=1)}],
    ids=["denoise", "deltas"],
)
def test_all_of_the_front_end_is_in_the_chain(monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]) -> None:
    """The features that are clustered are those of the options."""
    seen: list[np.ndarray] = []

    def remember(recording: str, frames: np.ndarray, speech: np.ndarray, advice: str) -> np.ndarray:
        seen.append(frames)
        return np.zeros(len(frames), dtype=bool)

    monkeypatch.setattr("diar.diarization.speech_mask", remember)
    signal = bursts(RATE, 2.0)
    diarize(signal, RATE, PipelineOptions())
    diarize(signal, RATE, PipelineOptions(**changed))
    plain, other = seen
    np.testing.assert_array_equal(plain, wav_to_feats(audio(signal, RATE), FeatsOptions(), "signal"))
    if "denoise" in changed:
        expected = wav_to_feats(audio(signal, RATE), FeatsOptions(), "signal", WienerOptions())
        np.testing.assert_array_equal(other, expected)
    else:
        assert other.shape == (200, 38)
        np.testing.assert_array_equal(other[:, :19], plain)
