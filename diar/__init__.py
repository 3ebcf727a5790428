"""Speaker diarization without training data: arrays in, arrays out.

Only ``diar.io`` opens files and only ``diar.cli`` knows flags; everything else is functions on arrays.
"""

__version__ = "0.1.0"
