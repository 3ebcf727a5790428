"""Updates that a GPU replays, against the same asked for one by one; those of a CPU are tests/nets/test_train.py's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from image_sets import blots

from diar.images.cluster import ImageInput, TrainedDec, pretrain, train_dec
from diar.nets.cluster_options import FcSaeOptions, ImageDecOptions, ImageSaeOptions
from diar.nets.optimizer import make_optimizer
from diar.nets.options import DeviceOptions
from diar.nets.train import Epoch, Phase
from diar.nets.updates import ReplayedUpdates, Updates, updates_of

IMAGES = blots(200, 1).images
SAE = FcSaeOptions(hidden="40-20", bottleneck=4, batch_size=16, pretrain_epochs=2, finetune_epochs=3)
SAE = replace(SAE, optimizer="sgd", learning_rate=0.1)
DEC = ImageDecOptions(n_clusters=4, batch_size=16, update_interval=30, max_intervals=4, label_tolerance=0.0)
CUDA = DeviceOptions(device="cuda")
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")


class Line(Phase):
    """The mean of numbers, by a parameter."""

    def __init__(self, device: str = "cpu", is_replayable: bool = True) -> None:
        self.values = torch.arange(40.0, device=device)
        self.at = torch.nn.Parameter(torch.zeros((), device=device))
        self.is_replayable = is_replayable
        super().__init__("line", [self.at], 40, 1)

    def losses(self, samples: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": (self.values[samples.to(self.values.device)] - self.at).square().mean()}


def updates(phase: Phase, options: ImageSaeOptions = SAE) -> Updates:
    return updates_of(phase, make_optimizer(phase.groups(), options), options.batch_size)


def test_nothing_is_replayed_on_a_cpu() -> None:
    assert type(updates(Line())) is Updates


@on_gpu
@pytest.mark.parametrize(("is_replayable", "fused"), [(False, True), (True, False)])
def test_what_cannot_be_recorded_is_not(is_replayable: bool, fused: bool) -> None:
    assert type(updates(Line("cuda", is_replayable), replace(SAE, fused=fused))) is Updates


@on_gpu
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_replayed_update_has_the_samples_and_the_rate_of_now(optimizer: str) -> None:
    options = replace(SAE, optimizer=optimizer, batch_size=4)
    replayed, asked = Line("cuda"), Line("cuda", is_replayable=False)
    one, other = updates(replayed, options), updates(asked, options)
    assert type(one) is ReplayedUpdates and type(other) is Updates
    rng = np.random.default_rng(0)
    kept = []
    for number in range(40):
        size = 4 if number % 7 else 3  # the end of an epoch
        samples, rate = torch.from_numpy(rng.integers(0, 40, size)), 0.002 * (number % 5)
        found, wanted = one(samples, rate), other(samples, rate)
        kept.append((found["loss"], wanted["loss"]))
        torch.testing.assert_close(replayed.at, asked.at)
    for found, wanted in kept:  # of their own, not those of the last update
        torch.testing.assert_close(found, wanted)


def trained(monkeypatch: pytest.MonkeyPatch, replays: bool, kind: str) -> tuple[list[Epoch], TrainedDec]:
    """A pretraining with dropout and a clustering of more than one target distribution."""
    n_replays = []
    with monkeypatch.context() as patch:
        if replays:
            replay = torch.cuda.CUDAGraph.replay
            patch.setattr(torch.cuda.CUDAGraph, "replay", lambda graph: (n_replays.append(1), replay(graph))[1])
        else:
            patch.setattr("diar.nets.updates._LEAST_TORCH", "999")
        inputs = ImageInput().of(IMAGES, "fc", SAE, CUDA)
        network, history = pretrain(inputs, SAE, CUDA)
        found = train_dec(network, kind, inputs, DEC, CUDA)
    assert (len(n_replays) > 100) == replays
    return history, found


@on_gpu
@pytest.mark.parametrize("kind", ["dec", "idec"])
def test_a_replayed_training_is_that_of_updates_asked_for_one_by_one(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # an epoch is 12 updates of 16 and one of 8; a wrong batch, rate, dropout or target distribution would show
    one, other = (trained(monkeypatch, replays, kind) for replays in (True, False))
    for found, wanted in zip([*one[0], *one[1].history], [*other[0], *other[1].history], strict=True):
        assert (found.phase, found.epoch, found.of) == (wanted.phase, wanted.epoch, wanted.of)
        assert found.losses == pytest.approx(wanted.losses, rel=1e-3, abs=1e-6)
    np.testing.assert_allclose(one[1].after.codes, other[1].after.codes, rtol=1e-2, atol=1e-3)
    assert one[1].n_intervals == other[1].n_intervals > 1
