"""What all programs share: flags from options dataclasses, a job's share of the recordings, errors in one line."""

from __future__ import annotations

import argparse
import glob
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from diar import __version__
from diar.errors import DataError
from diar.io.ark import ArchiveFolder, write_archive
from diar.io.data_folder import DataFolder
from diar.io.files import TEMPORARY_SUFFIX, numbered_lines, read_json, write_json, write_text
from diar.options import Options, flag, option_help

AnyOptions = TypeVar("AnyOptions", bound=Options)

ERROR_SUFFIX = ".error"  # <recording>.error in a stage's folder: why it has no archive
_STAGE_THAT_MAKES = {"feats": 1, "vad": 2, "embed": 5, "clusters": 6, "realigned": 7}
_PARENT_POLL_SECONDS = 0.2


# ---- programs ------------------------------------------------------------------------------------------------------


def run(main: Callable[[], None]) -> NoReturn:
    """Run a program: bad input ends in one line on stderr and exit code 1, never in a traceback."""
    _exit_with_parent()
    try:
        main()
        sys.stdout.flush()
        code = 0
    except DataError as error:
        code = complain(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left: nothing to say
        code = 1
    except OSError as error:
        code = complain(f"{error.filename or sys.argv[0]}: {error.strerror or error}")
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def command_words() -> list[str]:
    """The words of the command line, without the program's name."""
    return sys.argv[1:]


def complain(message: str) -> int:
    """Print one error line; the exit code to end with."""
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    return 1


def warn(message: str) -> None:
    """Print one warning line."""
    print(f"{Path(sys.argv[0]).name}: warning: {message}", file=sys.stderr, flush=True)


def _exit_with_parent() -> None:
    """End this process soon after its parent has gone, if the recipe asks for it.

    A recipe that was killed could not stop its programs; they would go on writing while the next run starts.
    """
    if os.environ.get("DIAR_EXIT_WITH_PARENT") != "1":
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# ---- flags ---------------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """argparse with Kaldi's habits: ``--a-b x``, ``--a_b=x``, true|false, ``--config FILE``; DataErrors."""

    def __init__(self, description: str | None, options: Sequence[type[Options]] = ()) -> None:
        super().__init__(
            description=description,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._option_classes = tuple(options)
        for cls in self._option_classes:
            group = self.add_argument_group(cls.__name__, cls.__doc__)
            for option_field in fields(cls):
                known = option_help(option_field)
                kind = type(option_field.default)
                shown = str(option_field.default).lower() if kind is bool else option_field.default
                unit = f" {known.unit}" if known.unit else ""
                choices = f"one of {', '.join(known.choices)}; " if known.choices else ""
                group.add_argument(
                    flag(option_field.name),
                    type=boolean if kind is bool else kind,
                    default=option_field.default,
                    metavar={bool: "true|false", int: "N", float: "X", str: "TEXT"}[kind],
                    help=f"{known.text} ({choices}default {shown}{unit})".replace("%", "%%"),
                )

    def add_flag(self, name: str, help_text: str, *, default: Any = "", kind: Any = str) -> None:
        """An option of the program itself, beside those of its options dataclasses."""
        metavar = "true|false" if kind is boolean else name.strip("-").upper().replace("-", "_")
        self.add_argument(name, help=help_text, default=default, type=kind, metavar=metavar)

    def parse_words(self, words: Sequence[str], conf: Sequence[Path] = ()) -> argparse.Namespace:
        """Parse ``words``, which win over the flags of ``conf`` files, which win over those of ``--config`` files."""
        words = [_hyphenated(word) for word in words]
        if "-h" in words or "--help" in words:
            self.print_help()
            sys.exit(0)
        from_files: list[str] = []
        rest: list[str] = []
        iterator = iter(words)
        for word in iterator:
            name, separator, value = word.partition("=")
            if name != "--config":
                rest.append(word)
                continue
            if not separator:
                value = next(iterator, "")
            if not value:
                raise DataError("--config", "found no file name", "wanted --config FILE")
            from_files += self._conf_words(Path(value))
        for path in conf:
            from_files += self._conf_words(path)
        known, unknown = self.parse_known_args([*from_files, *rest])
        if unknown:
            raise DataError(unknown[0].partition("=")[0], "unknown option or too many arguments", self._valid())
        return known

    def options(self, parsed: argparse.Namespace, cls: type[AnyOptions]) -> AnyOptions:
        """The options dataclass ``cls`` filled from parsed flags."""
        return cls(**{option_field.name: getattr(parsed, option_field.name) for option_field in fields(cls)})

    def error(self, message: str) -> NoReturn:
        where, _, found = message.partition(": ") if message.startswith("argument ") else ("arguments", "", message)
        raise DataError(where.removeprefix("argument "), found, self.format_usage().replace("\n", " ").strip())

    def _conf_words(self, path: Path) -> list[str]:
        """The flags of a Kaldi conf file: a line each, ``--name=value``, comments after ``#``."""
        found: list[str] = []
        for place, line in numbered_lines(path):
            word = _hyphenated(line.partition("#")[0].strip())
            if not word:
                continue
            name, separator, _ = word.partition("=")
            if not (separator and name in self._option_string_actions):
                raise DataError(place, f"found '{word}'", f"wanted --name=value with a name of: {self._valid()}")
            found.append(word)
        return found

    def _valid(self) -> str:
        names = sorted(name for name in self._option_string_actions if name.startswith("--"))
        return "valid options are " + " ".join([*names, "--config"])


def _hyphenated(word: str) -> str:
    """``--num_spk=a_b`` is ``--num-spk=a_b``: only the name changes."""
    if not word.startswith("--"):
        return word
    name, separator, value = word.partition("=")
    return name.replace("_", "-") + separator + value


def boolean(text: str) -> bool:
    """The type of a flag that takes true or false."""
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"found '{text}', wanted true or false")
    return text == "true"


# ---- one stage's job -----------------------------------------------------------------------------------------------


class Job:
    """One job of a stage: a share of the recordings, the folders it reads and the folder it writes.

    Every step is called ``steps/x.py [options] <data> <input folders...> <output folder>``; the flags all steps have
    are ``--share K/N`` (my recordings are sorted(recordings)[K-1::N]), ``--prepare true`` (make the output folder
    ready and end; the recipe does so once before it starts the jobs) and ``--skip-bad true``.
    """

    def __init__(
        self,
        description: str | None,
        noun: str,
        inputs: Sequence[str],
        options: Sequence[type[Options]],
        flags: Mapping[str, str] | None = None,
    ) -> None:
        self.noun = noun
        self._parser = Parser(description, options)
        self._classes = tuple(options)
        self._parser.add_argument("data", metavar="<data>", help="data folder with wav.scp")
        for name in inputs:
            self._parser.add_argument(name, metavar=f"<{name}>", help=f"folder of {name}")
        self._parser.add_argument("output", metavar=f"<{noun}>", help="folder to write")
        self._parser.add_flag("--share", "my share K/N of the recordings (default 1/1)", default="1/1")
        self._parser.add_flag("--prepare", "only make the folder ready for its jobs", default=False, kind=boolean)
        self._parser.add_flag("--skip-bad", "do not fail for bad recordings", default=False, kind=boolean)
        for name, text in (flags or {}).items():
            self._parser.add_flag(name, text)
        self._words = command_words()
        arguments = self.arguments = self._parser.parse_words(self._words)
        self.options(*self._classes)  # values out of range are refused before any work
        self.data = DataFolder(Path(arguments.data))
        self.output = Path(arguments.output)
        self._share = _share(arguments.share)
        self.recordings = self.data.recordings()
        self.inputs = [open_input(name, Path(getattr(arguments, name))) for name in inputs]

    def options(self, *classes: type[Options], conf: Sequence[Path] = ()) -> list[Any]:
        """Options dataclasses from the flags, with the flags of further ``conf`` files before the command line's."""
        parsed = self._parser.parse_words(self._words, conf) if conf else self.arguments
        return [self._parser.options(parsed, cls) for cls in classes]

    def each_recording(self, convert: Callable[[str], None]) -> None:
        """Call ``convert`` on my recordings; one that fails does not stop the others, but fails the job at the end.

        With ``--prepare true`` the output folder is made ready instead.
        """
        if self.arguments.prepare:
            prepare_folder(self.output, self._provenance())
            return
        print(shlex.join([sys.argv[0], *self._words]), flush=True)
        self.output.mkdir(parents=True, exist_ok=True)
        failures: dict[str, str] = {}
        mine = self.recordings[self._share[0] - 1 :: self._share[1]]
        for recording in mine:
            error_file = self.output / (recording + ERROR_SUFFIX)
            started = time.perf_counter()
            try:
                convert(recording)
            except DataError as error:
                failures[recording] = str(error)
                for stale in self.output.glob(f"{glob.escape(recording)}.*"):
                    stale.unlink()
                write_text(error_file, f"{error}\n")
                print(f"{recording}: failed: {error}", file=sys.stderr, flush=True)
            else:
                error_file.unlink(missing_ok=True)
                print(f"{recording}: {time.perf_counter() - started:.2f} s", flush=True)
        if failures and not self.arguments.skip_bad:
            first = next(iter(failures.values()))
            raise DataError(f"{len(failures)} of {len(mine)} recordings failed, the first", first)

    def write(self, recording: str, array: Any) -> None:
        """Write ``recording``'s array into the output folder."""
        write_archive(self.output, recording, array)

    def _provenance(self) -> dict[str, Any]:
        options = {name: value for cls in self._classes for name, value in asdict(self.options(cls)[0]).items()}
        return {
            "step": Path(sys.argv[0]).name,
            "version": __version__,
            "data": self.data.digest(),
            "options": options,
            "inputs": {folder.path.name: _options_of(folder.path) for folder in self.inputs},
        }


def open_input(noun: str, folder: Path) -> ArchiveFolder:
    """A stage's input folder.

    Raises:
        DataError: it is missing or not complete; the message names the stage that makes it.
    """
    if not any(folder.glob("*.scp")):
        found = "is not complete (no .scp)" if folder.is_dir() else "no such folder"
        stage = _STAGE_THAT_MAKES.get(noun)
        advice = f"stage {stage} makes it: ./run.sh --stage {stage}" if stage is not None else ""
        raise DataError(folder, found, f"wanted the folder of {noun}", advice)
    return ArchiveFolder(folder)


def prepare_folder(folder: Path, provenance: Mapping[str, Any]) -> None:
    """Make ``folder`` ready for a stage's jobs: empty it unless it was made with the same options of the same data.

    ``log/`` stays. Temporary files of a run that was killed go in any case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    same = (folder / "options.json").exists() and _options_of(folder) == provenance
    for path in folder.iterdir():
        if path.is_file() and (not same or path.name.endswith(TEMPORARY_SUFFIX)):
            path.unlink(missing_ok=True)
    if not same:
        write_json(folder / "options.json", provenance)


def _options_of(folder: Path) -> Any:
    """options.json of a folder; None where there is none, as in archives that other programs made."""
    path = folder / "options.json"
    try:
        return read_json(path) if path.exists() else None
    except DataError:
        return None


def _share(text: str) -> tuple[int, int]:
    first, _, last = text.partition("/")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise DataError("--share", f"found '{text}'", "wanted K/N with 1 <= K <= N")
    return int(first), int(last)
