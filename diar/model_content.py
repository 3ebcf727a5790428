"""What files of models hold: weights of a network and plain values, which make it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from diar.errors import DataError

if TYPE_CHECKING:
    from torch import nn

_FORMAT = 1


def model_content(network: nn.Module, **values: Any) -> dict[str, Any]:
    """The weights of ``network`` and plain ``values``, for ``diar.io.checkpoint``."""
    weights = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    return {"format": _FORMAT, **values, "weights": weights}


@contextmanager
def making_again(content: Mapping[str, Any], where: object, what: str) -> Iterator[None]:
    """Within it, a network is made of what ``model_content`` gave.

    Raises:
        DataError: the content is something else than ``what``, or of another version.
    """
    try:
        if content["format"] != _FORMAT:
            raise DataError(where, f"found format {content['format']}", f"wanted {_FORMAT}", "train it again")
        yield
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise DataError(where, f"not {what} ({reason})", advice="train it again") from None
