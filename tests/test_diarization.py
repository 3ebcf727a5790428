"""How far a diarization is: told in the order of the stages, never backwards; and whose speech its merges are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from recipe_tree import take_turns, talk, write_audio

import diar
from diar.cluster.agglomerate import SpeakerCountOptions
from diar.cluster.aib import AibOptions
from diar.cluster.ib_viterbi import IbViterbiOptions
from diar.pipeline import CLUSTERERS

STAGES = ["feats", "vad", "clusters", "realigned", "confidence"]


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_audio(tmp_path_factory.mktemp("audio") / "m.wav", talk(take_turns(["ann", "bob", "ann", "cat"])))


def told(path: Path, options: diar.PipelineOptions, **known: object) -> list[tuple[str, float, float]]:
    calls: list[tuple[str, float, float]] = []
    diar.diarize_file(path, options, on_progress=lambda *call: calls.append(call), **known)
    return calls


@pytest.mark.parametrize("clusterer", CLUSTERERS)
def test_progress_goes_through_all_stages_and_never_back(meeting: Path, clusterer: str) -> None:
    calls = told(meeting, diar.PipelineOptions(clusters=CLUSTERERS[clusterer]()))
    assert list(dict.fromkeys(stage for stage, *_ in calls)) == STAGES
    shares = [done / duration for _, done, duration in calls]
    assert shares == sorted(shares) and shares[0] == 0 and 0.75 < shares[-1] < 1
    assert {duration for *_, duration in calls} == {soundfile.info(str(meeting)).duration}
    reading = {stage: [done for name, done, _ in calls if name == stage] for stage in ("feats", "vad")}
    assert all(len(set(done)) >= 3 for done in reading.values()), "two blocks, each of which is told"
    of_merges = [share for share, (stage, *_) in zip(shares, calls, strict=True) if stage == "clusters"]
    assert len(of_merges) >= 4 and of_merges[-1] > of_merges[0] + 0.04


def test_stages_that_are_left_out_take_nothing(meeting: Path) -> None:
    first = diar.diarize_file(meeting)
    options = diar.PipelineOptions(realigner=None)
    calls = told(meeting, options, speech=first.speech, history=first.history)
    assert {stage for stage, *_ in calls} == {"feats", "clusters", "confidence"}
    assert all(done / duration == pytest.approx(1 / 1.2) for stage, done, duration in calls if stage != "feats")


def test_what_is_told_changes_nothing(meeting: Path) -> None:
    options = diar.PipelineOptions(clusters=IbViterbiOptions())
    heard = diar.diarize_file(meeting, options, on_progress=lambda *call: None)
    np.testing.assert_array_equal(heard.labels, diar.diarize_file(meeting, options).labels)


@pytest.mark.parametrize("options", [AibOptions(), AibOptions(compat="diartk"), AibOptions(sib_sweeps=3)], ids=str)
def test_merges_and_speech_of_a_run_are_cut_as_a_new_run_would(meeting: Path, options: AibOptions) -> None:
    first = diar.diarize_file(meeting, diar.PipelineOptions(clusters=options))
    assert first.speech.dtype == np.float32 and set(first.speech) == {0, 1}
    two = diar.PipelineOptions(clusters=options, speakers=SpeakerCountOptions(num_spk=2))
    again = diar.diarize_file(meeting, two, speech=first.speech, history=first.history)
    np.testing.assert_array_equal(again.labels, diar.diarize_file(meeting, two).labels)
    assert len(again.speakers) == 2
