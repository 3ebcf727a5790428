"""Classifiers trained, judged, kept and read again."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from image_sets import blots

from diar.errors import DataError
from diar.images.classify import NETS, features, from_checkpoint, judge, scores, to_checkpoint, train_classifier
from diar.io.checkpoint import read_checkpoint, write_checkpoint
from diar.nets.image_options import AugmentOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption

TRAIN, TEST = blots(120, 1), blots(60, 2)
DEVICE = DeviceOptions(num_threads=1)
AUGMENT = AugmentOptions(shift=1)
OPTIONS = {
    "basic": NETS["basic"](epochs=6, batch_size=16, learning_rate=5e-3),
    "resnet": NETS["resnet"](epochs=4, batch_size=16, widths="8-8-16", learning_rate=0.2),
}


@pytest.mark.parametrize("net", NETS)
def test_what_was_learned_is_kept(tmp_path: Path, net: str) -> None:
    network, history = train_classifier(TRAIN, 4, OPTIONS[net], AUGMENT, DEVICE)
    found = scores(network, TEST.images, DEVICE)
    figures = judge(found, TEST.labels)
    assert figures["accuracy"] == np.mean(found.argmax(axis=1) == TEST.labels) > 0.8
    assert np.sum(figures["confusion"]) == 60 and len(figures["accuracy_by_class"]) == 4
    assert len(history) == OPTIONS[net].epochs + 1
    write_checkpoint(tmp_path / "m.pt", to_checkpoint(network, net, TRAIN.shape, OPTIONS[net]))
    again = from_checkpoint(read_checkpoint(tmp_path / "m.pt"), "m.pt")
    np.testing.assert_array_equal(scores(again, TEST.images, DEVICE), found)
    penultimate = features(again, TEST.images, DEVICE)
    assert penultimate.shape == (60, network.classes.in_features) and penultimate.dtype == np.float32


@pytest.mark.parametrize("net", NETS)
def test_a_training_goes_on_as_if_it_had_not_stopped(net: str) -> None:
    states = []
    resumption = Resumption(None, lambda state: states.append(copy.deepcopy(state)))
    whole, history = train_classifier(TRAIN, 4, OPTIONS[net], AugmentOptions("alternating", 1), DEVICE, resumption)
    for state in states[:-1:2]:
        rest, told = train_classifier(
            TRAIN, 4, OPTIONS[net], AugmentOptions("alternating", 1), DEVICE, Resumption(state)
        )
        assert told == history
        for name, value in whole.state_dict().items():
            assert value.numpy().tobytes() == rest.state_dict()[name].numpy().tobytes(), name


def test_classes_without_images_have_no_accuracy() -> None:
    figures = judge(np.eye(3, dtype=np.float32)[[0, 1, 1]], np.array([0, 0, 1], np.uint8))
    assert figures["accuracy_by_class"] == [0.5, 1.0, None]


def test_other_models_are_told() -> None:
    network, _ = train_classifier(TRAIN, 4, NETS["basic"](epochs=1), AUGMENT, DEVICE)
    content = to_checkpoint(network, "basic", TRAIN.shape, NETS["basic"]())
    for change in ({"net": "other"}, {"shape": [28, 28, 3]}, {"weights": {}}, {"options": {"x": 1}}, {"n_classes": 5}):
        with pytest.raises(DataError, match=r"^m\.pt: not a classifier \(.*\); train it again$"):
            from_checkpoint(content | change, "m.pt")
    with pytest.raises(DataError, match=r"^m\.pt: found format 2; wanted 1; train it again$"):
        from_checkpoint(content | {"format": 2}, "m.pt")
