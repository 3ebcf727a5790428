"""What generated images are worth, by a classifier of real ones, beside what real ones are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diar.images.classify import features, scores
from diar.images.coverage import coverage
from diar.images.frechet import frechet_distance
from diar.images.nearest import nearest_images
from diar.images.sets import UInt8
from diar.nets.options import DeviceOptions
from diar.options import Options, option

if TYPE_CHECKING:
    from diar.nets.classifier import Classifier

_SEED = 20180501  # of the real images that stand in for samples: the same for all experiments and seeds
_NEAR = 0.01  # share of some judged images that are as near to a training image as what counts as near


@dataclass(frozen=True)
class SampleOptions(Options):
    """How many images are drawn to be judged. Frechet distances of other numbers are not comparable."""

    samples: int = option(10000, "images drawn to be judged", low=2)
    compared_samples: int = option(1000, "of them, those whose nearest training images are looked for", low=1)


@dataclass(frozen=True)
class SampleJudge:
    """A classifier that compares samples with real images, ``judged`` and ``trained`` ones, (N, H, W, C) uint8."""

    classifier: Classifier
    trained: UInt8
    judged: UInt8
    options: SampleOptions
    device: DeviceOptions

    def judge(self, samples: UInt8) -> dict[str, Any]:
        """Figures of (S, H, W, C) samples, plain values; ``real`` has those of real images, to be read beside them.

        Of ``diar.images.coverage`` and ``diar.images.frechet``, ``frechet`` to the judged images. The real ones are
        the judged images, but for ``frechet``: as many training images as there are samples, where there are so many,
        against the judged ones.
        """
        stand_ins = self.trained[np.sort(self._chosen(self.trained, len(samples)))]
        wanted = features(self.classifier, self.judged, self.device)
        real = self._coverage(self.judged) | {
            "frechet": frechet_distance(features(self.classifier, stand_ins, self.device), wanted),
            "n_frechet": len(stand_ins),
        }
        found = self._coverage(samples) | {
            "frechet": frechet_distance(features(self.classifier, samples, self.device), wanted),
            "n_samples": len(samples),
        }
        copies, real_copies = self._nearness(samples)
        return found | copies | {"real": real | real_copies}

    def _coverage(self, images: UInt8) -> dict[str, Any]:
        return coverage(scores(self.classifier, images, self.device))

    def _nearness(self, samples: UInt8) -> tuple[dict[str, float], dict[str, float]]:
        """How near samples, and judged images, come to training images; pixels 0 to 1.

        ``near_share`` is that of samples nearer than 1 % of one half of some judged images: copies would be, and so are
        samples that are blurred, since the mean of many images is near to each. Real ones are the other half.
        """
        n_compared = self.options.compared_samples
        _, found = nearest_images(samples[:n_compared], self.trained)
        _, real = nearest_images(self.judged[self._chosen(self.judged, 2 * n_compared)], self.trained)
        half = len(real) // 2
        near = float(np.quantile(real[:half], _NEAR))
        return (
            {**_distances(found), "near_share": float(np.mean(found < near))},
            {**_distances(real[half:]), "near_share": float(np.mean(real[half:] < near))},
        )

    @staticmethod
    def _chosen(images: UInt8, number: int) -> np.ndarray:
        return np.random.default_rng(_SEED).permutation(len(images))[:number]


def _distances(found: np.ndarray) -> dict[str, float]:
    return {"least_distance": float(found.min()), "median_distance": float(np.median(found))}
