"""Tables of features that others made: Kaldi's matrices written by kaldiio and byte by byte, HTK's files."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import kaldiio
import numpy as np
import pytest

from diar.errors import DataError
from diar.io.feature_table import FeatureTable

FRAMES = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)


def table(folder: Path, **entries: object) -> FeatureTable:
    (folder / "feats.scp").write_text("".join(f"{name} {entry}\n" for name, entry in entries.items()))
    return FeatureTable(folder / "feats.scp")


def archive(folder: Path, content: bytes, name: str = "raw.ark") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def htk_bytes(frames: np.ndarray, period: int) -> bytes:
    return struct.pack(">iihH", len(frames), period, 4 * frames.shape[1], 6) + frames.astype(">f4").tobytes()


# ---- Kaldi's formats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("text", [False, True])
def test_kaldis_matrices_are_read(tmp_path: Path, dtype: type, text: bool) -> None:
    ark, scp = tmp_path / "raw.ark", tmp_path / "feats.scp"
    recordings = {"b": FRAMES.astype(dtype), "a": (FRAMES + 1)[:7].astype(dtype)}
    kaldiio.save_ark(str(ark), recordings, scp=str(scp), text=text)
    features = FeatureTable(scp)
    for recording, frames in recordings.items():
        read = features.read(recording)
        assert read.frames.dtype == np.float32 and read.frame_shift is None
        np.testing.assert_allclose(read.frames, frames, rtol=1e-6 if text else 0)


def test_text_that_begins_with_a_whole_number_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path, b"r  [\n  1 2.5 -3e-05\n  4 5 6 ]\nq  [\n  7 8\n  9 1 ]\n")
    offset = path.read_bytes().index(b"q") + 1
    features = table(tmp_path, r=f"{path}:1", q=f"{path}:{offset}")
    np.testing.assert_array_equal(features.read("r").frames, np.float32([[1, 2.5, -3e-5], [4, 5, 6]]))
    np.testing.assert_array_equal(features.read("q").frames, np.float32([[7, 8], [9, 1]]))


@pytest.mark.parametrize(("method", "step"), [(2, 1 / 64), (3, 1 / 65535), (5, 1 / 255)])
def test_matrices_that_kaldiio_compressed_are_read(tmp_path: Path, method: int, step: float) -> None:
    ark, scp = tmp_path / "raw.ark", tmp_path / "feats.scp"
    kaldiio.save_ark(str(ark), {"r": FRAMES}, scp=str(scp), compression_method=method)
    frames = FeatureTable(scp).read("r").frames
    assert frames.dtype == np.float32 and frames.shape == FRAMES.shape
    assert 0 < np.abs(frames - FRAMES).max() <= step * (FRAMES.max() - FRAMES.min())


@pytest.mark.parametrize(("token", "code", "steps"), [(b"CM2 ", "<H", 65535), (b"CM3 ", "<B", 255)])
def test_matrices_of_one_scale_are_what_kaldis_format_says(tmp_path: Path, token: bytes, code: str, steps: int) -> None:
    low, width, numbers = -3.0, 8.0, [[0, 7, 250], [steps, 1, 99]]
    body = b"".join(struct.pack(code, number) for row in numbers for number in row)
    path = archive(tmp_path, b"\0B" + token + struct.pack("<ffii", low, width, 2, 3) + body)
    expected = [[low + width * number / steps for number in row] for row in numbers]
    np.testing.assert_allclose(table(tmp_path, r=path).read("r").frames, expected, rtol=1e-6)


def test_matrices_of_a_scale_a_column_are_what_kaldis_format_says(tmp_path: Path) -> None:
    """CM: percentiles 0, 25, 75, 100 of each column in 16 bits, then bytes column by column, linear in between."""
    low, width = 2.0, 4.0
    percentiles = [(0, 1000, 30000, 65535), (5, 700, 800, 900)]
    columns = [[0, 64, 192, 255, 32], [255, 100, 193, 1, 128]]
    body = b"".join(struct.pack("<4H", *four) for four in percentiles) + bytes(sum(columns, []))
    path = archive(tmp_path, b"\0BCM " + struct.pack("<ffii", low, width, 5, 2) + body)
    expected = np.zeros((5, 2))
    for d, four in enumerate(percentiles):
        knots = [low + width * value / 65535 for value in four]
        expected[:, d] = np.interp(columns[d], [0, 64, 192, 255], knots)
    np.testing.assert_allclose(table(tmp_path, r=path).read("r").frames, expected, rtol=1e-5)


# ---- HTK -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["r.fea", "r.htk", "r.mfc", "raw.ark"])
def test_htk_files_are_told_by_their_content(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path, htk_bytes(FRAMES, 125_000), name)
    features = table(tmp_path, r=path).read("r")
    assert features.frame_shift == 0.0125
    np.testing.assert_array_equal(features.frames, FRAMES)


def test_kaldis_matrices_are_told_by_their_content(tmp_path: Path) -> None:
    kaldiio.save_mat(str(tmp_path / "r.htk"), FRAMES)
    features = table(tmp_path, r=tmp_path / "r.htk").read("r")
    assert features.frame_shift is None
    np.testing.assert_array_equal(features.frames, FRAMES)


def test_an_htk_file_whose_length_looks_like_kaldis_mark_is_htks(tmp_path: Path) -> None:
    n_frames = 0x00420000  # twelve hours at 10 ms; '\0B' in front
    frames = np.zeros((n_frames, 1), dtype=np.float32)
    features = table(tmp_path, r=archive(tmp_path, htk_bytes(frames, 100_000))).read("r")
    assert features.frame_shift == 0.01 and len(features.frames) == n_frames


# ---- paths ---------------------------------------------------------------------------------------------------------


def test_paths_are_relative_to_the_working_directory_else_to_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, value in (("here", 1.0), ("there", 2.0)):
        (tmp_path / folder).mkdir()
        kaldiio.save_mat(str(tmp_path / folder / "both.ark"), np.full((3, 2), value, dtype=np.float32))
    kaldiio.save_mat(str(tmp_path / "there" / "only.ark"), np.full((3, 2), 3.0, dtype=np.float32))
    archive(tmp_path / "there", htk_bytes(np.full((3, 2), 4.0), 100_000), "only.htk")
    monkeypatch.chdir(tmp_path / "here")
    features = table(tmp_path / "there", both="both.ark", only="only.ark:0", htk="only.htk", gone="gone.ark")
    assert features.read("both").frames[0, 0] == 1
    assert features.read("only").frames[0, 0] == 3
    assert features.read("htk").frames[0, 0] == 4
    with pytest.raises(DataError, match=r"^gone\.ark: cannot be read \(.*No such file"):
        features.read("gone")


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["touch {} |", "| touch {}"])
def test_a_pipe_is_refused_and_not_run(tmp_path: Path, command: str) -> None:
    features = table(tmp_path, r=command.format(tmp_path / "ran"))
    with pytest.raises(DataError, match="is a pipe; wanted an archive; write its output to a file first"):
        features.read("r")
    assert not (tmp_path / "ran").exists()


class Trap:
    """What runs when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('ran')",)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    path = archive(tmp_path, b"r PKL" + pickle.dumps(Trap()))
    for entry in (f"{path}:2", path):
        with pytest.raises(DataError, match=r"raw\.ark"):
            table(tmp_path, r=entry).read("r")


@pytest.mark.parametrize("rows", ["[0:10]", "[0:10,1:2]", "[:,0:3]"])
def test_ranges_of_rows_are_refused(tmp_path: Path, rows: str) -> None:
    kaldiio.save_mat(str(tmp_path / "raw.ark"), FRAMES)
    with pytest.raises(DataError, match="has a range of rows; wanted a whole matrix"):
        table(tmp_path, r=f"{tmp_path / 'raw.ark'}:0{rows}").read("r")


@pytest.mark.parametrize("method", [None, 2, 3, 5])
def test_an_archive_cut_anywhere_is_refused(tmp_path: Path, method: int | None) -> None:
    path = tmp_path / "raw.ark"
    kaldiio.save_mat(str(path), FRAMES[:10], compression_method=method)
    whole = path.read_bytes()
    features = table(tmp_path, r=path)
    for kept in range(len(whole)):
        path.write_bytes(whole[:kept])
        with pytest.raises(DataError, match=r"raw\.ark: ") as error:
            features.read("r")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" [ 1 2 3 ]\n", "holds a vector of 3 values; wanted a matrix"),
        (b"\0BFV \4" + struct.pack("<i", 1) + bytes(4), "holds a vector of 1 values"),
        (b"\0B\4" + struct.pack("<i", 0), "holds a vector of 0 values"),
        (b" [\n 1 2\n 3 ]\n", "cannot be read"),
        (b" [\n 1 2\n 3 x ]\n", "cannot be read .*could not convert"),
        (b" [\n 1 2\n", r"cannot be read \(truncated"),
        (b" [\n ]\n", "wanted frames|holds a vector"),
        (b"notes of a meeting", "wanted an HTK parameter file"),
        (b"\0BFM \4" + struct.pack("<i", 0) + b"\4" + struct.pack("<i", 0), "holds a matrix of 0 x 0; wanted frames"),
        (b" [\n 1 2\n nan 1\n inf 1 ]\n", "frame 1 holds NaN or infinity; wanted numbers"),
        (b" [\n 1 2\n 3 1\n inf -inf ]\n", "frame 2 holds NaN or infinity"),
    ],
)
def test_other_content_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = archive(tmp_path, content)
    with pytest.raises(DataError, match=message) as error:
        table(tmp_path, r=path).read("r")
    assert "\n" not in str(error.value) and str(error.value).startswith(str(path))


def test_doubles_that_no_float_holds_are_refused(tmp_path: Path) -> None:
    frames = FRAMES.astype(np.float64)
    frames[7, 2] = 1e300
    kaldiio.save_mat(str(tmp_path / "raw.ark"), frames)
    with pytest.raises(DataError, match="frame 7 holds NaN or infinity"):
        table(tmp_path, r=tmp_path / "raw.ark").read("r")


def test_a_recording_that_is_not_listed_is_named_with_the_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"feats\.scp: recording 'other' is not listed; wanted .* names of wav\.scp"):
        table(tmp_path, r="raw.ark").read("other")


def test_a_faulty_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        FeatureTable(tmp_path / "feats.scp")
    (tmp_path / "feats.scp").write_text("r\n")
    with pytest.raises(DataError, match=r"feats\.scp:1: found 'r'"):
        FeatureTable(tmp_path / "feats.scp")
