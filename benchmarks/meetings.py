"""The simulated meetings of $DIAR_DATA, ready for clustering: features, reference speech, and a way to score labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diar.cluster.agglomerate import Labels
from diar.errors import DataError
from diar.feats import MfccOptions
from diar.io.rttm import RttmLine, read_rttm_lines, speaker_turns
from diar.io.uem import read_uem
from diar.io.wav import WavOptions, read_wav
from diar.pipeline import wav_to_feats
from diar.score import RecordingScore, ScoreOptions, score_recording
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
    """One meeting: (T, D) features, (T,) reference speech, reference and regions to score."""

    name: str
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
        frames = wav_to_feats(read_wav(str(path), WavOptions()), MfccOptions(), path.stem)
        reference = read_rttm_lines(folder / "rttm" / f"{path.stem}.rttm")
        speech = speech_frames(speaker_turns(reference)[path.stem], len(frames)) > 0
        uem = read_uem(folder / "uem" / f"{path.stem}.uem")[path.stem]
        yield Meeting(path.stem, frames, speech, reference, uem)
