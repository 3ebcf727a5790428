"""One simulated meeting: turns filled with speech, heard in a room with noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from conversation import ConversationOptions, plan_turns
from numpy.typing import NDArray

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
    """(n,) signal in [-1, 1] and its reference turns, sorted by time."""

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
    heard = level_talkers(turns, spoken, talkers)
    if acoustics.room != "none":
        heard = play_in_room(turns, heard, acoustics.room, sample_rate, room_rng)
    speech = mix(turns, heard, round(conversation.duration * sample_rate), sample_rate)
    rms = speech_rms(speech, turns, sample_rate)
    signal = speech / rms + 10 ** (-acoustics.snr / 20) * room_noise(len(speech), sample_rate, noise_rng)
    signal *= min(SPEECH_RMS, PEAK / float(np.abs(signal).max()))
    return Meeting(signal.astype(np.float32), turns)


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
    turns: Sequence[Turn], spoken: Sequence[Float32], kind: str, sample_rate: int, rng: np.random.Generator
) -> list[Float32]:
    """The speech of each turn as the microphone hears it from the speaker's place, without the way's delay."""
    from room import draw_room, reverberate, room_responses

    speakers = sorted({turn.speaker for turn in turns})
    responses = dict(zip(speakers, room_responses(draw_room(kind, len(speakers), rng), sample_rate), strict=True))
    return [reverberate(speech, responses[turn.speaker]) for speech, turn in zip(spoken, turns, strict=True)]


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
