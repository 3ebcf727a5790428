"""The audio of a page: in the page itself where it is short, else a link to the file."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from diar.errors import DataError
from diar.io.audio_files import is_audio, recording_name
from diar.io.wav import probe_duration
from diar.options import Options, option
from diar.report.content import Audio, RecordingContent

_SIGNATURES = (  # what browsers play, by where its mark is: offset, mark, type
    (0, b"RIFF", "audio/wav"), (0, b"fLaC", "audio/flac"), (0, b"OggS", "audio/ogg"), (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"), (0, b"\xff\xf3", "audio/mpeg"), (4, b"ftyp", "audio/mp4"),
)  # fmt: skip


@dataclass(frozen=True)
class PageOptions(Options):
    """What pages hold."""

    embed: float = option(12.0, "larger audio files are linked, others go into the page", unit="MB", low=0)


def page_audio(path: Path, page_folder: Path, options: PageOptions) -> Audio:
    """The audio in the file ``path`` for a page in ``page_folder``: its bytes, or a link if there are too many.

    Raises:
        DataError: no such file, or of a kind that browsers do not play.
    """
    if not path.is_file():
        raise DataError(path, "is a folder" if path.is_dir() else "no such file", "wanted an audio file")
    with path.open("rb") as stream:
        start = stream.read(16)
    mime = next((kind for offset, mark, kind in _SIGNATURES if start[offset : offset + len(mark)] == mark), "")
    if not mime:
        raise DataError(path, "a kind of audio that browsers do not play", "wanted WAV, FLAC, Ogg, MP3 or MP4")
    if path.stat().st_size <= options.embed * 1e6:
        return Audio(mime, path.read_bytes())
    return Audio(mime, href=os.path.relpath(path.resolve(), page_folder.resolve()).replace(os.sep, "/"))


def audio_doubt(content: RecordingContent, where: str) -> str:
    """What is doubtful of the audio that was looked for in ``where``: that there is none, or much less than turns."""
    end = max((turn.end for turn in content.hypothesis), default=0.0)
    if content.audio is None:
        return f"no audio of this name in {where}"
    seconds = content.audio.seconds
    return f"turns last until {end:.1f} s, and its audio {seconds:.1f} s: is it another's?" if seconds + 1 < end else ""


def with_audio(content: RecordingContent, where: Path, page_folder: Path, options: PageOptions) -> RecordingContent:
    """``content`` with its audio, and as long as that is, if there is any.

    ``where`` is its file, or a folder in which the first audio file that is named after the recording is it.

    Raises:
        DataError: as ``page_audio``, or a file that cannot be decoded.
    """
    path = where
    if where.is_dir():
        named = [path for path in where.iterdir() if recording_name(path) == content.recording and is_audio(path)]
        if not named:
            return content
        path = min(named)
    seconds = probe_duration(path)
    audio = replace(page_audio(path, page_folder, options), seconds=seconds)
    return replace(content, audio=audio, duration=max(content.duration, seconds))
