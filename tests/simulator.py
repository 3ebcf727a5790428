"""The simulator of meetings (local/sim) for tests: its modules, its program, and what its audio is measured with."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
from oracles import total

from diar.segments import Turn

SIM = Path(__file__).parents[1] / "local" / "sim"
sys.path.append(str(SIM))

def _program():
    spec = importlib.util.spec_from_file_location("sim_prepare_data", SIM / "prepare_data.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


program = _program()


def overlap_share(turns: list[Turn]) -> float:
    return (sum(turn.duration for turn in turns) - total(turns)) / total(turns)


def levels(signal: np.ndarray, rate: int) -> np.ndarray:
    """Mean square of each millisecond."""
    hop = rate // 1000
    return np.square(signal[: len(signal) // hop * hop], dtype=np.float64).reshape(-1, hop).mean(axis=1)


def assert_filled(levels: np.ndarray, turns: list[Turn], max_pause: float, floor: float) -> None:
    """Nothing sounds outside the turns, and within them no pause is longer than ``max_pause`` seconds."""
    inside = np.zeros(len(levels), dtype=bool)
    for turn in turns:
        inside[round(1000 * turn.start) : round(1000 * turn.end)] = True
    loud = np.mean(levels[inside])
    assert levels[~inside].max() < floor * loud
    for turn in turns:
        sounding = np.flatnonzero(levels[round(1000 * turn.start) : round(1000 * turn.end)] > 1e-4 * loud)
        edges = np.concatenate([[0], sounding, [round(1000 * turn.duration)]])
        assert np.diff(edges).max() <= 1000 * max_pause + 30, turn
        assert edges[1] <= 40, turn


def lag(later: np.ndarray, earlier: np.ndarray) -> int:
    """How many samples one signal comes after the other, by the phase alone."""
    product = np.fft.rfft(later) * np.fft.rfft(earlier).conj()
    lag = int(np.argmax(np.fft.irfft(product / np.maximum(np.abs(product), 1e-12), len(later))))
    return lag if lag < len(later) // 2 else lag - len(later)


def tone(seconds: float, hertz: float) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 8000)) / 8000)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 8000))
