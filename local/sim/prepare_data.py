#!/usr/bin/env python3
"""Make simulated meetings with an exact reference, and their data folder; docs/simulator.md says how.

Speech is synthesised, or taken from recorded utterances (--utterances). A meeting depends on the options, --seed and
its own number only: more meetings do not change the first ones, nor does --nj.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conversation import ConversationOptions
from meeting import RoomOptions
from sessions import SimulationOptions, Simulator, list_sessions

from diar import cli
from diar.io.data_folder import clear_data_folder, write_data_folder
from diar.options import Options, option
from diar.segments import Segment


@dataclass(frozen=True)
class JobOptions(Options):
    """How the work is shared; the result does not depend on it."""

    nj: int = option(1, "processes at most; no more than CPUs, nor than one for each 10 minutes", low=1, high=999)


def main() -> None:
    classes = (SimulationOptions, ConversationOptions, RoomOptions, JobOptions)
    parser = cli.Parser(__doc__, classes)
    parser.add_argument("audio", metavar="<audio>", help="folder to write wav/SIM01.flac, ... into")
    parser.add_argument("data", metavar="<data>", help="data folder to write")
    arguments = parser.parse_words(cli.command_words())
    simulation = parser.options(arguments, SimulationOptions)
    conversation = parser.options(arguments, ConversationOptions)
    acoustics = parser.options(arguments, RoomOptions)
    n_jobs = parser.options(arguments, JobOptions).nj
    simulator = Simulator(simulation, conversation, acoustics, Path(arguments.audio) / "wav")
    simulator.check_sources()
    clear_data_folder(Path(arguments.data))  # before its audio changes
    simulator.wav.mkdir(parents=True, exist_ok=True)
    sessions = list_sessions(simulation)
    wavs, turns = {}, {}
    for session, spoken in zip(sessions, simulator.make_all(sessions, n_jobs), strict=True):
        recording = session.recording
        wavs[recording], turns[recording] = str(simulator.path(session)), spoken
        print(f"{recording}: {len({turn.speaker for turn in spoken})} speakers, {len(spoken)} turns", flush=True)
    durations = dict.fromkeys(wavs, conversation.duration)
    regions = {recording: [Segment(0.0, conversation.duration)] for recording in wavs}
    write_data_folder(Path(arguments.data), wavs, durations, turns, regions)


if __name__ == "__main__":
    cli.run(main)
