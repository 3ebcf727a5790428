"""The step that sums microphones, called as a recipe calls it."""

from __future__ import annotations

from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile
from step_runner import run_step


@pytest.mark.parametrize("rate", [22050, 44100, 8000])
def test_there_are_as_many_delays_as_features_whatever_the_rate(tmp_path: Path, rate: int) -> None:
    (tmp_path / "data").mkdir()
    rng, table = np.random.default_rng(0), ""
    lengths = [rate + extra for extra in (0, 109, 110, 111, 112, 219, 220, 221, 330, 331, 332)]
    for number, length in enumerate(lengths):
        soundfile.write(tmp_path / f"{number}.wav", 0.1 * rng.standard_normal((length, 2)), rate)
        table += f"r{number:02d} {number}.wav\n"
    (tmp_path / "data" / "wav.scp").write_text(table)
    printed = run_step(tmp_path, "wav_to_tdoa.py", "data", "tdoa")
    assert printed.count("reference channel 1, weights") == len(lengths)
    # what the next stage looks for: one archive a recording, and a table of them
    (tmp_path / "tdoa" / "tdoa.scp").write_text(
        "".join(f"r{number:02d} tdoa/r{number:02d}.ark:4\n" for number in range(len(lengths)))
    )
    run_step(tmp_path, "wav_to_feats.py", "--tdoa", "tdoa", "data", "feats")
    for number, length in enumerate(lengths):
        (_, delays), = kaldiio.load_ark(str(tmp_path / "tdoa" / f"r{number:02d}.ark"))
        (_, frames), = kaldiio.load_ark(str(tmp_path / "feats" / f"r{number:02d}.ark"))
        assert delays.shape == (len(frames), 1) and delays.dtype == np.float32
        assert soundfile.info(tmp_path / "tdoa" / f"r{number:02d}.sum.flac").frames == length


def test_a_recording_that_fails_leaves_no_sum(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    signal = 0.1 * np.random.default_rng(0).standard_normal((8000, 2))
    soundfile.write(tmp_path / "a.wav", signal, 8000, subtype="FLOAT")
    (tmp_path / "data" / "wav.scp").write_text("a a.wav\n")
    run_step(tmp_path, "wav_to_tdoa.py", "data", "tdoa")
    signal[7000] = np.nan
    soundfile.write(tmp_path / "a.wav", signal, 8000, subtype="FLOAT")
    printed = run_step(tmp_path, "wav_to_tdoa.py", "data", "tdoa", code=1)
    assert "a: failed: a.wav: sample 7000 is not a number" in printed
    assert sorted(path.name for path in (tmp_path / "tdoa").iterdir()) == ["a.error", "options.json"]


def test_a_meeting_of_one_microphone_goes_with_it_where_others_have_several(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(8000), 8000, subtype="PCM_24")
    (tmp_path / "data" / "wav.scp").write_text("one c.wav\nseveral a.wav\n")
    printed = run_step(tmp_path, "wav_to_tdoa.py", "data", "tdoa", code=1)
    assert "one: failed: one: has 1 channel; wanted 2 or more to sum; leave out --beamform" in printed
    (tmp_path / "data" / "reco2channels").write_text("several a.wav b.wav\n")
    printed = run_step(tmp_path, "wav_to_tdoa.py", "data", "tdoa")
    assert "warning: one: has one microphone, and so no delays" in printed and "warning: several" not in printed
    kept, wanted = (soundfile.read(tmp_path / path)[0] for path in ("tdoa/one.sum.flac", "c.wav"))
    np.testing.assert_array_equal(kept, wanted)
    ((_, delays),) = kaldiio.load_ark(str(tmp_path / "tdoa" / "one.ark"))
    assert delays.shape == (100, 1) and not delays.any()
