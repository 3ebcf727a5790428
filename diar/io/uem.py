"""UEM, NIST's list of the regions to score: ``<recording> <channel> <start> <end>``.

Comments begin with ``;`` or ``#``. Regions of a recording that overlap, which md-eval refuses, are joined, and so are
those of its channels, which the toolkit does not tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from diar.errors import DataError
from diar.io.files import content_lines, write_text
from diar.io.line_formats import faults_of_lines, other_format
from diar.segments import Segment, union


def read_uem(path: Path) -> dict[str, list[Segment]]:
    """The regions of each recording, in seconds, sorted and joined.

    Raises:
        DataError: a line with too few fields or a bad number, a region that ends before it starts, no region at all.
    """
    regions: dict[str, list[Segment]] = {}
    for place, line in content_lines(path):
        recording, region = parse_uem_line(line, place)
        regions.setdefault(recording, []).append(region)
    if not regions:
        raise DataError(path, "covers nothing", "wanted a line '<recording> <channel> <start> <end>' a region")
    return {recording: union(segments) for recording, segments in regions.items()}


def uem_faults(path: Path) -> list[str]:
    """Every line of a UEM file that is not UEM, with its place; or that there is none."""
    if not any(True for _ in content_lines(path)):
        return [f"{path}: covers nothing; wanted '<recording> <channel> <start> <end>' a line"]
    return faults_of_lines(path, "UEM", parse_uem_line)


def parse_uem_line(line: str, place: str) -> tuple[str, Segment]:
    """Recording and region of one line; ``place`` is told when it is wrong."""
    fields = line.split()
    if len(fields) != 4:
        wanted = "wanted 4: <recording> <channel> <start> <end>"
        raise DataError(place, f"found {len(fields)} fields", wanted, other_format(line, "UEM"))
    try:
        start, end = float(fields[2]), float(fields[3])
    except ValueError:
        raise DataError(place, f"found times '{fields[2]} {fields[3]}'", "wanted seconds") from None
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
        raise DataError(place, f"found a region from {start} to {end} s", "wanted 0 <= start < end")
    return fields[0], Segment(start, end)


def write_uem(path: Path, regions: Mapping[str, list[Segment]]) -> None:
    """Write the regions with channel 1, sorted by recording."""
    lines = [
        f"{recording} 1 {segment.start:.3f} {segment.end:.3f}\n"
        for recording in sorted(regions, key=str.encode)
        for segment in regions[recording]
    ]
    write_text(path, "".join(lines))
