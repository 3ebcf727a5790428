"""The AMI corpus: what is found where, and everything that can be wrong with it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ami_tree import ARRAY, HEADSETS, RATE, FakeAmi
from recipe_tree import write_audio
from step_runner import call_step

AMI = Path(__file__).parents[2] / "local" / "ami"
sys.path.append(str(AMI))

import ami_setup  # noqa: E402

MEETINGS = ("ES2011a", "IB4001", "IS1008b")


@pytest.fixture
def ami(tmp_path: Path) -> FakeAmi:
    """Three development meetings with all microphones, and one of each other part."""
    made = FakeAmi(tmp_path)
    made.add_small(MEETINGS, ("Mix-Headset", *ARRAY, *HEADSETS))
    made.add_small(["EN2002a"], ("Mix-Headset",), "test")
    made.add_small(["EN2001a"], ("Mix-Headset",), "train")
    return made


def prepare(ami: FakeAmi, *options: str, code: int = 0) -> str:
    """What local/ami/prepare_data.py says; it writes data/ beside the corpus."""
    words = ("--setup", ami.setup.name, *options, ami.corpus.name, "data")
    return call_step(ami.corpus.parent, "../local/ami/prepare_data.py", *words, code=code, job=False)


def table(ami: FakeAmi, name: str) -> dict[str, list[str]]:
    lines = (ami.corpus.parent / "data" / name).read_text().splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines}


def faults(ami: FakeAmi, *options: str) -> list[str]:
    """The faults that are told, each in a line, before the closing one; nothing is written."""
    *told, closing = prepare(ami, *options, code=1).splitlines()
    assert f"{ami.corpus.name}: found {len(told)} fault" in closing and "--meetings" in closing
    assert not (ami.corpus.parent / "data").exists()
    return told


def check_data(ami: FakeAmi) -> None:
    call_step(ami.corpus.parent, "../utils/check_data.py", "data", job=False)


# ---- what is found -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mic", "microphone"), [("mix-headset", "Mix-Headset"), ("sdm", "Array1-01")])
def test_one_microphone_is_a_file_of_each_meeting(ami: FakeAmi, mic: str, microphone: str) -> None:
    printed = prepare(ami, "--mic", mic)
    assert printed == "data: 3 recordings, 0.1 minutes, 0.1 of them to score\n"
    assert table(ami, "wav.scp") == {m: [str(ami.audio(m, microphone))] for m in MEETINGS}
    assert table(ami, "all.uem") == {m: ["1", "0.000", "1.000"] for m in MEETINGS}
    turns = [line.split() for line in (ami.corpus.parent / "data" / "ref.rttm").read_text().splitlines()]
    assert [turn[1] for turn in turns] == [m for m in MEETINGS for _ in range(4)]
    assert {turn[7] for turn in turns} == {"FEE040", "FEE041", "FEE042", "FEE043"}
    assert not (ami.corpus.parent / "data" / "reco2channels").exists()
    check_data(ami)


def test_the_default_is_the_mix_of_the_development_meetings(ami: FakeAmi) -> None:
    prepare(ami)
    default = {path.name: path.read_bytes() for path in (ami.corpus.parent / "data").iterdir()}
    prepare(ami, "--mic", "mix-headset", "--part", "dev")
    assert default == {path.name: path.read_bytes() for path in (ami.corpus.parent / "data").iterdir()}


@pytest.mark.parametrize(("part", "meeting"), [("test", "EN2002a"), ("train", "EN2001a")])
def test_parts_are_those_of_the_setups_lists(ami: FakeAmi, part: str, meeting: str) -> None:
    prepare(ami, "--part", part)
    assert table(ami, "wav.scp").keys() == {meeting}


def test_all_microphones_of_the_array_are_one_recordings(ami: FakeAmi) -> None:
    prepare(ami, "--mic", "mdm")
    assert table(ami, "wav.scp") == {m: [str(ami.audio(m, "Array1-01"))] for m in MEETINGS}
    assert table(ami, "reco2channels") == {m: [str(ami.audio(m, name)) for name in ARRAY] for m in MEETINGS}
    check_data(ami)


def test_the_mean_of_the_headsets_is_written(ami: FakeAmi) -> None:
    write_audio(ami.audio("IB4001", "Headset-4"), 0.1 * np.ones(RATE), RATE)
    prepare(ami, "--mic", "ihm-mix")
    for meeting in MEETINGS:
        headsets = [*HEADSETS, "Headset-4"] if meeting == "IB4001" else HEADSETS
        signals = [soundfile.read(ami.audio(meeting, name))[0] for name in headsets]
        (source,) = table(ami, "wav.scp")[meeting]
        assert source == str(ami.corpus.parent / "data" / "wav" / f"{meeting}.flac")
        found, rate = soundfile.read(source)
        assert rate == RATE
        np.testing.assert_allclose(found, np.mean(signals, axis=0), atol=2**-22)
    check_data(ami)


def test_fewer_headsets_than_speakers_are_told(ami: FakeAmi) -> None:
    ami.audio("IB4001", "Headset-3").unlink()
    assert "warning: IB4001: 3 headsets of 4 speakers\n" in prepare(ami, "--mic", "ihm-mix")


@pytest.mark.parametrize("tail", ["", ".Mix-Headset"])
def test_no_dot_reaches_the_data_folder(tmp_path: Path, tail: str) -> None:
    ami = FakeAmi(tmp_path)
    ami.add_small(["TS3004a"], ["Mix-Headset"], tail=tail)
    prepare(ami)
    for name in ("wav.scp", "reco2dur", "all.uem"):
        assert table(ami, name).keys() == {"TS3004a"}
    lines = (tmp_path / "data" / "ref.rttm").read_text().splitlines()
    assert {line.split()[1] for line in lines} == {"TS3004a"} and len(lines) == 4
    check_data(ami)


@pytest.mark.parametrize("named", ["IS1008b ES2011a", "IS1008b,ES2011a", " IS1008b,  ES2011a,IS1008b "])
def test_only_named_meetings(ami: FakeAmi, named: str) -> None:
    shutil.rmtree(ami.corpus / "IB4001")
    prepare(ami, "--meetings", named)
    for name in ("wav.scp", "all.uem"):
        assert table(ami, name).keys() == {"ES2011a", "IS1008b"}
    assert {line.split()[1] for line in (ami.corpus.parent / "data" / "ref.rttm").open()} == {"ES2011a", "IS1008b"}


def test_files_may_lie_in_any_folder_or_behind_links_or_be_flac(ami: FakeAmi) -> None:
    ami.audio("ES2011a", "Mix-Headset").rename(ami.corpus / "ES2011a.Mix-Headset.wav")
    away = ami.corpus.parent / "other disk"
    shutil.move(ami.corpus / "IB4001", away)
    (ami.corpus / "IB4001").symlink_to(away)
    (ami.corpus / "IS1008b" / "again").symlink_to(ami.corpus / "IS1008b")  # a loop
    wav = ami.audio("IS1008b", "Mix-Headset")
    flac = write_audio(wav.with_suffix(".flac"), soundfile.read(wav)[0], RATE)
    wav.unlink()
    (ami.corpus / "links").mkdir()
    (ami.corpus / "links" / flac.name).symlink_to(flac)
    prepare(ami)
    assert table(ami, "wav.scp")["ES2011a"] == [str(ami.corpus / "ES2011a.Mix-Headset.wav")]
    assert " ".join(table(ami, "wav.scp")["IB4001"]) == str(away / "audio" / "IB4001.Mix-Headset.wav")
    assert table(ami, "wav.scp")["IS1008b"] == [str(flac)]


def test_meetings_of_which_there_is_no_array_are_left_out_unless_they_are_named(ami: FakeAmi) -> None:
    ami.add_small(ami_setup.WITHOUT_ARRAY, ["Mix-Headset"], "train")
    write_audio(ami.audio("EN2001a", "Array1-01"), np.zeros(RATE), RATE)
    printed = prepare(ami, "--part", "train", "--mic", "sdm")
    assert "warning: IS1003b and IS1007d: left out, since AMI has no audio of their array" in printed
    assert table(ami, "wav.scp").keys() == {"EN2001a"}
    prepare(ami, "--part", "train")
    assert table(ami, "wav.scp").keys() == {"EN2001a", *ami_setup.WITHOUT_ARRAY}
    shutil.rmtree(ami.corpus.parent / "data")
    (fault,) = faults(ami, "--part", "train", "--mic", "sdm", "--meetings", "IS1003b EN2001a")
    assert fault.startswith("IS1003b: no IS1003b.Array1-01.wav in amicorpus or any folder below, only Mix-Headset")


def test_an_array_that_lacks_some_microphones_goes_with_the_others(ami: FakeAmi) -> None:
    for name in ARRAY[2:]:
        ami.audio("IB4001", name).unlink()
    printed = prepare(ami, "--mic", "mdm")
    assert f"warning: IB4001: goes without {', '.join(ARRAY[2:])}" in printed
    assert table(ami, "reco2channels")["IB4001"] == [str(ami.audio("IB4001", name)) for name in ARRAY[:2]]
    shutil.rmtree(ami.corpus.parent / "data")
    ami.audio("IB4001", ARRAY[1]).unlink()  # one is no array
    (fault,) = faults(ami, "--mic", "mdm")
    missing = ", ".join(f"IB4001.{name}.wav" for name in ARRAY[1:])
    assert fault.startswith(f"IB4001: no {missing} (one more will do) in amicorpus or any folder below, only Array1-01")


# ---- what is wrong -------------------------------------------------------------------------------------------------


def test_everything_that_is_missing_or_doubled_is_told_in_full(ami: FakeAmi) -> None:
    ami.add_small(["TS3004a", "TS3004b", "TS3004c"], ["Mix-Headset"])
    ami.audio("ES2011a", "Mix-Headset").unlink()
    shutil.rmtree(ami.corpus / "IB4001")
    copy = ami.corpus / "copy" / "IS1008b.Mix-Headset.wav"
    copy.parent.mkdir()
    shutil.copy(ami.audio("IS1008b", "Mix-Headset"), copy)
    ami.rttm("TS3004a").unlink()
    ami.uem("TS3004b").unlink()
    ami.rttm("TS3004c").unlink()
    ami.uem("TS3004c").unlink()
    others = ", ".join(sorted((*ARRAY, *HEADSETS)))
    dev = "AMI-diarization-setup/{}/dev/{}"
    assert faults(ami) == [
        f"ES2011a: no ES2011a.Mix-Headset.wav in amicorpus or any folder below, only {others}",
        "IB4001: no IB4001.Mix-Headset.wav in amicorpus or any folder below, nothing of this meeting",
        f"IS1008b: several IS1008b.Mix-Headset.wav: {ami.audio('IS1008b', 'Mix-Headset')}, {copy}; wanted one of them,"
        " remove the others",
        f"TS3004a: no {dev.format('only_words/rttms', 'TS3004a.rttm')}, its reference",
        f"TS3004c: no {dev.format('only_words/rttms', 'TS3004c.rttm')}, its reference",
        f"TS3004b: no {dev.format('uems', 'TS3004b.uem')}, its regions to score",
        f"TS3004c: no {dev.format('uems', 'TS3004c.uem')}, its regions to score",
    ]


def test_a_data_folder_that_was_there_stays_as_it_was(ami: FakeAmi) -> None:
    prepare(ami)
    before = {path: path.read_bytes() for path in (ami.corpus.parent / "data").iterdir()}
    ami.rttm("IB4001").unlink()
    prepare(ami, code=1)
    assert before == {path: path.read_bytes() for path in (ami.corpus.parent / "data").iterdir()}


def test_tables_that_are_no_rttm_or_uem_or_of_another_meeting(ami: FakeAmi) -> None:
    with ami.rttm("ES2011a").open("a") as stream:
        stream.write("SPEAKER ES2011a 1 0.5\n")
    ami.rttm("IB4001").write_text(ami.rttm("ES2011a", "dev").read_text().replace("SPEAKER ES2011a 1 0.5\n", ""))
    ami.rttm("IS1008b").write_text("")
    ami.uem("ES2011a").write_text("ES2011a 1 5 1\n")
    ami.uem("IB4001").write_text("IB4001 1 0 1\nIB4002 1 0 1\n")
    ami.uem("IS1008b").write_text(";; nothing\n")
    told = faults(ami)
    rttm, uem = ("AMI-diarization-setup/" + folder for folder in ("only_words/rttms/dev/", "uems/dev/"))
    assert [fault.split("; wanted")[0] for fault in told] == [
        f"{rttm}ES2011a.rttm:5: found 4 fields",
        f"{rttm}IB4001.rttm: tells of ES2011a",
        f"{rttm}IS1008b.rttm: tells of nothing",
        f"{uem}ES2011a.uem:1: found a region from 5.0 to 1.0 s",
        f"{uem}IB4001.uem: tells of IB4002",
        f"{uem}IS1008b.uem: covers nothing",
    ]


@pytest.mark.parametrize("numbers", [[0], [0, 2], []])
def test_headsets_with_a_gap_are_missing(ami: FakeAmi, numbers: list[int]) -> None:
    for number in range(4):
        if number not in numbers:
            ami.audio("IB4001", f"Headset-{number}").unlink()
    missing = {(0,): [1], (0, 2): [1], (): [0, 1]}[tuple(numbers)]
    told = faults(ami, "--mic", "ihm-mix")
    names = ", ".join(f"IB4001.Headset-{n}.wav" for n in missing)
    assert [fault.split(" in ")[0] for fault in told] == [f"IB4001: no {names}"]


def test_a_headset_that_was_cut_is_told_before_anything_is_written(ami: FakeAmi) -> None:
    path = ami.audio("IB4001", "Headset-2")
    path.write_bytes(path.read_bytes()[:-1000])
    (fault,) = faults(ami, "--mic", "ihm-mix")
    assert fault.startswith(f"{path}: truncated")


def test_headsets_that_cannot_be_mixed_leave_no_data_folder_that_looks_whole(ami: FakeAmi) -> None:
    prepare(ami)
    write_audio(ami.audio("IB4001", "Headset-2"), np.full(RATE, np.nan), RATE, subtype="FLOAT")  # which no header tells
    *_, line = prepare(ami, "--mic", "ihm-mix", code=1).splitlines()
    assert "IB4001.Headset-2.wav" in line
    assert not (ami.corpus.parent / "data" / "wav.scp").exists()
    assert [path.name for path in (ami.corpus.parent / "data" / "wav").iterdir()] == ["ES2011a.flac"]


def test_headsets_of_different_rates_are_told_before_anything_is_written(ami: FakeAmi) -> None:
    write_audio(ami.audio("IB4001", "Headset-2"), np.zeros(2 * RATE), 2 * RATE)
    (fault,) = faults(ami, "--mic", "ihm-mix")
    assert "IB4001.Headset-2.wav: has 16000 Hz; wanted 8000 Hz, as " in fault


def test_audio_that_was_cut_is_left_to_the_next_stage(ami: FakeAmi) -> None:
    path = ami.audio("IB4001", "Mix-Headset")
    path.write_bytes(path.read_bytes()[:-1000])
    assert f"warning: IB4001: {path}: truncated" in prepare(ami)
    assert table(ami, "wav.scp").keys() == set(MEETINGS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--meetings", "IB4001 XY1"), r"--meetings: found 'XY1'; wanted some of --part dev: ES2011a IB4001 IS1008b"),
        (("--part", "test", "--meetings", "IB4001"), "--meetings: found 'IB4001'; wanted some of --part test: EN2002a"),
        (("--mic", "ihm"), "--mic: found 'ihm'; wanted one of mix-headset, sdm, mdm, ihm-mix"),
        (("--part", "eval"), "--part: found 'eval'; wanted one of dev, test, train"),
        (("--setup", ""), "--setup: found none; wanted the folder of the setup repository; git clone https://github.com/"),
        (("--setup", "nowhere"), "nowhere/lists/dev.meetings.txt: no such folder; wanted --setup with lists/"),
        (("--setup", "amicorpus"), "amicorpus/lists/dev.meetings.txt: no such file; wanted --setup with lists/"),
    ],
)  # fmt: skip
def test_wrong_options_are_told_in_a_line(ami: FakeAmi, words: tuple[str, ...], message: str) -> None:
    (line,) = prepare(ami, *words, code=1).splitlines()
    assert line.startswith(f"prepare_data.py: {message}")
    assert not (ami.corpus.parent / "data").exists()


def test_a_corpus_that_is_not_there(ami: FakeAmi) -> None:
    shutil.rmtree(ami.corpus)
    (line,) = prepare(ami, code=1).splitlines()
    assert "amicorpus: no such folder; wanted the corpus, with EN2001a/audio/EN2001a.Mix-Headset.wav" in line


def test_the_setup_in_place_of_the_corpus_says_what_was_looked_for(ami: FakeAmi) -> None:
    ami.corpus = ami.setup
    told = faults(ami)
    assert len(told) == 3 and all("Mix-Headset.wav in AMI-diarization-setup or any folder below" in x for x in told)
