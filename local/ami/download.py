#!/usr/bin/env python3
"""The AMI corpus's audio from its official place, by curl.

Prints the licence, the addresses of the wanted files and their size, and fetches nothing before you say so: --yes true,
or 'y' where it asks. A file is called <name>.part until it is whole: by the size that the server tells, and by its own
header. What was broken off goes on where it stopped; what is there is not fetched again. Exits with 0 when all is
there.

e.g.: local/download.sh --setup AMI-diarization-setup --part dev --mic mix-headset amicorpus
e.g.: local/download.sh --meetings "ES2011a ES2011b" amicorpus
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ami_setup import ARRAY, HEADSETS, WITHOUT_ARRAY, SetupOptions, wanted_meetings

from diar import cli
from diar.errors import DataError
from diar.io.audio_headers import promised_size
from diar.options import Options, option

MIRROR = "https://groups.inf.ed.ac.uk/ami/AMICorpusMirror/amicorpus"
LICENCE = """The AMI Meeting Corpus (https://groups.inf.ed.ac.uk/ami/corpus/) is under the licence CC BY 4.0,
https://creativecommons.org/licenses/by/4.0/: name its authors (Carletta et al., 2005, "The AMI Meeting Corpus:
A Pre-announcement") where you use it."""
MICROPHONES = {"mix-headset": ("Mix-Headset",), "sdm": ARRAY[:1], "mdm": ARRAY, "ihm-mix": HEADSETS}
CURL = ("curl", "--location", "--connect-timeout", "20", "--show-error")
SLOWEST = ("--speed-limit", "1000", "--speed-time", "60")  # bytes a second, for so many seconds, and it is broken off
NO_RANGES = 33  # curl's exit code when the server cannot go on in the middle of a file
MISSING = (403, 404, 410)  # HTTP


@dataclass(frozen=True)
class DownloadOptions(Options):
    """How it is fetched."""

    url: str = option(MIRROR, "where the meetings' folders lie")
    yes: bool = option(False, "fetch without asking")


@dataclass(frozen=True)
class Remote:
    """A file to fetch; ``size`` in bytes, as far as the server told it."""

    meeting: str
    url: str
    path: Path
    size: int | None = None

    @property
    def part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    def fault(self, path: Path) -> str:
        """What is wrong with ``path``, where it was fetched to; nothing ('') if it is whole."""
        if not path.exists():
            return "is not there"
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            return f"has {size} bytes, the server's {self.size}"
        with path.open("rb") as stream:
            promised = promised_size(str(path), stream)
        if not promised:
            return "is no WAV file"
        return f"has {size} bytes, its header says {promised}" if promised > size else ""


def main() -> None:
    parser = cli.Parser(__doc__, (SetupOptions, DownloadOptions))
    parser.add_argument("corpus", metavar="<corpus>", help="folder to fetch into, as amicorpus")
    arguments = parser.parse_words(cli.command_words())
    setup, options = parser.options(arguments, SetupOptions), parser.options(arguments, DownloadOptions)
    corpus = Path(arguments.corpus)
    if not shutil.which(CURL[0]):
        raise DataError("curl", "is not on the PATH", "wanted the program that fetches")
    files = wanted_files(corpus, setup, options.url.rstrip("/"))
    print(f"{LICENCE}\n")
    try:
        sizes = ask_sizes([file.url for file in files])
    except DataError as error:
        if options.yes:
            raise
        cli.warn(f"{error}; sizes are not known")
        sizes = {file.url: None for file in files}
    files, faults = there_on_the_server(files, sizes, setup)
    left = [file for file in files if not file.path.exists()]
    faults += [
        f"{file.path}: {fault}; remove it, and start again"
        for file in files
        if file.path.exists() and (fault := file.fault(file.path))
    ]
    announce(files)
    for fault in faults:
        print(fault, file=sys.stderr)
    if left and not (options.yes or says_yes(f"Fetch {len(left)} files into {corpus}?")):
        raise DataError("--yes", f"found false, so nothing was fetched ({len(left)} files)", "wanted --yes true")
    for number, file in enumerate(left, 1):
        print(f"{number}/{len(left)} {file.path.name} {told_size(file.size)}", flush=True)
        fetch(file)
    if faults:
        raise DataError(corpus, f"{len(faults)} faults, told above", "wanted all files")
    print(f"{corpus}: {len(files)} files are there")


def wanted_files(corpus: Path, options: SetupOptions, base: str) -> list[Remote]:
    """The files of all microphones that the meetings may have.

    Raises:
        DataError: as ``wanted_meetings``, or a name that is no meeting's.
    """
    meetings = options.named
    if options.setup or not meetings:
        meetings = wanted_meetings(options)
    if others := [name for name in meetings if not re.fullmatch(r"[A-Z]{2}\d{4}[a-z]?", name)]:
        raise DataError("--meetings", f"found {', '.join(map(repr, others))}", "wanted names as EN2001a or IB4001")
    if options.needs_array and not options.named:
        meetings = tuple(meeting for meeting in meetings if meeting not in WITHOUT_ARRAY)
    names = [(meeting, f"{meeting}.{mic}.wav") for meeting in meetings for mic in MICROPHONES[options.mic]]
    return [
        Remote(meeting, f"{base}/{meeting}/audio/{name}", corpus / meeting / "audio" / name) for meeting, name in names
    ]


def ask_sizes(urls: Sequence[str]) -> dict[str, int | None]:
    """The size in bytes of each file that the server has (None where it does not tell), by its address.

    Raises:
        DataError: the server cannot be reached, or answers something else than that it has a file or not.
    """
    words = ("--silent", "--head", "--fail-early", "--max-time", "60", "--write-out", "\nanswer %{http_code}\n")
    done = subprocess.run([*CURL, *words, *urls], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(urls[0], f"cannot be reached ({_reason(done)})", advice="try again")
    answers = re.findall(r"(.*?)^answer (\d+)$", done.stdout, re.MULTILINE | re.DOTALL)
    sizes: dict[str, int | None] = {}
    for url, (headers, code) in zip(urls, answers, strict=True):
        if int(code) == 200:
            lengths = re.findall(r"^content-length:\s*(\d+)", headers, re.MULTILINE | re.IGNORECASE)
            sizes[url] = int(lengths[-1]) if lengths else None  # the last answer's, after those that lead elsewhere
        elif int(code) not in MISSING:
            raise DataError(url, f"the server answers {code}", advice="try again")
    return sizes


def there_on_the_server(
    files: Sequence[Remote], sizes: Mapping[str, int | None], options: SetupOptions
) -> tuple[list[Remote], list[str]]:
    """The files that there are, with their sizes; and what is wrong if a meeting has too few.

    Most meetings have four headsets, and few arrays lack a microphone.
    """
    found = [Remote(file.meeting, file.url, file.path, sizes[file.url]) for file in files if file.url in sizes]
    faults = []
    for meeting in dict.fromkeys(file.meeting for file in files):
        wanted = [file for file in files if file.meeting == meeting]
        missing = [file for file in wanted if file.url not in sizes]
        last = max((number for number, file in enumerate(wanted) if file not in missing), default=0)
        gap = options.mic == "ihm-mix" and any(number < last for number, file in enumerate(wanted) if file in missing)
        if len(wanted) - len(missing) < min(len(wanted), 2) or gap:
            there = wanted[: last + 1] if gap else wanted
            faults += [f"{meeting}: the server has no {file.url}" for file in missing if file in there]
        elif missing and options.mic == "mdm":
            cli.warn(f"{meeting}: the server has no {', '.join(file.path.name for file in missing)}")
    return found, faults


def announce(files: Sequence[Remote]) -> None:
    """Print the addresses, and how much there is."""
    for file in files:
        print(f"{file.url} {'(there)' if file.path.exists() else told_size(file.size)}".rstrip())
    left = [file for file in files if not file.path.exists()]
    total = sum(file.size or 0 for file in left)
    known = told_size(total) if all(file.size is not None for file in left) else "of unknown size"
    print(f"{len(files)} files, {len(left)} to fetch, {known}", flush=True)


def says_yes(question: str) -> bool:
    """Whether somebody who is asked says yes; nobody is where this is not a terminal."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def fetch(file: Remote) -> None:
    """Fetch a file, or the rest of it.

    Raises:
        DataError: it was broken off, or is not what it should be; what there is stays, if it can be gone on with.
    """
    file.part.parent.mkdir(parents=True, exist_ok=True)
    if file.part.exists() and file.size is not None and file.part.stat().st_size > file.size:
        file.part.unlink()
    if file.fault(file.part):
        done = _curl(file)
        if done.returncode == NO_RANGES:
            file.part.unlink()
            done = _curl(file)
        if done.returncode:
            size = file.part.stat().st_size if file.part.exists() else 0
            raise DataError(file.url, f"broke off after {size} bytes ({_reason(done)})", "wanted all", "start again")
    if fault := file.fault(file.part):
        if file.size is None or file.part.stat().st_size >= file.size:
            file.part.unlink()
        raise DataError(file.url, f"what came {fault}", advice="start again")
    os.replace(file.part, file.path)


def _curl(file: Remote) -> subprocess.CompletedProcess[str]:
    watched = sys.stderr.isatty()
    words = ["--progress-bar" if watched else "--silent", "--fail", "--retry", "3", *SLOWEST]
    words += ["--continue-at", "-", "--output", str(file.part), file.url]
    stderr = None if watched else subprocess.PIPE
    return subprocess.run([*CURL, *words], stdin=subprocess.DEVNULL, stderr=stderr, text=True, check=False)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or "").strip().splitlines()
    return lines[-1] if lines else f"curl's exit code {done.returncode}"


def told_size(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    cli.run(main)
