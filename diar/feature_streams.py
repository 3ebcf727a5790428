"""``--streams``: folders of features that the information bottleneck combines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diar.background import Stream, check_weights
from diar.errors import DataError
from diar.frames import LENGTH_TOLERANCE
from diar.io.ark import ArchiveFolder
from diar.stage_folder import open_input


@dataclass(frozen=True)
class FeatureStreams:
    """Folders of features that the information bottleneck combines: each with its weight and variance scale."""

    folders: list[tuple[ArchiveFolder, float, float | None]]

    @classmethod
    def parse(cls, text: str) -> FeatureStreams:
        """From ``FOLDER:WEIGHT,FOLDER:WEIGHT@SCALE``.

        Raises:
            DataError: the text is something else, a folder is not complete, or two have the same name.
        """
        parts: list[tuple[str, float, float | None]] = []
        for part in text.split(","):
            name, _, numbers = part.rpartition(":")
            weight, at, scale = numbers.partition("@")
            try:
                parts.append((name, float(weight), float(scale) if at else None))
            except ValueError:
                name = ""
            if not name or (at and not 0 < float(scale) < math.inf):
                wanted = "wanted FOLDER:WEIGHT,... or FOLDER:WEIGHT@VARIANCE_SCALE,... as in feats:0.8,embed_idec:0.2"
                raise DataError("--streams", f"found '{part}'", wanted)
        check_weights([weight for _, weight, _ in parts])
        folders = [(open_input("stream", Path(name)), weight, scale) for name, weight, scale in parts]
        names = [folder.path.name for folder, _, _ in folders]
        if len(set(names)) < len(names) or any(" " in name for name in names):
            raise DataError("--streams", f"found folders called {names}", "wanted different names without blanks")
        return cls(folders)

    def read(self, recording: str, n_frames: int) -> list[Stream]:
        """The streams of a recording, made ``n_frames`` long where they nearly are: snip-edges leaves frames out."""
        streams = []
        for folder, weight, scale in self.folders:
            frames = folder.read(recording)
            if 0 < abs(len(frames) - n_frames) <= LENGTH_TOLERANCE and len(frames):
                frames = frames[np.minimum(np.arange(n_frames), len(frames) - 1)]
            streams.append(Stream(folder.path.name, frames, weight, scale))
        return streams
