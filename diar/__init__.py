"""Speaker diarization without training data: arrays in, arrays out.

``diar.diarize`` and ``diar.diarize_file`` are the whole chain. Only ``diar.io`` opens files and only ``diar.cli`` knows
flags; everything else is functions on arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from diar.diarization import Diarization, PipelineOptions, diarize, diarize_file

__all__ = ["Diarization", "PipelineOptions", "diarize", "diarize_file"]


def __getattr__(name: str) -> Any:
    """The chain is imported when it is asked for: it needs half a second."""
    if name not in __all__:
        raise AttributeError(f"module 'diar' has no attribute '{name}'")
    from diar import diarization

    return getattr(diarization, name)
