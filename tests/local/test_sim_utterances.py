"""The simulator of meetings: recorded speech."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import utterances
from simulator import assert_filled, levels, overlap_share, silence

from diar.errors import DataError
from diar.io.data_folder import DataFolder


def test_long_pauses_are_cut_and_short_ones_kept(readers):
    speech = utterances.read_speech(readers / "anna" / "chapter" / "0.flac", 8000)
    assert len(speech) / 8000 == pytest.approx(1.0 + 0.15 + 1.5 + utterances.KEPT_PAUSE + 1.0, abs=0.08)
    quiet = np.diff(np.flatnonzero(np.abs(speech) > 0.01)).max() / 8000
    assert quiet <= utterances.MAX_PAUSE
    assert abs(speech[:200]).max() > 0.2 and abs(speech[-200:]).max() > 0.2


def test_a_reader_goes_through_all_utterances_and_begins_again(readers):
    paths = sorted((readers / "ben").rglob("*.flac"))
    reader = utterances.Reader("ben", paths, 8000, np.random.default_rng(0))
    said = np.concatenate([reader.say(8000) for _ in range(30)])  # six times what there is
    spectrum = np.abs(np.fft.rfft(said))
    frequency = np.fft.rfftfreq(len(said), 1 / 8000)
    for hertz in (600.0, 650.0):
        assert spectrum[np.abs(frequency - hertz) < 5].max() > 0.2 * spectrum.max()


def test_turns_of_recorded_speech_are_filled(readers, run):
    words = ("--num-meetings", "1", "--duration", "60", "--num-speakers", "3", "--sample-rate", "8000", "--snr", "100")
    folder = run("meetings", "--utterances", str(readers), *words)
    signal, rate = soundfile.read(folder / "wav" / "SIM01.flac")
    turns = DataFolder(folder / "data").reference_turns()["SIM01"]
    assert {turn.speaker for turn in turns} == {"anna", "ben", "cora"}
    assert_filled(levels(signal, rate), turns, utterances.MAX_PAUSE, 1e-4)
    assert 0.0 < overlap_share(turns) < 0.1
    for turn in turns:  # who the reference says it is
        alone = not any(t.start < turn.end and turn.start < t.end for t in turns if t is not turn)
        if alone:
            part = signal[round(rate * turn.start) : round(rate * turn.end)]
            hertz = np.fft.rfftfreq(len(part), 1 / rate)[np.abs(np.fft.rfft(part)).argmax()]
            assert ("anna", "ben", "cora")[round(hertz / 300 - 1.1)] == turn.speaker


def test_folders_of_recorded_speech_that_do_not_serve(readers, run, tmp_path):
    with pytest.raises(DataError, match="asked for up to 5 speakers, found 3"):
        run("x", "--utterances", str(readers))
    with pytest.raises(DataError, match="no such folder; wanted a folder a speaker"):
        run("x", "--utterances", str(tmp_path / "missing"))
    (tmp_path / "empty" / "anna").mkdir(parents=True)
    with pytest.raises(DataError, match="found no speaker with audio; wanted a folder a speaker"):
        run("x", "--utterances", str(tmp_path / "empty"))
    silent = tmp_path / "silent" / "anna"
    silent.mkdir(parents=True)
    soundfile.write(silent / "0.wav", silence(2.0), 8000)
    with pytest.raises(DataError, match="found only silence"):
        run("x", "--utterances", str(silent.parent), "--num-speakers", "1", "--duration", "20")
