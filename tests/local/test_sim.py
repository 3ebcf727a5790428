"""The simulator of meetings: oracles for its parts, and the program end to end."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from oracles import total
from scipy.linalg import solve_toeplitz
from scipy.signal import freqz, lfilter, welch

from diar.errors import DataError
from diar.io.data_folder import DataFolder
from diar.segments import Turn

SIM = Path(__file__).parents[2] / "local" / "sim"
sys.path.append(str(SIM))

import phones  # noqa: E402
import resonators  # noqa: E402
import room  # noqa: E402
import synthesiser  # noqa: E402
import utterances  # noqa: E402
from conversation import LARGEST_SHARE, OWN_PAUSE, ConversationOptions, plan_turns  # noqa: E402
from meeting import RoomOptions, simulate_meeting  # noqa: E402
from noise import room_noise  # noqa: E402
from voice import Voice, draw_voices  # noqa: E402

RATE = 16000


def _program():
    spec = importlib.util.spec_from_file_location("sim_prepare_data", SIM / "prepare_data.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


program = _program()


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the program; the folder that it wrote into."""

    def run(name: str, *words: str) -> Path:
        monkeypatch.setattr(
            sys, "argv", ["prepare_data.py", *words, str(tmp_path / name), str(tmp_path / name / "data")]
        )
        program.main()
        return tmp_path / name

    return run


def _plan(seed: int, n_speakers: int, **options) -> list[Turn]:
    names = [f"s{k}" for k in range(n_speakers)]
    return plan_turns(names, ConversationOptions(**options), np.random.default_rng(seed))


def _overlap_share(turns: list[Turn]) -> float:
    return (sum(turn.duration for turn in turns) - total(turns)) / total(turns)


# ---- turn-taking ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_speakers", "duration"), [(1, 20.0), (2, 20.0), (2, 180.0), (5, 180.0), (6, 600.0), (8, 80.0), (18, 180.0)]
)
def test_plans_keep_their_promises(n_speakers, duration):
    for seed in range(10):
        turns = _plan(seed, n_speakers, duration=duration, num_speakers=str(n_speakers))
        seconds = {name: sum(t.duration for t in turns if t.speaker == name) for name in {t.speaker for t in turns}}
        assert len(seconds) == n_speakers
        if n_speakers > 1:
            assert max(seconds.values()) <= LARGEST_SHARE * sum(seconds.values()) + 0.1
        if duration >= 36 * n_speakers:
            assert min(seconds.values()) >= 15 - 0.1
        assert turns == sorted(turns) and turns[0].start > 0 and max(t.end for t in turns) < duration
        assert all(abs(1000 * time - round(1000 * time)) < 1e-6 for t in turns for time in (t.start, t.end))
        for name in seconds:
            own = [t for t in turns if t.speaker == name]
            gaps = [b.start - a.end for a, b in zip(own, own[1:], strict=False)]
            assert min(gaps, default=1.0) >= OWN_PAUSE - 0.002
        assert total(turns) > 0.7 * duration - 2


@pytest.mark.parametrize("wanted", [0.0, 0.05, 0.15, 0.3])
def test_overlap_is_near_the_share_wanted_and_never_of_three(wanted):
    shares = []
    for seed in range(5):
        turns = _plan(seed, 4, duration=600.0, overlap=wanted)
        shares.append(_overlap_share(turns))
        talking = np.zeros(601_000, dtype=int)
        for turn in turns:
            talking[round(1000 * turn.start) : round(1000 * turn.end)] += 1
        assert talking.max() <= 2
    assert np.mean(shares) == pytest.approx(wanted, abs=0.01 + 0.1 * wanted)


@pytest.mark.parametrize("text", ["", "0", "5-3", "two", "3-", "-3", "2-3-4"])
def test_bad_number_of_speakers(text):
    with pytest.raises(DataError, match="--num-speakers"):
        ConversationOptions(num_speakers=text)


def test_too_many_speakers_for_the_time():
    with pytest.raises(DataError, match="--num-speakers: found 5 speakers in 40 s; pass --duration 50"):
        ConversationOptions(duration=40.0)


# ---- synthetic speech ----------------------------------------------------------------------------------------------


def test_resonators_equal_constant_filters():
    hop, n_frames = 80, 50
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(hop * n_frames)
    formants, widths = [500.0, 1500.0, 2500.0], [60.0, 90.0, 150.0]
    found = resonators.resonate(signal, np.tile(formants, (n_frames, 1)), np.tile(widths, (n_frames, 1)), hop, RATE)
    wanted = signal
    for frequency, width in zip(formants, widths, strict=True):
        pole = np.exp((-np.pi * width + 2j * np.pi * frequency) / RATE)
        denominator = np.poly([pole, pole.conj()]).real
        wanted = lfilter([denominator.sum()], denominator, wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_glottal_pulses_have_the_period_and_shape_asked_for():
    flow = resonators.glottal_flow(np.full(200, 125.0), 80, RATE, 0.4, 0.16, np.ones((1, 2)))
    period = RATE // 125
    np.testing.assert_allclose(flow[period:], flow[:-period], atol=1e-12)
    pulse = flow[:period] / flow.max()
    assert pulse.argmax() == round(0.4 * period)
    assert pulse[round(0.2 * period)] == pytest.approx(0.5, abs=0.03)  # half open after half the opening phase
    assert not pulse[math.ceil(0.56 * period) :].any()


def test_kernels_as_plain_python():
    rng = np.random.default_rng(1)
    f0, pulses = rng.uniform(80, 300, 10), rng.uniform(0.9, 1.1, (7, 2))
    arguments = (f0, 40, RATE, 0.4, 0.16, pulses)
    compiled = resonators.glottal_flow_kernel(*arguments)
    np.testing.assert_allclose(compiled, resonators.glottal_flow_kernel.py_func(*arguments), atol=1e-12)
    arguments = (rng.standard_normal(400), rng.uniform(300, 3000, (10, 2)), rng.uniform(50, 100, (10, 2)), 40, RATE)
    compiled = resonators.resonate_kernel(*arguments)
    np.testing.assert_allclose(compiled, resonators.resonate_kernel.py_func(*arguments), rtol=1e-9, atol=1e-12)


def test_kernels_refuse_what_they_cannot_use():
    tracks = np.full((5, 1), 9000.0)
    with pytest.raises(DataError, match="wanted 0 to 8000 Hz"):
        resonators.resonate(np.zeros(50), tracks, tracks, 10, RATE)
    with pytest.raises(DataError, match="found 49 samples"):
        resonators.resonate(np.zeros(49), tracks, tracks, 10, RATE)
    with pytest.raises(DataError, match="F0 track"):
        resonators.glottal_flow(np.zeros(5), 10, RATE, 0.4, 0.16, np.ones((1, 2)))
    with pytest.raises(DataError, match="open quotient"):
        resonators.glottal_flow(np.full(5, 100.0), 10, RATE, 0.8, 0.3, np.ones((1, 2)))
    with pytest.raises(DataError, match="glottal pulses"):
        resonators.glottal_flow(np.full(5, 100.0), 10, RATE, 0.4, 0.16, np.ones((0, 2)))


def _vowel(name: str, voice: Voice) -> np.ndarray:
    """Half a second of a vowel."""
    spoken = phones.Utterance([phones.VOWELS[name]], np.array([0.5]), np.array([0]))
    return synthesiser.synthesise(voice, spoken, RATE // 2, RATE, np.random.default_rng(0))


def _linear_prediction_formants(signal: np.ndarray, order: int) -> list[float]:
    """Frequencies in Hz of narrow poles, lowest first."""
    emphasised = np.diff(signal) * np.hanning(len(signal) - 1)
    correlation = np.correlate(emphasised, emphasised, "full")[len(emphasised) - 1 :][: order + 1]
    coefficients = solve_toeplitz(correlation[:-1], correlation[1:])
    poles = np.roots([1.0, *-coefficients])
    narrow = [pole for pole in poles if pole.imag > 0 and -np.log(abs(pole)) * RATE / np.pi < 400]
    return sorted(float(np.angle(pole)) * RATE / (2 * np.pi) for pole in narrow)


@pytest.mark.parametrize("name", ["i", "æ", "ɑ", "ʌ"])
@pytest.mark.parametrize("scale", [1.0, 1.15])
def test_vowels_have_their_formants(name, scale):
    found = _linear_prediction_formants(_vowel(name, Voice(f0=100.0, formant_scale=scale, breathiness=0.001)), 18)
    for wanted in phones.VOWELS[name].formants:
        assert min(abs(frequency / (scale * wanted) - 1) for frequency in found) < 0.12


@pytest.mark.parametrize("f0", [110.0, 220.0])
def test_vowels_have_their_pitch(f0):
    vowel = _vowel("ɑ", Voice(f0=f0, f0_spread=0.0, jitter=0.0))
    middle = vowel[3 * RATE // 16 : 5 * RATE // 16]  # F0 falls through its mean in the middle
    correlation = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    lags = np.arange(RATE // 400, RATE // 70)
    assert RATE / lags[correlation[lags].argmax()] == pytest.approx(f0, rel=0.05)


def test_utterances_fill_their_time_with_short_pauses():
    for seconds in (0.3, 2.0, 15.0):
        spoken = phones.draw_utterance(seconds, 1.0, np.random.default_rng(3))
        assert spoken.seconds.sum() == pytest.approx(seconds)
        assert len(spoken.phones) == len(spoken.seconds) == len(spoken.phrases)
        pauses = [d for phone, d in zip(spoken.phones, spoken.seconds, strict=True) if phone is phones.SILENCE]
        assert max(pauses, default=0.0) <= 0.25
        assert phones.SILENCE not in (spoken.phones[0], spoken.phones[-1])
    syllables = sum(phone in phones.VOWELS.values() for phone in spoken.phones)
    assert 3.5 < syllables / 15.0 < 5.5


def test_colour_is_the_cosine_series():
    colour = (3.0, -2.0, 1.0)
    frequency, response = freqz(synthesiser.colour_filter(colour))
    wanted = sum(gain * np.cos(k * frequency) for k, gain in enumerate(colour, 1))
    np.testing.assert_allclose(20 * np.log10(np.abs(response)), wanted, atol=1e-3)


def test_voices_are_of_both_sexes_and_in_human_range():
    drawn = draw_voices(7, np.random.default_rng(0))
    assert sum(female for female, _ in drawn) in (3, 4)
    assert all(70 < voice.f0 < 350 and 0.85 < voice.formant_scale < 1.4 for _, voice in drawn)


# ---- room and noise ------------------------------------------------------------------------------------------------

SIZE, MOUTH, MICROPHONE = np.array([6.0, 5.0, 3.0]), np.array([2.0, 1.5, 1.2]), np.array([4.0, 3.0, 1.0])


def test_direct_sound_has_its_delay_and_falls_with_distance():
    distances, reflections = room.image_sources(SIZE, MOUTH, MICROPHONE, 0.1)
    gains = room.echo_gains(distances, reflections, 0.0)
    distance = math.sqrt(2.0**2 + 1.5**2 + 0.2**2)
    assert distances[0] == pytest.approx(distance) and gains[0] == pytest.approx(1 / distance)
    assert not gains[1:].any()
    response = room.impulse_response(distances / 343, gains, RATE)
    assert abs(response).argmax() == round(RATE * distance / 343)


def test_first_reflections_are_those_worked_out_by_hand():
    distances, reflections = room.image_sources(SIZE, MOUTH, MICROPHONE, 0.1)
    dx, dy, dz = 2.0, 1.5, 0.2
    # mirrored at x = 0: 2 + 4 m; x = 6: 4 + 2; y = 0: 1.5 + 3; y = 5: 3.5 + 2; z = 0: 1.2 + 1; z = 3: 1.8 + 2
    walls = [(6.0, dy, dz), (6.0, dy, dz), (dx, 4.5, dz), (dx, 5.5, dz), (dx, dy, 2.2), (dx, dy, 3.8)]
    wanted = sorted(math.hypot(*offset) for offset in walls)
    np.testing.assert_allclose(distances[reflections == 1], wanted, rtol=1e-9)


def test_images_are_all_there():
    reach, reflection = 12.0, 0.7
    gains = room.echo_gains(*room.image_sources(SIZE, MOUTH, MICROPHONE, reach / 343), reflection)
    found = []
    for cell in np.ndindex(9, 9, 9):  # one image a copy of the room; its walls are crossed |cell| times
        cell = np.array(cell) - 4
        image = cell * SIZE + np.where(cell % 2 == 0, MOUTH, SIZE - MOUTH)
        if (distance := math.dist(image, MICROPHONE)) <= reach:
            found.append(reflection ** np.abs(cell).sum() / distance)
    np.testing.assert_allclose(np.sort(gains), np.sort(found), rtol=1e-9)


@pytest.mark.parametrize("rt60", [0.3, 0.5])
def test_sound_decays_in_the_time_asked_for(rt60):
    drawn = room.Room(SIZE, rt60, MICROPHONE[np.newaxis], MOUTH[np.newaxis])
    ((response,),) = room.room_responses(drawn, 8000)
    decay = 10 * np.log10(np.cumsum(np.square(response[::-1]))[::-1] / np.sum(np.square(response)))
    time = np.arange(len(decay)) / 8000
    fitted = (decay < -5) & (decay > -25)
    slope = np.polyfit(time[fitted], decay[fitted], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.15)


def test_echoes_between_samples():
    response = room.impulse_response(np.array([10.25, 40.0]) / 8000, np.array([1.0, -0.5]), 8000)
    spectrum, frequency = np.fft.rfft(response, 256), 2 * np.pi * np.arange(129) / 256
    wanted = np.exp(-10.25j * frequency) - 0.5 * np.exp(-40j * frequency)
    np.testing.assert_allclose(spectrum[:90], wanted[:90], atol=0.02)


@pytest.mark.parametrize(("kind", "nearest", "farthest"), [("table", 0.7, 1.2), ("far", 2.5, 3.5)])
def test_rooms_seat_everybody_inside_and_their_sound_begins_at_once(kind, nearest, farthest):
    for n_speakers in (1, 3, 8):
        for seed in range(5):
            drawn = room.draw_room(kind, n_speakers, np.random.default_rng(seed))
            distances = np.linalg.norm(drawn.mouths - drawn.microphones[0], axis=1)
            assert nearest <= distances.min() and distances.max() <= farthest
            assert np.all((drawn.mouths > 0.2) & (drawn.mouths < drawn.size - 0.2))
    for (response,), distance in zip(room.room_responses(drawn, 8000)[:2], distances, strict=False):
        assert response.argmax() == 0 and response[0] == pytest.approx(1 / distance, rel=0.1)


@pytest.mark.parametrize("kind", ["table", "far"])
@pytest.mark.parametrize("layout", ["spread", "circle"])
def test_microphones_lie_as_they_should(kind, layout):
    for n in (2, 4, 8):
        for seed in range(5):
            rng = np.random.default_rng(seed)
            one = room.draw_room(kind, 4, rng)
            several = room.with_microphones(one, kind, layout, n, rng)
            assert several.microphones.shape == (n, 3) and np.array_equal(several.mouths, one.mouths)
            assert np.all((several.microphones > 0.2) & (several.microphones < one.size - 0.2))
            assert len(set(several.microphones[:, 2 if kind == "table" else 0].tolist())) == 1  # on table or wall
            apart = np.linalg.norm(several.microphones[:, np.newaxis] - several.microphones, axis=2)
            if layout == "circle":
                np.testing.assert_allclose(np.linalg.norm(several.microphones - one.microphones, axis=1), 0.1)
                np.testing.assert_allclose(apart[0, 1], 0.2 * np.sin(np.pi / n))
            else:
                assert np.array_equal(several.microphones[0], one.microphones[0])
                assert apart[~np.eye(n, dtype=bool)].min() >= 0.3 and apart.max() <= 1.0
            assert np.linalg.norm(one.mouths[:, np.newaxis] - several.microphones, axis=2).min() > 0.35
    assert room.with_microphones(one, kind, layout, 1, rng) is one


@pytest.mark.parametrize(("kind", "layout"), [("table", "spread"), ("table", "circle"), ("far", "spread")])
def test_sound_comes_to_each_microphone_as_much_later_as_it_is_farther(kind, layout):
    """The direct sound, cut off before the first echo, in the frequency domain, where a delay is a slope."""
    rng = np.random.default_rng(3)
    drawn = room.with_microphones(room.draw_room(kind, 3, rng), kind, layout, 4, rng)
    distances = np.linalg.norm(drawn.mouths[:, np.newaxis] - drawn.microphones, axis=2)
    frequency = np.fft.rfftfreq(4096, 1 / RATE)
    band = (frequency > 500) & (frequency < 4000)
    for responses, ways in zip(room.room_responses(drawn, RATE), distances, strict=True):
        spectra = [np.fft.rfft(response[: round(RATE * (0.0005 + (way - ways.min()) / 343)) + 9], 4096)
                   for response, way in zip(responses, ways, strict=True)]  # fmt: skip
        nearest = int(ways.argmin())
        assert np.argmax(np.abs(responses[nearest])) == room.SINC_HALF_WIDTH
        for spectrum, way in zip(spectra, ways, strict=True):
            phase = np.unwrap(np.angle(spectrum * spectra[nearest].conj()))[band]
            slope = np.polyfit(2 * np.pi * frequency[band], phase, 1)[0]
            assert -slope == pytest.approx((way - ways.min()) / 343, abs=0.1 / RATE)


def test_one_microphone_hears_what_the_first_of_several_does_but_for_the_lead():
    rng = np.random.default_rng(0)
    one = room.draw_room("table", 2, rng)
    several = room.with_microphones(one, "table", "spread", 3, rng)
    for (alone,), (first, *_), mouth in zip(
        room.room_responses(one, RATE), room.room_responses(several, RATE), one.mouths, strict=True
    ):
        ways = np.linalg.norm(several.microphones - mouth, axis=1)
        later = room.SINC_HALF_WIDTH + RATE * (ways[0] - ways.min()) / 343
        assert later < 0.003 * RATE
        n = 1 << 14
        cross = np.fft.rfft(first, n) * np.fft.rfft(alone, n).conj()
        assert np.argmax(np.fft.irfft(cross, n)) == round(later)


def test_room_errors():
    with pytest.raises(DataError, match="wanted spread or circle"):
        drawn = room.draw_room("table", 2, np.random.default_rng(0))
        room.with_microphones(drawn, "table", "line", 2, np.random.default_rng(0))
    with pytest.raises(DataError, match="mouth: found"):
        room.image_sources(SIZE, np.array([7.0, 1.0, 1.0]), MICROPHONE, 0.1)
    with pytest.raises(DataError, match="microphone: found"):
        room.image_sources(SIZE, MOUTH, np.array([1.0, 1.0, 0.0]), 0.1)
    with pytest.raises(DataError, match="rt60"):
        room.reflection_coefficient(SIZE, 0.0, *room.image_sources(SIZE, MOUTH, MICROPHONE, 0.1))
    with pytest.raises(DataError, match="wanted table or far"):
        room.draw_room("cellar", 2, np.random.default_rng(0))


def test_noise_is_pink_with_hum():
    noise = room_noise(60 * RATE, RATE, np.random.default_rng(0))
    assert np.sqrt(np.mean(np.square(noise, dtype=np.float64))) == pytest.approx(1.0, rel=1e-4)
    frequency, density = welch(noise, RATE, nperseg=16000)
    band = (frequency > 200) & (frequency < 4000)
    slope = np.polyfit(np.log10(frequency[band]), 10 * np.log10(density[band]), 1)[0]
    assert slope == pytest.approx(-10.0, abs=1.5)
    assert density[50] > 3 * density[45]


# ---- whole meetings ------------------------------------------------------------------------------------------------


def _levels(signal: np.ndarray, rate: int) -> np.ndarray:
    """Mean square of each millisecond."""
    hop = rate // 1000
    return np.square(signal[: len(signal) // hop * hop], dtype=np.float64).reshape(-1, hop).mean(axis=1)


def _assert_filled(levels: np.ndarray, turns: list[Turn], max_pause: float, floor: float) -> None:
    """Nothing sounds outside the turns, and within them no pause is longer than ``max_pause`` seconds."""
    inside = np.zeros(len(levels), dtype=bool)
    for turn in turns:
        inside[round(1000 * turn.start) : round(1000 * turn.end)] = True
    loud = np.mean(levels[inside])
    assert levels[~inside].max() < floor * loud
    for turn in turns:
        sounding = np.flatnonzero(levels[round(1000 * turn.start) : round(1000 * turn.end)] > 1e-4 * loud)
        edges = np.concatenate([[0], sounding, [round(1000 * turn.duration)]])
        assert np.diff(edges).max() <= 1000 * max_pause + 30, turn
        assert edges[1] <= 40, turn


def test_synthetic_turns_are_filled_with_speech_and_nothing_else_is():
    conversation, quiet = ConversationOptions(duration=60.0, num_speakers="3"), RoomOptions(snr=100.0)
    talkers = program.draw_synthetic_talkers(3, RATE, np.random.default_rng(0))
    meeting = simulate_meeting(talkers, conversation, quiet, RATE, np.random.default_rng(1))
    assert len(meeting.signal) == 60 * RATE and np.abs(meeting.signal).max() < 1
    _assert_filled(_levels(meeting.signal, RATE), meeting.turns, 0.3, 1e-7)


def test_noise_has_the_level_asked_for():
    signals = {}
    for snr in (10.0, 100.0):
        talkers = program.draw_synthetic_talkers(2, RATE, np.random.default_rng(0))
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
        talkers = program.draw_synthetic_talkers(2, 8000, np.random.default_rng(0))
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
        talkers = program.draw_synthetic_talkers(2, 8000, np.random.default_rng(0))
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
    assert 0 <= _lag(quiet[:, 0], heard[1, 100.0]) <= 0.003 * 8000, "the turns fit the first microphone to 3 ms"
    places = {}
    for turn in meeting.turns:
        part = quiet[round(8000 * turn.start) : round(8000 * turn.end)]
        places.setdefault(turn.speaker, []).append((_lag(part[:, 1], part[:, 0]), _lag(part[:, 2], part[:, 0])))
    usual = {max(lags, key=lags.count) for lags in places.values()}
    assert len(usual) == 2 and (0, 0) not in usual, "every speaker has a place of his own"
    assert np.abs(list(usual)).max() <= 8000 / 343, "distant microphones are at most 1 m apart"


def _lag(later: np.ndarray, earlier: np.ndarray) -> int:
    """How many samples one signal comes after the other, by the phase alone."""
    product = np.fft.rfft(later) * np.fft.rfft(earlier).conj()
    lag = int(np.argmax(np.fft.irfft(product / np.maximum(np.abs(product), 1e-12), len(later))))
    return lag if lag < len(later) // 2 else lag - len(later)


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


# ---- recorded speech -----------------------------------------------------------------------------------------------


def _tone(seconds: float, hertz: float) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 8000)) / 8000)


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 8000))


@pytest.fixture
def readers(tmp_path) -> Path:
    """Three speakers with two utterances each, of tones with pauses of 0.15 and 0.8 s between them."""
    folder = tmp_path / "readers"
    for number, speaker in enumerate(("anna", "ben", "cora")):
        below = folder / speaker / "chapter"
        below.mkdir(parents=True)
        for utterance in range(2):
            hertz = 300.0 * (number + 1) + 50 * utterance
            parts = [
                _silence(0.5),
                _tone(1.0, hertz),
                _silence(0.15),
                _tone(1.5, hertz),
                _silence(0.8),
                _tone(1.0, hertz),
            ]
            soundfile.write(below / f"{utterance}.flac", np.concatenate([*parts, _silence(0.4)]), 8000)
    (folder / "README").write_text("not a speaker")
    return folder


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
    _assert_filled(_levels(signal, rate), turns, utterances.MAX_PAUSE, 1e-4)
    assert 0.0 < _overlap_share(turns) < 0.1
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
    soundfile.write(silent / "0.wav", _silence(2.0), 8000)
    with pytest.raises(DataError, match="found only silence"):
        run("x", "--utterances", str(silent.parent), "--num-speakers", "1", "--duration", "20")
