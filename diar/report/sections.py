"""The parts of a page that need no script, as HTML: headers, tables, settings."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from diar.report.colours import SPEAKERS
from diar.report.content import (
    MergeCurve,
    Provenance,
    RecordingContent,
    SetContent,
    SpeakerRow,
    VadFigures,
    speaker_rows,
)
from diar.score import SPEAKER_SECONDS, Score

_UNKNOWN = "–"
_SCORE_TERMS = (
    "In percent of the scored speaker time. DER: diarization error rate, the sum of missed speech, false alarm and "
    "confusion (SER: the wrong speaker). JER: Jaccard error rate, the mean over the reference's speakers of what each "
    "and the one found share too little. Collar: seconds around the ends of true turns that are not scored. Speakers "
    f"are counted from {SPEAKER_SECONDS:g} s."
)
_MERGE_TERMS = (
    "From right to left, two clusters are merged at a time; the dashed line is the number of clusters that was chosen."
)
_CURVE_TERMS = {
    "NMI": "NMI: the share of what the finest clusters tell of the speech that is kept, 1 is all.",
    "delta-BIC": "delta-BIC: what the best merge gains, in nats; above the threshold it is made.",
    "delta F": "delta F: by what the best merge changes the objective, in nats.",
    "delta log-likelihood": "delta log-likelihood: what the best merge gains, in nats.",
}


def clock(seconds: float) -> str:
    """``seconds`` as 0:05.1, 12:05.1 or 1:12:05.1."""
    tenths = round(seconds * 10)
    minutes, hours = tenths // 600 % 60, tenths // 36000
    rest = f"{tenths % 600 / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def figures(named: Mapping[str, str]) -> str:
    """The figures at the top of a page."""
    cells = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in named.items())
    return f'<dl class="figures">{"".join(cells)}</dl>'


def recording_header(content: RecordingContent) -> str:
    """The recording's name, what was found, and the score with its condition."""
    found, true = speaker_rows(content)
    n_found = content.score.n_found if content.score else len(found)
    named = {"duration": clock(content.duration), "speakers found": str(n_found)}
    if content.reference is not None:
        named["true speakers"] = str(content.score.n_true if content.score else len(true))
    if content.score is not None:
        named |= _rates(content.score)
    named["turns"] = str(len(content.hypothesis))
    return f"<h1>{escape(content.recording)}</h1>{figures(named)}{_condition(content.condition)}"


def set_header(content: SetContent) -> str:
    """The set's name, how many recordings it has, and the pooled score with its condition."""
    named = {"recordings": str(len(content.rows)), "duration": clock(sum(row.duration for row in content.rows))}
    if content.pooled is not None:
        named |= _rates(content.pooled)
    return f"<h1>{escape(content.name)}</h1>{figures(named)}{_condition(content.condition)}"


def speaker_section(content: RecordingContent) -> str:
    """Who talks how long, by the hypothesis and by the reference."""
    found, true = speaker_rows(content)
    is_certain = any(math.isfinite(row.confidence) for row in found)
    tables = "<p>No speech was found.</p>"
    if found:
        tables = _speaker_table("Hypothesis", found, "is" if true else "", is_certain)
    if content.reference is not None:
        tables += _speaker_table("Reference", true, "found as", is_certain)
    return _section("speakers", "Speakers", tables + _hint(_confidence_text(content, found)))


def vad_section(vad: VadFigures | None, duration: float) -> str:
    """How much speech was found, and what of it is wrong."""
    if vad is None:
        return ""
    share = 100 * vad.seconds / duration if duration else math.nan
    rows = [("speech found", clock(vad.seconds)), ("share of the recording", _percent(share, 1)),
            ("segments", str(len(vad.regions))), *_lengths([region.duration for region in vad.regions]),
            ("missed speech", _percent(vad.miss)), ("false alarm", _percent(vad.false_alarm))]  # fmt: skip
    return _section("vad", "Speech detection", _pairs([row for row in rows if row[1] != _UNKNOWN]))


def score_section(score: Score | None, condition: str) -> str:
    """All figures of a score."""
    if score is None:
        return ""
    rates = {"DER": score.der, "missed": score.miss, "false alarm": score.false_alarm, "confusion (SER)": score.ser,
             "JER": score.jer}  # fmt: skip
    rows = [(name, _percent(rate)) for name, rate in rates.items()]
    rows.append(("scored speaker time", clock(score.scored_speaker_time)))
    return _section("score", "Score", _pairs(rows) + _condition(condition) + _hint(_SCORE_TERMS))


def merge_section(curves: Sequence[MergeCurve]) -> str:
    """Where scripts draw the curves, which stays hidden until they have."""
    if not curves:
        return ""
    told = [_MERGE_TERMS, *(_CURVE_TERMS[name] for name in dict.fromkeys(curve.name for curve in curves)
                            if name in _CURVE_TERMS)]  # fmt: skip
    return _section("merges", "Merges", _hint(" ".join(told)), hidden=True)


def provenance_section(provenance: Provenance) -> str:
    """Settings, versions and timings, folded away."""
    parts = []
    for stage, settings in provenance.settings.items():
        parts.append(f"<h3>{escape(stage)}</h3>{_pairs([(name, _shown(value)) for name, value in settings.items()])}")
    if provenance.timings:
        rows = [(stage, f"{seconds:.1f} s") for stage, seconds in provenance.timings.items()]
        parts.append(f"<h3>time</h3>{_pairs(rows)}")
    if provenance.versions:
        parts.append(f"<h3>versions</h3>{_pairs(provenance.versions.items())}")
    if not parts:
        return ""
    blocks = "".join(f"<div>{part}</div>" for part in parts)
    return f'<details class="panel" id="settings"><summary>Settings and versions</summary>' \
           f'<div class="columns">{blocks}</div></details>'  # fmt: skip


def set_table(content: SetContent) -> str:
    """A line a recording, with a link to its page, and the pooled line; scripts sort it by its ``data-value``."""
    titles = ["recording", "duration", "turns", "speakers found"]
    titles += ["true speakers", "DER", "SER", "missed", "false alarm", "JER"] if content.pooled else []
    head = "".join(
        f'<th scope="col"{" class=text" if title == "recording" else ""}><button type="button">{title}</button></th>'
        for title in titles
    )
    lines = []
    for row in content.rows:
        link = f'<th scope="row" data-value="{escape(row.recording)}"><a href="{escape(row.href)}">' \
               f"{escape(row.recording)}</a></th>"  # fmt: skip
        cells = [_cell(row.duration, clock(row.duration)), _cell(row.n_turns), _cell(row.n_found)]
        lines.append(f"<tr>{link}{''.join([*cells, *_score_cells(row.score, content.pooled is not None)])}</tr>")
    counts = [sum(row.n_turns for row in content.rows), sum(row.n_found for row in content.rows)]
    duration = sum(row.duration for row in content.rows)
    cells = [_cell(duration, clock(duration)), *(_cell(count) for count in counts)]
    cells += _score_cells(content.pooled, content.pooled is not None)
    foot = f'<tr><th scope="row">all</th>{"".join(cells)}</tr>'
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in content.remarks)
    return (
        f'<div class="scroll"><table class="sortable"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody>'
        f"<tfoot>{foot}</tfoot></table></div>" + (f"<ul>{remarks}</ul>" if remarks else "")
        + (_hint(_SCORE_TERMS) if content.pooled else "")
    )  # fmt: skip


def _rates(score: Score) -> dict[str, str]:
    return {"DER": _percent(score.der), "SER": _percent(score.ser)}


def _condition(condition: str) -> str:
    return f'<p class="condition">scored with {escape(condition)}</p>' if condition else ""


def _hint(text: str) -> str:
    return f'<p class="hint">{escape(text)}</p>' if text else ""


def _section(name: str, title: str, body: str, hidden: bool = False) -> str:
    return f'<section class="panel" id="{name}" aria-labelledby="{name}-title"{" hidden" if hidden else ""}>' \
           f'<h2 id="{name}-title">{title}</h2>{body}</section>'  # fmt: skip


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    lines = (f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
    return f'<table class="pairs"><tbody>{"".join(lines)}</tbody></table>'


def _confidence_text(content: RecordingContent, found: Sequence[SpeakerRow]) -> str:
    """What confidences are, where there are any; why there are none, where that is known."""
    if any(math.isfinite(row.confidence) for row in found):
        known = content.calibration or "as the file of turns has it; whether it is calibrated is not known"
        return f"Confidence: the probability that a turn is its speaker's, {known}. A speaker's is the mean by time."
    is_alone = content.calibration and len(found) == 1
    return "No confidence: there is no second speaker to compare with." if is_alone else ""


def _lengths(seconds: Sequence[float]) -> list[tuple[str, str]]:
    if not seconds:
        return []
    named = {"shortest": min(seconds), "median": statistics.median(seconds), "longest": max(seconds)}
    return [(f"{name} segment", f"{length:.1f} s") for name, length in named.items()]


def _speaker_table(title: str, rows: Sequence[SpeakerRow], other: str, with_confidence: bool) -> str:
    total = sum(row.seconds for row in rows)
    is_certain = any(math.isfinite(row.confidence) for row in rows)
    heads = ["speaker", "time", "share", "turns"]
    heads += ["confidence" if is_certain else ""] if with_confidence else []  # so that both tables' columns are in line
    head = "".join(f'<th scope="col">{name}</th>' for name in [*heads, *([other] if other else [])])
    lines = []
    for row in rows:
        share = row.seconds / total if total > 0 else 0.0
        swatch = f'<span class="swatch" style="--of:var(--speaker-{row.colour % len(SPEAKERS)})"></span>'
        bar = f'<span class="bar" style="--share:{share:.4f};--of:var(--speaker-{row.colour % len(SPEAKERS)})"></span>'
        cells = [clock(row.seconds), f'{bar}<span class="percent">{100 * share:.0f} %</span>', str(row.turns)]
        if with_confidence:
            unknown = _UNKNOWN if is_certain else ""
            cells.append(f"{row.confidence:.2f}" if math.isfinite(row.confidence) else unknown)
        if other:
            cells.append(f"<span>{escape(row.other) or _UNKNOWN}</span>")
        filled = "".join(f"<td>{cell}</td>" for cell in cells)
        name = f'<span class="who">{swatch}<span>{escape(row.name)}</span></span>'
        lines.append(f'<tr><th scope="row">{name}</th>{filled}</tr>')
    return f'<div class="scroll"><table class="speakers"><caption>{title}</caption><thead><tr>{head}</tr></thead>' \
           f"<tbody>{''.join(lines)}</tbody></table></div>"  # fmt: skip


def _score_cells(score: Score | None, scored: bool) -> list[str]:
    if not scored:
        return []
    if score is None:
        return [_cell(math.nan, _UNKNOWN)] * 6
    rates = (score.der, score.ser, score.miss, score.false_alarm, score.jer)
    return [_cell(score.n_true), *(_cell(rate, _percent(rate)) for rate in rates)]


def _cell(value: float, text: str = "") -> str:
    return f'<td data-value="{value if math.isfinite(value) else ""}">{escape(text or str(value))}</td>'


def _percent(rate: float, digits: int = 2) -> str:
    return f"{rate:.{digits}f} %" if math.isfinite(rate) else _UNKNOWN


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
