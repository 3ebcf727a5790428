"""Turns as other toolkits hold them: pyannote.core's Annotation, lhotse's supervisions and Kaldi's tables.

lhotse and Kaldi need not be installed: what they take and give are plain dictionaries. Supervisions have the fields of
lhotse's ``SupervisionSegment.to_dict()`` (https://lhotse.readthedocs.io/en/latest/corpus.html#supervision-manifest),
and ``SupervisionSegment.from_dict`` takes them. Kaldi's tables are ``segments``, ``utt2spk`` and ``spk2utt``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from diar.errors import DataError
from diar.io.turn_formats.kaldi import from_kaldi, to_kaldi
from diar.io.turn_formats.turn import checked_name, checked_turn
from diar.segments import Turn

if TYPE_CHECKING:
    from pyannote.core import Annotation

__all__ = ["from_annotation", "from_kaldi", "from_supervisions", "to_annotation", "to_kaldi", "to_supervisions"]

_DECIMALS = 8  # to which lhotse rounds times


def to_annotation(turns: Iterable[Turn], uri: str | None = None) -> Annotation:
    """The turns of recording ``uri``, each a track of its own. Annotations have no confidence."""
    from pyannote.core import Annotation, Segment

    annotation = Annotation(uri=uri)
    for track, turn in enumerate(sorted(turns)):
        annotation[Segment(turn.start, turn.end), track] = turn.speaker
    return annotation


def from_annotation(annotation: Annotation) -> list[Turn]:
    """The tracks of an annotation, sorted; labels that are no text, as numbers, become text.

    Raises:
        DataError: a label is blank, or a track begins before 0.
    """
    place = f"annotation '{annotation.uri}'"
    tracks = annotation.itertracks(yield_label=True)
    return sorted(checked_turn(place, segment.start, segment.end, str(label)) for segment, _, label in tracks)


def to_supervisions(turns: Mapping[str, Sequence[Turn]], channel: int = 0) -> list[dict[str, Any]]:
    """A supervision a turn, called ``<recording>-<number>``; a confidence that is known is in ``custom``."""
    return [
        _supervision(turn, recording, f"{recording}-{number:05d}", channel)
        for recording, spoken in turns.items()
        for number, turn in enumerate(sorted(spoken))
    ]


def _supervision(turn: Turn, recording: str, name: str, channel: int) -> dict[str, Any]:
    supervision = {
        "id": name,
        "recording_id": recording,
        "start": round(turn.start, _DECIMALS),
        "duration": round(turn.duration, _DECIMALS),
        "channel": channel,
        "speaker": turn.speaker,
    }
    return supervision if math.isnan(turn.confidence) else supervision | {"custom": {"confidence": turn.confidence}}


def from_supervisions(supervisions: Iterable[Mapping[str, Any]]) -> dict[str, list[Turn]]:
    """The turns of each recording, sorted, of all its channels; words and other fields are passed over.

    Raises:
        DataError: a supervision without recording, times or speaker.
    """
    turns: dict[str, list[Turn]] = {}
    for supervision in supervisions:
        place = f"supervision '{supervision.get('id')}'"
        for key in ("recording_id", "start", "duration", "speaker"):
            if supervision.get(key) is None:
                raise DataError(place, f"has no '{key}'", "wanted a supervision with its speaker")
        start, duration = supervision["start"], supervision["duration"]
        try:
            end = round(start + duration, _DECIMALS)
        except TypeError:
            raise DataError(place, f"found times '{start} {duration}'", "wanted seconds") from None
        confidence = (supervision.get("custom") or {}).get("confidence")
        turn = checked_turn(place, start, end, supervision["speaker"], confidence)
        turns.setdefault(checked_name(place, supervision["recording_id"], "recording"), []).append(turn)
    return {recording: sorted(spoken) for recording, spoken in turns.items()}
