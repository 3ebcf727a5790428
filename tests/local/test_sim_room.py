"""The simulator of meetings: rooms, microphones and their noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import room
from noise import room_noise
from scipy.signal import butter, sosfilt, welch

from diar.errors import DataError

RATE = 16000
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


@pytest.mark.parametrize("kind", ["table", "far"])
def test_responses_are_those_of_pyroomacoustics(kind):
    """Its image method with our reflection coefficient, from 100 Hz on; its delays have a lead of 40 samples."""
    pyroomacoustics = pytest.importorskip("pyroomacoustics", reason="needs pyroomacoustics 0.10.1; not installed")
    drawn = room.draw_room(kind, 2, np.random.default_rng(1))
    images = room.image_sources(drawn.size, drawn.mouths[0], drawn.microphones[0], drawn.rt60)
    coefficient = room.reflection_coefficient(drawn.size, drawn.rt60, *images)
    walls = pyroomacoustics.Material(1 - coefficient**2)
    other = pyroomacoustics.ShoeBox(drawn.size, fs=RATE, materials=walls, max_order=int(images[1].max()))
    other.add_microphone_array(drawn.microphones.T)
    for mouth in drawn.mouths:
        other.add_source(mouth)
    other.compute_rir()
    frequency = np.fft.rfftfreq(1 << 15, 1 / RATE)
    band = (frequency > 150) & (frequency < 6000)
    for (ours,), theirs, mouth in zip(room.room_responses(drawn, RATE), other.rir[0], drawn.mouths, strict=True):
        lead = 40 / RATE + np.linalg.norm(mouth - drawn.microphones[0]) / 343
        wanted = np.fft.rfft(sosfilt(butter(2, 60, "highpass", fs=RATE, output="sos"), theirs), 1 << 15)
        wanted = (wanted * np.exp(2j * np.pi * frequency * lead))[band]
        found = np.fft.rfft(ours, 1 << 15)[band]
        scale = np.vdot(wanted, found).real / np.vdot(wanted, wanted).real
        assert scale == pytest.approx(1.0, abs=0.01)
        assert np.sum(np.abs(found - scale * wanted) ** 2) < 1e-3 * np.sum(np.abs(found) ** 2)


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
