"""Samples to one channel at the rate asked for: what comes back, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import resample_poly

from diar.audio import (
    MIN_DURATION,
    Audio,
    AudioOptions,
    Channels,
    all_channels,
    from_samples,
    resample,
)
from diar.errors import DataError

RATE = 16000


def noise(n_samples: int = 8000, n_channels: int | None = None) -> np.ndarray:
    shape = n_samples if n_channels is None else (n_samples, n_channels)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def tone(hertz: float, rate: int) -> np.ndarray:
    """A second of a sine."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)).astype(np.float32)


def cut(signal: np.ndarray, seed: int) -> list[np.ndarray]:
    """The signal in blocks of chance sizes, some of them empty."""
    bounds = np.sort(np.random.default_rng(seed).integers(0, len(signal) + 1, 12))
    return np.split(signal, bounds)


def made(samples: np.ndarray, rate: int = RATE, **values: object) -> Audio:
    audio = from_samples(samples, rate, AudioOptions(**({"sample_rate": RATE, "channel": "mix"} | values)), "rec")
    assert audio.signal.ndim == 1  # read to its end
    return audio


# ---- channels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["mix", "1"])
@pytest.mark.parametrize("n_channels", [None, 1])
def test_one_channel_is_itself(channel: str, n_channels: int | None) -> None:
    samples = noise(n_channels=n_channels)
    audio = made(samples, channel=channel)
    assert audio.signal.dtype == np.float32 and (audio.sample_rate, audio.source_rate) == (RATE, RATE)
    assert audio.signal.flags.c_contiguous
    np.testing.assert_array_equal(audio.signal, samples.reshape(-1))


@pytest.mark.parametrize("n_channels", [2, 5])
def test_a_channel_is_counted_from_one_and_a_mix_is_the_mean(n_channels: int) -> None:
    samples = noise(n_channels=n_channels)
    for k in range(n_channels):
        signal = made(samples, channel=str(k + 1)).signal
        assert signal.flags.c_contiguous
        np.testing.assert_array_equal(signal, samples[:, k])
    mix = made(samples).signal
    assert mix.dtype == np.float32 and mix.shape == (8000,)
    np.testing.assert_allclose(mix, samples.astype(np.float64).sum(axis=1) / n_channels, rtol=0, atol=1e-6)


def test_the_order_of_channels_does_not_change_their_mix() -> None:
    samples = noise(n_channels=3)
    np.testing.assert_allclose(made(samples[:, ::-1]).signal, made(samples).signal, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("n_channels", "channel"), [(None, "2"), (1, "2"), (2, "3")])
def test_a_channel_that_is_not_there_is_refused(n_channels: int | None, channel: str) -> None:
    reason = rf"^rec: has {n_channels or 1} channel\(s\); wanted channel {channel}; set --channel"
    with pytest.raises(DataError, match=reason):
        made(noise(n_channels=n_channels), channel=channel)


@pytest.mark.parametrize("shape", [(), (2, 2000, 2), (8000, 0), (1, 8000, 1)])
def test_arrays_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"^rec: found an array of shape .*; wanted \(n,\) or \(n, channels\) samples"):
        made(np.zeros(shape, dtype=np.float32))


# ---- length and numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("n_channels", [None, 2])
def test_less_than_a_tenth_of_a_second_is_refused(rate: int, n_channels: int | None) -> None:
    enough = round(MIN_DURATION * rate)
    assert len(made(noise(enough, n_channels), rate, sample_rate=RATE).signal) == RATE // 10
    for n_samples in (enough - 1, 1, 0):
        with pytest.raises(DataError, match=rf"^rec: {n_samples / rate:.3f} s long; wanted at least 0\.1 s"):
            made(noise(n_samples, n_channels), rate)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused_with_the_first(bad: float) -> None:
    samples = noise(n_channels=2)
    samples[[700, 1234], 1] = bad
    for channel in ("mix", "2"):
        with pytest.raises(DataError, match="^rec: sample 700 is (not a number|-?inf)"):
            made(samples, 44100, channel=channel)
    np.testing.assert_array_equal(made(samples, channel="1").signal, samples[:, 0])


# ---- rates ---------------------------------------------------------------------------------------------------------


def test_the_same_rate_changes_nothing() -> None:
    signal = noise()
    (block,) = resample([signal], RATE, RATE)
    assert block is signal


@pytest.mark.parametrize(
    ("rate", "new_rate"), [(8000, 16000), (44100, 16000), (48000, 8000), (16000, 44100), (22050, 16000), (11025, 8000)]
)
def test_a_tone_resampled_is_the_tone_at_the_new_rate(rate: int, new_rate: int) -> None:
    audio = made(np.stack([tone(440.0, rate)] * 2, axis=1), rate, sample_rate=new_rate)
    assert (audio.sample_rate, audio.source_rate, audio.signal.dtype) == (new_rate, rate, np.float32)
    assert len(audio.signal) == new_rate
    edge = new_rate // 50
    np.testing.assert_allclose(audio.signal[edge:-edge], tone(440.0, new_rate)[edge:-edge], rtol=0, atol=3e-3)


def test_what_is_above_the_new_half_rate_is_filtered_out() -> None:
    assert np.abs(next(resample([tone(6000.0, RATE)], RATE, 8000))[100:-100]).max() < 0.005


@pytest.mark.parametrize(("rate", "new_rate"), [(44100, 16000), (16000, 44100), (48000, 16000), (11025, 8000)])
@pytest.mark.parametrize("n_samples", [1, 800, 4500, 70001])
@pytest.mark.parametrize("n_channels", [None, 2])
def test_blocks_are_resampled_as_the_whole(
    monkeypatch: pytest.MonkeyPatch, rate: int, new_rate: int, n_samples: int, n_channels: int | None
) -> None:
    """To the bit what scipy makes of the whole, however the signal is cut."""
    monkeypatch.setattr("diar.audio.BLOCK_SAMPLES", 2000)
    signal, common = noise(n_samples, n_channels), math.gcd(rate, new_rate)
    whole = resample_poly(signal, new_rate // common, rate // common)
    for blocks in (cut(signal, 0), cut(signal, 1), [signal]):
        found = list(resample(blocks, rate, new_rate))
        np.testing.assert_array_equal(np.concatenate(found), whole)
        assert max(len(block) for block in found) < 3 * max(2000, 2000 * new_rate // rate)
    assert list(resample([], rate, new_rate)) == []


def test_audio_is_read_as_often_as_asked_and_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diar.audio.BLOCK_SAMPLES", 1000)
    audio = made(noise(n_channels=2))
    for _ in range(2):
        assert [len(block) for block in audio.blocks()] == [1000] * 8


def test_all_channels_come_as_they_are_but_checked() -> None:
    samples = noise(n_channels=3)
    read = all_channels(Channels("rec", 8000, lambda: iter(cut(samples, 0))))
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate(list(read())), samples)
    samples[[70, 7], 2] = np.nan
    with pytest.raises(DataError, match="^rec: sample 7 is not a number"):
        list(read())


@pytest.mark.parametrize(
    "values",
    [{"channel": "0"}, {"channel": "-1"}, {"channel": "left"}, {"channel": ""}, {"channel": "1.5"},
     {"sample_rate": 3999}, {"sample_rate": 192001}, {"sample_rate": 11025}, {"sample_rate": 22050},
     {"sample_rate": 16050}],
    ids=str,
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--(channel|sample-rate): found"):
        AudioOptions(**values)


def test_a_rate_without_whole_frames_is_told_what_is_wanted() -> None:
    with pytest.raises(DataError, match="^--sample-rate: found 22050 Hz; wanted a multiple of 100, as 16000"):
        AudioOptions(sample_rate=22050)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 4100])
def test_rates_with_whole_frames_are_taken(rate: int) -> None:
    assert AudioOptions(sample_rate=rate).sample_rate == rate
