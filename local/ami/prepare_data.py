#!/usr/bin/env python3
"""The AMI corpus (amicorpus) with its diarization setup -> data folder.

Audio is <meeting>.<microphone>.wav (or .flac) in <corpus> or any folder below, as <meeting>/audio/<meeting>.<...>.wav;
lists, references and regions to score are the setup's. A recording is called as its meeting. Microphones: mix-headset
is the corpus's own mix; sdm is Array1-01; mdm is Array1-01 to Array1-08 (reco2channels); ihm-mix is the mean of all
Headset-*, written to <data>/wav. All that is missing, doubled or ambiguous is told, and then nothing is written.

e.g.: local/ami/prepare_data.py --setup AMI-diarization-setup --part dev --mic sdm amicorpus data/dev_sdm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ami_setup import ARRAY, WITHOUT_ARRAY, SetupOptions, meeting_of, wanted_meetings

from diar import cli
from diar.errors import DataError
from diar.io.corpus import mix_faults, mixes, write_recordings
from diar.io.data_folder import clear_data_folder
from diar.io.files import files_below
from diar.io.rttm import read_rttm_lines, renamed_rttm, rttm_faults
from diar.io.uem import read_uem, uem_faults
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
    advice = "mend them, or take those that are there: --meetings NAME,NAME"
    cli.refuse(preparation.faults, corpus, f"with the files of {len(meetings)} meetings", advice)
    clear_data_folder(data)  # before its audio changes
    if options.mic == "ihm-mix":
        preparation.warn_of_few_headsets(sources)
        sources = mixes(sources, data / "wav")
    print(write_recordings(data, sources, reference, regions, cli.warn))


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
        paths = self._files(meeting, wanted)
        if self.options.mic == "ihm-mix":  # a mix of all or none
            self.faults += mix_faults(paths)
        return paths

    def warn_of_few_headsets(self, sources: Mapping[str, Sequence[Path]]) -> None:
        """Tell where there are fewer headsets than speakers: the last of them may not have been downloaded."""
        for meeting, paths in sources.items():
            if len(paths) < len(self.speakers[meeting]):
                cli.warn(f"{meeting}: {len(paths)} headsets of {len(self.speakers[meeting])} speakers")

    def _files(self, meeting: str, wanted: Sequence[str]) -> list[Path]:
        """The files of microphones; missing ones are reported in a line, doubled ones in a line each."""
        there = self.audio.get(meeting, {})
        for microphone in wanted:
            if len(paths := there.get(microphone, ())) > 1:
                listed = ", ".join(map(str, paths))
                advice = "wanted one of them, remove the others"
                self.faults.append(f"{meeting}: several {meeting}.{microphone}{SUFFIXES[0]}: {listed}; {advice}")
        if missing := [f"{meeting}.{name}{SUFFIXES[0]}" for name in wanted if name not in there]:
            others = f"only {', '.join(sorted(there))}" if there else "nothing of this meeting"
            least = " (one more will do)" if self.options.mic == "mdm" else ""
            listed = ", ".join(missing)
            self.faults.append(f"{meeting}: no {listed}{least} in {self.corpus} or any folder below, {others}")
        return [there[name][0] for name in wanted if len(there.get(name, ())) == 1]

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
    for path in files_below(corpus):
        if path.suffix.lower() in SUFFIXES and "." in path.stem:
            meeting, _, microphone = path.stem.partition(".")
            found.setdefault(meeting, {}).setdefault(microphone, {})[path.resolve()] = None
    return {meeting: {mic: list(paths) for mic, paths in mics.items()} for meeting, mics in found.items()}


if __name__ == "__main__":
    cli.run(main)
