"""A stage's job: its share of the recordings, what it leaves behind, and folders that are new, old or stale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stage_folders import FEATS, RECORDINGS, filled, names, value

from diar.errors import DataError
from diar.io.ark import ArchiveFolder, archive_path, write_scp
from diar.job import Job
from diar.options import Options, option
from diar.stage_folder import ERROR_SUFFIX, open_input

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Example(Options):
    """What the tests set."""

    num_spk: int = option(3, "how many", low=0)
    bic_threshold: float = option(0.5, "how much")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (folder := tmp_path / "data").mkdir()
    (folder / "wav.scp").write_text("".join(f"{name} /w/{name}.wav\n" for name in reversed(RECORDINGS)))
    return folder


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "exp" / "embed"


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, data: Path, output: Path):
    """A job of a step called with the words given, in front of its folders."""

    def make_job(*words: object, inputs: Sequence[Path] = (), flags: dict[str, str] | None = None) -> Job:
        folders = [data, *inputs, output]
        monkeypatch.setattr(sys, "argv", ["steps/feats_to_embed.py", *map(str, words), *map(str, folders)])
        return Job("What it does.", "embed", [path.name for path in inputs], (Example,), flags)

    return make_job


# ---- shares --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2, 3, 5, 7])
def test_shares_take_turns_by_name_and_leave_nobody_out(make, output: Path, n_jobs: int) -> None:
    for k in range(1, n_jobs + 1):
        mine: list[str] = []
        job = make("--share", f"{k}/{n_jobs}")
        assert job.recordings == RECORDINGS
        job.each_recording(mine.append)
        assert mine == RECORDINGS[k - 1 :: n_jobs]


def test_jobs_together_write_what_one_alone_writes(make, output: Path) -> None:
    contents = []
    for n_jobs in (1, 3):
        for k in range(n_jobs, 0, -1):
            job = make(f"--share={k}/{n_jobs}")
            job.each_recording(lambda recording, job=job: job.write(recording, value(recording)))
        contents.append({path.name: path.read_bytes() for path in output.iterdir()})
        for path in output.iterdir():
            path.unlink()
    assert contents[0] == contents[1] and sorted(contents[0]) == sorted(f"{name}.ark" for name in RECORDINGS)


@pytest.mark.parametrize("share", ["0/1", "3/2", "1", "1/", "/1", "a/b", "1/0", "-1/2", "1/2/3", "1.5/2", ""])
def test_bad_shares_are_refused(make, output: Path, share: str) -> None:
    with pytest.raises(DataError, match=rf"^--share: found '{share}'; wanted K/N with 1 <= K <= N"):
        make(f"--share={share}")
    assert not output.exists()


# ---- failures ------------------------------------------------------------------------------------------------------


def converter(job: Job, bad: Sequence[str], called: list[str]):
    def convert(recording: str) -> None:
        called.append(recording)
        if recording in bad:
            (job.output / f"{recording}.merges.json").write_text("{}")
            job.write(recording, value(recording))
            raise DataError(f"{recording}.wav", "is empty", "wanted audio")
        job.write(recording, value(recording))

    return convert


@pytest.mark.parametrize("bad", [["b"], ["B", "c"], RECORDINGS], ids=str)
def test_a_failure_does_not_stop_the_others_but_fails_the_job(
    make, output: Path, capsys: pytest.CaptureFixture[str], bad: list[str]
) -> None:
    job, called = make(), []
    reason = f"^{len(bad)} of 5 recordings failed, the first: {bad[0]}.wav: is empty; wanted audio$"
    with pytest.raises(DataError, match=reason):
        job.each_recording(converter(job, bad, called))
    assert called == RECORDINGS
    assert names(output) == sorted(name + (ERROR_SUFFIX if name in bad else ".ark") for name in RECORDINGS)
    for name in bad:
        assert (output / (name + ERROR_SUFFIX)).read_text() == f"{name}.wav: is empty; wanted audio\n"
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [f"{name}: failed: {name}.wav: is empty; wanted audio" for name in bad]
    assert printed.out.startswith(f"steps/feats_to_embed.py {job.arguments.data}")


def test_bad_recordings_do_not_fail_the_job_if_they_may_be_skipped(make, output: Path) -> None:
    job, called = make("--skip-bad", "true"), []
    job.each_recording(converter(job, ["b"], called))
    assert called == RECORDINGS and (output / "b.error").exists() and not (output / "b.ark").exists()


def test_what_an_earlier_run_left_of_my_recordings_goes_and_nothing_else(make, output: Path) -> None:
    (output / "log").mkdir(parents=True)
    kept = ["b2.ark", "a.error", "options.json", "b.c.ark", "log"]  # b and b2 are of two shares
    gone = ["B.ark", "B.error", "b.ark", "b.error", "b.merges.json", "c.merges.json"]
    for name in (*kept[:-1], *gone):
        (output / name).write_text("old")
    seen: list[list[str]] = []
    job = make("--share", "1/2")
    job.each_recording(lambda recording: seen.append(names(output)))
    assert seen == [sorted(kept)] * 3, "before the first is converted, those of the last have gone"


def test_a_bug_of_ours_stops_the_job(make) -> None:
    def convert(recording: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make().each_recording(convert)


def step(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": os.environ["PATH"]}
    command = [sys.executable, str(ROOT / "steps" / name), *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_step_makes_the_good_recording_and_tells_of_the_bad(tmp_path: Path) -> None:
    signal = 0.1 * np.random.default_rng(0).standard_normal(16000)
    soundfile.write(tmp_path / "good.wav", signal, 16000)
    (tmp_path / "bad.wav").write_text("no audio")
    (folder := tmp_path / "data").mkdir()
    (folder / "wav.scp").write_text(f"bad {tmp_path}/bad.wav\ngood {tmp_path}/good.wav\n")
    output = tmp_path / "exp" / "feats"
    done = step("wav_to_feats.py", "--num-ceps", 13, folder, output)
    assert done.returncode == 1 and names(output) == ["bad.error", "good.ark"]
    told, failed = done.stderr.splitlines()
    reason = f"{tmp_path}/bad.wav: cannot be decoded"
    assert told.startswith(f"bad: failed: {reason}")
    assert failed.startswith(f"wav_to_feats.py: 1 of 2 recordings failed, the first: {reason}")
    write_scp(output, "feats", ["good"])
    assert ArchiveFolder(output).read("good").shape == (100, 12)
    skipped = step("wav_to_feats.py", "--skip-bad=true", folder, output)
    assert (skipped.returncode, skipped.stderr.splitlines()) == (0, [told])


# ---- options -------------------------------------------------------------------------------------------------------


def test_options_come_from_the_command_line_then_the_conf_then_config(make, tmp_path: Path) -> None:
    (tmp_path / "all.conf").write_text("--num-spk=1\n--bic-threshold=1\n")
    (tmp_path / "class_CMU.conf").write_text("--num_spk=2\n")
    job = make("--config", tmp_path / "all.conf")
    assert job.options(Example) == [Example(1, 1.0)]
    assert job.options(Example, conf=tmp_path / "class_CMU.conf") == [Example(2, 1.0)]
    job = make("--num-spk", 9, "--config", tmp_path / "all.conf")
    assert job.options(Example, conf=tmp_path / "class_CMU.conf") == [Example(9, 1.0)]
    assert make().options(Example, Example) == [Example(), Example()]


def test_further_flags_are_arguments(make) -> None:
    flags = {"--class-conf": "a prefix"}
    assert make("--class_conf=conf/a", flags=flags).arguments.class_conf == "conf/a"
    assert make(flags=flags).arguments.class_conf == ""


@pytest.mark.parametrize("words", [["--num-spk=-1"], ["--nope=1"], ["--skip-bad=maybe"], ["--prepare=1"]], ids=str)
def test_bad_flags_are_refused_before_any_work(make, output: Path, words: list[str]) -> None:
    with pytest.raises(DataError, match=f"^{words[0].partition('=')[0]}: "):
        make(*words)
    assert not output.exists()


def test_a_bad_data_folder_is_refused_before_any_work(make, data: Path, output: Path) -> None:
    (data / "wav.scp").write_text("../r /w/r.wav\n")
    with pytest.raises(DataError, match=r"wav\.scp: recording '\.\./r'"):
        make()
    (data / "wav.scp").unlink()
    with pytest.raises(DataError, match=r"wav\.scp: no such file; stage 0 makes it"):
        make()
    assert not output.exists()


# ---- making ready --------------------------------------------------------------------------------------------------


def prepared(make, *words: object, conf: Sequence[Path] = (), **settings: object) -> dict[str, object]:
    """options.json of the output folder after ``--prepare true``."""
    job = make("--prepare", "true", *words, **settings)
    job.depends_on(conf)
    job.each_recording(lambda recording: pytest.fail("a recording was converted"))
    assert names(job.output) == ["options.json"]
    return json.loads((job.output / "options.json").read_text())


def test_the_folder_says_what_it_is_made_of(make, tmp_path: Path) -> None:
    feats = filled(tmp_path / "exp" / "feats", "feats", {"options": {"seed": 1}})
    (tmp_path / "a.conf").write_text("--num-spk=2\n")
    found = prepared(make, "--num-spk", 7, inputs=[feats], conf=[tmp_path / "a.conf"])
    assert found["step"] == "feats_to_embed.py"
    assert found["options"] == {"num_spk": 7, "bic_threshold": 0.5}
    assert found["inputs"] == {"feats": {"options": {"seed": 1}}}
    assert found["conf"] == {"a.conf": "--num-spk=2\n"}


def test_what_the_output_depends_on_changes_the_folder_and_nothing_else_does(
    make, data: Path, tmp_path: Path
) -> None:
    feats = filled(tmp_path / "exp" / "feats", "feats", {"options": {"seed": 1}})
    (conf := tmp_path / "a.conf").write_text("--num-spk=2\n")
    (same_as_flags := tmp_path / "b.conf").write_text("--num_spk=3 # the default\n")
    now = lambda *words: prepared(make, *words, inputs=[feats], conf=[conf])  # noqa: E731
    before = now()
    for words in (["--share", "2/3"], ["--skip-bad=true"], ["--num-spk=3"], ["--config", same_as_flags]):
        assert now(*words) == before
    found = [before, now("--num-spk=4"), now("--bic-threshold=-1")]
    conf.write_text("--num-spk=1\n")
    found.append(now())
    filled(feats, "feats", {"options": {"seed": 2}})
    found.append(now())
    (data / "reco2num_spk").write_text("a 4\n")
    found.append(now())
    assert all(one != other for k, one in enumerate(found) for other in found[:k])


# ---- input folders -------------------------------------------------------------------------------------------------


def test_a_system_error_fails_its_recording_only(make, output: Path) -> None:
    job = make()

    def convert(recording: str) -> None:
        if recording == "b":
            raise OSError(28, "No space left on device", "somewhere")
        job.write(recording, value(recording))

    with pytest.raises(DataError, match="1 of 5 recordings failed, the first: somewhere: No space left on device$"):
        job.each_recording(convert)
    assert sorted(path.stem for path in output.glob("*.ark")) == sorted(set(RECORDINGS) - {"b"})
    assert (output / f"b{ERROR_SUFFIX}").read_text() == "somewhere: No space left on device\n"


def test_an_input_by_way_of_a_link_is_the_folder_it_stands_for(make, tmp_path: Path) -> None:
    feats = filled(tmp_path / "exp" / "feats", "feats", FEATS)
    (link := tmp_path / "exp" / "embed_none").symlink_to("feats")
    clusters = filled(tmp_path / "exp" / "clusters", "clusters", {"inputs": {"embed_none": FEATS}})
    assert make(inputs=[clusters, link]).inputs[1].read("a").tolist() == [1, 1, 1]
    filled(feats, "feats", {"options": {"seed": 2}})
    with pytest.raises(DataError, match="clusters: was made from another .*embed_none .*--stage 6"):
        make(inputs=[clusters, link])


def test_a_job_reads_its_inputs_by_name(make, tmp_path: Path, output: Path) -> None:
    inputs = [filled(tmp_path / "exp" / name, name) for name in ("feats", "vad")]
    job = make(inputs=inputs)
    assert [folder.path for folder in job.inputs] == inputs
    job.each_recording(lambda recording: job.write(recording, job.inputs[0].read(recording) + 1))
    write_scp(output, "embed", RECORDINGS)
    assert ArchiveFolder(output).read("c").tolist() == [5, 5, 5] and archive_path(output, "c").exists()


# ---- streams -------------------------------------------------------------------------------------------------------


def test_a_job_without_streams_sees_its_embedding(make, tmp_path: Path) -> None:
    embed = filled(tmp_path / "exp" / "embed", "embed", FEATS)
    flags = {"--streams": "folders"}
    job = make(inputs=[embed], flags=flags)
    (stream,) = job.streams().read("b", 3)
    assert (stream.name, stream.weight) == ("embed", 1.0) and stream.frames.tolist() == [2, 2, 2]


def test_streams_are_inputs_even_from_elsewhere_under_a_name_that_is_here(make, tmp_path: Path, output: Path) -> None:
    here = filled(tmp_path / "exp" / "feats", "feats", {"options": {"seed": 1}})
    there = filled(tmp_path / "other" / "feats", "feats", {"options": {"seed": 2}})
    text, flags = f"{there}:1", {"--streams": "folders"}
    job = make("--streams", text, "--prepare", "true", inputs=[here], flags=flags)
    job.streams()
    job.records(clusterer="aib")
    job.each_recording(print)
    found = json.loads((output / "options.json").read_text())
    assert found["choices"] == {"clusterer": "aib", "streams": text}
    assert sorted(known["options"]["seed"] for known in found["inputs"].values()) == [1, 2]
    filled(output, "embed")
    assert open_input("embed", output).path == output
    filled(there, "feats", {"options": {"seed": 3}})
    with pytest.raises(DataError, match=r"was made from another .*other/feats than there is now"):
        open_input("embed", output)


# ---- new cuts of old merges ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut(Options):
    """What the tests set: one option that says where to cut, and one that does more."""

    num_spk: int = option(0, "how many", recut=True)
    beta: float = option(10.0, "how much")


@pytest.fixture
def cutter(monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path):
    """A job that makes clusters."""

    def make_job(*words: object, clusterer: str = "aib") -> Job:
        folders = [data, tmp_path / "exp" / "clusters"]
        monkeypatch.setattr(sys, "argv", ["steps/embed_to_clusters.py", *map(str, words), *map(str, folders)])
        job = Job("What it does.", "clusters", [], (Cut,))
        job.records(clusterer=clusterer)
        return job

    return make_job


def ready(job: Job) -> None:
    job.arguments.prepare = True
    job.each_recording(lambda recording: pytest.fail("a recording was converted"))


def test_a_new_cut_leaves_merges_and_background_and_takes_the_rest_away(cutter, tmp_path: Path) -> None:
    folder = tmp_path / "exp" / "clusters"
    ready(cutter())
    lasting = [f"{name}{suffix}" for name in RECORDINGS for suffix in (".background.ark", ".merges.json")]
    for name in [*lasting, "a.ark", "b.error", "clusters.scp", ".c.ark.77.tmp"]:
        (folder / name).write_text("old")
    ready(cutter("--recut", "true", "--num-spk", 2))
    assert names(folder) == sorted([*lasting, "a.ark", "b.error", "options.json"])
    assert json.loads((folder / "options.json").read_text())["options"] == {"num_spk": 2, "beta": 10.0}
    job = cutter("--recut", "true", "--num-spk", 2)
    job.each_recording(lambda recording: job.write(recording, value(recording)))
    assert names(folder) == sorted([*lasting, *(f"{name}.ark" for name in RECORDINGS), "options.json"])
    cutter("--num-spk", 2).each_recording(lambda recording: None)
    assert names(folder) == ["options.json"], "but a run that merges anew does not leave them"


def test_a_new_cut_is_refused_where_more_than_the_cut_is_new(cutter, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "exp" / "clusters"
    with pytest.raises(DataError, match=f"^{folder}: holds no merges; wanted those of an earlier run; "):
        ready(cutter("--recut", "true"))
    assert not folder.exists()
    ready(cutter("--num-spk", 3))
    (folder / "clusters.scp").write_text("")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    reason = f"^{folder}: its merges were made with --beta=10.0; wanted 2.0; run stage 6 without --recut$"
    with pytest.raises(DataError, match=reason):
        ready(cutter("--recut=true", "--beta=2"))
    with pytest.raises(DataError, match=f"^{folder}: its merges were made from other choices; wanted the same; run"):
        ready(cutter("--recut=true", clusterer="aib_viterbi"))
    (data / "wav.scp").write_text("a /w/other.wav\n")
    with pytest.raises(DataError, match=f"^{folder}: its merges were made from other data; wanted the same; run"):
        ready(cutter("--recut=true"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("text", ["{", "", "[]", "null", '"text"', "{}", '{"options": null}'])
def test_a_new_cut_is_refused_where_the_folder_does_not_say_what_it_is(cutter, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "exp" / "clusters"
    folder.mkdir(parents=True)
    (folder / "options.json").write_text(text)
    with pytest.raises(DataError, match=f"^{folder}: .*; run stage 6 without --recut$"):
        ready(cutter("--recut", "true"))


def test_only_clusters_can_be_cut_anew(make) -> None:
    with pytest.raises(DataError, match="^--recut: unknown option"):
        make("--recut", "true")


@pytest.mark.parametrize("line", ["--recut=true", "--share=1/2", "--prepare=true"])
def test_a_conf_file_does_not_say_what_a_job_does(cutter, tmp_path: Path, line: str) -> None:
    (tmp_path / "a.conf").write_text(f"--beta=1\n{line}\n")
    with pytest.raises(DataError, match=rf"a\.conf:2: found '{line}'; wanted it on the command line"):
        cutter("--config", tmp_path / "a.conf")
