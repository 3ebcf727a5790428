"""The colours of speakers and of errors, in pages and in figures.

All are told apart by eyes that lack a kind of cone, too: the speakers' were searched for the greatest least difference
(CIE 1976) between any two of them and to the errors', in hues of their own, each with a contrast of 3 or more to what
lies behind it. A row's name stands beside each, so that no colour is the only sign. The errors' hues are those of Paul
Tol's scheme "vibrant" ("Colour Schemes", SRON technical note 09-002, 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# for light and for dark pages, by speaker order; further speakers begin again with the first
SPEAKERS: tuple[tuple[str, str], ...] = (
    ("#0f699a", "#3e7afe"),  # blue
    ("#b0803d", "#f5da3c"),  # gold
    ("#2d9888", "#84f5f2"),  # teal
    ("#601394", "#bdaeff"),  # violet
    ("#54733e", "#488000"),  # moss
    ("#1c89f7", "#9cd0f3"),  # sky
    ("#69503f", "#b79d76"),  # clay
    ("#7684d1", "#7066c1"),  # periwinkle
    ("#234021", "#c9ecc4"),  # fir, and mint
    ("#3d373c", "#77716b"),  # grey
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
