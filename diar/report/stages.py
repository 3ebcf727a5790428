"""What files of stages add to the page of a recording: the speech that was found, the merges, the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from diar.io.ark import ArchiveFolder
from diar.io.files import read_json
from diar.io.rttm import RttmLine
from diar.report.assemble import history_curves, program_versions, saved_merges, stage_settings, vad_figures
from diar.report.content import Provenance, RecordingContent, speakers
from diar.score_input import ScoreOptions
from diar.segments import Segment, frames_to_segments
from diar.stage_folder import HISTORY_SUFFIX, options_of


def with_stages(
    content: RecordingContent,
    folders: Mapping[str, ArchiveFolder],
    reference: Sequence[RttmLine],
    uem: Sequence[Segment] | None,
    options: ScoreOptions,
) -> RecordingContent:
    """``content`` with what ``folders`` of vad and of clusters, by name, hold of its recording.

    Speech is judged by the recording's lines of the ``reference``, of which there may be none, in the regions ``uem``.

    Raises:
        DataError: an archive or a merge history that is none.
    """
    recording = content.recording
    for name, folder in folders.items():
        if recording not in folder:
            continue
        merges = folder.path / f"{recording}{HISTORY_SUFFIX}"
        if name.startswith("vad"):
            regions = frames_to_segments(folder.read(recording))
            content = replace(content, vad=vad_figures(regions, reference, uem, options))
        elif merges.exists():
            curves = history_curves(read_json(merges), folder.read(recording), str(merges))
            content = replace(content, curves=content.curves + curves)
    return content


def stages_provenance(folders: Mapping[str, ArchiveFolder]) -> Provenance:
    """The settings of all stages that made ``folders``, and the versions of the programs."""
    settings: dict[str, dict[str, Any]] = {}
    for name, folder in folders.items():
        settings |= stage_settings(name, options_of(folder.path))
    return Provenance(settings=settings, versions=program_versions())


def with_saved_merges(content: RecordingContent, where: Path) -> RecordingContent:
    """``content`` with the curves, cut at its number of speakers, and the settings in a file of merges.

    ``where`` is that file, or a folder in which it is <recording>.merges.json; without it ``content`` stays as it is.

    Raises:
        DataError: it is no merge history.
    """
    path = where / f"{content.recording}{HISTORY_SUFFIX}" if where.is_dir() else where
    if where.is_dir() and not path.exists():
        return content
    curves, settings = saved_merges(read_json(path), len(speakers(content.hypothesis)), str(path))
    return replace(content, curves=curves, provenance=replace(content.provenance, settings=settings))
