"""A job that trains one network on a set of images, from one seed, and judges it."""

from __future__ import annotations

import json
import math
import sys
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diar import __version__, cli
from diar.images.sets import ImageSet, PartOptions, UInt8, parts
from diar.io.figure import write_png
from diar.io.images.folder import read_prepared, read_table
from diar.io.images.picture import write_picture
from diar.io.images.seed_folder import SeedFolder
from diar.nets.options import DeviceOptions
from diar.options import Options
from diar.progress import TrainingProgress
from diar.report.loss_curves import loss_figure
from diar.training_state import Resumption, history_to_json, state_from_checkpoint, state_to_checkpoint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from diar.nets.train import Epoch, TrainingState

SECONDS_A_STATE = 10.0  # from one to the next: to write a large one takes tenths


@dataclass(frozen=True)
class Trained:
    """What a training gave: a model for ``diar.io.checkpoint``, its history, figures of what it is worth, pictures."""

    model: Mapping[str, Any]
    history: Sequence[Epoch]
    figures: Mapping[str, Any]  # of result.json
    plots: Mapping[str, Figure] = field(default_factory=dict)  # <name>.png
    pictures: Mapping[str, UInt8] = field(default_factory=dict)  # (H, W, C) pixels of <name>.png


Train = Callable[[ImageSet, ImageSet, Resumption], Trained]


class ImageJob:
    """One training of one seed: ``steps/train_x.py [options] <data> <output>``.

    ``<data>`` is a prepared data set. ``<output>`` gets ``model.pt``, ``loss.json`` and ``loss.png``, pictures, and in
    the end ``result.json``: figures, options, seconds. What is there already of the same options and images stays as it
    is; a training that was killed goes on from its last state, of which one is kept after an epoch if the one before
    is ten seconds old; what was made with others is removed. Where only the judging has changed, what was trained is
    judged anew.
    """

    keeps_state = False  # that of the last epoch, from which a finished training can be judged anew
    part_options: type[PartOptions] = PartOptions
    uses_device = True  # where not, it is one thread of the CPU
    judging: tuple[type[Options], ...] = ()  # options that the figures depend on, but not the training

    def __init__(
        self,
        description: str | None,
        noun: str,
        options: Sequence[type[Options]],
        flags: Mapping[str, str] | None = None,
    ) -> None:
        """``options`` are those of the network, beside those of images and device; ``flags`` others and their help.

        One of ``options`` has a seed, which is the job's.
        """
        self.noun = noun
        self._classes = (*options, self.part_options, DeviceOptions)
        self._parser = cli.Parser(description, self._classes)
        self._parser.add_argument("data", metavar="<data>", help="prepared data set")
        self._parser.add_argument("output", metavar="<output>", help="folder to write")
        for name, text in (flags or {}).items():
            self._parser.add_flag(name, text)
        self.arguments = self._parser.parse_words(cli.command_words())
        every = self.options(*self._classes)
        (self.seed,) = (one.seed for one in every if hasattr(one, "seed"))
        self.data, self.output = Path(self.arguments.data), Path(self.arguments.output)
        self.dataset = read_prepared(self.data)
        self._choices: dict[str, str] = {}
        self._judging_choices: dict[str, str] = {}
        self._basis: dict[str, str] = {}
        self._folder: SeedFolder  # known when all choices are

    def options(self, *classes: type[Options]) -> list[Any]:
        """Options dataclasses from the flags."""
        return [self._parser.options(self.arguments, cls) for cls in classes]

    def records(self, **choices: str) -> None:
        """Note choices that the training depends on beside the options, by name."""
        self._choices.update(choices)

    def records_judging(self, **choices: str) -> None:
        """Note choices that only the figures depend on, by name."""
        self._judging_choices.update(choices)

    def begins_from(self, **checksums: str) -> None:
        """Note checksums of what the training begins from, which are another seed by seed, by name."""
        self._basis.update(checksums)

    def write_picture(self, name: str, pixels: UInt8) -> None:
        """Write (H, W, C) ``pixels`` as ``<name>.png`` while the training goes on."""
        self._folder.begin()
        write_picture(self.output / f"{name}.png", pixels)

    def run(self, train: Train) -> None:
        """Train and judge, unless that was done: ``train`` gets the images to learn from and those to be judged on."""
        learned, judged = parts(self.dataset, *self.options(self.part_options))
        device: DeviceOptions = self.options(DeviceOptions)[0]
        digest, judged_digest = self._digests(device)
        folder = self._folder = SeedFolder(self.output, self._provenance(), digest, judged_digest)
        if folder.is_done:
            print(f"{self.output}: trained already, with the same options from the same images", flush=True)
            return
        content = folder.read_state()
        state = state_from_checkpoint(content, digest)
        before = content["seconds"] if state else 0.0
        if state:
            print(f"{self.output}: going on after epoch {state.epoch} of '{state.history[-1].phase}'", flush=True)
        progress, started = TrainingProgress(f"{self.noun} of seed {self.seed}"), time.perf_counter()

        def seconds() -> float:
            return before + time.perf_counter() - started

        written = -math.inf

        def after_epoch(state: TrainingState) -> None:
            nonlocal written
            line = state.history[-1]
            if line.epoch == line.of or seconds() - written >= SECONDS_A_STATE:
                folder.write_state(state_to_checkpoint(state, digest) | {"seconds": seconds()})
                written = seconds()
            progress.show(line)

        from diar.nets.train import threads

        with threads(device.num_threads):
            try:
                trained = train(learned, judged, Resumption(state, after_epoch, progress.show_update))
            finally:
                progress.close()
        measured = {"n_train": len(learned), "n_test": len(judged), "seconds": round(seconds(), 1)}
        self._write(folder, trained, measured | {"machine": self._machine(device)})

    def _write(self, folder: SeedFolder, trained: Trained, measured: Mapping[str, Any]) -> None:
        folder.write_model(trained.model)
        lines = history_to_json(trained.history)
        folder.write_losses(lines)
        if lines:
            title = f"{self.noun} on {self.dataset.title}, seed {self.seed}"
            write_png(self.output / "loss.png", loss_figure(lines, title))
        for name, plot in trained.plots.items():
            write_png(self.output / f"{name}.png", plot)
        for name, pixels in trained.pictures.items():
            self.write_picture(name, pixels)
        about = {"seed": self.seed, "noun": self.noun, "title": self.dataset.title}
        folder.end({**measured, **about, "figures": dict(trained.figures)}, self.keeps_state)
        figures = ", ".join(f"{name} {_short(value)}" for name, value in trained.figures.items() if _is_number(value))
        print(f"{self.output}: {figures}; {measured['seconds']} s", flush=True)

    def _machine(self, options: DeviceOptions) -> str:
        """What the network is trained on."""
        import torch

        from diar.nets.train import find_device

        n_threads = options.num_threads if self.uses_device else 1
        if self.uses_device and find_device(options).type == "cuda":
            return str(torch.cuda.get_device_name())
        return f"cpu, {n_threads} thread{'s' * (n_threads > 1)}"

    def set_description(self) -> dict[str, Any]:
        """What tells the data set from others."""
        table = read_table(self.data)
        return {name: table[name] for name in ("name", "pixels", "crc32")}

    def _provenance(self) -> dict[str, Any]:
        """All that the result depends on."""
        options = {name: value for cls in self._classes for name, value in asdict(self.options(cls)[0]).items()}
        return {
            "step": Path(sys.argv[0]).name,
            "version": __version__,
            "dataset": self.set_description(),
            "options": options,
            "choices": self._choices | self._judging_choices,
            **({"basis": self._basis} if self._basis else {}),
        }

    def _digests(self, device: DeviceOptions) -> tuple[str, str]:
        """Checksums of all that the training depends on, and of all that the result does.

        On another kind of device sums are rounded otherwise.
        """
        made = self._provenance()
        del made["version"]
        made["options"]["device"] = _kind_of(device) if self.uses_device else "cpu"
        judged = crc32_of(made)
        for cls in self.judging:
            for field_ in fields(cls):
                del made["options"][field_.name]
        made["choices"] = self._choices
        return crc32_of(made), judged


def crc32_of(content: Any) -> str:
    """A checksum of plain values, in hexadecimal."""
    return f"{zlib.crc32(json.dumps(content, sort_keys=True).encode()):08x}"


def _kind_of(device: DeviceOptions) -> str:
    """What ``auto`` stands for here; torch, which takes seconds, is asked for that only."""
    if device.device != "auto":
        return device.device
    from diar.nets.train import find_device

    return find_device(device).type


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4g}"
