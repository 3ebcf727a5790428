"""From turns, scores, merge histories and settings to the content of pages."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

import diar
from diar.cluster.agglomerate import History, Labels, history_from_json
from diar.confidence import CALIBRATED_ON
from diar.io.rttm import RttmLine, speaker_turns
from diar.options import Options, option_help
from diar.report.content import MergeCurve, Note, Provenance, RecordingContent, VadFigures
from diar.score import score_input
from diar.score_errors import error_segments
from diar.score_input import ScoreInput, ScoreOptions, by_recording, score_inputs
from diar.segments import NOBODY, Segment, Turn, frames_to_segments, union

if TYPE_CHECKING:
    from diar.diarization import Diarization, PipelineOptions

CURVE_NAMES = {
    "nmi": "NMI", "delta_bic": "delta-BIC", "delta_f": "delta F", "delta_log_likelihood": "delta log-likelihood",
}  # fmt: skip
LOW_CONFIDENCE = 0.5  # turns below are worth a second look
_PROGRAMS = ("numpy", "scipy", "numba", "torch")
_CURVE_REACH = 3  # times the cut's number of clusters, beyond which a curve only says that there were many
_CURVE_LEAST = 30
_MEETS = 1e-6  # seconds: turns whose times were summed meet no nearer


def rttm_contents(
    hypothesis: Iterable[RttmLine],
    reference: Iterable[RttmLine] | None = None,
    uem: Mapping[str, Sequence[Segment]] | None = None,
    options: ScoreOptions | None = None,
    condition: str = "",
) -> dict[str, RecordingContent]:
    """The content of each recording's page by name, scored where there is a reference for it.

    A recording lasts until the last thing known of it ends. One that only the reference has is all missed.

    Raises:
        DataError: a reference without turns.
    """
    options = options or ScoreOptions()
    turns = speaker_turns(hypothesis)
    lines = list(reference or ())
    given = {one.recording: one for one in score_inputs(lines, [], uem)} if reference is not None else {}
    contents = {}
    for recording in sorted({*turns, *given}, key=str.encode):
        own = tuple(turns.get(recording, ()))
        if recording in given:
            one = given[recording]
            side = ScoreInput(recording, one.reference, own, one.uem, one.exclusions)
            contents[recording] = scored_content(side, options, condition)
        else:
            contents[recording] = RecordingContent(
                recording=recording, duration=_end(own), hypothesis=own, notes=low_confidence(own),
                vad=VadFigures(tuple(union(own, _MEETS))),
            )  # fmt: skip
    return contents


def scored_content(given: ScoreInput, options: ScoreOptions, condition: str) -> RecordingContent:
    """The content of a recording that has a reference: its score, and where the errors are."""
    score = score_input(given, options)
    scored = given.scored(options)
    hypothesis, reference = tuple(sorted(given.hypothesis)), tuple(sorted(given.reference))
    return RecordingContent(
        recording=given.recording,
        duration=_end([*hypothesis, *reference, *given.uem]),
        hypothesis=hypothesis,
        reference=reference,
        mapping=score.mapping,
        errors=tuple(error_segments(reference, hypothesis, scored, score.mapping)),
        scored=tuple(scored),
        score=score,
        condition=condition,
        vad=VadFigures(tuple(union(hypothesis, _MEETS)), score.speech_miss, score.speech_false_alarm),
        notes=low_confidence(hypothesis),
    )


def diarized_content(found: Diarization, options: PipelineOptions, gain_name: str) -> RecordingContent:
    """The content of a recording that was just diarized with ``options``; ``gain_name`` is what its merges gain."""
    likely = tuple(Note(region, "likely overlap") for region in found.overlap)
    return RecordingContent(
        recording=found.recording,
        duration=found.duration,
        hypothesis=tuple(found.turns),
        vad=VadFigures(tuple(frames_to_segments(found.labels != NOBODY))),
        notes=(*low_confidence(found.turns), *likely),
        calibration=CALIBRATED_ON,
        curves=merge_curves(found.history, gain_name, len(np.unique(found.labels[found.labels != NOBODY])) or None),
        provenance=Provenance(settings=pipeline_settings(options), versions=program_versions(), timings=found.seconds),
    )


def vad_figures(
    regions: Sequence[Segment],
    reference: Sequence[RttmLine] | None = None,
    uem: Sequence[Segment] | None = None,
    options: ScoreOptions | None = None,
) -> VadFigures:
    """What a speech detector found in a recording, and what of it is wrong by the reference's lines of it, if any."""
    if reference is None or not (recordings := list(by_recording(reference))):
        return VadFigures(tuple(regions))
    regions_of = None if uem is None else {recordings[0]: uem}
    (one,) = score_inputs(reference, [], regions_of)
    found = [Turn(region.start, region.end, "speech") for region in regions]
    score = score_input(ScoreInput(one.recording, one.reference, found, one.uem, one.exclusions), options)
    return VadFigures(tuple(regions), score.speech_miss, score.speech_false_alarm)


def low_confidence(turns: Sequence[Turn], below: float = LOW_CONFIDENCE) -> tuple[Note, ...]:
    """Notes of the turns whose confidence is known and less than ``below``."""
    return tuple(
        Note(Segment(turn.start, turn.end), "low confidence", f"{turn.speaker}: confidence {turn.confidence:.2f}")
        for turn in turns
        if turn.confidence < below
    )


def merge_curves(history: History, gain_name: str, cut: int | None = None) -> tuple[MergeCurve, ...]:
    """The curves of a history: the NMI where it was measured, and the gain of the merge from each partition.

    ``gain_name`` is what the history's file calls the gain, ``cut`` the number of clusters that was chosen. Of very
    fine partitions, far beyond the cut, nothing is kept.
    """
    most = max(_CURVE_LEAST, _CURVE_REACH * (cut or 0))
    kept = [partition for partition in history if partition.n_clusters <= most]
    columns = {
        "nmi": [(partition.n_clusters, partition.measures.get("nmi", math.nan)) for partition in kept],
        gain_name: [(one.n_clusters, one.best_merge.gain) for one in kept if one.best_merge is not None],
    }
    curves = []
    for name, column in columns.items():
        points = [point for point in column if math.isfinite(point[1])]
        if points:
            numbers, values = zip(*points, strict=True)
            curves.append(MergeCurve(CURVE_NAMES.get(name, name), numbers, values, cut))
    return tuple(curves)


def saved_merges(content: Any, n_found: int, where: str) -> tuple[tuple[MergeCurve, ...], dict[str, dict[str, Any]]]:
    """The curves, cut at ``n_found`` clusters, and the settings in a ``.merges.json`` of the command or of a recipe.

    Raises:
        DataError: it is no merge history; ``where`` tells of which file.
    """
    history = history_from_json(content, where)
    known = content.get("diar")
    known = known if isinstance(known, dict) else {}
    told = {title: known[name] for title, name in (("clusterer", "clusterer"), ("flags", "words")) if name in known}
    return merge_curves(history, content.get("gain", ""), n_found or None), {"diar": told} if told else {}


def history_curves(content: dict[str, Any], labels: Labels, where: str) -> tuple[MergeCurve, ...]:
    """``merge_curves`` of what a ``.merges.json`` holds; the cut is the number of clusters in ``labels`` (T,).

    Raises:
        DataError: it is no merge history; ``where`` tells of which file.
    """
    history = history_from_json(content, where)
    return merge_curves(history, content["gain"], len(np.unique(labels[labels != NOBODY])) or None)


def stage_settings(name: str, provenance: Any) -> dict[str, dict[str, Any]]:
    """The settings in a stage's options.json and in what it holds of the stages before it, the first stage first."""
    if not isinstance(provenance, dict):
        return {}
    settings: dict[str, dict[str, Any]] = {}
    for source, recorded in (provenance.get("inputs") or {}).items():
        settings |= {stage: own for stage, own in stage_settings(source, recorded).items() if stage not in settings}
    own = (provenance.get("choices") or {}) | (provenance.get("options") or {})
    return settings | ({name: own} if own else {})


def program_versions() -> dict[str, str]:
    """The versions of the toolkit, of Python and of what computes."""
    found = {"diar": diar.__version__, "Python": platform.python_version()}
    for name in _PROGRAMS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def pipeline_settings(options: PipelineOptions) -> dict[str, dict[str, Any]]:
    """The settings of all stages that have some, with their units, and which program of several a stage is."""
    from diar.front_end import DETECTORS
    from diar.pipeline import CLUSTERERS, REALIGNERS

    choices: dict[str, Mapping[str, type[Options]]] = {
        "vad": DETECTORS, "clusters": CLUSTERERS, "realigner": REALIGNERS,
    }  # fmt: skip
    settings: dict[str, dict[str, Any]] = {}
    for one in fields(options):
        stage = getattr(options, one.name)
        if isinstance(stage, Options):
            names = [name for name, kind in choices.get(one.name, {}).items() if type(stage) is kind]
            settings[one.name] = ({"method": names[0]} if names else {}) | _told_options(stage)
    settings["overlap"]["second_speaker"] = options.second_speaker
    return settings


def _told_options(options: Options) -> dict[str, Any]:
    """The values of options by name, with their units."""
    values = {}
    for one in fields(options):
        value, unit = getattr(options, one.name), option_help(one).unit
        values[one.name] = f"{value} {unit}" if unit else value
    return values


def _end(spans: Sequence[Segment | Turn]) -> float:
    return max((span.end for span in spans), default=0.0)
