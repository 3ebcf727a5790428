"""Releases of NIST's meetings: what is found where, and everything that can be wrong with them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from nist_release import DEV, EVAL, FakeRelease, fake_sph2pipe, sdm
from step_runner import call_step

RT04 = Path(__file__).parents[2] / "local" / "rt04"
sys.path.append(str(RT04))

import rt04_release as found_release  # noqa: E402

MICROPHONES = ("d01", "d02", "d05", "d06")
RT05 = ("AMI_20041210-1052", "VT_20050304-1300")


@pytest.fixture
def release(tmp_path: Path) -> FakeRelease:
    """The development meetings, three seconds each, the second from 1 to 2 s scored."""
    made = FakeRelease(tmp_path / "LDC2007S11")
    made.add_small(DEV, MICROPHONES)
    return made


def prepare(release: FakeRelease, *options: str, code: int = 0) -> str:
    """What local/rt04/prepare_data.py says; it writes data/ beside the release."""
    words = (*options, release.root.name, "data")
    return call_step(release.root.parent, "../local/rt04/prepare_data.py", *words, code=code, job=False)


def table(release: FakeRelease, name: str) -> dict[str, list[str]]:
    lines = (release.root.parent / "data" / name).read_text().splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines}


def is_untouched(release: FakeRelease) -> bool:
    return not (release.root.parent / "data").exists()


# ---- what is found -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flat", [False, True], ids=["nested", "flat"])
@pytest.mark.parametrize(("part", "meetings"), [("dev", DEV), ("eval", EVAL), ("rt05", RT05)])
def test_each_part_is_found_in_its_layout_or_in_one_folder(
    tmp_path: Path, part: str, meetings: tuple[str, ...], flat: bool
) -> None:
    release = FakeRelease(tmp_path / "corpus", part, flat)
    release.add_small(meetings, MICROPHONES)
    only = () if part != "rt05" else ("--meetings", " ".join(meetings))
    printed = prepare(release, "--part", part, *only)
    assert f"data: {len(meetings)} recordings, {len(meetings) * 3 / 60:.1f} minutes" in printed
    assert table(release, "wav.scp") == {m: [str(release.sph(m, sdm(m)))] for m in meetings}
    assert table(release, "all.uem") == {m: ["1", "1.000", "2.000"] for m in meetings}
    assert table(release, "reco2class") == {m: [m.partition("_")[0]] for m in meetings}
    turns = [line.split() for line in (tmp_path / "data" / "ref.rttm").read_text().splitlines() if "SPEAKER" in line]
    assert sorted((t[1], t[3], t[4], t[7][-1]) for t in turns) == sorted(
        (m, *times) for m in meetings for times in (("0.50", "1.00", "a"), ("1.50", "1.30", "b"))
    )
    call_step(tmp_path, "../utils/check_data.py", "data", job=False)
    assert not (tmp_path / "data" / "reco2channels").exists()


def test_other_files_around_are_no_matter(release: FakeRelease) -> None:
    (release.root / "docs").mkdir()
    (release.root / "docs" / "CMU_20020319-1400.txt").write_text("CMU_20020319-1400_d01_NONE\n")
    (release.root / "docs" / "readme.sph").write_text("")
    single = release.reference.parent / "LDC_20011116-1400.dev04s.sdm.rttm"
    single.write_text("SPEAKER of one meeting\n")  # the release has references of single meetings, too
    (release.reference.parent / "dev04s.x.sdm.rttm").write_text("not of the folder 'concatenated'\n")
    assert "8 recordings" in prepare(release)


def test_the_mdm_are_all_distant_microphones(release: FakeRelease) -> None:
    shutil.copy(release.sph(DEV[0], "d01"), release.sph(DEV[0], "h01"))  # a headset is not one
    prepare(release, "--mic", "mdm", "--meetings", DEV[0])
    files = [str(release.sph(DEV[0], name)) for name in MICROPHONES]
    assert table(release, "reco2channels") == {DEV[0]: files} and table(release, "wav.scp") == {DEV[0]: files[:1]}


@pytest.mark.parametrize("kind", ["h", "l"])
def test_the_ihm_mix_is_the_mean_of_the_personal_microphones(tmp_path: Path, kind: str) -> None:
    release = FakeRelease(tmp_path / "corpus")
    rng = np.random.default_rng(3)
    signals = {name: 0.1 * rng.standard_normal(48000) for name in (f"{kind}01", f"{kind}02", f"{kind}03", "d06")}
    release.add(DEV[4], signals, [(0.5, 2.0, "x")], (0.0, 3.0))
    prepare(release, "--mic", "ihm-mix", "--meetings", DEV[4])
    (path,) = table(release, "wav.scp")[DEV[4]]
    assert path == str(tmp_path / "data" / "wav" / f"{DEV[4]}.flac")
    mixed = soundfile.read(path)[0]
    assert np.abs(mixed - np.mean([signals[f"{kind}0{k}"] for k in (1, 2, 3)], axis=0)).max() < 2**-14


def test_references_of_headsets_make_one_of_the_meeting(tmp_path: Path) -> None:
    release = FakeRelease(tmp_path / "corpus")
    release.add_small(DEV[:1], ("h01", "h02"))
    for mic in ("sdm", "mdm"):
        release.rttm(mic).unlink()
    lines = [f"SPEAKER {DEV[0]}_h0{k}_x{k} 1 {k}.0 0.5 <NA> <NA> x{k} <NA>\n" for k in (1, 2)]
    (release.reference / "dev04s.040809.ihm.rttm").write_text("".join(lines))
    prepare(release, "--mic", "ihm-mix", "--meetings", DEV[0])
    assert (tmp_path / "data" / "ref.rttm").read_text() == "".join(
        line.replace(f"{DEV[0]}_h0{k}_x{k}", DEV[0]) for k, line in enumerate(lines, 1)
    )


def test_where_the_reference_names_no_microphone_the_uem_does(release: FakeRelease, tmp_path: Path) -> None:
    (tmp_path / "my.rttm").write_text(f"SPEAKER {DEV[2]} 1 0.5 2.0 <NA> <NA> x <NA> <NA>\n")
    (tmp_path / "my.uem").write_text(f";; my own\n{DEV[2]}_d02_NONE.sph 1 0.5 1.5\n")
    mine = ("--ref-rttm", str(tmp_path / "my.rttm"), "--uem", str(tmp_path / "my.uem"), "--meetings", DEV[2])
    prepare(release, *mine)
    assert table(release, "wav.scp") == {DEV[2]: [str(release.sph(DEV[2], "d02"))]}
    assert table(release, "all.uem") == {DEV[2]: ["1", "0.500", "1.500"]}
    (tmp_path / "my.uem").write_text(f"{DEV[2]} 1 0.5 1.5\n")
    shutil.rmtree(tmp_path / "data")
    printed = prepare(release, *mine, code=1)
    assert f"{DEV[2]}: wanted one distant microphone, or a reference or UEM whose ids name it; there is " in printed
    for name in ("d01", "d02", "d06"):
        release.sph(DEV[2], name).unlink()
    prepare(release, *mine)  # there is but one now
    assert table(release, "wav.scp") == {DEV[2]: [str(release.sph(DEV[2], "d05"))]}


def test_a_file_named_as_its_meeting_will_do(release: FakeRelease) -> None:
    folder = release.sph(DEV[0], "d01").parent
    keep = folder.parent / f"{DEV[0]}.wav"
    soundfile.write(keep, 0.1 * np.ones(48000), 16000)
    shutil.rmtree(folder)
    prepare(release, "--meetings", DEV[0])
    assert table(release, "wav.scp") == {DEV[0]: [str(keep)]}


def test_only_some_meetings(release: FakeRelease) -> None:
    shutil.rmtree(release.sph(DEV[3], "d05").parent)
    printed = prepare(release, "--meetings", f"{DEV[1]},{DEV[0]}")
    assert sorted(table(release, "wav.scp")) == sorted(DEV[:2]) and "2 recordings" in printed
    lines = (release.root.parent / "data" / "ref.rttm").read_text().splitlines()
    assert {line.split()[1] for line in lines} == set(DEV[:2])


def test_without_reference_and_regions_if_asked_for(release: FakeRelease) -> None:
    for mic in ("sdm", "mdm"):
        release.rttm(mic).unlink()
        release.uem(mic).unlink()
    printed = prepare(release, "--ref-rttm", "none", "--uem", "none", "--mic", "mdm")
    assert "8 recordings, 0.4 minutes\n" in printed
    assert not (release.root.parent / "data" / "ref.rttm").exists()
    assert not (release.root.parent / "data" / "all.uem").exists()


# ---- doubles and twins ---------------------------------------------------------------------------------------------


def test_the_same_file_twice_is_said_and_taken_once(release: FakeRelease) -> None:
    (release.root / "copy").mkdir()
    source = release.sph(DEV[0], "d01")
    copy = release.root / "copy" / source.name
    copy.write_bytes(source.read_bytes().replace(b"sample_sig_bits", b"sample_max_bits"))  # another header
    printed = prepare(release, "--meetings", DEV[0])
    assert f"{DEV[0]}: the same audio several times, the first is taken: " in printed
    assert table(release, "wav.scp")[DEV[0]][0] in (str(copy), str(source))


def test_two_files_of_one_microphone_that_differ_are_refused(release: FakeRelease) -> None:
    (release.root / "new").mkdir()
    source, other = release.sph(DEV[0], "d01"), release.root / "new" / release.sph(DEV[0], "d01").name
    shutil.copy(release.sph(DEV[0], "d02"), other)
    printed = prepare(release, code=1)
    assert f"{DEV[0]}: microphone 'd01' has several files that differ: " in printed
    assert str(source.relative_to(release.root)) in printed and str(other.relative_to(release.root)) in printed
    assert is_untouched(release)


def test_the_known_twins_are_told_and_one_is_left_out_of_the_mdm(release: FakeRelease) -> None:
    meeting = "LDC_20011116-1400"
    shutil.copy(release.sph(meeting, "d06"), release.sph(meeting, "d07"))
    told = f"{meeting}: the same audio in {meeting}_d06_NONE.sph, {meeting}_d07_NONE.sph (known to NIST, "
    printed = prepare(release)
    assert told in printed and "left out" not in printed
    assert table(release, "wav.scp")[meeting] == [str(release.sph(meeting, "d06"))]
    printed = prepare(release, "--mic", "mdm")
    assert told in printed and f"separately); left out: {meeting}_d07_NONE.sph" in printed
    assert table(release, "reco2channels")[meeting] == [str(release.sph(meeting, name)) for name in MICROPHONES]


def test_other_twins_are_told_too(release: FakeRelease) -> None:
    shutil.copy(release.sph(DEV[6], "d01"), release.sph(DEV[6], "d05"))
    printed = prepare(release)
    assert f"{DEV[6]}: the same audio in {DEV[6]}_d01_NONE.sph, {DEV[6]}_d05_NONE.sph\n" in printed


def test_duplicates_have_samples_that_are_equal_to_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_release, "_BLOCK", 1000)
    samples = np.random.default_rng(0).standard_normal(3000)
    other = samples.copy()
    other[-1] += 1
    paths = [tmp_path / f"{name}.raw" for name in "abcde"]
    for path, content in zip(paths, (samples, other, samples, other, samples[:-1]), strict=True):
        path.write_bytes(content.tobytes())
    assert found_release.duplicates(paths) == [[paths[0], paths[2]], [paths[1], paths[3]]]
    assert found_release.duplicates(paths[:2]) == []


# ---- compressed ----------------------------------------------------------------------------------------------------


def test_shorten_is_decompressed_by_sph2pipe(
    release: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = release.sph(DEV[0], "d01")
    wanted = soundfile.read(path)[0]
    release.compress(path)
    monkeypatch.setenv("PATH", str(fake_sph2pipe(tmp_path / "bin with blanks")), prepend=":")
    prepare(release)
    scp = table(release, "wav.scp")
    assert scp[DEV[0]] == [str(tmp_path / "data" / "wav" / f"{path.stem}.flac")]
    assert scp[DEV[1]] == [str(release.sph(DEV[1], "d01"))]
    np.testing.assert_array_equal(soundfile.read(scp[DEV[0]][0])[0], wanted)
    release.compress(release.sph(DEV[0], "d02"))
    prepare(release, "--mic", "mdm", "--meetings", DEV[0])
    files = table(release, "reco2channels")[DEV[0]]
    assert [Path(file).suffix for file in files] == [".flac", ".flac", ".sph", ".sph"]


def test_files_that_sph2pipe_fails_on_are_all_told(
    release: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = fake_sph2pipe(tmp_path / "bin") / "sph2pipe"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    for meeting in DEV[:2]:
        release.compress(release.sph(meeting, "d01"))
    printed = prepare(release, code=1)
    for meeting in DEV[:2]:
        assert f"{meeting}_d01_NONE.sph |: the command failed (exit 3): broken" in printed.replace("'", "")
    assert "found 2 faults with compressed files" in printed and not (tmp_path / "data" / "wav.scp").exists()


def test_other_compression_is_told_with_what_undoes_it(release: FakeRelease) -> None:
    path = release.sph(DEV[0], "d01")
    release.compress(path)
    path.write_bytes(path.read_bytes().replace(b"shorten-v2.00", b"wavpack-v1.00"))
    printed = prepare(release, code=1)
    assert "is compressed (embedded-wavpack-v1.00); decompress it first (NIST's w_decode)" in printed


def test_without_sph2pipe_every_compressed_file_is_told(
    release: FakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for meeting in DEV[:2]:
        release.compress(release.sph(meeting, "d01"))
    printed = prepare(release, code=1)
    for meeting in DEV[:2]:
        where = f"{meeting}_d01_NONE.sph: is compressed (embedded-shorten-v2.00)"
        assert f"{where}; wanted sph2pipe on the PATH, which decompresses it\n" in printed
    assert "found 2 faults" in printed and is_untouched(release)


# ---- what is wrong -------------------------------------------------------------------------------------------------


def test_all_that_is_missing_is_told_and_nothing_is_written(release: FakeRelease) -> None:
    shutil.rmtree(release.sph(DEV[1], "d01").parent)
    release.sph(DEV[2], "d05").unlink()
    rttm, uem = release.rttm("sdm"), release.uem("sdm")
    rttm.write_text("".join(line for line in rttm.open() if DEV[6] not in line))
    uem.write_text("".join(line for line in uem.open() if DEV[7] not in line))
    printed = prepare(release, code=1)
    known = [path.relative_to(release.root.parent) for path in (rttm, uem)]
    assert f"\n{known[0]}: holds no SPEAKER line of {DEV[6]}\n" in f"\n{printed}"
    assert f"\n{known[1]}: holds no region of {DEV[7]}\n" in printed
    wanted = f"{DEV[1]}: wanted {DEV[1]}_d01*, the microphone of its reference or UEM; there is no audio of"
    assert wanted in printed
    (line,) = [line for line in printed.splitlines() if line.startswith(f"{DEV[2]}: wanted {DEV[2]}_d05*")]
    assert all(f"{DEV[2]}_{name}_NONE.sph" in line for name in ("d01", "d02", "d06"))
    assert printed.splitlines()[-1].endswith("LDC2007S11: found 4 faults with its files; mend them, and start again")
    assert is_untouched(release)


@pytest.mark.parametrize(
    ("mic", "there", "wanted"),
    [("mdm", "h01", "distant microphones (_d01"), ("ihm-mix", "d01", "headsets (_h01")],
)
def test_other_microphones_will_not_do(tmp_path: Path, mic: str, there: str, wanted: str) -> None:
    release = FakeRelease(tmp_path / "corpus")
    release.add_small(DEV[:1], (there,))
    printed = prepare(release, "--mic", mic, "--meetings", DEV[0], code=1)
    assert f"{DEV[0]}: wanted {wanted}, ...); there is {DEV[0]}_{there}" in printed


@pytest.mark.parametrize("copies", [[], ["d07"]])
def test_a_meeting_with_one_distant_microphone_goes_with_it(release: FakeRelease, copies: list[str]) -> None:
    for name in MICROPHONES[:-1]:
        release.sph(DEV[4], name).unlink()
    for name in copies:
        shutil.copy(release.sph(DEV[4], "d06"), release.sph(DEV[4], name))
    printed = prepare(release, "--mic", "mdm", "--meetings", f"{DEV[3]} {DEV[4]}")
    assert f"{DEV[4]}: goes with one microphone, {DEV[4]}_d06_NONE.sph, for want of others" in printed
    assert list(table(release, "reco2channels")) == [DEV[3]] and sorted(table(release, "wav.scp")) == [*DEV[3:5]]


def test_tables_that_are_missing_or_ambiguous_are_told(release: FakeRelease) -> None:
    release.uem("sdm").unlink()
    (release.root / "other" / "concatenated").mkdir(parents=True)
    other = release.root / "other" / "concatenated" / "dev04s.2.sdm.rttm"
    shutil.copy(release.rttm("sdm"), other)
    printed = prepare(release, code=1)  # a copy of the reference is no other
    assert "holds no dev04s*.sdm.uem, here or in any folder below; name it: --uem FILE (or none)" in printed
    assert "found 1 fault with its files" in printed
    other.write_text(release.rttm("sdm").read_text() + ";; changed\n")
    printed = prepare(release, "--uem", str(release.uem("mdm")), code=1)
    assert "LDC2007S11: holds several dev04s*.sdm.rttm: " in printed and "; name one: --ref-rttm FILE" in printed
    assert is_untouched(release)
    prepare(release, "--uem", str(release.uem("mdm")), "--ref-rttm", str(other))


def test_faulty_lines_are_told_with_their_places(release: FakeRelease) -> None:
    with release.rttm("sdm").open("a") as stream:
        stream.write("SPEAKER too short\n")
    with release.uem("sdm").open("a") as stream:
        stream.write("x 1 5 4\n")
    printed = prepare(release, code=1)
    n_lines = len(release.rttm("sdm").read_text().splitlines())
    assert f"dev04s.040809.sdm.rttm:{n_lines}: found 3 fields; wanted at least 9 (RTTM)" in printed
    assert "dev04s.sdm.uem:10: found a region from 5.0 to 4.0 s" in printed


@pytest.mark.parametrize("other", ["d02", "h01"])
def test_a_reference_of_two_microphones_would_count_turns_twice(release: FakeRelease, other: str) -> None:
    text = release.rttm("mdm").read_text()
    release.rttm("mdm").write_text("".join(text.replace(DEV[0], f"{DEV[0]}_{name}_NONE") for name in ("d01", other)))
    printed = prepare(release, "--mic", "mdm", code=1)
    assert f"{DEV[0]} has turns of d01 and {other}; wanted one microphone's" in printed


def test_links_to_folders_are_followed_and_capitals_are_names_too(release: FakeRelease, tmp_path: Path) -> None:
    (linked := tmp_path / "linked").mkdir()
    (linked / "disc").symlink_to(release.root / "data")
    (linked / "disc" / "again").symlink_to(linked)  # a link that leads in circles
    release.rttm("sdm").rename(release.reference / release.rttm("sdm").name.upper())
    path = release.sph(DEV[0], "d01")
    path.rename(path.with_suffix(".SPH"))
    call_step(tmp_path, "../local/rt04/prepare_data.py", "linked", "data", job=False)
    assert len(table(release, "wav.scp")) == 8


def test_headsets_that_cannot_be_mixed_are_all_told_before_anything_is_written(tmp_path: Path) -> None:
    release = FakeRelease(tmp_path / "corpus")
    release.add_small(DEV[:2], ("h01", "h02", "h03"))
    cut, slow = release.sph(DEV[0], "h02", "_fe001"), release.sph(DEV[1], "h03", "_fe001")
    cut.write_bytes(cut.read_bytes()[:-99])
    soundfile.write(slow, np.zeros(24000), 8000, format="NIST", subtype="PCM_16")
    printed = prepare(release, "--mic", "ihm-mix", "--meetings", " ".join(DEV[:2]), code=1)
    assert f"{cut}: truncated" in printed.replace("corpus/", f"{tmp_path}/corpus/")
    assert "_h03_fe001.sph: has 8000 Hz; wanted 16000 Hz, as " in printed and is_untouched(release)


def test_other_evaluations_of_rt05_are_no_matter(tmp_path: Path) -> None:
    release = FakeRelease(tmp_path / "corpus", "rt05")
    release.add_small(RT05, MICROPHONES)
    (release.index / "expt_05s_sttul_eval05s_eng_confmtg_sdm_1.uem").write_text("x 1 0 1\n")
    (release.reference / "rt05s.lectmtg.050614.spkr.sdm.rttm").write_text("SPEAKER x\n")
    prepare(release, "--part", "rt05", "--meetings", ",".join(RT05))
    assert table(release, "all.uem") == {meeting: ["1", "1.000", "2.000"] for meeting in RT05}
    reference = (tmp_path / "data" / "ref.rttm").read_text().splitlines()
    assert {line.split()[1] for line in reference} == set(RT05)


def test_files_that_are_named_must_be_there(release: FakeRelease) -> None:
    printed = prepare(release, "--ref-rttm", "nope.rttm", "--uem", "nope.uem", code=1)
    assert "--ref-rttm: found 'nope.rttm', which is no file" in printed and "--uem: found 'nope.uem'" in printed


def test_a_folder_of_something_else_is_refused_with_what_was_looked_for(tmp_path: Path, release: FakeRelease) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.wav").write_text("")
    looked_for = "holds no audio of a meeting, as CMU_20020319-1400_d01_NONE.sph, here or in any folder below"
    for name, told in (("nope", "no such folder; wanted the folder of a release"), ("music", looked_for)):
        printed = call_step(tmp_path, "../local/rt04/prepare_data.py", name, "data", code=1, job=False)
        assert printed.startswith(f"prepare_data.py: {name}: {told}") and len(printed.splitlines()) == 1


def test_meetings_that_the_part_has_not_are_refused(release: FakeRelease) -> None:
    printed = prepare(release, "--meetings", EVAL[0], code=1)
    assert f"--meetings: found '{EVAL[0]}'; wanted some of {', '.join(DEV)}" in printed


def test_truncated_audio_is_told_and_left_to_the_check(release: FakeRelease) -> None:
    path = release.sph(DEV[0], "d01")
    path.write_bytes(path.read_bytes()[:-100])
    printed = prepare(release)
    assert f"{DEV[0]}: {path.resolve()}: truncated" in printed
    checked = call_step(release.root.parent, "../utils/check_data.py", "data", code=1, job=False)
    assert f"recording '{DEV[0]}'" in checked and "truncated" in checked


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("CMU_20020319-1400_d01_NONE", ("CMU_20020319-1400", "d01")),
        ("CMU_20020319-1400_d01_NONE.sph", ("CMU_20020319-1400", "d01")),
        ("ICSI_20010208-1430_h03_me011.sph", ("ICSI_20010208-1430", "h03")),
        ("LDC_20011116-1400.wav", ("LDC_20011116-1400", "")),
        ("LDC_20011116-1400", ("LDC_20011116-1400", "")),
        ("LDC_20011116-1400_NONE", ("LDC_20011116-1400", "")),
        ("EN2002a.Mix-Headset", None),
        ("LDC_2001-1400_d01", None),
        ("x_LDC_20011116-1400", None),
    ],
)
def test_names_and_ids(text: str, wanted: tuple[str, str] | None) -> None:
    assert found_release.parse_id(text) == wanted
