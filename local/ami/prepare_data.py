#!/usr/bin/env python3
"""The AMI corpus (amicorpus) with its diarization setup -> data folder.

Audio is <meeting>.<microphone>.wav (or .flac) in <corpus> or any folder below, as <meeting>/audio/<meeting>.<...>.wav;
lists, references and regions to score are the setup's. A recording is called as its meeting. Microphones: mix-headset
is the corpus's own mix; sdm is Array1-01; mdm is Array1-01 to Array1-08 (reco2channels); ihm-mix is the mean of all
Headset-*, written to <data>/wav. All that is missing, doubled or ambiguous is told, and then nothing is written.

e.g.: local/ami/prepare_data.py --setup AMI-diarization-setup --part dev --mic sdm amicorpus data/dev_sdm
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ami_setup import ARRAY, WITHOUT_ARRAY, SetupOptions, meeting_of, wanted_meetings

from diar import cli
from diar.errors import DataError
from diar.io.data_folder import clear_data_folder, write_data_folder
from diar.io.rttm import read_rttm_lines, renamed_rttm, rttm_faults
from diar.io.uem import read_uem, uem_faults
from diar.io.wav import probe_duration, write_mean
from diar.segments import Segment, union

SUFFIXES = (".wav", ".flac")
Audio = Mapping[str, Mapping[str, Sequence[Path]]]  # files by meeting and microphone


def main() -> None:
    parser = cli.Parser(__doc__, (SetupOptions,))
    parser.add_argument("corpus", metavar="<corpus>", help="folder of the audio, as amicorpus")
    parser.add_argument("data", metavar="<data>", help="data folder to write")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, SetupOptions)
    corpus, data = Path(arguments.corpus), Path(arguments.data)
    if not corpus.is_dir():
        raise DataError(corpus, "no such folder", "wanted the corpus, with EN2001a/audio/EN2001a.Mix-Headset.wav")
    preparation = Preparation(corpus, find_audio(corpus), options)
    meetings = preparation.meetings()
    sources = {meeting: preparation.microphones(meeting) for meeting in meetings}
    reference = "".join(preparation.reference(meeting) for meeting in meetings)
    regions = {meeting: preparation.regions(meeting) for meeting in meetings}
    if faults := preparation.faults:
        print(*faults, sep="\n", file=sys.stderr)
        advice = "mend them, or take those that are there: --meetings NAME,NAME"
        raise DataError(corpus, f"{len(faults)} faults with the files of {len(meetings)} meetings", advice=advice)
    clear_data_folder(data)  # before its audio changes
    if options.mic == "ihm-mix":
        preparation.warn_of_few_headsets(sources)
        sources = {meeting: [mix(meeting, paths, data / "wav")] for meeting, paths in sources.items()}
    write_meetings(data, sources, reference, regions)


@dataclass
class Preparation:
    """The files of the wanted meetings, and what is wrong with them."""

    corpus: Path
    audio: Audio
    options: SetupOptions
    faults: list[str] = field(default_factory=list)
    speakers: dict[str, set[str]] = field(default_factory=dict)  # of each meeting's reference

    def meetings(self) -> tuple[str, ...]:
        """The wanted meetings, less those of which the corpus has no array where nobody has named them.

        Raises:
            DataError: as ``wanted_meetings``.
        """
        meetings = wanted_meetings(self.options)
        if not self.options.needs_array or self.options.named:
            return meetings
        out = [name for name in WITHOUT_ARRAY if name in meetings and not set(ARRAY) & set(self.audio.get(name, ()))]
        if out:
            cli.warn(f"{' and '.join(out)}: left out, since AMI has no audio of their array")
        return tuple(name for name in meetings if name not in out)

    def microphones(self, meeting: str) -> list[Path]:
        """The files of the wanted microphones."""
        there = self.audio.get(meeting, {})
        match self.options.mic:
            case "mdm":
                wanted = ARRAY
                missing = [name for name in ARRAY if name not in there]
                if 0 < len(missing) < len(ARRAY) - 1:
                    cli.warn(f"{meeting}: goes without {', '.join(missing)}, which {self.corpus} has not")
                    wanted = tuple(name for name in ARRAY if name in there)
            case "ihm-mix":
                numbers = [int(name[8:]) for name in there if name.startswith("Headset-") and name[8:].isdecimal()]
                wanted = tuple(f"Headset-{number}" for number in range(max([*numbers, 1]) + 1))  # two at least
            case _:
                wanted = ("Mix-Headset",) if self.options.mic == "mix-headset" else ARRAY[:1]
        paths = [path for name in wanted if (path := self._one_file(meeting, name))]
        if self.options.mic == "ihm-mix":  # a mix of all or none
            self.faults += [fault for path in paths if (fault := audio_fault(path))]
        return paths

    def warn_of_few_headsets(self, sources: Mapping[str, Sequence[Path]]) -> None:
        """Tell where there are fewer headsets than speakers: the last of them may not have been downloaded."""
        for meeting, paths in sources.items():
            if len(paths) < len(self.speakers[meeting]):
                cli.warn(f"{meeting}: {len(paths)} headsets of {len(self.speakers[meeting])} speakers")

    def _one_file(self, meeting: str, microphone: str) -> Path | None:
        """The file of a microphone; it is told if there is none, or another."""
        there = self.audio.get(meeting, {})
        paths = there.get(microphone, ())
        if len(paths) == 1:
            return paths[0]
        name = f"{meeting}.{microphone}{SUFFIXES[0]}"
        if paths:
            listed = ", ".join(map(str, paths))
            self.faults.append(f"{meeting}: several {name}: {listed}; wanted one of them, remove the others")
        else:
            others = f"only {', '.join(sorted(there))}" if there else "nothing of this meeting"
            self.faults.append(f"{meeting}: no {name} in {self.corpus} or any folder below, {others}")
        return None

    def reference(self, meeting: str) -> str:
        """The turns of ``meeting`` as RTTM."""
        path = self._table(meeting, f"only_words/rttms/{self.options.part}/{meeting}.rttm")
        if path is None or (faults := rttm_faults(path)):
            self.faults += faults if path else []
            return ""
        turns = [line for line in read_rttm_lines(path) if line.kind == "SPEAKER"]
        self._check_names(path, meeting, [turn.recording for turn in turns])
        self.speakers[meeting] = {turn.speaker for turn in turns}
        return renamed_rttm(path, lambda name: meeting if meeting_of(name) == meeting else None)

    def regions(self, meeting: str) -> list[Segment]:
        """The regions of ``meeting`` to score."""
        path = self._table(meeting, f"uems/{self.options.part}/{meeting}.uem")
        if path is None or (faults := uem_faults(path)):
            self.faults += faults if path else []
            return []
        found = read_uem(path)
        self._check_names(path, meeting, list(found))
        return union(region for name, regions in found.items() if meeting_of(name) == meeting for region in regions)

    def _table(self, meeting: str, name: str) -> Path | None:
        path = Path(self.options.setup) / name
        if path.is_file():
            return path
        self.faults.append(f"{meeting}: no {path}, its {'reference' if path.suffix == '.rttm' else 'regions to score'}")
        return None

    def _check_names(self, path: Path, meeting: str, names: Sequence[str]) -> None:
        """Tell if a file is not of ``meeting``, or of this alone; ids have the microphone behind a dot, or not."""
        others = sorted({name for name in names if meeting_of(name) != meeting})
        if others or not names:
            self.faults.append(f"{path}: tells of {', '.join(others) or 'nothing'}; wanted {meeting} alone")


def find_audio(corpus: Path) -> Audio:
    """The audio files in ``corpus`` and all folders below, linked ones too; links to one file are one."""
    found: dict[str, dict[str, dict[Path, None]]] = {}
    seen: set[Path] = set()
    for place, folders, names in os.walk(corpus, followlinks=True):
        folder = Path(place).resolve()
        if folder in seen:  # a link to a folder above would never end
            folders.clear()
            continue
        seen.add(folder)
        folders.sort()
        for name in sorted(names):
            path = folder / name
            if path.suffix.lower() in SUFFIXES and "." in path.stem:
                meeting, _, microphone = path.stem.partition(".")
                found.setdefault(meeting, {}).setdefault(microphone, {})[path.resolve()] = None
    return {meeting: {mic: list(paths) for mic, paths in mics.items()} for meeting, mics in found.items()}


def audio_fault(path: Path) -> str:
    """What is wrong with an audio file by its header; nothing ('') if it is well."""
    try:
        probe_duration(path)
    except DataError as error:
        return str(error)
    return ""


def mix(meeting: str, headsets: Sequence[Path], folder: Path) -> Path:
    """The mean of ``headsets``, written into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_mean([str(path) for path in headsets], folder / f"{meeting}.flac")
    return folder / f"{meeting}.flac"


def write_meetings(
    data: Path, sources: Mapping[str, Sequence[Path]], reference: str, regions: Mapping[str, list[Segment]]
) -> None:
    """Write the data folder, and say what is in it."""
    durations = {}
    for meeting, paths in sources.items():
        try:  # the sum of several microphones is as long as the longest
            durations[meeting] = max(probe_duration(path) for path in paths)
        except DataError as error:  # told again by check_data.py and by stage 1, which decide what follows
            cli.warn(f"{meeting}: {error}")
    wavs = {meeting: str(paths[0]) for meeting, paths in sources.items()}
    several = {meeting: [str(path) for path in paths] for meeting, paths in sources.items() if len(paths) > 1}
    write_data_folder(data, wavs, durations, reference, regions, microphones=several)
    scored = sum(region.duration for found in regions.values() for region in found)
    minutes = sum(durations.values()) / 60
    print(f"{data}: {len(wavs)} recordings, {minutes:.1f} minutes, {scored / 60:.1f} of them to score")


if __name__ == "__main__":
    cli.run(main)
