"""The AMI corpus and its diarization setup, made up: folders, names and ids as the real ones have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from recipe_tree import Turns, rttm, write_audio

ARRAY = tuple(f"Array1-{number:02d}" for number in range(1, 9))
HEADSETS = tuple(f"Headset-{number}" for number in range(4))
RATE = 8000


class FakeAmi:
    """``amicorpus`` and ``AMI-diarization-setup`` below ``root``, made meeting by meeting."""

    def __init__(self, root: Path) -> None:
        self.corpus, self.setup = root / "amicorpus", root / "AMI-diarization-setup"
        self.corpus.mkdir(parents=True)
        for part in ("dev", "test", "train"):
            for folder in (self.setup / "only_words" / "rttms" / part, self.setup / "uems" / part):
                folder.mkdir(parents=True)
            self.list(part).parent.mkdir(exist_ok=True)
            self.list(part).write_text("")

    def list(self, part: str) -> Path:
        return self.setup / "lists" / f"{part}.meetings.txt"

    def rttm(self, meeting: str, part: str = "dev") -> Path:
        return self.setup / "only_words" / "rttms" / part / f"{meeting}.rttm"

    def uem(self, meeting: str, part: str = "dev") -> Path:
        return self.setup / "uems" / part / f"{meeting}.uem"

    def audio(self, meeting: str, microphone: str) -> Path:
        return self.corpus / meeting / "audio" / f"{meeting}.{microphone}.wav"

    def add(self, meeting: str, microphones: Mapping[str, NDArray], turns: Turns, part: str = "dev", tail: str = "",
            rate: int = RATE) -> None:  # fmt: skip
        """A meeting with the signal of each microphone; ``tail`` is put behind its name in RTTM and UEM."""
        for name, signal in microphones.items():
            write_audio(self.audio(meeting, name), signal, rate)
        with self.list(part).open("a") as listed:
            listed.write(f"{meeting}\n")
        self.rttm(meeting, part).write_text(rttm(meeting + tail, turns))
        end = max(len(signal) for signal in microphones.values()) / rate if microphones else 1.0
        self.uem(meeting, part).write_text(f"{meeting}{tail} 1 0.000 {end:.6f}\n")

    def add_small(self, meetings: Sequence[str], microphones: Sequence[str], part: str = "dev", tail: str = "") -> None:
        """Meetings of a second, in which four speakers take turns."""
        turns = [(0.2 * k + 0.1, 0.2 * k + 0.3, f"FEE04{k}") for k in range(4)]
        for number, meeting in enumerate(meetings):
            rng = np.random.default_rng(number)
            signals = {name: 0.1 * rng.standard_normal(RATE) for name in microphones}
            self.add(meeting, signals, turns, part, tail)
