"""Pages as HTML: what stands where, whole in itself, whatever names are like."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from report_content import HYPOTHESIS, REFERENCE, meeting, small, tone

from diar.report.content import Audio, MergeCurve, Note, RecordingContent, SetContent, VadFigures, set_row
from diar.report.page import recording_page, set_page
from diar.report.page_data import recording_data, script_json
from diar.report.sections import clock
from diar.score import ScoreOptions, score_recording
from diar.segments import Segment, Turn

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}
NASTY = ["</script><script>alert(1)</script>", "<b>\"'&lt;", "{{data}}", "\\1 \\g<0> $&", "é\u2028\U0001f600", "<!--"]


class Page(HTMLParser):
    """The elements of a page by id and by name, with their text; refuses elements that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop()[0] == tag, tag

    def handle_data(self, data: str) -> None:
        for tag, attributes in self.open:
            for key in (tag, f"#{attributes.get('id')}"):
                self.texts[key] = self.texts.get(key, "") + data

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.texts["#data"])

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_page_has_what_is_known() -> None:
    page = Page(recording_page(small(audio=tone(1), set_href="index.html")))
    assert page.texts["h1"] == page.texts["title"] == "r1"
    header = words(page.texts["header"])
    for told in ("duration0:24.0", "speakers found2", "true speakers2", "DER27.78 %", "SER11.11 %",
                 "scored with collar=0 overlap=skipped"):  # fmt: skip
        assert told in header
    assert "spk10:12.071 %30.74A" in page.texts["#speakers"]
    assert "missed speech12.50 %" in page.texts["#vad"] and "speech found0:17.0" in page.texts["#vad"]
    assert "JER" in page.texts["#score"]
    for told in ("vadvadenergythreshold0.5", "timevad1.2 s", "versionsdiar1.0"):
        assert told in page.texts["#settings"]
    assert {a.get("href") for a in page.attributes("a")} == {"./index.html"}


def test_what_is_not_known_is_not_there() -> None:
    content = RecordingContent(recording="r", duration=3.0, hypothesis=(Turn(0, 1, "a"),))
    page = Page(recording_page(content))
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert not ids & {"score", "vad", "merges", "settings", "audio"} and {"speakers", "timeline", "turns"} <= ids
    assert "DER" not in page.texts["header"] and "Reference" not in page.texts["#speakers"]
    assert "confidence" not in page.texts["#speakers"] and "nan" not in page.texts["main"]
    assert [group["kind"] for group in page.data["groups"]] == ["turns"]


def test_confidences_are_explained_and_calibration_is_told_as_far_as_it_is_known() -> None:
    told = Page(recording_page(small(calibration="calibrated on planes"))).texts["#speakers"]
    assert "the probability that a turn is its speaker's, calibrated on planes." in told
    assert "whether it is calibrated is not known" in Page(recording_page(small())).texts["#speakers"]
    sure = tuple(turn._replace(confidence=math.nan) for turn in HYPOTHESIS)
    nothing = small(hypothesis=sure, notes=())
    assert "onfidence" not in Page(recording_page(nothing)).texts["#speakers"]
    alone = replace(nothing, hypothesis=sure[:1], calibration="calibrated on planes")
    assert "No confidence: there is no second speaker" in Page(recording_page(alone)).texts["#speakers"]
    unknown = replace(nothing, calibration="calibrated on planes")
    assert "onfidence" not in Page(recording_page(unknown)).texts["#speakers"]


def test_speakers_of_a_score_are_counted_by_its_rule_on_both_sides() -> None:
    found, true = (*HYPOTHESIS, Turn(20, 24, "spk3")), (*REFERENCE, Turn(20, 24.5, "C"))
    score = score_recording("r1", true, found, [Segment(0, 25)], ScoreOptions(collar=0.0))
    content = small(hypothesis=found, reference=true, score=score)
    assert "speakers found2true speakers2" in words(Page(recording_page(content)).texts["header"])
    row = set_row(content, "r1.html")
    assert row.n_found == 2 and set_row(replace(content, score=None), "r1.html").n_found == 3


def test_the_speech_that_was_found_is_told_in_figures() -> None:
    text = Page(recording_page(small())).texts["#vad"]
    told = ["speech found0:17.0", "share of the recording70.8 %", "segments3", "shortest segment4.0 s",
            "median segment4.0 s", "longest segment9.0 s", "missed speech12.50 %"]  # fmt: skip
    assert all(line in text for line in told), text
    empty = Page(recording_page(small(vad=VadFigures(())))).texts["#vad"]
    assert "segments0" in empty and "median" not in empty


def test_terms_are_explained_where_they_stand() -> None:
    page = Page(recording_page(small()))
    assert all(f"{term}: " in page.texts["#score"] for term in ("DER", "JER", "Collar"))
    assert "NMI: the share" in page.texts["#merges"] and "delta" not in page.texts["#merges"]
    assert "JER: " in Page(set_page(SetContent(name="x", rows=(set_row(small(), "r"),)))).texts["main"]


def test_ids_are_unique_and_labels_lead_to_elements() -> None:
    page = Page(recording_page(small(audio=tone(1))))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attributes.get(name) in {None, *ids}
    buttons = [attributes for attributes in page.attributes("button") if not attributes.get("aria-label")]
    assert len(buttons) < len(page.attributes("button"))


def called(name: str) -> RecordingContent:
    """A content in which everything that has a name is called ``name``."""
    turns = tuple(turn._replace(speaker=turn.speaker + name) for turn in HYPOTHESIS)
    return small(
        recording=name, hypothesis=turns, mapping={"A": f"spk1{name}"}, condition=name, set_href=name,
        notes=(Note(Segment(0, 1), name, name),), curves=(MergeCurve(name, (2, 1), (1.0, 0.0)),),
        provenance=replace(small().provenance, settings={name: {name: name}}, versions={name: name}),
        audio=Audio(href=name),
    )  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_are_text_whatever_they_are(name: str) -> None:
    content = called(name)
    plain, nasty = Page(recording_page(called("x"))), Page(recording_page(content))
    assert [tag for tag, _ in nasty.elements] == [tag for tag, _ in plain.elements]
    assert nasty.texts["h1"] == name and nasty.data["recording"] == name
    assert nasty.data["groups"][0]["rows"][0]["name"] == f"spk1{name}"
    assert f"spk1{name}" in nasty.texts["#speakers"] and name in nasty.texts["#settings"]
    assert len(nasty.attributes("script")) == 2
    index = Page(set_page(SetContent(name=name, rows=(set_row(content, name),), condition=name, remarks=(name,))))
    assert index.texts["h1"] == name and name in index.texts["tbody"] and len(index.attributes("script")) == 1


def test_script_json_ends_no_script_and_reads_as_what_it_was() -> None:
    content = {"</script><!--&": [1.5, None, "<>&\u2028é"]}
    text = script_json(content)
    assert not set(text) & set("<>&") and text.isascii() and json.loads(text) == content
    with pytest.raises(ValueError):
        script_json(math.nan)


def test_nothing_comes_from_elsewhere() -> None:
    text = recording_page(small(audio=tone(1))) + set_page(SetContent(name="x", rows=()))
    text = text.replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert not re.findall(r"https?:|//[\w.]+/|@import|url\(|\bfetch\(|XMLHttpRequest|import\(", text)
    assert all(a.get("src", "data:").startswith("data:") for _, a in Page(recording_page(small())).elements)


def test_audio_is_embedded_or_linked() -> None:
    sound = tone(1)
    (embedded,) = Page(recording_page(small(audio=sound))).attributes("audio")
    kind, _, content = embedded["src"].partition(",")
    assert kind == "data:audio/wav;base64" and base64.b64decode(content) == sound.content
    (linked,) = Page(recording_page(small(audio=Audio(href="../a: b#?%\".wav")))).attributes("audio")
    assert linked["src"] == "../a%3A%20b%23%3F%25%22.wav"
    (linked,) = Page(recording_page(small(audio=Audio(href="c:d.wav")))).attributes("audio")
    assert linked["src"] == "./c%3Ad.wav"


def test_the_data_are_rows_of_spans_with_confidences_and_texts() -> None:
    data = recording_data(small())
    groups = {group["kind"]: group["rows"] for group in data["groups"]}
    assert list(groups) == ["turns", "reference", "errors", "speech", "notes"]
    assert groups["turns"][0] == {
        "name": "spk1", "colour": "--speaker-0", "other": "A",
        "spans": [[0, 5, 0.95], [6, 9, 0.3], [10, 14, 0.8]],
    }  # fmt: skip
    assert groups["reference"][1]["spans"] == [[5, 8], [16, 20]]
    missed, false_alarm, confused = groups["errors"]
    assert [row["colour"] for row in groups["errors"]] == ["--miss", "--false-alarm", "--confusion"]
    assert missed["spans"][0][:3] == [14, 16, None] and data["texts"][missed["spans"][0][3]] == "A talks, nobody found"
    assert data["texts"][confused["spans"][0][3]] == "B talks, spk1 found"
    assert data["texts"][false_alarm["spans"][0][3]] == "nobody talks, spk1 found"
    assert data["notScored"] == [[20, 24]]
    assert data["curves"] == [{"name": "NMI", "points": [[4, 0.8], [3, 0.7], [2, 0.5], [1, 0.0]], "cut": 2}]


def test_times_are_kept_to_the_millisecond_and_values_that_are_none_are_left_out() -> None:
    turn, curve = Turn(0.1 + 0.2, 1.0004999, "a", 0.123456), MergeCurve("x", (2, 1), (math.nan, 1))
    data = recording_data(small(hypothesis=(turn,), curves=(curve,)))
    assert data["groups"][0]["rows"][0]["spans"] == [[0.3, 1, 0.123]]
    assert data["curves"][0]["points"] == [[1, 1]]


@pytest.mark.parametrize(
    ("scored", "expected"),
    [((), [[0, 24]]), ((Segment(0, 24),), []), ((Segment(3, 5), Segment(7, 30)), [[0, 3], [5, 7]]), (None, [])],
)
def test_time_outside_of_the_scored_regions(scored: Any, expected: list) -> None:
    assert recording_data(small(scored=scored))["notScored"] == expected


def test_spans_are_sorted_whatever_the_order_of_the_turns() -> None:
    backwards = small(hypothesis=HYPOTHESIS[::-1])
    assert recording_data(backwards) == recording_data(small())


def test_four_hours_of_6000_turns_take_less_than_two_megabytes() -> None:
    assert len(recording_page(meeting(6000, 4 * 3600))) < 2e6


def test_the_set_has_a_line_a_recording_and_a_pooled_one() -> None:
    silent = set_row(small(recording="r2", score=None, duration=3661.0), "./r2.html")
    page = Page(set_page(SetContent(name="eval", rows=(set_row(small(), "./r1.html"), silent), remarks=("beware",))))
    assert [a["href"] for a in page.attributes("a")] == ["./r1.html", "./r2.html"]
    assert "r10:24.052227.78 %" in page.texts["tbody"] and "r21:01:01.052–" in page.texts["tbody"]
    assert page.texts["tfoot"].startswith("all1:01:25.0104") and "beware" in page.texts["main"]
    values = [attributes["data-value"] for attributes in page.attributes("td")]
    assert values[:3] == ["24.0", "5", "2"] and values.count("") == 6
    unscored = Page(set_page(SetContent(name="eval", rows=(silent,))))
    assert "DER" not in unscored.texts["main"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0:00.0"), (59.96, "1:00.0"), (3599.94, "59:59.9"), (3600, "1:00:00.0"), (754.26, "12:34.3")],
)
def test_times_are_told_as_clocks_do(seconds: float, expected: str) -> None:
    assert clock(seconds) == expected
