"""Audio files: which there are, and what their recordings are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from diar.errors import DataError
from diar.io.audio_files import find_audio, recording_name


@pytest.mark.parametrize(
    ("file", "name"),
    [("a.wav", "a"), ("a.b.flac", "a.b"), ("my meet.wav", "my_meet"), (" a \t b\u00a0c .wav", "a_b_c"), (" .wav", "_")],
)
def test_a_recording_is_called_as_its_file_without_blanks(file: str, name: str) -> None:
    assert recording_name(Path("some folder") / file) == name


def test_files_of_folders_and_the_same_file_twice(tmp_path: Path) -> None:
    for name in ("b c.wav", "a.FLAC", "._a.wav", "notes.txt"):
        (tmp_path / name).touch()
    found = find_audio([tmp_path / "notes.txt", tmp_path, tmp_path / "b c.wav"])
    assert found == [tmp_path / "notes.txt", tmp_path / "a.FLAC", tmp_path / "b c.wav"]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a b.wav", "a_b.wav"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"a_b.wav: is recording 'a_b', and so is .*a b.wav; rename one$"):
        find_audio([tmp_path])
    with pytest.raises(DataError, match="no such file or folder"):
        find_audio([tmp_path / "none.wav"])
