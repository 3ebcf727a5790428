#!/usr/bin/env python3
"""rttm -> report: a page a recording of hyp.rttm, and one of the set, in <system>/report; index.html leads to all.

The folders of vad and of clusters that the turns were made from add the speech that was found, the merge curves and the
settings of all stages; ref.rttm and all.uem of the data folder add the score and the errors. Pages and figures of
recordings that are gone are removed.

e.g.: steps/rttm_to_report.py data/eval exp/eval/system exp/eval/vad_energy exp/eval/clusters_energy_none_hmm_gmm \
        exp/eval/realigned_energy_none_hmm_gmm_hmm_gmm
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from diar import cli
from diar.confidence import CALIBRATED_ON
from diar.errors import DataError
from diar.io.data_folder import DataFolder
from diar.io.figure import check_figures
from diar.io.page_audio import PageOptions, page_audio
from diar.io.pages import INDEX, PageFolder
from diar.io.rttm import read_rttm_lines
from diar.report.assemble import rttm_contents
from diar.report.content import RecordingContent
from diar.report.stages import stages_provenance, with_stages
from diar.score_input import ScoreOptions, remarks
from diar.score_text import condition_text
from diar.stage_folder import open_input


def main() -> None:
    parser = cli.Parser(__doc__, (ScoreOptions, PageOptions))
    parser.add_flag("--vad", "name of the speech detector, for the stamp on the figures", default="unknown")
    parser.add_flag("--figures", "also write timelines and merge curves as PNG", default=False, kind=cli.boolean)
    parser.add_argument("data", metavar="<data>", help="data folder with wav.scp and maybe ref.rttm")
    parser.add_argument("system", metavar="<system>", help="folder with hyp.rttm")
    help_text = "folders that the turns were made from: vad, clusters, realigned"
    parser.add_argument("stages", metavar="<stage>", nargs="*", help=help_text)
    arguments = parser.parse_words(cli.command_words())
    if arguments.figures:
        check_figures()
    options = parser.options(arguments, ScoreOptions)
    data, system = DataFolder(Path(arguments.data)), Path(arguments.system)
    lines, reference, uem = read_rttm_lines(system / "hyp.rttm"), data.reference_lines(), data.uem()
    condition = condition_text(options, "none" if uem is None else "all.uem", arguments.vad)
    contents = rttm_contents(lines, reference, uem, options, condition)
    folders = {path.name: open_input(path.name.partition("_")[0], path) for path in map(Path, arguments.stages)}
    report = system / "report"
    pages, page_options = PageFolder(report, figures=arguments.figures), parser.options(arguments, PageOptions)
    known = stages_provenance(folders)
    report.mkdir(exist_ok=True)
    (report / INDEX).unlink(missing_ok=True)  # the mark of a complete folder
    for content, source in with_recordings(contents, data):
        region = None if uem is None else uem.get(content.recording)
        own = [line for line in reference or () if line.recording == content.recording]
        content = with_stages(content, folders, own, region, options)
        try:
            content = replace(content, audio=page_audio(Path(source), report, page_options))
        except DataError as error:
            cli.warn(f"{content.recording}: its page is silent: {error}")
        pages.add(replace(content, calibration=CALIBRATED_ON, provenance=known))
    told = tuple(remarks(reference, lines, uem)) if reference is not None else ()
    print(pages.finish(data.path.name, condition if reference is not None else "", told))
    pages.remove_others()


def with_recordings(contents: dict[str, RecordingContent], data: DataFolder) -> Iterator[tuple[RecordingContent, str]]:
    """The contents in the order of wav.scp, each with its duration and where its audio is."""
    durations = data.durations()
    for recording, source in data.wav_scp().items():
        content = contents.get(recording) or RecordingContent(recording=recording, duration=0.0, hypothesis=())
        yield replace(content, duration=durations.get(recording, content.duration)), source


if __name__ == "__main__":
    cli.run(main)
