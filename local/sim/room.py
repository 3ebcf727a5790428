"""Shoebox rooms: impulse responses by the image method, and where people sit.

Reference:
    J. B. Allen and D. A. Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65, 1979.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, oaconvolve, sosfilt

from diar.errors import DataError

Float64 = NDArray[np.float64]

SPEED_OF_SOUND = 343.0  # m/s
SINC_HALF_WIDTH = 8  # samples on both sides of an echo that falls between two samples
LOW_CUT = 60.0  # Hz; equal signs of all echoes would make a room ring at 0 Hz
TABLE_DISTANCES = (0.7, 1.2)  # m, from the speaker's mouth to the microphone
FAR_DISTANCES = (2.5, 3.5)
RT60_RANGE = (0.3, 0.5)  # seconds
RT60_CORRECTIONS = 3
MOUTH_HEIGHT, TABLE_HEIGHT, FAR_HEIGHT = 1.2, 0.8, 1.6  # m
SPREAD_RADII = (0.45, 0.5)  # m, of distant microphones around the first: 8 of them are 0.3 to 1 m apart
SPREAD_ANGLES = 0.1  # of the angle between two of them, by which one may be off
CIRCLE_RADIUS = 0.1  # m, of a microphone array
PLACE_MARGIN = 0.5  # m, of other sounds from walls and microphones


@dataclass(frozen=True)
class Room:
    """A shoebox room with its corner in the origin, microphones and people in it; all lengths in metres.

    Attributes:
        size: (3,) length, width and height.
        rt60: time in which the sound decays by 60 dB, seconds.
        microphones: (m, 3) positions.
        mouths: (n, 3) positions of the speakers.
    """

    size: Float64
    rt60: float
    microphones: Float64
    mouths: Float64


def draw_room(kind: str, n_speakers: int, rng: np.random.Generator) -> Room:
    """A meeting room: people around a microphone on the table, or (``far``) in front of one at the wall."""
    size = np.array([rng.uniform(5.5, 8.0), rng.uniform(4.6, 6.0), rng.uniform(2.6, 3.2)])
    spread = rng.uniform(-0.3, 0.3, n_speakers)
    if kind == "table":
        middle = size[:2] / 2 + rng.uniform(-0.4, 0.4, 2)
        microphone = np.array([*middle, TABLE_HEIGHT])
        distances = rng.uniform(*TABLE_DISTANCES, n_speakers)
        angles = 2 * math.pi * (np.arange(n_speakers) + spread) / n_speakers
    elif kind == "far":
        microphone = np.array([0.3, size[1] / 2 + rng.uniform(-0.2, 0.2), FAR_HEIGHT])
        distances = rng.uniform(*FAR_DISTANCES, n_speakers)
        angles = math.radians(70) * ((np.arange(n_speakers) + 0.5 + spread) / n_speakers - 0.5)
    else:
        raise DataError("room", f"found '{kind}'", "wanted table or far")
    height = MOUTH_HEIGHT - microphone[2]
    across = np.sqrt(distances**2 - height**2)
    offsets = np.column_stack([across * np.cos(angles), across * np.sin(angles), np.full(n_speakers, height)])
    return Room(size, rng.uniform(*RT60_RANGE), microphone[np.newaxis], microphone + offsets)


def with_microphones(room: Room, kind: str, layout: str, n_microphones: int, rng: np.random.Generator) -> Room:
    """``room`` with more microphones in place of one, on the table or, ``far``, on the wall.

    ``spread``: the one there is, and distant microphones around it. ``circle``: an array around its place.
    """
    if n_microphones == 1:
        return room
    centre = room.microphones[0]
    if layout == "spread":
        n_around = n_microphones - 1
        offset = rng.uniform(-SPREAD_ANGLES, SPREAD_ANGLES, n_around)
        radii = rng.uniform(*SPREAD_RADII, n_around)
    elif layout == "circle":
        n_around, offset, radii = n_microphones, np.zeros(n_microphones), np.full(n_microphones, CIRCLE_RADIUS)
    else:
        raise DataError("mics", f"found '{layout}'", "wanted spread or circle")
    angles = 2 * math.pi * (np.arange(n_around) + offset) / n_around
    plane = np.eye(3)[:2] if kind == "table" else np.eye(3)[1:]
    around = centre + radii[:, np.newaxis] * np.column_stack([np.cos(angles), np.sin(angles)]) @ plane
    return replace(room, microphones=np.vstack([centre, around]) if layout == "spread" else around)


def draw_places(room: Room, n_places: int, rng: np.random.Generator) -> Room:
    """``room`` with ``n_places`` further places, after those of the mouths, from which something is to be heard."""
    places: list[Float64] = []
    while len(places) < n_places:
        place = rng.uniform(PLACE_MARGIN, room.size - PLACE_MARGIN)
        if np.linalg.norm(room.microphones - place, axis=1).min() > PLACE_MARGIN:
            places.append(place)
    return replace(room, mouths=np.vstack([room.mouths, *places]))


def image_sources(
    size: Float64, mouth: Float64, microphone: Float64, seconds: float
) -> tuple[Float64, NDArray[np.int64]]:
    """Distance (m) and number of reflections of all images of the mouth heard within ``seconds``, the nearest first.

    Raises:
        DataError: the mouth or the microphone is not inside the room.
    """
    for name, position in (("mouth", mouth), ("microphone", microphone)):
        if not np.all((position > 0) & (position < size)):
            raise DataError(name, f"found {np.round(position, 2)} m", f"wanted a place inside {np.round(size, 2)} m")
    reach = seconds * SPEED_OF_SOUND
    squares, hits = [], []
    for length, s, m in zip(size, mouth, microphone, strict=True):
        order = np.arange(-math.ceil(reach / (2 * length)) - 1, math.ceil(reach / (2 * length)) + 2)
        # mirrored p times (0 or 1) and moved by 2 n rooms: |n - p| hits of one wall, |n| of the other
        squares.append(np.concatenate([s + 2 * order * length - m, -s + 2 * order * length - m]) ** 2)
        hits.append(np.concatenate([2 * np.abs(order), np.abs(order - 1) + np.abs(order)]))
    square = squares[0][:, np.newaxis, np.newaxis] + squares[1][:, np.newaxis] + squares[2]
    near = square <= reach**2
    reflections = (hits[0][:, np.newaxis, np.newaxis] + hits[1][:, np.newaxis] + hits[2])[near]
    distances = np.sqrt(square[near])
    first = np.argsort(distances, kind="stable")
    return distances[first], reflections[first]


def echo_gains(distances: Float64, reflections: NDArray[np.int64], coefficient: float) -> Float64:
    """Gain of each image in 1/m: coefficient^reflections / distance (Allen and Berkley, equation 8)."""
    powers = coefficient ** np.arange(reflections.max(initial=0) + 1, dtype=np.float64)
    gains: Float64 = powers[reflections] / distances
    return gains


def reflection_coefficient(size: Float64, rt60: float, distances: Float64, reflections: NDArray[np.int64]) -> float:
    """The coefficient of all walls with which these images decay by 60 dB in ``rt60`` seconds.

    Eyring's formula comes first; since a shoebox decays more slowly than the diffuse field of that formula, its
    exponent is then corrected by the decay measured.

    Raises:
        DataError: no positive time.
    """
    if rt60 <= 0:
        raise DataError("rt60", f"found {rt60} s", "wanted a positive time")
    volume = float(np.prod(size))
    surface = 2 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    coefficient = math.exp(-0.5 * 24 * math.log(10) / SPEED_OF_SOUND * volume / (surface * rt60))
    for _ in range(RT60_CORRECTIONS):
        coefficient **= decay_time(distances, echo_gains(distances, reflections, coefficient)) / rt60
    return coefficient


def decay_time(distances: Float64, gains: Float64) -> float:
    """RT60 in seconds of echoes sorted by distance: Schroeder's backward integral, fitted from -5 to -35 dB (T30)."""
    energy = np.cumsum(np.square(gains[::-1]))[::-1]
    decay = 10 * np.log10(energy / energy[0])
    fitted = (decay < -5) & (decay > -35)
    slope = np.polyfit(distances[fitted] / SPEED_OF_SOUND, decay[fitted], 1)[0]
    return float(-60 / slope)


def impulse_response(delays: Float64, gains: Float64, sample_rate: int) -> Float64:
    """The sum of the echoes; each is a windowed sinc, so that it may fall between two samples.

    What a sinc has before time 0 is cut off.
    """
    position = delays * sample_rate
    nearest = np.rint(position).astype(np.int64)
    offset = position - nearest
    n = int(nearest.max(initial=0)) + SINC_HALF_WIDTH + 1
    padded = np.zeros(n + SINC_HALF_WIDTH)
    for tap in range(-SINC_HALF_WIDTH, SINC_HALF_WIDTH + 1):
        window = 0.5 + 0.5 * np.cos(math.pi * np.clip((tap - offset) / (SINC_HALF_WIDTH + 1), -1, 1))
        padded += np.bincount(nearest + tap + SINC_HALF_WIDTH, gains * np.sinc(tap - offset) * window, len(padded))
    response: Float64 = padded[SINC_HALF_WIDTH:]
    return response


def room_responses(room: Room, sample_rate: int) -> list[list[NDArray[np.float32]]]:
    """The impulse responses from each mouth to every microphone.

    With one microphone the direct sound is at time 0. With more, it comes to the nearest one at the time of
    ``SINC_HALF_WIDTH`` samples, so that no sinc is cut off, and to the others as much later as they are farther.
    """
    low_cut = butter(2, LOW_CUT, "highpass", fs=sample_rate, output="sos")
    lead = SINC_HALF_WIDTH / sample_rate if len(room.microphones) > 1 else 0.0
    coefficient = 0.0
    responses = []
    for mouth in room.mouths:
        images = [image_sources(room.size, mouth, microphone, room.rt60) for microphone in room.microphones]
        coefficient = coefficient or reflection_coefficient(room.size, room.rt60, *images[0])
        nearest = min(distances[0] for distances, _ in images)
        responses.append([])
        for distances, reflections in images:
            delays = (distances - nearest) / SPEED_OF_SOUND + lead
            response = impulse_response(delays, echo_gains(distances, reflections, coefficient), sample_rate)
            responses[-1].append(sosfilt(low_cut, response).astype(np.float32))
    return responses


def reverberate(signal: NDArray[np.float32], response: NDArray[np.float32]) -> NDArray[np.float32]:
    """``signal`` heard through ``response``, with its tail: len(signal) + len(response) - 1 samples."""
    heard: NDArray[np.float32] = oaconvolve(signal, response)
    return heard
