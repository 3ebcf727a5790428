"""The whole chain in memory: a planted conversation, and equality with the stages called one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile
from oracles import agreement
from threadpoolctl import threadpool_limits

from diar import feats, realign, vad
from diar.cluster import hmm_gmm
from diar.cluster.agglomerate import SpeakerCountOptions, SpeakerRange
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.errors import DataError
from diar.feats import MfccOptions
from diar.io.wav import WavOptions, read_wav
from diar.pipeline import (
    Diarization,
    PipelineOptions,
    count_speakers,
    diarize,
    frames_to_clusters,
    realign_clusters,
    speech_mask,
    wav_to_feats,
    wav_to_vad,
)
from diar.realign import RealignOptions
from diar.segments import Turn, TurnOptions
from diar.vad import WebrtcOptions

RATE = 16000
OPTIONS = PipelineOptions(
    feats=MfccOptions(),
    vad=WebrtcOptions(webrtc_mode=0, min_silence=0.2, min_speech=0.2),
    speakers=SpeakerCountOptions(num_spk=0, min_spk=0, max_spk=0),
    clusters=HmmGmmOptions(
        initial_clusters=8,
        num_gaussians=2,
        adapt_clusters=False,
        initial_passes=4,
        merge_passes=2,
        em_iterations=3,
        merge_candidates=4,
        min_duration=1.0,
        segmentation="viterbi",
        lost_clusters="drop",
        bic_threshold=0.0,
    ),
    realigner=RealignOptions(
        passes=2,
        final_min_duration=0.5,
        min_duration=1.0,
        seconds_per_gaussian=4.0,
        seconds_per_gaussian_slope=0.0,
        em_iterations=3,
    ),
    turns=TurnOptions(min_gap=0.0, min_turn=0.0),
)
PITCH = {0: 100.0, 1: 190.0, 2: 260.0}
TILT = {0: 0.3, 1: 1.0, 2: 1.8}


def voice(speaker: int, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Harmonics of a speaker's pitch and spectral tilt; formants change every 0.2 s, as those of syllables do."""
    time = np.arange(n_samples) / RATE
    syllable = (time / 0.2).astype(int)
    formants = rng.uniform(300, 3000, size=(syllable[-1] + 1, 2))[syllable]
    pitch = PITCH[speaker] * (1 + 0.02 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    signal = np.zeros(n_samples)
    for k in range(1, int(4000 / PITCH[speaker])):
        frequency = k * PITCH[speaker]
        near = np.exp(-((frequency - formants) ** 2).min(axis=1) / (2 * 250.0**2)) + 0.1
        signal += near * np.sin(k * phase) / k ** TILT[speaker]
    return 0.1 * signal / np.sqrt(np.mean(signal**2)) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))


def conversation(turns: list[tuple[int | None, float]], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A signal and (T,) its true speakers, -1 for a pause; ``turns`` are (speaker or None, seconds)."""
    rng = np.random.default_rng(seed)
    parts = [np.zeros(int(s * RATE)) if who is None else voice(who, int(s * RATE), rng) for who, s in turns]
    signal = np.concatenate(parts)
    signal += 1e-4 * rng.standard_normal(len(signal))
    truth = np.concatenate([np.full(round(100 * s), -1 if who is None else who) for who, s in turns])
    return signal.astype(np.float32), truth.astype(np.int32)


TURNS: list[tuple[int | None, float]] = [
    (None, 1.0), (1, 4.0), (0, 3.0), (None, 1.5), (1, 2.5), (0, 5.0), (1, 3.0), (None, 2.0), (0, 4.0), (1, 4.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray]:
    return conversation(TURNS)


@pytest.fixture(scope="module")
def found(planted: tuple[np.ndarray, np.ndarray]) -> Diarization:
    return diarize(planted[0], RATE, OPTIONS)


def changed(**values: object) -> PipelineOptions:
    return dataclasses.replace(OPTIONS, **values)


def test_planted_speakers_are_found(planted: tuple[np.ndarray, np.ndarray], found: Diarization) -> None:
    _, truth = planted
    assert found.labels.shape == truth.shape and found.labels.dtype == np.int32
    both = (truth >= 0) & (found.labels >= 0)
    assert both.sum() > 0.95 * (truth >= 0).sum()
    assert count_speakers(found.labels) == 2
    assert agreement(found.labels[both], truth[both]) > 0.97


def test_speakers_are_numbered_by_appearance_and_turns_are_the_labels(found: Diarization) -> None:
    first = [int(np.flatnonzero(found.labels == k)[0]) for k in range(count_speakers(found.labels))]
    assert first == sorted(first)
    assert [turn.speaker for turn in found.turns][:2] == ["spk1", "spk2"]
    painted = np.full(len(found.labels), -1)
    for turn in found.turns:
        painted[round(100 * turn.start) : round(100 * turn.end)] = int(turn.speaker.removeprefix("spk")) - 1
    np.testing.assert_array_equal(painted, found.labels)


@threadpool_limits.wrap(limits=1)
def test_the_same_labels_as_the_stages_one_by_one(
    planted: tuple[np.ndarray, np.ndarray], found: Diarization, tmp_path
) -> None:
    """By way of a file, and of the algorithms themselves and not the pipeline's own stage functions."""
    soundfile.write(tmp_path / "a.wav", planted[0], RATE, subtype="FLOAT")
    audio = read_wav(str(tmp_path / "a.wav"), WavOptions(sample_rate=RATE))
    frames = feats.mfcc(audio.signal, RATE, OPTIONS.feats)
    speech = vad.webrtc(audio.signal, RATE, OPTIONS.vad) == 1
    partition, history = hmm_gmm.cluster(frames[speech], OPTIONS.clusters)
    assert OPTIONS.realigner is not None
    names: dict[int, int] = {}
    labels = [names.setdefault(label, len(names)) for label in partition.labels.tolist()]
    labels = realign.hmm_gmm(frames[speech], np.array(labels, dtype=np.int32), OPTIONS.realigner)
    np.testing.assert_array_equal(found.labels[speech], labels)
    assert (found.labels[~speech] == -1).all()
    assert [step.best_merge for step in found.history] == [step.best_merge for step in history]


@threadpool_limits.wrap(limits=1)
def test_the_same_labels_as_the_stage_functions(
    planted: tuple[np.ndarray, np.ndarray], found: Diarization, tmp_path
) -> None:
    soundfile.write(tmp_path / "a.wav", planted[0], RATE, subtype="FLOAT")
    audio = read_wav(str(tmp_path / "a.wav"), WavOptions(sample_rate=RATE))
    frames = wav_to_feats(audio, OPTIONS.feats)
    mask = speech_mask("a", frames, wav_to_vad(audio, OPTIONS.vad))
    labels, _ = frames_to_clusters(frames, mask, OPTIONS.clusters, SpeakerRange())
    without = diarize(planted[0], RATE, changed(realigner=None))
    np.testing.assert_array_equal(labels, without.labels)
    assert OPTIONS.realigner is not None
    np.testing.assert_array_equal(realign_clusters(frames, labels, OPTIONS.realigner), found.labels)


@pytest.mark.parametrize("asked", [1, 2, 4])
def test_the_number_of_speakers_asked_for_is_found(planted: tuple[np.ndarray, np.ndarray], asked: int) -> None:
    options = changed(speakers=SpeakerCountOptions(num_spk=asked, min_spk=0, max_spk=0))
    made = diarize(planted[0], RATE, options)
    assert count_speakers(made.labels) == asked == len({turn.speaker for turn in made.turns})


def test_the_bounds_on_the_number_hold(planted: tuple[np.ndarray, np.ndarray]) -> None:
    fewest = diarize(planted[0], RATE, changed(speakers=SpeakerCountOptions(num_spk=0, min_spk=3, max_spk=0)))
    most = diarize(planted[0], RATE, changed(speakers=SpeakerCountOptions(num_spk=0, min_spk=0, max_spk=1)))
    assert count_speakers(fewest.labels) >= 3 and count_speakers(most.labels) == 1


@pytest.mark.parametrize("seconds", [0.1, 5.0])
def test_silence_has_no_turns(seconds: float) -> None:
    made = diarize(np.zeros(int(seconds * RATE), dtype=np.float32), RATE, OPTIONS)
    assert made.turns == [] and made.history == []
    assert made.labels.tolist() == [-1] * round(100 * seconds)


def test_speech_that_is_given_is_used(planted: tuple[np.ndarray, np.ndarray]) -> None:
    signal, truth = planted
    speech = (truth >= 0).astype(np.float32)
    made = diarize(signal, RATE, OPTIONS, speech=speech)
    np.testing.assert_array_equal(made.labels >= 0, speech == 1)
    assert agreement(made.labels[truth >= 0], truth[truth >= 0]) > 0.98
    assert diarize(signal, RATE, OPTIONS, speech=np.zeros_like(speech)).turns == []


def test_turns_are_smoothed_as_asked(planted: tuple[np.ndarray, np.ndarray]) -> None:
    signal, truth = planted
    one = changed(turns=TurnOptions(min_gap=5.0, min_turn=0.0), speakers=SpeakerCountOptions(num_spk=1))
    made = diarize(signal, RATE, one, speech=(truth >= 0).astype(np.float32))
    assert made.turns == [Turn(1.0, 30.0, "spk1")]


def test_the_same_signal_gives_the_same_labels_at_any_number_type(planted, found: Diarization) -> None:
    again = diarize(planted[0].astype(np.float64), RATE, OPTIONS)
    assert again.labels.tobytes() == found.labels.tobytes() and again.turns == found.turns


def test_a_second_of_silence_before_moves_the_turns_by_a_second(planted, found: Diarization) -> None:
    signal, truth = planted
    speech = (truth >= 0).astype(np.float32)
    later = diarize(
        np.concatenate([np.zeros(RATE, dtype=np.float32), signal]),
        RATE,
        OPTIONS,
        speech=np.concatenate([np.zeros(100, dtype=np.float32), speech]),
    )
    now = diarize(signal, RATE, OPTIONS, speech=speech)
    assert (later.labels[:100] == -1).all()
    assert (later.labels[100:] == now.labels).mean() > 0.995
    assert len(later.turns) == len(now.turns)


def test_every_stage_numbers_speakers_by_their_appearance() -> None:
    """Initial pieces that are a whole piece late begin with the last cluster; no pass moves anything here."""
    options = dataclasses.replace(OPTIONS.clusters, initial_clusters=3, initial_shift=1.0, initial_passes=0)
    frames = np.random.default_rng(0).standard_normal((700, 3)).astype(np.float32)
    speech = np.arange(700) >= 100
    labels, _ = frames_to_clusters(frames, speech, options, SpeakerRange(3, 3))
    assert labels.tolist() == [-1] * 100 + [0] * 200 + [1] * 200 + [2] * 200
    assert OPTIONS.realigner is not None
    nothing = dataclasses.replace(OPTIONS.realigner, passes=0)
    turned = np.array([-1, 2, 0, 0, -1, 1], dtype=np.int32)
    assert realign_clusters(frames[:6], turned, nothing).tolist() == [-1, 0, 1, 1, -1, 2]


@pytest.mark.parametrize(("n_speech", "fits"), [(97, True), (103, True), (96, False), (104, False), (0, False)])
def test_speech_of_another_length_is_refused_beyond_the_edges(n_speech: int, fits: bool) -> None:
    frames, speech = np.zeros((100, 19), dtype=np.float32), np.ones(n_speech, dtype=np.float32)
    if fits:
        mask = speech_mask("rec", frames, speech)
        assert mask.tolist() == [t < n_speech for t in range(100)]
    else:
        with pytest.raises(DataError, match=f"^rec: 100 frames of features, {n_speech} of speech decisions"):
            speech_mask("rec", frames, speech)


@pytest.mark.parametrize("sample_rate", [11025, 22050])
def test_rates_without_whole_frames_are_refused(sample_rate: int) -> None:
    with pytest.raises(DataError, match="--sample-rate"):
        diarize(np.zeros(sample_rate, dtype=np.float32), sample_rate, OPTIONS)


@pytest.mark.parametrize("sample_rate", [8000, 44100, 48000])
def test_other_rates_give_a_hundred_frames_a_second(sample_rate: int) -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(2 * sample_rate).astype(np.float32)
    made = diarize(signal, sample_rate, changed(realigner=None), speech=np.ones(200, dtype=np.float32))
    assert len(made.labels) == 200 and (made.labels >= 0).all()


def test_upsampled_audio_has_its_mel_bins_below_its_own_half_rate(tmp_path) -> None:
    signal = (0.1 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", signal, 8000, subtype="FLOAT")
    audio = read_wav(str(tmp_path / "a.wav"), WavOptions(sample_rate=16000))
    frames = wav_to_feats(audio, OPTIONS.feats)
    np.testing.assert_array_equal(frames, feats.mfcc(audio.signal, 16000, MfccOptions(high_freq=4000.0)))


@pytest.mark.parametrize(("labels", "expected"), [([], 0), ([-1, -1], 0), ([-1, 0, 0, 3], 2), ([1, 0, 2, 1], 3)])
def test_speakers_are_counted_without_silence(labels: list[int], expected: int) -> None:
    assert count_speakers(labels) == expected == count_speakers(np.array(labels, dtype=np.int32))
