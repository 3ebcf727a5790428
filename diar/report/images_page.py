"""The page of the experiments on a set of images: all tables, all pictures, whole in itself and without network."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from diar.images.cluster_table import clustering_table
from diar.images.experiments import Experiment, Run, by_kind, kind_of
from diar.images.tables import NOT_RUN, Table, experiment_table, kind_table, overview, settings_text
from diar.io.images.picture import Picture
from diar.report.content import Provenance
from diar.report.pictures import caption, in_order
from diar.report.sections import figures, provenance_section
from diar.report.shell import filled, script, style

_KINDS = {"classifier": "Classifiers", "sae": "Autoencoders", "kmeans": "Clustering: k-means",
          "pretrained": "Clustering: autoencoders and k-means", "dec": "Clustering: DEC", "idec": "Clustering: IDEC",
          "vae": "Variational autoencoders", "gan": "Generative adversarial networks"}  # fmt: skip
_SMALL = 320  # pixels; narrower pictures are shown a whole number of times as large


@dataclass(frozen=True)
class ImagesContent:
    """What the page shows: experiments in their order, pictures by run, and the ``<name>/seed<k>`` not complete.

    ``shared`` are pictures of several runs, by the name of their folder, whose kind's section they stand in.
    """

    experiments: Sequence[Experiment]
    pictures: Mapping[tuple[str, str], Sequence[Picture]] = field(default_factory=dict)  # by name and folder of the run
    shared: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    unfinished: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The data set's title, with what is to be known of its pixels; where they differ, all titles."""
        return ", ".join(dict.fromkeys(run.title for experiment in self.experiments for run in experiment.runs))

    def pictures_of(self, run: Run) -> Sequence[Picture]:
        return self.pictures.get((run.name, run.folder), ())


def images_page(content: ImagesContent) -> str:
    """The page of a set's experiments."""
    kinds = by_kind(content.experiments)
    links = [("all", "All experiments"), *((f"kind-{_id(kind)}", _title(kind)) for kind in kinds)]
    settings = {experiment.heading: experiment.runs[0].settings for experiment in content.experiments}
    return filled(
        "images.html",
        {
            "title": escape(f"Experiments on {content.title}"),
            "style": style("images"),
            "header": _header(content),
            "links": "".join(f'<li><a href="#{name}">{escape(text)}</a></li>' for name, text in links),
            "overview": _tables_of_all(content) + _unfinished(content.unfinished),
            "kinds": "".join(_kind_section(kind, members, content) for kind, members in kinds.items()),
            "provenance": provenance_section(Provenance(settings=settings, versions=content.versions)),
            "script": script("theme", "images"),
        },
    )


def html_table(table: Table, under_heading: bool = False) -> str:
    """The table, its title as the caption unless it stands ``under_heading``, in a box that scrolls; its note below."""
    def cell(column: int, text: str) -> str:
        if column == 0:
            return f'<th scope="row">{escape(text).replace("_", "_<wbr>")}</th>'
        return f"<td{' class=text' if column < table.texts else ''}>{escape(text)}</td>"

    head = "".join(f'<th scope="col"{" class=text" if column < table.texts else ""}>{escape(name)}</th>'
                   for column, name in enumerate(table.heads))  # fmt: skip
    rows = "".join(f"<tr{' class=quiet' if NOT_RUN in row else ''}>"
                   f"{''.join(cell(column, text) for column, text in enumerate(row))}</tr>"
                   for row in table.rows)  # fmt: skip
    note = f'<p class="hint">{escape(table.note)}</p>' if table.note else ""
    caption = "" if under_heading else f"<caption>{escape(table.title)}</caption>"
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}"><table class="results">'
        f"{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
    )


def _header(content: ImagesContent) -> str:
    runs = [run for experiment in content.experiments for run in experiment.runs]
    named = {"experiments": str(len(content.experiments)), "runs": str(len(runs))}
    if content.unfinished:
        named["unfinished"] = str(len(content.unfinished))
    named["minutes of training"] = f"{sum(run.seconds for run in runs) / 60:.1f}"
    return f"<h1>Experiments on {escape(content.title)}</h1>{figures(named)}"


def _tables_of_all(content: ImagesContent) -> str:
    tables = (overview(content.experiments), clustering_table(content.experiments))
    return "".join(html_table(table) for table in tables if table)


def _unfinished(folders: Sequence[str]) -> str:
    if not folders:
        return ""
    lines = "".join(f"<li>{escape(folder)}</li>" for folder in folders)
    return f'<div id="unfinished"><h3>Unfinished: in no table</h3><ul>{lines}</ul></div>'


def _kind_section(kind: str, experiments: Sequence[Experiment], content: ImagesContent) -> str:
    table = kind_table(experiments)
    shared = [_gallery(pictures, f"{of}, {content.title}") for of, pictures in content.shared.items()
              if kind_of(of) == kind]  # fmt: skip
    articles = [_article(experiment, content) for experiment in experiments]
    parts = [html_table(table) if table else "", *shared, *articles]
    name = f"kind-{_id(kind)}"
    return f'<section class="panel" id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">' \
           f"{escape(_title(kind))}</h2>{''.join(parts)}</section>"  # fmt: skip


def _article(experiment: Experiment, content: ImagesContent) -> str:
    """An experiment: its table and settings, the pictures of its first seed, and those of the others folded away."""
    first, *others = experiment.runs
    name = _id(f"{experiment.name}-{experiment.number}")
    title = f"{experiment.heading}, {first.title}"
    pictures = _run_gallery(first, content)
    for run in others:
        gallery = _run_gallery(run, content)
        pictures += f"<details><summary>Pictures of seed {run.seed}</summary>{gallery}</details>" if gallery else ""
    settings = f"<details><summary>Settings</summary><p>{escape(settings_text(experiment))}</p></details>"
    return f'<article aria-labelledby="{name}"><h3 id="{name}">{escape(title)}</h3>' \
           f"{html_table(experiment_table(experiment), under_heading=True)}{pictures}{settings}</article>"  # fmt: skip


def _run_gallery(run: Run, content: ImagesContent) -> str:
    return _gallery(content.pictures_of(run), f"{run.name}, {run.title}, seed {run.seed}")


def _gallery(pictures: Sequence[Picture], of: str) -> str:
    """Pictures, each with its caption and what it is ``of``."""
    shown = in_order(pictures)
    blocks = (_figure(members[0], of) if len(members) == 1 else _series(members, of) for members in shown)
    return f'<div class="gallery">{"".join(blocks)}</div>' if shown else ""


def _figure(picture: Picture, of: str) -> str:
    stop = '<button type="button" class="still">Stop</button>' if picture.is_animation else ""
    return f"<figure>{_enlarging(_image(picture, of), caption(picture))}" \
           f"<figcaption><span>{escape(caption(picture))}</span> <small>{escape(of)}</small>{stop}</figcaption>" \
           "</figure>"  # fmt: skip


def _series(members: Sequence[Picture], of: str) -> str:
    """Pictures of which one is seen at a time, the last at first, chosen by a slider."""
    last = len(members) - 1
    images = "".join(_image(picture, of, hidden=number < last) for number, picture in enumerate(members))
    title = f"{caption(members[0])} to {caption(members[-1])}"
    return f'<figure class="series">{_enlarging(images, title)}' \
           f'<label>Picture <input type="range" min="0" max="{last}" value="{last}" step="1" ' \
           f'aria-label="{escape(title)}"><output>{escape(caption(members[-1]))}</output></label>' \
           f"<figcaption><span>{escape(title)}</span> <small>{escape(of)}</small></figcaption></figure>"  # fmt: skip


def _enlarging(images: str, caption: str) -> str:
    return f'<button type="button" class="enlarge" aria-haspopup="dialog" title="enlarge" ' \
           f'aria-label="enlarge: {escape(caption)}">{images}</button>'  # fmt: skip


def _image(picture: Picture, of: str, hidden: bool = False) -> str:
    times = max(1, _SMALL // max(picture.width, 1)) if picture.width < _SMALL else 1
    source = f"data:{picture.mime};base64,{base64.b64encode(picture.content).decode('ascii')}"
    return f'<img src="{source}" alt="{escape(f"{caption(picture)}; {of}")}" data-name="{escape(caption(picture))}" ' \
           f'width="{times * picture.width}" height="{times * picture.height}" decoding="async"' \
           f"{' class=pixels' if times > 1 else ''}{' hidden' if hidden else ''}>"  # fmt: skip


def _title(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _id(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", lambda match: f"_{ord(match.group()):x}", name)
