"""Options: what is accepted, what is refused, and that every option of the toolkit explains itself."""

from __future__ import annotations

import dataclasses
import importlib
import math
import pkgutil

import pytest

import diar
from diar.errors import DataError
from diar.options import Options, flag, option, option_again, option_help


@dataclasses.dataclass(frozen=True)
class Example(Options):
    n_things: int = option(3, "how many", low=1, high=9)
    length: float = option(2.5, "how long", unit="s", low=0.5)
    shape: str = option("round", "which shape", choices=("round", "square"))
    loud: bool = option(False, "whether")


@dataclasses.dataclass(frozen=True)
class Further(Example):
    n_things: int = option_again(Example, "n_things", 5)


def test_an_option_declared_again_has_another_default_and_all_else() -> None:
    assert (Further().n_things, Example().n_things, Further().length) == (5, 3, 2.5)
    one, other = ({field.name: field for field in dataclasses.fields(cls)}["n_things"] for cls in (Example, Further))
    assert option_help(one) == option_help(other)
    with pytest.raises(DataError, match="^--n-things: found 10; wanted at most 9"):
        Further(n_things=10)


def option_classes() -> list[type[Options]]:
    for module in pkgutil.walk_packages(diar.__path__, "diar."):
        if not {"__main__", "kernels", "nets"} & set(module.name.split(".")):
            importlib.import_module(module.name)
    found: list[type[Options]] = []
    waiting = [Options]
    while waiting:
        waiting += (subclasses := waiting.pop().__subclasses__())
        found += [cls for cls in subclasses if cls.__module__.startswith("diar.")]
    return sorted(found, key=lambda cls: cls.__name__)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"n_things": 1},
        {"n_things": 9},
        {"length": 0.5},
        {"length": 7},  # an integer where a float is wanted
        {"length": 1e300},
        {"shape": "square"},
        {"loud": True},
    ],
)
def test_good_values_are_kept(values: dict[str, object]) -> None:
    made = Example(**values)
    assert dataclasses.asdict(made) == {"n_things": 3, "length": 2.5, "shape": "round", "loud": False} | values


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("n_things", 0, "--n-things: found 0; wanted at least 1"),
        ("n_things", 10, "--n-things: found 10; wanted at most 9"),
        ("n_things", 2.0, "--n-things: found 2.0; wanted int"),
        ("n_things", True, "--n-things: found True; wanted int"),
        ("n_things", "3", "--n-things: found '3'; wanted int"),
        ("n_things", None, "--n-things: found None; wanted int"),
        ("length", 0.49, "--length: found 0.49; wanted at least 0.5 s"),
        ("length", 0, "--length: found 0.*; wanted at least 0.5 s"),
        ("length", math.nan, "--length: found nan; wanted a finite number"),
        ("length", math.inf, "--length: found inf; wanted a finite number"),
        ("length", "1", "--length: found '1'; wanted float"),
        ("length", True, "--length: found True; wanted float"),
        ("shape", "oval", "--shape: found 'oval'; wanted one of round, square"),
        ("shape", 1, "--shape: found 1; wanted str"),
        ("loud", 1, "--loud: found 1; wanted bool"),
        ("loud", "true", "--loud: found 'true'; wanted bool"),
    ],
)
def test_bad_values_are_refused_by_the_name_of_their_flag(name: str, value: object, reason: str) -> None:
    with pytest.raises(DataError, match=f"^{reason}$"):
        Example(**{name: value})


def test_options_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Example().length = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "expected"), [("num_ceps", "--num-ceps"), ("passes", "--passes"), ("a_b_c", "--a-b-c")]
)
def test_flags_are_names_with_hyphens(name: str, expected: str) -> None:
    assert flag(name) == expected


def test_help_is_kept_with_the_field() -> None:
    length = dataclasses.fields(Example)[1]
    known = option_help(length)
    assert (known.text, known.unit, known.low, known.high, known.choices) == ("how long", "s", 0.5, None, ())


@pytest.mark.parametrize("cls", option_classes(), ids=lambda cls: cls.__name__)
def test_every_option_of_the_toolkit_has_help_and_an_allowed_default(cls: type[Options]) -> None:
    fields = dataclasses.fields(cls)
    assert fields
    made = cls()  # the defaults pass their own checks
    for field in fields:
        known = option_help(field)
        assert known.text and known.text == known.text.strip(), field.name
        assert type(getattr(made, field.name)) in (bool, int, float, str), field.name
        assert not known.choices or field.default in known.choices, field.name
    assert cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}("), "the group's title in --help"


def test_data_error_is_one_line_of_its_parts() -> None:
    error = DataError("wav.scp:6", "'r0' is listed twice", advice="remove one")
    assert str(error) == "wav.scp:6: 'r0' is listed twice; remove one"
    assert (error.where, error.reason) == ("wav.scp:6", "'r0' is listed twice; remove one")
