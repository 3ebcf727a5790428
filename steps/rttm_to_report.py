#!/usr/bin/env python3
"""rttm -> report: a page a recording of hyp.rttm, and one of the set, in <system>/report; index.html leads to all.

The folders of vad and of clusters that the turns were made from add the speech that was found, the merge curves and the
settings of all stages; ref.rttm and all.uem of the data folder add the score and the errors.

e.g.: steps/rttm_to_report.py data/eval exp/eval/system exp/eval/vad_energy exp/eval/clusters_energy_none_hmm_gmm
"""

from dataclasses import replace
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.data_folder import DataFolder
from diar.io.figure import write_png
from diar.io.page_audio import PageOptions, page_audio
from diar.io.pages import write_pages
from diar.io.rttm import read_rttm_lines
from diar.report.assemble import program_versions, rttm_contents, stage_settings
from diar.report.content import Provenance
from diar.report.merge_curve import merge_curve_figure
from diar.report.stages import with_stages
from diar.report.timeline_figure import timeline_figure
from diar.score_input import ScoreOptions, remarks
from diar.score_text import condition_text
from diar.stage_folder import open_input, options_of


def main() -> None:
    parser = cli.Parser(__doc__, (ScoreOptions, PageOptions))
    parser.add_flag("--vad", "name of the speech detector, for the stamp on the figures", default="unknown")
    parser.add_flag("--figures", "also write timelines and merge curves as PNG", default=False, kind=cli.boolean)
    parser.add_argument("data", metavar="<data>", help="data folder with wav.scp and maybe ref.rttm")
    parser.add_argument("system", metavar="<system>", help="folder with hyp.rttm")
    parser.add_argument("stages", metavar="<vad or clusters>", nargs="*", help="folders that the turns were made from")
    arguments = parser.parse_words(cli.command_words())
    options = parser.options(arguments, ScoreOptions)
    data, system = DataFolder(Path(arguments.data)), Path(arguments.system)
    lines, reference, uem = read_rttm_lines(system / "hyp.rttm"), data.reference_lines(), data.uem()
    condition = condition_text(options, "none" if uem is None else "all.uem", arguments.vad)
    contents = rttm_contents(lines, reference, uem, options, condition)
    folders = {path.name: open_input(path.name.partition("_")[0], path) for path in map(Path, arguments.stages)}
    settings = {}
    for name, folder in folders.items():
        settings |= stage_settings(name, options_of(folder.path))
    report, durations, made = system / "report", data.durations(), []
    report.mkdir(exist_ok=True)
    for recording, source in data.wav_scp().items():
        content = contents.get(recording)
        if content is None:
            cli.warn(f"{recording}: no turns, and so no page")
            continue
        content = replace(content, duration=durations.get(recording, content.duration))
        region = None if uem is None else uem.get(recording)
        own = [line for line in reference or () if line.recording == recording]
        content = with_stages(content, folders, own, region, options)
        try:
            content = replace(content, audio=page_audio(Path(source), report, parser.options(arguments, PageOptions)))
        except DataError as error:
            cli.warn(f"{recording}: its page is silent: {error}")
        content = replace(content, provenance=Provenance(settings=settings, versions=program_versions()))
        if arguments.figures:
            write_png(report / f"{recording}.timeline.png", timeline_figure(content, title=recording))
            if content.curves:
                write_png(report / f"{recording}.merges.png", merge_curve_figure(content.curves, recording))
        made.append(content)
    told = tuple(remarks(reference, lines, uem)) if reference is not None else ()
    print(write_pages(report, data.path.name, made, condition if reference is not None else "", told))


if __name__ == "__main__":
    cli.run(main)
