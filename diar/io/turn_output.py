"""Where the turns of a run go, recording by recording: files of each, a file or folder of all, standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from diar.errors import DataError
from diar.io.files import refuse_overwriting, standard_output
from diar.io.turn_files import Format, format_of, is_turn_file, named_format
from diar.segments import Turn

if TYPE_CHECKING:
    from diar.diarization import Diarization


class TurnOutput:
    """Files of each recording as it comes; what holds all recordings is written at the end of the context."""

    def __init__(self, where: str, formats: str, recordings: Sequence[str]) -> None:
        """``where`` is -, a file, or a folder; nothing is the folder one is in. ``formats`` has commas between.

        Raises:
            DataError: several formats, or ``recordings`` of a format with a file each, for one file or standard output;
                a name that cannot be written; a format twice; standard output is closed.
        """
        self._where, self._recordings = Path(where or "."), recordings
        self._to_stdout = where == "-"
        self._is_one = self._to_stdout or bool(where) and is_turn_file(where)
        if self._to_stdout:
            standard_output()
        if not formats and self._is_one and not self._to_stdout:
            wanted = [format_of(self._where, "--format")]
        else:
            wanted = [named_format(name, "--format") for name in (formats or "rttm").split(",")]
        if len({form.name for form in wanted}) < len(wanted):
            raise DataError("--format", f"found a format twice in '{formats}'", "wanted each once")
        if self._is_one and len(wanted) > 1:
            raise DataError("--output", f"found '{where}' for {len(wanted)} formats", "wanted a folder for them")
        for form in wanted:
            if self._is_one and (not form.suffix or not form.several and len(recordings) > 1):
                raise DataError("--output", f"found '{where}' for several files of {form.name}", "wanted a folder")
            form.check_names(recordings)
        self._joint = [form for form in wanted if self._is_one or not form.suffix]
        self._each = [form for form in wanted if form not in self._joint]
        self._turns: dict[str, list[Turn]] = {}
        self._durations: dict[str, float] = {}

    def prepare(self, inputs: Iterable[Path], beside: Iterable[str] = ()) -> None:
        """Make the folder; ``beside`` are the names of other files that will be written there.

        Raises:
            DataError: one of the ``inputs``, or of the files themselves, would be overwritten.
        """
        refuse_overwriting([*self._paths(), *(self.folder / name for name in beside)], inputs)
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        """The folder of the turns, or the one that their file is in; the one one is in for standard output."""
        if self._to_stdout:
            return Path(".")
        return self._where.parent if self._is_one else self._where

    def _paths(self) -> list[Path]:
        """The files of turns that will be written."""
        if self._is_one:
            return [] if self._to_stdout else [self._where]
        joint = [self._where / name for form in self._joint for name in form.texts({}, {})]
        return joint + [self._path(name, form) for name in self._recordings for form in self._each]

    def _path(self, recording: str, form: Format) -> Path:
        return self._where / f"{recording}{form.suffix}"

    def __enter__(self) -> TurnOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what holds all recordings, as far as they came, even if the rest was broken off."""
        for form in self._joint if self._turns else ():
            if self._to_stdout:
                standard_output().write(form.text(self._turns, self._durations))
            else:
                form.write(self._where, self._turns, self._durations)

    def add(self, found: Diarization) -> None:
        """Write the files of one recording, and keep its turns where a file of all will want them."""
        turns, durations = {found.recording: found.turns}, {found.recording: found.duration}
        if self._joint:
            self._turns |= turns
            self._durations |= durations
        for form in self._each:
            form.write(self._path(found.recording, form), turns, durations)
