"""Deep embedded clustering: DEC, which bends the code towards clusters, and IDEC, which keeps the decoder meanwhile.

Legend: i sample, j cluster, z_i code, mu_j centre, N samples, K clusters, E values of a code.

    q_ij = (1 + |z_i - mu_j|^2)^-1 / sum_j' (1 + |z_i - mu_j'|^2)^-1
    p_ij = (q_ij^2 / f_j) / sum_j' (q_ij'^2 / f_j'),   f_j = sum_i q_ij over all samples
    DEC:  L = KL(P||Q), the mean over samples of sum_j p_ij log(p_ij / q_ij)
    IDEC: L = L_r + gamma KL(P||Q), L_r the squared error of the reconstruction

P is fixed for an interval of updates and made anew, from all samples as they are, at its end; Q may be of samples that
chance has changed (X. Guo et al., "Deep embedded clustering with data augmentation", ACML 2018). Labels arg max_j q_ij
that hardly change from one P to the next end the clustering (J. Xie, R. Girshick, A. Farhadi, "Unsupervised deep
embedding for clustering analysis", ICML 2016; X. Guo et al., "Improved deep embedded clustering with local structure
preservation", IJCAI 2017).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from diar.errors import DataError
from diar.nets.autoencoder import StackedAutoencoder, encode_all, normalised, squared_error
from diar.nets.inputs import Inputs
from diar.nets.options import DecOptions, KmeansStartOptions
from diar.nets.train import Phase

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

_BLOCK_SAMPLES = 8192


def soft_assignment(codes: Tensor, centres: Tensor) -> Tensor:
    """(N, K) q of (N, E) codes and (K, E) centres: Student's t with one degree of freedom; rows sum to one."""
    middle = centres.detach().mean(dim=0)  # differences of small numbers are rounded less
    codes, centres = codes - middle, centres - middle
    products = codes @ centres.T
    squared = codes.square().sum(dim=1, keepdim=True) - 2.0 * products + centres.square().sum(dim=1)
    closeness = 1.0 / (1.0 + squared.clamp_min(0.0))  # rounding may make a distance negative
    return closeness / closeness.sum(dim=1, keepdim=True)


def target_distribution(assignment: Tensor, frequencies: Tensor) -> Tensor:
    """(N, K) p of (N, K) q and (K,) f, the sums of q over all samples; rows sum to one."""
    weight = assignment.square() / frequencies
    return weight / weight.sum(dim=1, keepdim=True)


def clustering_loss(target: Tensor, assignment: Tensor) -> Tensor:
    """KL(P||Q) in nats, the mean over samples."""
    return functional.kl_div(assignment.log(), target, reduction="batchmean")


class Dec(nn.Module):
    """An autoencoder and (K, E) ``centres`` of clusters of its codes."""

    def __init__(self, network: StackedAutoencoder, centres: Tensor) -> None:
        super().__init__()
        self.network = network
        self.centres = nn.Parameter(centres)


@dataclass(frozen=True)
class Target:
    """The target distribution of all samples, as what it is made of: N x E values, where P itself has N x K."""

    codes: Tensor
    centres: Tensor
    frequencies: Tensor

    @classmethod
    def of(cls, codes: Tensor, centres: Tensor) -> tuple[Target, Tensor]:
        """The target of (N, E) codes, and the (N,) labels they have."""
        frequencies = torch.zeros(len(centres), dtype=torch.float64, device=codes.device)
        labels = []
        for block in codes.split(_BLOCK_SAMPLES):
            assignment = soft_assignment(block, centres)
            frequencies += assignment.sum(dim=0, dtype=torch.float64)
            labels.append(assignment.argmax(dim=1))
        return cls(codes, centres, frequencies.to(codes.dtype)), torch.cat(labels)

    def take_over(self, other: Target) -> None:
        """Become ``other`` in the memory at hand, which replayed updates read."""
        self.codes.copy_(other.codes)
        self.centres.copy_(other.centres)
        self.frequencies.copy_(other.frequencies)

    def __getitem__(self, samples: Tensor) -> Tensor:
        """(B, K) p of (B,) numbers of samples."""
        codes = self.codes[samples.to(self.codes.device)]
        return target_distribution(soft_assignment(codes, self.centres), self.frequencies)


class DecPhase(Phase):
    """The clustering: ``reconstruction`` L_r + ``clustering`` KL(P||Q); DEC is 0 and 1, IDEC 1 and gamma.

    An epoch of the training loop is an interval between two target distributions.
    """

    ends_are_comparable = False  # the target moves

    def __init__(
        self, model: Dec, inputs: Inputs, options: DecOptions, reconstruction: float, clustering: float
    ) -> None:
        trained = model if reconstruction else nn.ModuleList([model.network.encoder])
        parameters = list(trained.parameters())
        if not reconstruction:
            parameters.append(model.centres)
        updates = options.update_interval or None
        super().__init__("clustering", parameters, len(inputs), options.max_intervals, updates)
        self._model, self._inputs, self._options = model, inputs, options
        self._weights = (reconstruction, clustering)
        self.evaluated_at_once = model.network.at_once
        self.is_replayable = not inputs.is_moved
        self._target: Target | None = None
        self._labels: Tensor | None = None

    def begin_epoch(self) -> dict[str, float] | None:
        previous = self._labels
        self._renew_target()
        if previous is None or self._labels is None:
            return {}
        change = float((self._labels != previous.to(self._labels.device)).double().mean())
        return {"label_change": change} if change > self._options.label_tolerance else None

    def _renew_target(self) -> None:
        centres = self._model.centres.detach().clone()
        target, self._labels = Target.of(encode_all(self._model.network, self._inputs), centres)
        if self._target is None:
            self._target = target
        else:
            self._target.take_over(target)

    def losses(self, samples: Tensor) -> dict[str, Tensor]:
        if self._target is None:  # an evaluation before the first epoch
            self._renew_target()
            assert self._target is not None
            self._labels = None
        network = self._model.network
        normal = normalised(network, self._inputs, samples)
        codes = network.encode(normal)
        reconstruction, clustering = self._weights
        parts = {"clustering": clustering_loss(self._target[samples], soft_assignment(codes, self._model.centres))}
        loss = clustering * parts["clustering"]
        if reconstruction:
            parts["reconstruction"] = squared_error(network.decode(codes), normal, self._options.squares)
            loss = loss + reconstruction * parts["reconstruction"]
        return {"loss": loss} | parts

    def state(self) -> dict[str, Tensor]:
        return {} if self._labels is None else {"labels": self._labels.int()}

    def restore(self, state: dict[str, Tensor]) -> None:
        self._labels = state["labels"].long()


def cluster_weights(embedder: str, options: DecOptions) -> tuple[float, float]:
    """The weights of reconstruction and clustering in the loss of ``dec`` or ``idec``."""
    return (0.0, 1.0) if embedder == "dec" else (1.0, options.gamma)


def kmeans_centres(codes: Tensor, n_clusters: int, options: KmeansStartOptions, seed: int) -> Tensor:
    """(K, E) centres of (N, E) codes, as ``fit_kmeans`` finds them."""
    found = fit_kmeans(codes.cpu().numpy(), n_clusters, options, seed).cluster_centers_
    return torch.from_numpy(found.astype(np.float32)).to(codes.device)


def fit_kmeans(values: NDArray[np.float32], n_clusters: int, options: KmeansStartOptions, seed: int) -> KMeans:
    """K-means of (N, E) values: the best of many starts on a sample of them goes on with all.

    Raises:
        DataError: there are fewer values than clusters.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    if len(values) < n_clusters:
        raise DataError("clusters", f"found {len(values)} samples", f"wanted {n_clusters} or more, one a cluster")
    n_samples = max(options.kmeans_samples, n_clusters)
    sample = values[np.sort(np.random.default_rng(seed).permutation(len(values))[:n_samples])]
    # more threads would add up their parts in the order in which they end
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different codes than clusters
        found = KMeans(n_clusters, n_init=options.kmeans_starts, random_state=seed).fit(sample)
        if len(sample) < len(values):
            found = KMeans(n_clusters, init=found.cluster_centers_, n_init=1, random_state=seed).fit(values)
    return found
