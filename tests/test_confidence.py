"""Confidence of turns, and where overlap is likely: planted conversations, closed forms, calibration's formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from diar.confidence import (
    LEAST_MARGIN,
    OverlapOptions,
    SpeakerScores,
    overlap_regions,
    second_speakers,
    with_confidence,
    with_second_speakers,
)
from diar.segments import Segment, Turn, labels_to_turns


def planted(distance: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(2600, 4) frames of two speakers ``distance`` deviations apart: 10 s, 1 s pause, 10 s, 5 s of them by turns."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, -1, 1, 0], [1000, 100, 1000, 500]).astype(np.int32)
    frames = rng.standard_normal((len(labels), 4)) + distance * (labels == 1)[:, np.newaxis]
    return frames.astype(np.float32), labels


def by_hand(margin: float) -> float:
    odds = 1.21 * margin**1.82
    return odds / (1 + odds)


def scores(values: list[list[float]], labels: list[int], speech: list[int] | None = None) -> SpeakerScores:
    there = np.ones(len(labels), bool) if speech is None else np.array(speech, bool)
    return SpeakerScores(np.array(values, dtype=np.float32), np.array(labels, dtype=np.int32), there)


def test_a_margin_becomes_the_probability_of_the_formula() -> None:
    found = scores([[0.0, -1.0, -4.0]] * 2 + [[0.0, -3.0, -4.0]] * 2, [0] * 4, [1, 1, 0, 1, 1])
    assert found.confidence(Turn(0.0, 0.02, "a")) == pytest.approx(by_hand(1.0))
    assert found.confidence(Turn(0.03, 0.05, "a")) == pytest.approx(by_hand(3.0))
    assert found.confidence(Turn(0.0, 0.05, "a")) == pytest.approx(by_hand(2.0))  # the mean; the pause has no scores


def test_a_turn_that_another_explains_better_has_the_least_confidence() -> None:
    found = scores([[-2.0, 0.0]] * 3, [0] * 3)
    assert found.confidence(Turn(0.0, 0.03, "a")) == pytest.approx(by_hand(LEAST_MARGIN))
    assert by_hand(LEAST_MARGIN) < 0.001


def test_farther_voices_are_surer() -> None:
    means = []
    for distance in (0.3, 1.0, 3.0):
        frames, labels = planted(distance)
        turns = with_confidence(labels_to_turns(labels), SpeakerScores.of(frames, labels))
        assert [turn[:3] for turn in turns] == [turn[:3] for turn in labels_to_turns(labels)]
        assert all(0 <= turn.confidence <= 1 for turn in turns)
        means.append(np.mean([turn.confidence for turn in turns]))
    assert means[0] < means[1] < means[2] and means[2] > 0.9


def test_a_turn_of_the_wrong_voice_is_less_sure_than_the_others() -> None:
    frames, labels = planted(2.0)
    labels[2200:2400] = 1  # said by 0
    turns = with_confidence(labels_to_turns(labels), SpeakerScores.of(frames, labels))
    assert min(turns, key=lambda turn: turn.confidence).start == 22.0


def test_names_and_numbers_of_speakers_do_not_matter() -> None:
    frames, labels = planted(1.0)
    swapped = np.select([labels == 0, labels == 1], [7, 2], -1).astype(np.int32)
    one, other = (
        [turn.confidence for turn in with_confidence(labels_to_turns(some), SpeakerScores.of(frames, some))]
        for some in (labels, swapped)
    )
    np.testing.assert_allclose(one, other, rtol=1e-4)


@pytest.mark.parametrize("label", [0, -1])
def test_without_another_speaker_none_is_known(label: int) -> None:
    labels = np.full(50, label, dtype=np.int32)
    found = SpeakerScores.of(np.zeros((50, 2), dtype=np.float32), labels)
    assert math.isnan(found.confidence(Turn(0.1, 0.4, "spk1")))
    assert (second_speakers(found, OverlapOptions()) == -1).all()


def test_margins_are_means_around_each_frame() -> None:
    rng = np.random.default_rng(0)
    found = scores(rng.standard_normal((40, 3)).tolist(), rng.integers(0, 3, 40).tolist())
    margin, second = found.margins(5)
    for t in range(2, 38):
        mean = found.scores[t - 2 : t + 3].mean(axis=0)
        others = [k for k in range(3) if k != found.labels[t]]
        assert second[t] == max(others, key=lambda k: mean[k])
        assert margin[t] == pytest.approx(mean[found.labels[t]] - mean[second[t]], abs=1e-5)


def test_overlap_is_where_the_margin_is_small_and_only_in_speech() -> None:
    values = [[0.0, -5.0]] * 100 + [[0.0, 3.0]] * 100 + [[0.0, -5.0]] * 100
    speech = [1] * 150 + [0] * 30 + [1] * 150
    found = scores(values, [0] * 300, speech)
    second = second_speakers(found, OverlapOptions(overlap_window=0.01, overlap_margin=0.0))
    assert overlap_regions(second) == [Segment(1.0, 1.5), Segment(1.8, 2.3)]
    assert (second_speakers(found, OverlapOptions(overlap_window=0.01, overlap_margin=-4.0)) == -1).all()
    turns = with_second_speakers([Turn(0.0, 3.3, "ann")], second, ["ann", "bob"])
    assert turns == [Turn(0.0, 3.3, "ann"), Turn(1.0, 1.5, "bob"), Turn(1.8, 2.3, "bob")]


def test_a_turn_that_is_joined_has_the_confidence_of_its_longest_part() -> None:
    second = np.full(1000, -1, dtype=np.int32)
    second[202:500] = 1
    bob = [Turn(2.0, 2.02, "bob", 0.0), Turn(5.0, 9.0, "bob", 0.8)]
    turns = [Turn(0.0, 2.0, "ann", 0.9), Turn(2.02, 5.0, "ann", 0.9), *bob]
    assert Turn(2.0, 9.0, "bob", 0.8) in with_second_speakers(turns, second, ["ann", "bob"])


def test_second_speakers_are_never_alone_and_meet_their_own_turns() -> None:
    second = np.full(1000, -1, dtype=np.int32)
    second[180:260] = 1  # from 1.8 s on; its own turn begins at 2.5 s
    second[600:605] = 0  # short
    second[900:950] = 0  # where nobody talks
    turns = [Turn(0.0, 2.5, "ann", 0.9), Turn(2.5, 5.0, "bob", 0.8), Turn(5.0, 7.0, "bob", 0.7)]
    found = with_second_speakers(turns, second, ["ann", "bob"], min_turn=0.5)
    assert found == [Turn(0.0, 2.5, "ann", 0.9), Turn(1.8, 5.0, "bob", 0.8), Turn(5.0, 7.0, "bob", 0.7)]
    assert Turn(6.0, 6.05, "ann") in with_second_speakers(turns, second, ["ann", "bob"])
