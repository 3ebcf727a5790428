"""One stage's job: its share of the recordings, the folders it reads and the folder it writes."""

from __future__ import annotations

import math
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from diar import __version__, cli
from diar.background import Stream, check_weights
from diar.errors import DataError
from diar.frames import LENGTH_TOLERANCE
from diar.io.ark import ArchiveFolder, write_archive
from diar.io.checkpoint import ModelFolder
from diar.io.data_folder import DataFolder
from diar.io.files import TEMPORARY_SUFFIX, read_json, read_text, write_json, write_text
from diar.options import Options, flag, option_help

ERROR_SUFFIX = ".error"  # <recording>.error in a stage's folder: why it has no archive
HISTORY_SUFFIX = ".merges.json"  # <recording>.merges.json in a folder of clusters
BACKGROUND_SUFFIX = ".background.ark"  # what the information bottleneck's relevance variables are
SOFT_LABELS_SUFFIX = ".soft_labels.ark"  # DEC's q of the speech frames, in a folder of clusters
SUM_SUFFIX = ".sum.flac"  # <recording>.sum.flac in a folder of tdoa: its microphones in one signal
# what a new cut leaves as it is
_LASTING_SUFFIXES = (HISTORY_SUFFIX, BACKGROUND_SUFFIX, SOFT_LABELS_SUFFIX, SUM_SUFFIX)
TDOA_HELP = "folder of tdoa, whose sums of microphones take the place of wav.scp's audio"
_STAGE_THAT_MAKES = {
    "tdoa": 1, "feats": 1, "vad": 2, "sae": 3, "dec": 4, "idec": 4, "embed": 5, "clusters": 6, "realigned": 7,
}  # fmt: skip
MODEL_NOUNS = ("sae", "dec", "idec")  # stages that make models, not archives
# how audio is found, which says nothing of what features are
_SOURCE_OPTIONS = ("channel", "allow_pipes", "feats_scp", "archives")


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

    def streams(self) -> FeatureStreams:
        """What ``--streams`` names: folders with weights, or the folder of embed alone."""
        text = getattr(self.arguments, "streams", "")
        if not text:
            return FeatureStreams([(self.arguments.embed, open_input("embed", Path(self.arguments.embed)), 1.0, None)])
        self.records(streams=text)
        streams = FeatureStreams.parse(text)
        self.inputs += [folder for _, folder, _, _ in streams.folders]
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
        for suffix in (".ark", ERROR_SUFFIX, *(() if self.recut else _LASTING_SUFFIXES)):
            (self.output / (recording + suffix)).unlink(missing_ok=True)

    def _prepare_recut(self) -> None:
        """Make the folder ready for other labels from the same merges.

        Raises:
            DataError: there are none, or they were made with options that do more than say where to cut.
        """
        made, wanted = _options_of(self.output), self._provenance()
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
                os.path.relpath(folder.path, self.output.parent): _options_of(folder.path) for folder in self.inputs
            },
        }


@dataclass(frozen=True)
class FeatureStreams:
    """Folders of features that the information bottleneck combines: each with its name, weight and variance scale."""

    folders: list[tuple[str, ArchiveFolder, float, float | None]]

    @classmethod
    def parse(cls, text: str) -> FeatureStreams:
        """From ``FOLDER:WEIGHT,FOLDER:WEIGHT@SCALE``.

        Raises:
            DataError: the text is something else, a folder is not complete, or two have the same name.
        """
        parts: list[tuple[str, float, float | None]] = []
        for part in text.split(","):
            name, _, numbers = part.rpartition(":")
            weight, at, scale = numbers.partition("@")
            try:
                parts.append((name, float(weight), float(scale) if at else None))
            except ValueError:
                name = ""
            if not name or (at and not 0 < float(scale) < math.inf):
                wanted = "wanted FOLDER:WEIGHT,... or FOLDER:WEIGHT@VARIANCE_SCALE,... as in feats:0.8,embed_idec:0.2"
                raise DataError("--streams", f"found '{part}'", wanted)
        check_weights([weight for _, weight, _ in parts])
        folders = [(name, open_input("stream", Path(name)), weight, scale) for name, weight, scale in parts]
        names = [folder.path.name for _, folder, _, _ in folders]
        if len(set(names)) < len(names) or any(" " in name for name in names):
            raise DataError("--streams", f"found folders called {names}", "wanted different names without blanks")
        return cls(folders)

    def read(self, recording: str, n_frames: int) -> list[Stream]:
        """The streams of a recording, made ``n_frames`` long where they nearly are: snip-edges leaves frames out."""
        streams = []
        for _, folder, weight, scale in self.folders:
            frames = folder.read(recording)
            if 0 < abs(len(frames) - n_frames) <= LENGTH_TOLERANCE and len(frames):
                frames = frames[np.minimum(np.arange(n_frames), len(frames) - 1)]
            streams.append(Stream(folder.path.name, frames, weight, scale))
        return streams


def open_input(noun: str, folder: Path) -> ArchiveFolder:
    """A stage's input folder.

    Raises:
        DataError: it is missing, not complete, or made from folders that have changed since; the message names the
            stage that makes it.
    """
    stage = _STAGE_THAT_MAKES.get(noun, _STAGE_THAT_MAKES.get(folder.name.partition("_")[0]))  # streams: by their names
    advice = f"stage {stage} makes it: ./run.sh --stage {stage}" if stage is not None else ""
    if not any(folder.glob("*.scp")):
        found = "is not complete (no .scp)" if folder.is_dir() else "no such folder"
        raise DataError(folder, found, f"wanted the folder of {noun}", advice)
    changed = _changed_input(folder.parent, _options_of(folder))
    if changed is not None:
        raise DataError(folder, f"was made from another {changed} than there is now", "wanted its result", advice)
    return ModelFolder(folder) if noun in MODEL_NOUNS else ArchiveFolder(folder)


def describe_features(folder: Path, dim: int) -> dict[str, Any]:
    """What the features of ``folder`` are: values a frame, the program that made them and its options."""
    made = _options_of(folder)
    if not isinstance(made, dict):
        return {"dim": dim}
    described: dict[str, Any] = {"step": made.get("step")} | made.get("options", {}) | made.get("choices", {})
    return {"dim": dim} | {name: value for name, value in described.items() if name not in _SOURCE_OPTIONS}


def open_models(folder: Path) -> ModelFolder:
    """A stage's folder of models, whatever their kind.

    Raises:
        DataError: as ``open_input``.
    """
    noun = folder.name.partition("_")[0]
    models = open_input(noun if noun in MODEL_NOUNS else "sae", folder)
    assert isinstance(models, ModelFolder)
    return models


def _changed_input(parent: Path, options: Any) -> Path | None:
    """A folder beside, direct or indirect input by ``options``, whose own options.json is no longer what it was."""
    for name, recorded in ((options or {}).get("inputs") or {}).items():
        source: Path = parent / name
        if source.is_dir() and _options_of(source) != recorded:
            return source
        changed: Path | None = _changed_input(source.parent, recorded)
        if changed is not None:
            return changed
    return None


def prepare_folder(folder: Path, provenance: Mapping[str, Any]) -> None:
    """Make ``folder`` ready for a stage's jobs: empty it unless it was made with the same options of the same data.

    The scp, the mark of a complete folder, goes first and in any case; so do temporary files of a run that was killed.
    ``log/`` stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for table in folder.glob("*.scp"):
        table.unlink()
    same = _options_of(folder) == provenance
    if not same:
        (folder / "options.json").unlink(missing_ok=True)
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


def choice_of(folder: Path, name: str) -> str:
    """A choice that a folder was made by, such as its clusterer; empty where it does not say."""
    options = _options_of(folder)
    choices = options.get("choices") if isinstance(options, dict) else None
    return str(choices.get(name, "")) if isinstance(choices, dict) else ""


def find_class_conf(prefix: str, data: DataFolder) -> dict[str, Path]:
    """The conf file of each recording that has a class.

    Raises:
        DataError: there are classes but no prefix, or a class without a file.
    """
    found = {}
    for recording, name in data.classes().items():
        found[recording] = Path(f"{prefix}_{name}.conf")
        if not prefix or not found[recording].exists():
            files = sorted(found[recording].parent.glob(f"{Path(prefix).name}_*.conf"))
            known = " ".join(path.stem.rpartition("_")[2] for path in files) or "none"
            wanted = f"wanted a class with a file {prefix or '<class-conf>'}_<class>.conf, of which there are: {known}"
            raise DataError(data.path / "reco2class", f"'{recording}' has class '{name}'", wanted)
    return found


def _share(text: str) -> tuple[int, int]:
    first, _, last = text.partition("/")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise DataError("--share", f"found '{text}'", "wanted K/N with 1 <= K <= N")
    return int(first), int(last)
