"""Files of turns: what is written in any of the ten formats is read again; other programs' readers agree."""

from __future__ import annotations

import html
import math
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from turn_strategies import turn_lists

from diar.errors import DataError
from diar.io.turn_files import FORMATS, format_of, is_turn_file, read_turn_files
from diar.segments import Turn, join_overlaps

CONFIDENT = ("rttm", "json", "csv", "ctm")
JOINING = ("textgrid", "segments")
TURNS = {"r": [Turn(0.5, 1.75, "Ann", 0.9), Turn(1.0, 3.0, "Bob")], "q": [Turn(100.0, 360000.125, "Ann")]}
ONE = {"r": TURNS["r"]}
no_fixture_reset = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def path_of(name: str, folder: Path) -> Path:
    """A file for one recording called r, or the folder that the format wants."""
    return folder / f"r{FORMATS[name].suffix}"


def expected(name: str, turns: list[Turn]) -> list[tuple[float, float, str, float]]:
    """What the format keeps of turns: overlaps joined where it cannot hold them, a confidence where it has a place."""
    kept = join_overlaps(turns) if name in JOINING else turns
    return sorted(
        (turn.start, turn.end, turn.speaker, -1 if math.isnan(turn.confidence) or name not in CONFIDENT else turn[3])
        for turn in kept
    )


def shown(turns: list[Turn]) -> list[tuple[float, float, str, float]]:
    return sorted((*turn[:3], -1 if math.isnan(turn.confidence) else turn.confidence) for turn in turns)


def assert_same(found: list[Turn], wanted: list[tuple[float, float, str, float]]) -> None:
    assert [turn[2:] for turn in shown(found)] == [turn[2:] for turn in wanted]
    for turn, (start, end, *_) in zip(shown(found), wanted, strict=True):
        assert turn[:2] == pytest.approx((start, end), abs=1e-6, rel=0)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@no_fixture_reset
def test_what_is_written_is_read_again(tmp_path: Path, name: str, data: st.DataObject) -> None:
    turns = data.draw(turn_lists(shortest=20 if name == "segments" else 1))
    assume(name != "srt" or not any(set("[]<>") & set(turn.speaker) for turn in turns))
    assume(name not in ("lab", "audacity") or not any(read_as_silence(turn.speaker) for turn in turns))
    written = FORMATS[name].write(path_of(name, tmp_path), {"r": turns})
    again, _ = read_turn_files([path_of(name, tmp_path)], name)
    assert_same(again.get("r", []), expected(name, turns))
    assert (path_of(name, tmp_path) in written) == (name != "segments")


def read_as_silence(speaker: str) -> bool:
    return speaker.strip("[]<>(){}").lower() in ("", "#", "sil", "silence", "noise", "music", "pau", "nsp")


@pytest.mark.parametrize("name", FORMATS)
@given(seconds=st.lists(st.floats(0, 5000), min_size=2, max_size=2).map(sorted))
@no_fixture_reset
def test_any_time_is_right_to_the_millisecond(tmp_path: Path, name: str, seconds: list[float]) -> None:
    start, end = seconds
    assume(end - start > 0.02)
    FORMATS[name].write(path_of(name, tmp_path), {"r": [Turn(start, end, "A")]})
    ((turn,),) = read_turn_files([path_of(name, tmp_path)], name)[0].values()
    assert (turn.start, turn.end) == pytest.approx((start, end), abs=0.000501, rel=0)


@pytest.mark.parametrize("name", FORMATS)
def test_several_recordings_come_back(tmp_path: Path, name: str) -> None:
    target = FORMATS[name]
    path = tmp_path / f"all{target.suffix}" if target.several else tmp_path / "labels"
    files = (target.write if target.several else target.write_into)(path, TURNS)
    assert all(file.is_file() for file in files)
    assert len(files) == {"segments": 3}.get(name, 1 if target.several else 2)
    again, _ = read_turn_files([path])
    assert again.keys() == TURNS.keys()
    for recording, turns in TURNS.items():
        assert_same(again[recording], expected(name, turns))


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_of_turns_changes_no_byte(name: str) -> None:
    target = FORMATS[name]
    turns = [*ONE["r"], Turn(1, 2, "Ann", 0.5), Turn(1, 2, "Ann")]  # the same turn, with and without a confidence
    orders = [{"r": turns, "q": turns[1:], "z": turns}, {"z": turns[::-1], "q": turns[:0:-1], "r": turns[::-1]}]
    for one, other in (orders, [{"r": turns}, {"r": turns[::-1]}]):
        first, second = (target.texts(target._ready(order), {}) for order in (one, other))
        assert list(first.items()) == list(second.items())


@pytest.mark.parametrize(
    ("output", "is_file"),
    [("a.srt", True), ("a.TEXTGRID", True), ("a.v2", False), ("a", False), ("there.v2", True), ("x.srt", False),
     ("a.srt/", False)],
)
def test_what_is_there_or_else_the_suffix_tells_a_file_from_a_folder(
    tmp_path: Path, output: str, is_file: bool
) -> None:
    (tmp_path / "there.v2").touch()
    (tmp_path / "x.srt").mkdir()
    assert is_turn_file(f"{tmp_path}/{output}") == is_file


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_has_a_file_a_recording(tmp_path: Path, name: str) -> None:
    written = FORMATS[name].write_into(tmp_path / "new" / "out", TURNS)
    found = FORMATS[name].suffix
    wanted = [f"q{found}", f"r{found}"] if found else ["segments", "spk2utt", "utt2spk"]
    assert sorted(path.name for path in written) == wanted
    assert list(read_turn_files([tmp_path / "new" / "out"], name)[0]) == ["q", "r"]
    if found:
        with pytest.raises(DataError, match=f"{name}: a recording's name holds '/'"):
            FORMATS[name].write_into(tmp_path, {"../up": ONE["r"]})


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "segments"])
def test_a_later_recording_is_as_much_later(tmp_path: Path, name: str) -> None:
    later = [turn._replace(start=turn.start + 7, end=turn.end + 7) for turn in ONE["r"]]
    FORMATS[name].write(path_of(name, tmp_path), {"r": later})
    again = read_turn_files([path_of(name, tmp_path)])[0]["r"]
    assert [turn.start - 7 for turn in again] == pytest.approx([0.5, 1.0])


def test_what_rounds_to_nothing_is_left_out() -> None:
    turns = [Turn(0.0006, 0.0012, "A"), Turn(0.0001, 0.0004, "B"), Turn(1.9996, 2.5004, "C"), Turn(-0.1, 0.002, "D")]
    assert FORMATS["csv"].text({"r": turns}).splitlines()[1:] == ["r,0.000,0.002,D,", "r,2.000,2.500,C,"]


# ---- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_blanks_in_names(tmp_path: Path, name: str) -> None:
    blank = {"rttm": "_", "ctm": "_", "lab": "_", "segments": "_"}.get(name, " ")
    FORMATS[name].write(path_of(name, tmp_path), {"r": [Turn(0, 1, " Ann\t of \nYork ")]})
    assert read_turn_files([path_of(name, tmp_path)])[0]["r"][0].speaker == f"Ann{blank}of{blank}York"
    clash = {"r": [Turn(0, 1, "A B"), Turn(1, 2, f"A{blank}{'' if blank == '_' else ' '}B")]}
    with pytest.raises(DataError, match=f"{name}: the speakers 'A B' and '.*' would both be 'A{blank}B'"):
        FORMATS[name].text(clash)
    recordings = {"a b": [], f"a{blank if blank == '_' else '  '}b": []}
    with pytest.raises(DataError, match="the recordings 'a b'"):
        FORMATS[name].texts(FORMATS[name]._ready(recordings), {})


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("speaker", ["", " \n", "a\x00b", "\ud800"])
def test_names_that_no_file_can_hold_are_refused(tmp_path: Path, name: str, speaker: str) -> None:
    with pytest.raises(DataError, match=f"{name}: "):
        FORMATS[name].write(path_of(name, tmp_path), {"r": [Turn(0, 1, speaker)]})
    assert list(tmp_path.iterdir()) == [] or name == "segments"


def test_names_that_mean_something_else_are_refused() -> None:
    with pytest.raises(DataError, match="rttm: found a speaker called '<NA>'"):
        FORMATS["rttm"].text({"r": [Turn(0, 1, "<NA>")]})
    with pytest.raises(DataError, match="srt: a recording's name holds '/'"):
        FORMATS["srt"].text({"a/b": [Turn(0, 1, "A")]})


# ---- files ---------------------------------------------------------------------------------------------------------


def test_formats_are_told_by_their_suffix(tmp_path: Path) -> None:
    for name, found in FORMATS.items():
        assert format_of(Path(f"a.b{found.suffix.upper()}" if found.suffix else "data/segments"), "--to").name == name
    (tmp_path / "segments").touch()
    assert format_of(tmp_path, "--from").name == "segments"
    with pytest.raises(DataError, match=r"a\.doc: has the suffix '\.doc'; wanted one of \.rttm, .*; or .* --to"):
        format_of(Path("a.doc"), "--to")


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    FORMATS["lab"].write(tmp_path / "a.lab", ONE)
    FORMATS["lab"].write(tmp_path / "b.LAB", ONE)
    (tmp_path / "notes.md").write_text("not turns")
    assert list(read_turn_files([tmp_path])[0]) == ["a", "b"]
    (tmp_path / "score.txt").write_text("not turns")
    assert list(read_turn_files([tmp_path], "lab")[0]) == ["a", "b"]
    with pytest.raises(DataError, match="holds files of audacity, lab; wanted one format; name it with --from"):
        read_turn_files([tmp_path])
    with pytest.raises(DataError, match=r"holds no file of turns; wanted \.vtt"):
        read_turn_files([tmp_path], "vtt")


def test_a_recording_in_two_files_is_refused(tmp_path: Path) -> None:
    FORMATS["srt"].write(tmp_path / "r.srt", ONE)
    FORMATS["csv"].write(tmp_path / "all.csv", TURNS)
    with pytest.raises(DataError, match=r"r\.srt: recording 'r' is in .*all\.csv, too"):
        read_turn_files([tmp_path / "all.csv", tmp_path / "r.srt"])


def test_one_file_for_several_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.srt: 2 files of srt: q\.srt, r\.srt; wanted one; name a folder"):
        FORMATS["srt"].write(tmp_path / "a.srt", TURNS)
    with pytest.raises(DataError, match="standard output: 3 files of segments"):
        FORMATS["segments"].text(TURNS)
    with pytest.raises(DataError, match="found 'doc'; wanted one of rttm, json"):
        read_turn_files([tmp_path / "a.doc"], "doc")


def test_durations_go_through(tmp_path: Path) -> None:
    lengths = {"r": 20.0, "q": 400000.5}
    FORMATS["json"].write(tmp_path / "a.json", TURNS, lengths)
    turns, found = read_turn_files([tmp_path / "a.json"])
    assert found == lengths
    FORMATS["textgrid"].write_into(tmp_path / "grids", turns, found)
    assert read_turn_files([tmp_path / "grids"])[1] == lengths


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_turn_files([tmp_path / f"none{FORMATS[name].suffix or '/segments'}"])


# ---- other programs' readers ---------------------------------------------------------------------------------------


@given(turns=turn_lists())
@no_fixture_reset
def test_praatio_reads_the_same_intervals(tmp_path: Path, turns: list[Turn]) -> None:
    textgrid = pytest.importorskip("praatio.textgrid")
    FORMATS["textgrid"].write(tmp_path / "r.TextGrid", {"r": turns}, {"r": 1.5})
    grid = textgrid.openTextgrid(str(tmp_path / "r.TextGrid"), includeEmptyIntervals=True, reportingMode="error")
    end = max([1.5, *(turn.end for turn in turns)])
    assert (grid.minTimestamp, grid.maxTimestamp) == (0, pytest.approx(end))
    found = []
    for tier in grid.tiers:
        reached = 0.0
        for first, last, text in tier.entries:
            assert first == pytest.approx(reached), "no gap, no overlap"
            reached = last
            if text:
                assert text == tier.name
                found.append(Turn(first, last, text))
        assert reached == pytest.approx(end)
    assert_same(found, expected("textgrid", turns))


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


@pytest.mark.parametrize("name", ["srt", "vtt"])
@given(turns=turn_lists())
@no_fixture_reset
def test_webvtt_reads_the_same_cues(tmp_path: Path, name: str, turns: list[Turn]) -> None:
    webvtt = pytest.importorskip("webvtt")
    path = path_of(name, tmp_path)
    FORMATS[name].write(path, {"r": turns})
    assume(turns)  # it takes a file without cues for a faulty one
    cues = webvtt.from_srt(path) if name == "srt" else webvtt.read(path)
    if name == "srt":
        turns = [turn._replace(speaker=turn.speaker.translate(str.maketrans("[]<>", "()()"))) for turn in turns]
        speakers = [cue.text[1:-1] for cue in cues]
    else:
        assert all(cue.text == f"[{cue.voice}]" for cue in cues)
        speakers = [html.unescape(cue.voice) for cue in cues]
    found = [Turn(seconds(cue.start), seconds(cue.end), who) for cue, who in zip(cues, speakers, strict=True)]
    assert_same(found, expected(name, turns))


@given(turns=turn_lists(speakers=st.from_regex(r"[a-z]{1,4}", fullmatch=True)))
@no_fixture_reset
def test_pyannote_reads_the_same_rttm(tmp_path: Path, turns: list[Turn]) -> None:
    from pyannote.database.util import load_rttm

    FORMATS["rttm"].write(tmp_path / "r.rttm", {"r": turns})
    if turns:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            annotation = load_rttm(tmp_path / "r.rttm")["r"]
        tracks = annotation.itertracks(yield_label=True)
        found = [Turn(segment.start, segment.end, label) for segment, _, label in tracks]
        assert_same(found, [(*turn[:3], -1) for turn in expected("rttm", turns)])
