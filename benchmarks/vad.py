#!/usr/bin/env python3
"""Which detector is best? Missed speech and false alarms in percent of scored speech, and DER of the default system.

miss + false alarm = sum; collar 0.25, overlap skipped. Without folders, the meetings of $DIAR_DATA by room, its real
excerpts, and the meetings pooled.

    DIAR_DATA=... benchmarks/vad.py [data folder ...]
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from meetings import data_folder
from numpy.typing import NDArray

from diar import cli
from diar.audio import Audio
from diar.cluster.agglomerate import SpeakerRange
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.energy_vad import EnergyOptions
from diar.feats import FeatsOptions
from diar.front_end import DetectorOptions, speech_mask, wav_to_feats, wav_to_vad
from diar.io.data_folder import DataFolder
from diar.io.rttm import read_rttm_lines, speaker_turns
from diar.io.uem import read_uem
from diar.io.wav import WavOptions, read_wav
from diar.pipeline import frames_to_clusters, realign_clusters
from diar.realign import RealignOptions
from diar.score import Score, ScoreOptions, score_recording
from diar.segments import NOBODY, Segment, Turn, labels_to_turns
from diar.vad import Speech, WebrtcOptions

ROOMS = {"headset": (1, 3, 6), "table": (2, 5, 8), "far": (4, 7)}  # of SIMD01 ... SIMD08

Recording = tuple[str, str, Audio, list[Turn], list[Segment]]  # its column, its name, ...


DETECTORS: dict[str, DetectorOptions] = {
    **{f"webrtc {mode}": WebrtcOptions(webrtc_mode=mode) for mode in range(4)},
    "energy": EnergyOptions(),
}


def main() -> None:
    recordings = list(of_folders(sys.argv[1:]) if sys.argv[1:] else of_corpora())
    parts = list(dict.fromkeys([*([] if sys.argv[1:] else ROOMS), *(column for column, *_ in recordings)]))
    columns = parts if sys.argv[1:] else [*parts, "meetings_sim"]
    print(f"{'detector':<10}" + "".join(f"{column:>24}" for column in columns) + f"{'s / 10 min':>12}")
    for detector, options in DETECTORS.items():
        started = time.process_time()
        scores = pooled(recordings, lambda name, audio, options=options: one_speaker(wav_to_vad(audio, options)))
        seconds = (time.process_time() - started) / sum(scores[part].eval_time for part in parts)
        cells = "".join(f"{cell(scores[column]):>24}" for column in columns)
        print(f"{detector:<10}{cells}{600 * seconds:>12.2f}", flush=True)
    frames = {name: wav_to_feats(audio, FeatsOptions(), name) for _, name, audio, *_ in recordings}
    print(f"\n{'DER (SER)':<10}" + "".join(f"{column:>24}" for column in columns))
    for detector, options in DETECTORS.items():
        scores = pooled(
            recordings, lambda name, audio, options=options: who(frames[name], wav_to_vad(audio, options), name)
        )
        cells = "".join(f"{f'{scores[column].der:.2f} ({scores[column].ser:.2f})':>24}" for column in columns)
        print(f"{detector:<10}{cells}", flush=True)


def pooled(recordings: list[Recording], diarize: Callable[[str, Audio], list[Turn]]) -> dict[str, Score]:
    """The scores of each column, and of meetings_sim, which is all rooms together."""
    scores: dict[str, Score] = defaultdict(Score)
    for column, name, audio, turns, uem in recordings:
        score = score_recording(name, turns, diarize(name, audio), uem, ScoreOptions())
        for key in {column, "meetings_sim" if column in ROOMS else column}:
            scores[key] = scores[key] + score
    return scores


def who(frames: NDArray[np.float32], speech: Speech, name: str) -> list[Turn]:
    """The turns of the default system."""
    found = frames_to_clusters(frames, speech_mask(name, frames, speech), HmmGmmOptions(), SpeakerRange())
    return labels_to_turns(realign_clusters(frames, found.labels, RealignOptions()))


def one_speaker(speech: Speech) -> list[Turn]:
    return labels_to_turns(np.where(speech > 0, 0, NOBODY).astype(np.int32))


def cell(score: Score) -> str:
    miss, false_alarm = score.speech_miss, score.speech_false_alarm
    return f"{miss:.2f} + {false_alarm:.2f} = {miss + false_alarm:.2f}"


def of_corpora() -> Iterator[Recording]:
    """The eight meetings of speech/meetings_sim by room, then the excerpts of real ones."""
    rooms = {f"SIMD{number:02d}": room for room, numbers in ROOMS.items() for number in numbers}
    for corpus in ("meetings_sim", "ami_excerpts"):
        folder = data_folder() / "speech" / corpus
        for path in sorted((folder / "flac").glob("*.flac")):
            turns = speaker_turns(read_rttm_lines(folder / "rttm" / f"{path.stem}.rttm"))[path.stem]
            uem = read_uem(folder / "uem" / f"{path.stem}.uem")[path.stem]
            yield rooms.get(path.stem, corpus), path.stem, read_wav(str(path), WavOptions()), turns, uem


def of_folders(folders: list[str]) -> Iterator[Recording]:
    """The recordings of data folders, a column a folder."""
    for folder in map(Path, folders):
        turns, uem = speaker_turns(read_rttm_lines(folder / "ref.rttm")), read_uem(folder / "all.uem")
        for name, audio in sorted(DataFolder(folder).wav_scp().items()):
            yield folder.name, name, read_wav(str(audio), WavOptions()), turns[name], uem[name]


if __name__ == "__main__":
    cli.run(main)
