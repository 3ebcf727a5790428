"""What networks see: the same as splicing and statistics of whole recordings, gathered sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diar.errors import DataError
from diar.nets.inputs import FrameInputs
from diar.nets.options import InputOptions
from diar.transforms import splice, window_statistics

LENGTHS = (50, 0, 1, 7, 33)
FRAMES = [np.random.default_rng(n).standard_normal((n, 3)).astype(np.float32) + n for n in LENGTHS]
MASKS = [np.random.default_rng(n).random(n) < 0.6 for n in LENGTHS]


def all_of(inputs: FrameInputs) -> np.ndarray:
    return inputs[torch.arange(len(inputs))].numpy()


@pytest.mark.parametrize("context", [1, 2, 5, 8, 99])
def test_inputs_are_the_speech_frames_spliced_within_their_recording(context: int) -> None:
    inputs = FrameInputs(FRAMES, MASKS, InputOptions(context))
    left = context // 2
    spliced = [splice(f, left, context - 1 - left)[m] for f, m in zip(FRAMES, MASKS, strict=True) if len(f)]
    found = all_of(inputs)
    np.testing.assert_array_equal(found, np.concatenate(spliced))
    assert found.dtype == np.float32 and found.shape == (sum(m.sum() for m in MASKS), 3 * context)
    assert (len(inputs), inputs.width) == found.shape


def test_the_frame_itself_is_in_the_middle() -> None:
    inputs = FrameInputs(FRAMES, MASKS, InputOptions(5))
    wanted = np.concatenate([f[m] for f, m in zip(FRAMES, MASKS, strict=True)])
    np.testing.assert_array_equal(all_of(inputs)[:, 6:9], wanted)


@pytest.mark.parametrize("context", [1, 4, 5, 60])
def test_statistics_are_those_of_the_window_around(context: int) -> None:
    inputs = FrameInputs(FRAMES, MASKS, InputOptions(context, "statistics"))
    wanted = [window_statistics(f, context)[m] for f, m in zip(FRAMES, MASKS, strict=True)]
    np.testing.assert_array_equal(all_of(inputs), np.concatenate(wanted))
    assert inputs.width == 6


def test_samples_come_in_the_order_asked_for() -> None:
    inputs = FrameInputs(FRAMES, MASKS, InputOptions(3))
    chosen = torch.tensor([40, 3, 3, 0, len(inputs) - 1])
    np.testing.assert_array_equal(inputs[chosen].numpy(), all_of(inputs)[chosen.numpy()])


@pytest.mark.parametrize("summary", ["none", "statistics"])
def test_there_may_be_no_frames_or_no_speech(summary: str) -> None:
    for frames, masks in ((FRAMES, [np.zeros(n, dtype=bool) for n in LENGTHS]), ([FRAMES[1]], [MASKS[1]])):
        inputs = FrameInputs(frames, masks, InputOptions(4, summary))
        assert all_of(inputs).shape == (0, inputs.width) and inputs.width == (12 if summary == "none" else 6)
        mean, deviation = inputs.moments()
        assert mean.tolist() == [0.0] * inputs.width and deviation.tolist() == [1.0] * inputs.width


def test_moments_are_those_of_all_samples() -> None:
    """More than are summed at once, far from zero."""
    rng = np.random.default_rng(0)
    frames = (rng.standard_normal((9000, 2)) * [1e-2, 30.0] + [1e3, -5.0]).astype(np.float32)
    frames[:, 1] += np.arange(9000) / 100
    mask = rng.random(9000) < 0.95
    mean, deviation = FrameInputs([frames], [mask], InputOptions(2)).moments()
    wanted = splice(frames, 1, 0)[mask].astype(np.float64)
    assert mask.sum() > 8192 and mean.dtype == deviation.dtype == torch.float32
    np.testing.assert_allclose(mean.numpy(), wanted.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(deviation.numpy(), wanted.std(axis=0), rtol=1e-5)


def test_a_constant_has_a_deviation_of_one() -> None:
    frames = np.column_stack([np.full(20, 7.25), np.arange(20)]).astype(np.float32)
    mean, deviation = FrameInputs([frames], [np.ones(20, dtype=bool)], InputOptions(1)).moments()
    assert (mean[0], deviation[0]) == (7.25, 1.0) and deviation[1] == pytest.approx(np.arange(20).std())


def test_frames_and_speech_of_different_lengths_are_a_bug() -> None:
    with pytest.raises(AssertionError):
        FrameInputs([FRAMES[0]], [MASKS[0][1:]], InputOptions())


@pytest.mark.parametrize("values", [{"context": 0}, {"context": 1000}, {"summary": "median"}], ids=str)
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="^--(context|summary): found"):
        InputOptions(**values)
