"""Each reference speaker's own score: how much of its speech was found, and as whom."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from diar.score import RecordingScore
from diar.score_errors import CONFUSION, MISS, error_segments, intervals
from diar.score_input import ScoreInput, ScoreOptions


@dataclass(frozen=True)
class SpeakerScore:
    """One reference speaker of one recording; times in scored seconds. ``guess`` is empty where none is mapped.

    ``seconds`` is 0 where collars and overlap leave nothing of the speaker, whose share found is nan then.
    """

    recording: str
    speaker: str
    guess: str
    seconds: float
    missed: float
    confused: float

    @property
    def found(self) -> float:
        """The share given to the mapped hypothesis speaker, in percent."""
        return 100 * (1 - (self.missed + self.confused) / self.seconds) if self.seconds > 0 else math.nan


def speaker_scores(given: ScoreInput, score: RecordingScore, options: ScoreOptions | None = None) -> list[SpeakerScore]:
    """The scores of a recording's reference speakers, most scored time first.

    ``score`` is that of ``given`` under the same options. Seconds, missed and confused time sum to the score's scored
    speaker time, missed and error time.
    """
    regions = given.scored(options or ScoreOptions())
    seconds = {turn.speaker: 0.0 for turn in given.reference}
    for segment, speakers, _ in intervals(regions, given.reference, given.hypothesis):
        for speaker in speakers:
            seconds[speaker] += segment.duration
    wrong: dict[tuple[str, str], float] = defaultdict(float)
    for error in error_segments(given.reference, given.hypothesis, regions, score.mapping):
        for speaker in error.speakers:
            wrong[speaker, error.kind] += error.segment.duration
    rows = [
        SpeakerScore(
            given.recording,
            speaker,
            score.mapping.get(speaker, ""),
            duration,
            wrong[speaker, MISS],
            wrong[speaker, CONFUSION],
        )
        for speaker, duration in seconds.items()
    ]
    return sorted(rows, key=lambda row: (-row.seconds, row.speaker.encode()))
