"""The AMI corpus as its diarization setup divides it: parts, meetings, microphones; where the references lie.

The setup is github.com/BUTSpeechFIT/AMI-diarization-setup: lists/<part>.meetings.txt of the official partition
("Full-corpus-ASR"), only_words/rttms/<part>/<meeting>.rttm, uems/<part>/<meeting>.uem. The corpus has the audio in
<meeting>/audio/<meeting>.<microphone>.wav.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diar.errors import DataError
from diar.io.corpus import names_in
from diar.io.files import content_lines
from diar.options import Options, option

REPOSITORY = "https://github.com/BUTSpeechFIT/AMI-diarization-setup"
PARTS = ("dev", "test", "train")
MICS = ("mix-headset", "sdm", "mdm", "ihm-mix")
ARRAY = tuple(f"Array1-{number:02d}" for number in range(1, 9))
HEADSETS = tuple(f"Headset-{number}" for number in range(5))  # a fifth one in EN2001a, EN2001d and EN2001e alone
WITHOUT_ARRAY = ("IS1003b", "IS1007d")  # the corpus has no file of the array's microphones for these


@dataclass(frozen=True)
class SetupOptions(Options):
    """What to take of the corpus."""

    setup: str = option("", "folder of the setup repository, AMI-diarization-setup")
    part: str = option("dev", "part of the official partition", choices=PARTS)
    mic: str = option(
        "mix-headset",
        "the corpus's mix of the headsets, the first or all microphones of array 1, or the mean of the headsets",
        choices=MICS,
    )
    meetings: str = option("", "only these meetings, with commas or blanks between; all of the part without")

    @property
    def named(self) -> tuple[str, ...]:
        """The meetings that were named, if any."""
        return names_in(self.meetings)

    @property
    def needs_array(self) -> bool:
        return self.mic in ("sdm", "mdm")


def meeting_of(name: str) -> str:
    """The meeting of a file's name, or of an id of RTTM and UEM: ``EN2001a`` of ``EN2001a.Mix-Headset``."""
    return name.partition(".")[0]


def listed_meetings(options: SetupOptions) -> tuple[str, ...]:
    """The meetings of the part, in the order of its list.

    Raises:
        DataError: no setup, or no list in it.
    """
    if not options.setup:
        raise DataError("--setup", "found none", "wanted the folder of the setup repository", f"git clone {REPOSITORY}")
    path = Path(options.setup) / "lists" / f"{options.part}.meetings.txt"
    if not path.is_file():
        found = "no such file" if Path(options.setup).is_dir() else "no such folder"
        raise DataError(path, found, "wanted --setup with lists/, only_words/ and uems/", f"git clone {REPOSITORY}")
    meetings = tuple(dict.fromkeys(meeting_of(line.strip()) for _, line in content_lines(path)))
    if not meetings:
        raise DataError(path, "is empty", "wanted a meeting a line")
    return meetings


def wanted_meetings(options: SetupOptions) -> tuple[str, ...]:
    """The meetings of the part, or those of them that were named.

    Raises:
        DataError: no list, or a name that is not on it.
    """
    meetings = listed_meetings(options)
    if others := [name for name in options.named if name not in meetings]:
        wanted = f"wanted some of --part {options.part}: {' '.join(meetings)}"
        raise DataError("--meetings", f"found {', '.join(map(repr, others))}", wanted)
    return tuple(name for name in meetings if name in options.named) if options.named else meetings
