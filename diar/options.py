"""Options: every default is written once, with unit and help, in a frozen dataclass beside its algorithm.

Flags, ``--help`` and conf files derive from these classes (see ``diar.cli``); Python users construct them directly.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from diar.errors import DataError


@dataclass(frozen=True)
class OptionHelp:
    """What is known of an option beside its name, type and default."""

    text: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    recut: bool = False


def option(
    default: Any,
    text: str,
    *,
    unit: str = "",
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    recut: bool = False,
) -> Any:
    """A dataclass field with help; ``low`` and ``high`` are the allowed range, both included.

    ``recut`` options only say where a merge history is cut: another value needs no other history.
    """
    return field(default=default, metadata={"option": OptionHelp(text, unit, choices, low, high, recut)})


def flag(name: str) -> str:
    """The flag of the field ``name``: ``num_ceps`` is ``--num-ceps``."""
    return "--" + name.replace("_", "-")


def option_help(option_field: Field[Any]) -> OptionHelp:
    """The ``OptionHelp`` that ``option()`` stored in ``option_field``."""
    found: OptionHelp = option_field.metadata["option"]
    return found


def option_again(options: type[Options], name: str, default: Any) -> Any:
    """The field that ``options`` declare by this name, for classes that derive from them, with another default."""
    declared: Field[Any] = options.__dataclass_fields__[name]
    return field(default=default, metadata=declared.metadata)


@dataclass(frozen=True)
class Options:
    """Base of all options: the values are checked when an object is made.

    Raises:
        DataError: a value of the wrong type, outside its range or not among its choices.
    """

    def __post_init__(self) -> None:
        for option_field in fields(self):
            _check(option_field, getattr(self, option_field.name))


def _check(option_field: Field[Any], value: Any) -> None:
    known, where = option_help(option_field), flag(option_field.name)
    assert option_field.default is not MISSING, f"{option_field.name}: every option has a default"
    kind = type(option_field.default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise DataError(where, f"found {value!r}", f"wanted {kind.__name__}")
    if known.choices and value not in known.choices:
        raise DataError(where, f"found '{value}'", f"wanted one of {', '.join(known.choices)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise DataError(where, f"found {value}", "wanted a finite number")
    unit = f" {known.unit}" if known.unit else ""
    if known.low is not None and value < known.low:
        raise DataError(where, f"found {value}", f"wanted at least {known.low:g}{unit}")
    if known.high is not None and value > known.high:
        raise DataError(where, f"found {value}", f"wanted at most {known.high:g}{unit}")
