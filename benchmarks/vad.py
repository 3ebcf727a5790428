#!/usr/bin/env python3
"""Which detector is best? Missed speech and false alarms in percent of the scored speech: miss + false alarm = sum.

Collar 0.25, overlap skipped. Without folders, the meetings of $DIAR_DATA by room, its real excerpts, and pooled.

    DIAR_DATA=... benchmarks/vad.py [data folder ...]
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from meetings import data_folder

from diar import cli
from diar.audio import Audio
from diar.energy_vad import FEATURES, EnergyOptions, energy_vad
from diar.front_end import wav_to_feats, wav_to_vad
from diar.io.data_folder import DataFolder
from diar.io.rttm import read_rttm_lines, speaker_turns
from diar.io.uem import read_uem
from diar.io.wav import WavOptions, read_wav
from diar.score import Score, ScoreOptions, score_recording
from diar.segments import NOBODY, Segment, Turn, labels_to_turns
from diar.vad import Speech, WebrtcOptions

ROOMS = {"headset": (1, 3, 6), "table": (2, 5, 8), "far": (4, 7)}  # of SIMD01 ... SIMD08

Recording = tuple[str, str, Audio, list[Turn], list[Segment]]  # the column it belongs to, and its name


def energy(audio: Audio) -> Speech:
    return energy_vad(wav_to_feats(audio, FEATURES, ""), EnergyOptions())


def webrtc(mode: int) -> Callable[[Audio], Speech]:
    return lambda audio: wav_to_vad(audio, WebrtcOptions(webrtc_mode=mode))


DETECTORS = {**{f"webrtc {mode}": webrtc(mode) for mode in range(4)}, "energy": energy}


def main() -> None:
    recordings = list(of_folders(sys.argv[1:]) if sys.argv[1:] else of_corpora())
    columns = list(dict.fromkeys([*([] if sys.argv[1:] else ROOMS), *(column for column, *_ in recordings)]))
    totals = [] if sys.argv[1:] else ["meetings_sim"]
    print(f"{'detector':<10}" + "".join(f"{column:>24}" for column in columns + totals) + f"{'s / 10 min':>12}")
    for detector, detect in DETECTORS.items():
        scores: dict[str, Score] = defaultdict(Score)
        started = time.process_time()
        for column, name, audio, turns, uem in recordings:
            score = score_recording(name, turns, one_speaker(detect(audio)), uem, ScoreOptions())
            for key in {column, "meetings_sim" if column in ROOMS else column}:
                scores[key] = scores[key] + score
        seconds = time.process_time() - started
        duration = sum(score.eval_time for key, score in scores.items() if key in columns)
        cells = "".join(f"{cell(scores[column]):>24}" for column in columns + totals)
        print(f"{detector:<10}{cells}{600 * seconds / duration:>12.2f}", flush=True)


def one_speaker(speech: Speech) -> list[Turn]:
    return labels_to_turns(np.where(speech > 0, 0, NOBODY).astype(np.int32))


def cell(score: Score) -> str:
    miss, false_alarm = (100 * t / score.scored_speech for t in (score.missed_speech, score.falarm_speech))
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
