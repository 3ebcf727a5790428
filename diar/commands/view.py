"""Make a page to look at, and listen to, the turns of an RTTM file: hypothesis, reference, errors.

A file with one recording gives one page, a file with several a folder with a page each and index.html. Audio files are
matched to recordings by their names; those up to --embed megabytes go into the page, larger ones are linked. --merges
adds what 'diar --save-merges' left: the merge curves, with the cut at the RTTM's number of speakers, and the settings.
Files of earlier recordings stay in the folder.

e.g.: diar view --ref ref.rttm --uem all.uem --audio meeting.wav -o meeting.html hyp.rttm
      diar view --audio wav -o pages hyp.rttm
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.audio_files import is_audio
from diar.io.figure import check_figures
from diar.io.files import read_json, refuse_overwriting, write_text
from diar.io.page_audio import PageOptions, page_audio
from diar.io.pages import file_stem, refuse_other_index, write_figures, write_pages
from diar.io.rttm import read_rttm_lines
from diar.io.uem import read_uem
from diar.io.wav import probe_duration
from diar.report.assemble import program_versions, rttm_contents, saved_merges
from diar.report.content import Provenance, RecordingContent, speakers
from diar.report.page import recording_page
from diar.score_input import ScoreOptions, remarks
from diar.score_text import condition_text


def main(words: Sequence[str]) -> None:
    parser = cli.Parser(__doc__, (ScoreOptions, PageOptions))
    parser.prog = "diar view"
    parser.add_flag("--ref", "RTTM with the true turns")
    parser.add_flag("--uem", "file with the regions to score")
    parser.add_flag("--audio", "the recording's audio, or a folder with files named after the recordings")
    parser.add_flag("--merges", "<recording>.merges.json, or a folder with such files")
    parser.add_switch("--figures", "for papers: <recording>.timeline.png and <recording>.merges.png, too")
    parser.add_argument("-o", "--output", metavar="OUT", default="", help="page or folder (default: beside the RTTM)")
    parser.add_argument("hypothesis", metavar="<hyp.rttm>", help="the turns to show")
    given = parser.parse_words(words)
    options = parser.options(given, ScoreOptions)
    path = Path(given.hypothesis)
    hypothesis, reference = read_rttm_lines(path), read_rttm_lines(Path(given.ref)) if given.ref else None
    uem = read_uem(Path(given.uem)) if given.uem else None
    condition = condition_text(options, Path(given.uem).name or "none", "hypothesis")
    contents = rttm_contents(hypothesis, reference, uem, options, condition)
    if not contents:
        raise DataError(path, "no SPEAKER line", "wanted the turns of at least one recording")
    name = path.stem if len(contents) == 1 or path.suffix else f"{path.name}_pages"
    output = Path(given.output) if given.output else path.with_name(f"{name}.html" if len(contents) == 1 else name)
    if len(contents) == 1 and output.is_dir():
        output /= f"{path.stem}.html"
    refuse_overwriting([output], [path, *(Path(name) for name in (given.ref, given.uem, given.audio) if name)])
    if given.figures:
        check_figures()
    folder, audio = output if len(contents) > 1 else output.parent, Path(given.audio) if given.audio else None
    if audio is not None and len(contents) > 1 and not audio.is_dir():
        found = f"{'a file' if audio.exists() else 'no such folder'} for {len(contents)} recordings"
        raise DataError(audio, found, "wanted a folder of audio named after them")
    if len(contents) > 1:
        refuse_other_index(folder)
    folder.mkdir(parents=True, exist_ok=True)
    page = parser.options(given, PageOptions)
    merges = Path(given.merges) if given.merges else None
    made = (_with_audio(_with_merges(one, merges), audio, folder, page) for one in contents.values())
    if len(contents) == 1:
        (content,) = made
        write_text(output, recording_page(content))
        if given.figures:
            write_figures(folder, file_stem(content.recording), content)
        print(output)
    else:
        told = tuple(remarks(reference, hypothesis, uem)) if reference is not None else ()
        told_condition = condition if reference is not None else ""
        print(write_pages(folder, path.stem, made, told_condition, told, given.figures))


def _with_merges(content: RecordingContent, merges: Path | None) -> RecordingContent:
    """``content`` with the merges of its recording, if any, and with the versions of the programs."""
    versions = program_versions()
    if merges is not None and merges.is_dir():
        merges /= f"{content.recording}.merges.json"
        if not merges.exists():
            cli.warn(f"{merges}: no such file, and so no merge curves")
            merges = None
    if merges is None:
        return replace(content, provenance=Provenance(versions=versions))
    curves, settings = saved_merges(read_json(merges), len(speakers(content.hypothesis)), str(merges))
    return replace(content, curves=curves, provenance=Provenance(settings=settings, versions=versions))


def _with_audio(content: RecordingContent, audio: Path | None, folder: Path, options: PageOptions) -> RecordingContent:
    """``content`` with its audio, if any."""
    if audio is not None and audio.is_dir():
        files = sorted(file for file in audio.iterdir() if file.stem == content.recording and is_audio(file))
        if not files:
            cli.warn(f"{content.recording}: no audio of this name in {audio}")
        audio = files[0] if files else None
    if audio is None:
        return content
    duration = max(content.duration, probe_duration(audio))
    return replace(content, audio=page_audio(audio, folder, options), duration=duration)
