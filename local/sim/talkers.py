"""The people of a meeting: readers of recorded speech, or synthetic voices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from conversation import ConversationOptions
from numpy.typing import NDArray

from diar.errors import DataError

Float32 = NDArray[np.float32]


class Talker(Protocol):
    """Someone who can fill turns with speech."""

    @property
    def name(self) -> str:
        """The speaker's name in the reference."""

    @property
    def level(self) -> float:
        """Level relative to the other talkers, dB."""

    def say(self, n_samples: int) -> Float32:
        """The next speech, of at most ``n_samples``; it begins and ends with a sound."""


def draw_readers(
    n_speakers: int,
    readers: Mapping[str, list[Path]],
    sample_rate: int,
    rng: np.random.Generator,
    session: tuple[int, int] = (0, 1),
) -> list[Talker]:
    """Different readers drawn at random.

    The same ``rng`` gives the same readers in every session, k of n, who then read something else.
    """
    from utterances import Reader

    names = sorted(readers)
    drawn = [names[k] for k in rng.permutation(len(names))[:n_speakers]]
    rngs = rng.spawn(n_speakers)
    return [Reader(name, readers[name], sample_rate, own, session) for name, own in zip(drawn, rngs, strict=True)]


def draw_synthetic_talkers(
    n_speakers: int, sample_rate: int, rng: np.random.Generator, session: tuple[int, int] = (0, 1)
) -> list[Talker]:
    """Synthetic voices, women's called f1, f2, ... and men's m1, m2, ...; sessions as in ``draw_readers``."""
    from synthesiser import SyntheticTalker
    from voice import LEVEL_SPREAD, draw_voices

    talkers: list[Talker] = []
    count = {"f": 0, "m": 0}
    for (female, voice), own in zip(draw_voices(n_speakers, rng), rng.spawn(n_speakers), strict=True):
        sex = "f" if female else "m"
        count[sex] += 1
        if session[0]:
            own = own.spawn(session[0])[-1]
            voice = replace(voice, level=float(own.normal(0.0, LEVEL_SPREAD)))
        talkers.append(SyntheticTalker(f"{sex}{count[sex]}", voice, sample_rate, own))
    return talkers


def find_enough_readers(folder: str, conversation: ConversationOptions) -> dict[str, list[Path]]:
    """The readers of ``folder``; nobody without a folder.

    Raises:
        DataError: there are fewer than a meeting may want.
    """
    if not folder:
        return {}
    from utterances import find_readers

    readers = find_readers(Path(folder))
    most = conversation.speaker_range[1]
    if len(readers) < most:
        found = f"asked for up to {most} speakers, found {len(readers)} in {folder}"
        raise DataError("--num-speakers", found, advice="ask for fewer")
    return readers
