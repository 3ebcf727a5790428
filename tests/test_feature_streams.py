"""Streams: their text, and the features they give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stage_folders import FEATS, filled

from diar.errors import DataError
from diar.feature_streams import FeatureStreams
from diar.io.ark import write_archive, write_scp


def test_streams_have_the_name_of_their_folder_and_a_weight(tmp_path: Path) -> None:
    one, other = filled(tmp_path / "a:b" / "feats", "feats", FEATS), filled(tmp_path / "embed_none", "embed")
    streams = FeatureStreams.parse(f"{one}:0.75,{other}:2.5e-1")
    assert [(stream.name, stream.weight, stream.frames.tolist()) for stream in streams.read("c", 3)] == [
        ("feats", 0.75, [4, 4, 4]),
        ("embed_none", 0.25, [4, 4, 4]),
    ]


def test_a_stream_may_have_a_variance_scale(tmp_path: Path) -> None:
    one, other = filled(tmp_path / "feats", "feats"), filled(tmp_path / "tdoa:1", "tdoa")
    streams = FeatureStreams.parse(f"{one}:0.75,{other}:0.25@0.35").read("c", 3)
    assert [(stream.weight, stream.variance_scale) for stream in streams] == [(0.75, None), (0.25, 0.35)]


def test_streams_a_little_shorter_or_longer_are_fitted(tmp_path: Path) -> None:
    """Cut at the end, or their last frame repeated; what is too different stays as it is."""
    (folder := tmp_path / "feats").mkdir()
    write_archive(folder, "c", np.float32([1, 2, 3]))
    write_scp(folder, "feats", ["c"])
    streams = FeatureStreams.parse(f"{folder}:1")
    for n_frames, expected in ((2, [1, 2]), (5, [1, 2, 3, 3, 3]), (103, [1, 2] + 101 * [3]), (104, [1, 2, 3])):
        assert streams.read("c", n_frames)[0].frames.tolist() == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FEATS", "^--streams: found 'FEATS'; wanted FOLDER:WEIGHT,"),
        ("FEATS:", "^--streams: found 'FEATS:'; wanted FOLDER:WEIGHT,"),
        ("FEATS:x", "^--streams: found 'FEATS:x'; wanted FOLDER:WEIGHT,"),
        ("FEATS:1,", "^--streams: found ''; wanted FOLDER:WEIGHT,"),
        ("0.3", "^--streams: found '0.3'; wanted FOLDER:WEIGHT,"),
        (":1", "^--streams: found ':1'; wanted FOLDER:WEIGHT,"),
        ("FEATS:1@", "^--streams: found 'FEATS:1@'; wanted FOLDER:WEIGHT,"),
        ("FEATS:1@x", "^--streams: found 'FEATS:1@x'; wanted FOLDER:WEIGHT,"),
        ("FEATS:1@0", "^--streams: found 'FEATS:1@0'; wanted FOLDER:WEIGHT,"),
        ("FEATS:1@inf", "^--streams: found 'FEATS:1@inf'; wanted FOLDER:WEIGHT,"),
        ("FEATS/gone:1", "^FEATS/gone: no such folder; wanted the folder of stream"),
        ("FEATS:0.5,FEATS:0.5", r"^--streams: found folders called \['feats', 'feats'\]; wanted different names"),
        ("FEATS:0.5", "^--streams: found weights that sum to 0.5; wanted positive weights that sum to 1"),
        ("FEATS:inf", "^--streams: found weights that sum to inf; wanted positive"),
        ("FEATS:nan", "^--streams: found weights that sum to nan; wanted positive"),
    ],
)
def test_streams_that_are_none_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    feats = str(filled(tmp_path / "feats", "feats", FEATS))
    with pytest.raises(DataError, match=reason.replace("FEATS", feats)):
        FeatureStreams.parse(text.replace("FEATS", feats))


def test_a_folder_with_blanks_is_no_stream(tmp_path: Path) -> None:
    """Its name becomes one of an archive."""
    with pytest.raises(DataError, match=r"^--streams: found folders called \['my feats'\]; .* without blanks"):
        FeatureStreams.parse(f"{filled(tmp_path / 'my feats', 'feats')}:1")
