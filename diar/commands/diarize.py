"""Say who speaks when in audio files, or in all audio files of folders.

Each recording's turns go to <recording>.rttm, and to files of other --format, in the folder OUT or here; --format
segments is one Kaldi folder of all. OUT is one file of all if it ends as a format's files do (.rttm, .csv ...), else a
folder; what is there stays the file or folder that it is; - is standard output. A recording is called as its file,
with _ for blanks. Pages (--report) and figures (--figures) lie beside the turns, with an index.html where there are
several pages.

On a terminal a bar shows stage, share done and speed. A recording that fails does not stop the others; a name that is
not there is told before any begins. Other commands: diar score, view, recut, convert, check; each has a --help of its
own. For completion in bash and zsh: pip install argcomplete, then eval "$(register-python-argcomplete diar)".

e.g.: diar meeting.wav --report
      diar meetings/ -o turns --num-spk 4 --format rttm,srt
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diar import cli
from diar.cluster.agglomerate import history_to_json
from diar.commands import COMMANDS
from diar.diarization import Diarization
from diar.errors import DataError
from diar.front_end import DETECTORS
from diar.io.audio_files import find_audio
from diar.io.files import write_json
from diar.pipeline import CLUSTERERS, GAINS
from diar.segments import NOBODY, runs
from diar.stage_folder import HISTORY_SUFFIX
from diar.turns_command import TurnsCommand, tell


def main(words: Sequence[str]) -> None:
    command = TurnsCommand("diar", __doc__)
    parser = command.parser
    inputs = parser.add_argument("inputs", metavar="<audio>", nargs="+", help="audio files, or folders of them")
    cli.completes(inputs, COMMANDS, files=True)
    cli.completes(parser.add_flag("--clusterer", f"one of {', '.join(CLUSTERERS)}", default="hmm_gmm"), CLUSTERERS)
    cli.completes(parser.add_flag("--vad", f"speech, one of {', '.join(DETECTORS)}", default="energy"), DETECTORS)
    parser.add_flag("--vad-opts", "'--flag value ...' of the detector; '--help' lists them")
    parser.add_switch("--save-merges", "leave <recording>.merges.json for 'diar recut'")
    arguments = command.parse(words)
    detector = cli.checked_choice("--vad", arguments.vad, DETECTORS)
    clusterer = cli.checked_choice("--clusterer", arguments.clusterer, CLUSTERERS)
    options = command.options(
        vad=cli.parsed_options(arguments.vad_opts, DETECTORS[detector]),
        clusters=cli.parsed_options(arguments.clusters_opts, CLUSTERERS[clusterer]),
    )
    files = find_audio(map(Path, arguments.inputs))
    failures = 0
    left = HISTORY_SUFFIX if arguments.save_merges else ""
    with command.output(files, merges_suffix=left) as output, command.pages(output.folder, len(files)) as pages:
        for number, path in enumerate(files, 1):
            try:
                found = command.diarize(path, options, f" ({number} of {len(files)})" if len(files) > 1 else "")
                output.add(found)
                if arguments.save_merges:
                    merges = output.folder / f"{found.recording}{HISTORY_SUFFIX}"
                    write_json(merges, merges_to_json(found, path, clusterer, command.lasting_words()))
                pages.add(found, path, options, GAINS[clusterer])
                tell(found, path)
            except (DataError, OSError) as error:
                cli.complain(cli.reason(error))
                failures += 1
    if failures and len(files) > 1:
        raise DataError("failed", f"{failures} of {len(files)} recordings, as told above")
    if failures:
        raise SystemExit(1)


def merges_to_json(found: Diarization, path: Path, clusterer: str, words: str) -> dict[str, object]:
    """The merges of a recording, and what ``diar recut`` must know beside them: ``words`` are flags of this run."""
    speech = [[int(found.speech[first]), last - first] for first, last in runs(found.speech)]
    known = {"audio": str(path.resolve()), "clusterer": clusterer, "words": words, "speech": speech}
    return {"diar": known} | history_to_json(found.history, found.labels != NOBODY, GAINS[clusterer])
