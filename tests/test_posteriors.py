"""Relevance variables: segments, the background model and posteriors, against definitions in float64."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noise_streams import LENGTHS, SPEECH, TWO_STREAMS, groups, noise

from diar.cluster.aib import AibOptions
from diar.errors import DataError
from diar.posteriors import (
    RelevanceOptions,
    Stream,
    cut_segments,
    diartk_segments,
    label_counts,
    relevance,
    renormalised,
    segment_posteriors,
    train_background,
)

OPTIONS = RelevanceOptions(max_segment=0.5, max_relevance=300, variance_scale=25.0, posteriors="soft")


def changed(**values: object) -> RelevanceOptions:
    return dataclasses.replace(OPTIONS, **values)


# ---- segments ------------------------------------------------------------------------------------------------------


@given(speech=st.lists(st.booleans(), max_size=60), max_frames=st.integers(1, 9))
def test_segments_are_stretches_of_speech_cut_in_pieces(speech: list[bool], max_frames: int) -> None:
    wanted: list[int] = []
    for t, here in enumerate(speech):
        if here and t > 0 and speech[t - 1] and wanted[-1] < max_frames:
            wanted[-1] += 1
        elif here:
            wanted.append(1)
    found = cut_segments(np.array(speech, dtype=bool), max_frames)
    assert found.dtype == np.int64 and found.tolist() == wanted


# ---- segments and labels -------------------------------------------------------------------------------------------


def random_posteriors(n_relevance: int, n_frames: int) -> np.ndarray:
    drawn = np.random.default_rng(n_frames).dirichlet(np.full(n_relevance, 0.5), n_frames)
    return np.ascontiguousarray(drawn.T, dtype=np.float32)


@pytest.mark.parametrize("lengths", [[1], [3, 1, 2], [1, 1, 1], [40, 1, 90]])
def test_a_segment_has_the_mean_of_its_frames(lengths: list[int]) -> None:
    posteriors = random_posteriors(5, sum(lengths))
    soft = segment_posteriors(posteriors, np.array(lengths), "soft")
    hard = segment_posteriors(posteriors, np.array(lengths), "hard")
    assert soft.dtype == hard.dtype == np.float64
    for n, mine in enumerate(groups(np.array(lengths))):
        np.testing.assert_allclose(soft[n], posteriors[:, mine].mean(axis=1, dtype=np.float64), rtol=1e-5)
        winners = posteriors[:, mine].argmax(axis=0).tolist()
        np.testing.assert_allclose(hard[n], [winners.count(y) / lengths[n] for y in range(5)])
    np.testing.assert_allclose(soft.sum(axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("n_frames", [1, 17, 4096, 9000])
def test_counts_of_a_label_are_sums_over_its_frames(n_frames: int) -> None:
    posteriors = random_posteriors(4, n_frames)
    labels = np.random.default_rng(0).choice([0, 1, 3], n_frames).astype(np.int32)
    counts = label_counts(posteriors, labels, 5)
    wanted = [posteriors[:, labels == k].sum(axis=1, dtype=np.float64) for k in range(5)]
    assert counts.dtype == np.float64
    np.testing.assert_allclose(counts, wanted, rtol=1e-5)


def test_columns_are_renormalised_and_columns_of_nothing_become_uniform() -> None:
    out = renormalised(np.array([[0.1, 0.0], [0.3, 0.0]], dtype=np.float32))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, [[0.25, 0.5], [0.75, 0.5]])


# ---- all of it -----------------------------------------------------------------------------------------------------


def test_relevance_is_made_of_its_parts() -> None:
    seen = relevance(TWO_STREAMS, SPEECH, OPTIONS)
    background = train_background(TWO_STREAMS, SPEECH, LENGTHS, OPTIONS)
    posteriors = background.posteriors(TWO_STREAMS, SPEECH)
    assert seen.lengths.tolist() == LENGTHS.tolist()
    np.testing.assert_array_equal(seen.posteriors, posteriors)
    np.testing.assert_array_equal(seen.segments, segment_posteriors(posteriors, LENGTHS, "soft"))
    np.testing.assert_array_equal(seen.background.weights, background.weights)


@pytest.mark.parametrize("options", [changed(posteriors="hard"), AibOptions(max_segment=0.5, compat="diartk")], ids=str)
def test_relevance_variables_that_no_segment_has_are_left_out(options: RelevanceOptions) -> None:
    """Pairs of segments alike, the longer of which wins all frames of both."""
    place = np.repeat(np.arange(5.0), 60)[:, np.newaxis] * [1.0, -3.0]
    speech, lengths = np.ones(300, bool), [50, 10] * 5
    pauses = np.cumsum([0, *lengths])[1:-1]
    frames = np.insert(place, pauses, place[pauses - 1], axis=0).astype(np.float32)
    speech = np.insert(speech, pauses, False)
    streams = (Stream("feats", frames),)
    all_of_them = train_background(streams, speech, np.array(lengths), options)
    seen = relevance(streams, speech, options)
    assert seen.lengths.tolist() == lengths
    np.testing.assert_array_equal(seen.background.weights, all_of_them.weights[::2])
    np.testing.assert_array_equal(seen.background.streams[0].means, all_of_them.streams[0].means[::2])
    np.testing.assert_array_equal(seen.background.streams[0].variances, all_of_them.streams[0].variances)
    np.testing.assert_allclose(seen.segments, np.repeat(np.eye(5), 2, axis=0))
    assert seen.posteriors.dtype == np.float32
    np.testing.assert_allclose(seen.posteriors.sum(axis=0), 1.0, atol=1e-6)
    np.testing.assert_allclose(seen.posteriors, np.repeat(np.eye(5), 60, axis=1), atol=1e-4)
    # the shorter of each pair has a sixth of the frames of both
    np.testing.assert_allclose(all_of_them.posteriors(streams, speech).max(axis=0), 5 / 6, atol=1e-3)


@pytest.mark.parametrize("kind", ["soft", "hard"])
@pytest.mark.parametrize(
    ("frames", "max_segment"),
    [
        (noise(60), 0.01),
        (noise(60), 0.02),
        (noise(61), 0.03),
        (noise(60), 2.5),
        (noise(1), 2.5),
        (np.tile(noise(20), (5, 1)), 0.2),
        (np.full((100, 3), 1234.5, np.float32), 0.2),
        (np.zeros((100, 1), np.float32), 0.2),
    ],
    ids=["1 frame", "2 frames", "3 frames", "one segment", "one frame", "identical segments", "constant", "zeros"],
)
def test_odd_recordings_have_posteriors_like_any_other(frames: np.ndarray, max_segment: float, kind: str) -> None:
    for most in (300, 3):
        options = changed(max_segment=max_segment, posteriors=kind, max_relevance=most)
        seen = relevance([Stream("feats", frames)], np.ones(len(frames), bool), options)
        assert seen.segments.shape == (len(seen.lengths), len(seen.posteriors)) and len(seen.posteriors) <= most
        np.testing.assert_allclose(seen.segments.sum(axis=1), 1.0)
        np.testing.assert_allclose(seen.posteriors.sum(axis=0), 1.0, atol=1e-5)
        assert len(seen.background.weights) == len(seen.posteriors)


def test_identical_segments_are_seen_alike() -> None:
    frames = np.tile(noise(20), (5, 1))
    seen = relevance([Stream("feats", frames)], np.ones(100, bool), changed(max_segment=0.2))
    np.testing.assert_allclose(seen.segments, 0.2, atol=1e-4)


def test_frames_of_silence_do_not_matter() -> None:
    louder = np.where(SPEECH[:, np.newaxis], TWO_STREAMS[0].frames, np.float32(1e6))
    for options in (OPTIONS, changed(posteriors="hard", max_relevance=4)):
        seen, wanted = (relevance([Stream("a", f)], SPEECH, options) for f in (louder, TWO_STREAMS[0].frames))
        np.testing.assert_array_equal(seen.posteriors, wanted.posteriors)


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_level_and_scale_of_a_stream_do_not_matter(kind: str) -> None:
    moved = (Stream("mfcc", TWO_STREAMS[0].frames * np.float32(4) + np.float32(8), 0.7), TWO_STREAMS[1])
    seen, wanted = (relevance(streams, SPEECH, changed(posteriors=kind)) for streams in (moved, TWO_STREAMS))
    np.testing.assert_allclose(seen.segments, wanted.segments, atol=1e-4)


@pytest.mark.parametrize(
    "values", [{"max_segment": 0.0}, {"max_relevance": 0}, {"variance_scale": 0.0}, {"posteriors": "firm"}], ids=str
)
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        changed(**values)


# ---- DiarTK --------------------------------------------------------------------------------------------------------


def test_diartk_takes_the_last_frame_of_a_region_and_neither_the_first_nor_the_last_of_a_file() -> None:
    speech = np.zeros(40, dtype=bool)
    for first, last in ((0, 5), (7, 8), (9, 21), (30, 40)):
        speech[first:last] = True
    longer, lengths = diartk_segments(speech, 6)
    # 1-5 and one more, 7 and one more, which touches 9-20 and one more, 30-38: pieces of six frames each
    assert np.flatnonzero(longer).tolist() == [*range(1, 6), *range(7, 9), *range(9, 22), *range(30, 39)]
    assert lengths.tolist() == [5, 2, 6, 6, 1, 6, 3]


def test_diartk_finds_no_speech_where_it_has_none() -> None:
    longer, lengths = diartk_segments(np.arange(9) == 8, 6)
    assert not longer.any() and len(lengths) == 0


def test_hard_posteriors_have_a_vote_a_stream() -> None:
    """Two streams of two segments: the light stream's frames choose otherwise, and are not outvoted."""
    rng = np.random.default_rng(0)
    ab = np.repeat([0.0, 10.0], 20)[:, np.newaxis] + 0.1 * rng.standard_normal((40, 1))
    mixed = np.tile([0.0, 10.0], 20)[:, np.newaxis] + np.repeat([0.1, 0.0], 20)[:, np.newaxis]
    speech = np.ones(40, dtype=bool)
    streams = (Stream("a", ab.astype(np.float32), 0.8), Stream("b", mixed.astype(np.float32), 0.2))
    seen = relevance(streams, speech, RelevanceOptions(max_segment=0.2, posteriors="hard"))
    alone = [
        relevance((Stream(s.name, s.frames),), speech, RelevanceOptions(max_segment=0.2, posteriors="hard")).segments
        for s in streams
    ]
    np.testing.assert_allclose(seen.segments, 0.8 * alone[0] + 0.2 * alone[1], atol=1e-9)
