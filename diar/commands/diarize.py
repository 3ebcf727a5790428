"""Say who speaks when in audio files, or in all audio files of folders.

Each recording's turns go to <recording>.rttm, and to files of other --format, in the folder OUT or here; into one file
OUT that has a suffix; or to standard output (-o -). On a terminal, stages and speed are shown. A recording that fails
does not stop the others. Pages (--report) and figures (--figures) lie beside the turns, with an index.html where there
are several pages. Other commands: diar score, view, recut, convert, check; each has a --help of its own.

e.g.: diar meeting.wav --report
      diar meetings/ -o turns --num-spk 4 --format rttm,srt
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diar import cli
from diar.cluster.agglomerate import history_to_json
from diar.diarization import Diarization
from diar.errors import DataError
from diar.front_end import DETECTORS
from diar.io.audio_files import find_audio
from diar.io.files import write_json
from diar.pipeline import CLUSTERERS, GAINS
from diar.segments import NOBODY
from diar.turns_command import TurnsCommand


def main(words: Sequence[str]) -> None:
    detector = cli.chosen("--vad", tuple(DETECTORS), words)
    clusterer = cli.chosen("--clusterer", tuple(CLUSTERERS), words)
    command = TurnsCommand("diar", __doc__)
    parser = command.parser
    parser.add_argument("inputs", metavar="<audio>", nargs="+", help="audio files, or folders of them")
    parser.add_flag("--clusterer", f"one of {', '.join(CLUSTERERS)}", default="hmm_gmm")
    parser.add_flag("--vad", f"speech detector, one of {', '.join(DETECTORS)}", default="energy")
    parser.add_flag("--vad-opts", "'--flag value ...' of the detector: steps/wav_to_vad.py --vad NAME --help")
    parser.add_switch("--save-merges", "leave <recording>.merges.json for 'diar recut'")
    arguments = command.parse(words)
    options = command.options(
        vad=cli.parsed_options(arguments.vad_opts, DETECTORS[detector]),
        clusters=cli.parsed_options(arguments.clusters_opts, CLUSTERERS[clusterer]),
    )
    files = find_audio(map(Path, arguments.inputs))
    failures = 0
    with command.output(files) as output, command.pages(output, len(files)):
        for number, path in enumerate(files, 1):
            try:
                found = command.diarize(path, options, f" ({number} of {len(files)})" if len(files) > 1 else "")
                command.write(output, found, path, options, GAINS[clusterer])
                if arguments.save_merges:
                    merges = output.beside(f"{found.recording}.merges.json")
                    write_json(merges, merges_to_json(found, path, clusterer, command.lasting_words()))
            except (DataError, OSError) as error:
                cli.complain(cli.reason(error))
                failures += 1
    if failures and len(files) > 1:
        raise DataError("failed", f"{failures} of {len(files)} recordings, as told above")
    if failures:
        raise SystemExit(1)


def merges_to_json(found: Diarization, path: Path, clusterer: str, words: str) -> dict[str, object]:
    """The merges of a recording, and what ``diar recut`` must know beside them: ``words`` are flags of this run."""
    known = {"diar": {"audio": str(path.resolve()), "clusterer": clusterer, "words": words}}
    return known | history_to_json(found.history, found.labels != NOBODY, GAINS[clusterer])
