"""Subtitles: the text of both kinds, what other programs write, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.turn_formats.subtitles import read_srt, read_vtt, srt_text, vtt_text
from diar.segments import Turn

TURNS = [Turn(0.5, 2, "A & <B>"), Turn(1, 360_061.25, "C[1]")]


def test_the_texts_written() -> None:
    assert srt_text(TURNS, 0.0) == (
        "1\n00:00:00,500 --> 00:00:02,000\n[A & (B)]\n\n2\n00:00:01,000 --> 100:01:01,250\n[C(1)]\n\n"
    )
    assert vtt_text(TURNS, 0.0) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\n<v A &amp; &lt;B&gt;>[A &amp; &lt;B&gt;]\n\n"
        "00:00:01.000 --> 100:01:01.250\n<v C[1]>[C[1]]\n"
    )
    assert (srt_text([], 0.0), vtt_text([], 0.0)) == ("", "WEBVTT\n")


def test_web_vtt_of_others(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(
        "WEBVTT - a talk\nKind: captions\n\nNOTE is not a cue\n[but] a note\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.500 --> 00:02.000 align:start line:0%\n<v.loud.first Ann &amp; Bob>Good\nmorning</v>\n\n"
        "01:00:00.000 --> 01:00:01.000\n[Eve] <i>yes</i>\n",
        newline="\r\n",
    )
    assert read_vtt(tmp_path / "a.vtt")[0] == [Turn(1.5, 2, "Ann & Bob"), Turn(3600, 3601, "Eve")]


def test_sub_rip_with_words(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("\ufeff1\n00:00:01,500 --> 00:00:02,000\n[Ann] and --> [laughs]\n[Bob]\n", "utf-8")
    assert read_srt(tmp_path / "a.srt")[0] == [Turn(1.5, 2, "Ann")]


@pytest.mark.parametrize("read", [read_srt, read_vtt])
@pytest.mark.parametrize(
    ("cue", "reason"),
    [
        ("00:00:01,500 --> 00:00:02,000\nwords\n", ":3: the cue names no speaker; wanted"),
        ("00:00:01,500 --> 00:00:02,000\n\n[A]\n", ":3: the cue names no speaker"),
        ("00:00:01,500 --> 2 s\n[A]\n", ":3: found '00:00:01,500 --> 2 s'; wanted times as 00:00:01,500 --> "),
        ("1.5 --> 00:00:02,000\n[A]\n", ":3: found '1.5 --> 00:00:02,000'"),
        ("00:00:03,000 --> 00:00:02,000\n[A]\n", ":3: found a turn from 3.0 to 2.0 s"),
        ("00:75:03,000 --> 01:00:02,000\n[A]\n", ":3: found '00:75:03"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, read, cue: str, reason: str) -> None:
    (tmp_path / "a.srt").write_text("WEBVTT\n\n" + cue)
    with pytest.raises(DataError, match=rf"a\.srt{reason}"):
        read(tmp_path / "a.srt")


def test_web_vtt_has_points(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n1.5 --> 2\n[A]\n")
    with pytest.raises(DataError, match=r"a\.vtt:3: .*; wanted times as 00:00:01\.500 --> 00:00:02\.000$"):
        read_vtt(tmp_path / "a.vtt")


def test_a_file_without_its_first_line_is_not_web_vtt(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text("WEBVTTX\n")
    with pytest.raises(DataError, match=r"a\.vtt:1: found no 'WEBVTT'"):
        read_vtt(tmp_path / "a.vtt")
