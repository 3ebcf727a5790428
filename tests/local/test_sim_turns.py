"""The simulator of meetings: turn-taking measured, fitted to references, and drawn."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import fit_turns
import numpy as np
import pytest
from conversation import ConversationOptions
from dialogue import LEAST_SPEECH, MARGIN, OWN_PAUSE, hold_dialogue
from oracles import total
from turn_model import DISTRIBUTIONS, SHIPPED, Habits, fit_turn_model, read_references, read_turn_model
from turn_statistics import Figures, cleaned, exchanges, figures

from diar.errors import DataError
from diar.io.rttm import write_rttm
from diar.segments import Turn

AMI = Path(os.environ.get("DIAR_DATA", "")) / "speech" / "meetings_sim" / "rttm"
needs_references = pytest.mark.skipif(not os.environ.get("DIAR_DATA"), reason="needs $DIAR_DATA/speech; not set")


class Speaker:
    """Speech without a sound, of all the length asked for or ``early`` seconds less."""

    level = 0.0

    def __init__(self, name: str, early: float = 0.0) -> None:
        self.name, self.early = name, early

    def say(self, n_samples: int) -> np.ndarray:
        return np.zeros(n_samples - round(1000 * min(self.early, 0.25 * n_samples / 1000)), dtype=np.float32)


def _dialogue(seed: int, n_speakers: int, duration: float, model="ami", early: float = 0.12) -> list[Turn]:
    model = read_turn_model(model) if isinstance(model, str) else model
    speakers = [Speaker(f"s{k}", early) for k in range(n_speakers)]
    return hold_dialogue(speakers, model, duration, 1000, np.random.default_rng(seed))[0]


def _talk(seed: int, n_turns: int = 400) -> list[Turn]:
    """A conversation of three with known habits, made without the simulator.

    A turn has 1 to 5 s; 20 % go on after 1 s; of the others 30 % come 0.5 s before the end and the rest 0.4 s after it;
    in 25 % of the turns of over 3 s lies a backchannel of 0.4 s. 70 % of the changes give the floor back.
    """
    rng = np.random.default_rng(seed)
    turns, speaker, before, start = [], 0, 1, 0.0
    for _ in range(n_turns):
        end = start + rng.uniform(1.0, 5.0)
        turns.append(Turn(start, end, f"p{speaker}"))
        if end - start > 3.0 and rng.random() < 0.25:
            turns.append(Turn(start + 1.3, start + 1.7, f"p{(speaker + 1) % 3}"))
        if rng.random() < 0.2:
            start = end + 1.0
        else:
            speaker, before = before if rng.random() < 0.7 else 3 - speaker - before, speaker
            start = end - 0.5 if rng.random() < 0.3 else end + 0.4
    return sorted(turns)


# ---- measured ------------------------------------------------------------------------------------------------------

SHORT_TALK = [
    Turn(0.0, 4.0, "a"),
    Turn(1.0, 1.5, "b"),  # backchannel
    Turn(4.5, 6.0, "a"),  # hold
    Turn(5.0, 8.0, "b"),  # interruption
    Turn(5.5, 7.0, "c"),  # backchannel, though longer than a's rest
    Turn(9.0, 10.0, "c"),  # switch
]


def test_exchanges_are_told_apart_and_counted():
    assert [e.kind for e in exchanges(SHORT_TALK)] == ["backchannel", "hold", "interruption", "backchannel", "switch"]
    assert [e.floor for e in exchanges(SHORT_TALK)] == [SHORT_TALK[k] for k in (0, 0, 2, 3, 3)]
    found = figures(SHORT_TALK)
    wanted = Figures(2.5 / 8.5, 0.15, 1.5, 1.0, 0.5, 1 / 3, 1 / 2, 2 / 6)  # overlap: 1.0-1.5 and 5.0-7.0
    for figure in fields(Figures):
        assert getattr(found, figure.name) == pytest.approx(getattr(wanted, figure.name)), figure.name


def test_overlap_and_silence_as_counted_by_the_millisecond():
    turns = _dialogue(5, 6, 300.0)
    talking = np.zeros(301_000, dtype=int)
    for turn in turns:
        talking[round(1000 * turn.start) : round(1000 * turn.end)] += 1
    first, last = round(1000 * turns[0].start), round(1000 * max(turn.end for turn in turns))
    assert figures(turns).overlap == pytest.approx(np.sum(talking > 1) / np.sum(talking > 0), abs=1e-4)
    assert figures(turns).silence == pytest.approx(np.mean(talking[first:last] == 0), abs=1e-4)


def test_turns_of_a_speaker_that_touch_are_one():
    parts = [Turn(0.0, 1.0, "a"), Turn(0.5, 2.0, "a"), Turn(0.7, 0.9, "b"), Turn(3.0, 3.0, "b")]
    assert cleaned(parts) == [Turn(0.0, 2.0, "a"), Turn(0.7, 0.9, "b")]


# ---- fitted --------------------------------------------------------------------------------------------------------


def test_the_model_has_the_habits_of_its_references():
    model = fit_turn_model({"one": _talk(0), "two": _talk(1)}, "test")
    for meeting in model.meetings:
        assert meeting.speakers == 3
        assert meeting.hold == pytest.approx(0.2, abs=0.06)
        assert meeting.interruption == pytest.approx(0.3, abs=0.08)
        assert meeting.back == pytest.approx(0.7, abs=0.08)
        assert meeting.backchannels == pytest.approx(0.25 * 0.5 / 3.0, abs=0.015)  # half of the turns have over 3 s
        assert [meeting.turn, meeting.pause, meeting.backchannel] == pytest.approx([1.0] * 3, abs=0.1)
    for name, value in (("pause before hold", 1.0), ("pause before switch", 0.4), ("length of backchannel", 0.4)):
        np.testing.assert_allclose(model.quantiles[name], value, atol=2e-3)
    lengths = model.quantiles["length after switch"]
    np.testing.assert_allclose(lengths, np.linspace(1.0, 5.0, len(lengths)), atol=0.25)


def test_neither_names_nor_the_time_of_day_nor_the_order_change_the_model():
    references = {"one": _talk(0), "two": _talk(1)}
    other = {"p0": "x", "p1": "w", "p2": "v"}
    moved = {
        name: [Turn(t.start + 70.0, t.end + 70.0, other[t.speaker]) for t in reversed(turns)]
        for name, turns in reversed(references.items())
    }
    wanted, found = fit_turn_model(references, "test"), fit_turn_model(moved, "test")
    assert wanted.meetings == found.meetings and wanted.concentration == found.concentration
    for name, quantiles in wanted.quantiles.items():
        np.testing.assert_allclose(found.quantiles[name], quantiles, atol=1.1e-3)


@pytest.mark.parametrize("concentration", [0.7, 5.0])
def test_shares_of_the_speech_are_those_of_a_dirichlet_distribution(concentration):
    rng = np.random.default_rng(0)
    references = {}
    for number in range(300):
        turns = [Turn(3.0 * k, 3.0 * k + 1.0, "abcd"[k % 4]) for k in range(12)]
        seconds = rng.dirichlet(np.full(4, concentration))
        starts = 50.0 + 1001.0 * np.arange(4)
        turns += [Turn(s, s + 1000 * share, n) for s, share, n in zip(starts, seconds, "abcd", strict=True)]
        references[f"r{number}"] = turns
    assert fit_turn_model(references, "test").concentration == pytest.approx(concentration, rel=0.25)


def test_draws_have_the_distribution_of_the_references():
    model, rng = read_turn_model("ami"), np.random.default_rng(0)
    for name in DISTRIBUTIONS:
        drawn = [model.draw(name, rng) for _ in range(4000)]
        levels = np.linspace(0.1, 0.9, 9)
        wanted = np.quantile(model.quantiles[name], levels)
        np.testing.assert_allclose(np.quantile(drawn, levels), wanted, rtol=0.2, atol=0.05)
        assert max(model.draw(name, rng, below=wanted[2]) for _ in range(200)) <= wanted[2] + 1e-9
        assert model.draw(name, rng, below=-1.0) == model.quantiles[name][0]


def test_meetings_of_about_as_many_speakers_are_taken_for_a_model():
    model, rng = read_turn_model("ami"), np.random.default_rng(0)
    drawn = [model.habits_for(2, rng) for _ in range(300)]
    assert set(map(repr, drawn)) == set(map(repr, model.meetings))
    wanted = 1 / (1 + 1 / 2 + 3 / 3 + 1 / 4 + 1 / 5 + 1 / 7)  # 2; 3; 4, 4, 4; 5; 6; 8 speakers
    assert np.mean([habits.speakers == 2 for habits in drawn]) == pytest.approx(wanted, abs=0.08)


def test_a_model_is_kept_and_read_again(tmp_path, monkeypatch):
    write_rttm(tmp_path / "one.rttm", {"one": _talk(0)})
    words = ["fit_turns.py", "--repeats", "1", str(tmp_path / "one.rttm"), str(tmp_path / "one.json")]
    monkeypatch.setattr("sys.argv", words)
    fit_turns.main()
    assert read_turn_model(str(tmp_path / "one.json")) == read_turn_model(str(tmp_path / "one.rttm"))


@pytest.mark.parametrize("split", [False, True])
def test_references_from_a_file_or_a_folder(tmp_path, split):
    references = {"one": _talk(0), "two": _talk(1)}
    path = tmp_path / "all.rttm"
    if split:
        path = tmp_path / "rttm"
        path.mkdir()
        for name, turns in references.items():
            write_rttm(path / f"{name}.rttm", {name: turns})
    else:
        write_rttm(path, references)
    assert read_turn_model(str(path)).meetings == fit_turn_model(references, "").meetings


def test_references_that_do_not_serve(tmp_path):
    with pytest.raises(DataError, match=r"^--turns: .*missing: no such file or folder; wanted RTTM, .*, or ami$"):
        read_turn_model(str(tmp_path / "missing"))
    with pytest.raises(DataError, match="found no turns"):
        read_turn_model(str(tmp_path))
    (tmp_path / "bad.rttm").write_text("SPEAKER a 1\n")
    with pytest.raises(DataError, match=r"bad.rttm:1: found 3 fields"):
        read_turn_model(str(tmp_path / "bad.rttm"))
    write_rttm(tmp_path / "few.rttm", {"few": SHORT_TALK})
    with pytest.raises(DataError, match="wanted a recording in which two speakers or more take 10 turns"):
        read_turn_model(str(tmp_path / "few.rttm"))
    (tmp_path / "other.json").write_text('{"source": "x", "meetings": []}')
    with pytest.raises(DataError, match="other.json: not a model of turn-taking; wanted what local/sim/fit_turns.py"):
        read_turn_model(str(tmp_path / "other.json"))
    with pytest.raises(DataError, match="missing.json: no such file"):
        read_turn_model(str(tmp_path / "missing.json"))
    with pytest.raises(DataError, match="^--overlap: found 0.1 with --turns ami; wanted one of the two"):
        ConversationOptions(turns="ami", overlap=0.1)


# ---- drawn ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_speakers", "duration"), [(1, 20.0), (2, 20.0), (2, 180.0), (5, 180.0), (6, 600.0), (8, 80.0), (18, 180.0)]
)
def test_dialogues_keep_their_promises(n_speakers, duration):
    for seed in range(12):
        turns = _dialogue(seed, n_speakers, duration)
        assert turns == sorted(turns) and turns[0].start >= 0 and max(t.end for t in turns) <= duration
        assert all(abs(1000 * time - round(1000 * time)) < 1e-6 for t in turns for time in (t.start, t.end))
        for name in (f"s{k}" for k in range(n_speakers)):
            own = [t for t in turns if t.speaker == name]
            assert sum(t.duration for t in own) > 0.9 * min(LEAST_SPEECH, 0.25 * duration / n_speakers) - 0.2
            gaps = [b.start - a.end for a, b in zip(own, own[1:], strict=False)]
            assert min(gaps, default=1.0) >= OWN_PAUSE - 0.002
        assert total(turns) > 0.5 * duration - 2 * MARGIN


def test_dialogues_are_like_the_references_they_are_fitted_to():
    references = {str(seed): _talk(seed) for seed in range(8)}
    model = fit_turn_model(references, "test")
    drawn = [figures(_dialogue(seed, 3, 900.0, model)) for seed in range(20)]
    measured = [figures(turns) for turns in references.values()]
    for figure, tolerance in (
        ("overlap", 0.015), ("silence", 0.02), ("turn", 0.15), ("pause", 0.005), ("own_pause", 0.005), ("hold", 0.04),
        ("interruption", 0.04), ("backchannel", 0.02),
    ):  # fmt: skip
        wanted, found = (np.mean([getattr(one, figure) for one in some]) for some in (measured, drawn))
        assert found == pytest.approx(wanted, abs=tolerance), figure


@needs_references
def test_dialogues_are_like_each_meeting_of_ami_alone():
    for name, turns in read_references(AMI).items():
        measured, drawn = fit_turns.compare({name: turns}, fit_turn_model({name: turns}, name), 8)
        for figure, tolerance in (
            ("overlap", 0.04), ("silence", 0.04), ("turn", 0.4), ("pause", 0.2), ("hold", 0.05), ("interruption", 0.08),
            ("backchannel", 0.07),
        ):  # fmt: skip
            mean = np.mean([getattr(one, figure) for one in drawn])
            assert mean == pytest.approx(getattr(measured[0], figure), abs=tolerance), (name, figure)


@needs_references
def test_dialogues_are_like_the_meetings_of_ami_and_as_different():
    measured, drawn = fit_turns.compare(read_references(AMI), read_turn_model("ami"), 20)
    for figure, tolerance in (
        ("overlap", 0.04), ("silence", 0.03), ("turn", 0.3), ("pause", 0.1), ("hold", 0.05), ("interruption", 0.05),
        ("backchannel", 0.05),
    ):  # fmt: skip
        wanted, found = ([getattr(one, figure) for one in some] for some in (measured, drawn))
        assert np.mean(found) == pytest.approx(np.mean(wanted), abs=tolerance), figure
        assert 0.6 < np.std(found) / np.std(wanted) < 1.6, figure  # some meetings have much of it, some little


@needs_references
def test_the_shipped_table_is_what_the_program_makes(tmp_path, monkeypatch):
    source = read_turn_model("ami").source
    assert "AMI Meeting Corpus" in source and "CC BY 4.0" in source
    words = ["fit_turns.py", "--repeats", "1", "--source", source, str(AMI), str(tmp_path / "ami.json")]
    monkeypatch.setattr("sys.argv", words)
    fit_turns.main()
    assert (tmp_path / "ami.json").read_text() == SHIPPED["ami"].read_text()


def test_who_has_not_talked_has_the_floor_before_the_end():
    model = read_turn_model("ami")
    lopsided = type(model)(model.source, 0.05, model.quantiles, [Habits(4, 0.6, 0.3, 0.9, 0.0, 3.0, 1.0, 1.0)])
    for seed in range(20):
        turns = _dialogue(seed, 4, 90.0, lopsided)
        assert len({turn.speaker for turn in turns}) == 4
