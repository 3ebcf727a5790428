"""What headers say of a file: sizes that were promised, compression, lengths that nobody knew."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import OPTIONS, RATE, noise, read_wav, saved, sphere

from diar.errors import DataError
from diar.io.audio_headers import sphere_compression, sphere_header_size
from diar.io.wav import probe_duration


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
@pytest.mark.parametrize("kind", ["wav", "aiff", "flac", "sph"])
def test_truncated_files_are_refused(tmp_path: Path, kind: str, kept: float) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "sph":
        path.write_bytes(sphere(noise(40000)))
    else:
        saved(path, noise(40000))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=rf"a\.{kind}: (truncated|broken or cut)"):
        read_wav(str(path), OPTIONS)


def test_a_flac_file_cut_between_two_blocks_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.flac", noise(40000))
    whole = path.read_bytes()
    last_block = whole.rindex(b"\xff\xf8")
    path.write_bytes(whole[:last_block])
    with pytest.raises(DataError, match=r"a\.flac: (truncated: 40000 samples promised|broken or cut)"):
        read_wav(str(path), OPTIONS)


@pytest.mark.parametrize("kind", ["wav", "aiff", "sph"])
def test_one_sample_less_than_promised_is_told_in_bytes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "sph":
        path.write_bytes(sphere(noise()))
    else:
        saved(path, noise())
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])
    reason = f"truncated: {len(whole)} bytes promised by its header, {len(whole) - 2} found; copy it again"
    for read in (lambda: read_wav(str(path), OPTIONS), lambda: probe_duration(path)):
        with pytest.raises(DataError, match=reason):
            read()


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF - 36])
def test_streamed_wavs_of_unknown_size_are_read(tmp_path: Path, size: int) -> None:
    path = saved(tmp_path / "a.wav", noise())
    content = bytearray(path.read_bytes())
    assert content[36:40] == b"data"
    content[4:8] = content[40:44] = struct.pack("<I", size)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_wav(str(path), OPTIONS).signal, noise().astype(np.float32))
    assert probe_duration(path) == 0.5


def rf64(path: Path) -> bytearray:
    """A file whose size stands in its ds64 chunk alone: 40 bytes of it, then fmt, then data."""
    content = bytearray(saved(path, noise(), subtype="PCM_16", format="RF64").read_bytes())
    at = content.index(b"data")
    content[at + 4 : at + 8] = b"\xff" * 4
    assert content[:4] == b"RF64" and content[12:16] == b"ds64"
    assert struct.unpack("<Q", content[28:36]) == (16000,) and len(content) == at + 8 + 16000
    return content


@pytest.mark.parametrize("lost", [1, 2, 8000, 15000])
def test_a_truncated_rf64_file_is_refused(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "a.wav"
    content = rf64(path)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_wav(str(path), OPTIONS).signal, noise().astype(np.float32))
    path.write_bytes(content[:-lost])
    reason = f"truncated: {len(content)} bytes promised by its header, {len(content) - lost} found"
    for read in (lambda: read_wav(str(path), OPTIONS), lambda: probe_duration(path)):
        with pytest.raises(DataError, match=reason):
            read()


def test_an_rf64_file_that_does_not_tell_its_size_is_left_to_the_decoder(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    content = rf64(path)
    content[28:36] = bytes(8)
    path.write_bytes(content)
    try:
        read_wav(str(path), OPTIONS)
    except DataError as error:
        assert "truncated" not in str(error)
    path.write_bytes(content[:20])
    with pytest.raises(DataError, match="cannot be decoded"):
        read_wav(str(path), OPTIONS)


def test_chunks_before_and_behind_the_samples_are_skipped(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.wav", noise())
    content = path.read_bytes()
    odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # chunks are padded to even lengths
    path.write_bytes(content[:36] + odd + content[36:] + odd)
    np.testing.assert_array_equal(read_wav(str(path), OPTIONS).signal, noise().astype(np.float32))
    path.write_bytes(content[:36] + odd + content[36:-2])
    with pytest.raises(DataError, match="truncated"):
        read_wav(str(path), OPTIONS)


def without_length(path: Path) -> Path:
    """A FLAC file whose header does not tell the number of samples, as streaming encoders leave it."""
    content = bytearray(path.read_bytes())
    assert content[:4] == b"fLaC"
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    return path


def test_streamed_flac_of_unknown_length_is_read_or_refused(tmp_path: Path) -> None:
    path = without_length(saved(tmp_path / "a.flac", noise()))
    try:
        signal = read_wav(str(path), OPTIONS).signal
    except DataError:
        return
    np.testing.assert_array_equal(signal, noise().astype(np.float32))


def test_streamed_flac_of_unknown_length_has_no_absurd_duration(tmp_path: Path) -> None:
    path = without_length(saved(tmp_path / "a.flac", noise()))
    try:
        duration = probe_duration(path)
    except DataError:
        return
    assert duration == 0.5


@pytest.mark.parametrize("comments", [0, 60])
def test_compressed_sphere_is_refused_with_the_pipe_that_reads_it(tmp_path: Path, comments: int) -> None:
    path = tmp_path / "a b.sph"
    content = sphere(noise(), sample_coding="-s26 pcm,embedded-shorten-v2.00")
    if comments:  # a header of 4096 bytes, with what matters at its end
        lines = "".join(f"comment_{number} -s20 {'x' * 20}\n" for number in range(comments))
        head = content[:1024].decode().replace("   1024\n", f"   4096\n{lines}").rstrip()
        content = f"{head}\n".encode().ljust(4096) + content[1024:]
    path.write_bytes(content)
    wanted = (
        f"{path}: is compressed SPHERE (embedded-shorten-v2.00); wanted PCM or u-law samples; "
        f"put a pipe into wav.scp: sph2pipe -f wav '{path}' | and pass --allow-pipes true"
    )
    for read in (lambda: read_wav(str(path), OPTIONS), lambda: probe_duration(path)):
        with pytest.raises(DataError) as refused:
            read()
        assert str(refused.value) == wanted


def test_sphere_of_another_compression_is_not_sph2pipes(tmp_path: Path) -> None:
    path = tmp_path / "a.sph"
    path.write_bytes(sphere(noise(), sample_coding="-s26 pcm,embedded-wavpack-v1.0"))
    with pytest.raises(DataError, match=r"compressed SPHERE \(embedded-wavpack-v1\.0\).*; decompress it first"):
        read_wav(str(path), OPTIONS)


def test_sphere_that_does_not_tell_its_size_is_left_to_the_decoder(tmp_path: Path) -> None:
    path = tmp_path / "a.sph"
    path.write_bytes(sphere(noise(), promised=10**6, sample_count="-i many"))
    try:
        assert len(read_wav(str(path), OPTIONS).signal) == 8000
    except DataError as error:
        assert "truncated" not in str(error)


# ---- MP3 -------------------------------------------------------------------------------------------------------------


def mp3(path: Path, seconds: int) -> bytes:
    soundfile.write(path, noise(seconds * RATE), RATE, format="MP3", subtype="MPEG_LAYER_III")
    return path.read_bytes()


@pytest.mark.parametrize("seconds", [3, 40])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_an_mp3_that_breaks_off_is_refused(tmp_path: Path, seconds: int, kept: float) -> None:
    """Under one block and over; its Xing frame tells how much there should be."""
    path = tmp_path / "a.mp3"
    whole = mp3(path, seconds)
    assert len(read_wav(str(path), OPTIONS).signal) >= seconds * RATE
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=r"a\.mp3: truncated: \d+ samples promised by its header, \d+ found; copy it"):
        read_wav(str(path), OPTIONS)


QUIET, LOUD = 1e-4 * noise(10 * RATE), noise(60 * RATE)
CONSTANT, VARIABLE = ({"bitrate_mode": mode, "compression_level": 0.5} for mode in ("CONSTANT", "VARIABLE"))


def without_xing(path: Path, signal: np.ndarray, how: dict[str, object]) -> bytes:
    """An MP3 without its first frame, which tells the length, as older encoders left it."""
    soundfile.write(path, signal, RATE, format="MP3", subtype="MPEG_LAYER_III", **how)
    content = path.read_bytes()
    assert any(mark in content[:100] for mark in (b"Xing", b"Info"))
    return content[content.index(content[:2], 100) :]


def id3(size: int) -> bytes:
    return b"ID3\4\0\0" + bytes([0, 0, size >> 7, size & 127]) + bytes(size)


def ape(size: int) -> bytes:
    return bytes(size) + b"APETAGEX" + struct.pack("<IIII", 2000, size + 32, 1, 0) + bytes(8)


@pytest.mark.parametrize(
    "tags", [(b"", b""), (id3(2000), b""), (b"", ape(500)), (b"", b"TAG" + bytes(125))], ids=range(4)
)
@pytest.mark.parametrize(
    ("signal", "how"), [(LOUD, CONSTANT), (np.concatenate([QUIET, LOUD]), VARIABLE)], ids=["cbr", "vbr"]
)
def test_an_mp3_that_does_not_tell_its_length_is_read_whole(
    tmp_path: Path, signal: np.ndarray, how: dict[str, object], tags: tuple[bytes, bytes]
) -> None:
    """The guess of its length is right, or too long, as where it begins quietly."""
    path = tmp_path / "a.mp3"
    path.write_bytes(tags[0] + without_xing(path, signal, how) + tags[1])
    n_samples = len(read_wav(str(path), OPTIONS).signal)
    assert abs(n_samples - len(signal)) < 4000
    assert probe_duration(path) == n_samples / RATE


def test_an_mp3_that_cannot_be_read_to_its_end_is_refused(tmp_path: Path) -> None:
    """It begins loud, with large frames, so that the guess of its length is too short."""
    path = tmp_path / "a.mp3"
    path.write_bytes(without_xing(path, np.concatenate([noise(10 * RATE), *[QUIET] * 6]), VARIABLE))
    for read in (lambda: read_wav(str(path), OPTIONS), lambda: probe_duration(path)):
        with pytest.raises(DataError, match=r"a\.mp3: an MP3 that does not tell its length: \d+ bytes after what"):
            read()


def test_the_frame_that_tells_the_length_is_found_behind_a_tag(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    content = id3(5000) + mp3(path, 3)
    path.write_bytes(content)
    assert len(read_wav(str(path), OPTIONS).signal) >= 3 * RATE
    path.write_bytes(content[:-8000])
    with pytest.raises(DataError, match=r"a\.mp3: truncated: "):
        read_wav(str(path), OPTIONS)


def test_a_large_tag_behind_an_mp3_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(mp3(path, 3) + ape(100_000))
    assert len(read_wav(str(path), OPTIONS).signal) >= 3 * RATE


@pytest.mark.parametrize(
    ("coding", "wanted"), [("-s3 pcm", ""), ("-s26 pcm,embedded-shorten-v2.00", "embedded-shorten-v2.00")]
)
def test_sphere_headers_tell_their_compression_and_size(tmp_path: Path, coding: str, wanted: str) -> None:
    (path := tmp_path / "a.sph").write_bytes(sphere(noise(), sample_coding=coding))
    assert sphere_compression(path) == wanted and sphere_header_size(path) == 1024
    larger = path.read_bytes().replace(b"   1024\n", b"   2048\n")
    path.write_bytes(larger[:1024].ljust(2048) + larger[1024:])
    assert sphere_header_size(path) == 2048
    other = saved(tmp_path / "a.wav", noise())
    assert (sphere_compression(other), sphere_header_size(other)) == ("", 0)
