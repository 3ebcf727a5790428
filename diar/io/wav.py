"""Audio of any format libsndfile reads, block by block, at the sample rate asked for."""

from __future__ import annotations

import io
import math
import shlex
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from diar.audio import MIN_DURATION, Audio, AudioOptions, Channels, one_channel
from diar.blocks import BLOCK_SAMPLES, checked
from diar.errors import DataError
from diar.io.files import atomic_path
from diar.options import option

if TYPE_CHECKING:
    import soundfile

_MOST_SAMPLES = 1 << 40  # more than any recording has
_LONGEST_HEADER = 1 << 20  # bytes
_FIRST_FRAME = 1 << 11  # bytes of an MP3 in which its first frame says how long it is
_LEAST_LEFT = 1 << 12  # bytes of an MP3 that matter

# sizes that streaming writers leave in a header because they cannot know better
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF - 36)

Opener = Callable[[], AbstractContextManager[BinaryIO]]  # a seekable stream of the bytes from their start


@dataclass(frozen=True)
class WavOptions(AudioOptions):
    """How audio is read."""

    allow_pipes: bool = option(False, "run wav.scp entries that end with '|' as commands")


def read_wav(source: str, options: WavOptions) -> Audio:
    """One channel of ``source``, a path or (with ``allow_pipes``) a command ending in ``|``; read when it is asked for.

    Raises:
        DataError: missing, empty, not audio, truncated; when it is read: undecodable, shorter than 0.1 s, NaN samples,
            no such channel.
    """
    return one_channel(read_channels([source], options), options)


def read_channels(sources: list[str], options: WavOptions) -> Channels:
    """All channels of all ``sources`` side by side; files that are shorter than others end in zeros.

    Raises:
        DataError: as ``read_wav``, or sources of different rates.
    """
    opened = [_open(source, options.allow_pipes) for source in sources]
    rates = [_sample_rate(name, opener) for name, opener in opened]
    for (name, _), rate in zip(opened, rates, strict=True):
        if rate != rates[0]:
            raise DataError(name, f"has {rate} Hz", f"wanted {rates[0]} Hz, as {opened[0][0]}", "resample one")
    if len(opened) == 1:
        name, opener = opened[0]
        return Channels(name, rates[0], lambda: _blocks(name, opener))
    return Channels(
        opened[0][0],
        rates[0],
        # looked at here, since what is wrong may be wrong with any of the files
        lambda: _side_by_side([checked(_blocks(name, opener), name, 0.0, rates[0]) for name, opener in opened]),
    )


def _blocks(name: str, opener: Opener) -> Iterator[NDArray[np.float32]]:
    """(n, C) blocks of the audio in a stream, all but the last of ``BLOCK_SAMPLES``."""
    import soundfile

    with opener() as stream:
        try:
            with soundfile.SoundFile(stream) as audio:
                n_samples = 0
                # not blocks(), which fills up what the decoder does not give with what was in memory
                while len(block := audio.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)):
                    n_samples += len(block)
                    yield block
                _refuse_incomplete(name, audio, n_samples, stream)
        except soundfile.SoundFileError as error:
            raise _not_audio(name, error) from None


def _refuse_incomplete(name: str, audio: soundfile.SoundFile, n_samples: int, stream: BinaryIO) -> None:
    """Complain if there were fewer samples than promised, or if more of an MP3 file follows than can be read.

    Where an MP3 does not tell its length, it is guessed from the first frames, and nothing beyond is read.
    """
    if not _tells_length(audio, stream):
        left = _bytes_left(stream)
        if left > _LEAST_LEFT:
            found = f"an MP3 that does not tell its length: {left} bytes after what can be read"
            raise DataError(name, found, "wanted all of it", "convert it to WAV or FLAC")
    elif n_samples < audio.frames < _MOST_SAMPLES:
        found = f"truncated: {audio.frames} samples promised by its header, {n_samples} found"
        raise DataError(name, found, advice="copy it again")


def _tells_length(audio: soundfile.SoundFile, stream: BinaryIO) -> bool:
    """Whether the format, or the first frame of an MP3, says how many samples there are; the place in it stays."""
    if audio.format != "MP3":
        return True
    read = stream.tell()
    stream.seek(0)
    head = stream.read(10)
    tag = 0
    if head[:3] == b"ID3":  # its size in four times seven bits
        tag = 10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    stream.seek(tag)
    first = stream.read(_FIRST_FRAME)
    stream.seek(read)
    return any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))


def _bytes_left(stream: BinaryIO) -> int:
    """Bytes that have not been read, less an APE tag at the end, which has its size in its footer."""
    left = stream.read()
    if left[-32:-24] == b"APETAGEX":
        left = left[: -32 - int.from_bytes(left[-20:-16], "little")]
    return len(left)


def _side_by_side(streams: list[Iterator[NDArray[np.float32]]]) -> Iterator[NDArray[np.float32]]:
    """The columns of all streams, whose blocks are equally long but for the last ones."""
    widths: list[int] = []
    while True:
        blocks = [next(stream, None) for stream in streams]
        widths = widths or [0 if block is None else block.shape[1] for block in blocks]
        n_samples = max((len(block) for block in blocks if block is not None), default=0)
        if not n_samples:
            return
        joined = np.zeros((n_samples, sum(widths)), dtype=np.float32)
        for block, end in zip(blocks, np.cumsum(widths), strict=True):
            if block is not None:
                joined[: len(block), end - block.shape[1] : end] = block
        yield joined


def _sample_rate(name: str, opener: Opener) -> int:
    import soundfile

    with opener() as stream:
        try:
            with soundfile.SoundFile(stream) as audio:
                rate: int = audio.samplerate
        except soundfile.SoundFileError as error:
            raise _not_audio(name, error) from None
    return rate


def probe_duration(path: Path) -> float:
    """Seconds of audio, by the header alone where it tells.

    Raises:
        DataError: as ``read_wav``, as far as the header tells.
    """
    import soundfile

    name, opener = _open(str(path), allow_pipes=False)
    with opener() as stream:
        try:
            with soundfile.SoundFile(stream) as audio:
                n_samples = audio.frames
                if n_samples > _MOST_SAMPLES or not _tells_length(audio, stream):  # a streamed FLAC, an older MP3
                    n_samples = sum(len(block) for block in _blocks(name, opener))
                duration: float = n_samples / audio.samplerate
        except soundfile.SoundFileError as error:
            raise _not_audio(name, error) from None
    if duration < MIN_DURATION:
        raise DataError(name, f"{duration:.3f} s long", f"wanted at least {MIN_DURATION} s")
    return duration


def _not_audio(name: str, error: soundfile.SoundFileError) -> DataError:
    wanted = "wanted WAV, FLAC, Ogg, Opus, MP3, AIFF or NIST SPHERE"
    return DataError(name, f"cannot be decoded ({_reason(error)})", wanted)


def _reason(error: soundfile.SoundFileError) -> str:
    return str(getattr(error, "error_string", error)).rstrip(".")


def _open(source: str, allow_pipes: bool) -> tuple[str, Opener]:
    """The name for messages, and what opens the bytes of a path or pipe as often as they are read."""
    if source.endswith("|"):
        return source, _run_pipe(source, allow_pipes)
    path = Path(source)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            if size == 0:
                raise DataError(path, "is empty", "wanted audio", "copy it again")
            _refuse_unreadable(str(path), stream, size)
    except FileNotFoundError:
        raise DataError(path, "no such file", advice="correct wav.scp, or run stage 0 again") from None
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})") from None
    return str(path), lambda: path.open("rb")


def _run_pipe(command: str, allowed: bool) -> Opener:
    """Run ``command`` once; what it writes is kept in a temporary file, which goes when nothing refers to it any more.

    Raises:
        DataError: pipes are not allowed, the command fails or writes nothing, or its output is truncated.
    """
    if not allowed:
        raise DataError(command, "is a pipe", "wanted a file", "pass --allow-pipes true if you trust this wav.scp")
    output = tempfile.TemporaryFile()  # noqa: SIM115  read as often as asked
    done = subprocess.run(
        command[:-1], shell=True, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, check=False
    )
    size = output.seek(0, io.SEEK_END)
    if done.returncode != 0 or not size:
        complaint = done.stderr.decode(errors="replace").strip().splitlines()
        last = f": {complaint[-1]}" if complaint else ""
        raise DataError(command, f"the command failed (exit {done.returncode}){last}", "wanted audio on its output")
    output.seek(0)
    _refuse_unreadable(command, output, size)

    @contextmanager
    def rewound() -> Iterator[BinaryIO]:
        output.seek(0)
        yield output

    return rewound


def _refuse_unreadable(name: str, stream: BinaryIO, size: int) -> None:
    """Complain where libsndfile would not, or not so that it helps.

    Raises:
        DataError: the header promises more than ``size`` bytes, or a compression that libsndfile does not know.
    """
    promised = _promised_size(name, stream)
    if promised > size:
        found = f"truncated: {promised} bytes promised by its header, {size} found"
        raise DataError(name, found, advice="copy it again")


def _promised_size(name: str, stream: BinaryIO) -> int:
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
        return _sphere_size(name, stream)
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


def _sphere_size(name: str, stream: BinaryIO) -> int:
    """Header plus samples of a NIST SPHERE file; 0 where it does not tell.

    Raises:
        DataError: its samples are compressed ('pcm,embedded-shorten-v2.00').
    """
    fields: dict[str, str] = {}
    first = stream.read(16)  # 'NIST_1A' and the size of the header
    size = int(first[8:]) if first[8:].strip().isdigit() else 1024
    lines = (first + stream.read(min(size, _LONGEST_HEADER))).decode("ascii", errors="replace").splitlines()
    for line in lines[2:]:
        key, _, value = line.partition(" ")
        if key == "end_head":
            break
        fields[key] = value.partition(" ")[2]
    _, _, compression = fields.get("sample_coding", "").partition(",")
    if compression:
        pipe = f"sph2pipe -f wav {shlex.quote(name)} |"
        advice = f"put a pipe into wav.scp: {pipe} and pass --allow-pipes true"
        advice = advice if "shorten" in compression else "decompress it first (NIST's w_decode)"
        raise DataError(name, f"is compressed SPHERE ({compression})", "wanted PCM or u-law samples", advice)
    try:
        counts = (int(fields[key]) for key in ("sample_count", "channel_count", "sample_n_bytes"))
        return size + math.prod(counts)
    except (KeyError, ValueError, IndexError):
        return 0


def write_blocks(path: Path, blocks: Iterable[NDArray[np.float32]], sample_rate: int) -> int:
    """Write (n,) blocks of a signal in [-1, 1] as 24-bit FLAC, atomically; how many samples there were.

    What is beyond full scale is clipped.

    Raises:
        DataError: a rate that FLAC has not, or no room.
    """
    import soundfile

    n_samples = 0
    with atomic_path(path) as temporary:
        try:
            with soundfile.SoundFile(temporary, "w", sample_rate, 1, subtype="PCM_24", format="FLAC") as audio:
                for block in blocks:
                    audio.write(block)
                    n_samples += len(block)
        except soundfile.SoundFileError as error:
            found = f"cannot be written at {sample_rate} Hz ({_reason(error)})"
            raise DataError(path, found, "wanted a rate that FLAC has, and room on the disk") from None
    return n_samples


def write_wav(path: Path, signal: NDArray[Any], sample_rate: int) -> None:
    """Write a float signal in [-1, 1] as 16-bit audio in the format of ``path``'s suffix, atomically."""
    import soundfile

    with atomic_path(path) as temporary:
        soundfile.write(temporary, signal, sample_rate, subtype="PCM_16", format=path.suffix[1:].upper())
