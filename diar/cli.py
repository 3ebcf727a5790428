"""What all programs share: flags from options dataclasses, and errors in one line."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from diar.errors import DataError
from diar.io.files import nowhere, numbered_lines, read_text
from diar.options import Options, flag, option_help

AnyOptions = TypeVar("AnyOptions", bound=Options)
Arguments = argparse.Namespace  # parsed flags, an attribute each

_PARENT_POLL_SECONDS = 0.2


# ---- programs ------------------------------------------------------------------------------------------------------


def run(main: Callable[[], None], name: str = "") -> NoReturn:
    """Run a program: bad input ends in one line on stderr and exit code 1, never in a traceback.

    ``name`` is what it calls itself, where that is not its file's name.
    """
    sys.argv[0] = name or sys.argv[0]
    if sys.stdout is None:
        nowhere(1)  # or the next file that is opened would be what libraries print to
    if sys.stderr is None:
        sys.stderr = nowhere(2)
    _exit_with_parent()
    sys.unraisablehook = _interrupt_again
    try:
        main()
        if sys.stdout is not None:
            sys.stdout.flush()
        code = 0
    except DataError as error:
        code = complain(str(error))
    except BrokenPipeError:
        nowhere(sys.stdout.fileno())  # the reader left: nothing to say
        code = 1
    except OSError as error:
        code = complain(reason(error))
    except KeyboardInterrupt:
        code = 130
    say()  # what a terminal that has gone did not take, Python would try again, and fail
    sys.exit(code)


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Interrupt anew where Ctrl-C came while a library called Python back, which cannot pass the exception on."""
    if lost.exc_type is KeyboardInterrupt:
        threading.Timer(0.01, os.kill, [os.getpid(), signal.SIGINT]).start()
    else:
        sys.__unraisablehook__(lost)


def command_words() -> list[str]:
    """The words of the command line, without the program's name; those so far while a shell completes it."""
    return os.environ["COMP_LINE"].split()[1:] if is_completing() else sys.argv[1:]


def is_completing() -> bool:
    """Whether a shell asks, by argcomplete, how the command line could go on."""
    return "_ARGCOMPLETE" in os.environ and "COMP_LINE" in os.environ


def chosen(name: str, choices: Sequence[str]) -> str:
    """The value of the flag ``name`` on the command line, which decides which other flags there are.

    The first of ``choices`` is the default.
    """
    parser = Parser(None)
    parser.add_flag(name, "", default=choices[0])
    words = [word for word in map(_hyphenated, command_words()) if word not in ("-h", "--help")]
    value: str = getattr(parser.parse_known_args(words)[0], name.strip("-").replace("-", "_"))
    return checked_choice(name, value, choices)


def checked_choice(name: str, value: str, choices: Iterable[str]) -> str:
    """``value``, which the flag ``name`` has, if it is one of ``choices``.

    Raises:
        DataError: it is not.
    """
    if value not in (choices := tuple(choices)):
        raise DataError(name, f"found '{value}'", f"wanted one of {', '.join(choices)}")
    return value


def completes(action: argparse.Action, words: Iterable[str], files: bool = False) -> None:
    """A shell completes values of ``action`` from ``words``, and from files, too, if ``files``."""

    def completer(prefix: str, **_: Any) -> list[str]:
        from argcomplete.completers import FilesCompleter

        return [*words, *(FilesCompleter()(prefix) if files else ())]

    action.completer = completer  # type: ignore[attr-defined]


def say(*lines: str) -> None:
    """Print ``lines`` on stderr; that a terminal has gone away must not stop the work."""
    try:
        print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = nowhere(sys.stderr.fileno())


def complain(message: str) -> int:
    """Print one error line; the exit code to end with."""
    say(f"{Path(sys.argv[0]).name}: {message}")
    return 1


def refuse(faults: Sequence[str], where: object, what: str, advice: str) -> None:
    """Print all faults, a line each, and end with an error if there are any.

    Raises:
        DataError: there are, so many of ``what``.
    """
    if faults:
        say(*faults)
        raise DataError(where, f"found {len(faults)} fault{'s' * (len(faults) != 1)} {what}", advice=advice)


def reason(error: DataError | OSError) -> str:
    """The one line that tells what is wrong."""
    if isinstance(error, DataError):
        return str(error)
    return f"{error.filename or sys.argv[0]}: {error.strerror or error}"


def warn(message: str) -> None:
    """Print one warning line."""
    say(f"{Path(sys.argv[0]).name}: warning: {message}")


def _exit_with_parent() -> None:
    """End this process soon after its parent or its recipe has gone, if the recipe asks for it.

    A recipe that was killed could not stop its programs; they would go on writing while the next run starts. The recipe
    is looked at too, since the parent may be gone before this process has come here.
    """
    if os.environ.get("DIAR_EXIT_WITH_PARENT") != "1":
        return
    parent = os.getppid()
    host, _, recipe = os.environ.get("DIAR_RECIPE", "").rpartition(":")
    watched = int(recipe) if recipe.isdecimal() and host == os.uname().nodename else parent

    def watch() -> None:
        while os.getppid() == parent and is_running(watched):
            time.sleep(_PARENT_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def is_running(pid: int) -> bool:
    """Whether there is a process ``pid`` that has not ended."""
    try:
        os.kill(pid, 0)
        state = read_text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except (OSError, DataError, IndexError):  # another user's, or a system without /proc
        return True
    return state != "Z"


# ---- flags ---------------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """argparse with Kaldi's habits: ``--a-b x``, ``--a_b=x``, true|false, ``--config FILE``; DataErrors."""

    def __init__(
        self, description: str | None, options: Sequence[type[Options]] = (), others: Sequence[type[Options]] = ()
    ) -> None:
        """Flags of ``options``; those of ``others`` may stand in conf files, and wait there for their program."""
        super().__init__(
            description=description,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._option_classes = tuple(options)
        self.command_line_only: set[str] = set()  # flags that conf files may not hold
        self._waiting = {flag(option_field.name) for cls in others for option_field in fields(cls)}
        for cls in self._option_classes:
            group = self.add_argument_group(cls.__name__, cls.__doc__)
            for option_field in fields(cls):
                known = option_help(option_field)
                kind = type(option_field.default)
                shown = str(option_field.default).lower() if kind is bool else option_field.default
                unit = f" {known.unit}" if known.unit else ""
                choices = f"one of {', '.join(known.choices)}; " if known.choices else ""
                action = group.add_argument(
                    flag(option_field.name),
                    type=boolean if kind is bool else kind,
                    default=option_field.default,
                    metavar={bool: "true|false", int: "N", float: "X", str: "TEXT"}[kind],
                    help=f"{known.text} ({choices}default {shown}{unit})".replace("%", "%%"),
                )
                if known.choices:
                    completes(action, known.choices)

    def add_flag(self, name: str, help_text: str, *, default: Any = "", kind: Any = str) -> argparse.Action:
        """An option of the program itself, beside those of its options dataclasses."""
        metavar = "true|false" if kind is boolean else name.strip("-").upper().replace("-", "_")
        return self.add_argument(name, help=help_text, default=default, type=kind, metavar=metavar)

    def add_switch(self, name: str, help_text: str) -> None:
        """A flag without a value."""
        self.add_argument(name, help=help_text, action="store_true")

    def parse_words(
        self, words: Sequence[str], conf: Path | None = None, first: Iterable[tuple[str, str]] = ()
    ) -> argparse.Namespace:
        """Parse ``words``, which win over flags in the file ``conf``, which win over those in ``--config`` files.

        All win over flags of an earlier run, ``first``, each with its place.
        """
        if is_completing():
            import argcomplete

            argcomplete.autocomplete(self)  # answers the shell, and ends
        words = _joined_values([_hyphenated(word) for word in words])
        if "-h" in words or "--help" in words:
            self.print_help()
            sys.exit(0)
        from_files = self._conf_words(first)
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
            from_files += self._conf_words(numbered_lines(Path(value)))
        if conf is not None:
            from_files += self._conf_words(numbered_lines(conf))
        known, unknown = self.parse_known_args([*from_files, *rest])
        if unknown:
            raise DataError(unknown[0].partition("=")[0], "unknown option or too many arguments", self._valid())
        return known

    def options(self, parsed: argparse.Namespace, cls: type[AnyOptions]) -> AnyOptions:
        """The options dataclass ``cls`` filled from parsed flags."""
        return cls(**{option_field.name: getattr(parsed, option_field.name) for option_field in fields(cls)})

    def error(self, message: str) -> NoReturn:
        if message.startswith("argument "):
            where, _, found = message.removeprefix("argument ").partition(": ")
            raise DataError(where, found, advice=f"see {self.prog} --help")
        raise DataError("arguments", message, " ".join(self.format_usage().split()))

    def _conf_words(self, lines: Iterable[tuple[str, str]]) -> list[str]:
        """The flags in the lines of a Kaldi conf file: one each, ``--name=value``, comments after ``#``."""
        found: list[str] = []
        for place, line in lines:
            word = _hyphenated(line.partition("#")[0].strip())
            if not word:
                continue
            name, separator, _ = word.partition("=")
            if separator and name in self._waiting and name not in self._option_string_actions:
                continue
            if name in self.command_line_only:
                raise DataError(place, f"found '{word}'", "wanted it on the command line, since other flags hang on it")
            if not (separator and name in self._option_string_actions):
                raise DataError(place, f"found '{word}'", f"wanted --name=value with a name of: {self._valid()}")
            found.append(word)
        return found

    def _valid(self) -> str:
        names = sorted(name for name in self._option_string_actions if name.startswith("--"))
        return "valid options are " + " ".join([*names, "--config"])


def parsed_options(text: str, cls: type[AnyOptions]) -> AnyOptions:
    """The options dataclass ``cls`` from flags in ``text``, as they are in a ``--<noun>-opts``; --help lists them."""
    parser = Parser(None, (cls,))
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise DataError(text, str(error), "wanted flags, with blanks in matching quotation marks") from None
    return parser.options(parser.parse_words(words), cls)


def _joined_values(words: Sequence[str]) -> list[str]:
    """``--x -1e3`` as ``--x=-1e3``, ``--x-opts --y=z`` as ``--x-opts=--y=z``: argparse would take both for options."""
    joined: list[str] = []
    for word in words:
        flag_before = joined[-1] if joined and joined[-1].startswith("--") and "=" not in joined[-1] else ""
        if flag_before and (flag_before.endswith("-opts") or re.fullmatch(r"-[\d.][\d.eE+-]*", word)):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


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
