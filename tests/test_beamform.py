"""Delay-and-sum: delays known by construction, a brute-force correlation, and a sum worked out sample by sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.fft import next_fast_len
from scipy.signal import butter, lfilter

from diar import beamform
from diar.beamform import BeamformOptions, Delays, delay_and_sum, delay_frames, find_delays
from diar.blocks import Float32, Reader
from diar.errors import DataError

RATE = 8000
BRIEF = BeamformOptions(max_delay=5.0)


def white(n: int, seed: int, level: float = 0.1) -> Float32:
    return (level * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def speech_like(seconds: float, seed: int) -> Float32:
    """A buzz with a wandering pitch through resonances, loud in syllables and nearly silent between them."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    pitch = 120 * np.exp(0.2 * np.cumsum(rng.standard_normal(n)) / np.sqrt(RATE))
    pulses = np.diff(np.floor(np.cumsum(pitch / RATE)), prepend=0) + 0.02 * rng.standard_normal(n)
    for hertz in (500, 1500, 2500):
        pole = 0.97 * np.exp(2j * np.pi * hertz / RATE)
        pulses = lfilter([1], np.poly([pole, pole.conj()]).real, pulses)
    syllables = np.clip(np.sin(2 * np.pi * 3 * np.arange(n) / RATE), 0.001, 1)
    voiced = pulses * syllables
    return (0.2 * voiced / np.abs(voiced).max()).astype(np.float32)


def delayed(signal: Float32, delays: Sequence[int]) -> Float32:
    """(n, C): channel c lags ``delays[c]`` samples behind the signal; what there is before and after it is zero."""
    n, most = len(signal), max(map(abs, delays), default=0)
    around = np.pad(signal, most)
    return np.column_stack([around[most - tau : most - tau + n] for tau in delays])


def reader(samples: Float32, sizes: Sequence[int] = ()) -> Reader:
    """Blocks of ``sizes``, one size after the other, again and again; the whole at once without any."""
    ends, at = [], 0
    while sizes and at < len(samples):
        at += sizes[len(ends) % len(sizes)]
        ends.append(at)
    return lambda: iter(np.split(samples, [end for end in ends if end < len(samples)]))


def against(delays: Delays) -> list[list[int]]:
    """The delays of every block against the first channel, whatever the reference."""
    return (delays.samples - delays.samples[:, :1]).tolist()


def summed(samples: Float32, delays: Delays, sizes: Sequence[int] = ()) -> Float32:
    return np.concatenate(list(delay_and_sum(reader(samples, sizes), delays)))


def decibels(signal: Float32) -> float:
    return float(10 * np.log10(np.mean(np.square(signal, dtype=np.float64))))


# ---- delays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_delay", [5.0, 30.0])
@pytest.mark.parametrize("taus", [(0, 7, -12, 39), (3, 3), (-40, 0), (0, 0, 1), (38, -2, 17, 5, -1, 0, 20, 9)])
def test_known_delays_of_white_noise_are_found(taus: tuple[int, ...], max_delay: float) -> None:
    found = find_delays(reader(delayed(white(3 * RATE, 0), taus)), RATE, BeamformOptions(max_delay=max_delay))
    assert found.samples.shape == (12, len(taus)) and found.samples.dtype == np.int32
    assert against(found) == [[tau - taus[0] for tau in taus]] * 12
    assert not found.samples[:, found.reference].any()


@pytest.mark.parametrize("edge", [-40, 40])
def test_the_longest_delay_is_found_and_none_beyond(edge: int) -> None:
    signal = white(2 * RATE, 1)
    assert against(find_delays(reader(delayed(signal, (0, edge))), RATE, BRIEF)) == [[0, edge]] * 8
    beyond = find_delays(reader(delayed(signal, (0, edge + np.sign(edge)))), RATE, BRIEF)
    assert np.abs(beyond.samples).max() <= 40


def test_known_delays_of_speech_in_noise_are_found() -> None:
    taus = (0, 11, -23, 4)
    samples = delayed(speech_like(8.0, 0), taus)
    samples = samples + np.column_stack([white(len(samples), seed, 0.002) for seed in range(1, 5)])
    assert against(find_delays(reader(samples), RATE, BRIEF)) == [list(taus)] * 32


def test_another_speaker_has_other_delays_from_then_on() -> None:
    """A change at 4 s: blocks whose window lies on one side have that side's delays."""
    first, second = delayed(speech_like(4.0, 1), (0, 9, -5)), delayed(speech_like(4.0, 2), (0, -14, 21))
    samples = np.concatenate([first, second])
    samples += np.column_stack([white(len(samples), seed, 0.002) for seed in range(3)])
    found = against(find_delays(reader(samples), RATE, BRIEF))
    assert found[:15] == [[0, 9, -5]] * 15 and found[17:] == [[0, -14, 21]] * 15
    assert all(row in ([0, 9, -5], [0, -14, 21]) or row in ([0, 9, 21], [0, -14, -5]) for row in found[15:17])


def test_delays_do_not_wander_in_silence() -> None:
    """Noise of their own in the channels before, between and after two speakers; the threshold of 0 lets them go."""
    silence = np.zeros((4 * RATE, 2), dtype=np.float32)
    parts = [silence, delayed(speech_like(2.0, 1), (0, 9)), silence, delayed(speech_like(2.0, 2), (0, -14)), silence]
    samples = np.concatenate(parts)
    samples += np.column_stack([white(len(samples), seed, 0.002) for seed in range(2)])
    lag = np.array(against(find_delays(reader(samples), RATE, BRIEF)))[:, 1]
    assert lag[:39].tolist() == [9] * 39 and lag[41:].tolist() == [-14] * 23
    eager = find_delays(reader(samples), RATE, BeamformOptions(max_delay=5.0, noise_threshold=0.0))
    assert len(set(eager.samples[:, 1 - eager.reference])) > 2


def test_noise_alone_stands_out_in_no_more_than_a_block_in_fifty() -> None:
    samples = np.column_stack([white(500 * RATE // 2, seed) for seed in range(2)])
    found = find_delays(reader(samples), RATE, BeamformOptions())
    assert np.count_nonzero(np.diff(against(found), axis=0)[:, 1]) <= 20
    eager = find_delays(reader(samples), RATE, BeamformOptions(noise_threshold=3.0, jump_penalty=0.0))
    assert np.count_nonzero(np.diff(against(eager), axis=0)[:, 1]) > 200


def test_the_jump_penalty_keeps_a_delay_through_a_louder_echo() -> None:
    """For one block of eight an echo is the higher peak; the direct sound is among the candidates."""
    signal = white(4 * RATE, 0)
    direct, echo = delayed(signal, (0, 6)), delayed(signal, (0, 30))
    samples = direct.copy()
    samples[:, 1] += 0.5 * echo[:, 1]
    samples[14000:16000, 1] = (0.7 * direct + echo)[14000:16000, 1]
    steady = find_delays(reader(samples), RATE, BeamformOptions(max_delay=5.0, jump_penalty=0.5))
    assert set(np.array(against(steady))[:, 1]) == {6}
    jumping = find_delays(reader(samples), RATE, BeamformOptions(max_delay=5.0, jump_penalty=0.0))
    assert set(np.array(against(jumping))[:, 1]) == {6, 30}
    one = BeamformOptions(max_delay=5.0, jump_penalty=0.5, n_best=1)
    assert set(np.array(against(find_delays(reader(samples), RATE, one)))[:, 1]) == {6, 30}


def test_delays_are_those_of_a_brute_force_correlation() -> None:
    """Short windows, no path: each block's lag is the highest of the sums over frequency, one lag after the other."""
    options = BeamformOptions(window=0.04, block_shift=0.03, max_delay=2.0, noise_threshold=0.0, jump_penalty=0.0)
    samples = delayed(white(2000, 0), (0, 5)) + np.column_stack([white(2000, seed, 0.15) for seed in (1, 2)])
    found = find_delays(reader(samples), RATE, options)
    window, shift = 320, 240
    assert len(found.samples) == 9 and found.reference == 0
    around = np.pad(samples.astype(np.float64), ((40, 600), (0, 0)))
    frequencies = np.fft.rfftfreq(next_fast_len(window + 17, real=True))
    lags = []
    for b in range(9):
        part = around[b * shift : b * shift + window] * np.hanning(window + 2)[1:-1, np.newaxis]
        spectra = np.exp(-2j * np.pi * np.outer(frequencies, np.arange(window))) @ part
        cross = spectra[:, 1] * spectra[:, 0].conj()
        cross /= np.abs(cross)
        g = [np.sum((cross * np.exp(2j * np.pi * frequencies * tau)).real) for tau in range(-16, 17)]
        lags.append(int(np.argmax(g)) - 16)
    assert len(set(lags)) > 1
    assert found.samples[:, 1].tolist() == lags


def test_loudness_of_the_channels_changes_no_delay_and_no_reference() -> None:
    samples = delayed(speech_like(4.0, 3), (4, 0, -9)) + np.column_stack([white(4 * RATE, s, 0.002) for s in range(3)])
    plain = find_delays(reader(samples), RATE, BRIEF)
    scaled = find_delays(reader(samples * np.array([1, 0.125, 4], dtype=np.float32)), RATE, BRIEF)
    np.testing.assert_array_equal(plain.samples, scaled.samples)
    assert plain.reference == scaled.reference
    ratio = scaled.weights / plain.weights
    np.testing.assert_allclose(ratio / ratio[0], [1, 8, 0.25], rtol=1e-5)


def test_channels_in_another_order_have_their_delays_in_that_order() -> None:
    levels = (0.02, 0.002, 0.05, 0.01)  # so that there is one best channel
    samples = delayed(speech_like(5.0, 4), (0, 11, -23, 4))
    samples += np.column_stack([white(len(samples), seed, level) for seed, level in enumerate(levels)])
    plain = find_delays(reader(samples), RATE, BRIEF)
    assert plain.reference == 1
    for order in ([3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]):
        moved = find_delays(reader(np.ascontiguousarray(samples[:, order])), RATE, BRIEF)
        assert order[moved.reference] == 1
        np.testing.assert_array_equal(moved.samples, plain.samples[:, order])
        np.testing.assert_allclose(moved.weights, plain.weights[order], rtol=1e-4)


def test_the_reference_is_chosen_from_blocks_through_the_whole_recording() -> None:
    """A tenth of the time at the start channel 1 is best, at the end channel 0, channel 2 between."""
    n = 1200 * RATE // 10
    options = BeamformOptions(window=0.05, block_shift=0.025, max_delay=2.0)
    samples = delayed(white(n, 0), (0, 3, -2))
    noise = 0.7 * np.column_stack([white(n, seed) for seed in (1, 2, 3)])
    part = n // 10
    noise[:part, 1] *= 0.02
    noise[part:-part, 2] *= 0.08
    noise[-part:, 0] *= 0.02
    assert find_delays(reader(samples + noise), RATE, options).reference == 2
    assert find_delays(reader((samples + noise)[:part]), RATE, options).reference == 1
    assert find_delays(reader((samples + noise)[-part:]), RATE, options).reference == 0


def test_a_long_recording_takes_few_comparisons_of_all_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(beamform, "_likeness", lambda spectrum, lengths: compared.append(1) or np.zeros(2))
    options = BeamformOptions(window=0.02, block_shift=0.02, max_delay=1.0)
    find_delays(reader(np.zeros((6400 * 160, 2), dtype=np.float32)), RATE, options)
    assert len(compared) == 400 + 4 * 200, "400 of the first blocks, then 200 whenever the time has doubled"


def test_rumble_in_common_makes_no_reference() -> None:
    """Channels 0 and 2 share sound below 80 Hz, but hear the rest badly."""
    n = 4 * RATE
    noise = np.column_stack([white(n, seed, level) for seed, level in ((1, 0.2), (2, 0.02), (3, 0.2), (4, 0.1))])
    rumble = lfilter(*butter(4, 80, fs=RATE), white(n, 9, 10.0)).astype(np.float32)
    samples = delayed(white(n, 0), (0, 5, 2, -7)) + noise + rumble[:, np.newaxis] * np.float32([1, 0, 1, 0])
    assert find_delays(reader(samples), RATE, BRIEF).reference == 1


def test_candidates_are_peaks_and_not_the_slopes_of_one() -> None:
    """Of a sound below 800 Hz, whose peaks are broad, an echo is stronger for a while, the direct sound steadier."""
    low = lfilter(*butter(6, 800, fs=RATE), white(4 * RATE, 0, 1.0)).astype(np.float32)
    samples = delayed(low, (0, -20))
    echo = delayed(low, (0, 30))
    samples[:, 1] += 0.3 * echo[:, 1]
    samples[14000:16000, 1] = 0.7 * delayed(low, (0, -20))[14000:16000, 1] + echo[14000:16000, 1]
    samples += np.column_stack([white(len(low), seed, 0.01) for seed in (1, 2)])
    found = find_delays(reader(samples), RATE, BeamformOptions(max_delay=5.0, jump_penalty=0.5, n_best=3))
    lags = np.array(against(found))[:, 1]
    assert np.abs(lags + 20).max() <= 2
    jumping = find_delays(reader(samples), RATE, BeamformOptions(max_delay=5.0, jump_penalty=0.0))
    assert np.abs(np.array(against(jumping))[:, 1] - 30).min() <= 2


# ---- channels that are no good -------------------------------------------------------------------------------------


def in_noise(level: float, n_channels: int = 4) -> tuple[Float32, Float32]:
    """Speech, later in each channel, and independent noise of ``level`` dB below it: (n, C) each."""
    speech = delayed(speech_like(10.0, 5), range(0, 5 * n_channels, 5))
    noise = np.column_stack([white(len(speech), seed, 1.0) for seed in range(n_channels)])
    return speech, noise * np.float32(10 ** ((decibels(speech[:, 0]) - level) / 20))


def gain(speech: Float32, noise: Float32, delays: Delays) -> float:
    """How much more speech than noise there is in the sum than in the first channel, in dB: the sum is linear."""
    before = decibels(speech[:, 0]) - decibels(noise[:, 0])
    return decibels(summed(speech, delays)) - decibels(summed(noise, delays)) - before


@pytest.mark.parametrize(("n_channels", "least", "most"), [(2, 2.8, 3.2), (4, 5.8, 6.2), (8, 8.7, 9.3)])
def test_noise_of_their_own_falls_by_3_db_for_twice_the_microphones(n_channels: int, least: float, most: float) -> None:
    speech, noise = in_noise(10.0, n_channels)
    assert least <= gain(speech, noise, find_delays(reader(speech + noise), RATE, BRIEF)) <= most


@pytest.mark.parametrize("level", [0.0, 0.01, 1.0])
def test_a_channel_of_silence_or_noise_takes_no_part(level: float) -> None:
    speech, noise = in_noise(10.0)
    speech[:, 1], noise[:, 1] = 0, white(len(noise), 9, level)
    found = find_delays(reader(np.clip(speech + noise, -1, 1)), RATE, BRIEF)
    assert found.reference != 1
    assert found.weights[1] <= 0.02 and found.weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(np.delete(found.weights, 1), 1 / 3, atol=0.02)
    assert gain(speech, noise, found) >= 4.3  # of three: 4.8
    if level == 0:
        assert found.weights[1] == 0 and not (found.samples[:, 1]).any()
        without = [0, 2, 3]
        fewer = find_delays(reader(np.ascontiguousarray((speech + noise)[:, without])), RATE, BRIEF)
        np.testing.assert_allclose(
            summed(speech, found), summed(np.ascontiguousarray(speech[:, without]), fewer), atol=1e-6
        )


def test_a_noisier_channel_counts_less() -> None:
    speech, noise = in_noise(10.0)
    noise[:, 2] *= 5
    found = find_delays(reader(speech + noise), RATE, BRIEF)
    assert found.weights[2] < 0.1 * np.delete(found.weights, 2).min()
    assert gain(speech, noise, found) >= 4.3  # of three: 4.8


def test_loud_and_soft_microphones_count_alike() -> None:
    speech, noise = in_noise(10.0)
    scale = np.array([1.0, 0.1, 3.0, 0.3], dtype=np.float32)
    found = find_delays(reader((speech + noise) * scale), RATE, BRIEF)
    assert gain(speech * scale, noise * scale, found) >= 5.8


@pytest.mark.parametrize("n", [1, 3, 5000])
def test_silence_is_no_error(n: int) -> None:
    samples = np.zeros((n, 3), dtype=np.float32)
    found = find_delays(reader(samples), RATE, BRIEF)
    assert found.reference == 0 and not found.samples.any()
    np.testing.assert_allclose(found.weights, 1 / 3)
    assert summed(samples, found).tolist() == [0] * n


def test_of_two_channels_the_silent_one_is_left_out() -> None:
    for dead in (0, 1):
        samples = np.repeat(speech_like(2.0, 6)[:, np.newaxis], 2, axis=1)
        samples[:, dead] = 0
        found = find_delays(reader(samples), RATE, BRIEF)
        assert found.weights.tolist() == [1 - (dead == 0), 1 - (dead == 1)]
        np.testing.assert_array_equal(summed(samples, found), samples[:, 1 - dead])


# ---- the sum -------------------------------------------------------------------------------------------------------


def test_channels_that_differ_by_delays_alone_sum_to_the_reference() -> None:
    signal = white(3 * RATE + 123, 0)
    samples = delayed(signal, (0, 7, -12))
    found = find_delays(reader(samples), RATE, BRIEF)
    y = summed(samples, found)
    assert y.dtype == np.float32 and len(y) == len(signal)
    np.testing.assert_allclose(y[50:-50], samples[50:-50, found.reference], atol=1e-6)


def test_the_sum_is_that_of_the_equation_with_triangular_windows() -> None:
    rng = np.random.default_rng(0)
    n, shift = 95, 10
    samples = rng.uniform(-1, 1, (n, 3)).astype(np.float32)
    taus = rng.integers(-6, 7, (10, 3)).astype(np.int32)
    taus[4] = taus[3]
    weights = np.array([0.5, 0.2, 0.3], dtype=np.float32)
    y = summed(samples, Delays(0, taus, weights, shift, RATE))
    wanted = np.zeros(n)
    for t in range(n):
        place = (t + 0.5) / shift - 0.5  # 0 in the middle of the first block, 1 in that of the second
        for b in range(10):
            share = max(0.0, 1 - abs(place - b))
            if b == 0 and place < 0 or b == 9 and place > 9:
                share = 1.0
            for c in range(3):
                at = t + int(taus[b, c])
                wanted[t] += share * weights[c] * (samples[at, c] if 0 <= at < n else 0)
    np.testing.assert_allclose(y, wanted, atol=1e-6)


def test_the_sum_is_no_louder_than_the_loudest_sample() -> None:
    """A square wave at full scale; channels at one level each, so that weights differ by ten."""
    signal = np.sign(white(2 * RATE, 0)).astype(np.float32)
    samples = delayed(signal, (0, 4, -9)) * np.array([1, 0.1, 0.9], dtype=np.float32)
    y = summed(samples, find_delays(reader(samples), RATE, BRIEF))
    assert 0.1 < np.abs(y).max() <= 1 + 1e-6


@pytest.mark.parametrize("n", [2 * RATE, 2 * RATE + 1, 2 * RATE + 1999, 13001, 1000, 7])
@pytest.mark.parametrize("seed", range(3))
def test_block_sizes_change_no_bit(n: int, seed: int) -> None:
    samples = delayed(speech_like(3.0, 7), (0, 13, -20))[RATE // 2 :][:n]
    samples = samples + np.column_stack([white(n, s, 0.005) for s in range(3)])
    whole = find_delays(reader(samples), RATE, BRIEF)
    y = summed(samples, whole)
    assert len(y) == n and len(whole.samples) == -(-n // 2000)
    sizes = np.random.default_rng(seed).integers(1, (50, 2500, 9000)[seed], 20).tolist()
    found = find_delays(reader(samples, sizes), RATE, BRIEF)
    assert found.reference == whole.reference
    np.testing.assert_array_equal(found.samples, whole.samples)
    np.testing.assert_array_equal(found.weights, whole.weights)
    np.testing.assert_array_equal(summed(samples, found, sizes), y)


def test_what_is_held_does_not_grow_with_the_recording() -> None:
    """Over 5 minutes the most that lies between what was read and what came out is under 2 s."""
    read = 0

    def blocks():
        nonlocal read
        for number in range(300):
            read += RATE
            yield np.full((RATE, 2), 0.001 * (number % 7), dtype=np.float32)

    delays = find_delays(blocks, RATE, BRIEF)
    read = given = 0
    for y in delay_and_sum(blocks, delays):
        given += len(y)
        assert read - given < 2 * RATE
    assert read == given == 300 * RATE


# ---- frames, bad input ---------------------------------------------------------------------------------------------


def test_a_frame_has_the_delays_of_its_block_in_milliseconds() -> None:
    samples = np.array([[0, 8, -16], [0, 4, 0], [0, 80, 1]], dtype=np.int32)
    delays = Delays(0, samples, np.ones(3, dtype=np.float32) / 3, 2000, RATE)
    frames = delay_frames(delays, 80)
    assert frames.shape == (80, 2) and frames.dtype == np.float32
    np.testing.assert_array_equal(frames, np.repeat(samples[:, 1:] / 8, [25, 25, 30], axis=0).astype(np.float32))
    middle = Delays(1, samples[:, [1, 0, 2]], delays.weights, 2000, RATE)
    np.testing.assert_array_equal(delay_frames(middle, 80), frames)
    assert delay_frames(delays, 0).shape == (0, 2)
    odd = Delays(0, samples, delays.weights, 2025, RATE)  # frame 25 has its middle in block 1, as it ends there
    assert [row[0] for row in delay_frames(odd, 52)[[24, 25, 50, 51]]] == [1.0, 0.5, 0.5, 10.0]


def test_one_channel_is_refused() -> None:
    with pytest.raises(DataError, match="^r1: has 1 channel; wanted 2 or more to sum; leave out --beamform"):
        find_delays(reader(np.zeros((100, 1), dtype=np.float32)), RATE, BRIEF, "r1")


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"window": 0.2}, "--window: found 0.2 s; wanted --block-shift, 0.25 s, or more"),
        ({"max_delay": 0.0}, "--max-delay"),
        ({"n_best": 0}, "--n-best"),
        ({"jump_penalty": -1.0}, "--jump-penalty"),
        ({"noise_threshold": -1.0}, "--noise-threshold"),
    ],
)
def test_bad_options_are_refused(options: dict[str, float], flag: str) -> None:
    with pytest.raises(DataError, match=f"^{flag}"):
        BeamformOptions(**options)


def test_delays_longer_than_the_window_do_not_wrap_around() -> None:
    options = BeamformOptions(window=0.05, block_shift=0.05, max_delay=200.0)
    found = find_delays(reader(delayed(white(RATE, 0), (0, 100))), RATE, options)
    assert np.abs(found.samples).max() <= 1600
    assert np.mean(np.array(against(found))[:, 1] == 100) > 0.9
