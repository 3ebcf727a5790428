"""The simulator of meetings: who speaks when, as planned without references."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import LARGEST_SHARE, OWN_PAUSE, ConversationOptions, plan_turns
from oracles import total
from simulator import overlap_share

from diar.errors import DataError
from diar.segments import Turn


def _plan(seed: int, n_speakers: int, **options) -> list[Turn]:
    names = [f"s{k}" for k in range(n_speakers)]
    return plan_turns(names, ConversationOptions(**options), np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("n_speakers", "duration"), [(1, 20.0), (2, 20.0), (2, 180.0), (5, 180.0), (6, 600.0), (8, 80.0), (18, 180.0)]
)
def test_plans_keep_their_promises(n_speakers, duration):
    for seed in range(10):
        turns = _plan(seed, n_speakers, duration=duration, num_speakers=str(n_speakers))
        seconds = {name: sum(t.duration for t in turns if t.speaker == name) for name in {t.speaker for t in turns}}
        assert len(seconds) == n_speakers
        if n_speakers > 1:
            assert max(seconds.values()) <= LARGEST_SHARE * sum(seconds.values()) + 0.1
        if duration >= 36 * n_speakers:
            assert min(seconds.values()) >= 15 - 0.1
        assert turns == sorted(turns) and turns[0].start > 0 and max(t.end for t in turns) < duration
        assert all(abs(1000 * time - round(1000 * time)) < 1e-6 for t in turns for time in (t.start, t.end))
        for name in seconds:
            own = [t for t in turns if t.speaker == name]
            gaps = [b.start - a.end for a, b in zip(own, own[1:], strict=False)]
            assert min(gaps, default=1.0) >= OWN_PAUSE - 0.002
        assert total(turns) > 0.7 * duration - 2


@pytest.mark.parametrize("wanted", [0.0, 0.05, 0.15, 0.3])
def test_overlap_is_near_the_share_wanted_and_never_of_three(wanted):
    shares = []
    for seed in range(5):
        turns = _plan(seed, 4, duration=600.0, overlap=wanted)
        shares.append(overlap_share(turns))
        talking = np.zeros(601_000, dtype=int)
        for turn in turns:
            talking[round(1000 * turn.start) : round(1000 * turn.end)] += 1
        assert talking.max() <= 2
    assert np.mean(shares) == pytest.approx(wanted, abs=0.01 + 0.1 * wanted)


@pytest.mark.parametrize("text", ["", "0", "5-3", "two", "3-", "-3", "2-3-4"])
def test_bad_number_of_speakers(text):
    with pytest.raises(DataError, match="--num-speakers"):
        ConversationOptions(num_speakers=text)


def test_too_many_speakers_for_the_time():
    with pytest.raises(DataError, match="--num-speakers: found 5 speakers in 40 s; pass --duration 50"):
        ConversationOptions(duration=40.0)
