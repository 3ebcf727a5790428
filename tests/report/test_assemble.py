"""From lines of RTTM, merge histories and settings to contents of pages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from report_content import ERRORS, HYPOTHESIS, MAPPING, REFERENCE

from diar.cluster.agglomerate import History, Merge, Partition, history_to_json
from diar.cluster.aib import AibOptions
from diar.diarization import PipelineOptions
from diar.errors import DataError
from diar.io.rttm import RttmLine
from diar.pipeline import CLUSTERERS
from diar.report.assemble import (
    history_curves,
    low_confidence,
    merge_curves,
    pipeline_settings,
    program_versions,
    rttm_contents,
    stage_settings,
    vad_figures,
)
from diar.score import score_set
from diar.score_input import ScoreOptions
from diar.segments import Segment, Turn
from diar.vad import WebrtcOptions

STRICT = ScoreOptions(collar=0.0, skip_overlap=False)


def lines(turns: object, recording: str = "r1") -> list[RttmLine]:
    return [RttmLine("SPEAKER", recording, "1", t.start, t.duration, "<NA>", t.speaker) for t in turns]


def test_errors_score_and_mapping_are_those_of_the_scorer() -> None:
    sides = lines(HYPOTHESIS), lines(REFERENCE)
    uem = {"r1": [Segment(0, 24)]}
    (content,) = rttm_contents(*sides, uem, STRICT, "strict").values()
    (score,) = score_set(sides[1], sides[0], uem, STRICT).recordings
    assert content.score == score and content.mapping == MAPPING and content.condition == "strict"
    assert [tuple(error) for error in content.errors] == [tuple(error) for error in ERRORS]
    seconds = {kind: 0.0 for kind in ("miss", "false_alarm", "confusion")}
    for error in content.errors:
        seconds[error.kind] += error.seconds
    times = score.missed_speaker_time, score.falarm_speaker_time, score.speaker_error_time
    assert tuple(seconds.values()) == pytest.approx(times)
    assert (content.duration, content.scored) == (24, (Segment(0, 24),))
    assert (content.vad.seconds, content.vad.miss) == (17, pytest.approx(score.speech_miss))


def test_recordings_of_either_side_have_a_page() -> None:
    hypothesis = lines(HYPOTHESIS) + lines([Turn(0, 3, "x")], "only_found")
    reference = lines(REFERENCE) + lines([Turn(1, 4, "X")], "lost")
    contents = rttm_contents(hypothesis, reference)
    assert list(contents) == ["lost", "only_found", "r1"]
    lost, found = contents["lost"], contents["only_found"]
    assert (lost.hypothesis, lost.score.der, lost.errors[0].kind) == ((), 100, "miss")
    assert (found.reference, found.score, found.scored, found.duration) == (None, None, None, 3)
    assert rttm_contents([]) == {}
    with pytest.raises(DataError, match="no SPEAKER line"):
        rttm_contents(hypothesis, [])


def test_a_shift_of_time_shifts_the_errors() -> None:
    sides = (HYPOTHESIS, REFERENCE)
    late = [[turn._replace(start=turn.start + 100, end=turn.end + 100) for turn in side] for side in sides]
    (content,) = rttm_contents(*map(lines, late), None, STRICT).values()
    assert [(e.segment.start, e.segment.end) for e in content.errors] == [(106, 108), (108, 109), (114, 116)]


def test_turns_that_meet_are_one_region_of_speech_whatever_their_sums_round_to() -> None:
    pieces = [Turn(round(n * 0.1, 1), round(n * 0.1, 1) + 0.1, f"s{n % 2}") for n in range(30)]
    assert any(a.end != b.start for a, b in zip(pieces, pieces[1:], strict=False))
    (content,) = rttm_contents(lines(pieces), lines(REFERENCE)).values()
    assert len(content.vad.regions) == 1


def test_speech_is_judged_by_the_reference_of_its_recording() -> None:
    found = vad_figures([Segment(0, 9), Segment(10, 14), Segment(16, 20)], lines(REFERENCE), [Segment(0, 24)], STRICT)
    assert (found.miss, found.false_alarm) == (pytest.approx(100 * 2 / 18), pytest.approx(100 * 1 / 18))
    alone = vad_figures([Segment(0, 9)], [])
    assert math.isnan(alone.miss) and alone.seconds == 9


def test_only_known_low_confidences_are_noted() -> None:
    turns = [Turn(0, 1, "a", 0.2), Turn(1, 2, "a"), Turn(2, 3, "a", 0.5), Turn(3, 4, "b", 0.49)]
    assert [note.segment for note in low_confidence(turns)] == [Segment(0, 1), Segment(3, 4)]
    assert low_confidence(turns)[0].text == "a: confidence 0.20"


def history(n: int) -> History:
    """Merging the last two of ``n`` clusters of a frame each, down to one; the gain is the number, the NMI a 100th."""
    return History(
        [
            Partition(
                np.minimum(np.arange(n), number - 1).astype(np.int32), number,
                Merge(number - 2, number - 1, float(number)) if number > 1 else None, {"nmi": number / 100},
            )
            for number in range(n, 0, -1)
        ],
        np.ones(n, dtype=np.int64),
    )  # fmt: skip


def test_curves_are_the_nmi_and_the_gain_up_to_where_they_tell_something() -> None:
    nmi, gain = merge_curves(history(4), "delta_bic", 2)
    assert (nmi.name, nmi.n_clusters, nmi.values, nmi.cut) == ("NMI", (4, 3, 2, 1), (0.04, 0.03, 0.02, 0.01), 2)
    assert (gain.name, gain.n_clusters, gain.values) == ("delta-BIC", (4, 3, 2), (4, 3, 2))
    assert merge_curves(history(500), "delta_f", 20)[0].n_clusters[0] == 60
    assert merge_curves(history(500), "delta_f", 3)[0].n_clusters[0] == 30
    assert merge_curves(History([], np.zeros(0, dtype=np.int64)), "delta_f") == ()


def test_curves_of_a_history_as_it_lies_in_files() -> None:
    content = history_to_json(history(4), np.ones(4, dtype=np.bool_), "delta_bic")
    labels = np.array([0, 1, -1, 1], dtype=np.int32)
    assert history_curves(content, labels, "x") == merge_curves(history(4), "delta_bic", 2)
    with pytest.raises(DataError, match="x: not a merge history"):
        history_curves({"steps": [{}]}, labels, "x")


def test_settings_are_those_of_all_stages_each_once() -> None:
    feats = {"options": {"num_ceps": 19}, "inputs": {}}
    vad = {"options": {"padding": 0.1}, "choices": {"vad": "energy"}, "inputs": {"feats": feats}}
    clusters = {"options": {"beta": 10}, "inputs": {"vad_energy": vad, "feats": feats, "embed_none": {}}}
    assert stage_settings("clusters_x", clusters) == {
        "feats": {"num_ceps": 19}, "vad_energy": {"vad": "energy", "padding": 0.1}, "clusters_x": {"beta": 10},
    }  # fmt: skip
    assert list(stage_settings("clusters_x", clusters)) == ["feats", "vad_energy", "clusters_x"]
    assert stage_settings("x", None) == {}


def test_settings_of_the_chain_have_units_and_tell_which_program_a_stage_is() -> None:
    options = PipelineOptions(vad=WebrtcOptions(), clusters=AibOptions(beta=5.0), realigner=None, second_speaker=True)
    settings = pipeline_settings(options)
    assert settings["vad"]["method"] == "webrtc" and settings["feats"]["frame_length"] == "25.0 ms"
    assert (settings["clusters"]["method"], settings["clusters"]["beta"]) == ("aib", 5.0)
    assert settings["overlap"]["second_speaker"] is True and "realigner" not in settings and "denoise" not in settings
    names = {name: pipeline_settings(PipelineOptions(clusters=kind()))["clusters"]["method"]
             for name, kind in CLUSTERERS.items()}  # fmt: skip
    assert list(names.values()) == list(names)


def test_the_versions() -> None:
    assert {"diar", "Python", "numpy"} <= set(program_versions())
