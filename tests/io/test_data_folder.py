"""Data folders: the tables agree with each other, and what is known comes back."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.data_folder import DataFolder, clear_data_folder, is_recording_name, read_facts, write_data_folder
from diar.segments import Segment, Turn

WAVS = {"r2": "/w/r2.wav", "r1": "/w/r1.flac", "R": "cat x.sph |"}
DURATIONS = {"r2": 10.0, "r1": 5.25, "R": 3.0}
TURNS = {
    "r1": [Turn(1.5, 2.25, "ann"), Turn(0.0, 1.0, "bob"), Turn(2.0, 3.0, "bob"), Turn(5.0, 9.0, "ann")],
    "r2": [Turn(0.0, 10.0, "ann")],
}


def table(path: Path) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in path.read_text().splitlines()}


def assert_sorted_in_the_c_locale(path: Path) -> None:
    done = subprocess.run(["sort", "-c", "-k1,1", str(path)], env={"LC_ALL": "C"}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("reference", [TURNS, None])
def test_the_tables_are_each_others_inverse_and_sorted(tmp_path: Path, reference) -> None:
    write_data_folder(tmp_path, WAVS, DURATIONS, reference)
    segments, utt2spk, spk2utt = (table(tmp_path / name) for name in ("segments", "utt2spk", "spk2utt"))
    assert segments.keys() == utt2spk.keys()
    assert {utterance: spk for utterance, (spk,) in utt2spk.items()} == {
        utterance: spk for spk, utterances in spk2utt.items() for utterance in utterances
    }
    assert sum(map(len, spk2utt.values())) == len(utt2spk)
    assert all(utterance.startswith(spk) for utterance, (spk,) in utt2spk.items())
    for name in ("segments", "utt2spk", "spk2utt", "wav.scp", "reco2dur"):
        assert_sorted_in_the_c_locale(tmp_path / name)
    for start, end in [(float(start), float(end)) for _, start, end in segments.values()]:
        assert 0 <= start < end


def test_an_utterance_is_a_turn_within_the_recording(tmp_path: Path) -> None:
    write_data_folder(tmp_path, WAVS, DURATIONS, TURNS)
    found = sorted((rec, float(start), float(end)) for rec, start, end in table(tmp_path / "segments").values())
    assert found == sorted(
        [("r1", 1.5, 2.25), ("r1", 0.0, 1.0), ("r1", 2.0, 3.0), ("r1", 5.0, 5.25), ("r2", 0.0, 10.0), ("R", 0.0, 3.0)]
    )
    speakers = {spk for (spk,) in table(tmp_path / "utt2spk").values()}
    assert speakers == {"r1-ann", "r1-bob", "r2-ann", "R"}, "speakers are not known across recordings"


@pytest.mark.parametrize(
    "turn", [Turn(5.25, 6.0, "x"), Turn(7.0, 8.0, "x"), Turn(1.0, 1.001, "x"), Turn(2.0, 2.0, "x")]
)
def test_turns_outside_the_recording_or_without_a_frame_are_no_utterances(tmp_path: Path, turn: Turn) -> None:
    write_data_folder(tmp_path, WAVS, DURATIONS, {"r1": [Turn(0.0, 1.0, "y"), turn]})
    assert [spk for (spk,) in table(tmp_path / "utt2spk").values() if spk.startswith("r1")] == ["r1-y"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ann", "bob"),
        ("spk1", "spk10"),
        ("a", "a-b"),
    ],
)
def test_utterances_and_speakers_have_one_order(tmp_path: Path, first: str, second: str) -> None:
    """Kaldi's validate_data_dir.sh refuses an utt2spk that is not sorted by speaker as well as by utterance."""
    turns = [Turn(0.0, 1.0, first), Turn(1.0, 2.0, second), Turn(2.0, 3.0, first)]
    write_data_folder(tmp_path, {"r": "r.wav"}, {"r": 5.0}, {"r": turns})
    speakers = [line.split()[1].encode() for line in (tmp_path / "utt2spk").read_text().splitlines()]
    assert speakers == sorted(speakers)


def test_durations_are_in_seconds_to_the_millisecond(tmp_path: Path) -> None:
    write_data_folder(tmp_path, WAVS, {"r1": 1 / 3, "r2": 600.0})
    assert (tmp_path / "reco2dur").read_text() == "r1 0.333\nr2 600.000\n"


def test_reference_text_is_kept_as_it_is(tmp_path: Path) -> None:
    text = (
        ";; a comment\nSPEAKER r1 1 1.50 0.75 <NA> <NA> ann <NA>\n"
        "NOSCORE r1 1 3.0 1.0 <NA> <NA> <NA> <NA>\nSPEAKER   r1 A 0 1* <NA> <NA> bob <NA> <NA>\r\n"
    )
    write_data_folder(tmp_path, WAVS, DURATIONS, text)
    assert (tmp_path / "ref.rttm").read_bytes().decode() == text
    folder = DataFolder(tmp_path)
    assert folder.reference_turns() == {"r1": [Turn(0.0, 1.0, "bob"), Turn(1.5, 2.25, "ann")]}
    assert [line.kind for line in folder.reference_lines() or []] == ["SPEAKER", "NOSCORE", "SPEAKER"]
    assert {spk for (spk,) in table(tmp_path / "utt2spk").values()} == {"r1-ann", "r1-bob", "r2", "R"}


def test_wavs_reference_and_regions_come_back(tmp_path: Path) -> None:
    regions = {"r1": [Segment(0.0, 2.0), Segment(3.0, 5.25)], "r2": [Segment(1.0, 10.0)]}
    write_data_folder(tmp_path / "new" / "set", WAVS, DURATIONS, TURNS, regions)
    folder = DataFolder(tmp_path / "new" / "set")
    assert list(folder.wav_scp().items()) == [("R", WAVS["R"]), ("r1", WAVS["r1"]), ("r2", WAVS["r2"])]
    assert folder.recordings() == ["R", "r1", "r2"]
    assert folder.reference_turns() == {rec: sorted(turns) for rec, turns in TURNS.items()}
    assert folder.uem() == regions


def test_without_a_reference_there_is_none(tmp_path: Path) -> None:
    write_data_folder(tmp_path, WAVS, DURATIONS)
    folder = DataFolder(tmp_path)
    assert folder.reference_lines() is None and folder.uem() is None
    with pytest.raises(DataError, match=r"ref\.rttm: no such file"):
        folder.reference_turns()


def test_a_second_writing_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    write_data_folder(tmp_path, WAVS, DURATIONS, TURNS, {"r1": [Segment(0, 1)]})
    write_data_folder(tmp_path, {"r1": "x.wav"}, {"r1": 1.0})
    assert not (tmp_path / "ref.rttm").exists() and not (tmp_path / "all.uem").exists()
    assert table(tmp_path / "wav.scp") == {"r1": ["x.wav"]} and list(table(tmp_path / "reco2dur")) == ["r1"]


def test_a_writing_that_fails_leaves_no_complete_folder(tmp_path: Path) -> None:
    write_data_folder(tmp_path, WAVS, DURATIONS, TURNS)
    with pytest.raises(DataError, match=r"ref\.rttm:1"):
        write_data_folder(tmp_path, WAVS, DURATIONS, "SPEAKER r1\n")
    assert not (tmp_path / "wav.scp").exists()


def test_recordings_without_a_duration_are_in_wav_scp_only(tmp_path: Path) -> None:
    write_data_folder(tmp_path, WAVS, {"r1": 5.0})
    assert set(table(tmp_path / "wav.scp")) == set(WAVS)
    assert list(table(tmp_path / "reco2dur")) == list(table(tmp_path / "utt2spk").values())[0] == ["r1"]


def test_missing_folders_and_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone/wav\.scp: no such folder; stage 0 makes it"):
        DataFolder(tmp_path / "gone").recordings()
    with pytest.raises(DataError, match=r"wav\.scp: no such file"):
        DataFolder(tmp_path).recordings()


@pytest.mark.parametrize("value", ["0", "-1", "two", "2.0", "1 2"])
def test_numbers_of_speakers_must_be_positive_integers(tmp_path: Path, value: str) -> None:
    (tmp_path / "reco2num_spk").write_text(f"a 3\nr {value}\n")
    with pytest.raises(DataError, match=rf"reco2num_spk: 'r' has '{value}' speakers"):
        DataFolder(tmp_path).num_speakers()


def test_what_is_known_is_copied_and_read(tmp_path: Path) -> None:
    (source := tmp_path / "corpus").mkdir()
    target = tmp_path / "data"
    write_data_folder(target, WAVS, DURATIONS, facts=read_facts(source))
    assert DataFolder(target).num_speakers() == {} == DataFolder(target).classes()
    (source / "reco2num_spk").write_text("r1 4\nr2 12\n")
    (source / "reco2class").write_text("r1 CMU\n")
    write_data_folder(target, WAVS, DURATIONS, facts=read_facts(source))
    assert DataFolder(target).num_speakers() == {"r1": 4, "r2": 12}
    assert DataFolder(target).classes() == {"r1": "CMU"}
    (source / "reco2class").unlink()
    write_data_folder(target, WAVS, DURATIONS, facts=read_facts(source))
    assert DataFolder(target).num_speakers() == {"r1": 4, "r2": 12} and DataFolder(target).classes() == {}
    write_data_folder(target, WAVS, DURATIONS)
    assert DataFolder(target).num_speakers() == {} == DataFolder(target).classes()


TABLES = (
    "wav.scp", "ref.rttm", "all.uem", "reco2num_spk", "reco2class", "reco2dur", "segments", "utt2spk", "spk2utt",
)  # fmt: skip


def test_clearing_removes_every_table_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "eval"
    clear_data_folder(folder)
    assert list(folder.iterdir()) == [], "the folder is made"
    for name in (*TABLES, "notes.txt", "wav.scp.orig"):
        (folder / name).write_text("x y\n")
    clear_data_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "wav.scp.orig"]


@pytest.mark.parametrize("name", TABLES[1:])
def test_a_clearing_that_fails_leaves_no_complete_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "wav.scp").write_text("x y\n")
    (tmp_path / name).mkdir()
    with pytest.raises(OSError):
        clear_data_folder(tmp_path)
    assert not (tmp_path / "wav.scp").exists()


@pytest.mark.parametrize("name", ["r", "R-1_b", "zoë", "a:b", "1"])
def test_names_of_recordings_are_taken(tmp_path: Path, name: str) -> None:
    assert is_recording_name(name)
    (tmp_path / "wav.scp").write_text(f"{name} /w/a.wav\n", encoding="utf-8")
    assert DataFolder(tmp_path).recordings() == [name]


@pytest.mark.parametrize("name", ["r.1", ".", "..", "../r", "a/b", "-r", "--share"])
def test_names_that_can_be_no_files_name_are_refused(tmp_path: Path, name: str) -> None:
    assert not is_recording_name(name)
    (tmp_path / "wav.scp").write_text(f"a /w/a.wav\n{name} /w/b.wav\n")
    reason = rf"wav\.scp: recording '{re.escape(name)}'; wanted a name without blanks, dots or slashes"
    for read in (DataFolder(tmp_path).wav_scp, DataFolder(tmp_path).recordings):
        with pytest.raises(DataError, match=reason):
            read()


@pytest.mark.parametrize("name", ["a b", "a\tb", " a", "a\n", "a\u00a0b"])
def test_names_with_blanks_are_no_recordings(name: str) -> None:
    assert not is_recording_name(name)


@pytest.mark.parametrize("name", ["wav.scp", "ref.rttm", "reco2num_spk", "reco2class"])
def test_the_digest_changes_with_what_outputs_depend_on(tmp_path: Path, name: str) -> None:
    write_data_folder(tmp_path, WAVS, DURATIONS, TURNS)
    before = DataFolder(tmp_path).digest()
    (tmp_path / "notes.txt").write_text("nothing to do with it")
    assert DataFolder(tmp_path).digest() == before
    with (tmp_path / name).open("a") as stream:
        stream.write("r9 1\n")
    assert DataFolder(tmp_path).digest() != before


def test_a_folder_may_be_its_own_source_of_facts(tmp_path: Path) -> None:
    (tmp_path / "reco2num_spk").write_text("r 3\n")
    write_data_folder(tmp_path, {"r": "r.wav"}, {"r": 1.0}, facts=read_facts(tmp_path))
    assert DataFolder(tmp_path).num_speakers() == {"r": 3}


def test_facts_that_are_not_text_are_refused_before_the_folder_is_cleared(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    write_data_folder(target, {"r": "r.wav"}, {"r": 1.0})
    (source / "reco2num_spk").write_bytes(b"r\xff 3\n")
    with pytest.raises(DataError, match=r"reco2num_spk: not UTF-8 text \(line 1, byte 1\)"):
        write_data_folder(target, {"r": "other.wav"}, {"r": 1.0}, facts=read_facts(source))
    assert DataFolder(target).wav_scp() == {"r": "r.wav"}


# ---- what features of others need ----------------------------------------------------------------------------------


def folder_with(path: Path, **files: str) -> DataFolder:
    for name, text in ({"wav_scp": "a /a.wav\nb /b.wav\n"} | files).items():
        (path / name.replace("wav_scp", "wav.scp")).write_text(text)
    return DataFolder(path)


def test_durations_are_read(tmp_path: Path) -> None:
    assert folder_with(tmp_path).durations() == {}
    assert folder_with(tmp_path, reco2dur="a 1.250\nb 60\n").durations() == {"a": 1.25, "b": 60.0}


@pytest.mark.parametrize(
    ("text", "shifts"),
    [
        ("0.0125\n", {"a": 0.0125, "b": 0.0125}),
        ("a 0.01\nb 0.02\n", {"a": 0.01, "b": 0.02}),
        ("a-1 0.02\na-2 0.02\nb-1 0.02\n", {"a": 0.02, "b": 0.02}),
    ],
)
def test_frame_shifts_are_one_for_all_or_one_each(tmp_path: Path, text: str, shifts: dict[str, float]) -> None:
    assert folder_with(tmp_path).frame_shifts() == {}
    assert folder_with(tmp_path, frame_shift=text).frame_shifts() == shifts


@pytest.mark.parametrize("number", ["x", "0", "-1", "nan", "inf"])
def test_durations_and_shifts_that_are_no_positive_numbers_are_refused(tmp_path: Path, number: str) -> None:
    for text in (f"{number}\n", f"a 0.01\nb {number}\n"):
        with pytest.raises(DataError, match=f"frame_shift.*: found '{number}'; wanted seconds, above 0"):
            folder_with(tmp_path, frame_shift=text).frame_shifts()
    with pytest.raises(DataError, match=f"reco2dur: 'b': found '{number}'; wanted seconds"):
        folder_with(tmp_path, reco2dur=f"b {number}\n").durations()


def test_different_shifts_without_all_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="frame_shift: recording 'b' is not listed"):
        folder_with(tmp_path, frame_shift="a 0.01\nb-1 0.02\n").frame_shifts()
