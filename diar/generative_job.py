"""A job that trains a network that makes images, shows what it makes after every epoch, and judges that in the end."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diar.errors import DataError
from diar.image_job import ImageJob, Trained
from diar.images.classify import from_checkpoint
from diar.images.generate import generate
from diar.images.grid import grid
from diar.images.latents import draw_latents, ways
from diar.images.nearest import nearest_images
from diar.images.sample_judge import SampleJudge, SampleOptions
from diar.images.sets import ImageSet, UInt8
from diar.io.checkpoint import read_checkpoint
from diar.io.files import read_bytes
from diar.io.images.animation import write_animation
from diar.io.images.picture import read_picture
from diar.nets.options import DeviceOptions
from diar.options import Options
from diar.report.coverage_figure import coverage_figure
from diar.training_state import Resumption

if TYPE_CHECKING:
    from diar.nets.classifier import Classifier
    from diar.nets.generative import Generative
    from diar.nets.train import Epoch, TrainingState

ANIMATION = "epochs.gif"
_PICTURE_SEED, _JUDGED_SEED = 1, 2  # of latent vectors: the same for all experiments and seeds
_EPOCH_COLUMNS, _COLUMNS, _N_PAIRS = 8, 10, 20
_SHOWN_SIZE = 32  # pixels that images are enlarged to, as far as whole factors go


class GenerativeJob(ImageJob):
    """One training of one seed, as ``ImageJob``, of a network that makes images.

    ``<output>`` gets, beside what every training leaves, ``epoch_<n>.png``: the same latent vectors after every epoch,
    ``epochs.gif`` and ``first_and_last.png`` of them, ``samples.png``, ``ways.png``: a row leads from one latent vector
    to another, ``nearest.png``: samples above the training images nearest to them, and ``coverage.png``.
    """

    keeps_state = True  # judging takes seconds, and another classifier may come
    judging = (SampleOptions,)

    def __init__(self, description: str | None, noun: str, options: Sequence[type[Options]]) -> None:
        flags = {"--judge": "model.pt of a classifier of such images, by which samples are judged; stage 1 trains it"}
        super().__init__(description, noun, (*options, SampleOptions), flags)
        self.classifier = self._read_classifier()

    def _read_classifier(self) -> Classifier:
        if not self.arguments.judge:
            raise DataError("--judge", "found none", "wanted model.pt of a classifier of such images")
        path = Path(self.arguments.judge)
        if not path.exists():
            raise DataError(path, "no such file", "wanted the classifier that judges", "run stage 1 first")
        content = read_checkpoint(path)
        classifier = from_checkpoint(content, path)
        shape, wanted = tuple(content["shape"]), self.dataset.train.shape
        if shape != wanted or content["n_classes"] != len(self.dataset.classes):
            found = f"found a classifier of {content['n_classes']} classes of {_size(shape)} images"
            raise DataError(path, found, f"wanted one of {len(self.dataset.classes)} of {_size(wanted)}")
        self.records_judging(judge=f"{zlib.crc32(read_bytes(path)):08x}")
        return classifier

    def showing(self, network: Generative, resumption: Resumption) -> Resumption:
        """``resumption`` that writes a picture after each epoch of ``network``, before its state: none is left out."""
        latents = draw_latents(_EPOCH_COLUMNS**2, network.n_latent, _PICTURE_SEED)

        def after_epoch(state: TrainingState) -> None:
            self.write_picture(_epoch_name(state.epoch), shown(generate(network, latents), _EPOCH_COLUMNS))
            if resumption.after_epoch is not None:
                resumption.after_epoch(state)

        return replace(resumption, after_epoch=after_epoch)

    def judged(
        self, network: Generative, history: Sequence[Epoch], learned: ImageSet, judged: ImageSet, title: str
    ) -> Trained:
        """What samples of a trained network are worth, and pictures of them, but for the model itself."""
        options, device = self.options(SampleOptions, DeviceOptions)
        samples = generate(network, draw_latents(options.samples, network.n_latent, _JUDGED_SEED))
        figures = SampleJudge(self.classifier, learned.images, judged.images, options, device).judge(samples)
        shares = {"samples": figures["class_shares"], "real images": figures["real"]["class_shares"]}
        plots = {"coverage": coverage_figure(shares, self.dataset.classes, f"{title} on {self.dataset.title}")}
        nearest, _ = nearest_images(samples[:_N_PAIRS], learned.images)
        ends = draw_latents(2 * _COLUMNS, network.n_latent, _PICTURE_SEED)
        on_ways = ways(ends[:_COLUMNS], ends[_COLUMNS:], _COLUMNS).reshape(-1, network.n_latent)
        pictures = {
            "samples": shown(samples[: _COLUMNS**2], _COLUMNS),
            "nearest": shown(np.concatenate([samples[:_N_PAIRS], learned.images[nearest]]), len(nearest)),
            "ways": shown(generate(network, on_ways), _COLUMNS),
            "first_and_last": self._animate(history),
        }
        return Trained({}, history, figures, plots, pictures)

    def _animate(self, history: Sequence[Epoch]) -> UInt8:
        """Write the animation of all epochs; the first and the last of them side by side."""
        names = [_epoch_name(line.epoch) for line in history if line.epoch]
        frames = [read_picture(self.output / f"{name}.png") for name in names]
        self._folder.begin()
        write_animation(self.output / ANIMATION, frames)
        return np.concatenate([frames[0], frames[-1]], axis=1)


def shown(images: UInt8, n_columns: int) -> UInt8:
    """A grid of (N, H, W, C) images, of which small ones are enlarged."""
    return grid(images, n_columns, max(1, _SHOWN_SIZE // max(images.shape[1:3])))


def _epoch_name(epoch: int) -> str:
    return f"epoch_{epoch:03d}"


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
