"""Your own recordings: references that lie elsewhere, of more recordings than there are or of fewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recipe_tree import rttm, write_audio
from step_runner import call_step

RATE = 8000
NAMES = ("a", "b.1", "c")
TURNS = [(0.1, 0.4, "x"), (0.5, 0.9, "y")]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three recordings of a second without references."""
    for name in NAMES:
        write_audio(tmp_path / "corpus" / f"{name}.wav", 0.1 * np.ones(RATE), RATE)
    return tmp_path / "corpus"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of references and UEMs of these and of another recording."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in (*NAMES, "other"):
        (folder / f"{name}.rttm").write_text(rttm(name, TURNS))
        (folder / f"{name}.uem").write_text(f"{name} 1 0.0 0.5\n{name} 1 0.5 1.0\n")
    return folder


def prepare(tmp_path: Path, *options: str, code: int = 0) -> str:
    return call_step(tmp_path, "../local/own/prepare_data.py", *options, "corpus", "data", code=code, job=False)


def recordings(tmp_path: Path, name: str, column: int) -> set[str]:
    return {line.split()[column] for line in (tmp_path / "data" / name).read_text().splitlines()}


def check_data(tmp_path: Path) -> None:
    call_step(tmp_path, "../utils/check_data.py", "data", job=False)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_references_may_lie_elsewhere(tmp_path: Path, corpus: Path, elsewhere: Path, kind: str) -> None:
    words = ("elsewhere", "elsewhere")
    if kind == "file":
        words = ("all.rttm", "all.uem")
        for name in words:
            paths = sorted(elsewhere.glob(f"*{Path(name).suffix}"))
            (tmp_path / name).write_text("".join(path.read_text() for path in paths))
    printed = prepare(tmp_path, "--ref-rttm", words[0], "--uem", words[1])
    assert "warning: references of 1 recordings that are not there are left out: other\n" in printed
    for name, column in (("wav.scp", 0), ("ref.rttm", 1), ("all.uem", 0)):
        assert recordings(tmp_path, name, column) == {"a", "b_1", "c"}
    assert (tmp_path / "data" / "all.uem").read_text().splitlines()[0] == "a 1 0.000 1.000"
    check_data(tmp_path)


def test_named_references_take_the_place_of_the_corpuss_own(tmp_path: Path, corpus: Path, elsewhere: Path) -> None:
    (corpus / "rttm").mkdir()
    (corpus / "rttm" / "all.rttm").write_text("".join(rttm(name, TURNS[:1]) for name in NAMES))
    (corpus / "uem").mkdir()
    (corpus / "uem" / "all.uem").write_text("".join(f"{name} 1 0.2 0.3\n" for name in NAMES))

    def written() -> tuple[int, bool]:
        files = [tmp_path / "data" / name for name in ("ref.rttm", "all.uem")]
        return len(files[0].read_text().splitlines()) if files[0].exists() else 0, files[1].exists()

    for words, wanted in (
        ((), (3, True)),
        (("--ref-rttm", "elsewhere"), (6, True)),
        (("--ref-rttm", "none"), (0, True)),
        (("--uem", "none"), (3, False)),
    ):
        prepare(tmp_path, *words)
        assert written() == wanted


def test_recordings_that_a_named_reference_lacks_are_refused_in_full(
    tmp_path: Path, corpus: Path, elsewhere: Path
) -> None:
    (elsewhere / "a.rttm").unlink()
    (elsewhere / "c.rttm").rename(tmp_path / "c.rttm")
    *told, closing = prepare(tmp_path, "--ref-rttm", "elsewhere", code=1).splitlines()
    assert told == [
        f"{name}: no reference of {corpus / name}.wav; looked for '{name}' in the 2 files of elsewhere" for name in "ac"
    ]
    advice = "mend them, or go without: --ref-rttm none"
    assert closing == f"prepare_data.py: corpus: found 2 faults with its references; {advice}"
    *told, _ = prepare(tmp_path, "--ref-rttm", "c.rttm", code=1).splitlines()
    assert [line.partition(";")[2] for line in told] == [f" looked for '{name}' in c.rttm" for name in ("a", "b_1")]
    assert not (tmp_path / "data").exists()


def test_the_corpuss_own_references_may_be_of_some(tmp_path: Path, corpus: Path) -> None:
    (corpus / "rttm").mkdir()
    (corpus / "rttm" / "a.rttm").write_text(rttm("a", TURNS))
    assert "warning" not in prepare(tmp_path)
    assert recordings(tmp_path, "wav.scp", 0) == {"a", "b_1", "c"} and recordings(tmp_path, "ref.rttm", 1) == {"a"}


def test_a_reference_without_a_line_is_of_the_recording_of_its_name(
    tmp_path: Path, corpus: Path, elsewhere: Path
) -> None:
    (elsewhere / "b.1.rttm").write_text(";; nobody speaks\n")
    prepare(tmp_path, "--ref-rttm", "elsewhere")
    assert recordings(tmp_path, "ref.rttm", 1) == {"a", "c"}


def test_turns_of_a_recording_in_two_files_are_refused(tmp_path: Path, corpus: Path, elsewhere: Path) -> None:
    (elsewhere / "all.rttm").write_text(rttm("a", TURNS) + rttm("other", TURNS))
    told, closing = prepare(tmp_path, "--ref-rttm", "elsewhere", code=1).splitlines()
    assert told == "a: has a reference in elsewhere/a.rttm and in elsewhere/all.rttm; wanted one of them"
    elsewhere.rename(corpus / "rttm")  # in the corpus's own, too
    assert prepare(tmp_path, code=1).splitlines()[0].startswith("a: has a reference in corpus/rttm/a.rttm and in")


def test_a_named_uem_says_what_is_evaluated(tmp_path: Path, corpus: Path, elsewhere: Path) -> None:
    (elsewhere / "a.uem").unlink()
    (elsewhere / "a.rttm").unlink()  # which is not needed then
    (corpus / "reco2channels").write_text("a a.wav b.1.wav\nb_1 b.1.wav a.wav\n")
    (corpus / "reco2num_spk").write_text("a 2\nb_1 3\n")
    (corpus / "frame_shift").write_text("0.01\n")
    printed = prepare(tmp_path, "--ref-rttm", "elsewhere", "--uem", "elsewhere")
    assert "warning: elsewhere: does not name 1 recordings, which are left out: a\n" in printed
    for name, column in (("wav.scp", 0), ("ref.rttm", 1), ("all.uem", 0)):
        assert recordings(tmp_path, name, column) == {"b_1", "c"}
    assert recordings(tmp_path, "reco2channels", 0) == recordings(tmp_path, "reco2num_spk", 0) == {"b_1"}
    assert recordings(tmp_path, "frame_shift", 0) == {"0.01"}
    check_data(tmp_path)
    (line,) = prepare(tmp_path, "--uem", "elsewhere/other.uem", code=1).splitlines()
    wanted = "wanted regions of a, b_1, c"
    assert line == f"prepare_data.py: elsewhere/other.uem: names none of the 3 recordings, but other; {wanted}"


@pytest.mark.parametrize("flag", ["--ref-rttm", "--uem"])
def test_references_that_are_not_there(tmp_path: Path, corpus: Path, flag: str) -> None:
    (line,) = prepare(tmp_path, flag, "nowhere", code=1).splitlines()
    assert line.startswith(f"prepare_data.py: {flag}: found 'nowhere', which is not there; wanted a file, a folder of")
    (tmp_path / "empty").mkdir()
    (line,) = prepare(tmp_path, flag, "empty", code=1).splitlines()
    assert line.startswith("prepare_data.py: empty: holds no *.")
    broken = tmp_path / "broken"
    broken.write_text("a b\n")
    fault, closing = prepare(tmp_path, flag, "broken", code=1).splitlines()
    assert fault.startswith("broken:1: found 2 fields; wanted") and "corpus: found 1 fault in " in closing
    assert "broken" in closing and not (tmp_path / "data").exists()
