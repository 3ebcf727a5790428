"""What the folders of the stages add to the page of a recording: the speech that was found, the merges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from diar.io.ark import ArchiveFolder
from diar.io.files import read_json
from diar.io.rttm import RttmLine
from diar.report.assemble import history_curves, vad_figures
from diar.report.content import RecordingContent
from diar.score_input import ScoreOptions
from diar.segments import Segment, frames_to_segments
from diar.stage_folder import HISTORY_SUFFIX


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
