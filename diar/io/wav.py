"""Audio of any format libsndfile reads, block by block, at the sample rate asked for."""

from __future__ import annotations

import io
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from diar.audio import MIN_DURATION, Audio, AudioOptions, Channels, all_channels, one_channel
from diar.blocks import BLOCK_SAMPLES, checked
from diar.errors import DataError
from diar.io.audio_headers import bytes_left, mp3_tells_length, promised_size
from diar.io.files import atomic_path
from diar.options import option

if TYPE_CHECKING:
    import soundfile

_MOST_SAMPLES = 1 << 40  # more than any recording has
_LEAST_LEFT = 1 << 12  # bytes of an MP3 that matter

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
        n_samples = -1
        try:
            with soundfile.SoundFile(stream) as audio:
                n_samples = 0
                # not blocks(), which fills up what the decoder does not give with what was in memory
                while len(block := audio.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)):
                    n_samples += len(block)
                    yield block
                _refuse_incomplete(name, audio, n_samples, stream)
        except soundfile.SoundFileError as error:
            if n_samples >= 0:  # it began as audio
                raise DataError(name, f"broken or cut ({_reason(error)})", advice="copy it again") from None
            raise _not_audio(name, error) from None


def _refuse_incomplete(name: str, audio: soundfile.SoundFile, n_samples: int, stream: BinaryIO) -> None:
    """Complain if there were fewer samples than promised, or if more of an MP3 file follows than can be read.

    Where an MP3 does not tell its length, it is guessed from the first frames, and nothing beyond is read.
    """
    if _is_guessed(audio, stream):
        left = bytes_left(stream)
        if left > _LEAST_LEFT:
            found = f"an MP3 that does not tell its length: {left} bytes after what can be read"
            raise DataError(name, found, "wanted all of it", "convert it to WAV or FLAC")
    elif n_samples < audio.frames < _MOST_SAMPLES:
        found = f"truncated: {audio.frames} samples promised by its header, {n_samples} found"
        raise DataError(name, found, advice="copy it again")


def _is_guessed(audio: soundfile.SoundFile, stream: BinaryIO) -> bool:
    """Whether the length is libsndfile's guess."""
    return audio.format == "MP3" and not mp3_tells_length(stream)


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


def probe_rate(path: Path) -> int:
    """Samples a second by the header.

    Raises:
        DataError: as ``read_wav``, as far as the header tells.
    """
    return _sample_rate(*_open(str(path), allow_pipes=False))


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
                if n_samples > _MOST_SAMPLES or _is_guessed(audio, stream):  # a streamed FLAC, an older MP3
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
        advice = "correct its name, where it was given or in wav.scp"
        raise DataError(path, "no such file", "wanted audio", advice) from None
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
    promised = promised_size(name, stream)
    if promised > size:
        found = f"truncated: {promised} bytes promised by its header, {size} found"
        raise DataError(name, found, advice="copy it again")


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


def write_mean(sources: Sequence[str], path: Path, allow_pipes: bool = False) -> float:
    """Write the mean of all channels of ``sources`` as 24-bit FLAC, atomically; its length in seconds.

    Sources are paths or, with ``allow_pipes``, commands ending in ``|``; shorter ones than others end in silence.

    Raises:
        DataError: as ``read_channels``, and as ``write_blocks``.
    """
    channels = read_channels(list(sources), WavOptions(allow_pipes=allow_pipes))
    blocks = (block.mean(axis=1) for block in all_channels(channels)())
    return write_blocks(path, blocks, channels.rate) / channels.rate


def write_wav(path: Path, signal: NDArray[Any], sample_rate: int) -> None:
    """Write a float signal in [-1, 1] as 16-bit audio in the format of ``path``'s suffix, atomically."""
    import soundfile

    with atomic_path(path) as temporary:
        soundfile.write(temporary, signal, sample_rate, subtype="PCM_16", format=path.suffix[1:].upper())
