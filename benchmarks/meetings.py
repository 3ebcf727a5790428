"""Meetings with a reference, ready for clustering: features, reference speech, and a way to score labels.

Those of $DIAR_DATA only report. Defaults are chosen on further ones: ``make_meetings.sh DIR`` makes them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diar.cluster.agglomerate import Labels
from diar.errors import DataError
from diar.feats import FeatsOptions
from diar.front_end import wav_to_feats
from diar.io.data_folder import DataFolder
from diar.io.rttm import RttmLine, read_rttm_lines, speaker_turns
from diar.io.uem import read_uem
from diar.io.wav import WavOptions, read_wav
from diar.score import RecordingScore, Score, ScoreOptions, score_recording
from diar.segments import Segment, labels_to_turns, speech_frames


def data_folder() -> Path:
    """$DIAR_DATA.

    Raises:
        DataError: it is not set, or names no folder.
    """
    path = Path(os.environ.get("DIAR_DATA", ""))
    if not os.environ.get("DIAR_DATA") or not path.is_dir():
        raise DataError("DIAR_DATA", f"found '{path}'", "wanted the folder that holds speech/meetings_sim")
    return path


@dataclass(frozen=True)
class Meeting:
    """One meeting: its audio file, (T, D) features, (T,) reference speech, reference and regions to score."""

    name: str
    audio: str
    frames: NDArray[np.float32]
    speech: NDArray[np.bool_]
    reference: list[RttmLine]
    uem: list[Segment]

    def score(self, labels: Labels) -> RecordingScore:
        """The score of (T,) labels at collar 0.25, overlap skipped."""
        turns = speaker_turns(self.reference)[self.name]
        return score_recording(self.name, turns, labels_to_turns(labels), self.uem, ScoreOptions())


def read_meetings() -> Iterator[Meeting]:
    """The eight meetings of speech/meetings_sim with default features."""
    folder = data_folder() / "speech" / "meetings_sim"
    for path in sorted((folder / "flac").glob("*.flac")):
        reference = read_rttm_lines(folder / "rttm" / f"{path.stem}.rttm")
        yield _meeting(path.stem, path, reference, read_uem(folder / "uem" / f"{path.stem}.uem")[path.stem])


def read_data_folders(folders: Sequence[str]) -> Iterator[Meeting]:
    """The meetings of data folders that local/sim made."""
    for folder in map(Path, folders):
        reference, uem = read_rttm_lines(folder / "ref.rttm"), read_uem(folder / "all.uem")
        for name, audio in sorted(DataFolder(folder).wav_scp().items()):
            mine = [line for line in reference if line.recording == name]
            yield _meeting(name, Path(audio), mine, uem[name])


def pooled(scores: Iterable[RecordingScore]) -> float:
    """SER of all in percent, error time over scored time."""
    return sum(scores, Score()).ser


def _meeting(name: str, audio: Path, reference: list[RttmLine], uem: list[Segment]) -> Meeting:
    frames = wav_to_feats(read_wav(str(audio), WavOptions()), FeatsOptions(), name)
    speech = speech_frames(speaker_turns(reference)[name], len(frames)) > 0
    return Meeting(name, str(audio), frames, speech, reference, uem)
