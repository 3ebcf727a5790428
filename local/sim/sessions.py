"""The sessions of a simulated set: what they are called, who meets in them, and how one is made."""

from __future__ import annotations

import multiprocessing
import os
import signal
import string
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from conversation import ConversationOptions
from meeting import Meeting, RoomOptions, simulate_meeting
from noises import find_noises
from talkers import draw_readers, draw_synthetic_talkers, find_enough_readers
from turn_model import read_turn_model

from diar.io.wav import write_wav
from diar.options import Options, option
from diar.segments import Turn

PROCESS_SECONDS = 600.0  # of meetings are worth a process of their own
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class SimulationOptions(Options):
    """Simulated meetings."""

    num_meetings: int = option(3, "number of meetings (of groups of speakers, with --sessions)", low=1, high=9999)
    sessions: int = option(1, "how often each group of speakers meets", low=1, high=26)
    seed: int = option(4, "seed of all random draws", low=0)
    sample_rate: int = option(16000, "sample rate of the audio", unit="Hz", low=8000, high=48000)
    utterances: str = option("", "folder of recorded speech, a folder a speaker; without one, speech is synthesised")
    audio_format: str = option("flac", "format of the 16-bit audio", choices=("flac", "wav"))


class Session(NamedTuple):
    """Session ``number`` (from 0 on) of ``group``, whose name its random draws hang on."""

    recording: str
    group: str
    number: int


def list_sessions(simulation: SimulationOptions) -> list[Session]:
    """SIM01, SIM02, ... or, where the groups meet several times, SIM01a, SIM01b, ...

    As many digits as needed for the names to sort; the draws do not hang on them.
    """
    n_digits = max(2, len(str(simulation.num_meetings)))
    letters = string.ascii_lowercase[: simulation.sessions] if simulation.sessions > 1 else [""]
    return [
        Session(f"SIM{group:0{n_digits}d}{letter}", f"SIM{group:02d}", number)
        for group in range(1, simulation.num_meetings + 1)
        for number, letter in enumerate(letters)
    ]


@dataclass(frozen=True)
class Simulator:
    """Makes sessions, each by itself, and writes their audio into the folder ``wav``."""

    simulation: SimulationOptions
    conversation: ConversationOptions
    acoustics: RoomOptions
    wav: Path

    def check_sources(self) -> None:
        """Look at the folders that speech, turn-taking and noises are taken from.

        Raises:
            DataError: they do not serve.
        """
        find_enough_readers(self.simulation.utterances, self.conversation)
        if self.conversation.turns:
            read_turn_model(self.conversation.turns)
        if self.acoustics.noises:
            find_noises(self.acoustics.noises)

    def path(self, session: Session) -> Path:
        """Where the audio of ``session`` lies."""
        return self.wav / f"{session.recording}.{self.simulation.audio_format}"

    def meeting(self, session: Session) -> Meeting:
        """The meeting, which depends on its group, its number and the options."""
        seed, sample_rate = self.simulation.seed, self.simulation.sample_rate
        rng = np.random.default_rng([seed, zlib.crc32(session.group.encode())])
        talker_rng, meeting_rng = rng.spawn(2)
        if session.number:
            meeting_rng = rng.spawn(session.number)[-1]
        n_speakers = self.conversation.draw_num_speakers(talker_rng)
        readers = find_enough_readers(self.simulation.utterances, self.conversation)
        place = (session.number, self.simulation.sessions)
        if readers:
            talkers = draw_readers(n_speakers, readers, sample_rate, talker_rng, place)
        else:
            talkers = draw_synthetic_talkers(n_speakers, sample_rate, talker_rng, place)
        return simulate_meeting(talkers, self.conversation, self.acoustics, sample_rate, meeting_rng)

    def make(self, session: Session) -> list[Turn]:
        """Make and write ``session``; its reference turns."""
        meeting = self.meeting(session)
        write_wav(self.path(session), meeting.signal, self.simulation.sample_rate)
        return meeting.turns

    def make_all(self, sessions: Sequence[Session], n_jobs: int) -> Iterator[list[Turn]]:
        """Make ``sessions`` in up to ``n_jobs`` processes, no more than CPUs; the turns of one after the other."""
        seconds = len(sessions) * self.conversation.duration
        cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        n_jobs = min(n_jobs, len(sessions), int(seconds // PROCESS_SECONDS), cpus)
        if n_jobs <= 1:
            yield from map(self.make, sessions)
            return
        yield from _in_processes(self, sessions, n_jobs)


def _in_processes(simulator: Simulator, sessions: Iterable[Session], n_jobs: int) -> Iterator[list[Turn]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_jobs, mp_context=context, initializer=_begin_process) as executor:
        try:
            yield from executor.map(simulator.make, sessions)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)  # after an error, no more are begun


def _begin_process() -> None:
    """Leave Ctrl-C to the program that started this process, and end soon after that is gone, however it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
