"""The one exception that means "the input is wrong, not our code"."""


class DataError(Exception):
    """Bad input, told in one line: ``where: what was found; what was wanted; what to do``.

    ``where`` is a file, ``file:line``, recording or flag; the parts after ``found`` may be empty.
    """

    def __init__(self, where: object, found: str, wanted: str = "", advice: str = "") -> None:
        self.where = str(where)
        self.reason = "; ".join(part for part in (found, wanted, advice) if part)
        super().__init__(f"{self.where}: {self.reason}")
