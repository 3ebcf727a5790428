"""What lies in a release of NIST's meetings (RT-04S, RT-05S): audio by meeting and microphone, references, UEMs.

File names and the ids in NIST's tables are ``<meeting>[_<microphone>[_<anything>]]``, for example
``LDC_20011116-1400_d06_NONE``: ``d`` is a distant microphone, ``h`` a headset, ``l`` a lapel microphone. Files are
found by name, wherever they lie below the release's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from diar.errors import DataError
from diar.io.audio_headers import sphere_header_size
from diar.io.files import files_below

AUDIO_SUFFIXES = (".sph", ".wav", ".flac")
PERSONAL = ("h", "l", "p")  # headset, lapel, personal: who has several is taken by the first of these kinds
_ID = re.compile(r"(?P<meeting>[A-Z]+_\d{8}-\d{4})(?:_(?P<microphone>[a-z]\d+))?(?:_[^.]*)?(?:\.\w+)?")
_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class Part:
    """One evaluation's set of meetings, and the names of its tables, where ``{mic}`` is sdm, mdm or ihm."""

    meetings: tuple[str, ...]
    rttm: str
    uem: str


PARTS = {
    "dev": Part(
        (
            "CMU_20020319-1400", "CMU_20020320-1500", "ICSI_20010208-1430", "ICSI_20010322-1450",
            "LDC_20011116-1400", "LDC_20011116-1500", "NIST_20020214-1148", "NIST_20020305-1007",
        ),
        "dev04s*.{mic}.rttm",
        "dev04s*.{mic}.uem",
    ),
    "eval": Part(
        (
            "CMU_20030109-1530", "CMU_20030109-1600", "ICSI_20000807-1000", "ICSI_20011030-1030",
            "LDC_20011121-1700", "LDC_20011207-1800", "NIST_20030623-1409", "NIST_20030925-1517",
        ),
        "eval04s*.{mic}.rttm",
        "eval04s*.{mic}.uem",
    ),
    "rt05": Part(
        (
            "AMI_20041210-1052", "AMI_20050204-1206", "CMU_20050228-1615", "CMU_20050301-1415", "ICSI_20010531-1030",
            "ICSI_20011113-1100", "NIST_20050412-1303", "NIST_20050427-0939", "VT_20050304-1300", "VT_20050318-1430",
        ),
        "rt05s.confmtg*.spkr.{mic}.rttm",
        "expt_05s_spkr*_confmtg_{mic}_*.uem",
    ),
}  # fmt: skip
# whose tables speak of the meeting as a whole, in the order in which they will do
TABLES = {"sdm": ("sdm",), "mdm": ("mdm", "sdm"), "ihm-mix": ("mdm", "sdm", "ihm")}


def parse_id(text: str) -> tuple[str, str] | None:
    """Meeting and microphone (perhaps '') of a file's name or an id of NIST's tables; None of something else."""
    found = _ID.fullmatch(text)
    return (found["meeting"], found["microphone"] or "") if found else None


@dataclass(frozen=True)
class Release:
    """The audio files below ``root`` of each meeting, by microphone, and all tables."""

    root: Path
    audio: Mapping[str, Mapping[str, Sequence[Path]]]
    tables: Sequence[Path]

    @classmethod
    def find(cls, root: Path) -> Release:
        """Look through all folders below ``root``.

        Raises:
            DataError: no such folder, or not one file with a meeting's name.
        """
        if not root.is_dir():
            raise DataError(root, "no such folder", "wanted the folder of a release, as LDC2007S11")
        audio: dict[str, dict[str, list[Path]]] = {}
        tables = []
        for path in files_below(root):
            if path.suffix.lower() in (".rttm", ".uem"):
                tables.append(path)
            elif path.suffix.lower() in AUDIO_SUFFIXES and (found := parse_id(path.name)):
                audio.setdefault(found[0], {}).setdefault(found[1], []).append(path)
        if not audio:
            example = "CMU_20020319-1400_d01_NONE.sph"
            found_text = f"holds no audio of a meeting, as {example}, here or in any folder below"
            raise DataError(root, found_text, f"wanted <meeting>_<microphone>*{{{','.join(AUDIO_SUFFIXES)}}}")
        return cls(root, audio, tables)

    def table(self, pattern: str, mics: Sequence[str]) -> Path:
        """The RTTM or UEM file whose name is like ``pattern`` for the first of ``mics`` that has one.

        The release has the references of single meetings, too; those of all are in a folder called ``concatenated``.

        Raises:
            DataError: there is none, or there are several that differ; all of them are told.
        """
        names = [pattern.format(mic=mic) for mic in mics]
        for name in names:
            found = [path for path in self.tables if fnmatchcase(path.name.lower(), name)]
            found = [path for path in found if path.parent.name == "concatenated"] or found
            if len({path.read_bytes() for path in found}) > 1:
                advice = f"name one: {_option(pattern)} FILE"
                raise DataError(self.root, f"holds several {name}: {_listed(found)}", "wanted one", advice)
            if found:
                return found[0]
        advice = f"name it: {_option(pattern)} FILE (or none)"
        raise DataError(self.root, f"holds no {' or '.join(names)}, here or in any folder below", advice=advice)

    def microphones(self, meeting: str, kinds: Sequence[str]) -> list[str]:
        """The microphones of the first of ``kinds`` that ``meeting`` has, sorted."""
        for kind in kinds:
            if found := sorted(name for name in self.audio.get(meeting, {}) if name.startswith(kind)):
                return found
        return []

    def describe(self, meeting: str) -> str:
        """What there is of ``meeting``, for messages."""
        files = [path for paths in self.audio.get(meeting, {}).values() for path in paths]
        return f"there is {', '.join(path.name for path in files)}" if files else "there is no audio of this meeting"


def duplicates(paths: Sequence[Path]) -> list[list[Path]]:
    """The groups of two or more files with the same bytes but for SPHERE headers, ordered as ``paths``."""
    by_size: dict[int, list[list[Path]]] = {}
    for path in paths:
        groups = by_size.setdefault(path.stat().st_size - sphere_header_size(path), [])
        for group in groups:
            if _same_content(group[0], path):
                group.append(path)
                break
        else:
            groups.append([path])
    return [group for groups in by_size.values() for group in groups if len(group) > 1]


def _same_content(a: Path, b: Path) -> bool:
    return all(x == y for x, y in zip(_blocks(a), _blocks(b), strict=True))  # as many of them, by their sizes


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(sphere_header_size(path))
        while block := stream.read(_BLOCK):
            yield block


def _option(pattern: str) -> str:
    return "--ref-rttm" if pattern.endswith(".rttm") else "--uem"


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
