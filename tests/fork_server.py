"""A Python whose programs start at once: copies of a process that has imported all of them need.

A recipe starts two dozen programs, each of which imports NumPy, SciPy and the kernels, half a second. The documentation
runs recipes by the dozen, so their ``python3`` is a client of ``ForkServer``: it hands over its words, folder,
environment and open files, and a copy of the server runs the program as Python would. What is neither a script nor
``-m diar`` runs with the real Python. What a program forgot to import is seen by other tests.

Copies are made before anything has run on more than one thread: forking later may hang.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = (  # that diar's import where they are used
    "scipy.signal", "scipy.optimize", "sklearn.cluster", "torch._dynamo", "pyannote.metrics.diarization", "kaldiio",
    "soundfile", "webrtcvad", "tqdm", "matplotlib.figure", "matplotlib.backends.backend_agg",
)  # fmt: skip
CLIENT = """\
#!{python} -IS
import os, socket, sys
words = sys.argv[1:]
if not (words and (words[0].endswith(".py") or words[:2] == ["-m", "diar"])):
    os.execv({python!r}, [{python!r}, *words])
import json
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    request = json.dumps([words, os.getcwd(), dict(os.environ)]).encode("utf-8", "surrogateescape")
    socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(request)
    answer = server.recv(1)
sys.exit(answer[0] if answer else 137)
"""


class ForkServer:
    """The server, and ``python``, its client. Use as a context, at whose end all that it started is killed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.python = folder / "python3"

    def __enter__(self) -> ForkServer:
        self._folder = Path(tempfile.mkdtemp(prefix="diar"))  # whose path is short, as those of sockets must be
        address = str(self._folder / "socket")
        self.python.write_text(CLIENT.format(python=sys.executable, address=address))
        self.python.chmod(0o755)
        one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
        self._process = subprocess.Popen(
            [sys.executable, __file__, address],
            env=os.environ | one_thread | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,  # ends when this process does, however that comes
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not Path(address).exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("the server does not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        shutil.rmtree(self._folder)


def serve(address: str) -> None:
    """Answer until stdin ends, which is when the process that wants answers has ended."""
    sys.path.remove(str(Path(__file__).parent))  # tests' modules are not the programs'
    import diar

    ours = [module.name for module in pkgutil.walk_packages(diar.__path__, "diar.")]
    for name in (*MODULES, *(name for name in ours if not name.endswith("__main__"))):
        __import__(name)
    gc.freeze()  # copies share the memory
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address + ".new")
        listening.listen(64)
        os.rename(address + ".new", address)
        while sys.stdin not in (ready := select.select([listening, sys.stdin], [], [])[0]):
            assert ready == [listening]
            client, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                answer(client)
            client.close()
    os.killpg(0, signal.SIGKILL)  # programs that still run, too


def answer(client: socket.socket) -> None:
    """Be the program that the client asks for, to its end."""
    code = 1
    try:
        head, files, _, _ = socket.recv_fds(client, 8, 3)
        request = client.makefile("rb").read(int.from_bytes(head, "big"))
        words, folder, environment = json.loads(request.decode("utf-8", "surrogateescape"))
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        code = run(words)
    except BaseException:  # whatever ends a program is told, as Python does
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        client.sendall(bytes([code & 255]))
        os._exit(code & 255)


def run(words: list[str]) -> int:
    """Run a program as Python does; its exit code."""
    try:
        if words[0] == "-m":
            sys.argv = [words[1], *words[2:]]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            sys.path.insert(0, str(Path(words[0]).resolve().parent))
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
