"""Contents of report pages for tests: small ones that are known to the second, and long ones."""

from __future__ import annotations

import io
import wave

import numpy as np

from diar.report.content import (
    Audio,
    MergeCurve,
    Note,
    Provenance,
    RecordingContent,
    VadFigures,
)
from diar.score import ScoreOptions, score_recording
from diar.score_errors import ErrorSegment
from diar.segments import Segment, Turn, union

# from 6 to 8 confused, from 8 to 9 false alarm, from 14 to 16 missed
REFERENCE = (Turn(0, 5, "A"), Turn(5, 8, "B"), Turn(10, 16, "A"), Turn(16, 20, "B"))
HYPOTHESIS = (
    Turn(0, 5, "spk1", 0.95), Turn(5, 6, "spk2", 0.9), Turn(6, 9, "spk1", 0.3), Turn(10, 14, "spk1", 0.8),
    Turn(16, 20, "spk2", 0.6),
)  # fmt: skip
MAPPING = {"A": "spk1", "B": "spk2"}
ERRORS = (
    ErrorSegment(Segment(6, 8), "confusion", ("B",), ("spk1",)),
    ErrorSegment(Segment(8, 9), "false_alarm", (), ("spk1",)),
    ErrorSegment(Segment(14, 16), "miss", ("A",), ()),
)


def small(**others: object) -> RecordingContent:
    """20 of 24 seconds are scored; ``others`` replace parts."""
    score = score_recording("r1", REFERENCE, HYPOTHESIS, [Segment(0, 20)], ScoreOptions(collar=0.0))
    parts = {
        "recording": "r1", "duration": 24.0, "hypothesis": HYPOTHESIS, "reference": REFERENCE, "mapping": MAPPING,
        "errors": ERRORS, "scored": (Segment(0, 20),), "score": score, "condition": "collar=0 overlap=skipped",
        "vad": VadFigures(tuple(union(HYPOTHESIS)), 12.5, 6.25),
        "notes": (Note(Segment(6, 9), "low confidence", "0.30"),),
        "curves": (MergeCurve("NMI", (4, 3, 2, 1), (0.8, 0.7, 0.5, 0.0), 2),),
        "provenance": Provenance(
            settings={"vad": {"vad": "energy", "threshold": 0.5}}, versions={"diar": "1.0"}, timings={"vad": 1.25}
        ),
    }  # fmt: skip
    return RecordingContent(**(parts | others))


def tone(seconds: float, rate: int = 8000) -> Audio:
    """A WAV of a tone, 200 Hz higher each second."""
    time = np.arange(int(seconds * rate)) / rate
    samples = np.round(8000 * np.sin(2 * np.pi * (200 + 200 * (np.floor(time) % 10)) * time)).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return Audio("audio/wav", stream.getvalue())


def meeting(n_turns: int, duration: float, n_speakers: int = 6, seed: int = 0) -> RecordingContent:
    """A meeting of ``n_turns`` turns with as many in the reference, and errors where they differ."""
    random = np.random.default_rng(seed)
    bounds = np.sort(random.uniform(0, duration, n_turns + 1))
    weights = 1 / np.arange(1, n_speakers + 1)
    spoken = random.choice(n_speakers, n_turns, p=weights / weights.sum())
    hypothesis, reference, errors = [], [], []
    for start, end, speaker in zip(bounds, bounds[1:], spoken, strict=False):
        middle = start + (end - start) * 0.92
        kind = random.choice(["right", "miss", "false_alarm", "confusion"], p=[0.8, 0.07, 0.06, 0.07])
        guess = (speaker + 1) % n_speakers if kind == "confusion" else speaker
        names = f"S{speaker}", f"spk{guess + 1}"
        if kind != "false_alarm":
            reference.append(Turn(start, middle, names[0]))
        if kind != "miss":
            hypothesis.append(Turn(start, middle, names[1], float(random.beta(6, 1.5))))
        if kind != "right":
            who = ((names[0],) if kind != "false_alarm" else (), (names[1],) if kind != "miss" else ())
            errors.append(ErrorSegment(Segment(start, middle), str(kind), *who))
    counts = tuple(range(20, 0, -1))
    nmi = tuple(round(1 - 0.9 * (1 - n / 20) ** 2.2, 4) if n > 1 else 0.0 for n in counts)
    gains = tuple(900 - 90 * (20 - n) + 1200 / (21 - n) for n in counts[:-1])
    regions = (Segment(duration * 0.03, duration * 0.97),)
    mapping = {f"S{n}": f"spk{n + 1}" for n in range(n_speakers)}
    low = [turn for turn in hypothesis if turn.confidence < 0.5]
    return small(
        recording="meeting_20260318-1400", duration=duration, hypothesis=tuple(hypothesis),
        reference=tuple(reference), mapping=mapping, errors=tuple(errors), scored=regions,
        score=score_recording("m", reference, hypothesis, regions, ScoreOptions()),
        condition="collar=0.25 overlap=skipped uem=all.uem vad=energy",
        vad=VadFigures(tuple(union(hypothesis, 0.3)), 3.2, 4.1),
        notes=tuple(Note(Segment(t.start, t.end), "low confidence", f"{t.confidence:.2f}") for t in low),
        curves=(MergeCurve("NMI", counts, nmi, n_speakers), MergeCurve("delta-BIC", counts[:-1], gains, n_speakers)),
    )  # fmt: skip
