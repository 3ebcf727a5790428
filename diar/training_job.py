"""A job that trains networks: of all recordings together or of each alone, going on where an earlier one was killed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diar import cli
from diar.embed import EmbeddingModel, Speech, joined
from diar.errors import DataError
from diar.front_end import speech_mask
from diar.io.ark import ArchiveFolder
from diar.io.checkpoint import link_model, model_path, read_checkpoint_if_whole, write_checkpoint
from diar.io.figure import write_png
from diar.io.files import write_json
from diar.job import Job
from diar.options import Options
from diar.progress import TrainingProgress
from diar.report.loss_curves import loss_figure
from diar.training_state import Resumption, history_to_json, state_from_checkpoint, state_to_checkpoint

if TYPE_CHECKING:
    from diar.nets.train import Epoch, TrainingState

_JOINT = "joint.model"  # ends differently from <recording>.pt, so that no recording's name can be in its way

Train = Callable[[str, Speech, Resumption], "tuple[EmbeddingModel, list[Epoch]]"]


class TrainingJob(Job):
    """A stage whose output is a model a recording: ``<recording>.pt``, links to one file where all share it.

    Beside each model stand its losses, ``.loss.json`` and ``.loss.png``; while it is trained, ``.state``.
    """

    def __init__(
        self,
        description: str | None,
        noun: str,
        inputs: Sequence[str],
        options: Sequence[type[Options]],
        flags: Mapping[str, str] | None = None,
        others: Sequence[type[Options]] = (),
    ) -> None:
        flags = {"--per-recording": "true: a model of each recording alone; false: one of all"} | dict(flags or {})
        super().__init__(description, noun, inputs, options, flags, others)
        choice = self.arguments.per_recording or "false"
        if choice not in ("true", "false"):
            raise DataError("--per-recording", f"found '{choice}'", "wanted true or false")
        self.per_recording = choice == "true"
        self.records(per_recording=choice)

    def each_model(
        self, feats: ArchiveFolder, vad: ArchiveFolder, train: Train, basis: Callable[[str], str] = lambda _: ""
    ) -> None:
        """Train the models from the speech of ``feats``; ``train`` gets a recording that the model is applied to.

        What is there already of the same options, the same speech and the same ``basis``, a checksum of the model that
        a training starts from, stays as it is.
        """
        self._basis = basis
        if self.per_recording or self.arguments.prepare:
            self.each_recording(lambda recording: self._train_alone(recording, feats, vad, train))
            return
        if self._share[1] != 1:
            raise DataError("--share", f"found {self.arguments.share}", "wanted 1/1: all train one model")
        known, failures = self._readable(feats, vad)
        if not known:
            first = next(iter(failures.values()))
            raise DataError(feats.path, f"no recording to learn from, since of the first: {first}")

        def train_joint() -> None:
            self._train(next(iter(known)), self.output / _JOINT, joined(known.values()), train)

        def link(recording: str) -> None:
            model_path(self.output, recording).unlink(missing_ok=True)
            if recording in failures:
                raise failures[recording]
            link_model(model_path(self.output, recording), _JOINT)

        self.each_recording(link, train_joint)

    def _readable(self, feats: ArchiveFolder, vad: ArchiveFolder) -> tuple[dict[str, Speech], dict[str, DataError]]:
        """The speech of the recordings that can be learned from together, and what is wrong with the others."""
        known: dict[str, Speech] = {}
        failures: dict[str, DataError] = {}
        dims: dict[str, int] = {}
        for recording in self.recordings:
            try:
                speech = read_speech(recording, feats, vad)
                first, dim = next(iter(dims.items()), (recording, speech.frames[0].shape[1]))
                if speech.frames[0].shape[1] != dim:
                    found = f"found {speech.frames[0].shape[1]} values a frame"
                    raise DataError(recording, found, f"wanted {dim}, as '{first}' has")
                known[recording], dims[recording] = speech, dim
            except DataError as error:
                failures[recording] = error
        return known, failures

    def _train_alone(self, recording: str, feats: ArchiveFolder, vad: ArchiveFolder, train: Train) -> None:
        path = model_path(self.output, recording)
        try:
            speech = read_speech(recording, feats, vad)
        except DataError:
            path.unlink(missing_ok=True)  # of an earlier run
            raise
        self._train(recording, path, speech, train)

    def _train(self, recording: str, path: Path, speech: Speech, train: Train) -> None:
        digest = self._digest(recording, speech)
        if read_checkpoint_if_whole(path).get("digest") == digest:
            print(f"{path}: trained already, with the same options from the same speech", flush=True)
            return
        path.unlink(missing_ok=True)
        if not any(mask.any() for mask in speech.masks):
            cli.warn(f"{path}: no speech to learn from, so the model is untrained")
        state_path = path.with_suffix(".state")
        state = state_from_checkpoint(read_checkpoint_if_whole(state_path), digest)
        if state:
            print(f"{path}: going on after epoch {state.epoch} of '{state.history[-1].phase}'", flush=True)
        progress = TrainingProgress(path.stem)

        def after_epoch(state: TrainingState) -> None:
            write_checkpoint(state_path, state_to_checkpoint(state, digest))
            progress.show(state.history[-1])

        try:
            model, history = train(recording, speech, Resumption(state, after_epoch, progress.show_update))
        finally:
            progress.close()
        lines = history_to_json(history)
        write_json(path.with_suffix(".loss.json"), lines)
        write_png(path.with_suffix(".loss.png"), loss_figure(lines, f"{model.kind} of {path.stem}"))
        write_checkpoint(path, model.to_checkpoint() | {"digest": digest})
        state_path.unlink(missing_ok=True)

    def _digest(self, recording: str, speech: Speech) -> str:
        """A checksum of all that the model depends on."""
        options = {name: value for cls in self._classes for name, value in asdict(self.options(cls)[0]).items()}
        options.pop("device", None)  # where it is trained is not what it is
        made = f"{self.noun} {sorted(options.items())} {self._basis(recording)}"
        return f"{speech.digest()}{zlib.crc32(made.encode()):08x}"


def read_speech(recording: str, feats: ArchiveFolder, vad: ArchiveFolder) -> Speech:
    """What networks learn from of ``recording``.

    Raises:
        DataError: features and speech labels of different lengths, or features that are no numbers.
    """
    frames = feats.read(recording)
    finite = np.isfinite(frames).all(axis=1)
    if not finite.all():
        found = f"frame {int(finite.argmin())} holds NaN or infinity"
        raise DataError(recording, found, "wanted numbers", "make the features anew")
    return Speech([frames], [speech_mask(recording, frames, vad.read(recording))])
