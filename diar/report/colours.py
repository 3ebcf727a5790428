"""The colours of speakers and of errors, in pages and in figures.

No speaker has a colour like that of an error, and both keep apart for eyes that lack one kind of cone; a row or a
legend names each, so that no colour is the only sign. All have a contrast of 3 or more to what lies behind them. The
errors' hues are those of Paul Tol's scheme "vibrant" ("Colour Schemes", SRON technical note 09-002, 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# for light and for dark pages, by speaker order; further speakers begin again with the first
SPEAKERS: tuple[tuple[str, str], ...] = (
    ("#0077bb", "#4aa8f0"),  # blue
    ("#a87b00", "#e3bd4a"),  # gold
    ("#00897b", "#35c9b5"),  # teal
    ("#4b3aa8", "#9a8cf5"),  # violet
    ("#5c8a1e", "#b4d455"),  # leaf
    ("#2f95c8", "#9adcf8"),  # sky
    ("#75664f", "#cbb896"),  # clay
    ("#22306e", "#6f86d8"),  # navy
    ("#1b6b3a", "#6fbf7f"),  # fir
    ("#70757d", "#b4b9c2"),  # grey
)
ERRORS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"miss": ("#ee3377", "#ff6fa6"), "false_alarm": ("#dd5f0a", "#ff9f5e"), "confusion": ("#b8200b", "#ff4f38")}
)
SPEECH = ("#6b7280", "#9aa3b0")  # speech, whoever talks
NOTES = ("#7a5c00", "#d9c36a")  # where to look twice


def speaker_colour(number: int, dark: bool = False) -> str:
    """The colour ``#rrggbb`` of the speaker ``number``, counted from 0."""
    return SPEAKERS[number % len(SPEAKERS)][dark]


def page_colours() -> dict[str, tuple[str, str]]:
    """The colours of a page, light and dark, by the name of their custom property without its dashes."""
    named = {f"speaker-{number}": colours for number, colours in enumerate(SPEAKERS)}
    return named | {kind.replace("_", "-"): colours for kind, colours in ERRORS.items()} | {
        "speech": SPEECH, "note": NOTES,
    }  # fmt: skip
