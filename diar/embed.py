"""Embeddings of frames by networks that the recordings themselves have trained: SAE, DEC, IDEC.

The networks are in ``diar/nets``; here they meet recordings. torch is imported where it is used.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diar.errors import DataError
from diar.model_content import making_again, model_content
from diar.nets.options import (
    DecEmbeddingOptions,
    DecOptions,
    DeviceOptions,
    EmbedderOptions,
    InputOptions,
    SaeOptions,
)
from diar.training_state import Resumption

if TYPE_CHECKING:
    from diar.nets.autoencoder import Autoencoder
    from diar.nets.dec import Dec
    from diar.nets.inputs import FrameInputs
    from diar.nets.train import Epoch

Float32 = NDArray[np.float32]

_FEWEST_A_CLUSTER = 10  # frames


@dataclass(frozen=True)
class Speech:
    """What networks learn from: the frames of some recordings, (T, D) float32 each, and (T,) where somebody speaks."""

    frames: Sequence[Float32]
    masks: Sequence[NDArray[np.bool_]]

    def inputs(self, options: InputOptions, device: DeviceOptions) -> FrameInputs:
        """The inputs of a network at the speech frames."""
        from diar.nets.inputs import FrameInputs
        from diar.nets.train import find_device

        return FrameInputs(self.frames, self.masks, options, find_device(device))

    def digest(self) -> str:
        """A checksum of all that is learned from."""
        sum_ = 0
        for frames, mask in zip(self.frames, self.masks, strict=True):
            sum_ = zlib.crc32(mask.tobytes(), zlib.crc32(np.ascontiguousarray(frames).tobytes(), sum_))
        return f"{sum_:08x}"


def joined(parts: Iterable[Speech]) -> Speech:
    """The speech of several as one."""
    parts = list(parts)
    return Speech([f for part in parts for f in part.frames], [m for part in parts for m in part.masks])


@dataclass(frozen=True)
class EmbeddingModel:
    """A trained encoder and what is needed to apply it.

    ``kind`` is sae, dec or idec; ``features`` describes the features it was trained on, ``options`` its training;
    ``digest`` is a checksum of what it learned from. ``axes`` (E, E) turn codes to the principal axes that they had in
    the training: what a loss makes of them may be turned in any way, and clusterers want values without correlation.
    """

    kind: str
    network: Autoencoder
    axes: Float32
    inputs: InputOptions
    features: Mapping[str, Any]
    options: Mapping[str, Any]
    digest: str

    def embed(self, frames: Float32) -> Float32:
        """(T, E) float32 embeddings of (T, D) frames, all of them."""
        from diar.nets.autoencoder import encode_all
        from diar.nets.inputs import FrameInputs

        inputs = FrameInputs([frames], [np.ones(len(frames), dtype=bool)], self.inputs)
        return encode_all(self.network, inputs).numpy() @ self.axes

    def check_fits(self, features: Mapping[str, Any], where: object) -> None:
        """Refuse features of another description than those of the training.

        Raises:
            DataError: they differ; both descriptions are told where they do.
        """
        names = [n for n in sorted({*features, *self.features}) if features.get(n) != self.features.get(n)]
        if names:
            found, wanted = (", ".join(f"{n} {d.get(n)}" for n in names) for d in (features, self.features))
            raise DataError(where, f"found features with {found}", f"the model wants {wanted}", "train it on these")

    def to_checkpoint(self) -> dict[str, Any]:
        """Weights and plain values, for ``diar.io.checkpoint``."""
        import torch

        return model_content(
            self.network, kind=self.kind, widths=list(self.network.widths), inputs=asdict(self.inputs),
            features=dict(self.features), options=dict(self.options), digest=self.digest,
            axes=torch.from_numpy(self.axes),
        )  # fmt: skip

    @classmethod
    def from_checkpoint(cls, content: Mapping[str, Any], where: object) -> EmbeddingModel:
        """The model that ``to_checkpoint`` wrote.

        Raises:
            DataError: the content is something else.
        """
        from diar.nets.autoencoder import Autoencoder
        from diar.nets.train import seeded

        with making_again(content, where, "a model of embeddings"):
            with seeded(0):  # first weights are drawn, though others take their place
                network = Autoencoder(content["widths"])
            network.load_state_dict(content["weights"])
            parts = (content["features"], content["options"], content["digest"])
            axes = content["axes"].numpy()
            return cls(content["kind"], network, axes, InputOptions(**content["inputs"]), *parts)


def train_sae(
    speech: Speech, options: SaeOptions, device: DeviceOptions, resumption: Resumption | None = None
) -> tuple[Autoencoder, list[Epoch]]:
    """A stacked autoencoder of the speech, and the history of its training; untrained if there is none.

    Raises:
        DataError: the training diverged, or the device is not there.
    """
    from diar.nets.autoencoder import make_autoencoder, sae_phases
    from diar.nets.train import find_device, threads, train

    with threads(device.num_threads):
        inputs = speech.inputs(options, device)
        network = make_autoencoder(inputs, options).to(find_device(device))
        phases = sae_phases(network, inputs, options)
        history = train(network, phases, options, resumption)
    return network.cpu(), history


def train_dec(
    sae: EmbeddingModel,
    kind: str,
    speech: Speech,
    n_clusters: int,
    options: DecOptions,
    device: DeviceOptions,
    resumption: Resumption | None = None,
) -> tuple[Dec, list[Epoch]]:
    """DEC or IDEC (``kind``) from a copy of a stacked autoencoder, and the history; as it was without speech.

    Of little speech there are fewer clusters than ``n_clusters``: one for ten frames.

    Raises:
        DataError: the training diverged, or the device is not there.
    """
    import torch

    from diar.nets.autoencoder import encode_all
    from diar.nets.dec import Dec, DecPhase, cluster_weights, kmeans_centres
    from diar.nets.train import find_device, threads, train

    where = find_device(device)
    with threads(device.num_threads):
        network = copy.deepcopy(sae.network).to(where)
        inputs = speech.inputs(sae.inputs, device)
        k = min(n_clusters, max(1, len(inputs) // _FEWEST_A_CLUSTER))
        if len(inputs) and (resumption is None or resumption.state is None):
            centres = kmeans_centres(encode_all(network, inputs), k, options, options.seed)
        else:
            centres = torch.zeros(k, network.code_size, device=where)
        model = Dec(network, centres)
        phase = DecPhase(model, inputs, options, *cluster_weights(kind, options))
        history = train(model, [phase], options, resumption)
    return model.cpu(), history


def fit_sae(
    speech: Speech,
    options: SaeOptions,
    device: DeviceOptions,
    features: Mapping[str, Any] | None = None,
    resumption: Resumption | None = None,
) -> tuple[EmbeddingModel, list[Epoch]]:
    """The model of a stacked autoencoder of the speech, and the history of its training; see ``train_sae``."""
    network, history = train_sae(speech, options, device, resumption)
    inputs = InputOptions(options.context, options.summary)
    axes = principal_axes(network, speech, inputs)
    return EmbeddingModel("sae", network, axes, inputs, features or {}, asdict(options), speech.digest()), history


def fit_dec(
    sae: EmbeddingModel,
    kind: str,
    speech: Speech,
    options: DecEmbeddingOptions,
    device: DeviceOptions,
    resumption: Resumption | None = None,
) -> tuple[EmbeddingModel, list[Epoch]]:
    """The model of DEC or IDEC (``kind``) from an autoencoder's, and the history of its training; see ``train_dec``."""
    from diar.nets.autoencoder import Autoencoder

    model, history = train_dec(sae, kind, speech, options.dec_clusters, options, device, resumption)
    network = model.network
    assert isinstance(network, Autoencoder)
    axes = principal_axes(network, speech, sae.inputs)
    made = asdict(options) | {"sae": dict(sae.options)}
    return EmbeddingModel(kind, network, axes, sae.inputs, sae.features, made, speech.digest()), history


def fit_embedder(speech: Speech, options: EmbedderOptions) -> EmbeddingModel:
    """What stages 3 and 4 train.

    Raises:
        DataError: a training diverged, or the device is not there.
    """
    model, _ = fit_sae(speech, options.sae, options.device)
    if options.kind != "sae":
        model, _ = fit_dec(model, options.kind, speech, options.dec, options.device)
    return model


def soft_labels(model: Dec, frames: Float32, speech: NDArray[np.bool_], inputs: InputOptions) -> Float32:
    """(S, K) float32: q of DEC's clusters at the S speech frames of (T, D) frames, in the order they first win in."""
    import torch

    from diar.nets.autoencoder import encode_all
    from diar.nets.dec import soft_assignment
    from diar.nets.inputs import FrameInputs

    with torch.no_grad():
        codes = encode_all(model.network, FrameInputs([frames], [speech], inputs))
        assignment: Float32 = soft_assignment(codes, model.centres).numpy()
    winners, first = np.unique(assignment.argmax(axis=1), return_index=True)
    order = winners[np.argsort(first)]
    others = np.setdiff1d(np.arange(assignment.shape[1]), order)
    return np.ascontiguousarray(assignment[:, np.concatenate([order, others])])


def principal_axes(network: Autoencoder, speech: Speech, inputs: InputOptions) -> Float32:
    """(E, E) float32: the principal axes of the codes of the speech as columns, the longest first."""
    from diar.nets.autoencoder import encode_all
    from diar.nets.inputs import FrameInputs

    codes = encode_all(network, FrameInputs(speech.frames, speech.masks, inputs)).numpy().astype(np.float64)
    codes -= codes.mean(axis=0) if len(codes) else 0.0
    _, axes = np.linalg.eigh(codes.T @ codes)
    axes = axes[:, ::-1]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(len(axes))]
    turned: Float32 = (axes * np.sign(largest)).astype(np.float32)  # an axis has no sign of its own
    return turned
