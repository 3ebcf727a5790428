"""A source-filter speech synthesiser.

Speech is a source (glottal pulses and breath) shaped by a filter (the resonances of the vocal tract); noise made at the
lips and teeth is added.

References:
    G. Fant, "Acoustic Theory of Speech Production", Mouton, 1960.
    D. H. Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67, 1980.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from phones import Phone, Utterance, draw_utterance
from resonators import glottal_flow, resonate
from scipy.signal import butter, lfilter, sosfilt
from voice import MAX_FORMANTS, Voice

Float64 = NDArray[np.float64]

HOP_SECONDS = 0.005  # Klatt's update interval
BANDWIDTHS = np.array([60.0, 90.0, 150.0, 200.0, 250.0, 300.0, 350.0, 400.0])  # Hz
TUBE_HERTZ = 500.0  # resonances of an average man's vocal tract, a 17.5 cm tube: odd multiples of this
COARTICULATION_SECONDS, ONSET_SECONDS, ACCENT_SECONDS = 0.08, 0.02, 0.2  # widths of smoothing
DECLINATION = 5.0  # semitones that F0 falls in a phrase
CLOSING = 0.4  # the glottis closes in this share of the time in which it opens
HISS = 0.3  # amplitude of aspiration 1, relative to the glottal pulses' slope at closure
COLOUR_TAPS = 64
NYQUIST_MARGIN = 0.94  # no resonance is placed nearer to half the sample rate


@dataclass(frozen=True)
class SyntheticTalker:
    """A named voice that says nonsense syllables."""

    name: str
    voice: Voice
    sample_rate: int
    rng: np.random.Generator

    @property
    def level(self) -> float:
        """Level relative to the other talkers, dB."""
        return self.voice.level

    def say(self, n_samples: int) -> NDArray[np.float32]:
        """The next ``n_samples`` samples of speech."""
        utterance = draw_utterance(n_samples / self.sample_rate, self.voice.rate, self.rng)
        return synthesise(self.voice, utterance, n_samples, self.sample_rate, self.rng).astype(np.float32)


@dataclass(frozen=True)
class Articulation:
    """Control tracks of F frames: ``f0`` in Hz, amplitudes of ``voicing`` and ``aspiration``, all (F,); formant
    ``frequencies`` and ``bandwidths`` in Hz, (F, K). A frame has ``hop`` samples."""

    f0: Float64
    voicing: Float64
    aspiration: Float64
    frequencies: Float64
    bandwidths: Float64
    hop: int
    sample_rate: int


def synthesise(
    voice: Voice, utterance: Utterance, n_samples: int, sample_rate: int, rng: np.random.Generator
) -> Float64:
    """(n_samples,) speech; before it is coloured, its vowels have an RMS amplitude of 1."""
    tracks = articulate(voice, utterance, n_samples, sample_rate, rng)
    source = glottal_source(voice, tracks, rng)
    speech = resonate(source, tracks.frequencies, tracks.bandwidths, tracks.hop, sample_rate)
    voiced = speech[np.repeat(tracks.voicing > 0.5, tracks.hop)]
    speech /= max(math.sqrt(np.mean(np.square(voiced))) if len(voiced) else 0.0, 1e-9)
    speech = speech[:n_samples] + frication(voice, utterance, n_samples, sample_rate, rng)
    coloured: Float64 = lfilter(colour_filter(voice.colour), [1.0], speech)
    return coloured


def articulate(
    voice: Voice, utterance: Utterance, n_samples: int, sample_rate: int, rng: np.random.Generator
) -> Articulation:
    """How glottis and vocal tract move in an utterance of ``n_samples``."""
    hop = round(HOP_SECONDS * sample_rate)
    n_frames = -(-n_samples // hop)
    bounds = np.cumsum(utterance.seconds)[:-1] * sample_rate
    phone_of_frame = np.searchsorted(bounds, (np.arange(n_frames) + 0.5) * hop, side="right")
    frequencies, bandwidths = formant_tracks(voice, utterance.phones, phone_of_frame, sample_rate)
    return Articulation(
        f0=draw_f0(voice, utterance, phone_of_frame, rng),
        voicing=_smooth(_track(utterance.phones, phone_of_frame, "voicing"), ONSET_SECONDS),
        aspiration=_smooth(_track(utterance.phones, phone_of_frame, "aspiration"), ONSET_SECONDS),
        frequencies=frequencies,
        bandwidths=bandwidths,
        hop=hop,
        sample_rate=sample_rate,
    )


def formant_tracks(
    voice: Voice, phones: list[Phone], phone_of_frame: NDArray[np.intp], sample_rate: int
) -> tuple[Float64, Float64]:
    """(F, K) frequencies and bandwidths in Hz of the voice's formants below half the sample rate.

    The first three follow the phones, smoothed by coarticulation; those above are the odd resonances of a tube.
    """
    targets = np.array([phone.formants for phone in phones])[phone_of_frame]
    upper = TUBE_HERTZ * (2 * np.arange(4, MAX_FORMANTS + 1) - 1)
    targets = np.hstack([targets, np.broadcast_to(upper, (len(targets), len(upper)))])
    frequencies = np.column_stack([_smooth(track, COARTICULATION_SECONDS) for track in targets.T])
    frequencies *= voice.formant_scale * np.array(voice.formant_ratios)
    damping = _smooth(_track(phones, phone_of_frame, "damping"), ONSET_SECONDS)
    bandwidths = BANDWIDTHS * np.array(voice.damping) * damping[:, np.newaxis]
    fits = frequencies.max(axis=0) < NYQUIST_MARGIN * sample_rate / 2
    return frequencies[:, fits], bandwidths[:, fits]


def draw_f0(voice: Voice, utterance: Utterance, phone_of_frame: NDArray[np.intp], rng: np.random.Generator) -> Float64:
    """(F,) Hz: in each phrase F0 declines, with accents of random size (semitones)."""
    phrase_of_frame = utterance.phrases[phone_of_frame]
    starts = np.searchsorted(phrase_of_frame, phrase_of_frame, side="left")
    ends = np.searchsorted(phrase_of_frame, phrase_of_frame, side="right")
    position = (np.arange(len(phrase_of_frame)) - starts) / (ends - starts)
    accents = 1.5 * voice.f0_spread * rng.standard_normal(len(utterance.phones))
    semitones = DECLINATION * (0.5 - position) + _smooth(accents[phone_of_frame], ACCENT_SECONDS)
    return voice.f0 * 2.0 ** (semitones / 12)


def glottal_source(voice: Voice, tracks: Articulation, rng: np.random.Generator) -> Float64:
    """(F x hop,) derivative of the glottal flow (the lips radiate a derivative), tilted, with breath and aspiration."""
    hop, sample_rate = tracks.hop, tracks.sample_rate
    n = len(tracks.f0) * hop
    n_pulses = math.ceil(2 * tracks.f0.max() * n / sample_rate) + 1
    pulses = np.exp([voice.jitter, voice.shimmer] * rng.standard_normal((n_pulses, 2)))
    flow = glottal_flow(tracks.f0, hop, sample_rate, voice.opening, CLOSING * voice.opening, pulses)
    slope = np.diff(flow, prepend=0.0) * (2 * CLOSING * voice.opening * sample_rate / math.pi)  # -1 at closure
    voicing = np.repeat(tracks.voicing, hop)
    a = _tilt_pole(voice.tilt, sample_rate)
    glottal = lfilter([1 - a], [1, -a], slope * voicing)
    breath = voice.breathiness * rng.standard_normal(n) * voicing * (0.3 + 0.7 * (flow > 0))
    hiss = HISS * rng.standard_normal(n) * np.repeat(tracks.aspiration, hop)
    source: Float64 = glottal + breath + hiss
    return source


def frication(
    voice: Voice, utterance: Utterance, n_samples: int, sample_rate: int, rng: np.random.Generator
) -> Float64:
    """(n_samples,) the noise of fricatives and bursts, in bands that scale with the speaker's vocal tract."""
    noise = np.zeros(n_samples)
    bounds = np.rint(np.cumsum(utterance.seconds, dtype=np.float64) * sample_rate).astype(int)
    filters: dict[tuple[float, float], tuple[Float64, float]] = {}
    for phone, start, end in zip(utterance.phones, [0, *bounds[:-1]], bounds, strict=True):
        n = min(end, n_samples) - start
        if phone.band is None or n < 2:
            continue
        if phone.band not in filters:
            filters[phone.band] = _band_filter(phone.band, voice.formant_scale, sample_rate)
        sos, gain = filters[phone.band]
        envelope = np.sqrt(np.sin(np.pi * (np.arange(n) + 0.5) / n))
        amplitude = gain * voice.frication * phone.frication
        noise[start : start + n] = amplitude * envelope * sosfilt(sos, rng.standard_normal(n))
    return noise


def colour_filter(colour: tuple[float, ...]) -> Float64:
    """(COLOUR_TAPS,) the minimum-phase filter with the gain that ``Voice.colour`` describes.

    A gain in nepers that is a cosine series has the series' coefficients as its complex cepstrum c, and
    h[n] = sum over k of (k / n) c[k] h[n - k] (Oppenheim and Schafer, "Discrete-Time Signal Processing", chapter 13).
    """
    cepstrum = np.array(colour) * math.log(10) / 20
    h = np.zeros(COLOUR_TAPS)
    h[0] = 1.0
    for n in range(1, COLOUR_TAPS):
        k = np.arange(1, min(n, len(cepstrum)) + 1)
        h[n] = np.sum(k * cepstrum[k - 1] * h[n - k]) / n
    return h


def _band_filter(band: tuple[float, float], scale: float, sample_rate: int) -> tuple[Float64, float]:
    """A band-pass filter as second-order sections, and the gain that turns white noise into noise of RMS 1."""
    high = min(band[1] * scale, NYQUIST_MARGIN * sample_rate / 2)
    low = min(band[0] * scale, high / 1.5)
    return butter(2, [low, high], "bandpass", fs=sample_rate, output="sos"), math.sqrt(sample_rate / 2 / (high - low))


def _tilt_pole(attenuation: float, sample_rate: int) -> float:
    """The pole of the one-pole low-pass that takes ``attenuation`` dB at 3 kHz."""
    gain = 10 ** (-attenuation / 10)
    if gain >= 1:
        return 0.0
    p = (1 - gain * math.cos(2 * math.pi * 3000 / sample_rate)) / (1 - gain)
    return p - math.sqrt(p * p - 1)


def _track(phones: list[Phone], phone_of_frame: NDArray[np.intp], name: str) -> Float64:
    values: Float64 = np.array([getattr(phone, name) for phone in phones], dtype=np.float64)[phone_of_frame]
    return values


def _smooth(track: Float64, seconds: float) -> Float64:
    """The track averaged under a Hann window about as wide as ``seconds``."""
    half = round(seconds / HOP_SECONDS / 2)
    window = np.hanning(2 * half + 3)[1:-1]
    smoothed: Float64 = np.convolve(np.pad(track, half, mode="edge"), window / window.sum(), mode="valid")
    return smoothed
