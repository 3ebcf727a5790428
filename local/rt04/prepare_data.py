#!/usr/bin/env python3
"""A release of NIST's meetings (RT-04S: LDC2007S11, LDC2007S12; RT-05S: LDC2011S06) -> data folder.

Audio is found by its name, <meeting>_<microphone>*.sph (or .wav, .flac), in <corpus> or any folder below; the reference
and the UEM are the release's own or those of --ref-rttm and --uem. Microphones: sdm is the one that the reference
names, mdm are all distant ones (reco2channels), ihm-mix is the mean of the headsets. All that is missing, doubled or
ambiguous is told, and then nothing is written. SPHERE files compressed by shorten are decompressed by sph2pipe.

e.g.: local/rt04/prepare_data.py --part dev --mic sdm LDC2007S11 data/dev_sdm
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rt04_release import PARTS, PERSONAL, TABLES, Release, duplicates, parse_id

from diar import cli
from diar.errors import DataError
from diar.io.audio_headers import sphere_compression
from diar.io.corpus import mix_faults, mixes, names_in, write_recordings
from diar.io.data_folder import clear_data_folder
from diar.io.rttm import read_rttm_lines, renamed_rttm, rttm_faults
from diar.io.uem import read_uem, uem_faults
from diar.io.wav import write_mean
from diar.options import Options, option
from diar.segments import Segment, union

NONE = "none"  # in place of a file: the release has none, and none is wanted
# NIST's notice on LDC2007S11: there these two are one file; the right d07 and d08 were given out separately
KNOWN_DUPLICATES = ("LDC_20011116-1400_d06", "LDC_20011116-1400_d07")


@dataclass(frozen=True)
class ReleaseOptions(Options):
    """What to take of the release."""

    part: str = option("dev", "development or evaluation meetings of RT-04S, or those of RT-05S", choices=tuple(PARTS))
    mic: str = option("sdm", "single or multiple distant microphones, or the mean of headsets", choices=tuple(TABLES))
    meetings: str = option("", "only these meetings, with commas or blanks between; all without")
    ref_rttm: str = option("", "reference in place of the release's; none: without one")
    uem: str = option("", "regions to score in place of the release's; none: without any")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The meetings to take.

        Raises:
            DataError: one that the part has not.
        """
        there = PARTS[self.part].meetings
        names = names_in(self.meetings) or there
        for name in names:
            if name not in there:
                raise DataError("--meetings", f"found '{name}'", f"wanted some of {', '.join(there)}")
        return tuple(name for name in there if name in names)


@dataclass
class Preparation:
    """The release's files for the wanted meetings, and what is wrong with them."""

    release: Release
    options: ReleaseOptions
    faults: list[str] = field(default_factory=list)

    def reference(self) -> tuple[str | None, dict[str, set[str]]]:
        """The reference of the wanted meetings as text, by meeting; and the microphones that each one's ids name."""
        path = self._table("--ref-rttm", self.options.ref_rttm, PARTS[self.options.part].rttm)
        if path is None:
            return None, {}
        if faults := rttm_faults(path):
            self.faults += faults
            return "", {}
        ids: dict[str, set[str]] = {}
        for line in read_rttm_lines(path):
            if line.kind == "SPEAKER" and (found := parse_id(line.recording)):
                ids.setdefault(found[0], set()).add(found[1])
        self._need(path, "SPEAKER line", set(ids))
        for meeting in self.options.wanted:
            # headsets have a speaker's turns each, but a distant microphone has those of all
            named = sorted(ids.get(meeting, ()))
            if len(named) > 1 and not all(name.startswith(PERSONAL) for name in named):
                found = f"has turns of {' and '.join(name or 'no microphone' for name in named)}"
                self.faults.append(f"{path}: {meeting} {found}; wanted one microphone's, or turns would count twice")
        return renamed_rttm(path, self._wanted_name), ids

    def regions(self) -> tuple[dict[str, list[Segment]] | None, dict[str, set[str]]]:
        """The regions to score of the wanted meetings; and the microphones that each one's ids name."""
        path = self._table("--uem", self.options.uem, PARTS[self.options.part].uem)
        if path is None:
            return None, {}
        if faults := uem_faults(path):
            self.faults += faults
            return None, {}
        regions: dict[str, list[Segment]] = {}
        ids: dict[str, set[str]] = {}
        for name, found in read_uem(path).items():
            meeting, microphone = parse_id(name) or ("", "")
            if meeting in self.options.wanted:
                regions[meeting] = union([*regions.get(meeting, ()), *found])
                ids.setdefault(meeting, set()).add(microphone)
        self._need(path, "region", set(ids))
        return regions, ids

    def audio(self, meeting: str, named: Sequence[set[str]]) -> list[Path]:
        """The files of the wanted microphones of ``meeting``; ``named`` are those that its reference and UEM name."""
        release, mic = self.release, self.options.mic
        if mic == "sdm":
            names = self._single_microphone(meeting, named)
        else:
            names = release.microphones(meeting, ("d",) if mic == "mdm" else PERSONAL)
            if not names:
                wanted = "distant microphones (_d01, ...)" if mic == "mdm" else "headsets (_h01, ...)"
                self.faults.append(f"{meeting}: wanted {wanted}; {release.describe(meeting)}")
        paths = self._without_duplicates(meeting, [path for name in names if (path := self._one_file(meeting, name))])
        if mic != "sdm" and len(paths) == 1:
            cli.warn(f"{meeting}: goes with one microphone, {paths[0].name}, for want of others")
        if mic == "ihm-mix":
            self.faults += mix_faults([path for path in paths if not sphere_compression(path)])
        return paths

    def _single_microphone(self, meeting: str, named: Sequence[set[str]]) -> list[str]:
        """The distant microphone that the reference names, or the UEM; or the only one that there is."""
        there = [name for name in self.release.audio.get(meeting, {}) if not name.startswith(PERSONAL)]
        wanted = "one distant microphone, or a reference or UEM whose ids name it"
        for names in named:
            chosen = [name for name in names if name and not name.startswith(PERSONAL)]
            if len(chosen) == 1:
                if chosen[0] in there:
                    return chosen
                wanted = f"{meeting}_{chosen[0]}*, the microphone of its reference or UEM"
                break
        if there == [""] or (len(there) == 1 and not any(names - {""} for names in named)):
            return there
        self.faults.append(f"{meeting}: wanted {wanted}; {self.release.describe(meeting)}")
        return []

    def _one_file(self, meeting: str, microphone: str) -> Path | None:
        """The file of a microphone; doubles are told, and accepted where they are the same."""
        paths = self.release.audio[meeting][microphone]
        if len(paths) > 1:
            listed = ", ".join(str(path) for path in paths)
            if not any(len(group) == len(paths) for group in duplicates(paths)):
                told = f"microphone '{microphone}' has several files that differ: {listed}; remove all but one"
                self.faults.append(f"{meeting}: {told}")
                return None
            cli.warn(f"{meeting}: the same audio several times, the first is taken: {listed}")
        how = sphere_compression(paths[0])
        if "shorten" in how and not shutil.which("sph2pipe"):
            self.faults.append(f"{paths[0]}: is compressed ({how}); wanted sph2pipe on the PATH, which decompresses it")
        elif how and "shorten" not in how:
            self.faults.append(f"{paths[0]}: is compressed ({how}); decompress it first (NIST's w_decode)")
        return paths[0]

    def _without_duplicates(self, meeting: str, paths: list[Path]) -> list[Path]:
        """``paths`` less those that repeat another; all duplicates among the meeting's microphones are reported."""
        everything = [files[0] for _, files in sorted(self.release.audio.get(meeting, {}).items())]
        kept = list(paths)
        for group in duplicates(everything):
            out = [path for path in group if path in kept][1:]
            kept = [path for path in kept if path not in out]
            listed = ", ".join(path.name for path in group)
            left = f"; left out: {', '.join(path.name for path in out)}" if out else ""
            known = all(any(path.name.startswith(name) for path in group) for name in KNOWN_DUPLICATES)
            notice = " (known to NIST, which gave out the right d07 and d08 separately)" if known else ""
            cli.warn(f"{meeting}: the same audio in {listed}{notice}{left}")
        return kept

    def _table(self, flag: str, chosen: str, pattern: str) -> Path | None:
        """The file that was chosen, or the release's; None where none is wanted or, which is told, there is none."""
        if chosen == NONE:
            return None
        try:
            path = Path(chosen) if chosen else self.release.table(pattern, TABLES[self.options.mic])
        except DataError as error:
            self.faults.append(str(error))
            return None
        if not path.is_file():
            self.faults.append(f"{flag}: found '{path}', which is no file; wanted one, or none")
            return None
        return path

    def _need(self, path: Path, what: str, found: set[str]) -> None:
        for meeting in self.options.wanted:
            if meeting not in found:
                self.faults.append(f"{path}: holds no {what} of {meeting}")

    def _wanted_name(self, recording: str) -> str | None:
        found = parse_id(recording)
        return found[0] if found and found[0] in self.options.wanted else None


def main() -> None:
    parser = cli.Parser(__doc__, (ReleaseOptions,))
    parser.add_argument("corpus", metavar="<corpus>", help="folder of the release")
    parser.add_argument("data", metavar="<data>", help="data folder to write")
    arguments = parser.parse_words(cli.command_words())
    options, data = parser.options(arguments, ReleaseOptions), Path(arguments.data)
    preparation = Preparation(Release.find(Path(arguments.corpus)), options)
    reference, named_by_reference = preparation.reference()
    regions, named_by_uem = preparation.regions()
    microphones = {
        meeting: preparation.audio(meeting, (named_by_reference.get(meeting, set()), named_by_uem.get(meeting, set())))
        for meeting in options.wanted
    }
    cli.refuse(preparation.faults, arguments.corpus, "with its files", "mend them, and start again")
    clear_data_folder(data)  # before its audio changes
    sources = decompressed(microphones, data / "wav")
    if options.mic == "ihm-mix":
        sources = mixes(sources, data / "wav")
    classes = "".join(f"{meeting} {meeting.partition('_')[0]}\n" for meeting in sorted(sources))
    print(write_recordings(data, sources, reference, regions, cli.warn, {"reco2class": classes}))


def decompressed(microphones: Mapping[str, Sequence[Path]], folder: Path) -> dict[str, list[Path]]:
    """The files of each meeting; in place of compressed ones what sph2pipe makes of them, in ``folder``.

    Raises:
        DataError: it fails; all files of which it does are reported.
    """
    sources: dict[str, list[Path]] = {}
    faults = []
    for meeting, paths in microphones.items():
        sources[meeting] = [path.resolve() for path in paths]
        for number, path in enumerate(paths):
            if not sphere_compression(path):
                continue
            folder.mkdir(parents=True, exist_ok=True)
            sources[meeting][number] = (folder / f"{path.stem}.flac").resolve()
            try:
                pipe = f"sph2pipe -f wav {shlex.quote(str(path))} |"
                write_mean([pipe], sources[meeting][number], allow_pipes=True)
            except DataError as error:
                faults.append(str(error))
    cli.refuse(faults, folder.parent, "with compressed files", "copy them again")
    return sources


if __name__ == "__main__":
    cli.run(main)
