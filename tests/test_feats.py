"""Cepstra against kaldi-native-fbank, Kaldi's own computation as a library."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import kaldi_native_fbank as knf
import numpy as np
import pytest
import soundfile

from diar.errors import DataError
from diar.feats import FeatsOptions, features, filters
from diar.frames import num_frames

RATES = (8000, 16000, 44100)


def noise(n_samples: int, seed: int = 0) -> np.ndarray:
    """A signal with some level, a tone and a constant offset, as 16-bit samples between -1 and 1."""
    rng = np.random.default_rng([n_samples, seed])
    signal = 0.1 * rng.standard_normal(n_samples) + 0.2 * np.sin(0.05 * np.arange(n_samples)) + 0.01
    return (np.rint(signal.clip(-1, 1) * 32767) / 32768).astype(np.float32)


def mfcc(signal: np.ndarray, sample_rate: int, options: FeatsOptions, **values: object) -> np.ndarray:
    return features([signal], sample_rate, options, **values)


def kaldi_mfcc(signal: np.ndarray, sample_rate: int, options: FeatsOptions) -> np.ndarray:
    """All ``num_ceps`` coefficients by Kaldi."""
    theirs = knf.MfccOptions()
    theirs.num_ceps = options.num_ceps
    theirs.cepstral_lifter = options.cepstral_lifter
    return computed(signal, sample_rate, options, theirs, knf.OnlineMfcc).reshape(-1, options.num_ceps)


def kaldi_fbank(signal: np.ndarray, sample_rate: int, options: FeatsOptions) -> np.ndarray:
    """Log-mel energies by Kaldi; with ``use_energy`` the energy comes first."""
    return computed(signal, sample_rate, options, knf.FbankOptions(), knf.OnlineFbank)


def computed(signal: np.ndarray, sample_rate: int, options: FeatsOptions, theirs: Any, computer: Any) -> np.ndarray:
    """What Kaldi's ``computer`` makes of the signal with its options ``theirs``, the common ones taken from ours."""
    theirs.frame_opts.samp_freq = sample_rate
    theirs.frame_opts.dither = 0.0
    theirs.frame_opts.frame_length_ms = options.frame_length
    theirs.frame_opts.window_type = options.window_type
    theirs.frame_opts.snip_edges = options.snip_edges
    theirs.frame_opts.preemph_coeff = options.preemphasis_coefficient
    theirs.frame_opts.remove_dc_offset = options.remove_dc_offset
    theirs.mel_opts.num_bins = options.num_mel_bins
    theirs.mel_opts.low_freq = options.low_freq
    theirs.mel_opts.high_freq = options.high_freq
    theirs.use_energy = options.use_energy
    theirs.raw_energy = options.raw_energy
    theirs.energy_floor = options.energy_floor
    running = computer(theirs)
    running.accept_waveform(sample_rate, (signal * 32768).tolist())
    running.input_finished()
    return np.array([running.get_frame(t) for t in range(running.num_frames_ready)], dtype=np.float32)


def linear_cepstra(signal: np.ndarray, n_bins: int, n_ceps: int, low: float, high: float) -> np.ndarray:
    """LFCC of whole windows at 16 kHz without lifter, value by value from the formula."""
    centre = [low + (high - low) * b / (n_bins + 1) for b in range(n_bins + 2)]
    window = [(0.5 - 0.5 * np.cos(2 * np.pi * n / 399)) ** 0.85 for n in range(400)]
    frames = []
    for start in range(0, len(signal) - 399, 160):
        x = 32768 * signal[start : start + 400].astype(np.float64)
        x = x - x.mean()
        x = np.concatenate([[x[0] - 0.97 * x[0]], x[1:] - 0.97 * x[:-1]]) * window
        power = np.abs(np.fft.fft(x, 512)) ** 2
        bands = []
        for b in range(n_bins):
            left, middle, right = centre[b : b + 3]
            weights = [
                max(0.0, min((f - left) / (middle - left), (right - f) / (right - middle)))
                for f in (k * 16000 / 512 for k in range(256))
            ]
            bands.append(np.log(np.dot(weights, power[:256])))
        frames.append(
            [
                np.sqrt((2 if k else 1) / n_bins)
                * sum(band * np.cos(np.pi * k * (b + 0.5) / n_bins) for b, band in enumerate(bands))
                for k in range(n_ceps)
            ]
        )
    return np.array(frames)


def assert_equals_kaldi(signal: np.ndarray, sample_rate: int, options: FeatsOptions) -> None:
    ours, theirs = mfcc(signal, sample_rate, options), kaldi_mfcc(signal, sample_rate, options)
    assert ours.dtype == np.float32 and ours.flags.c_contiguous
    np.testing.assert_allclose(ours, theirs[:, int(options.drop_c0) :], rtol=0, atol=1e-3)


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("snip_edges", [False, True])
@pytest.mark.parametrize("use_energy", [False, True])
@pytest.mark.parametrize("window_type", ["povey", "hamming", "hanning", "rectangular"])
def test_equal_to_kaldi(sample_rate: int, snip_edges: bool, use_energy: bool, window_type: str) -> None:
    options = FeatsOptions(
        snip_edges=snip_edges, use_energy=use_energy, window_type=window_type, drop_c0=False, num_ceps=20
    )
    assert_equals_kaldi(noise(int(0.5 * sample_rate) + 37), sample_rate, options)


@pytest.mark.parametrize(
    "values",
    [
        {"drop_c0": True},
        {"num_ceps": 13, "num_mel_bins": 23},
        {"num_ceps": 30, "num_mel_bins": 40},
        {"low_freq": 100.0, "high_freq": 3700.0},
        {"high_freq": -500.0},
        {"frame_length": 30.0},
        {"frame_length": 32.0},  # a whole power of two of samples
        {"preemphasis_coefficient": 0.0},
        {"remove_dc_offset": False},
        {"cepstral_lifter": 0.0},
        {"cepstral_lifter": 30.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("snip_edges", [False, True])
def test_equal_to_kaldi_for_every_option(values: dict[str, object], snip_edges: bool) -> None:
    options = FeatsOptions(**({"drop_c0": False, "snip_edges": snip_edges} | values))
    assert_equals_kaldi(noise(5000), 16000, options)


@pytest.mark.parametrize("raw_energy", [False, True])
@pytest.mark.parametrize("energy_floor", [0.0, 1.0, 2e10])
def test_the_energy_is_kaldis(raw_energy: bool, energy_floor: float) -> None:
    options = FeatsOptions(use_energy=True, drop_c0=False, raw_energy=raw_energy, energy_floor=energy_floor)
    assert_equals_kaldi(noise(5000), 16000, options)
    energies = mfcc(noise(5000), 16000, options)[:, 0]
    assert (energies == np.float32(np.log(2e10))).any() == (energy_floor == 2e10)


@pytest.mark.parametrize("snip_edges", [False, True])
@pytest.mark.parametrize(
    "values",
    [{}, {"num_mel_bins": 40}, {"use_energy": True}, {"use_energy": True, "raw_energy": False},
     {"use_energy": True, "energy_floor": 1e9}, {"low_freq": 100.0, "high_freq": -400.0}],
    ids=str,
)  # fmt: skip
def test_log_mel_energies_are_kaldis(values: dict[str, object], snip_edges: bool) -> None:
    options = FeatsOptions(**({"feature_type": "fbank", "snip_edges": snip_edges} | values))
    ours, theirs = mfcc(noise(5000), 16000, options), kaldi_fbank(noise(5000), 16000, options)
    assert ours.dtype == np.float32 and ours.shape[1] == options.dim
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)


def test_linear_cepstra_are_those_of_the_formula() -> None:
    options = FeatsOptions(
        feature_type="lfcc", snip_edges=True, drop_c0=False, cepstral_lifter=0.0, num_mel_bins=24, num_ceps=13,
        low_freq=50.0, high_freq=7000.0,
    )  # fmt: skip
    expected = linear_cepstra(noise(4000), 24, 13, 50.0, 7000.0)
    np.testing.assert_allclose(mfcc(noise(4000), 16000, options), expected, rtol=0, atol=2e-3)
    dropped = FeatsOptions(**{**options.__dict__, "drop_c0": True})
    np.testing.assert_allclose(mfcc(noise(4000), 16000, dropped), expected[:, 1:], rtol=0, atol=2e-3)


@pytest.mark.parametrize("snip_edges", [False, True])
@pytest.mark.parametrize("sample_rate", RATES)
def test_equal_to_kaldi_around_the_borders_of_frames(sample_rate: int, snip_edges: bool) -> None:
    shift, length = sample_rate // 100, int(0.025 * sample_rate)
    tenth = sample_rate // 10
    lengths = {
        tenth,
        tenth + 1,
        *(tenth + shift // 2 + d for d in (-1, 0, 1)),
        *(3 * shift + length + d for d in (-1, 0, 1)),
    }
    for n_samples in sorted(lengths):
        options = FeatsOptions(snip_edges=snip_edges, drop_c0=False)
        assert_equals_kaldi(noise(n_samples), sample_rate, options)


def test_digital_silence_gives_kaldis_floor() -> None:
    assert_equals_kaldi(np.zeros(4000, dtype=np.float32), 16000, FeatsOptions(drop_c0=False, use_energy=True))


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("extra", [0, 1, 39, 40, 41, 79, 80, 81, 219, 220, 221, 222])
def test_there_are_a_hundred_frames_a_second_rounded(sample_rate: int, extra: int) -> None:
    n_samples = sample_rate // 5 + extra
    frames = mfcc(noise(n_samples), sample_rate, FeatsOptions(snip_edges=False))
    assert len(frames) == int(100 * n_samples / sample_rate + 0.5) == num_frames(n_samples, sample_rate)


def test_edges_are_mirrored() -> None:
    """A signal that is its own mirror image continued has the same first frames as one that goes on so."""
    options = FeatsOptions(snip_edges=False, drop_c0=False)
    signal = noise(4000)
    longer = np.concatenate([signal[:1600][::-1], signal, signal[-1600:][::-1]])
    inner = mfcc(longer, 16000, options)[10:-10]
    np.testing.assert_allclose(mfcc(signal, 16000, options), inner, rtol=0, atol=1e-3)


@pytest.mark.parametrize("snip_edges", [False, True])
@pytest.mark.parametrize("n_samples", [0, 79, 80, 399, 401, 2500, 16000 * 21, 160 * 2048, 160 * 2048 + 240])
@pytest.mark.parametrize("frame_length", [5.0, 25.0, 100.0])
def test_blocks_of_any_size_give_the_same_bytes(snip_edges: bool, n_samples: int, frame_length: float) -> None:
    options = FeatsOptions(snip_edges=snip_edges, drop_c0=False, frame_length=frame_length)
    signal = noise(n_samples)
    whole = mfcc(signal, 16000, options)
    for seed in range(3):
        bounds = np.sort(np.random.default_rng(seed).integers(0, n_samples + 1, 9))
        np.testing.assert_array_equal(features(np.split(signal, bounds), 16000, options), whole)


@pytest.mark.parametrize("size", [37, 2048 * 160, 1 << 18])
def test_windows_shorter_than_their_shift_leave_nothing_behind(size: int) -> None:
    options, signal = FeatsOptions(frame_length=5.0), noise(16000 * 90)
    blocks = [signal[start : start + size] for start in range(0, len(signal), size)]
    np.testing.assert_array_equal(features(blocks, 16000, options), mfcc(signal, 16000, options))


@pytest.mark.parametrize("snip_edges", [False, True])
@pytest.mark.parametrize("block", [1, 7, 100])
def test_frames_at_once_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch, snip_edges: bool, block: int) -> None:
    options = FeatsOptions(snip_edges=snip_edges, drop_c0=False)
    signal = noise(20000)
    whole = mfcc(signal, 16000, options)
    monkeypatch.setattr("diar.feats._BLOCK_FRAMES", block)
    np.testing.assert_allclose(mfcc(signal, 16000, options), whole, rtol=0, atol=1e-4)


def test_a_signal_longer_than_a_block_equals_kaldi() -> None:
    assert_equals_kaldi(noise(8000 * 21), 8000, FeatsOptions(drop_c0=False, snip_edges=False))


def test_louder_moves_only_c0() -> None:
    signal = 0.5 * noise(8000)
    quiet, loud = (mfcc(scale * signal, 16000, FeatsOptions(drop_c0=False)) for scale in (1.0, 1.5))
    np.testing.assert_allclose(quiet[:, 1:], loud[:, 1:], rtol=0, atol=1e-3)
    np.testing.assert_allclose(loud[:, 0] - quiet[:, 0], np.sqrt(26) * 2 * np.log(1.5), rtol=1e-3)


def test_a_whole_number_of_shifts_later_gives_the_same_frames_later() -> None:
    signal, options = noise(16000), FeatsOptions(snip_edges=False)
    later = mfcc(np.concatenate([np.zeros(3200, dtype=np.float32), signal]), 16000, options)
    np.testing.assert_allclose(later[22:], mfcc(signal, 16000, options)[2:], rtol=0, atol=1e-3)


def test_too_short_a_signal_has_no_frames() -> None:
    assert mfcc(noise(399), 16000, FeatsOptions(snip_edges=True)).shape == (0, 19)
    assert mfcc(noise(79), 16000, FeatsOptions(snip_edges=False)).shape == (0, 19)
    assert mfcc(noise(0), 16000, FeatsOptions(snip_edges=False)).shape == (0, 19)


# ---- mel bins ------------------------------------------------------------------------------------------------------


def test_max_freq_bounds_the_mel_bins() -> None:
    """What lies above ``max_freq`` does not matter, and the bins are those of an upper end there."""
    options = FeatsOptions()
    bounded = filters(options, 16000, 512, max_freq=4000.0)
    assert not bounded[128:].any() and bounded[:128].any(axis=0).all()
    np.testing.assert_array_equal(bounded, filters(FeatsOptions(high_freq=4000.0), 16000, 512))
    signal = noise(8000)
    with_bound = mfcc(signal, 16000, options, max_freq=4000.0)
    np.testing.assert_array_equal(with_bound, mfcc(signal, 16000, FeatsOptions(high_freq=4000.0)))
    assert np.abs(with_bound - mfcc(signal, 16000, options)).max() > 0.1


def test_a_max_freq_above_the_upper_end_changes_nothing() -> None:
    options = FeatsOptions(high_freq=3000.0)
    np.testing.assert_array_equal(filters(options, 16000, 512, max_freq=4000.0), filters(options, 16000, 512))


@pytest.mark.parametrize(
    ("values", "sample_rate", "flag"),
    [
        ({"high_freq": 9000.0}, 16000, "--high-freq"),
        ({"low_freq": 4000.0, "high_freq": 4000.0}, 16000, "--high-freq"),
        ({"high_freq": -8000.0}, 16000, "--high-freq"),
        ({"low_freq": 5000.0}, 8000, "--high-freq"),
        ({}, 22050, "--sample-rate"),
        ({}, 11025, "--sample-rate"),
    ],
    ids=str,
)
def test_mel_bins_and_rates_that_do_not_fit_are_refused(values: dict[str, float], sample_rate: int, flag: str) -> None:
    with pytest.raises(DataError, match=flag):
        mfcc(noise(4000), sample_rate, FeatsOptions(**values))


def test_a_max_freq_below_the_lower_end_is_refused() -> None:
    with pytest.raises(DataError, match="--(low|high)-freq"):
        mfcc(noise(4000), 16000, FeatsOptions(low_freq=3000.0), max_freq=2000.0)


@pytest.mark.parametrize(
    "values",
    [
        {"num_ceps": 27, "num_mel_bins": 26},
        {"num_ceps": 1, "drop_c0": True},
        {"num_ceps": 0},
        {"num_mel_bins": 2, "num_ceps": 2},
        {"feature_type": "plp"},
        {"use_energy": True},
        {"energy_floor": -1.0},
        {"window_type": "kaiser"},
        {"frame_length": 0.0},
        {"dither": -1.0},
        {"preemphasis_coefficient": 1.1},
    ],
    ids=str,
)
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        FeatsOptions(**values)


@pytest.mark.parametrize(("drop_c0", "dim"), [(True, 19), (False, 20)])
def test_dim_is_the_number_of_columns(drop_c0: bool, dim: int) -> None:
    options = FeatsOptions(num_ceps=20, drop_c0=drop_c0)
    assert options.dim == mfcc(noise(4000), 16000, options).shape[1] == dim


# ---- dither --------------------------------------------------------------------------------------------------------


def test_dither_is_that_of_its_generator() -> None:
    signal, options = noise(8000), FeatsOptions(dither=20.0)
    first, again, other = (mfcc(signal, 16000, options, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    assert np.abs(first - mfcc(signal, 16000, FeatsOptions(dither=0.0))).max() > 1e-3


def test_dither_on_silence_has_its_amplitude() -> None:
    """The energy of a window of 400 samples of white noise of amplitude 3 is 400 x 9."""
    options = FeatsOptions(dither=3.0, use_energy=True, drop_c0=False, remove_dc_offset=False)
    frames = mfcc(np.zeros(160000, dtype=np.float32), 16000, options, rng=np.random.default_rng(0))
    assert np.exp(frames[:, 0]).mean() == pytest.approx(400 * 9, rel=0.02)


# ---- other programs' features --------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.environ.get("DIAR_DATA"), reason="needs $DIAR_DATA/reference_outputs and speech; not set")
def test_features_that_another_program_was_given_are_met() -> None:
    """The recipe of $DIAR_DATA/reference_outputs/README.md; HTK's file: 12 bytes of header, big-endian floats."""
    folder = Path(os.environ["DIAR_DATA"])
    with gzip.open(folder / "reference_outputs" / "diartk" / "SIMD01.fea.gz") as stream:
        content = stream.read()
    expected = np.frombuffer(content[12:], dtype=">f4").reshape(-1, 19)
    (audio,) = (folder / "speech" / "meetings_sim" / "flac").rglob("SIMD01.flac")
    signal, sample_rate = soundfile.read(audio, dtype="float32")
    options = FeatsOptions(
        num_ceps=20, num_mel_bins=26, drop_c0=True, use_energy=False, snip_edges=True, window_type="povey"
    )
    frames = mfcc(signal, sample_rate, options)
    assert (sample_rate, frames.shape) == (16000, (59998, 19))
    np.testing.assert_allclose(frames, expected, rtol=0, atol=1e-3)
