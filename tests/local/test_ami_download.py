"""The download of the AMI corpus, from a server of the test's own."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from ami_tree import ARRAY, HEADSETS, FakeAmi
from recipe_tree import clean_environment
from step_runner import call_step

AMI = Path(__file__).parents[2] / "local" / "ami"
sys.path.append(str(AMI))

import ami_setup  # noqa: E402

MEETINGS = ("ES2011a", "IB4001")
OFFICIAL = "https://groups.inf.ed.ac.uk/ami/AMICorpusMirror/amicorpus"


class Mirror(ThreadingHTTPServer):
    """Serves ``files`` by path, in parts, too; what it does wrong is set by the test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str]] = []  # method, path, range
        self.breaks_off_after: int | None = None  # bytes of an answer
        self.has_ranges = True
        self.tells_length = True
        self.fails_with = 0
        self.refuses_content = False
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/amicorpus"

    def fetched(self) -> list[tuple[str, str]]:
        """The names of the files that were asked for in full or in part, and from which byte on."""
        return [(path.rpartition("/")[2], start) for method, path, start in self.asked if method == "GET"]


class _Handler(BaseHTTPRequestHandler):
    server: Mirror

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, with_content: bool) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.command, self.path, wanted))
        content = self.server.files.get(self.path)
        if self.server.refuses_content and with_content:
            self.send_error(410)
            return
        if content is None or self.server.fails_with:
            self.send_error(self.server.fails_with or 404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.server.has_ranges else 0
        if start:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if with_content:
            self.wfile.write(content[start:][: self.server.breaks_off_after])


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """A server with all microphones of two meetings, but the fifth headset."""
    made = FakeAmi(tmp_path / "server")
    made.add_small(MEETINGS, ("Mix-Headset", *ARRAY, *HEADSETS))
    server = Mirror()
    for path in made.corpus.rglob("*.wav"):
        server.files[f"/amicorpus/{path.relative_to(made.corpus)}"] = path.read_bytes()
    yield server
    server.shutdown()
    server.server_close()


def download(tmp_path: Path, mirror: Mirror | str, *options: str, code: int = 0, setup: bool = True) -> str:
    """What download.py says; it fetches into corpus/."""
    url = mirror if isinstance(mirror, str) else mirror.url
    words = ("--setup", "server/AMI-diarization-setup") if setup else ()
    return call_step(
        tmp_path, "../local/ami/download.py", *words, "--url", url, *options, "corpus", code=code, job=False
    )


def there(tmp_path: Path) -> dict[str, bytes]:
    """Everything below corpus/, by its path."""
    folder = tmp_path / "corpus"
    return {f"/amicorpus/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def served(mirror: Mirror, *microphones: str) -> dict[str, bytes]:
    return {name: content for name, content in mirror.files.items() if name.split(".")[1] in microphones}


# ---- what is fetched -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mic", "microphones"),
    [("mix-headset", ["Mix-Headset"]), ("sdm", ["Array1-01"]), ("mdm", ARRAY), ("ihm-mix", HEADSETS)],
)
def test_files_of_a_microphone_are_fetched_where_the_recipe_looks(
    tmp_path: Path, mirror: Mirror, mic: str, microphones: list[str]
) -> None:
    printed = download(tmp_path, mirror, "--mic", mic, "--yes", "true")
    wanted = served(mirror, *microphones)
    assert len(wanted) == 2 * len(microphones) and there(tmp_path) == wanted
    assert "CC BY 4.0" in printed and "https://creativecommons.org/licenses/by/4.0/" in printed
    for name, content in wanted.items():
        assert f"{mirror.url}{name.removeprefix('/amicorpus')} {len(content) / 1e6:.1f} MB\n" in printed
    total = sum(map(len, wanted.values())) / 1e6
    assert f"{len(wanted)} files, {len(wanted)} to fetch, {total:.1f} MB\n" in printed
    assert printed.endswith(f"corpus: {len(wanted)} files are there\n")
    words = ("--setup", "server/AMI-diarization-setup", "--mic", mic, "corpus", "data")
    call_step(tmp_path, "../local/ami/prepare_data.py", *words, job=False)


def test_what_is_there_is_not_fetched_again(tmp_path: Path, mirror: Mirror) -> None:
    download(tmp_path, mirror, "--yes", "true", "--meetings", "IB4001")
    mirror.asked.clear()
    printed = download(tmp_path, mirror, "--yes", "true")
    assert mirror.fetched() == [("ES2011a.Mix-Headset.wav", "")]
    assert "IB4001.Mix-Headset.wav (there)\n" in printed and "2 files, 1 to fetch" in printed
    mirror.asked.clear()
    assert "2 files, 0 to fetch, 0.0 MB\n" in download(tmp_path, mirror)  # needs no word
    assert mirror.fetched() == []


def test_named_meetings_need_no_setup(tmp_path: Path, mirror: Mirror) -> None:
    download(tmp_path, mirror, "--meetings", "IB4001", "--yes", "true", setup=False)
    assert list(there(tmp_path)) == ["/amicorpus/IB4001/audio/IB4001.Mix-Headset.wav"]


def test_nothing_is_fetched_without_a_word(tmp_path: Path, mirror: Mirror) -> None:
    *_, line = download(tmp_path, mirror, code=1).splitlines()
    assert line == "download.py: --yes: found false, so nothing was fetched (2 files); wanted --yes true"
    assert mirror.fetched() == [] and not (tmp_path / "corpus").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("\n", 1)])
def test_somebody_at_a_terminal_is_asked(tmp_path: Path, mirror: Mirror, answer: str, code: int) -> None:
    terminal, stdin = pty.openpty()
    os.write(terminal, answer.encode())
    done = subprocess.run(
        [str(AMI / "download.sh"), "--url", mirror.url, "--meetings", "IB4001", str(tmp_path / "corpus")],
        env=clean_environment(DIAR_PYTHON=sys.executable),
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(terminal)
    os.close(stdin)
    assert done.returncode == code, done.stderr
    assert "Fetch 1 files into" in done.stdout and bool(mirror.fetched()) == (code == 0)
    assert (tmp_path / "corpus").exists() == (code == 0)


def test_the_official_addresses_are_printed_where_no_server_can_be_reached(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # nothing leaves this machine
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    words = ("--setup", "server/AMI-diarization-setup", "corpus")
    lines = call_step(tmp_path, "../local/ami/download.py", *words, code=1, job=False).splitlines()
    for meeting in MEETINGS:
        assert f"{OFFICIAL}/{meeting}/audio/{meeting}.Mix-Headset.wav" in lines
    assert "2 files, 2 to fetch, of unknown size" in lines
    assert [line for line in lines if "cannot be reached (curl: (" in line and "sizes are not known" in line]


# ---- broken off, and not what was promised -------------------------------------------------------------------------


def test_what_was_broken_off_goes_on_where_it_stopped(tmp_path: Path, mirror: Mirror) -> None:
    mirror.breaks_off_after = 1000
    *_, line = download(tmp_path, mirror, "--yes", "true", code=1).splitlines()
    assert re.fullmatch(
        rf"download.py: {mirror.url}/ES2011a/audio/ES2011a.Mix-Headset.wav: broke off after \d+ bytes \(curl: \(18\)"
        r" .*\); wanted all; start again",
        line,
    )
    assert list(there(tmp_path)) == ["/amicorpus/ES2011a/audio/ES2011a.Mix-Headset.wav.part"]
    kept = len(there(tmp_path).popitem()[1])
    mirror.breaks_off_after = None
    mirror.asked.clear()
    download(tmp_path, mirror, "--yes", "true")
    assert mirror.fetched() == [("ES2011a.Mix-Headset.wav", f"bytes={kept}-"), ("IB4001.Mix-Headset.wav", "")]
    assert there(tmp_path) == served(mirror, "Mix-Headset")


@pytest.mark.parametrize("kept", [500, None, 10**6], ids=["some", "all", "too much"])
def test_a_part_is_gone_on_with_taken_or_thrown_away(tmp_path: Path, mirror: Mirror, kept: int | None) -> None:
    (name, content), *_ = served(mirror, "Mix-Headset").items()
    part = tmp_path / "corpus" / (name.removeprefix("/amicorpus/") + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(content[:kept] if kept is None or kept < len(content) else bytes(kept))
    download(tmp_path, mirror, "--meetings", part.name.split(".")[0], "--yes", "true")
    assert there(tmp_path) == {name: content}
    assert mirror.fetched() == ([] if kept is None else [(part.stem, f"bytes={kept}-" if kept == 500 else "")])


def test_a_server_that_knows_no_ranges_starts_again(tmp_path: Path, mirror: Mirror) -> None:
    mirror.has_ranges = False
    (name, content), *_ = served(mirror, "Mix-Headset").items()
    part = tmp_path / "corpus" / (name.removeprefix("/amicorpus/") + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(content[:500])
    download(tmp_path, mirror, "--yes", "true")
    assert there(tmp_path) == served(mirror, "Mix-Headset")


def test_a_server_that_tells_no_length_is_believed_by_the_header(tmp_path: Path, mirror: Mirror) -> None:
    mirror.tells_length = False
    assert "2 to fetch, of unknown size" in download(tmp_path, mirror, "--yes", "true")
    assert there(tmp_path) == served(mirror, "Mix-Headset")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"<html>not found</html>", "what came is no WAV file"),
        (b"", "what came is no WAV file"),
        (None, r"what came has \d+ bytes, its header says \d+"),
    ],
    ids=["html", "empty", "cut"],
)
@pytest.mark.parametrize("tells_length", [True, False])
def test_what_is_no_whole_wav_never_has_its_name(
    tmp_path: Path, mirror: Mirror, content: bytes | None, fault: str, tells_length: bool
) -> None:
    mirror.tells_length = tells_length
    name = "/amicorpus/ES2011a/audio/ES2011a.Mix-Headset.wav"
    mirror.files[name] = mirror.files[name][:-300] if content is None else content
    *_, line = download(tmp_path, mirror, "--yes", "true", code=1).splitlines()
    assert re.fullmatch(rf"download.py: {mirror.url}/ES2011a/\S+wav: {fault}; start again", line)
    assert there(tmp_path) == {}


def test_a_file_of_another_size_is_left_alone_and_told(tmp_path: Path, mirror: Mirror) -> None:
    path = tmp_path / "corpus" / "ES2011a" / "audio" / "ES2011a.Mix-Headset.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    printed = download(tmp_path, mirror, "--yes", "true", code=1)
    size = len(mirror.files[f"/amicorpus/{path.relative_to(tmp_path / 'corpus')}"])
    assert f"{path.relative_to(tmp_path)}: has 4 bytes, the server's {size}; remove it, and start again\n" in printed
    assert printed.endswith("download.py: corpus: 1 faults, told above; wanted all files\n")
    assert path.read_bytes() == b"mine" and len(there(tmp_path)) == 2  # the other was fetched


# ---- the server ----------------------------------------------------------------------------------------------------


def test_a_server_that_cannot_be_reached_is_told_in_a_line(tmp_path: Path, mirror: Mirror) -> None:
    *_, line = download(tmp_path, "http://127.0.0.1:1/amicorpus", "--yes", "true", code=1).splitlines()
    assert re.match(r"download.py: http://127.0.0.1:1/amicorpus/ES2011a/\S+wav: cannot be reached \(curl: \(7\)", line)
    mirror.fails_with = 503
    *_, line = download(tmp_path, mirror, "--yes", "true", code=1).splitlines()
    assert line == f"download.py: {mirror.url}/ES2011a/audio/ES2011a.Mix-Headset.wav: the server answers 503; try again"
    assert not (tmp_path / "corpus").exists()


def test_an_error_page_is_not_taken_for_the_file(tmp_path: Path, mirror: Mirror) -> None:
    mirror.refuses_content = True
    *_, line = download(tmp_path, mirror, "--yes", "true", code=1).splitlines()
    assert ": broke off after 0 bytes (curl: (22) " in line and there(tmp_path) == {}


def test_a_meeting_that_the_server_has_not(tmp_path: Path, mirror: Mirror) -> None:
    del mirror.files["/amicorpus/ES2011a/audio/ES2011a.Mix-Headset.wav"]
    printed = download(tmp_path, mirror, "--yes", "true", code=1)
    assert f"ES2011a: the server has no {mirror.url}/ES2011a/audio/ES2011a.Mix-Headset.wav\n" in printed
    assert list(there(tmp_path)) == ["/amicorpus/IB4001/audio/IB4001.Mix-Headset.wav"]


@pytest.mark.parametrize(("left", "code"), [(2, 0), (1, 1)])
def test_an_array_may_lack_microphones(tmp_path: Path, mirror: Mirror, left: int, code: int) -> None:
    for name in ARRAY[left:]:
        del mirror.files[f"/amicorpus/ES2011a/audio/ES2011a.{name}.wav"]
    printed = download(tmp_path, mirror, "--mic", "mdm", "--yes", "true", code=code)
    told = [line for line in printed.splitlines() if "ES2011a: the server has no" in line]
    assert len(told) == (1 if left == 2 else 7) and told[0].startswith("download.py: warning") == (left == 2)
    assert len(there(tmp_path)) == 8 + left


def test_headsets_with_a_gap_are_a_fault(tmp_path: Path, mirror: Mirror) -> None:
    del mirror.files[next(path for path in mirror.files if path.endswith("Headset-1.wav"))]
    printed = download(tmp_path, mirror, "--mic", "ihm-mix", "--yes", "true", code=1)
    assert printed.count("the server has no") == 1 and "Headset-1.wav" in printed


def test_meetings_without_an_array_are_not_asked_for(tmp_path: Path, mirror: Mirror) -> None:
    listed = tmp_path / "server" / "AMI-diarization-setup" / "lists" / "dev.meetings.txt"
    listed.write_text("\n".join((*ami_setup.WITHOUT_ARRAY, *MEETINGS)))
    download(tmp_path, mirror, "--mic", "sdm", "--yes", "true")
    assert there(tmp_path) == served(mirror, "Array1-01")


@pytest.mark.parametrize("name", ["../../etc", "IB4001/..", "es2011a"])
def test_names_that_are_no_meetings(tmp_path: Path, mirror: Mirror, name: str) -> None:
    (line,) = download(tmp_path, mirror, "--meetings", name, "--yes", "true", code=1, setup=False).splitlines()
    assert line == f"download.py: --meetings: found '{name}'; wanted names as EN2001a or IB4001"
    assert not mirror.asked


def test_many_addresses_are_asked_for_in_one_go(tmp_path: Path, mirror: Mirror) -> None:
    made = FakeAmi(tmp_path / "many")
    meetings = [f"TS{3000 + number}a" for number in range(150)]
    made.list("train").write_text("\n".join(meetings))
    for number, meeting in enumerate(meetings):
        for name in ARRAY:
            mirror.files[f"/amicorpus/{meeting}/audio/{meeting}.{name}.wav"] = bytes(np.uint8([number] * 100))
    words = ("--setup", "many/AMI-diarization-setup", "--part", "train", "--mic", "mdm")
    assert "1200 files, 1200 to fetch, 0.1 MB\n" in download(tmp_path, mirror, *words, code=1)
