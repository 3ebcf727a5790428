"""Say who speaks when in audio files, or in all audio files of folders.

Each recording's turns go to <recording>.rttm, and to files of other --format, in the folder OUT or here; into one file
OUT that has a suffix; or to standard output (-o -). On a terminal, stages and speed are shown.

e.g.: diar meeting.wav
      diar meetings/ -o turns --num-spk 4 --format rttm,srt
"""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from diar import cli
from diar.audio import AudioOptions
from diar.cluster.agglomerate import SpeakerCountOptions
from diar.confidence import OverlapOptions
from diar.diarization import Diarization, PipelineOptions, diarize_file
from diar.errors import DataError
from diar.front_end import DETECTORS
from diar.io.audio_files import find_audio
from diar.io.turn_files import FORMATS, format_of, named_format
from diar.options import Options
from diar.pipeline import CLUSTERERS
from diar.progress import StageProgress
from diar.segments import Turn, TurnOptions

AnyOptions = TypeVar("AnyOptions", bound=Options)


def main(words: Sequence[str]) -> None:
    detector = cli.chosen("--vad", tuple(DETECTORS), words)
    clusterer = cli.chosen("--clusterer", tuple(CLUSTERERS), words)
    parser = cli.Parser(__doc__, (SpeakerCountOptions, AudioOptions, TurnOptions, OverlapOptions))
    parser.prog = "diar"
    parser.add_argument("inputs", metavar="<audio>", nargs="+", help="audio files, or folders of them")
    parser.add_argument("-o", "--output", metavar="OUT", default="", help="file, folder or -; see above")
    parser.add_flag("--format", f"some of {','.join(FORMATS)} (default: OUT's suffix, or rttm)")
    parser.add_flag("--vad", f"speech detector, one of {', '.join(DETECTORS)}", default="energy")
    parser.add_flag("--clusterer", f"one of {', '.join(CLUSTERERS)}", default="hmm_gmm")
    parser.add_flag("--overlap", "none; or second: where it is likely, the second-best speaker, too", default="none")
    for name, program in (("vad", "wav_to_vad.py --vad"), ("clusters", "embed_to_clusters.py --clusterer")):
        parser.add_flag(f"--{name}-opts", f"'--flag value ...' of the algorithm, as steps/{program} NAME --help tells")
    arguments = parser.parse_words(words)
    if arguments.overlap not in ("none", "second"):
        raise DataError("--overlap", f"found '{arguments.overlap}'", "wanted none or second")
    options = PipelineOptions(
        audio=parser.options(arguments, AudioOptions),
        vad=algorithm_options(arguments.vad_opts, DETECTORS[detector]),
        speakers=parser.options(arguments, SpeakerCountOptions),
        clusters=algorithm_options(arguments.clusters_opts, CLUSTERERS[clusterer]),
        turns=parser.options(arguments, TurnOptions),
        overlap=parser.options(arguments, OverlapOptions),
        second_speaker=arguments.overlap == "second",
    )
    files = find_audio(map(Path, arguments.inputs))
    output = Output(arguments.output, arguments.format, len(files))
    failures = []
    for number, path in enumerate(files, 1):
        try:
            output.add(diarize_shown(path, options, f"{path.stem} ({number} of {len(files)})"))
        except DataError as error:
            cli.complain(str(error))
            failures.append(path)
    output.end()
    if failures:
        raise DataError(f"{len(failures)} of {len(files)} recordings failed", "see above")


def algorithm_options(text: str, cls: type[AnyOptions]) -> AnyOptions:
    """The options dataclass ``cls`` from flags in ``text``."""
    parser = cli.Parser(None, (cls,))
    return parser.options(parser.parse_words(shlex.split(text)), cls)


def diarize_shown(path: Path, options: PipelineOptions, title: str) -> Diarization:
    """Diarize ``path`` and show on a terminal how it goes; warnings are lines on stderr."""
    with StageProgress(title) as progress, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = diarize_file(path, options, on_stage=progress.show)
        seconds = sum(found.seconds.values())
        n_speakers = len(found.speakers)
        told = f"{n_speakers} speaker{'s' * (n_speakers != 1)}, {len(found.turns)} turns"
        speed = f"{found.duration:.0f} s in {seconds:.1f} s, {found.duration / seconds:.0f} x real time"
        progress.tell(f"{path}: {told}; {speed}")
    for warning in caught:
        if warning.category is UserWarning:
            cli.warn(str(warning.message))
    if not found.turns:
        cli.warn(f"{path}: no speech, and so no turns")
    return found


class Output:
    """Where turns go: files of each recording as it comes, or all together at the end."""

    def __init__(self, where: str, formats: str, n_recordings: int) -> None:
        """``where`` is -, a file, or a folder; nothing is the folder one is in. ``formats`` has commas between.

        Raises:
            DataError: several formats, or recordings of a format with a file each, for one file or standard output.
        """
        self._path = Path(where or ".")
        self._to_stdout = where == "-"
        self._together = self._to_stdout or bool(self._path.suffix) and not self._path.is_dir()
        if not formats and self._together and not self._to_stdout:
            self._formats = [format_of(self._path, "--format")]
        else:
            self._formats = [named_format(name, "--format") for name in (formats or "rttm").split(",")]
        self._turns: dict[str, list[Turn]] = {}
        self._durations: dict[str, float] = {}
        if self._together and len(self._formats) > 1:
            raise DataError("--output", f"found '{where}' for {len(self._formats)} formats", "wanted a folder for them")
        for form in self._formats:
            if self._together and (not form.suffix or not form.several and n_recordings > 1):
                raise DataError("--output", f"found '{where}' for several files of {form.name}", "wanted a folder")

    def add(self, found: Diarization) -> None:
        """Write the files of one recording, or keep its turns."""
        turns, durations = {found.recording: found.turns}, {found.recording: found.duration}
        if self._together:
            self._turns |= turns
            self._durations |= durations
            return
        for form in self._formats:
            own = self._path / f"{found.recording}{form.suffix}" if form.suffix else self._path / found.recording
            form.write(own, turns, durations)

    def end(self) -> None:
        """Write what goes together."""
        if self._to_stdout:
            sys.stdout.write(self._formats[0].text(self._turns, self._durations))
        elif self._together:
            self._formats[0].write(self._path, self._turns, self._durations)
