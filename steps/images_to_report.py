#!/usr/bin/env python3
"""images -> report: the tables and pictures of a data set's experiments, in <exp>/report: results.md and index.html.

<exp> has the folders <noun>_<...>/seed<k> that trainings left: result.json and pictures. Seeds of the same settings
and machine are a row: mean, standard deviation, least, greatest, beside what the source report tells. results.md is
printed, too; index.html has the pictures in it and needs no network. Seeds that are not complete are listed as such.

e.g.: steps/images_to_report.py exp/cifar10
"""

from pathlib import Path

from diar import cli
from diar.images.cluster_table import clustering_table
from diar.images.experiments import by_kind, put_together
from diar.images.tables import experiment_table, kind_table, markdown, overview, settings_text
from diar.io.files import write_text
from diar.io.images.runs import read_pictures, read_runs, read_shared_pictures
from diar.io.pages import INDEX
from diar.report.assemble import program_versions
from diar.report.images_page import ImagesContent, images_page

RESULTS = "results.md"


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_argument("exp", metavar="<exp>", help="folder of a data set's experiments")
    help_text = "have the pictures of all seeds in the page, not those of the first seed of each experiment alone"
    parser.add_flag("--all-seeds", f"{help_text} (default true)", default=True, kind=cli.boolean)
    arguments = parser.parse_words(cli.command_words())
    exp = Path(arguments.exp)
    runs, unfinished = read_runs(exp)
    experiments = put_together(runs)
    shown = runs if arguments.all_seeds else [experiment.runs[0] for experiment in experiments]
    pictures = {(run.name, run.folder): read_pictures(exp, run) for run in shown}
    content = ImagesContent(experiments, pictures, read_shared_pictures(exp), unfinished, program_versions())
    report = exp / "report"
    report.mkdir(exist_ok=True)
    text = results(content)
    write_text(report / RESULTS, text)
    write_text(report / INDEX, images_page(content))
    print(text)
    print(f"{report / RESULTS}\n{report / INDEX}", flush=True)


def results(content: ImagesContent) -> str:
    """All tables as Markdown, what is not complete, and the settings."""
    parts = [f"# Experiments on {content.title}\n", markdown(overview(content.experiments))]
    if clusterings := clustering_table(content.experiments):
        parts.append(markdown(clusterings))
    if content.unfinished:
        lines = "\n".join(f"- {folder}" for folder in content.unfinished)
        parts.append(f"## Unfinished: in no table\n\n{lines}\n")
    for members in by_kind(content.experiments).values():
        tables = [kind_table(members), *map(experiment_table, members)]
        parts += [markdown(table) for table in tables if table]
    settings = "\n".join(f"- {experiment.heading}: {settings_text(experiment)}" for experiment in content.experiments)
    parts.append(f"## Settings\n\n{settings}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    cli.run(main)
