"""One stage's job: its share of the recordings, the folders it reads and the folder it writes."""

from __future__ import annotations

import glob
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from diar import __version__, cli
from diar.errors import DataError
from diar.feature_streams import FeatureStreams
from diar.io.ark import write_archive
from diar.io.data_folder import DataFolder
from diar.io.files import TEMPORARY_SUFFIX, read_text, write_json, write_text
from diar.options import Options, flag, option_help
from diar.segments import Segment
from diar.stage_folder import (
    ERROR_SUFFIX,
    LASTING_SUFFIXES,
    REGIONS,
    SUM_SUFFIX,
    check_regions,
    open_input,
    options_of,
    prepare_folder,
)
from diar.vad import RegionOptions

TDOA_HELP = "folder of tdoa, whose sums of microphones take the place of wav.scp's audio"


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
        others: Sequence[type[Options]] = (),
    ) -> None:
        """``flags`` are further flags and their help; ``others`` are options of this stage's other algorithms."""
        self.noun = noun
        self._parser = cli.Parser(description, options, others)
        self._classes = tuple(options)
        self._parser.add_argument("data", metavar="<data>", help="data folder with wav.scp")
        for name in inputs:
            self._parser.add_argument(name, metavar=f"<{name}>", help=f"folder of {name}")
        self._parser.add_argument("output", metavar=f"<{noun}>", help="folder to write")
        self._parser.add_flag("--share", "my share K/N of the recordings (default 1/1)", default="1/1")
        self._parser.add_flag("--prepare", "only make the folder ready for its jobs", default=False, kind=cli.boolean)
        self._parser.add_flag("--skip-bad", "do not fail for bad recordings", default=False, kind=cli.boolean)
        for name, text in (flags or {}).items():
            self._parser.add_flag(name, text)
        if noun == "clusters":
            self._parser.add_flag("--recut", "cut the saved merges anew", default=False, kind=cli.boolean)
        self._parser.command_line_only |= {"--denoise", "--vad", "--clusterer", "--realigner", "--recut"}
        self._parser.command_line_only |= {"--share", "--prepare", "--tdoa", "--feats-scp", "--vad-file"}
        self._words = cli.command_words()
        arguments = self.arguments = self._parser.parse_words(self._words)
        self.options(*self._classes)  # values out of range are refused before any work
        self.data = DataFolder(Path(arguments.data))
        self.output = Path(arguments.output)
        self._share = _share(arguments.share)
        self._conf_text: dict[str, str] = {}
        self._choices: dict[str, str] = {}
        self.recut: bool = getattr(arguments, "recut", False)
        self.recordings = self.data.recordings()
        self.inputs = [open_input(name, Path(getattr(arguments, name))) for name in inputs]
        for folder in self.inputs:
            check_regions(folder.path, self.data.path / REGIONS)

    def options(self, *classes: type[Options], conf: Path | None = None) -> list[Any]:
        """Options dataclasses from the flags; the command line wins over ``conf``, and ``conf`` over ``--config``."""
        parsed = self._parser.parse_words(self._words, conf) if conf else self.arguments
        return [self._parser.options(parsed, cls) for cls in classes]

    def depends_on(self, files: Sequence[Path]) -> None:
        """Note that the stage's output depends on ``files``, too: their text goes into options.json."""
        self._conf_text = {path.name: read_text(path) for path in files}

    def records(self, **choices: str) -> None:
        """Note choices that the output depends on beside the options, by name; they go into options.json."""
        self._choices.update(choices)

    def regions(self, options: RegionOptions) -> dict[str, list[Segment]]:
        """The regions of all.uem, with their margin, that are diarized; nothing where whole recordings are."""
        uem = None if options.whole_file else self.data.uem()
        if uem is None:
            return {}
        self.depends_on([self.data.path / REGIONS])
        margin = options.uem_margin
        return {name: [Segment(r.start - margin, r.end + margin) for r in regions] for name, regions in uem.items()}

    def streams(self) -> FeatureStreams:
        """What ``--streams`` names: folders with weights, or the folder of embed alone."""
        text = getattr(self.arguments, "streams", "")
        if not text:
            return FeatureStreams([(open_input("embed", Path(self.arguments.embed)), 1.0, None)])
        self.records(streams=text)
        streams = FeatureStreams.parse(text)
        self.inputs += [folder for folder, _, _ in streams.folders]
        return streams

    def audio_source(self) -> Callable[[str], str]:
        """What tells the audio of a recording: that of wav.scp, or what ``--tdoa`` made of its microphones.

        Raises:
            DataError: a folder that is not complete, or a channel of sums, which have one; when it is called: a
                recording whose microphones could not be summed.
        """
        if not self.arguments.tdoa:
            return self.data.wav_scp().__getitem__
        folder = open_input("tdoa", Path(self.arguments.tdoa))
        self.inputs.append(folder)
        if self.arguments.channel != "mix":
            raise DataError("--channel", f"found {self.arguments.channel}", "wanted mix: the sum is one channel")

        def source(recording: str) -> str:
            if recording not in folder:
                raise DataError(folder.path, f"has no sum of '{recording}'", "", "stage 1 tells why")
            return str(folder.path / (recording + SUM_SUFFIX))

        return source

    def each_recording(self, convert: Callable[[str], None], first: Callable[[], None] | None = None) -> None:
        """Call ``convert`` on my recordings; one that fails does not stop the others, but fails the job at the end.

        ``first`` makes what they share, before them; where it fails, so does the job. With ``--prepare true`` the
        output folder is made ready instead.
        """
        if self.arguments.prepare:
            if self.recut:
                self._prepare_recut()
            else:
                prepare_folder(self.output, self._provenance())
            return
        print(shlex.join([sys.argv[0], *self._words]), flush=True)
        self.output.mkdir(parents=True, exist_ok=True)
        mine = self.recordings[self._share[0] - 1 :: self._share[1]]
        for recording in mine:
            self._remove(recording)  # so that what is there at the end is of this run
        if first is not None:
            first()
        failures: dict[str, str] = {}
        for recording in mine:
            started = time.perf_counter()
            try:
                convert(recording)
            except (DataError, OSError) as error:
                failures[recording] = cli.reason(error)
                self._remove(recording)
                print(f"{recording}: failed: {failures[recording]}", file=sys.stderr, flush=True)
                write_text(self.output / (recording + ERROR_SUFFIX), f"{failures[recording]}\n")
            else:
                print(f"{recording}: {time.perf_counter() - started:.2f} s", flush=True)
        if failures and not self.arguments.skip_bad:
            reason = next(iter(failures.values()))
            raise DataError(f"{len(failures)} of {len(mine)} recordings failed, the first", reason)

    def write(self, recording: str, array: Any) -> None:
        """Write ``recording``'s array into the output folder."""
        write_archive(self.output, recording, array)

    def _remove(self, recording: str) -> None:
        """Remove what an earlier run left of ``recording``."""
        for suffix in (".ark", ERROR_SUFFIX, *(() if self.recut else LASTING_SUFFIXES)):
            (self.output / (recording + suffix)).unlink(missing_ok=True)

    def _prepare_recut(self) -> None:
        """Make the folder ready for other labels from the same merges.

        Raises:
            DataError: there are none, or they were made with options that do more than say where to cut.
        """
        made, wanted = options_of(self.output), self._provenance()
        advice = "run stage 6 without --recut"
        if not isinstance(made, dict):
            raise DataError(self.output, "holds no merges", "wanted those of an earlier run", advice)
        cut_flags = {f.name for cls in self._classes for f in fields(cls) if option_help(f).recut}
        for name in sorted(set(wanted) - {"options"}):
            if made.get(name) != wanted[name]:
                raise DataError(self.output, f"its merges were made from other {name}", "wanted the same", advice)
        for name in sorted(set(wanted["options"]) - cut_flags):
            if made.get("options", {}).get(name) != wanted["options"][name]:
                found = f"its merges were made with {flag(name)}={made.get('options', {}).get(name)}"
                raise DataError(self.output, found, f"wanted {wanted['options'][name]}", advice)
        for path in [*self.output.glob("*.scp"), *self.output.glob(f".*{TEMPORARY_SUFFIX}")]:
            path.unlink()
        write_json(self.output / "options.json", wanted)

    def _provenance(self) -> dict[str, Any]:
        options = {name: value for cls in self._classes for name, value in asdict(self.options(cls)[0]).items()}
        return {
            "step": Path(sys.argv[0]).name,
            "version": __version__,
            "data": self.data.digest(),
            "options": options,
            "conf": self._conf_text,
            "choices": self._choices,
            "inputs": {
                os.path.relpath(folder.path, self.output.parent): options_of(folder.path) for folder in self.inputs
            },
        }


def find_class_conf(prefix: str, data: DataFolder) -> dict[str, Path]:
    """The conf file of each recording that has a class; none where there is no such file of any class.

    Raises:
        DataError: a class without a file, where others have one.
    """
    found: dict[str, Path] = {}
    if not prefix or not list(Path(prefix).parent.glob(f"{glob.escape(Path(prefix).name)}_*.conf")):
        return found
    for recording, name in data.classes().items():
        found[recording] = Path(f"{prefix}_{name}.conf")
        if not found[recording].exists():
            files = sorted(found[recording].parent.glob(f"{Path(prefix).name}_*.conf"))
            known = " ".join(path.stem.rpartition("_")[2] for path in files)
            wanted = f"wanted a class with a file {prefix}_<class>.conf, of which there are: {known}"
            raise DataError(data.path / "reco2class", f"'{recording}' has class '{name}'", wanted)
    return found


def _share(text: str) -> tuple[int, int]:
    first, _, last = text.partition("/")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise DataError("--share", f"found '{text}'", "wanted K/N with 1 <= K <= N")
    return int(first), int(last)
