"""Make a page to look at, and listen to, the turns of an RTTM file: hypothesis, reference, errors.

A file with one recording gives one page, a file with several a folder with a page each and index.html. OUT is a page if
it ends in .html, else a folder; what is there stays the file or folder that it is. Audio files are matched to
recordings by their names; those up to --embed megabytes go into the page. --merges are what 'diar --save-merges' left:
merge curves, cut at the RTTM's number of speakers. An RTTM without turns is that of a recording in which nobody speaks.
Confidences are the RTTM's own; for diar's see below. Other files stay as they are.

e.g.: diar view --ref ref.rttm --uem all.uem --audio meeting.wav -o meeting.html hyp.rttm
      diar view --audio wav -o pages hyp.rttm
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from diar import cli
from diar.confidence import CONFIDENCES
from diar.errors import DataError
from diar.io.files import refuse_overwriting
from diar.io.page_audio import PageOptions, audio_doubt, with_audio
from diar.io.pages import place_of_pages, write_page, write_pages
from diar.io.rttm import read_rttm_lines
from diar.io.uem import read_uem
from diar.report.assemble import program_versions, rttm_contents
from diar.report.content import Provenance, RecordingContent
from diar.report.stages import with_saved_merges
from diar.score_input import ScoreOptions, by_recording, reference_of, remarks
from diar.score_text import condition_text


def main(words: Sequence[str]) -> None:
    parser = cli.Parser(__doc__, (ScoreOptions, PageOptions))
    parser.prog, parser.epilog = "diar view", CONFIDENCES
    parser.add_flag("--ref", "RTTM with the true turns")
    parser.add_flag("--uem", "file with the regions to score")
    parser.add_flag("--audio", "the recording's audio, or a folder with files named after the recordings")
    parser.add_flag("--merges", "what 'diar --save-merges' left: <recording>.merges.json, or a folder with such files")
    parser.add_switch("--figures", "for papers: <recording>.timeline.png and <recording>.merges.png, too")
    parser.add_argument("-o", "--output", metavar="OUT", default="", help="page or folder (default: beside the RTTM)")
    parser.add_argument("hypothesis", metavar="<hyp.rttm>", help="the turns to show, or a folder of .rttm files")
    given = parser.parse_words(words)
    options = parser.options(given, ScoreOptions)
    path, uem = Path(given.hypothesis), read_uem(Path(given.uem)) if given.uem else None
    hypothesis, reference = read_rttm_lines(path), read_rttm_lines(Path(given.ref)) if given.ref else None
    reference, untold = reference_of(reference, set(by_recording(hypothesis)) or {path.stem})  # as diar names files
    if untold:
        cli.warn(f"{given.ref}: {untold}")
    condition = condition_text(options, Path(given.uem).name or "none", "hypothesis")
    contents = rttm_contents(hypothesis, reference, uem, options, condition)
    contents = contents or {path.stem: RecordingContent(recording=path.stem, duration=0.0, hypothesis=())}
    output = place_of_pages(given.output, path, len(contents))
    refuse_overwriting([output], [path, *map(Path, filter(None, (given.ref, given.uem, given.audio, given.merges)))])
    folder = output if len(contents) > 1 else output.parent
    for name in (given.audio, given.merges):
        if name and len(contents) > 1 and not Path(name).is_dir():
            raise DataError(name, f"no folder, for {len(contents)} recordings", "wanted one of files named after them")
    folder.mkdir(parents=True, exist_ok=True)
    made = (_finished(content, given, folder, parser.options(given, PageOptions)) for content in contents.values())
    if len(contents) == 1:
        print(write_page(output, next(made), given.figures))
    else:
        told = tuple(remarks(reference, hypothesis, uem)) if reference is not None else ()
        print(write_pages(folder, path.stem, made, condition if reference is not None else "", told, given.figures))


def _finished(content: RecordingContent, given: cli.Arguments, folder: Path, options: PageOptions) -> RecordingContent:
    """``content`` with what files hold, merges and audio, and with the versions of the programs."""
    content = replace(content, provenance=Provenance(versions=program_versions()))
    if given.merges:
        content = with_saved_merges(content, Path(given.merges))
        if not content.curves:
            cli.warn(f"{content.recording}: no merges of this name in {given.merges}")
    if given.audio:
        content = with_audio(content, Path(given.audio), folder, options)
        if doubt := audio_doubt(content, given.audio):
            cli.warn(f"{content.recording}: {doubt}")
    return content
