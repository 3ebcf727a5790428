#!/usr/bin/env python3
"""Make simulated meetings with an exact reference, and their data folder.

Speech is synthesised, or taken from recorded utterances (--utterances). A meeting depends on --seed and on its own name
only: more meetings do not change the first ones.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from conversation import ConversationOptions
from meeting import Meeting, RoomOptions, Talker, simulate_meeting

from diar import cli
from diar.errors import DataError
from diar.io.data_folder import clear_data_folder, write_data_folder
from diar.io.wav import write_wav
from diar.options import Options, option
from diar.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class SimulationOptions(Options):
    """Simulated meetings."""

    num_meetings: int = option(3, "number of meetings", low=1, high=999)
    seed: int = option(4, "seed of all random draws", low=0)
    sample_rate: int = option(16000, "sample rate of the audio", unit="Hz", low=8000, high=48000)
    utterances: str = option("", "folder of recorded speech, a folder a speaker; without one, speech is synthesised")
    audio_format: str = option("flac", "format of the 16-bit audio", choices=("flac", "wav"))


def make_meeting(
    recording: str,
    simulation: SimulationOptions,
    conversation: ConversationOptions,
    acoustics: RoomOptions,
    readers: Mapping[str, list[Path]],
) -> Meeting:
    """The meeting called ``recording``, with talkers drawn from ``readers`` or, without any, from synthetic voices."""
    rng = np.random.default_rng([simulation.seed, zlib.crc32(recording.encode())])
    talker_rng, meeting_rng = rng.spawn(2)
    n_speakers = conversation.draw_num_speakers(talker_rng)
    if readers:
        talkers = draw_readers(n_speakers, readers, simulation.sample_rate, talker_rng)
    else:
        talkers = draw_synthetic_talkers(n_speakers, simulation.sample_rate, talker_rng)
    return simulate_meeting(talkers, conversation, acoustics, simulation.sample_rate, meeting_rng)


def draw_readers(
    n_speakers: int, readers: Mapping[str, list[Path]], sample_rate: int, rng: np.random.Generator
) -> list[Talker]:
    """Different readers drawn at random."""
    from utterances import Reader

    names = sorted(readers)
    drawn = [names[k] for k in rng.permutation(len(names))[:n_speakers]]
    rngs = rng.spawn(n_speakers)
    return [Reader(name, readers[name], sample_rate, own) for name, own in zip(drawn, rngs, strict=True)]


def draw_synthetic_talkers(n_speakers: int, sample_rate: int, rng: np.random.Generator) -> list[Talker]:
    """Synthetic voices, women's called f1, f2, ... and men's m1, m2, ..."""
    from synthesiser import SyntheticTalker
    from voice import draw_voices

    talkers: list[Talker] = []
    count = {"f": 0, "m": 0}
    for (female, voice), own in zip(draw_voices(n_speakers, rng), rng.spawn(n_speakers), strict=True):
        sex = "f" if female else "m"
        count[sex] += 1
        talkers.append(SyntheticTalker(f"{sex}{count[sex]}", voice, sample_rate, own))
    return talkers


def find_enough_readers(folder: str, conversation: ConversationOptions) -> dict[str, list[Path]]:
    """The readers of ``folder``; nobody without a folder.

    Raises:
        DataError: there are fewer than a meeting may want.
    """
    if not folder:
        return {}
    from utterances import find_readers

    readers = find_readers(Path(folder))
    most = conversation.speaker_range[1]
    if len(readers) < most:
        found = f"asked for up to {most} speakers, found {len(readers)} in {folder}"
        raise DataError("--num-speakers", found, advice="ask for fewer")
    return readers


def main() -> None:
    classes = (SimulationOptions, ConversationOptions, RoomOptions)
    parser = cli.Parser(__doc__, classes)
    parser.add_argument("audio", metavar="<audio>", help="folder to write wav/SIM01.flac, ... into")
    parser.add_argument("data", metavar="<data>", help="data folder to write")
    arguments = parser.parse_words(cli.command_words())
    simulation = parser.options(arguments, SimulationOptions)
    conversation = parser.options(arguments, ConversationOptions)
    acoustics = parser.options(arguments, RoomOptions)
    readers = find_enough_readers(simulation.utterances, conversation)
    clear_data_folder(Path(arguments.data))  # before its audio changes
    wav = Path(arguments.audio) / "wav"
    wav.mkdir(parents=True, exist_ok=True)
    wavs, turns = {}, {}
    for number in range(1, simulation.num_meetings + 1):
        recording = f"SIM{number:02d}"
        meeting = make_meeting(recording, simulation, conversation, acoustics, readers)
        path = wav / f"{recording}.{simulation.audio_format}"
        write_wav(path, meeting.signal, simulation.sample_rate)
        wavs[recording], turns[recording] = str(path), meeting.turns
        n_speakers = len({turn.speaker for turn in meeting.turns})
        print(f"{recording}: {n_speakers} speakers, {len(meeting.turns)} turns", flush=True)
    durations = dict.fromkeys(wavs, conversation.duration)
    regions = {recording: [Segment(0.0, conversation.duration)] for recording in wavs}
    write_data_folder(Path(arguments.data), wavs, durations, turns, regions)


if __name__ == "__main__":
    cli.run(main)
