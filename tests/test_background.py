"""The background model: means and shared variances, p(y|x_t) of its Gaussians, streams, and files."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from noise_streams import LENGTHS, SPEECH, TWO_STREAMS, groups, noise
from oracles import gaussian_posteriors

from diar.background import (
    Background,
    Stream,
    StreamModel,
    background_from_arrays,
    background_to_arrays,
    check_streams,
    train_background,
)
from diar.cluster.aib import AibOptions
from diar.errors import DataError
from diar.posteriors import RelevanceOptions, cut_segments, relevance

OPTIONS = RelevanceOptions(max_segment=0.5, max_relevance=300, variance_scale=25.0, posteriors="soft")


def changed(**values: object) -> RelevanceOptions:
    return dataclasses.replace(OPTIONS, **values)


# ---- the background model ------------------------------------------------------------------------------------------


def test_a_gaussian_a_segment_has_its_mean_and_all_share_a_fraction_of_the_variance() -> None:
    background = train_background(TWO_STREAMS, SPEECH, LENGTHS, OPTIONS)
    np.testing.assert_allclose(background.weights, LENGTHS / LENGTHS.sum())
    assert [(model.name, model.weight) for model in background.streams] == [("mfcc", 0.7), ("tdoa:1", 0.3)]
    for stream, model in zip(TWO_STREAMS, background.streams, strict=True):
        frames = stream.frames[SPEECH].astype(np.float64)
        assert model.means.dtype == model.variances.dtype == np.float64
        np.testing.assert_allclose(model.means, [frames[mine].mean(axis=0) for mine in groups(LENGTHS)])
        np.testing.assert_allclose(model.variances, frames.var(axis=0) / 25)


def test_a_stream_may_have_a_variance_scale_of_its_own() -> None:
    streams = (TWO_STREAMS[0], dataclasses.replace(TWO_STREAMS[1], variance_scale=0.5))
    models = train_background(streams, SPEECH, LENGTHS, OPTIONS).streams
    for stream, model, scale in zip(streams, models, (25.0, 0.5), strict=True):
        np.testing.assert_allclose(model.variances, stream.frames[SPEECH].astype(np.float64).var(axis=0) / scale)


def test_what_does_not_vary_has_the_smallest_variance() -> None:
    frames = noise(200)
    frames[:, 1] = 4.0
    frames[:, 0] *= 1e-6
    (model,) = train_background([Stream("feats", frames)], np.ones(200, bool), np.array([120, 80]), OPTIONS).streams
    assert model.variances[:2].tolist() == [1e-5, 1e-5] and model.variances[2] > 1


@pytest.mark.parametrize("most", [1, 2, 5, len(LENGTHS) - 1])
def test_more_segments_than_relevance_variables_share_them(most: int) -> None:
    background = train_background(TWO_STREAMS, SPEECH, LENGTHS, changed(max_relevance=most))
    n_relevance = len(background.weights)
    assert 1 <= n_relevance <= most
    assert background.weights.min() > 0 and background.weights.sum() == pytest.approx(1.0)
    for stream, model in zip(TWO_STREAMS, background.streams, strict=True):
        frames = stream.frames[SPEECH].astype(np.float64)
        assert len(model.means) == n_relevance
        np.testing.assert_allclose(background.weights @ model.means, frames.mean(axis=0))
        np.testing.assert_allclose(model.variances, frames.var(axis=0) / 25)


def test_as_many_relevance_variables_as_segments_are_the_segments() -> None:
    shared = train_background(TWO_STREAMS, SPEECH, LENGTHS, changed(max_relevance=len(LENGTHS)))
    np.testing.assert_array_equal(shared.weights, train_background(TWO_STREAMS, SPEECH, LENGTHS, OPTIONS).weights)
    alike = [Stream("feats", np.tile(noise(20), (5, 1)))]
    for most, n_relevance in ((5, 5), (4, 1)):
        options = changed(max_relevance=most)
        background = train_background(alike, np.ones(100, bool), np.full(5, 20), options)
        assert background.weights == pytest.approx(np.full(n_relevance, 1 / n_relevance))


def alternating(distance: float, seed: int) -> np.ndarray:
    """(600, 1) frames: thirty segments of 20 frames that change between two places."""
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(30) % 2, 20)[:, np.newaxis]
    return (distance * place + 0.1 * rng.standard_normal((600, 1))).astype(np.float32)


def drawn(scale: float, seed: int) -> np.ndarray:
    """(600, 1) frames: thirty segments, each around a place of its own."""
    places = np.random.default_rng(seed).standard_normal((30, 1))
    return (scale * np.repeat(places, 20, axis=0)).astype(np.float32)


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_segments_share_by_distances_in_standard_deviations(scale: float) -> None:
    """Two clear places in a narrow dimension outweigh scatter in a wide one; frames of one place share a Gaussian."""
    frames = np.hstack([alternating(1.0, seed=0), drawn(0.3 * scale, seed=1) + 0.6 * scale * noise(600, 1, seed=5)])
    speech, lengths = np.ones(600, bool), np.full(30, 20)
    (model,) = train_background([Stream("a", frames)], speech, lengths, changed(max_relevance=2)).streams
    np.testing.assert_allclose(sorted(model.means[:, 0]), [0, 1], atol=0.05)


def test_a_stream_counts_by_its_weight_when_segments_share() -> None:
    speech, lengths = np.ones(600, bool), np.full(30, 20)
    for weight, far in ((0.95, True), (0.05, False)):
        streams = (Stream("a", alternating(1.0, 0), weight), Stream("b", drawn(1.0, 1), 1 - weight))
        background = train_background(streams, speech, lengths, changed(max_relevance=2))
        means = background.streams[0].means[:, 0]
        assert (means.max() - means.min() > 0.95) == far


def test_the_same_recording_gives_the_same_background() -> None:
    first, second = (train_background(TWO_STREAMS, SPEECH, LENGTHS, changed(max_relevance=4)) for _ in range(2))
    for name, array in background_to_arrays(first).items():
        np.testing.assert_array_equal(array, background_to_arrays(second)[name])


def test_diartk_reads_the_frame_before_and_keeps_all_segments() -> None:
    options = AibOptions(max_segment=0.5, max_relevance=2, compat="diartk")
    background = train_background(TWO_STREAMS, SPEECH, LENGTHS, options)
    where = np.flatnonzero(SPEECH) - 1
    for stream, model in zip(TWO_STREAMS, background.streams, strict=True):
        frames = stream.frames[where].astype(np.float64)
        np.testing.assert_allclose(model.means, [frames[mine].mean(axis=0) for mine in groups(LENGTHS)])
        np.testing.assert_allclose(model.variances, frames.var(axis=0) / 25)
    from_the_start = train_background(TWO_STREAMS, np.arange(700) < 2, np.array([2]), options)
    np.testing.assert_allclose(from_the_start.streams[0].means[0], TWO_STREAMS[0].frames[0])


# ---- posteriors ----------------------------------------------------------------------------------------------------


def by_definition(background: Background, streams: tuple[Stream, ...], speech: np.ndarray) -> np.ndarray:
    return sum(
        stream.weight * gaussian_posteriors(stream.frames[speech], background.weights, model.means, model.variances)
        for stream, model in zip(streams, background.streams, strict=True)
    )


@pytest.mark.parametrize("streams", [(Stream("feats", noise(700, seed=4)),), TWO_STREAMS], ids=["one", "two"])
@pytest.mark.parametrize("most", [4, 300])
def test_posteriors_are_those_of_the_gaussians(streams: tuple[Stream, ...], most: int) -> None:
    background = train_background(streams, SPEECH, LENGTHS, changed(max_relevance=most))
    posteriors = background.posteriors(streams, SPEECH)
    assert posteriors.dtype == np.float32 and posteriors.shape == (len(background.weights), SPEECH.sum())
    np.testing.assert_allclose(posteriors, by_definition(background, streams, SPEECH), atol=2e-4)
    np.testing.assert_allclose(posteriors.sum(axis=0), 1.0, atol=1e-5)
    assert posteriors.min() >= 0


def test_posteriors_far_from_zero_keep_their_digits() -> None:
    streams = (Stream("feats", noise(700, dim=1, level=4096.0)),)
    background = train_background(streams, SPEECH, LENGTHS, OPTIONS)
    wanted = by_definition(background, streams, SPEECH)
    np.testing.assert_allclose(background.posteriors(streams, SPEECH), wanted, atol=2e-4)


def test_long_recordings_are_as_short_ones() -> None:
    """Frames are taken in blocks of some thousands: the same stretch has the same posteriors wherever it lies."""
    streams = (Stream("feats", np.tile(TWO_STREAMS[0].frames, (14, 1))),)
    speech = np.tile(SPEECH, 14)
    background = train_background(streams, speech, cut_segments(speech, 50), changed(max_relevance=30))
    posteriors = background.posteriors(streams, speech)
    once = background.posteriors([Stream("feats", TWO_STREAMS[0].frames)], SPEECH)
    assert posteriors.shape[1] > 2 * 4096
    np.testing.assert_allclose(posteriors, np.tile(once, 14), atol=1e-5)


def test_order_of_the_segments_is_the_order_of_the_posteriors() -> None:
    """Far apart, every frame belongs to its own segment."""
    frames = np.repeat(np.arange(4.0), 30)[:, np.newaxis].astype(np.float32)
    seen = relevance([Stream("feats", frames)], np.ones(120, bool), changed(max_segment=0.3))
    np.testing.assert_allclose(seen.segments, np.eye(4), atol=1e-4)
    np.testing.assert_allclose(seen.posteriors, np.repeat(np.eye(4), 30, axis=1), atol=1e-4)


@pytest.mark.parametrize(
    "streams",
    [
        TWO_STREAMS[:1],
        TWO_STREAMS[::-1],
        (TWO_STREAMS[0], Stream("other", TWO_STREAMS[1].frames, 0.3)),
        (TWO_STREAMS[0], Stream("tdoa:1", TWO_STREAMS[0].frames, 0.3)),
        (Stream("mfcc", TWO_STREAMS[0].frames, 0.3), Stream("tdoa:1", TWO_STREAMS[1].frames, 0.7)),
    ],
    ids=["fewer", "reversed", "another name", "another dimension", "other weights"],
)
def test_streams_that_the_background_was_not_made_of_are_refused(streams: tuple[Stream, ...]) -> None:
    background = train_background(TWO_STREAMS, SPEECH, LENGTHS, OPTIONS)
    with pytest.raises(DataError, match="^streams: found .* wanted those of the background"):
        background.posteriors(streams, SPEECH)


@pytest.mark.parametrize(
    ("streams", "message"),
    [
        ((), "^rec: no streams"),
        ((Stream("a", noise(9)),), r"^rec: stream 'a' has shape \(9, 3\); wanted 10 frames"),
        ((Stream("a", noise(10)[:, 0]),), r"^rec: stream 'a' has shape \(10,\)"),
        ((Stream("a", noise(10), 0.5), Stream("b", noise(11), 0.5)), "^rec: stream 'b'"),
        ((Stream("a", noise(10), 0.5), Stream("b", noise(10), 0.4)), "^--streams: found weights that sum to 0.9"),
        ((Stream("a", noise(10), 1.5), Stream("b", noise(10), -0.5)), "^--streams: .* wanted positive weights"),
        ((Stream("a", noise(10), 1.0), Stream("b", noise(10), 0.0)), "^--streams: .* wanted positive weights"),
        ((Stream("a", noise(10), float("nan")),), "^--streams: .* wanted positive weights"),
    ],
)
def test_streams_that_cannot_be_combined_are_refused(streams: tuple[Stream, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_streams(streams, 10, "rec")


def test_weights_may_sum_to_one_up_to_rounding() -> None:
    check_streams([Stream(name, noise(10), weight) for name, weight in (("a", 0.1), ("b", 0.2), ("c", 0.7))], 10)


# ---- in files ------------------------------------------------------------------------------------------------------


def test_a_background_comes_back_from_arrays() -> None:
    background = train_background(TWO_STREAMS, SPEECH, LENGTHS, OPTIONS)
    back = background_from_arrays(background_to_arrays(background), "file")
    np.testing.assert_array_equal(back.weights, background.weights)
    for mine, theirs in zip(back.streams, background.streams, strict=True):
        assert (mine.name, mine.weight) == (theirs.name, theirs.weight)
        np.testing.assert_array_equal(mine.means, theirs.means)
        np.testing.assert_array_equal(mine.variances, theirs.variances)


def test_weights_come_back_to_the_last_digit() -> None:
    one = np.ones((1, 1))
    background = Background(np.ones(1), tuple(StreamModel(n, w, one, one[0]) for n, w in (("a", 1 / 3), ("b", 2 / 3))))
    back = background_from_arrays(background_to_arrays(background), "file")
    assert [stream.weight for stream in back.streams] == [1 / 3, 2 / 3]


@pytest.mark.parametrize("lost", ["weights", "variances:mfcc"])
def test_arrays_of_something_else_are_no_background(lost: str) -> None:
    arrays = background_to_arrays(train_background(TWO_STREAMS, SPEECH, LENGTHS, OPTIONS))
    del arrays[lost]
    with pytest.raises(DataError, match="^rec.ark: not a background model; run stage 6 again$"):
        background_from_arrays(arrays, "rec.ark")


def test_a_weight_that_is_no_number_is_no_background() -> None:
    arrays = {"weights": np.ones(1), "means:heavy:a": np.ones((1, 1)), "variances:a": np.ones(1)}
    with pytest.raises(DataError, match="not a background model"):
        background_from_arrays(arrays, "rec.ark")


@pytest.mark.parametrize("broken", ["variances:mfcc", "means:1.0:mfcc", "weights"])
@pytest.mark.parametrize("how", ["cut", "zeros"])
def test_a_damaged_background_is_refused(broken: str, how: str) -> None:
    arrays = {"weights": np.full(3, 1 / 3), "means:1.0:mfcc": np.ones((3, 2)), "variances:mfcc": np.ones(2)}
    assert len(background_from_arrays(arrays, "a.ark").streams) == 1
    arrays[broken] = arrays[broken][:-1] if how == "cut" else -arrays[broken]
    if how == "zeros" and broken.startswith("means"):
        return
    with pytest.raises(DataError, match="^a.ark: not a background model; run stage 6 again$"):
        background_from_arrays(arrays, "a.ark")


def test_a_weight_from_numpy_comes_back() -> None:
    model = StreamModel("mfcc", np.float64(1.0), np.ones((2, 3)), np.ones(3))
    arrays = background_to_arrays(Background(np.full(2, 0.5), (model,)))
    assert background_from_arrays(arrays, "a.ark").streams[0].weight == 1.0
