"""The folder of one training of one seed: whose it is, what is there already, what has to go.

``options.json`` says what the folder is made from; ``result.json``, written last, is the mark that it is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diar.errors import DataError
from diar.io.checkpoint import read_checkpoint_if_whole, write_checkpoint
from diar.io.files import TEMPORARY_SUFFIX, read_json, write_json
from diar.io.images.runs import RESULT

MODEL = "model.pt"
_STATE = "model.state"  # of a training that goes on
_OPTIONS = "options.json"
_LOSSES = "loss.json"
_PICTURES = (".png", ".gif")


class SeedFolder:
    """Nothing in it is touched before ``begin``, so that a call that is refused costs nothing."""

    def __init__(self, path: Path, made_from: Mapping[str, Any], training: str, judging: str) -> None:
        """``made_from`` is all that the content depends on, ``step`` among it, the program; ``training`` is a checksum
        of what the model depends on, ``judging`` of what the result does. ``is_done``: that result is there already.

        Raises:
            DataError: the folder is another program's.
        """
        self.path = path
        self._made_from, self._training, self._judging = made_from, training, judging
        self._has_begun = False
        step = made_from["step"]
        known = {name: read_json(path / name) for name in (_OPTIONS, RESULT) if (path / name).exists()}
        for content in known.values():
            maker = content.get("step") if isinstance(content, dict) else None
            if maker != step or "digest" not in content:
                found = f"found what {maker if maker not in (None, step) else 'another program'} made"
                raise DataError(path, found, f"wanted an empty folder or one of {step}", "name another folder")
        self._known = known[_OPTIONS]["digest"] if _OPTIONS in known else None
        self.is_done = known.get(RESULT, {}).get("digest") == judging

    def begin(self) -> None:
        """Remove what was made otherwise, the mark of a complete folder first, and what a killed run left of a file.

        Called before anything is written; it does its work once.
        """
        if self._has_begun:
            return
        self._has_begun = True
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / RESULT).unlink(missing_ok=True)
        for file in self.path.iterdir():
            is_ours = file.name in (MODEL, _STATE, _LOSSES) or file.suffix in _PICTURES
            if file.name.endswith(TEMPORARY_SUFFIX) or (is_ours and self._known not in (None, self._training)):
                file.unlink(missing_ok=True)
        write_json(self.path / _OPTIONS, {**self._made_from, "digest": self._training})

    def read_state(self) -> dict[str, Any]:
        """What an earlier run left to go on from; nothing where there is none, or none that can be read."""
        return read_checkpoint_if_whole(self.path / _STATE)

    def write_state(self, content: Mapping[str, Any]) -> None:
        self.begin()
        write_checkpoint(self.path / _STATE, content)

    def write_model(self, content: Mapping[str, Any]) -> None:
        self.begin()
        write_checkpoint(self.path / MODEL, {**content, "digest": self._training})

    def write_losses(self, lines: Any) -> None:
        self.begin()
        write_json(self.path / _LOSSES, lines)

    def end(self, result: Mapping[str, Any], keeps_state: bool) -> None:
        """Mark the folder as complete; ``keeps_state`` where a training that has ended may be judged anew."""
        write_json(self.path / RESULT, {**self._made_from, **result, "digest": self._judging})
        if not keeps_state:
            (self.path / _STATE).unlink(missing_ok=True)
