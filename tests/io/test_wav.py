"""Audio: what comes back, and every way in which a file can be wrong."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import OPTIONS, PIPES, RATE, noise, read_wav, saved, sphere

from diar.audio import Audio
from diar.errors import DataError
from diar.io import wav
from diar.io.wav import WavOptions, probe_duration, read_channels, write_blocks, write_mean, write_wav

# ---- what comes back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_broken_flac_is_to_be_copied_again(tmp_path: Path, is_cut: bool) -> None:
    path = saved(tmp_path / "a.flac", noise(16 * RATE))
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] + (b"" if is_cut else bytes(5000) + content[half + 5000 :]))
    with pytest.raises(DataError, match=r"a\.flac: (broken or cut|truncated).*; copy it again$"):
        read_wav(str(path), OPTIONS)


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff"])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    path, samples = tmp_path / f"a.{suffix}", noise()
    write_wav(path, samples, RATE)
    audio = read_wav(str(path), OPTIONS)
    assert audio.signal.dtype == np.float32 and (audio.sample_rate, audio.source_rate) == (RATE, RATE)
    np.testing.assert_allclose(audio.signal, samples, rtol=0, atol=1.01 / 32768)
    assert probe_duration(path) == 0.5
    assert soundfile.info(path).subtype == "PCM_16" and [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("how", [{"subtype": "PCM_24"}, {"subtype": "FLOAT"}, {"subtype": "PCM_16", "format": "WAVEX"},
                                 {"subtype": "PCM_16", "format": "RF64"}], ids=str)  # fmt: skip
def test_kinds_of_wav_are_read(tmp_path: Path, how: dict[str, str]) -> None:
    path = saved(tmp_path / "a.wav", noise(), **how)
    np.testing.assert_allclose(read_wav(str(path), OPTIONS).signal, noise(), rtol=0, atol=1e-6)


def test_sphere_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.sph"
    path.write_bytes(sphere(noise()))
    np.testing.assert_array_equal(read_wav(str(path), OPTIONS).signal, noise().astype(np.float32))
    assert probe_duration(path) == 0.5


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("byte_order", ["01", "10"])
def test_sphere_of_both_byte_orders_and_two_channels_is_read(tmp_path: Path, n_channels: int, byte_order: str) -> None:
    samples, path = noise(n_channels=n_channels), tmp_path / "a.sph"
    fields = {"channel_count": f"-i {n_channels}", "sample_count": "-i 8000", "sample_byte_format": f"-s2 {byte_order}"}
    content = sphere(samples, **fields)
    if byte_order == "10":
        content = content[:1024] + (samples * 32768).astype(">i2").tobytes()
    path.write_bytes(content)
    for k in range(n_channels):
        signal = read_wav(str(path), WavOptions(channel=str(k + 1))).signal
        np.testing.assert_array_equal(signal, samples.reshape(8000, -1)[:, k].astype(np.float32))
    assert probe_duration(path) == 0.5


def expanded(code: int) -> float:
    """The sample of a u-law code, by ITU-T G.711."""
    code = ~code & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return (-magnitude if code & 0x80 else magnitude) / 32768


@pytest.mark.parametrize("n_channels", [1, 2])
def test_u_law_sphere_is_read(tmp_path: Path, n_channels: int) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (4000, n_channels), dtype=np.uint8)
    fields = {"channel_count": f"-i {n_channels}", "sample_n_bytes": "-i 1", "sample_coding": "-s4 ulaw"}
    fields |= {"sample_byte_format": "-s1 1", "sample_sig_bits": "-i 8"}  # as in LDC's releases
    path = tmp_path / "a.sph"
    path.write_bytes(sphere(noise(), promised=4000, rate=8000, **fields)[:1024] + codes.tobytes())
    for k in range(n_channels):
        audio = read_wav(str(path), WavOptions(sample_rate=8000, channel=str(k + 1)))
        assert audio.source_rate == 8000
        np.testing.assert_allclose(audio.signal, [expanded(int(c)) for c in codes[:, k]], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("suffix", "subtype", "error"),
    [("wav", "PCM_U8", 1 / 128), ("wav", "PCM_32", 0), ("wav", "DOUBLE", 0), ("wav", "ULAW", 0.04),
     ("aiff", "PCM_S8", 1 / 128), ("aiff", "PCM_24", 0), ("flac", "PCM_24", 0), ("flac", "PCM_S8", 1 / 128),
     ("ogg", "VORBIS", 0.05), ("opus", "OPUS", 0.05), ("mp3", "MPEG_LAYER_III", 0.05), ("au", "PCM_16", 1 / 32768),
     ("w64", "PCM_16", 1 / 32768)],
)  # fmt: skip
def test_formats_are_read(tmp_path: Path, suffix: str, subtype: str, error: float) -> None:
    """Lossy ones to a tenth of the tone's amplitude, whose start and end a codec may smear."""
    tone = 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(RATE) / RATE)
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tone, RATE, subtype=subtype, format="OGG" if suffix == "opus" else suffix.upper())
    audio = read_wav(str(path), OPTIONS)
    assert abs(len(audio.signal) - RATE) <= (0 if suffix != "mp3" else 2304)
    middle = slice(2000, 14000)
    signal = audio.signal[len(audio.signal) - RATE :] if suffix == "mp3" else audio.signal
    np.testing.assert_allclose(signal[middle], tone[middle], rtol=0, atol=error + 1e-6)
    assert probe_duration(path) == pytest.approx(1.0, abs=0.15 if suffix == "mp3" else 0)


@pytest.mark.parametrize("n_channels", [2, 3, 8])
def test_one_channel_or_the_mean_of_all(tmp_path: Path, n_channels: int) -> None:
    samples = noise(n_channels=n_channels)
    path = saved(tmp_path / "a.wav", samples)
    for channel in range(n_channels):
        signal = read_wav(str(path), WavOptions(channel=str(channel + 1))).signal
        assert signal.flags.c_contiguous
        np.testing.assert_array_equal(signal, samples[:, channel].astype(np.float32))
    mix = read_wav(str(path), WavOptions(channel="mix")).signal
    assert mix.dtype == np.float32
    np.testing.assert_allclose(mix, samples.mean(axis=1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("channel", ["1", "mix"])
def test_the_one_channel_is_its_own_mean(tmp_path: Path, channel: str) -> None:
    path = saved(tmp_path / "a.wav", noise())
    np.testing.assert_array_equal(read_wav(str(path), WavOptions(channel=channel)).signal, noise().astype(np.float32))


@pytest.mark.parametrize(
    ("rate", "new_rate"), [(8000, 16000), (44100, 16000), (48000, 8000), (16000, 44100), (22050, 16000)]
)
def test_a_tone_resampled_is_the_tone_at_the_new_rate(tmp_path: Path, rate: int, new_rate: int) -> None:
    def tone(at: int) -> np.ndarray:
        return 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(at) / at)

    path = saved(tmp_path / "a.wav", tone(rate), rate, subtype="FLOAT")
    audio = read_wav(str(path), WavOptions(sample_rate=new_rate))
    assert (audio.sample_rate, audio.source_rate, audio.signal.dtype) == (new_rate, rate, np.float32)
    assert len(audio.signal) == new_rate
    edge = new_rate // 50
    np.testing.assert_allclose(audio.signal[edge:-edge], tone(new_rate)[edge:-edge], rtol=0, atol=3e-3)


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty; wanted audio"),
        (b"This is a letter and no audio.\n" * 100, "cannot be decoded .*; wanted WAV, FLAC"),
        (b"RIFF", "cannot be decoded"),
        (b"RIFF\x00\x00\x00\x00WAVE", "cannot be decoded"),
        (b"NIST_1A\n   1024\n", "cannot be decoded"),
        (b"fLaC", "cannot be decoded"),
        (b"\x00" * 5000, "cannot be decoded"),
    ],
)
def test_what_is_not_audio_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    for read in (lambda: read_wav(str(path), OPTIONS), lambda: probe_duration(path)):
        with pytest.raises(DataError, match=rf"a\.wav: {reason}"):
            read()


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.wav: no such file"):
        read_wav(str(tmp_path / "gone.wav"), OPTIONS)
    with pytest.raises(DataError, match=r": cannot be read \(Is a directory\)"):
        read_wav(str(tmp_path), OPTIONS)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path: Path, bad: float) -> None:
    samples = noise(n_channels=2)
    samples[1234, 1] = bad
    path = saved(tmp_path / "a.wav", samples, subtype="FLOAT")
    for channel in ("mix", "2"):
        with pytest.raises(DataError, match=r"a\.wav: sample 1234 is (not a number|-?inf)"):
            read_wav(str(path), WavOptions(channel=channel))
    assert len(read_wav(str(path), WavOptions(channel="1")).signal) == 8000


@pytest.mark.parametrize("rate", [8000, 44100])
def test_recordings_shorter_than_a_tenth_of_a_second_are_refused(tmp_path: Path, rate: int) -> None:
    path = saved(tmp_path / "a.wav", noise(rate // 10), rate)
    assert len(read_wav(str(path), WavOptions(sample_rate=rate)).signal) == rate // 10
    assert probe_duration(path) == pytest.approx(0.1)
    saved(path, noise(rate // 10 - 1), rate)
    for read in (lambda: read_wav(str(path), WavOptions(sample_rate=16000)), lambda: probe_duration(path)):
        with pytest.raises(DataError, match=r"a\.wav: 0\.1?0?\d* s long; wanted at least 0\.1 s"):
            read()


def test_a_channel_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.wav", noise(n_channels=2))
    with pytest.raises(DataError, match=r"a\.wav: has 2 channel\(s\); wanted channel 3; set --channel"):
        read_wav(str(path), WavOptions(channel="3"))


@pytest.mark.parametrize(
    "values",
    [{"channel": "0"}, {"channel": "-1"}, {"channel": "left"}, {"channel": ""}, {"channel": "1.5"},
     {"sample_rate": 3999}, {"sample_rate": 200000}, {"sample_rate": 22050}, {"allow_pipes": "yes"}],
    ids=str,
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--"):
        WavOptions(**values)


# ---- pipes ---------------------------------------------------------------------------------------------------------


def test_a_pipe_is_run_only_if_allowed(tmp_path: Path) -> None:
    path, witness = saved(tmp_path / "a b.wav", noise()), tmp_path / "ran"
    command = f"touch {shlex.quote(str(witness))}; cat {shlex.quote(str(path))} |"
    with pytest.raises(DataError, match="is a pipe; wanted a file; pass --allow-pipes true"):
        read_wav(command, OPTIONS)
    assert not witness.exists()
    audio = read_wav(command, PIPES)
    np.testing.assert_array_equal(audio.signal, noise().astype(np.float32))
    assert witness.exists() and isinstance(audio, Audio)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("echo oh no >&2; exit 3 |", r"the command failed \(exit 3\): oh no"),
        ("true |", r"the command failed \(exit 0\)"),
        ("no-such-program-at-all |", r"the command failed \(exit 127\): .*not found"),
        ("echo no audio |", "cannot be decoded"),
    ],
)
def test_pipes_that_fail_are_refused_with_their_last_words(command: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read_wav(command, PIPES)


@pytest.mark.parametrize("kind", ["wav", "aiff", "sph", "rf64"])
def test_a_pipe_that_breaks_off_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "sph":
        path.write_bytes(sphere(noise()))
    else:
        saved(path, noise(), **({"subtype": "PCM_16", "format": "RF64"} if kind == "rf64" else {}))
    size = path.stat().st_size
    command = f"head -c {size - 2} {shlex.quote(str(path))} |"
    with pytest.raises(DataError) as refused:
        read_wav(command, PIPES)
    assert str(refused.value).startswith(f"{command}: truncated: {size} bytes promised by its header, {size - 2} found")
    assert len(read_wav(f"cat {shlex.quote(str(path))} |", PIPES).signal) == 8000


def test_a_pipe_that_streams_a_wav_of_unknown_size_is_read(tmp_path: Path) -> None:
    content = bytearray(saved(tmp_path / "a.wav", noise()).read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    (tmp_path / "a.wav").write_bytes(content)
    audio = read_wav(f"cat {shlex.quote(str(tmp_path / 'a.wav'))} |", PIPES)
    np.testing.assert_array_equal(audio.signal, noise().astype(np.float32))


def test_a_pipe_runs_once_and_is_read_as_often_as_asked(tmp_path: Path) -> None:
    path, witness = saved(tmp_path / "a.wav", noise()), tmp_path / "ran"
    audio = wav.read_wav(f"echo >>{shlex.quote(str(witness))}; cat {shlex.quote(str(path))} |", PIPES)
    for _ in range(3):
        np.testing.assert_array_equal(audio.signal, noise().astype(np.float32))
    assert witness.read_text() == "\n"


def test_a_pipe_does_not_read_what_the_program_itself_is_given() -> None:
    """A recipe that loops over lines of its input would lose them."""
    reader, writer = os.pipe()
    os.write(writer, b"not yours")
    os.close(writer)
    own = os.dup(0)
    os.dup2(reader, 0)
    try:
        with pytest.raises(DataError, match=r"the command failed \(exit 0\)"):
            read_wav("cat |", PIPES)
        assert os.read(0, 100) == b"not yours"
    finally:
        os.dup2(own, 0)
        os.close(own)
        os.close(reader)


def test_a_duration_is_not_asked_of_a_pipe() -> None:
    with pytest.raises(DataError, match="is a pipe"):
        probe_duration(Path("cat a.wav |"))


# ---- blocks and several files --------------------------------------------------------------------------------------


def test_audio_comes_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diar.io.wav.BLOCK_SAMPLES", 3000)
    path = saved(tmp_path / "a.flac", noise(n_channels=2))
    audio = wav.read_wav(str(path), WavOptions(channel="2"))
    for _ in range(2):
        assert [len(block) for block in audio.blocks()] == [3000, 3000, 2000]
    np.testing.assert_array_equal(audio.signal, noise(n_channels=2)[:, 1].astype(np.float32))


def test_files_stand_side_by_side_and_shorter_ones_end_in_zeros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diar.io.wav.BLOCK_SAMPLES", 3000)
    parts = [noise(8000), noise(5000, 2), noise(9001)[:9001]]
    sources = [str(saved(tmp_path / f"{k}.wav", part)) for k, part in enumerate(parts)]
    channels = read_channels(sources, OPTIONS)
    assert channels.rate == RATE and channels.name == sources[0]
    for _ in range(2):
        joined = np.concatenate(list(channels.read()))
        assert joined.shape == (9001, 4) and joined.dtype == np.float32
        start = 0
        for part in parts:
            columns = part.reshape(len(part), -1)
            found = joined[:, start : start + columns.shape[1]]
            np.testing.assert_array_equal(found[: len(part)], columns.astype(np.float32))
            assert not found[len(part) :].any()
            start += columns.shape[1]


def test_files_of_different_rates_are_refused(tmp_path: Path) -> None:
    sources = [str(saved(tmp_path / f"{rate}.wav", noise(), rate)) for rate in (16000, 8000)]
    with pytest.raises(DataError, match=r"8000\.wav: has 8000 Hz; wanted 16000 Hz, as .*16000\.wav; resample one"):
        read_channels(sources, OPTIONS)


# ---- writing in blocks ---------------------------------------------------------------------------------------------


def test_blocks_are_written_as_24_bits_and_counted(tmp_path: Path) -> None:
    signal = np.random.default_rng(0).uniform(-1, 1, 7001).astype(np.float32)
    assert write_blocks(tmp_path / "a.flac", np.split(signal, [0, 10, 4000]), 22050) == 7001
    found, rate = soundfile.read(tmp_path / "a.flac", dtype="float64")
    assert rate == 22050
    np.testing.assert_allclose(found, signal, rtol=0, atol=2.0**-22)
    assert write_blocks(tmp_path / "loud.flac", [np.float32([1.5, -2.0, 0.5])], RATE) == 3
    np.testing.assert_allclose(soundfile.read(tmp_path / "loud.flac")[0], [1, -1, 0.5], rtol=0, atol=1e-6)


def test_nothing_is_left_where_a_block_fails(tmp_path: Path) -> None:
    def blocks() -> Iterator[np.ndarray]:
        yield np.zeros(1000, dtype=np.float32)
        raise DataError("r", "found something wrong")

    with pytest.raises(DataError, match="something wrong"):
        write_blocks(tmp_path / "a.flac", blocks(), RATE)
    assert list(tmp_path.iterdir()) == []


def test_the_mean_of_all_channels_of_all_files_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "BLOCK_SAMPLES", 3000)
    stereo, mono = noise(8000, 2), noise(5000)
    sources = [str(saved(tmp_path / "a.wav", stereo, 8000)), str(saved(tmp_path / "b.flac", mono, 8000))]
    assert write_mean(sources, tmp_path / "mean.flac") == 1.0
    found, rate = soundfile.read(tmp_path / "mean.flac")
    silent = np.concatenate([mono, np.zeros(3000)])
    assert rate == 8000 and np.abs(found - (stereo[:, 0] + stereo[:, 1] + silent) / 3).max() < 2**-22


def test_the_mean_of_a_command_is_written_only_if_that_is_allowed(tmp_path: Path) -> None:
    command = f"cat {shlex.quote(str(saved(tmp_path / 'a.wav', noise())))} |"
    with pytest.raises(DataError, match="is a pipe"):
        write_mean([command], tmp_path / "mean.flac")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav"]
    assert write_mean([command], tmp_path / "mean.flac", allow_pipes=True) == 0.5


def test_a_rate_that_flac_has_not_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.flac: cannot be written at 700000 Hz"):
        write_blocks(tmp_path / "a.flac", [np.zeros(100, dtype=np.float32)], 700000)
    assert list(tmp_path.iterdir()) == []


def test_the_file_that_is_wrong_is_named(tmp_path: Path) -> None:
    good = str(saved(tmp_path / "good.wav", noise()))
    broken = noise()
    broken[100] = np.nan
    bad = str(saved(tmp_path / "bad.wav", broken, subtype="FLOAT"))
    with pytest.raises(DataError, match=r"bad\.wav: sample 100 is not a number"):
        list(read_channels([good, bad], OPTIONS).read())


def test_absurdly_loud_samples_are_refused(tmp_path: Path) -> None:
    signal = noise()
    signal[7] = 1e20
    path = saved(tmp_path / "a.wav", signal, subtype="FLOAT")
    with pytest.raises(DataError, match=r"a\.wav: sample 7 is 1e\+20; wanted finite samples"):
        read_wav(str(path), OPTIONS)
