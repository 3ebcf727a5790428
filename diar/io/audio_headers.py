"""What headers of audio files say of their length, where libsndfile does not look or does not tell."""

from __future__ import annotations

import io
import math
import shlex
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from diar.errors import DataError

_LONGEST_HEADER = 1 << 20  # bytes
_FIRST_FRAME = 1 << 11  # bytes of an MP3 in which its first frame says how long it is

# sizes that streaming writers leave in a header because they cannot know better
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0xFFFFFFFF - 36)


def promised_size(name: str, stream: BinaryIO) -> int:
    """Bytes the file must have by its own header; 0 where the format does not tell.

    libsndfile reads truncated WAV, AIFF and SPHERE files without a word, so their headers are looked at here.

    Raises:
        DataError: compressed SPHERE, which libsndfile cannot read; ``name`` is the file's in the message.
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
    size, fields = _sphere_fields(stream)
    if compression := _compression(fields):
        pipe = f"sph2pipe -f wav {shlex.quote(name)} |"
        advice = f"put a pipe into wav.scp: {pipe} and pass --allow-pipes true"
        advice = advice if "shorten" in compression else "decompress it first (NIST's w_decode)"
        raise DataError(name, f"is compressed SPHERE ({compression})", "wanted PCM or u-law samples", advice)
    try:
        counts = (int(fields[key]) for key in ("sample_count", "channel_count", "sample_n_bytes"))
        return size + math.prod(counts)
    except (KeyError, ValueError, IndexError):
        return 0


def sphere_compression(path: Path) -> str:
    """How a NIST SPHERE file is compressed, as 'embedded-shorten-v2.00'; '' if it is not, or is another format."""
    with path.open("rb") as stream:
        return _compression(_sphere_fields(stream)[1]) if _is_sphere(stream) else ""


def sphere_header_size(path: Path) -> int:
    """Bytes of the header of a NIST SPHERE file; 0 of another format."""
    with path.open("rb") as stream:
        return _sphere_fields(stream)[0] if _is_sphere(stream) else 0


def _is_sphere(stream: BinaryIO) -> bool:
    found = stream.read(7) == b"NIST_1A"
    stream.seek(0)
    return found


def _sphere_fields(stream: BinaryIO) -> tuple[int, dict[str, str]]:
    """Size and fields of the header of a NIST SPHERE file that is at its start."""
    fields: dict[str, str] = {}
    first = stream.read(16)  # 'NIST_1A' and the size of the header
    size = int(first[8:]) if first[8:].strip().isdigit() else 1024
    lines = (first + stream.read(min(size, _LONGEST_HEADER))).decode("ascii", errors="replace").splitlines()
    for line in lines[2:]:
        key, _, value = line.partition(" ")
        if key == "end_head":
            break
        fields[key] = value.partition(" ")[2]
    return size, fields


def _compression(fields: Mapping[str, str]) -> str:
    """What follows the coding proper: 'pcm,embedded-shorten-v2.00' is compressed."""
    return fields.get("sample_coding", "").partition(",")[2]


def mp3_tells_length(stream: BinaryIO) -> bool:
    """Whether the first frame of an MP3 says how many samples there are; the place in the stream stays."""
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


def bytes_left(stream: BinaryIO) -> int:
    """Bytes that have not been read, less an APE tag at the end, which has its size in its footer."""
    left = stream.read()
    if left[-32:-24] == b"APETAGEX":
        left = left[: -32 - int.from_bytes(left[-20:-16], "little")]
    return len(left)
