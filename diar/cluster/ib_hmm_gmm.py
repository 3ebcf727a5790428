"""The information bottleneck made to behave like HMM/GMM clustering.

Legend: k cluster; y relevance variable, |Y| of them; T frames; n_k(y) = sum of p(y|x_t) over the frames of k;
p_k = sum_y n_k(y) / T.

What HMM/GMM clustering does differently from the aIB, and what plays its part here:

- Its clusters are large from the start, and Viterbi moves the frames after every merge. Here the aIB merges segments
  down to as many clusters as HMM/GMM starts with, and the HMM has mixtures from then on (``diar.cluster.ib_viterbi``).
- It compares likelihoods. Here a cluster's density is the multinomial p(y|k) over relevance variables, all clusters
  sharing the |Y| Gaussians: with frames as draws of y the log-likelihood of everything is

      L(C) = sum_k sum_y n_k(y) log p(y|k) = T (I(Y;C) - H(Y)),

  so a merge of a and b changes it by L(ab) - L(a) - L(b) = -T (p_a + p_b) JS(p(y|a), p(y|b)): the aIB's own loss of
  information, in nats of all frames.
- Its number of parameters stays the same in a merge, so that its threshold is 0. Here two distributions over Y become
  one, so what it takes to describe one does not cancel, and takes the place of the aIB's trade-off: the modified
  objective is

      F'(C) = T I(Y;C) - w |C| sqrt(T)        instead of   F(C) = I(Y;C) - I(C;X) / beta

  and what delta-BIC is there is here

      delta(a, b) = w sqrt(T) - T (p_a + p_b) JS(p(y|a), p(y|b)).

  (Why sqrt(T) and not BIC's (|Y| - 1) / 2 log T: see ``diar.cluster.aib``.) Unlike H(pi) / beta, the price of a cluster
  does not depend on its size, so that size alone does not split a large cluster.
- It stops when no pair gains: so does this, where the best delta is 0 or less. Since w (``--cluster-price``) is the
  same for all pairs, it decides where to stop and not what to merge, and another w needs no other clustering. It was
  chosen on simulated meetings.

The history's gains are -T (p_a + p_b) JS; its ``loss`` is T (p_a + p_b) JS / sqrt(T) of the best merge.
"""

from __future__ import annotations

from dataclasses import dataclass

from diar.cluster.ib_viterbi import IbViterbiOptions
from diar.cluster.information import information_losses
from diar.gmm import Float64


@dataclass(frozen=True)
class IbHmmGmmOptions(IbViterbiOptions):
    """The information bottleneck that behaves like HMM/GMM."""


def log_likelihood_gains(counts: Float64) -> Float64:
    """(C, C), above the diagonal: -T (p_a + p_b) JS, in nats, from (C, Y) counts n_k(y)."""
    gains: Float64 = -information_losses(counts)  # phi is homogeneous: counts give T times what probabilities give
    return gains
