"""The simulator of meetings: levels that move, and recorded noises."""

from __future__ import annotations

import levels
import noises
import numpy as np
import pytest
import soundfile
from conversation import ConversationOptions
from meeting import Meeting, RoomOptions, simulate_meeting
from room import PLACE_MARGIN, draw_places, draw_room, room_responses
from simulator import lag
from talkers import draw_synthetic_talkers

from diar.errors import DataError
from diar.segments import Turn

RATE = 8000


def _meeting(**acoustics) -> Meeting:
    conversation = ConversationOptions(duration=60.0, num_speakers="2")
    talkers = draw_synthetic_talkers(2, RATE, np.random.default_rng(0))
    return simulate_meeting(talkers, conversation, RoomOptions(**acoustics), RATE, np.random.default_rng(1))


# ---- levels --------------------------------------------------------------------------------------------------------


def test_tracks_are_smooth_and_have_the_spread_and_memory_they_should():
    tracks = np.array([levels.drift_track(600.0, np.random.default_rng(seed)) for seed in range(300)])
    assert tracks.shape == (300, 601)
    assert np.std(tracks) == pytest.approx(1.0, abs=0.05) and np.mean(tracks) == pytest.approx(0.0, abs=0.05)
    after = round(levels.DRIFT_SECONDS / levels.DRIFT_STEP)
    assert np.mean(tracks[:, after:] * tracks[:, :-after]) == pytest.approx(np.exp(-0.5), abs=0.06)
    assert np.abs(np.diff(tracks, axis=1)).max() < 0.35  # dB in a second, of 1 dB


def test_levels_move_and_the_mean_level_stays():
    turns = [Turn(10.0 * k, 10.0 * k + 8.0, "ab"[k % 2]) for k in range(60)]
    spoken = [np.ones(8 * RATE, dtype=np.float32) for _ in turns]
    talkers = [type("T", (), {"name": "a", "level": 3.0})(), type("T", (), {"name": "b", "level": -2.0})()]
    moving = levels.drift_levels(turns, spoken, 4.0, RATE, np.random.default_rng(3))
    track = 20 * np.log10(np.concatenate(moving))
    assert 2.5 < np.std(track) < 5.5 and np.abs(np.diff(track)).max() < 20.0 * 10 / RATE + 20
    assert all(np.abs(np.diff(20 * np.log10(part))).max() < 2 * 4.0 / RATE for part in moving)  # 2 sd in a second
    levelled = levels.level_talkers(turns, moving, talkers)
    for talker in talkers:
        own = np.concatenate([part for turn, part in zip(turns, levelled, strict=True) if turn.speaker == talker.name])
        assert 10 * np.log10(np.mean(own**2)) == pytest.approx(talker.level, abs=0.01)
    a, b = (np.concatenate([part for turn, part in zip(turns, moving, strict=True) if turn.speaker == n]) for n in "ab")
    assert abs(np.corrcoef(np.log(a), np.log(b))[0, 1]) < 0.6  # each has a track of his own


def test_moving_levels_change_neither_turns_nor_noise():
    still, moving = _meeting(), _meeting(level_drift=5.0)
    assert still.turns == moving.turns and not np.array_equal(still.signal, moving.signal)
    quiet = slice(0, round(RATE * still.turns[0].start) - 10)
    ratio = moving.signal[quiet] / still.signal[quiet]
    assert np.ptp(ratio) < 1e-3 * np.mean(ratio)


# ---- noises --------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path) -> str:
    """Three recorded noises, of 2 s, 15 s and of silence."""
    folder = tmp_path / "noises" / "free-sound"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, seconds, level in (("a.wav", 2, 0.1), ("b.flac", 15, 0.01), ("c.wav", 1, 0.0)):
        soundfile.write(folder / name, level * rng.standard_normal(seconds * RATE), RATE)
    (folder / "LICENSE").write_text("not audio")
    return str(tmp_path / "noises")


def test_noises_come_now_and_then_faded_and_from_all_places(recorded):
    drawn = noises.draw_noises(recorded, 3600.0, RATE, np.random.default_rng(0))
    starts = np.array([noise.start for noise in drawn])
    lengths = np.array([len(noise.sound) / RATE for noise in drawn])
    assert set(lengths) == {2.0, noises.LONGEST} and {noise.place for noise in drawn} == set(range(noises.PLACES))
    pauses = starts[1:] - starts[:-1] - lengths[:-1]
    assert pauses.min() > 0 and np.mean(pauses) == pytest.approx(noises.EVERY, rel=0.25)
    for noise in drawn:
        assert np.mean(noise.sound**2) == pytest.approx(1.0, rel=1e-3)
        assert abs(noise.sound[0]) < 0.05 and abs(noise.sound[-1]) < 0.05
    assert noises.draw_noises("", 3600.0, RATE, np.random.default_rng(0)) == []


def _events(folder: str) -> list[noises.Noise]:
    """The noises of ``_meeting``, drawn as the meeting draws them."""
    return noises.draw_noises(folder, 60.0, RATE, np.random.default_rng(1).spawn(5)[4])


def _noise_alone(folder: str, still: Meeting, noisy: Meeting) -> tuple[np.ndarray, np.ndarray]:
    """(n, m) the same meeting without its noises, at the same scale; and the noises alone."""
    without, with_noises = (one.signal.astype(np.float64).reshape(60 * RATE, -1) for one in (still, noisy))
    silent = np.ones(len(without), dtype=bool)
    for event in _events(folder):
        silent[round(RATE * event.start) : round(RATE * event.start) + len(event.sound) + RATE] = False
    scale = np.sum(with_noises[silent] * without[silent]) / np.sum(without[silent] ** 2)
    return scale * without, with_noises - scale * without


@pytest.mark.parametrize(("room", "n_mics"), [("none", 1), ("table", 1), ("far", 3)])
def test_recorded_noises_have_the_level_asked_for(recorded, room, n_mics):
    still = _meeting(room=room, num_mics=n_mics, snr=100.0)
    noisy = _meeting(room=room, num_mics=n_mics, snr=100.0, noises=recorded, noise_snr=6.0)
    assert still.turns == noisy.turns
    speech, noise = _noise_alone(recorded, still, noisy)
    spoken = np.zeros(len(speech), dtype=bool)
    for turn in still.turns:
        spoken[round(RATE * turn.start) : round(RATE * turn.end)] = True
    heard = [noise[round(RATE * e.start) :][: len(e.sound), 0] for e in _events(recorded)]
    assert len(heard) >= 3
    ratios = [np.mean(speech[spoken, 0] ** 2) / np.mean(part**2) for part in heard[:-1]]  # the last may be cut
    np.testing.assert_allclose(10 * np.log10(ratios), 6.0, atol=0.3)


def test_noises_come_from_places_in_the_room(recorded):
    still = _meeting(room="table", num_mics=2, snr=100.0)
    noisy = _meeting(room="table", num_mics=2, snr=100.0, noises=recorded, noise_snr=-10.0)
    _, noise = _noise_alone(recorded, still, noisy)
    lags: dict[int, set[int]] = {}
    for event in _events(recorded):
        part = noise[round(RATE * event.start) :][: len(event.sound)]
        lags.setdefault(event.place, set()).add(lag(part[:, 1], part[:, 0]))
    assert len(lags) > 1 and all(len(own) == 1 for own in lags.values())
    assert len(set.union(*lags.values())) == len(lags)


def test_places_are_inside_and_away_from_microphones():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        empty = draw_room("table", 3, rng)
        full = draw_places(empty, 40, rng)
        places = full.mouths[3:]
        assert np.array_equal(full.mouths[:3], empty.mouths) and places.shape == (40, 3)
        assert np.all((places >= PLACE_MARGIN) & (places <= empty.size - PLACE_MARGIN))
        assert np.linalg.norm(places - empty.microphones[0], axis=1).min() > PLACE_MARGIN
    full = draw_places(empty, 1, rng)
    for (a,), (b,) in zip(room_responses(empty, RATE), room_responses(full, RATE), strict=False):
        assert np.array_equal(a, b), "people sound as before"


def test_noises_that_do_not_serve(tmp_path):
    with pytest.raises(DataError, match="^--noises: .*missing: no such folder"):
        noises.find_noises(str(tmp_path / "missing"))
    with pytest.raises(DataError, match="^--noises: found no .flac"):
        noises.find_noises(str(tmp_path))
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(DataError, match="^--noises: found silence in"):
        noises.draw_noises(str(tmp_path), 600.0, RATE, np.random.default_rng(0))
    with pytest.raises(DataError, match="^--noise-snr: found 5 without --noises"):
        RoomOptions(noise_snr=5.0)
