"""Audio of any format libsndfile reads, one channel of it, at the sample rate asked for."""

from __future__ import annotations

import io
import math
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from diar.audio import MIN_DURATION, Audio, AudioOptions, from_samples
from diar.errors import DataError
from diar.io.files import atomic_path
from diar.options import option

if TYPE_CHECKING:
    import soundfile

_BLOCK_SAMPLES = 1 << 20
_MOST_SAMPLES = 1 << 40  # more than any recording has
_NONE = np.zeros((0, 1), dtype=np.float32)

# sizes that streaming writers leave in a header because they cannot know better
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF - 36)


@dataclass(frozen=True)
class WavOptions(AudioOptions):
    """How audio is read."""

    allow_pipes: bool = option(False, "run wav.scp entries that end with '|' as commands")


def read_wav(source: str, options: WavOptions) -> Audio:
    """Read one channel of ``source``, a path or (with ``allow_pipes``) a command ending in ``|``.

    Raises:
        DataError: missing, empty, not audio, truncated, undecodable, shorter than 0.1 s, NaN samples, no such channel.
    """
    import soundfile

    name, stream = _open(source, options.allow_pipes)
    with stream:
        try:
            with soundfile.SoundFile(stream) as audio:
                source_rate = audio.samplerate
                # block by block: the header of a streamed FLAC does not tell the length
                samples = np.concatenate(list(audio.blocks(_BLOCK_SAMPLES, dtype="float32", always_2d=True)) or [_NONE])
        except soundfile.SoundFileError as error:
            raise _not_audio(name, error) from None
    return from_samples(samples, source_rate, options, name)


def probe_duration(path: Path) -> float:
    """Seconds of audio, by the header alone where it tells.

    Raises:
        DataError: as ``read_wav``, as far as the header tells.
    """
    import soundfile

    name, stream = _open(str(path), allow_pipes=False)
    with stream:
        try:
            with soundfile.SoundFile(stream) as audio:
                n_samples = audio.frames
                if n_samples > _MOST_SAMPLES:  # a streamed FLAC, whose header does not tell the length
                    n_samples = sum(len(block) for block in audio.blocks(_BLOCK_SAMPLES))
                duration: float = n_samples / audio.samplerate
        except soundfile.SoundFileError as error:
            raise _not_audio(name, error) from None
    if duration < MIN_DURATION:
        raise DataError(name, f"{duration:.3f} s long", f"wanted at least {MIN_DURATION} s")
    return duration


def _not_audio(name: str, error: soundfile.SoundFileError) -> DataError:
    reason = str(getattr(error, "error_string", error)).rstrip(".")
    return DataError(name, f"cannot be decoded ({reason})", "wanted WAV, FLAC, Ogg, MP3, AIFF or NIST SPHERE")


def _open(source: str, allow_pipes: bool) -> tuple[str, BinaryIO]:
    """The name for messages, and a seekable stream of the bytes of a path or pipe."""
    if source.endswith("|"):
        output = _run_pipe(source, allow_pipes)
        _refuse_truncated(source, output, len(output.getvalue()))
        return source, output
    path = Path(source)
    try:
        size = path.stat().st_size
        stream = path.open("rb")
    except FileNotFoundError:
        raise DataError(path, "no such file", advice="correct wav.scp, or run stage 0 again") from None
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})") from None
    if size == 0:
        stream.close()
        raise DataError(path, "is empty", "wanted audio", "copy it again")
    _refuse_truncated(str(path), stream, size)
    return str(path), stream


def _refuse_truncated(name: str, stream: BinaryIO, size: int) -> None:
    """Close ``stream`` and complain if its header promises more than ``size`` bytes; else go back to its start."""
    promised = _promised_size(stream)
    stream.seek(0)
    if promised > size:
        stream.close()
        found = f"truncated: {promised} bytes promised by its header, {size} found"
        raise DataError(name, found, advice="copy it again")


def _run_pipe(command: str, allowed: bool) -> io.BytesIO:
    if not allowed:
        raise DataError(command, "is a pipe", "wanted a file", "pass --allow-pipes true if you trust this wav.scp")
    done = subprocess.run(command[:-1], shell=True, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0 or not done.stdout:
        complaint = done.stderr.decode(errors="replace").strip().splitlines()
        last = f": {complaint[-1]}" if complaint else ""
        raise DataError(command, f"the command failed (exit {done.returncode}){last}", "wanted audio on its output")
    return io.BytesIO(done.stdout)


def _promised_size(stream: BinaryIO) -> int:
    """Bytes the file must have by its own header; 0 where the format does not tell.

    libsndfile reads truncated WAV, AIFF and SPHERE files without a word, so their headers are looked at here.
    """
    head = stream.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return _chunk_end(stream, b"data", "<I")
    if head[:4] == b"RF64" and head[8:] == b"WAVE":
        _, _, _, data_size = struct.unpack("<4sIQQ", stream.read(24).ljust(24, b"\0"))
        stream.seek(12)
        return _chunk_end(stream, b"data", "<I", known_size=data_size)
    if head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
        return _chunk_end(stream, b"SSND", ">I")
    if head[:7] == b"NIST_1A":
        stream.seek(0)
        return _sphere_size(stream)
    return 0


def _chunk_end(stream: BinaryIO, wanted: bytes, size_format: str, known_size: int = 0) -> int:
    """Where the chunk ``wanted`` of a RIFF or FORM file says it ends; 0 if there is none or its size is unknown.

    ``known_size`` is used where the chunk's own 32 bits do not tell its size.
    """
    while len(head := stream.read(8)) == 8:
        size: int = struct.unpack(size_format, head[4:])[0]
        if head[:4] == wanted:
            size = known_size if size in _UNKNOWN_SIZES else size
            return stream.tell() + size if size else 0
        stream.seek(size + size % 2, io.SEEK_CUR)
    return 0


def _sphere_size(stream: BinaryIO) -> int:
    """Header plus samples of a NIST SPHERE file; 0 where it is compressed or does not tell."""
    fields: dict[str, str] = {}
    lines = stream.read(1024).decode("ascii", errors="replace").splitlines()
    for line in lines[2:]:
        name, _, value = line.partition(" ")
        if name == "end_head":
            break
        fields[name] = value.partition(" ")[2]
    try:
        if "," in fields.get("sample_coding", ""):  # 'pcm,embedded-shorten-v2.00': the size tells nothing
            return 0
        counts = (int(fields[name]) for name in ("sample_count", "channel_count", "sample_n_bytes"))
        return int(lines[1]) + math.prod(counts)
    except (KeyError, ValueError, IndexError):
        return 0


def write_wav(path: Path, signal: NDArray[Any], sample_rate: int) -> None:
    """Write a float signal in [-1, 1] as 16-bit audio in the format of ``path``'s suffix, atomically."""
    import soundfile

    with atomic_path(path) as temporary:
        soundfile.write(temporary, signal, sample_rate, subtype="PCM_16", format=path.suffix[1:].upper())
