"""Which files are audio, by their names, and what their recordings are called."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from diar.errors import DataError

AUDIO_SUFFIXES = (".wav", ".flac", ".sph", ".mp3", ".ogg", ".opus", ".aif", ".aiff")


def is_audio(path: Path) -> bool:
    """Whether a file that is there is called as audio is."""
    return path.suffix.lower() in AUDIO_SUFFIXES and path.is_file() and not path.name.startswith("._")  # macOS's


def recording_name(path: Path) -> str:
    """The recording of an audio file: the name without the suffix; blanks, which part the fields of RTTM, are ``_``."""
    return "_".join(path.stem.split()) or "_"


def find_audio(paths: Iterable[Path]) -> list[Path]:
    """The files among ``paths`` whatever they are called, and the audio files of the folders among them, sorted.

    Raises:
        DataError: nothing has that name, a folder holds no audio, or two files would be one recording.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(filter(is_audio, path.iterdir()))
            if not inside:
                wanted = f"wanted {' '.join(f'*{suffix}' for suffix in AUDIO_SUFFIXES)}"
                raise DataError(path, "holds no audio", wanted, "name the folder that does")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataError(path, "no such file or folder")
    by_name: dict[str, Path] = {}
    for path in found:
        name = recording_name(path)
        if name in by_name and path.samefile(by_name[name]):
            continue
        if name in by_name:
            raise DataError(path, f"is recording '{name}', and so is {by_name[name]}", advice="rename one")
        by_name[name] = path
    return list(by_name.values())
