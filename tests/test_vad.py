"""Speech detection against webrtcvad itself, smoothing against a brute force."""

from __future__ import annotations

import numpy as np
import pytest
import webrtcvad
from hypothesis import given
from hypothesis import strategies as st
from oracles import closed_and_opened

from diar.errors import DataError
from diar.vad import WebrtcOptions, fit_length, smooth, speech_doubt, webrtc, webrtc_rate

RATES = (8000, 16000, 32000, 48000)


def bursts(sample_rate: int, seconds: float = 3.0) -> np.ndarray:
    """A buzz with a moving formant for half of every second, faint noise otherwise; louder than full scale at times."""
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    rng = np.random.default_rng(0)
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 25)) * (1 + np.sin(2 * np.pi * 4 * time))
    loud = (time % 1.0) < 0.5
    return (0.4 * buzz * loud + 0.002 * rng.standard_normal(len(time))).astype(np.float32)


def decisions(signal: np.ndarray, sample_rate: int, mode: int) -> list[int]:
    """webrtcvad called on 10 ms at a time; the last frame is filled with zeros if at least half of it is there."""
    detector = webrtcvad.Vad(mode)
    samples = [min(32767, max(-32768, round(float(value) * 32768))) for value in signal]
    length = sample_rate // 100
    found = []
    for start in range(0, len(samples), length):
        frame = samples[start : start + length]
        if 2 * len(frame) >= length:
            frame += [0] * (length - len(frame))
            found.append(
                int(detector.is_speech(b"".join(v.to_bytes(2, "little", signed=True) for v in frame), sample_rate))
            )
    return found


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("mode", [0, 3])
def test_webrtc_is_webrtcvad_frame_by_frame_and_then_smoothed(sample_rate: int, mode: int) -> None:
    signal = bursts(sample_rate)
    raw = decisions(signal, sample_rate, mode)
    options = WebrtcOptions(webrtc_mode=mode, min_silence=0.0, min_speech=0.0)
    assert webrtc([signal], sample_rate, options).tolist() == raw
    assert 0 < sum(raw) < len(raw)
    smoothing = WebrtcOptions(webrtc_mode=mode, min_silence=0.12, min_speech=0.25)
    assert webrtc([signal], sample_rate, smoothing).tolist() == closed_and_opened(raw, 12, 25)


@pytest.mark.parametrize("n_frames", [1, 7, 100])
def test_blocks_and_frames_at_once_do_not_change_the_decisions(monkeypatch: pytest.MonkeyPatch, n_frames: int) -> None:
    signal = bursts(16000)
    raw = decisions(signal, 16000, 1)
    monkeypatch.setattr("diar.vad._STRETCH_FRAMES", n_frames)
    options = WebrtcOptions(webrtc_mode=1, min_silence=0.0, min_speech=0.0)
    assert webrtc(np.split(signal, [1, 1, 170, 20000]), 16000, options).tolist() == raw


@pytest.mark.parametrize("extra", [0, 1, 79, 80, 81, 159])
def test_there_are_a_hundred_decisions_a_second_rounded(extra: int) -> None:
    signal = bursts(16000)[: 16000 + extra]
    options = WebrtcOptions(webrtc_mode=1, min_silence=0.0, min_speech=0.0)
    speech = webrtc([signal], 16000, options)
    assert speech.dtype == np.float32
    assert len(speech) == 100 + (2 * extra >= 160)
    assert speech.tolist() == decisions(signal, 16000, 1)


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("mode", range(4))
def test_silence_has_no_speech(sample_rate: int, mode: int) -> None:
    speech = webrtc([np.zeros(2 * sample_rate, dtype=np.float32)], sample_rate, WebrtcOptions(webrtc_mode=mode))
    assert speech.tolist() == [0.0] * 200


def test_an_empty_signal_has_no_frames() -> None:
    assert webrtc([np.zeros(0, dtype=np.float32)], 16000, WebrtcOptions()).shape == (0,)


@pytest.mark.parametrize(
    ("sample_rate", "expected"),
    [(4000, 8000), (8000, 8000), (11025, 8000), (15999, 8000), (16000, 16000), (44100, 16000), (48000, 16000)],
)
def test_the_detectors_rate_is_the_nearest_below(sample_rate: int, expected: int) -> None:
    assert webrtc_rate(sample_rate) == expected


decisions_lists = st.lists(st.integers(0, 1), max_size=40)


@given(speech=decisions_lists, gap=st.integers(0, 6), shortest=st.integers(0, 6))
def test_smoothing_is_the_brute_force(speech: list[int], gap: int, shortest: int) -> None:
    given_speech = np.array(speech, dtype=np.float32)
    smoothed = smooth(given_speech, gap / 100, shortest / 100)
    assert smoothed.tolist() == closed_and_opened(speech, gap, shortest)
    assert given_speech.tolist() == speech, "the input is left as it was"


@given(speech=decisions_lists, gap=st.integers(0, 6), shortest=st.integers(0, 6))
def test_smoothing_backwards_in_time_is_the_same_backwards(speech: list[int], gap: int, shortest: int) -> None:
    forward = smooth(np.array(speech, dtype=np.float32), gap / 100, shortest / 100)
    backward = smooth(np.array(speech[::-1], dtype=np.float32), gap / 100, shortest / 100)
    assert forward.tolist() == backward[::-1].tolist()


@pytest.mark.parametrize(("n_frames", "expected"), [(0, []), (2, [1, 0]), (3, [1, 0, 1]), (5, [1, 0, 1, 0, 0])])
def test_length_is_cut_or_filled_with_silence(n_frames: int, expected: list[float]) -> None:
    fitted = fit_length(np.array([1, 0, 1], dtype=np.float32), n_frames)
    assert fitted.dtype == np.float32 and fitted.tolist() == expected


@pytest.mark.parametrize(
    "values", [{"webrtc_mode": 4}, {"webrtc_mode": -1}, {"min_silence": -0.1}, {"min_speech": -1.0}]
)
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        WebrtcOptions(**values)


# ---- doubts --------------------------------------------------------------------------------------------------------


def stretches_of(on: int, off: int, times: int) -> np.ndarray:
    return np.tile(np.repeat([1, 0], [on, off]), times).astype(np.float32)


@pytest.mark.parametrize(
    ("speech", "doubt"),
    [
        (np.zeros(1000), "no speech found"),
        (np.zeros(0), "no speech found"),
        (stretches_of(49, 951, 10), "only 4.9 % speech found"),
        (stretches_of(50, 950, 10), ""),
        (stretches_of(980, 20, 10), ""),
        (stretches_of(981, 19, 10), "98.1 % speech found"),
        (np.ones(1000), "100.0 % speech found"),
        (stretches_of(50, 50, 3600), ""),  # 60 a minute
        (stretches_of(49, 50, 3600), "3600 regions of speech, 0.49 s each"),
        (stretches_of(10, 10, 30), ""),  # too few to say
        (stretches_of(10, 10, 31), "31 regions of speech, 0.10 s each"),
    ],
    ids=range(11),
)
def test_what_looks_wrong_is_told(speech: np.ndarray, doubt: str) -> None:
    assert speech_doubt(speech.astype(np.float32)).startswith(doubt)
    assert bool(speech_doubt(speech.astype(np.float32))) == bool(doubt)
