"""The whole chain in memory: a planted conversation, and equality with the stages called one by one."""

from __future__ import annotations

import dataclasses
import re
import warnings
import zlib

import numpy as np
import pytest
import soundfile
from oracles import agreement
from scipy.signal import resample_poly
from threadpoolctl import threadpool_limits

from diar import embed, feats, realign, vad
from diar.audio import Audio, AudioOptions, from_samples
from diar.background import Stream
from diar.cluster import aib, hmm_gmm, ib_viterbi
from diar.cluster.agglomerate import SpeakerCountOptions, SpeakerRange, cut, renumber
from diar.cluster.aib import AibOptions
from diar.cluster.hmm_gmm import HmmGmmOptions
from diar.cluster.ib_hmm_gmm import IbHmmGmmOptions, log_likelihood_gains
from diar.cluster.ib_viterbi import IbViterbiOptions
from diar.diarization import Diarization, PipelineOptions, diarize
from diar.errors import DataError
from diar.feats import FeatsOptions
from diar.front_end import speech_mask, wav_to_feats, wav_to_vad
from diar.io.wav import WavOptions, read_wav
from diar.nets.options import DecEmbeddingOptions, DeviceOptions, EmbedderOptions, SaeOptions
from diar.options import Options
from diar.pipeline import (
    count_speakers,
    frames_to_clusters,
    most_clusters,
    realign_clusters,
    speaker_shortfall,
)
from diar.posteriors import relevance
from diar.realign import KlRealignOptions, RealignOptions
from diar.segments import Turn, TurnOptions
from diar.vad import WebrtcOptions

RATE = 16000
OPTIONS = PipelineOptions(
    feats=FeatsOptions(),
    vad=WebrtcOptions(webrtc_mode=0, min_silence=0.2, min_speech=0.2),
    speakers=SpeakerCountOptions(num_spk=0, min_spk=0, max_spk=0),
    clusters=HmmGmmOptions(
        initial_clusters=8,
        num_gaussians=2,
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


def in_memory(signal: np.ndarray, rate: int) -> Audio:
    return from_samples(signal, rate, AudioOptions(sample_rate=rate))


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
    frames = feats.features([audio.signal], RATE, OPTIONS.feats)
    speech = vad.webrtc([audio.signal], RATE, OPTIONS.vad) == 1
    history = hmm_gmm.merge_history(frames[speech], OPTIONS.clusters)
    partition = cut(history, OPTIONS.clusters.stop)
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
    frames = wav_to_feats(audio, OPTIONS.feats, "a")
    mask = speech_mask("a", frames, wav_to_vad(audio, OPTIONS.vad))
    labels = frames_to_clusters(frames, mask, OPTIONS.clusters, SpeakerRange()).labels
    without = diarize(planted[0], RATE, changed(realigner=None))
    np.testing.assert_array_equal(labels, without.labels)
    assert OPTIONS.realigner is not None
    np.testing.assert_array_equal(realign_clusters(frames, labels, OPTIONS.realigner), found.labels)


@pytest.mark.parametrize("kind", ["sae", "idec"])
def test_an_embedder_learns_from_the_signal_alone_as_the_stages_do(planted, kind: str) -> None:
    device = DeviceOptions(num_threads=1)
    sae_options = SaeOptions(hidden="8", bottleneck=4, pretrain_epochs=1, finetune_epochs=2, batch_size=256)
    dec_options = DecEmbeddingOptions(dec_clusters=4, max_intervals=2, batch_size=256)
    embedder = EmbedderOptions(kind, sae_options, dec_options, device)
    made = diarize(planted[0], RATE, changed(embedder=embedder, realigner=None))
    audio = from_samples(planted[0], RATE, OPTIONS.audio, "a")
    with threadpool_limits(1):
        frames = wav_to_feats(audio, OPTIONS.feats, "a")
        mask = speech_mask("a", frames, wav_to_vad(audio, OPTIONS.vad))
        speech = embed.Speech([frames], [mask])
        model, _ = embed.fit_sae(speech, sae_options, device)
        if kind == "idec":
            model, _ = embed.fit_dec(model, kind, speech, dec_options, device)
        labels = frames_to_clusters(model.embed(frames), mask, OPTIONS.clusters, SpeakerRange()).labels
    np.testing.assert_array_equal(made.labels, labels)
    assert diarize(np.zeros(RATE, dtype=np.float32), RATE, changed(embedder=embedder)).turns == []


def test_an_embedder_that_there_is_not_is_refused() -> None:
    with pytest.raises(DataError, match="^embedder: found 'pca'; wanted sae, dec or idec"):
        EmbedderOptions("pca")


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
    assert made.turns == [] and len(made.history) == 0
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
    labels = frames_to_clusters(frames, speech, options, SpeakerRange(3, 3)).labels
    assert labels.tolist() == [-1] * 100 + [0] * 200 + [1] * 200 + [2] * 200
    assert OPTIONS.realigner is not None
    nothing = dataclasses.replace(OPTIONS.realigner, passes=0)
    turned = np.array([-1, 2, 0, 0, -1, 1], dtype=np.int32)
    assert realign_clusters(frames[:6], turned, nothing).tolist() == [-1, 0, 1, 1, -1, 2]


@pytest.mark.parametrize(
    ("n_speech", "fits"), [(300, True), (200, True), (400, True), (199, False), (401, False), (0, False)]
)
def test_speech_of_another_length_is_refused_beyond_the_edges(n_speech: int, fits: bool) -> None:
    """A window may be 1 s long, and with --snip-edges true those that do not fit are left out."""
    frames, speech = np.zeros((300, 19), dtype=np.float32), np.ones(n_speech, dtype=np.float32)
    if fits:
        mask = speech_mask("rec", frames, speech)
        assert mask.tolist() == [t < n_speech for t in range(300)]
    else:
        with pytest.raises(DataError, match=f"^rec: 300 frames of features, {n_speech} of speech decisions"):
            speech_mask("rec", frames, speech)


@pytest.mark.parametrize("frame_length", [25.0, 1000.0])
def test_windows_that_are_left_out_at_the_edges_do_not_stop_the_chain(frame_length: float) -> None:
    options = changed(feats=FeatsOptions(snip_edges=True, frame_length=frame_length), realigner=None)
    signal = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    made = diarize(signal, RATE, options, speech=np.ones(300, dtype=np.float32))
    assert len(made.labels) == 1 + int((3000 - frame_length) / 10)


@pytest.mark.parametrize("sample_rate", [8000, 11025, 22050, 44100, 48000])
def test_other_rates_give_a_hundred_frames_a_second(sample_rate: int) -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(2 * sample_rate).astype(np.float32)
    made = diarize(signal, sample_rate, changed(realigner=None), speech=np.ones(200, dtype=np.float32))
    assert len(made.labels) == 200 and (made.labels >= 0).all()


# ---- the same as by way of a file ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stereo(planted: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The conversation at 44.1 kHz, louder on the right, where there is some noise besides."""
    signal = resample_poly(planted[0], 441, 160)
    noise = 2e-3 * np.random.default_rng(1).standard_normal(len(signal))
    return np.stack([0.5 * signal, signal + noise], axis=1).astype(np.float32)


@pytest.mark.parametrize(("sample_rate", "channel"), [(16000, "mix"), (8000, "2")])
@threadpool_limits.wrap(limits=1)
def test_stereo_at_another_rate_gives_the_labels_of_the_stages_on_its_file(
    stereo: np.ndarray, planted: tuple[np.ndarray, np.ndarray], tmp_path, sample_rate: int, channel: str
) -> None:
    soundfile.write(tmp_path / "meeting.wav", stereo, 44100, subtype="FLOAT")
    audio = read_wav(str(tmp_path / "meeting.wav"), WavOptions(sample_rate=sample_rate, channel=channel))
    feats_options = FeatsOptions(dither=2.0)
    frames = wav_to_feats(audio, feats_options, "meeting")
    mask = speech_mask("meeting", frames, wav_to_vad(audio, OPTIONS.vad))
    clustering = frames_to_clusters(frames, mask, OPTIONS.clusters, SpeakerRange())
    assert OPTIONS.realigner is not None
    labels = realign_clusters(frames, clustering.labels, OPTIONS.realigner)
    options = changed(feats=feats_options, audio=AudioOptions(sample_rate=sample_rate, channel=channel))
    made = diarize(stereo, 44100, options, recording="meeting")
    np.testing.assert_array_equal(made.labels, labels)
    assert [step.best_merge for step in made.history] == [step.best_merge for step in clustering.history], "the dither"
    truth = planted[1]
    both = (truth >= 0) & (made.labels >= 0)
    assert both.sum() > 0.9 * (truth >= 0).sum() and agreement(made.labels[both], truth[both]) > 0.95


def test_a_channel_alone_is_that_channel_as_a_signal(stereo: np.ndarray) -> None:
    speech = np.ones(200, dtype=np.float32)
    short = stereo[: 2 * 44100]
    left = diarize(short, 44100, changed(audio=AudioOptions(channel="1"), realigner=None), speech=speech)
    alone = diarize(short[:, 0], 44100, changed(realigner=None), speech=speech)
    assert [step.best_merge for step in left.history] == [step.best_merge for step in alone.history]
    assert left.labels.tobytes() == alone.labels.tobytes()


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(1599), "0.100 s long; wanted at least 0.1 s"),
        (np.zeros(0), "0.000 s long; wanted at least 0.1 s"),
        (np.full(16000, np.nan), "sample 0 is not a number"),
        (np.zeros((16000, 2, 1)), "found an array of shape"),
        (np.zeros((16000, 0)), "found an array of shape"),
    ],
)
def test_samples_that_a_file_could_not_have_are_refused(samples: np.ndarray, reason: str) -> None:
    for names, name in (({}, "signal"), ({"recording": "r1"}, "r1")):
        with pytest.raises(DataError, match=f"^{name}: {re.escape(reason)}"):
            diarize(samples, RATE, OPTIONS, **names)


def test_the_name_seeds_the_dither() -> None:
    audio = in_memory((0.1 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32), RATE)
    options = FeatsOptions(dither=5.0, seed=7)
    first = wav_to_feats(audio, options, "zoë")
    rng = np.random.default_rng([7, zlib.crc32("zoë".encode())])
    np.testing.assert_array_equal(first, feats.features([audio.signal], RATE, options, rng=rng))
    for other in (wav_to_feats(audio, options, "zoe"), wav_to_feats(audio, FeatsOptions(dither=5.0, seed=8), "zoë")):
        assert np.abs(first - other).max() > 1e-3
    without = FeatsOptions(dither=0.0, seed=7)
    np.testing.assert_array_equal(wav_to_feats(audio, without, "a"), wav_to_feats(audio, without, "b"))


# ---- the information bottleneck ------------------------------------------------------------------------------------

BOTTLENECK = [AibOptions(), IbViterbiOptions(aib_clusters=6), IbHmmGmmOptions(aib_clusters=6)]
KINDS = [type(options).__name__ for options in BOTTLENECK]


@pytest.fixture(scope="module")
def frames(planted: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return wav_to_feats(in_memory(planted[0], RATE), OPTIONS.feats, "signal")


@pytest.fixture(scope="module")
def spoken(planted: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return planted[1] >= 0


@pytest.mark.parametrize("options", [BOTTLENECK[0], BOTTLENECK[2]], ids=[KINDS[0], KINDS[2]])
@threadpool_limits.wrap(limits=1)
def test_the_bottleneck_in_memory_is_that_of_its_parts(planted, frames, spoken, options) -> None:
    """By way of the algorithms themselves and not the pipeline's own stage functions."""
    signal, truth = planted
    realigner = KlRealignOptions(lost_speakers="keep")
    made = diarize(signal, RATE, changed(clusters=options, realigner=realigner), speech=spoken.astype(np.float32))
    seen = relevance([Stream("embed", frames)], spoken, options)
    if isinstance(options, IbHmmGmmOptions):
        history = ib_viterbi.merge_history(frames[spoken], seen, options, log_likelihood_gains)
    else:
        history = aib.merge_history(seen, options)
    labels = history.frame_labels(cut(history, options.stop))
    moved = realign.kl_hmm(seen.posteriors, labels, realigner)
    np.testing.assert_array_equal(made.labels[spoken], renumber(moved))
    assert (made.labels[~spoken] == -1).all()
    assert [step.best_merge for step in made.history] == [step.best_merge for step in history]
    assert agreement(made.labels[spoken], truth[spoken]) > 0.9


@pytest.mark.parametrize("options", [OPTIONS.clusters, *BOTTLENECK], ids=["HmmGmmOptions", *KINDS])
def test_a_known_history_is_only_cut(frames, spoken, options) -> None:
    made = frames_to_clusters(frames, spoken, options, SpeakerRange())
    assert (made.background is None) == isinstance(options, HmmGmmOptions)
    for allowed in (SpeakerRange(), SpeakerRange(1, 1), SpeakerRange(3, 3), SpeakerRange(4), SpeakerRange(1, 2)):
        again = frames_to_clusters(frames, spoken, options, allowed, history=made.history)
        fresh = frames_to_clusters(frames, spoken, options, allowed)
        np.testing.assert_array_equal(again.labels, fresh.labels)
        assert again.history is made.history and again.background is None
        assert allowed.fewest <= count_speakers(again.labels) <= (allowed.most or 99)


def test_a_known_history_that_is_cut_is_refined(frames, spoken) -> None:
    """By sweeps of the sequential information bottleneck, which need the relevance variables again."""
    history = frames_to_clusters(frames, spoken, AibOptions(), SpeakerRange()).history
    three, options = SpeakerRange(3, 3), AibOptions(sib_sweeps=5)
    again = frames_to_clusters(frames, spoken, options, three, history=history)
    fresh = frames_to_clusters(frames, spoken, options, three)
    np.testing.assert_array_equal(again.labels, fresh.labels)
    without = frames_to_clusters(frames, spoken, AibOptions(), three, history=history)
    assert (again.labels != without.labels).sum() > 100


@pytest.mark.parametrize("kind", [HmmGmmOptions, IbViterbiOptions, IbHmmGmmOptions])
def test_a_known_history_that_starts_with_too_few_is_refused(frames, spoken, kind) -> None:
    options = kind(initial_clusters=3, initial_passes=0) if kind is HmmGmmOptions else kind(aib_clusters=3)
    history = frames_to_clusters(frames, spoken, options, SpeakerRange()).history
    for most, wanted in ((4, "4"), (6, "4 to 6"), (None, "4 or more")):
        with pytest.raises(DataError, match=f"^merge history: passes 1 to 3 speakers; wanted {wanted}; "):
            frames_to_clusters(frames, spoken, options, SpeakerRange(4, most), history=history)
    more = frames_to_clusters(frames, spoken, options, SpeakerRange(4))
    assert count_speakers(more.labels) >= 4
    with pytest.raises(DataError, match="^merge history: was made for 4 speakers or more; wanted those for 1; "):
        frames_to_clusters(frames, spoken, options, SpeakerRange(), history=more.history)


def test_a_known_history_of_other_speech_is_refused(frames, spoken) -> None:
    history = frames_to_clusters(frames, spoken, AibOptions(), SpeakerRange()).history
    other = spoken.copy()
    other[np.flatnonzero(spoken)[:7]] = False
    with pytest.raises(DataError, match=rf"^merge history: is of {spoken.sum()} frames of speech; .*; make it anew$"):
        frames_to_clusters(frames, other, AibOptions(), SpeakerRange(), history=history)


@threadpool_limits.wrap(limits=1)
def test_the_kl_hmm_makes_a_background_where_the_clustering_has_none(frames, spoken) -> None:
    made = frames_to_clusters(frames, spoken, OPTIONS.clusters, SpeakerRange(3, 3))
    options = KlRealignOptions(max_segment=1.0)
    moved = realign_clusters(frames, made.labels, options, background=made.background)
    posteriors = relevance([Stream("any", frames)], spoken, options).posteriors
    wanted = realign.kl_hmm(posteriors, made.labels[spoken], options)
    np.testing.assert_array_equal(moved[spoken], renumber(wanted))
    given = relevance([Stream("feats", frames)], spoken, AibOptions()).background
    with_it = realign_clusters(frames, made.labels, options, background=given)
    wanted = realign.kl_hmm(given.posteriors([Stream("feats", frames)], spoken), made.labels[spoken], options)
    np.testing.assert_array_equal(with_it[spoken], renumber(wanted))


@pytest.mark.parametrize("asked", [1, 20])
def test_the_kl_hmm_keeps_as_many_speakers_as_are_asked_for(planted, asked: int) -> None:
    """Without a price the segments, of 0.5 s, stay apart; who then gets no frames of the 2.5 s at least is dropped."""
    signal, truth = planted
    options = changed(
        clusters=AibOptions(cluster_price=0.0, max_segment=0.5),
        realigner=KlRealignOptions(),
        speakers=SpeakerCountOptions(min_spk=asked),
    )
    found = count_speakers(diarize(signal, RATE, options, speech=(truth >= 0).astype(np.float32)).labels)
    assert found >= 20 if asked == 20 else found < 15


def test_streams_that_cannot_be_combined_are_refused_by_both_stages(frames, spoken) -> None:
    labels = np.where(spoken, 0, -1).astype(np.int32)
    for streams in ([Stream("a", frames, 0.5)], [Stream("a", frames[:-1])], [Stream("a", frames[:, 0])]):
        for call in (
            lambda streams=streams: frames_to_clusters(frames, spoken, AibOptions(), SpeakerRange(), streams),
            lambda streams=streams: realign_clusters(frames, labels, KlRealignOptions(), streams),
        ):
            with pytest.raises(DataError, match="weights that sum to 0.5|stream 'a' has shape"):
                call()


def test_streams_are_weighted(frames, spoken) -> None:
    noise = np.random.default_rng(0).standard_normal((len(frames), 3)).astype(np.float32)

    def gains(*streams: Stream) -> list[float]:
        made = frames_to_clusters(frames, spoken, AibOptions(), SpeakerRange(), streams)
        assert made.background is not None
        assert [model.weight for model in made.background.streams] == [stream.weight for stream in streams]
        return [step.best_merge.gain for step in made.history if step.best_merge]

    alone = gains(Stream("feats", frames))
    distance = [
        np.abs(np.subtract(gains(Stream("feats", frames, weight), Stream("noise", noise, 1 - weight)), alone)).max()
        for weight in (0.5, 0.9, 1 - 1e-9)
    ]
    assert distance[0] > distance[1] > 1e-4 > distance[2]


@pytest.mark.parametrize("realigner", [None, RealignOptions(), KlRealignOptions()], ids=["none", "hmm_gmm", "kl_hmm"])
@pytest.mark.parametrize("options", [*BOTTLENECK, AibOptions(compat="diartk")], ids=[*KINDS, "diartk"])
def test_nobody_speaks(options, realigner) -> None:
    made = diarize(np.zeros(RATE, dtype=np.float32), RATE, changed(clusters=options, realigner=realigner))
    assert made.labels.tolist() == [-1] * 100 and made.turns == [] and len(made.history) == 0
    nothing, silence = np.zeros((9, 2), dtype=np.float32), np.zeros(9, dtype=bool)
    again = frames_to_clusters(nothing, silence, options, SpeakerRange(2, 2), history=made.history)
    assert again.labels.tolist() == [-1] * 9 and again.background is None


@pytest.mark.parametrize("options", [*BOTTLENECK, AibOptions(compat="diartk")], ids=[*KINDS, "diartk"])
@pytest.mark.parametrize("n_speech", [1, 2, 60])
def test_very_little_speech_has_a_speaker(options, n_speech: int) -> None:
    frames = np.random.default_rng(0).standard_normal((100, 3)).astype(np.float32)
    speech = (np.arange(100) >= 20) & (np.arange(100) < 20 + n_speech)
    made = frames_to_clusters(frames, speech, options, SpeakerRange())
    labels = realign_clusters(frames, made.labels, KlRealignOptions(), background=made.background)
    assert count_speakers(labels) == 1


# ---- fewer speakers than asked for ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "fewest", "expected"),
    [
        ([300, 300], 2, ""),
        ([300, 300], 1, ""),
        ([300, 300], 3, "3 speakers asked for, 2 made: 6.0 s of speech hold 6 minimum durations"),
        ([50], 2, "2 speakers asked for, 1 made: 0.5 s of speech hold 1 minimum durations"),
        ([], 4, ""),  # without speech there is nothing to say
    ],
)
def test_a_shortfall_is_told_with_the_speech_there_is(counts: list[int], fewest: int, expected: str) -> None:
    labels = np.concatenate([np.full(70, -1), *(np.full(count, k) for k, count in enumerate(counts))])
    assert speaker_shortfall(labels.astype(np.int32), SpeakerRange(fewest), OPTIONS.clusters) == expected


@pytest.mark.parametrize(
    ("options", "most", "what"),
    [
        (HmmGmmOptions(min_duration=1.0), 5, "minimum durations"),
        (AibOptions(max_segment=2.5), 3, "segments"),  # of 2.5, 0.5 and 2.5 s
        (AibOptions(max_segment=1.0), 6, "segments"),
        (IbViterbiOptions(min_duration=0.5, max_segment=2.5), 3, "segments"),
        (IbViterbiOptions(min_duration=2.5, max_segment=0.5), 2, "segments"),
        (IbHmmGmmOptions(min_duration=2.5, max_segment=0.5), 2, "segments"),
        (IbHmmGmmOptions(emissions="kl_hmm", kl_min_duration=1.1, min_duration=2.5, max_segment=0.5), 5, "segments"),
        (IbHmmGmmOptions(min_duration=9.0), 1, "segments"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Options) else str(value),
)
def test_how_many_speakers_there_is_room_for(options, most: int, what: str) -> None:
    """5.5 s of speech: 3 s and 2.5 s with a pause between them."""
    labels = np.concatenate([np.zeros(300), np.full(50, -1), np.ones(250)]).astype(np.int32)
    assert most_clusters(labels >= 0, options) == most
    told = speaker_shortfall(labels, SpeakerRange(9), options)
    assert told.startswith(f"9 speakers asked for, 2 made: 5.5 s of speech hold {most} {what}")
    assert speaker_shortfall(labels, SpeakerRange(2), options) == ""
    frames = np.random.default_rng(0).standard_normal((600, 3)).astype(np.float32)
    assert count_speakers(frames_to_clusters(frames, labels >= 0, options, SpeakerRange(9, 9)).labels) == most


@pytest.mark.parametrize("values", [{"num_spk": 6}, {"min_spk": 6}], ids=str)
def test_fewer_speakers_than_asked_for_are_warned_of(values: dict[str, int]) -> None:
    signal = (0.1 * np.random.default_rng(0).standard_normal(3 * RATE)).astype(np.float32)
    options, speech = changed(speakers=SpeakerCountOptions(**values)), np.ones(300, dtype=np.float32)
    with pytest.warns(UserWarning, match="^r1: 6 speakers asked for, 3 made: 3.0 s of speech hold 3 min") as caught:
        made = diarize(signal, RATE, options, speech=speech, recording="r1")
    assert count_speakers(made.labels) == 3
    assert [warning.filename for warning in caught] == [__file__], "it points to the caller"


@pytest.mark.parametrize(("n_speech", "num_spk"), [(300, 3), (300, 0), (0, 3)])
def test_no_warning_where_there_is_nothing_to_warn_of(n_speech: int, num_spk: int) -> None:
    signal = (0.1 * np.random.default_rng(0).standard_normal(3 * RATE)).astype(np.float32)
    speech = (np.arange(300) < n_speech).astype(np.float32)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        diarize(signal, RATE, changed(speakers=SpeakerCountOptions(num_spk=num_spk)), speech=speech)
    assert caught == []


# ---- parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sample_rate", "taken"), [(44100, 16000), (12000, 8000)])
def test_speech_is_detected_at_a_rate_that_the_detector_takes(
    planted: tuple[np.ndarray, np.ndarray], sample_rate: int, taken: int
) -> None:
    signal = resample_poly(planted[0][: 8 * RATE], sample_rate // 100, RATE // 100).astype(np.float32)
    found = wav_to_vad(in_memory(signal, sample_rate), OPTIONS.vad)
    again = resample_poly(signal, taken // 100, sample_rate // 100).astype(np.float32)
    np.testing.assert_array_equal(found, vad.webrtc([again], taken, OPTIONS.vad))
    assert len(found) == 800 and 0 < found.sum() < 800


def test_upsampled_audio_has_its_mel_bins_below_its_own_half_rate(tmp_path) -> None:
    signal = (0.1 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", signal, 8000, subtype="FLOAT")
    audio = read_wav(str(tmp_path / "a.wav"), WavOptions(sample_rate=16000))
    frames = wav_to_feats(audio, OPTIONS.feats, "a")
    np.testing.assert_array_equal(frames, feats.features([audio.signal], 16000, FeatsOptions(high_freq=4000.0)))


@pytest.mark.parametrize(("labels", "expected"), [([], 0), ([-1, -1], 0), ([-1, 0, 0, 3], 2), ([1, 0, 2, 1], 3)])
def test_speakers_are_counted_without_silence(labels: list[int], expected: int) -> None:
    assert count_speakers(np.array(labels, dtype=np.int32)) == expected


def test_integers_are_refused() -> None:
    with pytest.raises(DataError, match=r"r1: found int16 samples; wanted floats in \[-1, 1\]; divide by full scale"):
        diarize(np.zeros(RATE, dtype=np.int16), RATE, recording="r1")
