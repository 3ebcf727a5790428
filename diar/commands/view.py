"""Make a page to look at, and listen to, the turns of an RTTM file: hypothesis, reference, errors.

A file with one recording gives one page, a file with several a folder with a page each and index.html. Audio files are
matched to recordings by their names; those up to --embed megabytes go into the page, larger ones are linked. An RTTM
without turns is that of a recording in which nobody speaks. Confidences are the RTTM's own; for diar's see below.

e.g.: diar view --ref ref.rttm --uem all.uem --audio meeting.wav -o meeting.html hyp.rttm
      diar view --audio wav -o pages hyp.rttm
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from diar import cli
from diar.confidence import CALIBRATION
from diar.errors import DataError
from diar.io.audio_files import is_audio, recording_name
from diar.io.files import refuse_overwriting, write_text
from diar.io.page_audio import PageOptions, page_audio
from diar.io.pages import write_pages
from diar.io.rttm import read_rttm_lines
from diar.io.uem import read_uem
from diar.io.wav import probe_duration
from diar.report.assemble import program_versions, rttm_contents
from diar.report.content import Provenance, RecordingContent
from diar.report.page import recording_page
from diar.score_input import ScoreOptions, remarks
from diar.score_text import condition_text


def main(words: Sequence[str]) -> None:
    parser = cli.Parser(__doc__, (ScoreOptions, PageOptions))
    parser.prog, parser.epilog = "diar view", CALIBRATION
    parser.add_flag("--ref", "RTTM with the true turns")
    parser.add_flag("--uem", "file with the regions to score")
    parser.add_flag("--audio", "the recording's audio, or a folder with files named after the recordings")
    parser.add_argument("-o", "--output", metavar="OUT", default="", help="page or folder (default: beside the RTTM)")
    parser.add_argument("hypothesis", metavar="<hyp.rttm>", help="the turns to show")
    given = parser.parse_words(words)
    options = parser.options(given, ScoreOptions)
    path, uem = Path(given.hypothesis), read_uem(Path(given.uem)) if given.uem else None
    hypothesis, reference = read_rttm_lines(path), read_rttm_lines(Path(given.ref)) if given.ref else None
    condition = condition_text(options, Path(given.uem).name or "none", "hypothesis")
    nobody = RecordingContent(recording=path.stem, duration=0.0, hypothesis=())  # diar names files after recordings
    contents = rttm_contents(hypothesis, reference, uem, options, condition) or {path.stem: nobody}
    name = path.stem if len(contents) == 1 or path.suffix else f"{path.name}_pages"
    output = Path(given.output) if given.output else path.with_name(f"{name}.html" if len(contents) == 1 else name)
    if len(contents) == 1 and output.is_dir():
        output /= f"{path.stem}.html"
    refuse_overwriting([output], [path, *(Path(name) for name in (given.ref, given.uem, given.audio) if name)])
    folder, audio = output if len(contents) > 1 else output.parent, Path(given.audio) if given.audio else None
    if audio is not None and len(contents) > 1 and not audio.is_dir():
        found = f"{'a file' if audio.exists() else 'no such folder'} for {len(contents)} recordings"
        raise DataError(audio, found, "wanted a folder of audio named after them")
    folder.mkdir(parents=True, exist_ok=True)
    page = parser.options(given, PageOptions)
    made = [_finished(content, audio, folder, page) for content in contents.values()]
    if len(made) == 1:
        write_text(output, recording_page(made[0]))
        print(output)
    else:
        told = tuple(remarks(reference, hypothesis, uem)) if reference is not None else ()
        print(write_pages(folder, path.stem, made, condition if reference is not None else "", told))


def _finished(content: RecordingContent, audio: Path | None, folder: Path, options: PageOptions) -> RecordingContent:
    """``content`` with its audio, if any, and with the versions of the programs."""
    content = replace(content, provenance=Provenance(versions=program_versions()))
    if audio is not None and audio.is_dir():
        files = sorted(file for file in audio.iterdir() if recording_name(file) == content.recording and is_audio(file))
        if not files:
            cli.warn(f"{content.recording}: no audio of this name in {audio}")
        audio = files[0] if files else None
    if audio is None:
        return content
    duration = max(content.duration, probe_duration(audio))
    return replace(content, audio=page_audio(audio, folder, options), duration=duration)
