"""Information that clusters keep of the relevance variables, from joint masses n_c(y) = p(c, y).

Legend: c cluster, C of them; y relevance variable, Y of them; logarithms are natural. With

    phi(n) = sum_y n(y) log n(y) - (sum_y n(y)) log(sum_y n(y))

I(Y;C) = sum_c phi(n_c) + H(Y), and what a merge of i and j loses of it is (p_i + p_j) JS(p(y|i), p(y|j)) =
phi(n_i) + phi(n_j) - phi(n_i + n_j). phi is homogeneous: counts give T times what probabilities give.
"""

from __future__ import annotations

import numpy as np

from diar.gmm import Float64

_ROUNDING = 1e-9  # nats: less information than this is none


def xlogx(values: Float64) -> Float64:
    """x log x, 0 for 0."""
    out: Float64 = values * np.log(np.where(values > 0, values, 1.0))
    return out


def phi(rows: Float64) -> Float64:
    """(C,) phi of (C, Y) rows."""
    out: Float64 = xlogx(rows).sum(axis=1) - xlogx(rows.sum(axis=1))
    return out


def information(joint: Float64) -> float:
    """I(Y;C) of the (C, Y) joint distribution p(c, y), in nats, at least 0."""
    return max(0.0, float(phi(joint).sum() - xlogx(joint.sum(axis=0)).sum()))


def relative_information(kept: float, everything: float) -> float:
    """NMI: the share of ``everything`` that is ``kept``, from 0 to 1; 1 where there is nothing to lose."""
    return min(1.0, kept / everything) if everything > _ROUNDING else 1.0


def information_losses(joint: Float64) -> Float64:
    """(C, C), above the diagonal: (p_i + p_j) JS, the information I(Y;C) lost by each merge of the (C, Y) joint."""
    own = phi(joint)
    losses = np.zeros((len(joint), len(joint)))
    for i in range(len(joint) - 1):
        losses[i, i + 1 :] = np.maximum(own[i] + own[i + 1 :] - phi(joint[i] + joint[i + 1 :]), 0.0)
    return losses


def measures(joint: Float64, all_information: float, beta: float) -> dict[str, float]:
    """The NMI and F, in nats, of the (C, Y) joint; the NMI's denominator is ``all_information``."""
    kept = information(joint)
    nmi = relative_information(kept, all_information)
    return {"nmi": nmi, "f": kept + float(xlogx(joint.sum(axis=1)).sum()) / beta}
