"""The training-free detector against what was put into generated signals, and against plain numpy step by step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dct

from diar import hmm
from diar.energy_vad import FEATURES, EnergyOptions, energy_vad
from diar.errors import DataError
from diar.feats import features
from diar.segments import runs

RATE = 16000
COLLAR = 25  # frames around a phrase's ends that do not count
OPTIONS = EnergyOptions()


def syllable(seconds: float, rng: np.random.Generator, rate: int) -> np.ndarray:
    """A vowel of two formants with vibrato, at times after a hiss; its peak near 1, its ends faint."""
    time = np.arange(int(seconds * rate)) / rate
    pitch, formants = rng.uniform(90, 220), (rng.uniform(300, 800), rng.uniform(1000, 2500))
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.03 * np.sin(2 * np.pi * 5 * time))) / rate
    partials = [(k, sum(1 / (1 + ((k * pitch - f) / 120) ** 2) for f in formants)) for k in range(1, int(3800 / pitch))]
    vowel = sum(weight * np.sin(k * phase) for k, weight in partials) * np.sin(np.pi * time / seconds) ** 0.5
    hiss = np.diff(rng.standard_normal(len(time) + 1)) * (time < 0.06) * (rng.random() < 0.5)
    return vowel / 3 + 0.1 * hiss


def talk(
    seconds: float, *, rate: int = RATE, seed: int = 0, noise: float = 0.002, pause: float = 1.5, phrase: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) phrases of syllables in noise, and (T,) where the phrases are; the pauses last ``pause`` or up to twice."""
    rng = np.random.default_rng(seed)
    signal = noise * rng.standard_normal(int(seconds * rate))
    truth = np.zeros(int(seconds * 100), dtype=bool)
    start = pause
    while start + phrase + pause < seconds:
        end = start
        while end < start + rng.uniform(0.5, 1.0) * phrase:
            said = syllable(rng.uniform(0.12, 0.25), rng, rate) * 0.3 * 10 ** rng.uniform(-0.3, 0)
            at = int(end * rate)
            signal[at : at + len(said)] += said
            end += len(said) / rate + rng.choice([0.0, 0.05])
        truth[round(100 * start) : round(100 * end)] = True
        start = end + pause * rng.uniform(1, 2)
    return signal.astype(np.float32), truth


def detect(signal: np.ndarray, rate: int = RATE, options: EnergyOptions = OPTIONS) -> np.ndarray:
    speech = energy_vad(features([signal.astype(np.float32)], rate, FEATURES), options)
    assert speech.dtype == np.float32 and len(speech) == (200 * len(signal) + rate) // (2 * rate)
    assert np.isin(speech, (0, 1)).all()
    return speech > 0


def errors(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Missed and false frames in percent of the speech, outside a collar around the phrases' ends."""
    counted = np.ones(len(truth), dtype=bool)
    for first, last in runs(truth):
        for edge in (first, last):
            counted[max(0, edge - COLLAR) : edge + COLLAR] = False
    speech = max(1, (counted & truth).sum())
    return 100 * (counted & truth & ~found).sum() / speech, 100 * (counted & ~truth & found).sum() / speech


def noise(seconds: float, level: float = 0.003, seed: int = 1) -> np.ndarray:
    return level * np.random.default_rng(seed).standard_normal(int(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("level", [0.0002, 0.002, 0.02])
def test_phrases_are_found_in_noise(rate: int, level: float) -> None:
    signal, truth = talk(60, rate=rate, noise=level)
    assert max(errors(detect(signal, rate), truth)) < 1.0


def plain(frames: np.ndarray, options: EnergyOptions) -> np.ndarray:
    """The detector with one Gaussian for speech, in float64, loop by loop; no padding, gaps left as they are."""
    width = round(100 * options.averaging)
    lowest = np.max([frames[at : at + 50].mean(axis=0) for at in range(0, len(frames), 50)], axis=0) - 6 * np.log(10)
    padded = np.pad(np.maximum(frames, lowest), ((width // 2, width - 1 - width // 2), (0, 0)), mode="edge")
    energies = np.array([padded[t : t + width].mean(axis=0, dtype=np.float64) for t in range(len(frames))])
    minima = np.array([energies[at : at + 50].min(axis=0) for at in range(0, len(frames), 50)])
    n, wide = len(minima), round(2 * options.floor_window)
    edge = lambda k: min(max(k, 0), n - 1)  # noqa: E731
    low = [
        np.sort([minima[edge(k)] for k in range(b - wide // 2, b - wide // 2 + wide)], axis=0)[int(0.15 * wide)]
        for b in range(n)
    ]
    half = wide // 2
    around = [range(b - half // 2, b - half // 2 + half) for b in range(n)]
    floors = np.array([np.mean([low[edge(k)] for k in near], axis=0) for near in around])
    now, times = np.arange(len(frames)) + 0.5, 50 * np.arange(n) + 25
    above = energies - np.column_stack([np.interp(now, times, band) for band in floors.T])
    above = np.maximum(above, -0.3 * np.log(10))
    level = 10 * np.log10(np.exp(above).mean(axis=1))
    steady = 10 * np.log10(np.exp(energies - np.median(floors, axis=0)).mean(axis=1))
    maxima, wide = [steady[at : at + 50].max() for at in range(0, len(frames), 50)], round(2 * options.level_window)
    around = [range(b - wide // 2, b - wide // 2 + wide) for b in range(n)]
    loud = [np.sort([maxima[edge(k)] for k in near])[int(0.95 * wide)] for near in around]
    high = (level > options.speech_seed) & (steady >= np.repeat(loud, 50)[: len(frames)] - options.speech_range)
    cepstra = dct(above, norm="ortho")[:, :10]
    cepstra = (cepstra - cepstra.mean(axis=0)) / cepstra.std(axis=0)
    labels = np.where(level < options.silence_seed, 0, np.where(level > options.speech_seed, 1, -1))
    for _ in range(options.max_passes):
        scores = []
        for k in (0, 1):
            mean, variance = cepstra[labels == k].mean(axis=0), np.maximum(cepstra[labels == k].var(axis=0), 0.01)
            scores.append(-0.5 * ((cepstra - mean) ** 2 / variance + np.log(2 * np.pi * variance)).sum(axis=1))
        path = hmm.viterbi(np.column_stack(scores).astype(np.float32), round(100 * options.min_duration))
        for first, last in runs(path):
            path[first:last] *= int(high[first:last].any())
        if np.array_equal(path, labels):
            break
        labels = path
    return labels > 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("speech_range", "speech_seed"), [(3, 6), (10, 12)])
def test_with_one_gaussian_a_state_it_is_plain_numpy(seed: int, speech_range: float, speech_seed: float) -> None:
    """Speech that is louder and softer, noise too, and a hum; of frames in no whole number of blocks."""
    signal = talk(40.29, seed=seed, noise=0.01)[0].astype(np.float64)
    time = np.arange(len(signal)) / RATE
    signal *= 10 ** (0.6 * np.sin(0.7 * time))
    signal += noise(40.29, 0.02) * 10 ** (0.5 * np.sin(time)) + 0.03 * np.sin(2000 * time)
    options = EnergyOptions(
        max_components=1, padding=0, min_silence=0, floor_window=3, level_window=4, max_passes=5,
        min_duration=(0.1, 0.3)[seed % 2], speech_range=speech_range, speech_seed=speech_seed,
    )  # fmt: skip
    frames = features([signal.astype(np.float32)], RATE, FEATURES)
    found, expected = energy_vad(frames, options) > 0, plain(frames, options)
    assert 0.1 < expected.mean() < 0.9
    assert np.count_nonzero(found != expected) <= 4  # float32


@pytest.mark.parametrize("gain", [0.01, 0.1, 10.0])
def test_the_gain_does_not_matter(gain: float) -> None:
    signal, _ = talk(40)
    np.testing.assert_array_equal(detect(np.float32(gain) * signal), detect(signal))


def test_an_offset_does_not_matter() -> None:
    signal, _ = talk(40)
    assert np.count_nonzero(detect(signal + np.float32(0.3)) != detect(signal)) <= 4


def test_the_same_twice() -> None:
    frames = features([talk(20)[0]], RATE, FEATURES)
    before = frames.copy()
    np.testing.assert_array_equal(energy_vad(frames, OPTIONS), energy_vad(frames, OPTIONS))
    np.testing.assert_array_equal(frames, before)


def test_no_chunk_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    signal, _ = talk(30)
    whole = detect(signal)
    monkeypatch.setattr("diar.energy_vad._CHUNK", 700)
    np.testing.assert_array_equal(detect(signal), whole)


@pytest.mark.parametrize("shortest", [0.1, 0.4])
def test_speech_and_gaps_last_their_minimum(shortest: float) -> None:
    signal, _ = talk(60, pause=0.2, noise=0.02, phrase=1.0)
    options = EnergyOptions(min_duration=shortest, padding=0, min_silence=0)
    lengths = [last - first for first, last in runs(detect(signal, options=options))]
    assert len(lengths) > 3 and 100 * shortest <= min(lengths) < 100 * shortest + 15


def test_short_gaps_are_filled_after_the_padding() -> None:
    signal, truth = talk(60, pause=0.6)
    for min_silence in (0.0, 0.6):
        found = runs(detect(signal, options=EnergyOptions(min_silence=min_silence)))
        gaps = [last - first for first, last in found[2:-1:2]]
        assert min(gaps) >= 100 * min_silence
    assert len(gaps) >= 5


def test_padding_is_added_at_both_ends() -> None:
    """The first phrase has begun already; where it is cut off there is nothing to add."""
    signal = talk(30)[0][round(1.6 * RATE) :]
    bare, padded = (detect(signal, options=EnergyOptions(padding=p, min_silence=0)) for p in (0.0, 0.2))
    expected = np.convolve(bare, np.ones(41), mode="same") > 0.5
    assert padded[:50].all()
    np.testing.assert_array_equal(padded, expected)


def test_almost_no_silence() -> None:
    """Phrases without a pause, half a second of noise at the end."""
    signal, truth = talk(200)
    dense = np.concatenate([signal[np.repeat(truth, RATE // 100)], noise(1, 0.002)])
    found = detect(dense)
    assert found[:-100].mean() > 0.97 and not found[-50:].any()


@pytest.mark.parametrize("background", [0.0, 0.003])
def test_almost_no_speech(background: float) -> None:
    """Two seconds in five minutes."""
    signal, truth = talk(5, noise=0, pause=1.2, phrase=2.5)
    quiet = noise(300, background)
    quiet[100 * RATE : 105 * RATE] += signal
    everywhere = np.zeros(30000, dtype=bool)
    everywhere[10000:10500] = truth
    assert 150 < truth.sum() < 260
    assert max(errors(detect(quiet), everywhere)) < 1.0


def test_no_speech_no_speech() -> None:
    time = np.arange(30 * RATE) / RATE
    hum = 0.1 * np.sin(2 * np.pi * 50 * time)
    for quiet in (0 * time, 0 * time + 0.3, noise(30, 0.1), np.rint(noise(30, 1.0)) / 32768, hum + noise(30)):
        assert not detect(quiet).any()


def test_a_hum_and_tones_beside_speech() -> None:
    signal, truth = talk(60)
    time = np.arange(len(signal)) / RATE
    tones = 0.1 * np.sin(2 * np.pi * 100 * time) + 0.03 * np.sin(2 * np.pi * 1000 * time)
    assert max(errors(detect(signal + tones), truth)) < 1.0


@pytest.mark.parametrize("dither", [0, 1])
def test_digital_silence_between_speech(dither: int) -> None:
    signal, truth = talk(90, noise=0.005)
    gate = np.repeat(~truth, RATE // 100)
    signal[gate] = np.random.default_rng(0).integers(-dither, dither + 1, gate.sum()) / 32768
    assert max(errors(detect(signal), truth)) < 1.0


def test_zeros_before_the_recording_and_after() -> None:
    signal, truth = talk(60, noise=0.01)
    nothing = np.zeros(10 * RATE)
    found = detect(np.concatenate([nothing, signal, nothing]))
    assert max(errors(found, np.pad(truth, 1000))) < 1.0


def test_lost_samples_in_noise_and_in_speech() -> None:
    """A fifth of a second of zeros every seven."""
    signal, truth = talk(90)
    lost = np.arange(len(signal)) % (7 * RATE) < RATE // 5
    assert max(errors(detect(np.where(lost, 0, signal)), truth)) < 1.0


def test_clipped_speech() -> None:
    signal, truth = talk(60)
    assert max(errors(detect(np.clip(20 * signal, -1, 1)), truth)) < 1.0


@pytest.mark.parametrize("gain", [0.1, 10.0])
def test_the_level_changes_in_the_middle(gain: float) -> None:
    """By 20 dB, up or down; near the change the floor and the loud level are those of both sides, at some cost."""
    signal, truth = talk(120)
    signal[60 * RATE :] *= np.float32(gain)
    found = detect(signal)
    away = np.abs(np.arange(12000) - 6000) > 2500
    missed, false = errors(found[away], truth[away])
    assert missed < 1.0 and false < 1.0
    assert sum(errors(found, truth)) < 6.0


def test_rustling_far_below_the_speech_is_none() -> None:
    signal, truth = talk(120, pause=3.0)
    rng = np.random.default_rng(3)
    rustle = np.repeat(10 ** rng.uniform(-0.5, 1.0, 1200), RATE // 10) * noise(120, 0.002)
    rustled = signal + np.where(np.repeat(truth, RATE // 100), 0, rustle).astype(np.float32)
    assert max(errors(detect(rustled), truth)) < 2.0
    assert errors(detect(rustled, options=EnergyOptions(speech_range=60)), truth)[1] > 10.0


def test_clicks_in_digital_silence_are_no_speech() -> None:
    """No frame's average is free of digital silence."""
    clicks = np.zeros(10 * RATE)
    clicks[:: RATE // 25] = 0.5
    assert detect(clicks).tolist() == [0.0] * 1000


def test_music_that_goes_on_is_no_speech_and_music_that_stops_is() -> None:
    """It is the steady sound itself, or stands out of it."""
    time = np.arange(RATE // 2) / RATE
    tones = [440 * 2 ** (step / 12) for step in (0, 4, 7, 12, 7, 4) * 10]
    played = [np.exp(-3 * time) * sum(np.sin(2 * np.pi * f * k * time) / k for k in range(1, 6)) for f in tones]
    music = 0.1 * np.concatenate(played)
    assert not detect(music + noise(30, 0.001)).any()
    stopped = detect(np.concatenate([music, np.zeros(30 * RATE)]) + noise(60, 0.001))
    assert stopped[:3000].all() and not stopped[3020:].any()


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.31, 0.5, 1.0, 2.0, 5.0])
def test_very_short_recordings(seconds: float) -> None:
    """Speech that fills up to a second gives the models nothing to begin with; longer, it is found."""
    n = int(seconds * RATE)
    assert not detect(noise(seconds)).any()
    assert not detect(np.zeros(n)).any()
    found = detect(talk(20)[0][2 * RATE :][:n])
    assert len(found) == round(100 * seconds) and found.any() == (seconds >= 2)
    if seconds >= 5:
        signal, truth = talk(seconds, pause=1.0, phrase=2.0)
        assert max(errors(detect(signal), truth)) < 1.0


def test_an_empty_recording_has_no_frames() -> None:
    assert energy_vad(np.zeros((0, 20), dtype=np.float32), OPTIONS).shape == (0,)


def test_windows_longer_than_the_recording_are_as_long_as_it() -> None:
    signal, _ = talk(12.0, pause=1.0, phrase=2.0)
    found, longest = (
        detect(signal, options=EnergyOptions(floor_window=seconds, level_window=seconds)) for seconds in (100.0, 1e9)
    )
    np.testing.assert_array_equal(found, longest)


@pytest.mark.parametrize(
    "values",
    [{"averaging": 0.0}, {"max_components": 0}, {"min_duration": 0.0}, {"padding": -0.1}, {"speech_range": -1.0},
     {"silence_seed": 7.0}, {"speech_seed": 2.0}],
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        EnergyOptions(**values)
