"""Networks made again from what files of models hold, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from diar.errors import DataError
from diar.model_content import making_again, model_content


def made(content: Any) -> nn.Linear:
    with making_again(content, "a.pt", "a line"):
        network = nn.Linear(content["inputs"], 2)
        network.load_state_dict(content["weights"])
    return network


def test_a_network_is_made_again() -> None:
    network = nn.Linear(3, 2)
    content = model_content(network, inputs=3)
    assert list(content) == ["format", "inputs", "weights"]
    inputs = torch.rand(4, 3)
    assert torch.equal(made(content)(inputs), network(inputs))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 9}, r"^a.pt: found format 9; wanted 1; train it again$"),
        ({"inputs": 4}, r"^a.pt: not a line \(Error\(s\) in loading state_dict for Linear: .*\); train it again$"),
        ({"inputs": "3"}, r"^a.pt: not a line \(.*\); train it again$"),
        ({"weights": None}, r"^a.pt: not a line \(.*\); train it again$"),
    ],
)
def test_what_is_something_else_is_told(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        made(model_content(nn.Linear(3, 2), inputs=3) | change)
    with pytest.raises(DataError, match=r"^a.pt: not a line \('format'\); train it again$"):
        made({})
