"""The simulator of meetings: whole meetings, and the program end to end."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import soundfile
from conversation import ConversationOptions
from meeting import RoomOptions, simulate_meeting
from simulator import SIM, assert_filled, lag, levels
from talkers import draw_synthetic_talkers

from diar.errors import DataError
from diar.io.data_folder import DataFolder

RATE = 16000


def test_synthetic_turns_are_filled_with_speech_and_nothing_else_is():
    conversation, quiet = ConversationOptions(duration=60.0, num_speakers="3"), RoomOptions(snr=100.0)
    talkers = draw_synthetic_talkers(3, RATE, np.random.default_rng(0))
    meeting = simulate_meeting(talkers, conversation, quiet, RATE, np.random.default_rng(1))
    assert len(meeting.signal) == 60 * RATE and np.abs(meeting.signal).max() < 1
    assert_filled(levels(meeting.signal, RATE), meeting.turns, 0.3, 1e-7)


def test_noise_has_the_level_asked_for():
    signals = {}
    for snr in (10.0, 100.0):
        talkers = draw_synthetic_talkers(2, RATE, np.random.default_rng(0))
        conversation = ConversationOptions(duration=20.0, num_speakers="2")
        meeting = simulate_meeting(talkers, conversation, RoomOptions(snr=snr), RATE, np.random.default_rng(1))
        signals[snr] = meeting.signal.astype(np.float64)
    scale = signals[10.0] @ signals[100.0] / (signals[100.0] @ signals[100.0])
    noise = signals[10.0] - scale * signals[100.0]
    speech = np.concatenate(
        [scale * signals[100.0][round(RATE * t.start) : round(RATE * t.end)] for t in meeting.turns]
    )
    assert 10 * np.log10(np.mean(speech**2) / np.mean(noise**2)) == pytest.approx(10.0, abs=0.5)


def test_the_same_options_give_the_same_bytes_and_meetings_are_independent(run):
    short = ("--duration", "20", "--num-speakers", "2")
    one, two = run("one", "--num-meetings", "1", *short), run("two", "--num-meetings", "2", *short)
    again, other = (
        run("again", "--num-meetings", "1", *short),
        run("other", "--seed", "2", "--num-meetings", "1", *short),
    )
    first = [folder / "wav" / "SIM01.flac" for folder in (one, two, again, other)]
    assert first[0].read_bytes() == first[1].read_bytes() == first[2].read_bytes() != first[3].read_bytes()
    assert (two / "wav" / "SIM02.flac").read_bytes() != first[0].read_bytes()
    assert (one / "data" / "ref.rttm").read_text() == (again / "data" / "ref.rttm").read_text()
    assert (two / "data" / "ref.rttm").read_text().startswith((one / "data" / "ref.rttm").read_text())


def test_the_data_folder_is_complete(run):
    folder = run("meetings", "--num-meetings", "1", "--duration", "30", "--num-speakers", "3", "--audio-format", "wav")
    data = DataFolder(folder / "data")
    path = data.wav_scp()["SIM01"]
    audio = soundfile.info(path)
    assert (audio.samplerate, audio.frames, audio.channels, audio.subtype) == (RATE, 30 * RATE, 1, "PCM_16")
    assert {turn.speaker for turn in data.reference_turns()["SIM01"]} in ({"f1", "f2", "m1"}, {"f1", "m1", "m2"})
    assert data.uem() == {"SIM01": [(0.0, 30.0)]}
    for name in ("segments", "utt2spk", "spk2utt", "reco2dur"):
        assert (data.path / name).read_text()


@pytest.mark.parametrize("kind", ["table", "far"])
def test_rooms_keep_the_reference_aligned(kind):
    heard = {}
    for name in ("none", kind):
        talkers = draw_synthetic_talkers(2, 8000, np.random.default_rng(0))
        conversation = ConversationOptions(duration=20.0, num_speakers="2")
        acoustics = RoomOptions(room=name, snr=100.0)
        heard[name] = simulate_meeting(talkers, conversation, acoustics, 8000, np.random.default_rng(1)).signal
    product = np.fft.rfft(heard[kind]) * np.fft.rfft(heard["none"]).conj()
    delay = int(np.argmax(np.fft.irfft(product / np.maximum(np.abs(product), 1e-12))))
    assert delay in (0, 1)


@pytest.mark.parametrize("kind", ["table", "far"])
def test_every_microphone_has_its_own_noise_and_the_speech_of_the_turns(kind):
    heard = {}
    for n_mics, snr in ((1, 100.0), (3, 100.0), (3, 10.0)):
        talkers = draw_synthetic_talkers(2, 8000, np.random.default_rng(0))
        conversation = ConversationOptions(duration=20.0, num_speakers="2")
        acoustics = RoomOptions(room=kind, snr=snr, num_mics=n_mics)
        meeting = simulate_meeting(talkers, conversation, acoustics, 8000, np.random.default_rng(1))
        heard[n_mics, snr] = meeting.signal.astype(np.float64)
        assert meeting.signal.shape == ((160_000,) if n_mics == 1 else (160_000, n_mics))
        assert meeting.signal.dtype == np.float32 and np.abs(meeting.signal).max() < 1
    quiet, noisy = heard[3, 100.0], heard[3, 10.0]
    noise = noisy - quiet * np.sum(noisy * quiet, axis=0) / np.sum(quiet**2, axis=0)
    spoken = np.zeros(len(quiet), dtype=bool)
    for turn in meeting.turns:
        spoken[round(8000 * turn.start) : round(8000 * turn.end)] = True
    ratio = 10 * np.log10(np.mean((noisy - noise)[spoken] ** 2, axis=0) / np.mean(noise**2, axis=0))
    np.testing.assert_allclose(ratio, 10.0, atol=0.5)
    assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 0.1
    assert 0 <= lag(quiet[:, 0], heard[1, 100.0]) <= 0.003 * 8000, "the turns fit the first microphone to 3 ms"
    places = {}
    for turn in meeting.turns:
        part = quiet[round(8000 * turn.start) : round(8000 * turn.end)]
        places.setdefault(turn.speaker, []).append((lag(part[:, 1], part[:, 0]), lag(part[:, 2], part[:, 0])))
    usual = {max(lags, key=lags.count) for lags in places.values()}
    assert len(usual) == 2 and (0, 0) not in usual, "every speaker has a place of his own"
    assert np.abs(list(usual)).max() <= 8000 / 343, "distant microphones are at most 1 m apart"


def test_several_microphones_are_the_channels_of_one_file(run):
    words = ("--num-meetings", "1", "--duration", "20", "--num-speakers", "2", "--room", "table", "--num-mics", "8")
    folder = run("array", *words, "--mics", "circle")
    audio = soundfile.info(DataFolder(folder / "data").wav_scp()["SIM01"])
    assert (audio.channels, audio.frames, audio.format) == (8, 20 * RATE, "FLAC")
    again = run("again", *words, "--mics", "circle")
    assert (folder / "wav" / "SIM01.flac").read_bytes() == (again / "wav" / "SIM01.flac").read_bytes()
    assert (folder / "wav" / "SIM01.flac").read_bytes() != (run("apart", *words) / "wav" / "SIM01.flac").read_bytes()


def test_several_microphones_need_a_room(run):
    with pytest.raises(DataError, match="^--num-mics: found 2 with --room none; wanted --room table or far"):
        run("x", "--num-mics", "2")
    with pytest.raises(DataError, match="^--num-mics: found 9; wanted at most 8"):
        run("x", "--num-mics", "9", "--room", "far")


def test_help_and_refusals_come_without_a_traceback(tmp_path):
    command = [sys.executable, str(SIM / "prepare_data.py")]
    refused = subprocess.run(
        [*command, "--num-speakers", "0", str(tmp_path), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and "--num-speakers" in refused.stderr
