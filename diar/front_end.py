"""From a recording's audio to its features and its speech."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from diar import energy_vad, vad
from diar.audio import Audio, resample
from diar.denoise import WienerOptions, wiener
from diar.energy_vad import EnergyOptions
from diar.errors import DataError
from diar.feats import FeatsOptions, Float32, features
from diar.frames import LENGTH_TOLERANCE
from diar.vad import Speech, WebrtcOptions

DetectorOptions = EnergyOptions | WebrtcOptions

DETECTORS: dict[str, type[DetectorOptions]] = {"energy": EnergyOptions, "webrtc": WebrtcOptions}

_ENERGY_RATE = 16000  # Hz at most: speech has little above 8 kHz


def wav_to_feats(
    audio: Audio, options: FeatsOptions, recording: str, denoise: WienerOptions | None = None
) -> Float32:
    """(T, D) features, of the waveform filtered if ``denoise`` is given.

    The bins of upsampled audio end at its own half rate; the recording's name seeds the dither.
    """
    blocks = audio.blocks()
    if denoise is not None:
        blocks = wiener(blocks, audio.sample_rate, denoise)
    rng = np.random.default_rng([options.seed, zlib.crc32(recording.encode())])
    return features(blocks, audio.sample_rate, options, max_freq=_band(audio), rng=rng)


def wav_to_vad(audio: Audio, options: DetectorOptions) -> Speech:
    """(T,) speech by a detector, at a rate that it takes, the nearest below the audio's own where it has a choice."""
    if isinstance(options, WebrtcOptions):
        rate = vad.webrtc_rate(audio.sample_rate)
        return vad.webrtc(resample(audio.blocks(), audio.sample_rate, rate), rate, options)
    rate = min(audio.sample_rate, _ENERGY_RATE)
    blocks = resample(audio.blocks(), audio.sample_rate, rate)
    # the features have no name here, so that hours of them can be let go of
    return energy_vad.energy_vad(features(blocks, rate, energy_vad.FEATURES, max_freq=_band(audio)), options)


def _band(audio: Audio) -> float | None:
    """The highest frequency (Hz) of audio that was upsampled; None where all of its band can hold something."""
    return 0.5 * audio.source_rate if audio.source_rate < audio.sample_rate else None


def speech_mask(
    recording: str, frames: Float32, speech: Speech, advice: str = "make both anew"
) -> NDArray[np.bool_]:
    """(T,) bool: speech of the T feature frames.

    Raises:
        DataError: the lengths differ by more than edge effects explain.
    """
    if abs(len(frames) - len(speech)) > LENGTH_TOLERANCE:
        raise DataError(
            recording,
            f"{len(frames)} frames of features, {len(speech)} of speech decisions",
            "wanted both of the same recording",
            advice,
        )
    return vad.fit_length(speech, len(frames)) > 0
