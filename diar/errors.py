"""The one exception that means "the input is wrong, not our code"."""

from __future__ import annotations


class DataError(Exception):
    """Bad input, told in one line: ``where: what was found; what was wanted; what to do``.

    ``where`` is a file, ``file:line``, recording or flag; the parts after ``found`` may be empty.
    """

    def __init__(self, where: object, found: str, wanted: str = "", advice: str = "") -> None:
        self.where = str(where)
        self.reason = "; ".join(part for part in (found, wanted, advice) if part)
        super().__init__(f"{self.where}: {self.reason}")

    def __reduce__(self) -> tuple[type[DataError], tuple[str, str]]:
        """Errors go from one process to another."""
        return DataError, (self.where, self.reason)
