"""What the commands that diarize share: flags of the turns, what is shown meanwhile, and where the turns go."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from diar import cli
from diar.audio import AudioOptions
from diar.cluster.agglomerate import SpeakerCountOptions
from diar.confidence import CONFIDENCES, OverlapOptions
from diar.diarization import Diarization, PipelineOptions, diarize_file
from diar.errors import DataError
from diar.io.audio_files import recording_name
from diar.io.page_audio import PageOptions, page_audio
from diar.io.pages import INDEX, MERGES_SUFFIX, TIMELINE_SUFFIX, PageFolder, file_stem
from diar.io.turn_files import FORMATS
from diar.io.turn_output import TurnOutput
from diar.options import flag
from diar.progress import StageProgress, is_terminal
from diar.report.assemble import diarized_content
from diar.segments import TurnOptions

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
        help_text = "'--flag value ...' of the clustering; '--help' lists them"
        self.parser.add_flag("--clusters-opts", help_text)

    def parse(self, words: Sequence[str], first: Iterable[tuple[str, str]] = ()) -> cli.Arguments:
        """The flags in ``words``, which win over those of a ``first`` run, each with its place.

        Raises:
            DataError: flags that are none, or values that are out of range.
        """
        self._arguments = self.parser.parse_words(words, first=first)
        cli.checked_choice("--overlap", self._arguments.overlap, ("none", "second"))
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

    def output(self, files: Sequence[Path], merges: Path | None = None, merges_suffix: str = "") -> TurnOutput:
        """Where the turns of audio ``files`` go; ``merges`` is read, too, and with ``merges_suffix`` some are left.

        Raises:
            DataError: it cannot hold them, or what is read, or another output, would be overwritten.
        """
        recordings = [recording_name(path) for path in files]
        output = TurnOutput(self._arguments.output, self._arguments.format, recordings)
        suffixes = [".html"] if self._arguments.report else []
        suffixes += [TIMELINE_SUFFIX, MERGES_SUFFIX] if self._arguments.figures else []
        beside = [f"{file_stem(recording)}{suffix}" for recording in recordings for suffix in suffixes]
        beside += [f"{recording}{merges_suffix}" for recording in recordings if merges_suffix]
        output.prepare([*files, *([merges] if merges else [])], beside)
        return output

    @contextmanager
    def pages(self, folder: Path, n_files: int) -> Iterator[Pages]:
        """What makes the pages and figures that are asked for, in ``folder``.

        At the end, however that comes, several pages get an index.html.

        Raises:
            DataError: there is another's index.html, or figures cannot be made.
        """
        report, figures = self._arguments.report, self._arguments.figures
        index = INDEX if report and n_files > 1 else ""
        pages = PageFolder(folder, pages=report, figures=figures, index=index)
        try:
            yield Pages(pages if report or figures else None, folder)
        finally:
            if index and pages.n_pages:
                pages.finish(folder.resolve().name or "recordings")

    def diarize(self, path: Path, options: PipelineOptions, place: str = "", **known: Any) -> Diarization:
        """Diarize ``path`` and show on a terminal how it goes; warnings are lines on stderr.

        ``place`` is the recording's among others; ``known`` what ``diarize_file`` may be told.
        """
        with (
            _warnings_as_lines(),
            StageProgress(f"{recording_name(path)}{place}") as progress,
        ):
            return diarize_file(path, options, on_progress=progress.listener, **known)


class Pages:
    """Pages and figures of recordings in ``folder``, none if there are no ``pages`` to write them."""

    def __init__(self, pages: PageFolder | None, folder: Path) -> None:
        self._pages, self._folder = pages, folder

    def add(self, found: Diarization, path: Path, options: PipelineOptions, gain_name: str) -> None:
        """Make those of what was ``found`` in the audio file ``path``."""
        if self._pages is None:
            return
        content = diarized_content(found, options, gain_name)
        if self._pages.has_pages:
            try:
                content = replace(content, audio=page_audio(path, self._folder, PageOptions()))
            except DataError as error:
                cli.warn(f"{found.recording}: its page is silent: {error}")
        self._pages.add(content)


def tell(found: Diarization, path: Path) -> None:
    """Tell what was found in ``path``, and how fast, on a terminal; elsewhere only that there is nothing."""
    if is_terminal():
        seconds, n_speakers = sum(found.seconds.values()), len(found.speakers)
        told = f"{n_speakers} speaker{'s' * (n_speakers != 1)}, {len(found.turns)} turns"
        speed = f"{found.duration:.0f} s in {seconds:.1f} s, {found.duration / seconds:.0f} x real time"
        cli.say(f"{path}: {told}; {speed}")
    if not found.turns:
        cli.warn(f"{path}: no speech, and so no turns")


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

