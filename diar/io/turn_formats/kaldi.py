"""Kaldi's segments, utt2spk and spk2utt: tables that a folder holds, and plain dictionaries.

segments has ``<utterance> <recording> <start> <end>`` a line, in seconds; an end of -1 is the recording's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from diar.errors import DataError
from diar.frames import to_frame
from diar.io.files import numbered_lines
from diar.io.scp import read_positive_numbers, read_table, table_text
from diar.io.turn_formats.labels import parse_times
from diar.io.turn_formats.turn import Content, Durations, Turns, checked_turn
from diar.segments import Turn, join_overlaps


class Utterance(NamedTuple):
    """A line of segments, and the ``file:line`` that it is. ``end`` is infinite where it is the recording's."""

    place: str
    name: str
    recording: str
    start: float
    end: float


def parse_segments(lines: Iterable[tuple[str, str]]) -> list[Utterance]:
    """The utterances of segments.

    Raises:
        DataError: a line of another number of fields (4, or 5 with a channel), or of times in no order.
    """
    utterances = []
    for place, line in lines:
        fields = line.split()
        if len(fields) not in (4, 5):
            wanted = "wanted 4 (segments): <utterance> <recording> <start> <end>"
            raise DataError(place, f"found {len(fields)} fields", wanted)
        start, end = parse_times(place, fields[2:4])
        if end == -1:
            end = math.inf
        if not 0 <= start < end:
            raise DataError(place, f"found a segment from {start:g} to {end:g} s", "wanted 0 <= start < end")
        utterances.append(Utterance(place, fields[0], fields[1], start, end))
    return utterances


# ---- dictionaries --------------------------------------------------------------------------------------------------


def to_kaldi(turns: Turns, durations: Durations) -> dict[str, dict[str, str]]:
    """The tables ``segments``, ``utt2spk`` and ``spk2utt``, each by key: an utterance a turn.

    Turns are cut at their recording's duration, where that is known; those shorter than a frame of 10 ms are left out.
    The speaker is a prefix of the utterance and holds the recording's name, since speakers are not known across
    recordings and Kaldi's tools want both files in one order; '-' sorts before letters and digits. A turn whose speaker
    is empty has the recording for its speaker.
    """
    segments: dict[str, str] = {}
    utt2spk: dict[str, str] = {}
    for recording, spoken in turns.items():
        for turn in spoken:
            start, end = max(0.0, turn.start), min(turn.end, durations.get(recording, math.inf))
            if to_frame(end) <= to_frame(start):
                continue
            speaker = f"{recording}-{turn.speaker}" if turn.speaker else recording
            utterance = f"{speaker}-{to_frame(start):07d}-{to_frame(end):07d}"
            if segments.get(utterance, recording).split()[0] != recording:
                found = f"turns of two recordings would be the utterance '{utterance}'"
                raise DataError("segments", found, advice="rename a speaker")
            segments[utterance] = f"{recording} {start:.3f} {end:.3f}"
            utt2spk[utterance] = speaker
    spk2utt: dict[str, str] = {}
    for utterance in sorted(utt2spk, key=str.encode):
        speaker = utt2spk[utterance]
        spk2utt[speaker] = f"{spk2utt[speaker]} {utterance}" if speaker in spk2utt else utterance
    return {"segments": segments, "utt2spk": utt2spk, "spk2utt": spk2utt}


def from_kaldi(
    segments: Mapping[str, str], utt2spk: Mapping[str, str], durations: Durations | None = None
) -> dict[str, list[Turn]]:
    """The turns of each recording, sorted; a speaker called ``<recording>-<name>`` is ``<name>``.

    Raises:
        DataError: a segment that is none, has no speaker, or ends with a recording of unknown duration.
    """
    lines = [(f"segments: '{utterance}'", f"{utterance} {value}") for utterance, value in segments.items()]
    return _turns(parse_segments(lines), utt2spk, durations or {})


def _turns(utterances: Sequence[Utterance], utt2spk: Mapping[str, str], durations: Durations) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {}
    for place, name, recording, start, end in utterances:
        if name not in utt2spk:
            raise DataError(place, f"utterance '{name}' is not in utt2spk", "wanted its speaker there")
        if math.isinf(end):
            if recording not in durations:
                raise DataError(place, "the segment ends with the recording", "wanted its duration in reco2dur")
            end = durations[recording]
        speaker = utt2spk[name].removeprefix(f"{recording}-")
        turns.setdefault(recording, []).append(checked_turn(place, start, end, speaker))
    return {recording: sorted(spoken) for recording, spoken in turns.items()}


# ---- folders -------------------------------------------------------------------------------------------------------


def kaldi_texts(turns: Turns, durations: Durations) -> dict[str, str]:
    """The text of each table. Overlapping turns of one speaker are one utterance."""
    disjoint = {recording: join_overlaps(spoken) for recording, spoken in turns.items()}
    return {name: table_text(table) for name, table in to_kaldi(disjoint, durations).items()}


def read_kaldi(path: Path) -> Content:
    """The turns of a folder with segments and utt2spk, or beside the file segments; durations where reco2dur is."""
    folder = path if path.is_dir() else path.parent
    durations = read_positive_numbers(folder / "reco2dur", "seconds") if (folder / "reco2dur").exists() else {}
    utterances = parse_segments(numbered_lines(folder / "segments"))
    return _turns(utterances, read_table(folder / "utt2spk") if utterances else {}, durations), durations
