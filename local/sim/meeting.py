"""One simulated meeting: turns filled with speech, heard in a room with noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from conversation import ConversationOptions, plan_turns
from levels import drift_levels, level_talkers, rms_within
from noises import PLACES, Noise, draw_noises
from numpy.typing import NDArray
from talkers import Talker

from diar.errors import DataError
from diar.options import Options, option
from diar.segments import Segment, Turn

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
    level_drift: float = option(0.0, "slow changes of a talker's level, standard deviation", unit="dB", low=0, high=20)
    noises: str = option("", "folder of recorded noises, which sound now and then from places in the room")
    noise_snr: float = option(10.0, "level of the speech relative to a recorded noise", unit="dB", low=-20, high=100)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_mics > 1 and self.room == "none":
            raise DataError("--num-mics", f"found {self.num_mics} with --room none", "wanted --room table or far")
        if self.noise_snr != RoomOptions.noise_snr and not self.noises:
            raise DataError("--noise-snr", f"found {self.noise_snr:g} without --noises", "wanted a folder of noises")


@dataclass(frozen=True)
class Meeting:
    """(n,) signal in [-1, 1], (n, m) of m microphones, and its reference turns, sorted by time."""

    signal: Float32
    turns: list[Turn]


class Sound(NamedTuple):
    """What is to be heard from ``start`` seconds on at a place: the name of a speaker, or the number of a noise's."""

    start: float
    place: str | int
    signal: Float32


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
    drift_rng, event_rng, place_rng = rng.spawn(3)  # apart, so that these options change nothing else
    turns, spoken = converse(talkers, conversation, sample_rate, plan_rng)
    spoken = drift_levels(turns, spoken, acoustics.level_drift, sample_rate, drift_rng)
    levelled = level_talkers(turns, spoken, talkers)
    noises = draw_noises(acoustics.noises, conversation.duration, sample_rate, event_rng)
    sounds = [Sound(turn.start, turn.speaker, speech) for turn, speech in zip(turns, levelled, strict=True)]
    sounds += [Sound(*noise) for noise in noises]
    signal = np.empty((round(conversation.duration * sample_rate), acoustics.num_mics), dtype=np.float32)
    rngs = [noise_rng, *noise_rng.spawn(acoustics.num_mics - 1)]
    gains: list[float] = []  # of the noises, as the first microphone hears them
    for number, heard in enumerate(hear(sounds, acoustics, sample_rate, room_rng, place_rng)):
        speech = mix(heard[: len(turns)], len(signal), sample_rate)
        scale = rms_within(speech, turns, sample_rate)
        noise = room_noise(len(signal), sample_rate, rngs[number])
        signal[:, number] = speech / scale + 10 ** (-acoustics.snr / 20) * noise
        if noises:
            played = heard[len(turns) :]
            gains = gains or [scale * gain for gain in noise_gains(noises, played, acoustics.noise_snr, sample_rate)]
            played = [s._replace(signal=np.float32(g) * s.signal) for g, s in zip(gains, played, strict=True)]
            signal[:, number] += mix(played, len(signal), sample_rate) / scale
    signal *= min(SPEECH_RMS, PEAK / float(np.abs(signal).max()))
    return Meeting(signal[:, 0] if acoustics.num_mics == 1 else signal, turns)


def converse(
    talkers: Sequence[Talker], conversation: ConversationOptions, sample_rate: int, rng: np.random.Generator
) -> tuple[list[Turn], list[Float32]]:
    """The turns as they were spoken, sorted by time, to the millisecond, and the speech of each."""
    if conversation.turns:
        from dialogue import hold_dialogue
        from turn_model import read_turn_model

        model = read_turn_model(conversation.turns)
        return hold_dialogue(talkers, model, conversation.duration, sample_rate, rng)
    return fill_turns(plan_turns([talker.name for talker in talkers], conversation, rng), talkers, sample_rate)


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


def hear(
    sounds: Sequence[Sound],
    acoustics: RoomOptions,
    sample_rate: int,
    rng: np.random.Generator,
    place_rng: np.random.Generator,
) -> Iterator[Sequence[Sound]]:
    """The sounds as they are heard from their places, microphone by microphone.

    The way to the nearest microphone takes no time.
    """
    if acoustics.room == "none":
        yield sounds
        return
    from room import draw_places, draw_room, reverberate, room_responses, with_microphones

    speakers = sorted({sound.place for sound in sounds if isinstance(sound.place, str)})
    room = draw_room(acoustics.room, len(speakers), rng)
    room = with_microphones(room, acoustics.room, acoustics.mics, acoustics.num_mics, rng)
    places: list[str | int] = [*speakers]
    if acoustics.noises:
        places += range(PLACES)
        room = draw_places(room, PLACES, place_rng)
    responses = dict(zip(places, room_responses(room, sample_rate), strict=True))
    for number in range(acoustics.num_mics):
        yield [s._replace(signal=reverberate(s.signal, responses[s.place][number])) for s in sounds]


def noise_gains(noises: Sequence[Noise], heard: Sequence[Sound], snr: float, sample_rate: int) -> list[float]:
    """What makes each noise, as heard while it lasts, ``snr`` dB weaker than a signal of RMS 1."""
    gains = []
    for noise, sound in zip(noises, heard, strict=True):
        lasting = [Segment(0.0, len(noise.sound) / sample_rate)]
        gains.append(10 ** (-snr / 20) / rms_within(sound.signal, lasting, sample_rate))
    return gains


def mix(sounds: Sequence[Sound], n_samples: int, sample_rate: int) -> Float32:
    """(n_samples,) the sum of the sounds, each from its start; what rings on after the end is lost."""
    mixed = np.zeros(n_samples, dtype=np.float32)
    for sound in sounds:
        start = round(sound.start * sample_rate)
        end = min(start + len(sound.signal), n_samples)
        mixed[start:end] += sound.signal[: end - start]
    return mixed
