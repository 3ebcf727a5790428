"""One simulated meeting: turns filled with speech, heard in a room with noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from conversation import ConversationOptions, plan_turns
from numpy.typing import NDArray

from diar.errors import DataError
from diar.options import Options, option
from diar.segments import Turn, union

Float32 = NDArray[np.float32]

SPEECH_RMS = 0.05  # of full scale, over the reference turns
PEAK = 0.98  # of full scale at most


@dataclass(frozen=True)
class RoomOptions(Options):
    """Where simulated meetings are recorded."""

    room: str = option("none", "headset, table or far microphone", choices=("none", "table", "far"))
    snr: float = option(25.0, "level of the speech relative to the room's noise", unit="dB", low=-10, high=100)
    num_mics: int = option(1, "microphones, each a channel of the audio, with noise of its own", low=1, high=8)
    mics: str = option(
        "spread", "several microphones lie apart, or on a circle of 10 cm radius", choices=("spread", "circle")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_mics > 1 and self.room == "none":
            raise DataError("--num-mics", f"found {self.num_mics} with --room none", "wanted --room table or far")


class Talker(Protocol):
    """Someone who can fill turns with speech."""

    @property
    def name(self) -> str:
        """The speaker's name in the reference."""

    @property
    def level(self) -> float:
        """Level relative to the other talkers, dB."""

    def say(self, n_samples: int) -> Float32:
        """The next speech, of at most ``n_samples``; it begins and ends with a sound."""


@dataclass(frozen=True)
class Meeting:
    """(n,) signal in [-1, 1], (n, m) of m microphones, and its reference turns, sorted by time."""

    signal: Float32
    turns: list[Turn]


def simulate_meeting(
    talkers: Sequence[Talker],
    conversation: ConversationOptions,
    acoustics: RoomOptions,
    sample_rate: int,
    rng: np.random.Generator,
) -> Meeting:
    """A meeting of ``talkers``; its reference turns are those planned, or shorter where a talker said less."""
    from noise import room_noise

    plan_rng, room_rng, noise_rng = rng.spawn(3)
    plan = plan_turns([talker.name for talker in talkers], conversation, plan_rng)
    turns, spoken = fill_turns(plan, talkers, sample_rate)
    levelled = level_talkers(turns, spoken, talkers)
    signal = np.empty((round(conversation.duration * sample_rate), acoustics.num_mics), dtype=np.float32)
    rngs = [noise_rng, *noise_rng.spawn(acoustics.num_mics - 1)]
    for number, heard in enumerate(play_in_room(turns, levelled, acoustics, sample_rate, room_rng)):
        speech = mix(turns, heard, len(signal), sample_rate)
        noise = room_noise(len(signal), sample_rate, rngs[number])
        signal[:, number] = speech / speech_rms(speech, turns, sample_rate) + 10 ** (-acoustics.snr / 20) * noise
    signal *= min(SPEECH_RMS, PEAK / float(np.abs(signal).max()))
    return Meeting(signal[:, 0] if acoustics.num_mics == 1 else signal, turns)


def fill_turns(plan: Sequence[Turn], talkers: Sequence[Talker], sample_rate: int) -> tuple[list[Turn], list[Float32]]:
    """The turns as they were spoken, to the millisecond, and the speech of each."""
    by_name = {talker.name: talker for talker in talkers}
    turns, spoken = [], []
    for turn in plan:
        speech = by_name[turn.speaker].say(round(turn.duration * sample_rate))
        milliseconds = round(1000 * len(speech) / sample_rate)
        turns.append(Turn(turn.start, round(turn.start + milliseconds / 1000, 3), turn.speaker))
        spoken.append(speech)
    return turns, spoken


def level_talkers(turns: Sequence[Turn], spoken: Sequence[Float32], talkers: Sequence[Talker]) -> list[Float32]:
    """The speech of each turn, scaled so that all speech of a talker together has the talker's level as its RMS."""
    gains = {}
    for talker in talkers:
        own = np.concatenate(
            [speech for speech, turn in zip(spoken, turns, strict=True) if turn.speaker == talker.name]
        )
        gains[talker.name] = np.float32(10 ** (talker.level / 20) / math.sqrt(np.mean(np.square(own))))
    return [gains[turn.speaker] * speech for speech, turn in zip(spoken, turns, strict=True)]


def play_in_room(
    turns: Sequence[Turn],
    spoken: Sequence[Float32],
    acoustics: RoomOptions,
    sample_rate: int,
    rng: np.random.Generator,
) -> Iterator[Sequence[Float32]]:
    """The speech of each turn as it is heard from the speaker's place, microphone by microphone.

    The way to the nearest microphone takes no time.
    """
    if acoustics.room == "none":
        yield spoken
        return
    from room import draw_room, reverberate, room_responses, with_microphones

    speakers = sorted({turn.speaker for turn in turns})
    room = draw_room(acoustics.room, len(speakers), rng)
    room = with_microphones(room, acoustics.room, acoustics.mics, acoustics.num_mics, rng)
    responses = dict(zip(speakers, room_responses(room, sample_rate), strict=True))
    for number in range(acoustics.num_mics):
        yield [
            reverberate(speech, responses[turn.speaker][number]) for speech, turn in zip(spoken, turns, strict=True)
        ]


def mix(turns: Sequence[Turn], heard: Sequence[Float32], n_samples: int, sample_rate: int) -> Float32:
    """(n_samples,) the sum of the turns' sounds, each from its turn's start; what rings on after the end is lost."""
    mixed = np.zeros(n_samples, dtype=np.float32)
    for turn, sound in zip(turns, heard, strict=True):
        start = round(turn.start * sample_rate)
        end = min(start + len(sound), n_samples)
        mixed[start:end] += sound[: end - start]
    return mixed


def speech_rms(speech: Float32, turns: Sequence[Turn], sample_rate: int) -> float:
    """RMS amplitude of ``speech`` over the time in which anybody talks."""
    parts = [speech[round(s.start * sample_rate) : round(s.end * sample_rate)] for s in union(turns)]
    return math.sqrt(np.mean(np.square(np.concatenate(parts), dtype=np.float64)))
