"""Parts of data sets: disjoint, the same for every seed, and never the test images where settings are chosen."""

from __future__ import annotations

import numpy as np
import pytest

from diar.errors import DataError
from diar.images.sets import CLASSES, DATASETS, Dataset, ImageSet, PartOptions, parts


def numbered(first: int, n: int) -> ImageSet:
    """Images that hold their number."""
    numbers = np.arange(first, first + n)
    images = np.stack([numbers // 256, numbers % 256], axis=1).astype(np.uint8).reshape(n, 1, 2, 1)
    return ImageSet(images, (numbers % 10).astype(np.uint8))


def numbers(images: ImageSet) -> list[int]:
    return (images.images[:, 0, :, 0].astype(int) @ [256, 1]).tolist()


SET = Dataset("mnist", numbered(0, 205), numbered(1000, 50))


def test_the_test_part_is_judged_after_learning_from_all() -> None:
    learned, judged = parts(SET, PartOptions())
    assert numbers(learned) == [*range(205)] and numbers(judged) == [*range(1000, 1050)]


def test_the_validation_part_is_of_the_training_images_and_not_learned_from() -> None:
    learned, judged = parts(SET, PartOptions(judged_on="validation"))
    assert sorted(numbers(learned) + numbers(judged)) == [*range(205)] and len(judged) == 20
    assert numbers(judged) == sorted(numbers(judged)) != [*range(20)]
    assert (judged.labels == np.array(numbers(judged)) % 10).all()
    assert numbers(parts(SET, PartOptions(judged_on="validation"))[1]) == numbers(judged)


@pytest.mark.parametrize("judged_on", ["test", "validation"])
def test_some_images_are_some_of_those(judged_on: str) -> None:
    whole = parts(SET, PartOptions(judged_on=judged_on))
    some = parts(SET, PartOptions(judged_on=judged_on, train_images=30, test_images=7))
    assert [len(part) for part in some] == [30, 7]
    for part, of in zip(some, whole, strict=True):
        assert set(numbers(part)) <= set(numbers(of)) and len(set(numbers(part))) == len(part)
    fewer = parts(SET, PartOptions(judged_on=judged_on, train_images=20))[0]
    assert set(numbers(fewer)) <= set(numbers(some[0])), "smaller sets are in larger ones"


def test_more_than_there_are_are_all() -> None:
    learned, judged = parts(SET, PartOptions(judged_on="validation", train_images=186, test_images=21))
    assert (len(learned), len(judged)) == (185, 20)


def test_too_few_images_are_told() -> None:
    with pytest.raises(DataError, match=r"^--test-images: found 1; wanted 2 or more, or 0 for all$"):
        PartOptions(test_images=1)
    few = Dataset("mnist", numbered(0, 15), numbered(100, 9))
    with pytest.raises(DataError, match=r"^MNIST: found 14 images to learn from and 1 to be judged on; wanted 2 or "):
        parts(few, PartOptions(judged_on="validation"))
    assert [len(part) for part in parts(few, PartOptions())] == [15, 9]


def test_every_set_has_ten_classes_and_a_title() -> None:
    assert all(len(set(CLASSES[name])) == 10 for name in DATASETS) and set(CLASSES) == set(DATASETS)
    assert SET.title == "MNIST" and Dataset("fashion", SET.train, SET.test).title == "Fashion-MNIST"
    assert Dataset("cifar10", SET.train, SET.test, "JPEG pixels").title == "CIFAR-10 (JPEG pixels)"
