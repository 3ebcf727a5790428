"""What is scored: both sides of each recording, the time in which they are compared, and where they do not match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diar.errors import DataError
from diar.io.rttm import RttmLine, speaker_turns
from diar.options import Options, option
from diar.regions import Exclusions, evaluated_regions, extent, scored_regions
from diar.segments import Segment, Turn


@dataclass(frozen=True)
class ScoreOptions(Options):
    """The condition under which errors are counted; the defaults are those of NIST's RT evaluations."""

    collar: float = option(
        0.25, "time not scored to each side of a reference turn's start and end", unit="seconds", low=0
    )
    skip_overlap: bool = option(True, "do not score time in which two or more reference turns overlap")


@dataclass(frozen=True)
class ScoreInput:
    """One recording: true turns, turns to judge, the regions to evaluate, and what the reference excludes of them."""

    recording: str
    reference: Sequence[Turn]
    hypothesis: Sequence[Turn]
    uem: Sequence[Segment]
    exclusions: Exclusions = field(default_factory=Exclusions)

    @property
    def evaluated(self) -> list[Segment]:
        """The time in which speakers are mapped."""
        return evaluated_regions(self.uem, self.exclusions)

    def scored(self, options: ScoreOptions) -> list[Segment]:
        """The time in which errors are counted."""
        return scored_regions(self.evaluated, self.reference, self.exclusions, options.collar, options.skip_overlap)


def score_inputs(
    reference: Iterable[RttmLine],
    hypothesis: Iterable[RttmLine],
    uem: Mapping[str, Sequence[Segment]] | None = None,
) -> list[ScoreInput]:
    """Every recording that has SPEAKER lines in the reference, sorted by name.

    One that the UEM does not name is evaluated from its first to its last event, as if there were no UEM.

    Raises:
        DataError: the reference has no SPEAKER line.
    """
    truth, guesses = by_recording(reference), speaker_turns(hypothesis)
    if not truth:
        raise DataError("reference", "no SPEAKER line", "wanted the turns of at least one recording")
    return [
        ScoreInput(
            recording,
            speaker_turns(truth[recording])[recording],
            guesses.get(recording, []),
            uem[recording] if uem is not None and recording in uem else extent(truth[recording]),
            Exclusions.of_reference(truth[recording]),
        )
        for recording in sorted(truth, key=str.encode)
    ]


def by_recording(lines: Iterable[RttmLine]) -> dict[str, list[RttmLine]]:
    """The lines of each recording that has SPEAKER lines."""
    grouped: dict[str, list[RttmLine]] = {}
    for line in lines:
        grouped.setdefault(line.recording, []).append(line)
    return {name: group for name, group in grouped.items() if any(line.kind == "SPEAKER" for line in group)}


def channels(lines: Sequence[RttmLine]) -> set[str]:
    """The channels that speakers are on."""
    return {line.channel.lower() for line in lines if line.kind == "SPEAKER"}


def remarks(
    reference: Iterable[RttmLine],
    hypothesis: Iterable[RttmLine],
    uem: Mapping[str, Sequence[Segment]] | None = None,
) -> Iterator[str]:
    """What a reader of the scores must know: recordings that do not match up, and where md-eval would differ."""
    truth, found = by_recording(reference), by_recording(hypothesis)
    yield from _listed("no hypothesis, counted as all missed", set(truth) - set(found))
    yield from _listed("in the hypothesis but not in the reference, ignored", set(found) - set(truth))
    lower = {name.lower() for name in set(truth) - set(found)}
    same = {name for name in set(found) - set(truth) if name.lower() in lower}
    yield from _listed("names that differ from the reference's only in case", same)
    if uem is not None:
        yield from _listed("in the UEM but not in the reference, ignored", set(uem) - set(truth))
        no_regions = "not in the UEM, evaluated from the first to the last event of the reference"
        yield from _listed(no_regions, set(truth) - set(uem))
        dotted = {name for name in truth if "." in name and name in uem}
        yield from _listed("dot in the name, md-eval would not find the UEM's regions", dotted)
    for recording in sorted(set(truth) & set(found), key=str.encode):
        wanted, got = channels(truth[recording]), channels(found[recording])
        if wanted != got or len(wanted) > 1:
            told = f"channel {'+'.join(sorted(wanted))} in the reference and {'+'.join(sorted(got))} in the hypothesis"
            yield f"{told}, scored as one; md-eval would score each apart, unmatched ones as all missed: {recording}"


def reference_of(reference: list[RttmLine] | None, recordings: set[str]) -> tuple[list[RttmLine] | None, str]:
    """The lines of those ``recordings``, None where there are none, and a warning of what is left out, if any is.

    Raises:
        DataError: the reference has no SPEAKER line.
    """
    if reference is None:
        return None, ""
    truth = set(by_recording(reference))
    if not truth:
        raise DataError("reference", "no SPEAKER line", "wanted the turns of at least one recording")
    kept = [line for line in reference if line.recording in recordings]
    told = "; ".join(_listed("not in the hypothesis, and so not shown", truth - recordings))
    return (kept, told) if truth & recordings else (None, foreign_names(truth, recordings))


def foreign_names(truth: Iterable[str], names: Iterable[str]) -> str:
    """That none of the recordings ``names`` is of the reference's ``truth``; empty where one is, or there are none."""
    wanted, got = (sorted(set(side), key=str.encode) for side in (truth, names))
    if not wanted or not got or set(wanted) & set(got):
        return ""
    shown = [" ".join(side[:3]) + " ..." * (len(side) > 3) for side in (got, wanted)]
    case = "; names differ only in case" if {*map(str.lower, wanted)} & {*map(str.lower, got)} else ""
    return f"no recording in common with the reference: found {shown[0]}; wanted {shown[1]}{case}"


def _listed(remark: str, recordings: set[str]) -> Iterator[str]:
    if recordings:
        yield f"{remark}: {' '.join(sorted(recordings, key=str.encode))}"
