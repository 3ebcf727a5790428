"""What in the input makes a score mean something else than it seems to, found and measured.

Each trap is scored both ways: as ``diar.score`` does, and as another scorer would or without what was found. The habits
of md-eval (version 22), dscore and pyannote.metrics that are named here are told in docs/scoring.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from diar.io.rttm import RttmLine
from diar.regions import Exclusions, extent, shared_seconds
from diar.score import SPEAKER_SECONDS, Score, SetScore, error_times, score_set
from diar.score_errors import error_segments
from diar.score_input import ScoreInput, ScoreOptions, channels
from diar.score_material import COUNT_ERROR, DER, Material, Trap
from diar.segments import Segment, Turn, intersection, union
from diar.self_overlap import merged, self_overlapping, surplus, surplus_seconds

_ROUNDING = 1e-6  # seconds; less is no time


def find_traps(
    reference: Sequence[RttmLine],
    hypothesis: Sequence[RttmLine],
    uem: Mapping[str, Sequence[Segment]] | None = None,
    options: ScoreOptions | None = None,
) -> list[Trap]:
    """Every trap in the input of a score, each with what it does to the figure.

    Raises:
        DataError: the reference has no SPEAKER line.
    """
    material = Material(reference, hypothesis, uem, options or ScoreOptions())
    return [trap for find in _TRAPS for trap in find(material)]


# ---- names ---------------------------------------------------------------------------------------------------------


def _channels(material: Material) -> Iterator[Trap]:
    """md-eval matches channels as text; here they do not matter."""
    apart = [
        name
        for name, lines in material.truth.items()
        if len(channels(lines)) > 1 or (name in material.found and channels(lines) != channels(material.found[name]))
    ]
    if apart:
        reference, hypothesis = (
            [replace(line, recording=f"{line.recording}\0{line.channel.lower()}") for line in side]
            for side in (material.reference, material.hypothesis)
        )
        uem = None
        if material.uem is not None:
            names = {line.recording: line.recording.partition("\0")[0] for line in reference}
            uem = {split: material.uem[name] for split, name in names.items() if name in material.uem}
        otherwise = score_set(reference, hypothesis, uem, material.options).pooled.der
        truth, found = (
            "+".join(sorted(set().union(*(channels(side.get(name, [])) for name in apart))))
            for side in (material.truth, material.found)
        )
        told = f"{truth} in the reference and {found} in the hypothesis of {_some(apart, 'recording')}; scored as one"
        lines = _first_lines(material.truth, apart)
        yield material.trap("channels", told, lines, "md-eval, which scores each apart, would say", otherwise)


def _dots(material: Material) -> Iterator[Trap]:
    """md-eval cuts the names of a UEM at the first dot."""
    dotted = [name for name in material.truth if "." in name and material.uem is not None and name in material.uem]
    if dotted:

        def without(given: ScoreInput) -> ScoreInput:
            lost = given.recording in dotted
            return replace(given, uem=extent(material.truth[given.recording])) if lost else given

        told = f"dot in the name of {_some(dotted, 'recording')}; the UEM holds for it here"
        otherwise, lines = material.der_if(without), _first_lines(material.truth, dotted)
        yield material.trap("dotted names", told, lines, "md-eval, which loses the UEM there, would say", otherwise)


def _unmatched(material: Material) -> Iterator[Trap]:
    """The reference says what is scored."""
    missing = [name for name in material.truth if name not in material.found]
    if missing:
        otherwise = material.der_of(given for given in material.inputs if given.recording not in missing)
        told = f"no hypothesis for {_some(missing, 'recording')}; all missed"
        lines = _first_lines(material.truth, missing)
        yield material.trap("no hypothesis", told, lines, "without these recordings", otherwise)
    extra = [name for name in material.found if name not in material.truth]
    if extra:
        inputs = [
            ScoreInput(name, [], [Turn(line.start, line.end, line.speaker) for line in lines], extent(lines))
            for name, lines in ((name, material.found[name]) for name in extra)
        ]
        told = f"no reference for {_some(extra, 'recording')} of the hypothesis; ignored"
        otherwise = material.der_of([*material.inputs, *inputs])
        lines = _first_lines(material.found, extra)
        yield material.trap("no reference", told, lines, "counted as false alarms", otherwise)
    regions = [name for name in material.uem or {} if name not in material.truth]
    if regions:
        told = f"no reference for {_some(regions, 'recording')} of the UEM; ignored"
        yield Trap("UEM alone", told, len(regions), "", DER, material.der, "without them", material.der)


# ---- regions -------------------------------------------------------------------------------------------------------


def _no_uem(material: Material) -> Iterator[Trap]:
    """False alarms before the first and after the last event of the reference are not counted without a UEM."""
    without = [name for name in material.truth if material.uem is None or name not in material.uem]
    if not without:
        return

    def widened(given: ScoreInput) -> ScoreInput:
        if given.recording not in without:
            return given
        spans = [*given.uem, *union(given.hypothesis)]
        return replace(given, uem=[Segment(min(s.start for s in spans), max(s.end for s in spans))])

    beyond = [
        _seconds(union(given.hypothesis)) - _seconds(intersection(given.hypothesis, given.uem))
        for given in material.inputs
        if given.recording in without
    ]
    outside = [seconds for seconds in beyond if seconds > _ROUNDING]
    told = (
        f"no UEM for {_some(without, 'recording')}; evaluated from the first to the last event of the reference, "
        f"{sum(outside):.2f} s of hypothesis in {_some(outside, 'recording', named=False)} lie outside, not counted"
    )
    otherwise = material.der_if(widened)
    lines = _first_lines(material.truth, without)
    yield material.trap("no UEM", told, lines, "with both sides' extent, as dscore and pyannote take it,", otherwise)


def _outside_uem(material: Material) -> Iterator[Trap]:
    uem = material.uem or {}
    outside = [
        (line, seconds)
        for line in material.turns()
        if line.recording in uem
        and (seconds := line.duration - _seconds(intersection([_span(line)], uem[line.recording]))) > _ROUNDING
    ]
    if outside:
        lines = [line for line, _ in outside]

        def widened(given: ScoreInput) -> ScoreInput:
            return replace(given, uem=union([*given.uem, *given.reference])) if given.recording in uem else given

        told = (
            f"{_turns(lines, 'reference')} outside the UEM or beyond it, "
            f"{sum(seconds for _, seconds in outside):.2f} s that are not scored"
        )
        otherwise = material.der_if(widened)
        yield material.trap("turns outside the UEM", told, lines, "with the UEM widened by them", otherwise)


def _excluded(material: Material) -> Iterator[Trap]:
    """NON-LEX and NOSCORE lines of the reference take time out, as in md-eval."""
    for kind, part in (("NON-LEX", "not_scored"), ("NOSCORE", "not_evaluated")):
        lines = [line for line in material.reference if line.kind == kind and line.recording in material.truth]
        if lines:
            otherwise = material.der_of(
                replace(given, exclusions=replace(given.exclusions, **{part: ()})) for given in material.inputs
            )
            seconds = sum(line.duration for line in lines)
            told = f"{_some(lines, 'line', named=False)} of {seconds:.2f} s in the reference"
            told += ", grown by up to 0.5 s, not scored" if kind == "NON-LEX" else ", not evaluated"
            yield material.trap(kind, told, lines, "without these lines", otherwise)


# ---- turns ---------------------------------------------------------------------------------------------------------


def _reference_overlaps(material: Material) -> Iterator[Trap]:
    """A speaker's own turns that overlap are overlap to md-eval; dscore merges them."""
    lines = self_overlapping(material.turns())
    if lines:
        seconds = sum(surplus_seconds(given.reference) for given in material.inputs)
        treated = "skipped as overlap" if material.options.skip_overlap else "counted once, with collars at its bounds"
        told = f"{_turns(lines, 'reference')} overlap their speaker's own by {seconds:.2f} s, {treated}"
        otherwise = material.der_if(lambda given: replace(given, reference=merged(given.reference)))
        yield material.trap("self-overlap, reference", told, lines, "merged, as dscore does,", otherwise)


def _hypothesis_overlaps(material: Material) -> Iterator[Trap]:
    """A hypothesis speaker twice at once is there once; pyannote.metrics counts every turn."""
    judged = [line for line in material.hypothesis if line.kind == "SPEAKER" and line.recording in material.truth]
    lines = self_overlapping(judged)
    if lines:
        wrong = scored = 0.0
        for given, score in zip(material.inputs, material.scores, strict=True):
            regions = given.scored(material.options)
            twice = [*given.hypothesis, *surplus(given.hypothesis)]
            wrong += sum(error.seconds for error in error_segments(given.reference, twice, regions, score.mapping))
            scored += score.scored_speaker_time
        seconds = sum(surplus_seconds(given.hypothesis) for given in material.inputs)
        told = f"{_turns(lines, 'hypothesis')} overlap their speaker's own by {seconds:.2f} s, counted once"
        otherwise = 100 * wrong / scored if scored else math.nan
        yield material.trap("self-overlap, hypothesis", told, lines, "counted twice, as pyannote does,", otherwise)


def _hidden_turns(material: Material) -> Iterator[Trap]:
    """Turns of which collars leave nothing: those up to two collars long, and some among others' bounds."""
    times, seconds, hidden = Score(), 0.0, set()
    for given, score in zip(material.inputs, material.scores, strict=True):
        scored, bare = given.scored(material.options), given.scored(replace(material.options, collar=0.0))
        times_bare, times_left = (shared_seconds(given.reference, regions) for regions in (bare, scored))
        both = zip(given.reference, times_bare, times_left, strict=True)
        gone = [(turn, time) for turn, time, left in both if time > _ROUNDING and left < _ROUNDING]
        hidden |= {(given.recording, turn.start, turn.end, turn.speaker) for turn, _ in gone}
        seconds += sum(time for _, time in gone)
        shown = intersection([turn for turn, _ in gone], bare)
        regions = union([*scored, *shown])
        found = error_times(regions, given.reference, given.hypothesis, score.mapping)
        times += Score(**found)  # type: ignore[arg-type]
    lines = [line for line in material.turns() if (line.recording, line.start, line.end, line.speaker) in hidden]
    if lines:
        told = f"{_turns(lines, 'reference')} of {seconds:.2f} s lie in collars and count for nothing"
        yield material.trap("turns within collars", told, lines, "with these turns scored", times.der)


def _estimated(material: Material) -> Iterator[Trap]:
    lines = [line for line in material.turns() if line.estimated]
    if lines:

        def without(given: ScoreInput) -> ScoreInput:
            time = [_span(line) for line in lines if line.recording == given.recording]
            exclusions = Exclusions(given.exclusions.not_evaluated, (*given.exclusions.not_scored, *time))
            return replace(given, exclusions=exclusions)

        told = f"{_turns(lines, 'reference')} with times marked '*' as estimated, taken as they stand"
        yield material.trap("estimated times", told, lines, "without their time", material.der_if(without))


def _without_length(material: Material) -> Iterator[Trap]:
    lines = [line for line in material.turns() if line.duration == 0]
    if lines:
        told = f"{_turns(lines, 'reference')} without length, which have collars all the same"
        otherwise = material.der_if(
            lambda given: replace(given, reference=[turn for turn in given.reference if turn.end > turn.start])
        )
        yield material.trap("turns without length", told, lines, "without them", otherwise)


# ---- conventions ---------------------------------------------------------------------------------------------------


def _collar_width(material: Material) -> Iterator[Trap]:
    collar = material.options.collar
    if collar > 0:
        told = f"{collar:g} s to each side, as in md-eval and dscore; pyannote.metrics calls that collar={2 * collar:g}"
        otherwise = material.der_of(material.inputs, replace(material.options, collar=collar / 2))
        reading = f"with {collar:g} s in all, as collar={collar:g} is there,"
        yield Trap("width of the collar", told, 1, "", DER, material.der, reading, otherwise)


def _short_speakers(material: Material) -> Iterator[Trap]:
    scores, pooled = material.scores, sum(material.scores, Score())
    n_true, n_found = pooled.n_reference - pooled.n_true, pooled.n_hypothesis - pooled.n_found
    n_short = n_true + n_found
    if n_short:
        told = f"{n_true} of {pooled.n_reference} reference speakers and {n_found} of {pooled.n_hypothesis} found ones"
        told += f" have less than {SPEAKER_SECONDS:g} s, not counted"
        errors = SetScore(tuple(scores)).mean_count_error
        otherwise = sum(abs(score.n_hypothesis - score.n_reference) for score in scores) / len(scores)
        yield Trap("short speakers", told, n_short, "", COUNT_ERROR, errors, "with all of them counted", otherwise)


_TRAPS: tuple[Callable[[Material], Iterator[Trap]], ...] = (
    _channels, _dots, _unmatched, _no_uem, _outside_uem, _excluded, _reference_overlaps, _hypothesis_overlaps,
    _hidden_turns, _estimated, _without_length, _collar_width, _short_speakers,
)  # fmt: skip


# ---- what they share -----------------------------------------------------------------------------------------------


def _some(things: Sequence[object], noun: str, named: bool = True) -> str:
    """``1 recording (a)``, ``2 recordings (a ...)``."""
    told = f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
    return f"{told} ({things[0]}{' ...' if len(things) > 1 else ''})" if named else told


def _turns(lines: Sequence[RttmLine], side: str) -> str:
    return _some(lines, f"{side} turn", named=False)


def _first_lines(side: Mapping[str, Sequence[RttmLine]], recordings: Sequence[str]) -> list[RttmLine]:
    """The first SPEAKER line of each recording."""
    return [next(line for line in side[name] if line.kind == "SPEAKER") for name in recordings]


def _span(line: RttmLine) -> Segment:
    return Segment(line.start, line.end)


def _seconds(segments: Iterable[Segment]) -> float:
    return sum(segment.duration for segment in segments)
