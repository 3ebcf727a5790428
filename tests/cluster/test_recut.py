"""Another cut of saved merges: what a fresh run gives, or a refusal."""

from __future__ import annotations

import json

import numpy as np
import pytest
from oracles import planted_frames

from diar.cluster.agglomerate import SpeakerRange, history_from_json, history_to_json
from diar.cluster.aib import AibOptions
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.cluster.ib_hmm_gmm import IbHmmGmmOptions
from diar.errors import DataError
from diar.pipeline import ClustererOptions, Clustering, frames_to_clusters

FRAMES = planted_frames([(turn % 3, 100 + 17 * (turn % 4)) for turn in range(20)], distance=2.0)[0]
SPEECH = np.ones(len(FRAMES), dtype=bool)
HMM_GMM = HmmGmmOptions(initial_clusters=6, num_gaussians=1, min_duration=0.5)
IB = IbHmmGmmOptions(aib_clusters=6, min_duration=0.5, max_segment=1.0)


def fresh(options: ClustererOptions, fewest: int, most: int | None) -> Clustering:
    return frames_to_clusters(FRAMES, SPEECH, options, SpeakerRange(fewest, most))


@pytest.mark.parametrize("options", [HMM_GMM, IB, AibOptions(max_segment=1.0)], ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("asked_first", [(1, None), (5, 5), (9, 9), (9, None)])
@pytest.mark.parametrize("asked_then", [(1, None), (2, 2), (5, 6), (9, 9), (11, 11)])
def test_a_recut_gives_what_a_fresh_run_gives_or_is_refused(options, asked_first, asked_then) -> None:
    """9 speakers are more than the merges start with by the options: the first wish makes other merges."""
    history = fresh(options, *asked_first).history
    stored = history_from_json(json.loads(json.dumps(history_to_json(history, SPEECH, "gain"))), "a.json")
    assert stored.fewest == history.fewest
    wanted = fresh(options, *asked_then)
    try:
        found = frames_to_clusters(FRAMES, SPEECH, options, SpeakerRange(*asked_then), history=stored)
    except DataError as error:
        assert str(error).startswith("a.json: ") and str(error).endswith("make it anew")
        assert not isinstance(options, AibOptions), "the aIB's merges start with all segments"
        assert max(asked_first[0], asked_then[0]) > 6
        return
    np.testing.assert_array_equal(found.labels, wanted.labels)


@pytest.mark.parametrize("options", [HMM_GMM, IB], ids=lambda o: type(o).__name__)
def test_merges_bent_to_many_speakers_say_so(options) -> None:
    assert fresh(options, 1, None).history.fewest == 1
    assert fresh(options, 2, 2).history.fewest == 1
    assert fresh(options, 9, 9).history.fewest == 9


def test_merges_of_other_speech_are_refused() -> None:
    history = fresh(HMM_GMM, 1, None).history
    with pytest.raises(DataError, match=f"^merge history: is of {len(FRAMES)} frames of speech; wanted 500"):
        frames_to_clusters(FRAMES, np.arange(len(FRAMES)) < 500, HMM_GMM, SpeakerRange(), history=history)


def test_a_short_recording_is_recut_as_diartk_cut_it() -> None:
    """Four segments, which are less than DiarTK's ten clusters."""
    frames, speech = FRAMES[:900], SPEECH[:900]
    options = AibOptions(compat="diartk")
    first = frames_to_clusters(frames, speech, options, SpeakerRange())
    again = frames_to_clusters(frames, speech, options, SpeakerRange(), history=first.history)
    assert first.labels.max() == 3
    np.testing.assert_array_equal(first.labels, again.labels)
