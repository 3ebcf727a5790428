"""Subtitles, a cue a turn: SubRip (.srt) and WebVTT (.vtt, https://www.w3.org/TR/webvtt1/).

The speaker is in brackets, since nothing is known of the words: ``[Ann]``. WebVTT names the voice, too:
``<v Ann>[Ann]``. Cues of turns that overlap overlap. SubRip has no escapes, so that brackets in a name become round.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from diar.errors import DataError
from diar.frames import to_milliseconds
from diar.io.files import read_text
from diar.io.turn_formats.turn import checked_turn
from diar.segments import Turn

_ARROW = "-->"
_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]\d)[.,](\d{3})")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_BRACKETS = re.compile(r"\s*\[([^\]]+)\]")
_WANTED = "wanted times as 00:00:01.500 --> 00:00:02.000"  # WebVTT's; SubRip has commas
_ROUND = str.maketrans("[]<>", "()()")


def srt_text(turns: Sequence[Turn], duration: float) -> str:
    """Numbered cues with the speaker in brackets."""
    return "".join(
        f"{number}\n{_times(turn, ',')}\n[{turn.speaker.translate(_ROUND)}]\n\n" for number, turn in enumerate(turns, 1)
    )


def vtt_text(turns: Sequence[Turn], duration: float) -> str:
    """Cues with the speaker as voice and in brackets."""
    names = [html.escape(turn.speaker, quote=False) for turn in turns]
    cues = [f"{_times(turn, '.')}\n<v {name}>[{name}]\n" for turn, name in zip(turns, names, strict=True)]
    return "\n".join(["WEBVTT\n", *cues])


def _times(turn: Turn, point: str) -> str:
    return f"{_clock(turn.start, point)} {_ARROW} {_clock(turn.end, point)}"


def _clock(seconds: float, point: str) -> str:
    minutes, milliseconds = divmod(to_milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"


# ---- reading -------------------------------------------------------------------------------------------------------


def read_srt(path: Path) -> tuple[list[Turn], float]:
    """A turn a cue; the speaker is what stands first in it in brackets.

    Raises:
        DataError: a cue without speaker or with faulty times.
    """
    turns = []
    for place, times, text in _cues(path, read_text(path)):
        found = _BRACKETS.match(text)
        turns.append(_turn(place, times, found[1] if found else ""))
    return turns, 0.0


def read_vtt(path: Path) -> tuple[list[Turn], float]:
    """A turn a cue; the speaker is its first voice or, without one, what stands first in it in brackets.

    Raises:
        DataError: the file is not WebVTT; a cue without speaker or with faulty times.
    """
    whole = read_text(path)  # once: it may be a pipe
    if not re.match(r"WEBVTT(\s|$)", whole):
        raise DataError(f"{path}:1", "found no 'WEBVTT'", "wanted it on the first line")
    turns = []
    for place, times, text in _cues(path, whole):
        found = _VOICE.search(text) or _BRACKETS.match(text)
        turns.append(_turn(place, times, html.unescape(found[1]) if found else ""))
    return turns, 0.0


def _cues(path: Path, whole: str) -> Iterator[tuple[str, str, str]]:
    """Place, times and text of each cue: a line with an arrow, and those below it up to a blank one."""
    lines = whole.split("\n")
    for number, line in enumerate(lines, 1):
        if _ARROW in line and _CLOCK.match(line.strip()):
            text = itertools.takewhile(str.strip, lines[number:])
            yield f"{path}:{number}", line, "\n".join(text)
        elif _ARROW in line and (number == 1 or not lines[number - 2].strip()):
            place = f"{path}:{number}"
            raise DataError(place, f"found '{line.strip()}'", _wanted(place))


def _turn(place: str, times: str, speaker: str) -> Turn:
    first, _, rest = times.strip().partition(_ARROW)
    start, end = _CLOCK.fullmatch(first.strip()), _CLOCK.match(rest.strip())  # settings may follow
    if not (start and end):
        raise DataError(place, f"found '{times.strip()}'", _wanted(place))
    if not speaker.strip():
        raise DataError(place, "the cue names no speaker", "wanted '[<speaker>]' or, in WebVTT, '<v <speaker>>'")
    return checked_turn(place, _seconds(start), _seconds(end), speaker)


def _wanted(place: str) -> str:
    is_web = place.rpartition(":")[0].endswith(".vtt")
    return _WANTED if is_web else _WANTED.replace(".", ",")


def _seconds(clock: re.Match[str]) -> float:
    hours, minutes, seconds, milliseconds = (int(text or 0) for text in clock.groups())
    return ((hours * 60 + minutes) * 60_000 + seconds * 1000 + milliseconds) / 1000
