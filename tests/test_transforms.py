"""Normalisation, deltas and splicing against loops over frames that follow Kaldi's formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diar.transforms
from diar.errors import DataError
from diar.transforms import (
    TransformOptions,
    add_deltas,
    normalise,
    normalise_sliding,
    splice,
    transform,
    window_statistics,
)


def noise(n_frames: int, dim: int = 3, seed: int = 0) -> np.ndarray:
    """Features with different means and scales."""
    rng = np.random.default_rng([n_frames, dim, seed])
    frames = rng.standard_normal((n_frames, dim)) * (1 + 5 * np.arange(dim)) + 30 * np.arange(dim)
    return frames.astype(np.float32)


# ---- oracles -------------------------------------------------------------------------------------------------------


def kaldi_sliding(frames, window, min_window, center, variances):
    """SlidingWindowCmn, a frame at a time, each window summed anew."""
    n_frames = len(frames)
    normal = np.zeros(frames.shape)
    for t in range(n_frames):
        if center:
            start = t - window // 2
            end = start + window
        else:
            start = t - window
            end = t + 1
        if start < 0:
            end -= start
            start = 0
        if not center:
            end = max(t + 1, min_window) if end > t else end
        if end > n_frames:
            start -= end - n_frames
            end = n_frames
            start = max(start, 0)
        inside = frames[start:end].astype(np.float64)
        normal[t] = frames[t] - inside.mean(axis=0)
        if variances:
            normal[t] *= np.maximum(inside.var(axis=0), 1e-10) ** -0.5 if end - start > 1 else 0
    return normal


def slopes(values, window):
    """The regression formula on what a function gives for any integer time."""

    def derivative(t):
        weighted = sum(j * values(t + j) for j in range(-window, window + 1))
        return weighted / sum(j * j for j in range(-window, window + 1))

    return derivative


def kaldi_deltas(frames, order, window):
    """Slopes of slopes, the edge frames repeated for ever."""
    functions = [lambda t: frames[min(max(t, 0), len(frames) - 1)].astype(np.float64)]
    for _ in range(order):
        functions.append(slopes(functions[-1], window))
    return np.array([np.concatenate([function(t) for function in functions]) for t in range(len(frames))])


def kaldi_splice(frames, left, right):
    last = len(frames) - 1
    return np.array(
        [np.concatenate([frames[min(max(t + j, 0), last)] for j in range(-left, right + 1)]) for t in range(last + 1)]
    )


def statistics_by_hand(frames, window):
    """Mean and deviation of the frames that there are of t - window // 2 to that + window."""
    rows = []
    for t in range(len(frames)):
        first = t - window // 2
        inside = [frames[u].astype(np.float64) for u in range(first, first + window) if 0 <= u < len(frames)]
        rows.append(np.concatenate([np.mean(inside, axis=0), np.std(inside, axis=0)]))
    return np.array(rows)


# ---- normalisation -------------------------------------------------------------------------------------------------


def test_global_normalisation_is_the_formula() -> None:
    frames = noise(200)
    mean, deviation = frames.astype(np.float64).mean(axis=0), frames.astype(np.float64).std(axis=0)
    np.testing.assert_allclose(normalise(frames), frames - mean, atol=1e-5)
    np.testing.assert_allclose(normalise(frames, variances=True), (frames - mean) / deviation, atol=1e-5)
    assert normalise(frames).dtype == np.float32
    assert normalise(frames, means=False) is frames


@pytest.mark.parametrize("value", [0.1, -7.3, 1e6])
def test_what_is_constant_becomes_zero(value: float) -> None:
    frames = np.full((1001, 2), value, dtype=np.float32)
    frames[:, 1] = noise(1001, 1)[:, 0]
    for normal in (
        normalise(frames),
        normalise(frames, variances=True),
        normalise_sliding(frames, 50, 10),
        normalise_sliding(frames, 50, 10, variances=True),
    ):
        assert np.all(normal[:, 0] == 0) and np.any(normal[:, 1] != 0)


@given(
    n_frames=st.integers(1, 40),
    window=st.integers(1, 30),
    min_window=st.integers(1, 50),
    center=st.booleans(),
    variances=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_sliding_normalisation_is_kaldis(n_frames, window, min_window, center, variances) -> None:
    frames = noise(n_frames)
    expected = kaldi_sliding(frames, window, min_window, center, variances)
    ours = normalise_sliding(frames, window, min_window, center, variances=variances)
    assert ours.dtype == np.float32
    # with two frames, say, a window's variance may be next to nothing
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("center", [False, True])
def test_sliding_normalisation_with_kaldis_defaults(center: bool) -> None:
    frames = noise(1500)
    options = TransformOptions(cmvn="sliding", center=center, norm_vars=True)
    np.testing.assert_allclose(transform(frames, options), kaldi_sliding(frames, 600, 100, center, True), atol=1e-4)


def test_a_window_of_one_frame_gives_zero() -> None:
    assert np.all(normalise_sliding(noise(1), variances=True) == 0)
    frames = noise(50) * np.float32(10.0) ** np.arange(-25, 25, dtype=np.float32)[:, np.newaxis]  # sums are rounded
    assert np.all(normalise_sliding(frames, 1, 1, center=True, variances=True) == 0)


def test_a_large_offset_costs_no_digits_of_the_variance() -> None:
    frames = noise(3000, 1) + np.float32(2**20)
    expected = kaldi_sliding(frames, 600, 100, False, True)
    np.testing.assert_allclose(normalise_sliding(frames, variances=True), expected, atol=1e-6)


def test_a_window_of_all_frames_is_the_global_one() -> None:
    frames = noise(300)
    sliding = normalise_sliding(frames, 300, center=True, variances=True)
    np.testing.assert_allclose(sliding, normalise(frames, variances=True), atol=1e-5)


@pytest.mark.parametrize("variances", [False, True])
def test_an_offset_and_with_variances_a_scale_change_nothing(variances: bool) -> None:
    frames = noise(400)
    moved = (3.0 if variances else 1.0) * frames + np.float32(64)
    for function in (normalise, lambda x, variances: normalise_sliding(x, 60, 20, variances=variances)):
        expected = function(frames, variances=variances)
        np.testing.assert_allclose(function(moved, variances=variances), expected, atol=2e-4)


# ---- context -------------------------------------------------------------------------------------------------------


@given(n_frames=st.integers(1, 12), order=st.integers(1, 3), window=st.integers(1, 4))
@settings(deadline=None)
def test_deltas_are_slopes_of_slopes(n_frames: int, order: int, window: int) -> None:
    frames = noise(n_frames)
    ours = add_deltas(frames, order, window)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, kaldi_deltas(frames, order, window), rtol=1e-5, atol=1e-4)


def test_a_straight_line_has_its_slope_and_no_acceleration() -> None:
    line = (2.5 * np.arange(30, dtype=np.float32) - 7)[:, np.newaxis]
    inner = add_deltas(line)[4:-4]  # Kaldi's defaults: order 2, window 2
    np.testing.assert_allclose(inner[:, 1:], np.tile([2.5, 0.0], (22, 1)), atol=1e-5)


@given(n_frames=st.integers(1, 12), left=st.integers(0, 14), right=st.integers(0, 14))
def test_splicing_is_the_loop(n_frames: int, left: int, right: int) -> None:
    frames = noise(n_frames)
    ours = splice(frames, left, right)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, kaldi_splice(frames, left, right))


def test_backwards_in_time_deltas_change_their_sign_and_neighbours_their_side() -> None:
    frames = noise(50)
    backward = add_deltas(frames[::-1], 2, 3)[::-1]
    np.testing.assert_allclose(backward * np.repeat([1, -1, 1], 3), add_deltas(frames, 2, 3), atol=1e-5)
    blocks = splice(frames[::-1], 1, 3)[::-1].reshape(50, 5, 3)[:, ::-1]
    np.testing.assert_array_equal(blocks.reshape(50, -1), splice(frames, 3, 1))


# ---- statistics of windows -----------------------------------------------------------------------------------------


@given(n_frames=st.integers(1, 30), window=st.integers(1, 40))
@settings(deadline=None)
def test_statistics_of_windows_are_the_loop(n_frames: int, window: int) -> None:
    frames = noise(n_frames)
    ours = window_statistics(frames, window)
    assert ours.dtype == np.float32 and ours.shape == (n_frames, 6)
    np.testing.assert_allclose(ours, statistics_by_hand(frames, window), rtol=1e-5, atol=1e-4)


def test_statistics_of_one_frame_are_itself_and_nothing() -> None:
    frames = noise(500) * np.float32(1e3)
    statistics = window_statistics(frames, 1)
    np.testing.assert_allclose(statistics[:, :3], frames, rtol=1e-6)
    assert not statistics[:, 3:].any()
    assert not window_statistics(frames[:1], 9)[:, 3:].any()


def test_a_large_offset_costs_no_digits_of_the_statistics() -> None:
    frames = noise(2000, 1) + np.float32(2**20)
    np.testing.assert_allclose(window_statistics(frames, 50)[:, 1], statistics_by_hand(frames, 50)[:, 1], rtol=1e-4)


@pytest.mark.parametrize("window", [1, 6, 7, 150])
def test_blocks_do_not_show_in_statistics(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = noise(400)
    whole = window_statistics(frames, window)
    monkeypatch.setattr(diar.transforms, "_BLOCK_FRAMES", 7)
    np.testing.assert_allclose(window_statistics(frames, window), whole, rtol=1e-5, atol=1e-4)


def test_statistics_of_no_frames_are_none() -> None:
    assert window_statistics(np.zeros((0, 3), dtype=np.float32), 5).shape == (0, 6)


# ---- all together --------------------------------------------------------------------------------------------------


def test_by_default_nothing_is_done() -> None:
    frames = noise(10)
    before = frames.tobytes()
    assert transform(frames, TransformOptions()) is frames and frames.tobytes() == before
    assert transform(frames, TransformOptions(cmvn="global", norm_means=False)) is frames


@pytest.mark.parametrize("cmvn", ["none", "global", "sliding"])
def test_frames_are_normalised_then_get_deltas_then_are_spliced(cmvn: str) -> None:
    frames = noise(60)
    options = TransformOptions(
        cmvn=cmvn, norm_vars=True, cmn_window=30, min_cmn_window=10, delta_order=2, left_context=2, right_context=1
    )
    normal = {
        "none": frames,
        "global": (frames - frames.mean(axis=0)) / frames.std(axis=0),
        "sliding": kaldi_sliding(frames, 30, 10, False, True),
    }[cmvn]
    expected = kaldi_splice(kaldi_deltas(normal, 2, 2), 2, 1)
    ours = transform(frames, options)
    assert ours.shape == (60, 36) and ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


ALL = [
    TransformOptions(cmvn="global", norm_vars=True, delta_order=1),
    TransformOptions(cmvn="sliding", norm_vars=True, cmn_window=40, left_context=3),
    TransformOptions(cmvn="sliding", center=True, cmn_window=40, delta_order=2, right_context=2),
]


@pytest.mark.parametrize("options", ALL)
def test_blocks_do_not_show(options: TransformOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = noise(1000)
    whole = transform(frames, options)
    monkeypatch.setattr(diar.transforms, "_BLOCK_FRAMES", 7)
    np.testing.assert_allclose(transform(frames, options), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("options", ALL)
def test_the_input_is_left_as_it_was_and_may_have_no_frames(options: TransformOptions) -> None:
    frames = noise(80)
    before = frames.tobytes()
    dim = transform(frames, options).shape[1]
    assert frames.tobytes() == before
    assert transform(np.zeros((0, frames.shape[1]), dtype=np.float32), options).shape == (0, dim)


@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ({"cmvn": "utterance"}, "--cmvn"),
        ({"norm_means": False, "norm_vars": True}, "--norm-vars"),
        ({"norm_means": False, "cmvn": "sliding"}, "--norm-means"),
        ({"cmn_window": 0}, "--cmn-window"),
        ({"min_cmn_window": 0}, "--min-cmn-window"),
        ({"delta_order": -1}, "--delta-order"),
        ({"delta_window": 0}, "--delta-window"),
        ({"left_context": -1}, "--left-context"),
        ({"right_context": -1}, "--right-context"),
    ],
)
def test_bad_options_are_refused(values: dict[str, object], flag: str) -> None:
    with pytest.raises(DataError, match=f"^{flag}: found"):
        TransformOptions(**values)
