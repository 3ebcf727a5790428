"""Where turns go, recording by recording; what the whole command makes of it is in tests/commands."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

from diar.cluster.agglomerate import History
from diar.diarization import Diarization
from diar.errors import DataError
from diar.io.turn_output import TurnOutput
from diar.segments import Turn


class Turns(list):
    """Turns that can be watched."""


def found(recording: str) -> Diarization:
    labels, history = np.zeros(100, dtype=np.int32), History([], np.zeros(0, dtype=np.int64))
    return Diarization(recording, labels, labels.astype(np.float32), Turns([Turn(0, 1, "a")]), [], history, {})


@pytest.mark.parametrize(("formats", "is_kept"), [("rttm,srt", False), ("rttm,segments", True)])
def test_turns_are_kept_only_where_a_file_of_all_wants_them(tmp_path: Path, formats: str, is_kept: bool) -> None:
    with TurnOutput(str(tmp_path), formats, ["r"]) as output:
        one = found("r")
        watched = weakref.ref(one.turns)
        output.add(one)
        del one
        gc.collect()
        assert (watched() is not None) == is_kept
    assert (tmp_path / "r.rttm").exists() and (tmp_path / "segments").exists() == is_kept


def test_what_came_is_written_even_if_the_rest_is_broken_off(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), TurnOutput(f"{tmp_path}/all.csv", "", ["q", "r"]) as output:
        output.add(found("q"))
        assert not list(tmp_path.iterdir())
        raise KeyboardInterrupt
    assert (tmp_path / "all.csv").read_text().splitlines()[1].startswith("q,0.000,1.000,a")


@pytest.mark.parametrize(
    ("where", "formats", "reason"),
    [
        ("-", "segments", "found '-' for several files of segments"),
        ("x.rttm", "rttm,csv", "found 'x.rttm' for 2 formats"),
        ("x.srt", "", "found 'x.srt' for several files of srt"),
        ("", "csv,rttm,csv", "--format: found a format twice in 'csv,rttm,csv'; wanted each once"),
        ("", "rttm,", "--format: found ''"),
    ],
)
def test_what_cannot_hold_the_turns_is_refused(where: str, formats: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        TurnOutput(where, formats, ["q", "r"])


def test_the_folder_is_made_and_nothing_in_it_is_overwritten(tmp_path: Path) -> None:
    output = TurnOutput(f"{tmp_path}/new/", "", ["r"])
    output.prepare([tmp_path / "r.rttm"])
    assert output.folder.is_dir()
    (output.folder / "r.rttm").touch()
    with pytest.raises(DataError, match="is what is read"):
        output.prepare([output.folder / "r.rttm"])
    with pytest.raises(DataError, match="would be written twice"):
        output.prepare([], ["r.rttm"])
