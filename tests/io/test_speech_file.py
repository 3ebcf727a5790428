"""Speech from files of every hand: each format says the same of the same meeting."""

from __future__ import annotations

from pathlib import Path

import kaldiio
import numpy as np
import pytest

from diar.errors import DataError
from diar.io.speech_file import SpeechFile
from diar.io.turn_formats.labels import NON_SPEECH

SPEECH = {"a": [(0.5, 1.23), (2.0, 2.5)], "b": [(0.0, 0.07), (1.0, 3.0)]}
N_FRAMES = 300


def expected(recording: str) -> list[float]:
    """Frame by frame: whether its middle lies in speech."""
    middles = (np.arange(N_FRAMES) + 0.5) / 100
    return [float(any(start < middle < end for start, end in SPEECH[recording])) for middle in middles]


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def assert_says_so(path: Path, *recordings: str) -> None:
    speech = SpeechFile(path, recordings)
    for recording in recordings:
        frames = speech.frames(recording, N_FRAMES)
        assert frames.dtype == np.float32 and frames.tolist() == expected(recording)


def rttm(*recordings: str) -> str:
    return "; a comment\n" + "".join(
        f"SPEAKER {recording} 1 {start} {end - start:.3f} <NA> <NA> ann <NA> <NA>\n"
        for recording in recordings
        for start, end in SPEECH[recording]
    )


def labels(recording: str, form: str, scale: float = 1) -> str:
    return "".join(form.format(start * scale, end * scale) for start, end in SPEECH[recording])


# ---- tables of all recordings --------------------------------------------------------------------------------------


def test_kaldis_segments(tmp_path: Path) -> None:
    lines = [
        f"{recording}-{k} {recording} {start} {end}\n"
        for recording in SPEECH
        for k, (start, end) in enumerate(SPEECH[recording])
    ]
    assert_says_so(written(tmp_path / "segments", "".join(lines)), "a", "b")
    assert_says_so(written(tmp_path / "backwards", "".join(lines[::-1])), "b", "a")


def test_segments_whose_names_are_numbers(tmp_path: Path) -> None:
    path = written(tmp_path / "segments", "17 1 0.0 0.5\n18 1 1.0 1.5\n")
    assert SpeechFile(path, ["1", "2"]).frames("1", 200).sum() == 100
    path = written(tmp_path / "labels", "0.0 0.5 1 2\n")  # these are labels, with a score of HTK's
    assert SpeechFile(path, ["r"]).frames("r", 200).sum() == 50


def test_an_end_of_minus_one_is_the_recordings(tmp_path: Path) -> None:
    path = written(tmp_path / "segments", "u a 1.5 -1\n")
    assert SpeechFile(path, ["a"]).frames("a", 400).tolist() == [0.0] * 150 + [1.0] * 250


def test_rttm(tmp_path: Path) -> None:
    assert_says_so(written(tmp_path / "ref.rttm", rttm("a", "b")), "a", "b")
    info = "SPKR-INFO a 1 <NA> <NA> <NA> unknown ann <NA>\nNOSCORE a 1 0.0 3.0 <NA> <NA> <NA> <NA>\n"
    assert_says_so(written(tmp_path / "named_anyhow", info + rttm("b", "a")), "a", "b")


def test_kaldis_vad_scp(tmp_path: Path) -> None:
    vectors = {recording: np.array(expected(recording), dtype=np.float32) for recording in SPEECH}
    kaldiio.save_ark(str(tmp_path / "vad.ark"), vectors, scp=str(tmp_path / "vad.scp"))
    assert_says_so(tmp_path / "vad.scp", "a", "b")
    kaldiio.save_ark(str(tmp_path / "vad.ark"), vectors, scp=str(tmp_path / "vad.scp"), text=True)
    assert_says_so(tmp_path / "vad.scp", "a", "b")


def test_vectors_a_little_shorter_or_longer_are_fitted(tmp_path: Path) -> None:
    kaldiio.save_ark(str(tmp_path / "v.ark"), {"a": np.ones(98, np.float32)}, scp=str(tmp_path / "vad.scp"))
    assert SpeechFile(tmp_path / "vad.scp", ["a"]).frames("a", 100).tolist() == [1.0] * 98 + [0.0] * 2
    assert SpeechFile(tmp_path / "vad.scp", ["a"]).frames("a", 60).tolist() == [1.0] * 60


def test_recordings_of_the_file_that_are_not_asked_for_are_passed_over(tmp_path: Path) -> None:
    assert_says_so(written(tmp_path / "ref.rttm", rttm("a", "b")), "b")
    path = written(tmp_path / "ref.rttm", rttm("a"))
    assert not SpeechFile(path, ["a", "b"]).frames("b", 10).any()


# ---- labels --------------------------------------------------------------------------------------------------------

FORMS = {
    "vbx": ("{:.3f} {:.3f} sp\n", 1),
    "dihard": ("{:.2f} {:.2f} speech\n", 1),
    "audacity": ("{:.6f}\t{:.6f}\tspeech of both\n", 1),
    "audacity_spectral": ("{:.6f}\t{:.6f}\tspeech\n\\\t100.0\t3000.0\n", 1),
    "audacity_blank": ("{:.6f}\t{:.6f}\t\n", 1),
    "two_fields": ("{} {}\n", 1),
    "htk": ("{:.0f} {:.0f} speech\n", 1e7),
    "htk_scores": ("{:.0f} {:.0f} sp -123.4\n", 1e7),
    "windows": ("{:.3f} {:.3f} sp\r\n", 1),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("suffix", [".lab", ".txt"])
def test_a_file_of_labels_a_recording(tmp_path: Path, form: str, suffix: str) -> None:
    for recording in SPEECH:
        written(tmp_path / "labels" / f"{recording}{suffix}", labels(recording, *FORMS[form]))
    assert_says_so(tmp_path / "labels", "a", "b")


@pytest.mark.parametrize("form", FORMS)
def test_labels_of_the_one_recording(tmp_path: Path, form: str) -> None:
    assert_says_so(written(tmp_path / "any.name", labels("a", *FORMS[form])), "a")


def test_a_folder_of_rttm(tmp_path: Path) -> None:
    written(tmp_path / "labels" / "a.rttm", rttm("a"))
    written(tmp_path / "labels" / "b.lab", labels("b", *FORMS["htk"]))
    written(tmp_path / "labels" / "c.lab", "no labels at all\n")
    assert_says_so(tmp_path / "labels", "a", "b")


@pytest.mark.parametrize("label", [*NON_SPEECH, "SIL", "Silence", "non_speech", "non speech"])
def test_labels_of_no_speech_are_left_out(tmp_path: Path, label: str) -> None:
    lines = ["0.00\t0.50\t{}", "0.50\t1.23\tsp", "1.23\t2.00\t{}", "2.0\t2.5\tx {}"]
    assert_says_so(written(tmp_path / "a.lab", "\n".join(lines).format(*3 * [label])), "a")


def test_a_label_at_a_point_in_time_is_no_speech(tmp_path: Path) -> None:
    path = written(tmp_path / "a.lab", "0.1\t0.1\thumm\n" + labels("a", *FORMS["audacity"]))
    assert_says_so(path, "a")


def test_whole_numbers_are_seconds_up_to_a_day(tmp_path: Path) -> None:
    assert SpeechFile(written(tmp_path / "a.lab", "0 2 sp\n"), ["a"]).frames("a", 300).sum() == 200
    assert SpeechFile(written(tmp_path / "a.lab", "0 100000 sp\n"), ["a"]).frames("a", 300).sum() == 1
    # the silence at the end tells the unit
    path = written(tmp_path / "a.lab", "0 90000 sil\n90000 2000000 sp\n2000000 30000000 sil\n")
    assert SpeechFile(path, ["a"]).frames("a", 300).tolist() == [0.0] + [1.0] * 19 + [0.0] * 280
    path = written(tmp_path / "a.lab", "2000000 30000000 sil\n0 90000 sp\n")
    assert SpeechFile(path, ["a"]).frames("a", 300).tolist() == [1.0] + [0.0] * 299
    path = written(tmp_path / "a.lab", "0.0 100000.0 sp\n")  # seconds, too many
    with pytest.raises(DataError, match="speech up to 100000.000 s"):
        SpeechFile(path, ["a"]).frames("a", 300)


def test_an_empty_label_file_is_silence(tmp_path: Path) -> None:
    written(tmp_path / "labels" / "a.lab", "\n")
    assert not SpeechFile(tmp_path / "labels", ["a"]).frames("a", 20).any()


# ---- ends ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["segments", "a.lab", "ref.rttm"])
def test_speech_is_cut_at_the_end_within_half_a_second(tmp_path: Path, name: str) -> None:
    text = {
        "segments": "u a 2.0 {end:.2f}\n",
        "a.lab": "2.0 {end:.2f} sp\n",
        "ref.rttm": "SPEAKER a 1 2.0 {duration:.2f} <NA> <NA> ann <NA> <NA>\n",
    }[name]
    path = written(tmp_path / name, text.format(end=3.5, duration=1.5))
    assert SpeechFile(path, ["a"]).frames("a", 300).tolist() == [0.0] * 200 + [1.0] * 100
    path = written(tmp_path / name, text.format(end=3.51, duration=1.51))
    message = rf"{name}:1: speech up to 3\.510 s, where 'a' ends at 3\.00 s; wanted at most 0\.5 s more"
    with pytest.raises(DataError, match=message):
        SpeechFile(path, ["a"]).frames("a", 300)


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"f: is empty; wanted RTTM"),
        ("notes of a meeting held\n", r"f:1: found 'notes of a meeting held'; wanted RTTM"),
        ("u a 0.0 1.0\nu2 a 1.0\n", r"f:2: found 3 fields; wanted 4 \(segments\)"),
        ("u a 0.0 1.0\nu2 a 1.0 x\n", r"f:2: found times '1\.0 x'; wanted numbers"),
        ("u a 0.0 1.0\nu2 a 2.0 1.0\n", r"f:2: found a segment from 2 to 1 s; wanted 0 <= start < end"),
        ("u a 0.0 1.0\nu2 a 1.0 1.0\n", r"f:2: found a segment from 1 to 1 s"),
        ("u a 0.0 1.0\nu2 a -2.0 1.0\n", r"f:2: found a segment from -2 to 1 s"),
        ("u a 0.0 1.0\nu2 a 1.0 nan\n", r"f:2: found times '1\.0 nan'"),
        ("SPEAKER a 1 0.0 1.0 <NA> <NA> x <NA>\nSPEAKER a 1 0.0\n", r"f:2: found 4 fields; wanted at least 9 \(RTTM\)"),
        ("SPEAKER z 1 0.0 1.0 <NA> <NA> x <NA>\n", r"f: is about 'z'; wanted recordings of wav\.scp, as 'a'"),
        ("u z 0.0 1.0\n", r"f: is about 'z'; wanted recordings of wav\.scp"),
        ("z vad.ark:2\n", r"f: is about 'z'; wanted recordings of wav\.scp"),
        ("0.0 1.0 sp\n1.0 y sp\n", r"f:2: found times '1\.0 y'; wanted numbers"),
        ("0.0 1.0 sp\n1.0\n", r"f:2: found '1\.0'; wanted '<start> <end> <label>'"),
        ("0.0 1.0 sp\n2.0 1.0 sp\n", r"f:2: found a label from 2\.0 to 1\.0; wanted 0 <= start <= end"),
        ("0.0 1.0 sp\n-2.0 1.0 sp\n", r"f:2: found a label from -2\.0"),
    ],
)
def test_faulty_files_are_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        SpeechFile(written(tmp_path / "f", text), ["a"])
    assert "\n" not in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone: no such file"):
        SpeechFile(tmp_path / "gone", ["a"])


def test_labels_of_one_file_are_refused_for_several_recordings(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="labels without recordings, where wav.scp has 2; wanted a folder"):
        SpeechFile(written(tmp_path / "a.lab", "0 1 sp\n"), ["a", "b"])


def test_a_recording_without_its_file_in_a_folder_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "labels" / "a.lab", "0 1 sp\n")
    speech = SpeechFile(tmp_path / "labels", ["a", "b"])
    assert speech.frames("a", 100).all()
    with pytest.raises(DataError, match=r"labels: holds no file for 'b'; wanted one of b\.lab, b\.txt, b\.rttm"):
        speech.frames("b", 100)
    written(tmp_path / "labels" / "a.txt", "0 1 sp\n")
    with pytest.raises(DataError, match=r"holds a\.lab and a\.txt for 'a'"):
        SpeechFile(tmp_path / "labels", ["a"]).frames("a", 100)


def test_a_folder_about_other_recordings_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "labels" / "z.lab", "0 1 sp\n")
    with pytest.raises(DataError, match=r"labels: holds no .lab, .txt or .rttm file of a recording, as a\.lab; wanted"):
        SpeechFile(tmp_path / "labels", ["a", "b"])
    written(tmp_path / "labels" / "a.rttm", rttm("b"))
    with pytest.raises(DataError, match=r"a\.rttm: is about 'b'; wanted recording 'a'"):
        SpeechFile(tmp_path / "labels", ["a"]).frames("a", 100)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full(100, 0.3, np.float32), "found 0.3 in frame 0; wanted 1 for speech and 0"),
        (np.array([1.0, np.nan] * 50, np.float32), "found nan in frame 1"),
        (np.ones((100, 1), np.float32), "holds a matrix of 100 x 1; wanted a vector"),
        (np.ones(49, np.float32), "49 values, where 'a' has 100 frames; wanted a value every 10 ms"),
        (np.ones(151, np.float32), "151 values, where 'a' has 100 frames"),
    ],
)
def test_vectors_that_do_not_say_where_speech_is_are_refused(tmp_path: Path, array: np.ndarray, message: str) -> None:
    kaldiio.save_ark(str(tmp_path / "vad.ark"), {"a": array}, scp=str(tmp_path / "vad.scp"))
    with pytest.raises(DataError, match=rf"vad\.ark:2: {message}"):
        SpeechFile(tmp_path / "vad.scp", ["a"]).frames("a", 100)
    with pytest.raises(DataError, match=r"vad\.scp: recording 'b' is not listed"):
        SpeechFile(tmp_path / "vad.scp", ["a", "b"]).frames("b", 100)


# ---- digests -------------------------------------------------------------------------------------------------------


def test_the_digest_changes_with_what_is_said_of_the_recordings(tmp_path: Path) -> None:
    path = written(tmp_path / "ref.rttm", rttm("a"))
    before = SpeechFile(path, ["a"]).digest()
    assert SpeechFile(path, ["a"]).digest() == before
    assert SpeechFile(written(path, rttm("a", "b")), ["a"]).digest() != before
    folder = tmp_path / "labels"
    written(folder / "a.lab", "0 1 sp\n")
    before = SpeechFile(folder, ["a", "b"]).digest()
    written(folder / "z.lab", "0 1 sp\n")
    assert SpeechFile(folder, ["a", "b"]).digest() == before
    written(folder / "b.lab", "0 1 sp\n")
    assert SpeechFile(folder, ["a", "b"]).digest() != before


def test_what_editors_and_rounding_leave_is_read(tmp_path: Path) -> None:
    """A byte order mark, a negative time, tabs between label and times, and behind it."""
    path = tmp_path / "a.lab"
    path.write_bytes(b"\xef\xbb\xbf-0.1 0.5\tspeech\t\n0.7\t0.9\t[silence]\n0.8 1.0 <Music>\n")
    found = SpeechFile(tmp_path, ["a"]).frames("a", 200)
    assert found.tolist() == [1.0] * 50 + [0.0] * 150
    path.write_text("-0.6 0.5 speech\n")
    with pytest.raises(DataError, match="found a label from -0.6 to 0.5; wanted 0 <= start <= end"):
        SpeechFile(tmp_path, ["a"]).frames("a", 200)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("0 5000000 sil -123.4", "7000000 10000000"),
        ("0.0 0.5 sil 0.93", "0.7 1.0"),
        ("0.0\t0.5\tsilence\t", "0.7 1.0"),
        ("0.0\t0.5\tsilence\tx", "0.7 1.0"),
        ("0 0.5 Non_Speech", "0.7 1.0"),
    ],
)
def test_silence_is_silence_whatever_follows(tmp_path: Path, line: str, other: str) -> None:
    (tmp_path / "a.lab").write_text(f"{line}\n{other} music and speech\n")
    found = SpeechFile(tmp_path, ["a"]).frames("a", 200)
    assert found.tolist() == [0.0] * 70 + [1.0] * 30 + [0.0] * 100


def test_segments_may_have_a_channel(tmp_path: Path) -> None:
    path = written(tmp_path / "segments", "a-1 a 0.5 1.0 A\nb-1 b 0.0 0.5\n")
    found = SpeechFile(path, ["a", "b", "c"])
    assert found.frames("a", 100).tolist() == [0.0] * 50 + [1.0] * 50
    assert found.lists("a") and found.lists("b") and not found.lists("c")
