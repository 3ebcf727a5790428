"""Speech detection without training data: the recording's own energies begin two models, which then decide.

After Anguera's hybrid detector. Levels are taken band by band relative to a noise floor that may drift, so that steady
noise, hum and the gain of the recording are out of the way before any frame is judged. Frames close to the floor begin
the model of non-speech, one Gaussian; frames well above it begin that of speech, a mixture that doubles pass by pass.
An HMM of the two divides the recording anew after each training, until nothing changes. What it calls speech must rise
to the level of speech at least once, or it is non-speech after all: a Gaussian that fits the steady noise closely gives
every rustling of paper to the mixture.

References:
    X. Anguera, "Robust Speaker Diarization for Meetings", PhD thesis, UPC Barcelona, 2006 (the hybrid detector).
    R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE Trans.
    Speech and Audio Processing 9(5), 2001 (floors as minima of smoothed energies).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diar import gmm, hmm
from diar.errors import DataError
from diar.feats import FeatsOptions
from diar.frames import FRAMES_PER_SECOND, to_frame
from diar.gmm import Float32
from diar.options import Options, option
from diar.segments import runs
from diar.vad import Speech, smooth

FEATURES = FeatsOptions(feature_type="fbank", num_mel_bins=20, low_freq=80.0)  # log energies above room rumble

Bool = NDArray[np.bool_]
Float64 = NDArray[np.float64]

_DB = 10.0 / math.log(10.0)  # decibels of one neper of power
_AUDIBLE = 60.0 / _DB  # below the loudest half second of a band: digital silence is no deeper than a quiet room
_BELOW_FLOOR = 3.0 / _DB  # nothing is further below the floor: not digital silence, nor a gate's
_BLOCK = FRAMES_PER_SECOND // 2  # frames of which floors take the least and levels the most
_FLOOR_PERCENTILE = 15.0  # of the blocks' minima in the window: some block has no speech, or a valley of it
_LEVEL_PERCENTILE = 95.0  # of the blocks' maxima in the window: not the loudest, which may be a bang
_NUM_CEPS = 10  # the spectral envelope
_EM_ITERATIONS = 3
_VARIANCE_FLOOR = 0.01  # of the variance of all frames
_FRAMES_A_COMPONENT = 50  # at least, of the mixture
_FEWEST = 10  # frames to make a model of
_CHUNK = 1 << 16  # frames worked on at once: bounds the memory


@dataclass(frozen=True)
class EnergyOptions(Options):
    """Models of speech and non-speech, begun by energy and trained on the recording alone."""

    averaging: float = option(0.09, "time over which the log energies are averaged", unit="s", low=0.05)
    floor_window: float = option(30.0, "time in which a band's noise floor is looked for", unit="s", low=1)
    level_window: float = option(60.0, "time in which the level of loud speech is looked for", unit="s", low=1)
    silence_seed: float = option(3.0, "frames less than this above the floor begin the non-speech", unit="dB", low=0)
    speech_seed: float = option(6.0, "frames more than this above the floor begin the speech", unit="dB", low=0)
    speech_range: float = option(20.0, "speech comes at least this near to the loud speech around", unit="dB", low=0)
    max_components: int = option(16, "Gaussians of the speech, doubled pass by pass up to this many", low=1)
    max_passes: int = option(8, "passes of training and segmentation, if they do not settle before", low=1)
    min_duration: float = option(0.3, "minimum duration of speech and of non-speech", unit="s", low=0.01)
    min_silence: float = option(0.3, "shorter gaps between speech are filled", unit="s", low=0)
    padding: float = option(0.1, "added to both ends of speech, which begins and ends faintly", unit="s", low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.silence_seed > self.speech_seed:
            found = f"found {self.silence_seed:g} dB"
            raise DataError("--silence-seed", found, f"wanted at most --speech-seed={self.speech_seed:g}")


def energy_vad(frames: Float32, options: EnergyOptions) -> Speech:
    """(T,) float32: 1 in the speech of a recording of (T, 20) ``FEATURES``.

    A steady sound is no speech however loud, and where nothing rises above the steady there is none. The recording's
    gain does not matter.
    """
    assert frames.ndim == 2 and frames.dtype == np.float32, (frames.shape, frames.dtype)
    if len(frames) == 0:
        return np.zeros(0, dtype=np.float32)
    energies, heard = _averaged(frames, to_frame(options.averaging))
    del frames  # hours of them are large, and so are these; the caller may have let go of the frames, too
    cepstra, seeds, high = _begun(energies, heard, options)
    del energies
    phi = gmm.expand(gmm.standardise(cepstra))
    del cepstra
    speech = _settled(phi, seeds, high, options)
    return _padded(speech, to_frame(options.padding), options.min_silence)


def _begun(
    energies: Float32, heard: NDArray[np.intp], options: EnergyOptions
) -> tuple[Float32, hmm.Labels, Bool]:
    """(T, 10) cepstra relative to the floor; (T,) first labels, 1, 0, or -1 for neither; (T,) as high as speech is."""
    times, floors = _floors(energies, heard, options)
    cepstra, above = _above_floor(energies, times, floors)
    # by one floor for all time: where the floor moves, the levels of speech must not seem to
    levels = _levels(energies, np.median(floors, axis=0))
    high = (above > options.speech_seed) & (levels >= _loud_levels(levels, options) - options.speech_range)
    seeds = np.full(len(energies), -1, dtype=np.int32)
    seeds[above < options.silence_seed] = 0
    seeds[above > options.speech_seed] = 1
    return cepstra, seeds, high


def _averaged(frames: Float32, width: int) -> tuple[Float32, NDArray[np.intp]]:
    """(T, 20) log energies averaged over ``width`` frames, and the frames in whose average there is no digital silence.

    That is where every band is ``_AUDIBLE`` below its loudest half second; no band goes below. Half a second, as a
    click is no measure of what can be heard beside it.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    begins = np.arange(0, len(frames), _BLOCK)
    lengths = np.diff(begins, append=len(frames))[:, np.newaxis]
    loudest = (np.add.reduceat(frames, begins, axis=0) / lengths).max(axis=0)
    energies = np.maximum(frames, (loudest - _AUDIBLE).astype(np.float32))
    audible = (frames > loudest - _AUDIBLE).any(axis=1)
    heard = np.flatnonzero(minimum_filter1d(audible, width, mode="nearest"))
    uniform_filter1d(energies, width, axis=0, output=energies, mode="nearest")
    return energies, heard if len(heard) else np.arange(len(frames))


def _floors(energies: Float32, heard: NDArray[np.intp], options: EnergyOptions) -> tuple[Float64, Float32]:
    """(n,) times in frames, and the (n, 20) floors there: low percentiles of the minima of blocks, then averaged.

    Digital silence says nothing of the noise: a block's minimum is that of the frames ``heard``.
    """
    from scipy.ndimage import percentile_filter, uniform_filter1d

    blocks, begins = np.unique(heard // _BLOCK, return_index=True)
    width = _width(options.floor_window, len(blocks))
    minima = np.column_stack([np.minimum.reduceat(band[heard], begins) for band in energies.T])
    floors = percentile_filter(minima, _FLOOR_PERCENTILE, size=(width, 1), mode="nearest")
    averaged: Float32 = uniform_filter1d(floors, max(1, width // 2), axis=0, mode="nearest")
    times: Float64 = (blocks.astype(np.float64) + 0.5) * _BLOCK
    return times, averaged


def _above_floor(energies: Float32, times: Float64, floors: Float32) -> tuple[Float32, Float32]:
    """(T, 10) cepstra and (T,) levels in dB of the energies relative to the floor of their bands."""
    from scipy.fft import dct

    cepstra = np.empty((len(energies), _NUM_CEPS), dtype=np.float32)
    levels = np.empty(len(energies), dtype=np.float32)
    for start in range(0, len(energies), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        now = np.arange(start, min(start + _CHUNK, len(energies))) + 0.5
        floor = np.column_stack([np.interp(now, times, band) for band in floors.T]).astype(np.float32)
        above = np.maximum(energies[chunk] - floor, -_BELOW_FLOOR)
        cepstra[chunk] = dct(above, axis=1, norm="ortho")[:, :_NUM_CEPS]
        levels[chunk] = _levels(above, np.zeros(above.shape[1]))
    return cepstra, levels


def _levels(energies: Float32, floor: NDArray[np.floating]) -> Float32:
    """(T,) dB: the mean over the bands of the ratio of energy to floor.

    Of the ratios, not of their logarithms: of a vowel, few bands stand out of noise.
    """
    levels = np.empty(len(energies), dtype=np.float32)
    for start in range(0, len(energies), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        ratios = np.logaddexp.reduce(energies[chunk] - floor.astype(np.float32), axis=1)
        levels[chunk] = _DB * (ratios - math.log(energies.shape[1]))
    return levels


def _width(window: float, n_blocks: int) -> int:
    """Blocks in ``window`` seconds, at most so many that every window has all ``n_blocks``."""
    return max(1, min(to_frame(window) // _BLOCK, 2 * n_blocks))


def _loud_levels(levels: Float32, options: EnergyOptions) -> Float32:
    """(T,) the level in dB of the loud speech around, where there is enough of it."""
    from scipy.ndimage import percentile_filter

    maxima = np.maximum.reduceat(levels, np.arange(0, len(levels), _BLOCK))
    width = _width(options.level_window, len(maxima))
    loud: Float32 = percentile_filter(maxima, _LEVEL_PERCENTILE, size=width, mode="nearest")
    return np.repeat(loud, _BLOCK)[: len(levels)]


def _settled(phi: Float32, seeds: hmm.Labels, high: Bool, options: EnergyOptions) -> Speech:
    """(T,) speech where passes of training and segmentation settle; (T,) ``seeds`` are 1, 0, or -1 for neither."""
    speech = np.zeros(len(phi), dtype=np.float32)
    labels, components = seeds, 1
    for _ in range(options.max_passes):
        count = int(np.count_nonzero(labels == 1))
        if min(count, int(np.count_nonzero(labels == 0))) < _FEWEST:
            break
        components = min(components, max(1, count // _FRAMES_A_COMPONENT))
        models = [_trained(phi[labels == 0], 1), _trained(phi[labels == 1], components)]
        speech = _segmented(gmm.log_likelihoods(phi, models), high, options)
        previous, labels = labels, speech.astype(np.int32)
        more = min(2 * components, options.max_components)
        if min(more, max(1, count // _FRAMES_A_COMPONENT)) == components and np.array_equal(labels, previous):
            break
        components = more
    return speech


def _trained(phi: Float32, n_components: int) -> gmm.Gmm:
    return gmm.seed(phi, n_components, _EM_ITERATIONS, _VARIANCE_FLOOR)


def _segmented(scores: Float32, high: Bool, options: EnergyOptions) -> Speech:
    """(T,) speech by the HMM, without the stretches that are nowhere ``high``."""
    speech = hmm.viterbi(scores, to_frame(options.min_duration)).astype(np.float32)
    for first, last in runs(speech):
        if not high[first:last].any():
            speech[first:last] = 0.0
    return speech


def _padded(speech: Speech, width: int, min_silence: float) -> Speech:
    """Speech lengthened by ``width`` frames at both ends; the short gaps that are left are filled."""
    padded = speech.copy()
    for first, last in runs(speech):
        if speech[first]:
            padded[max(0, first - width) : last + width] = 1.0
    return smooth(padded, min_silence, 0.0)
