"""The simulator of meetings: sets of them, sessions of the same speakers, processes."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conversation import ConversationOptions
from meeting import RoomOptions
from sessions import Session, SimulationOptions, Simulator, list_sessions
from simulator import SIM, silence, tone
from talkers import draw_synthetic_talkers

from diar.cli import is_running
from diar.errors import DataError
from diar.io.data_folder import DataFolder

SHORT = ("--duration", "20", "--num-speakers", "2", "--sample-rate", "8000")


def _names(**options) -> list[str]:
    return [session.recording for session in list_sessions(SimulationOptions(**options))]


def test_names_sort():
    assert _names(num_meetings=3) == ["SIM01", "SIM02", "SIM03"]
    assert _names(num_meetings=2, sessions=2) == ["SIM01a", "SIM01b", "SIM02a", "SIM02b"]
    assert _names(num_meetings=99)[-1] == "SIM99" and _names(num_meetings=100)[:2] == ["SIM001", "SIM002"]
    for number in (12, 100, 1000):
        assert _names(num_meetings=number, sessions=3) == sorted(set(_names(num_meetings=number, sessions=3)))


def test_more_digits_are_the_same_meeting(tmp_path):
    signals = []
    for number in (99, 100):
        simulation = SimulationOptions(num_meetings=number, sample_rate=8000)
        simulator = Simulator(simulation, ConversationOptions(duration=20.0, num_speakers="2"), RoomOptions(), tmp_path)
        signals.append(simulator.meeting(list_sessions(simulation)[6]).signal)
    assert np.array_equal(*signals)


def test_the_same_speakers_meet_again_and_say_something_else(tmp_path):
    for number in range(20):  # utterances told apart by their frequency
        folder = tmp_path / "readers" / "abcd"[number % 4]
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{number}.wav", np.concatenate([tone(6.0, 200.0 + 100 * number), silence(0.3)]), 8000)
    simulation = SimulationOptions(sessions=2, sample_rate=8000, utterances=str(tmp_path / "readers"))
    conversation = ConversationOptions(duration=30.0, num_speakers="2", turns="ami")
    simulator = Simulator(simulation, conversation, RoomOptions(snr=100.0), tmp_path)
    said, speakers, spoken = [], [], []
    for session in list_sessions(simulation)[:2]:
        meeting = simulator.meeting(session)
        speakers.append({turn.speaker for turn in meeting.turns})
        spoken.append(meeting.turns)
        spectrum = np.abs(np.fft.rfft(meeting.signal))
        hertz = np.fft.rfftfreq(len(meeting.signal), 1 / 8000)
        loud = {n for n in range(20) if spectrum[np.abs(hertz - 200 - 100 * n) < 3].max() > 0.02 * spectrum.max()}
        said.append(loud)
    assert speakers[0] == speakers[1] and len(speakers[0]) == 2
    assert spoken[0] != spoken[1]
    assert said[0] != said[1] and len(said[0] & said[1]) <= 0.5 * len(said[0] | said[1])


def test_sessions_of_synthetic_voices():
    simulation = SimulationOptions(sessions=3, sample_rate=8000)
    simulator = Simulator(simulation, ConversationOptions(duration=20.0, num_speakers="2"), RoomOptions(), Path())
    first, second, third = (simulator.meeting(Session("x", "SIM01", number)) for number in range(3))
    assert {t.speaker for t in first.turns} == {t.speaker for t in second.turns}
    assert not np.array_equal(first.signal, second.signal) and not np.array_equal(second.signal, third.signal)
    alone = Simulator(SimulationOptions(sample_rate=8000), simulator.conversation, RoomOptions(), Path())
    assert np.array_equal(first.signal, alone.meeting(Session("SIM01", "SIM01", 0)).signal)


def test_synthetic_voices_say_something_else_in_each_session():
    drawn = [draw_synthetic_talkers(2, 8000, np.random.default_rng(7), (number, 3)) for number in range(3)]
    for talkers in zip(*drawn, strict=True):
        assert len({talker.name for talker in talkers}) == 1
        assert len({replace(talker.voice, level=0.0) for talker in talkers}) == 1
        assert len({talker.level for talker in talkers}) == 3
        assert len({talker.say(4000).tobytes() for talker in talkers}) == 3


def test_levels_and_order_of_a_reader_from_session_to_session(readers):
    from utterances import Reader, find_readers

    paths = find_readers(readers)["anna"]
    assert len(paths) == 2
    sessions = [Reader("anna", paths, 8000, np.random.default_rng(5), (k, 2)) for k in range(2)]
    hertz = []
    for reader in sessions:
        said = reader.say(6000)
        hertz.append(np.fft.rfftfreq(len(said), 1 / 8000)[np.abs(np.fft.rfft(said)).argmax()])
    assert sorted(round(h / 50) * 50 for h in hertz) == [300, 350]
    assert sessions[0].level != sessions[1].level


def test_processes_change_nothing(readers, run):
    words = ("--utterances", str(readers), "--num-meetings", "4", "--duration", "300", "--num-speakers", "2-3",
             "--sample-rate", "8000", "--turns", "ami", "--room", "table", "--level-drift", "3")  # fmt: skip
    one, two = run("one", *words), run("two", *words, "--nj", "3")
    for name in ("SIM01", "SIM02", "SIM03", "SIM04"):
        assert (one / "wav" / f"{name}.flac").read_bytes() == (two / "wav" / f"{name}.flac").read_bytes()
    for name in ("ref.rttm", "utt2spk", "reco2dur"):
        assert (one / "data" / name).read_bytes() == (two / "data" / name).read_bytes()
    assert not (one / "data" / "reco2num_spk").exists()
    assert list(DataFolder(two / "data").wav_scp()) == ["SIM01", "SIM02", "SIM03", "SIM04"]


def test_an_error_in_a_process_is_one_line(tmp_path):
    for name in "ab":
        (tmp_path / "readers" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "readers" / name / "0.wav", silence(2.0), 8000)
    command = [sys.executable, SIM / "prepare_data.py", "--utterances", tmp_path / "readers", "--num-speakers", "2",
               "--duration", "600", "--nj", "2", tmp_path / "out", tmp_path / "out"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "found only silence; wanted speech of" in done.stderr
    assert not (tmp_path / "out" / "wav.scp").exists()


def test_errors_travel_between_processes():
    error = DataError("here", "found this", "wanted that", "do so")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, DataError) and str(copy) == str(error)
    assert (copy.where, copy.reason) == (error.where, error.reason)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds child processes in /proc")
def test_a_killed_run_leaves_no_processes_and_no_data_folder(tmp_path):
    command = [sys.executable, SIM / "prepare_data.py", "--num-meetings", "99", *SHORT, "--nj", "2",
               tmp_path, tmp_path]  # fmt: skip
    program = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert program.stdout.readline().startswith(b"SIM01: 2 speakers")
    workers = [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if stat.read_text().rpartition(")")[2].split()[1] == str(program.pid)
    ]
    program.kill()
    program.wait()
    assert len(workers) >= 2 and not (tmp_path / "wav.scp").exists()
    deadline = time.monotonic() + 10
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_running, workers))


def test_refusals(run, tmp_path):
    for words, message in (
        (("--turns", str(tmp_path / "no.rttm")), "^--turns: .*no such file or folder"),
        (("--turns", "ami", "--overlap", "0.2"), "^--overlap: found 0.2 with --turns ami"),
        (("--noises", str(tmp_path / "no")), "^--noises: .*no such folder"),
        (("--sessions", "27"), "^--sessions: found 27; wanted at most 26"),
        (("--nj", "0"), "^--nj: found 0; wanted at least 1"),
        (("--level-drift", "-1"), "^--level-drift: found -1.0; wanted at least 0"),
    ):
        with pytest.raises(DataError, match=message):
            run("x", *SHORT, *words)
        assert not (tmp_path / "x").exists()
