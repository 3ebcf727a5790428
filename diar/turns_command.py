"""What the commands that diarize share: flags of the turns, what is shown meanwhile, and where the turns go."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from diar import cli
from diar.audio import AudioOptions
from diar.cluster.agglomerate import SpeakerCountOptions
from diar.confidence import CONFIDENCES, OverlapOptions
from diar.diarization import Diarization, PipelineOptions, diarize_file
from diar.errors import DataError
from diar.io.audio_files import recording_name
from diar.io.files import refuse_overwriting
from diar.io.page_audio import PageOptions, page_audio
from diar.io.pages import INDEX, PageFolder, file_stem, write_figures
from diar.io.turn_files import FORMATS, Format, format_of, is_file_name, named_format
from diar.options import flag
from diar.progress import StageProgress
from diar.report.assemble import diarized_content
from diar.segments import Turn, TurnOptions

_CLASSES = (SpeakerCountOptions, AudioOptions, TurnOptions, OverlapOptions)


class TurnsCommand:
    """A command that makes turns from audio; ``parser`` takes more flags before ``parse``."""

    def __init__(self, name: str, description: str | None) -> None:
        self.parser = cli.Parser(description, _CLASSES)
        self.parser.prog = name
        self.parser.epilog = CONFIDENCES
        formats = ",".join(FORMATS)
        self.parser.add_argument("-o", "--output", metavar="OUT", default="", help="file, folder or -; see above")
        self.parser.add_flag("--format", f"some of {formats} (default: OUT's suffix, or rttm)")
        second = "none; or second: where overlap is likely, the next best speaker, too"
        self.parser.add_flag("--overlap", second, default="none")
        self.parser.add_switch("--report", "make pages to look at and listen to: <recording>.html beside the turns")
        self.parser.add_switch("--figures", "for papers: <recording>.timeline.png and <recording>.merges.png there")
        help_text = "'--flag value ...' of the clustering: steps/embed_to_clusters.py --clusterer NAME --help"
        self.parser.add_flag("--clusters-opts", help_text)

    def parse(self, words: Sequence[str]) -> cli.Arguments:
        """The flags in ``words``.

        Raises:
            DataError: flags that are none, or values that are out of range.
        """
        self._arguments = self.parser.parse_words(words)
        if self._arguments.overlap not in ("none", "second"):
            raise DataError("--overlap", f"found '{self._arguments.overlap}'", "wanted none or second")
        return self._arguments

    def options(self, **others: Any) -> PipelineOptions:
        """The options of all stages: by the flags, and ``others``."""
        speakers, audio, turns, overlap = (self.parser.options(self._arguments, cls) for cls in _CLASSES)
        second = self._arguments.overlap == "second"
        known: dict[str, Any] = {"speakers": speakers, "audio": audio, "turns": turns, "overlap": overlap}
        return PipelineOptions(second_speaker=second, **known, **others)

    def lasting_words(self) -> str:
        """The flags that another cut of the same merges must have, too."""
        names = ("channel", "sample_rate", "min_gap", "min_turn", "clusters_opts")
        return shlex.join(f"{flag(name)}={getattr(self._arguments, name)}" for name in names)

    def output(self, files: Sequence[Path]) -> Output:
        """Where the turns of audio ``files`` go."""
        return Output(self._arguments.output, self._arguments.format, files)

    def write(self, output: Output, found: Diarization, path: Path, options: PipelineOptions, gain_name: str) -> None:
        """Write the turns of ``path`` and, as far as they are asked for, its page and figures."""
        output.add(found)
        if not (self._arguments.report or self._arguments.figures):
            return
        content = diarized_content(found, options, gain_name)
        folder = output.beside(INDEX).parent
        if not self._arguments.report:
            write_figures(folder, file_stem(found.recording), content)
            return
        try:
            content = replace(content, audio=page_audio(path, folder, PageOptions()))
        except DataError as error:
            cli.warn(f"{found.recording}: its page is silent: {error}")
        self._pages.add(content)

    @contextmanager
    def pages(self, output: Output, n_files: int) -> Iterator[None]:
        """Inside, ``write`` makes what is asked for; at the end, however that comes, several pages get an index.html.

        Raises:
            DataError: there is another's index.html, or figures cannot be made.
        """
        folder, report = output.beside(INDEX).parent, self._arguments.report
        index = INDEX if report and n_files > 1 else ""
        self._pages = PageFolder(folder, figures=self._arguments.figures, index=index)
        try:
            yield
        finally:
            if index and self._pages.n_pages:
                self._pages.finish(folder.resolve().name or "recordings")

    def diarize(self, path: Path, options: PipelineOptions, place: str = "", **known: Any) -> Diarization:
        """Diarize ``path`` and show on a terminal how it goes; warnings are lines on stderr.

        ``place`` is the recording's among others; ``known`` what ``diarize_file`` may be told.
        """
        with (
            _warnings_as_lines(),
            StageProgress(f"{recording_name(path)}{place}") as progress,
        ):
            found = diarize_file(path, options, on_progress=progress.listener, **known)
            seconds = sum(found.seconds.values())
            n_speakers = len(found.speakers)
            told = f"{n_speakers} speaker{'s' * (n_speakers != 1)}, {len(found.turns)} turns"
            speed = f"{found.duration:.0f} s in {seconds:.1f} s, {found.duration / seconds:.0f} x real time"
            progress.tell(f"{path}: {told}; {speed}")
        if not found.turns:
            cli.warn(f"{path}: no speech, and so no turns")
        return found


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Print what is warned of inside as lines on stderr, at the end, whatever that is."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            for warning in caught:
                cli.warn(str(warning.message))


class Output:
    """Where turns go: files of each recording as it comes; what holds all recordings is written at the end."""

    def __init__(self, where: str, formats: str, files: Sequence[Path]) -> None:
        """``where`` is -, a file, or a folder; nothing is the folder one is in. ``formats`` has commas between.

        Raises:
            DataError: several formats, or recordings of a format with a file each, for one file or standard output; a
                name that cannot be written; one of the audio ``files`` would be overwritten.
        """
        recordings = [recording_name(path) for path in files]
        self.folder = Path(where or ".")
        self._to_stdout = where == "-"
        self._is_one = self._to_stdout or not where.endswith("/") and is_file_name(self.folder)
        if not formats and self._is_one and not self._to_stdout:
            wanted = [format_of(self.folder, "--format")]
        else:
            wanted = [named_format(name, "--format") for name in (formats or "rttm").split(",")]
        if self._is_one and len(wanted) > 1:
            raise DataError("--output", f"found '{where}' for {len(wanted)} formats", "wanted a folder for them")
        for form in wanted:
            if self._is_one and (not form.suffix or not form.several and len(recordings) > 1):
                raise DataError("--output", f"found '{where}' for several files of {form.name}", "wanted a folder")
            form.check_names(recordings)
        self._joint = [form for form in wanted if self._is_one or not form.suffix]
        self._each = [form for form in wanted if form not in self._joint]
        self._turns: dict[str, list[Turn]] = {}
        self._durations: dict[str, float] = {}
        refuse_overwriting(self._paths(recordings), files)
        if not self._to_stdout:
            (self.folder.parent if self._is_one else self.folder).mkdir(parents=True, exist_ok=True)

    def _paths(self, recordings: Iterable[str]) -> list[Path]:
        """The files that will be written."""
        if self._is_one:
            return [] if self._to_stdout else [self.folder]
        joint = [self.folder / name for form in self._joint for name in form.texts({}, {})]
        return joint + [self._path(name, form) for name in recordings for form in self._each]

    def _path(self, recording: str, form: Format) -> Path:
        return self.folder / f"{recording}{form.suffix}"

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what holds all recordings, as far as they came, even if the rest was broken off."""
        for form in self._joint if self._turns else ():
            if self._to_stdout:
                sys.stdout.write(form.text(self._turns, self._durations))
            else:
                form.write(self.folder, self._turns, self._durations)

    def add(self, found: Diarization) -> None:
        """Write the files of one recording, and keep its turns for those of all."""
        turns, durations = {found.recording: found.turns}, {found.recording: found.duration}
        self._turns |= turns
        self._durations |= durations
        for form in self._each:
            form.write(self._path(found.recording, form), turns, durations)

    def beside(self, name: str) -> Path:
        """Where another file goes: into the folder of the turns, or the one that one is in."""
        return Path(name) if self._to_stdout else (self.folder.parent if self._is_one else self.folder) / name
