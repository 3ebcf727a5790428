#!/usr/bin/env python3
"""How long do 100 meetings of ten minutes take, and is their turn-taking that of the references?

From the 20 readers of $DIAR_DATA/speech/voices, with the turn-taking of AMI in rooms, in two processes; the limit is
600 s on two cores. Processor seconds are of all processes. Then the figures of the conversations (turn_statistics.py),
as means over meetings with their 10 % and 90 % quantiles, beside those of the references.

    DIAR_DATA=... benchmarks/simulator.py [options of local/sim/prepare_data.py]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIM = Path(__file__).resolve().parent.parent / "local" / "sim"
sys.path.append(str(SIM))

from fit_turns import table  # noqa: E402
from turn_model import read_references  # noqa: E402
from turn_statistics import figures  # noqa: E402

LIMIT = 600.0  # seconds
OPTIONS = [
    "--num-meetings", 100, "--duration", 600, "--num-speakers", "2-8", "--turns", "ami", "--room", "table", "--nj", 2
]  # fmt: skip


def main() -> None:
    speech = Path(os.environ["DIAR_DATA"]) / "speech"
    with tempfile.TemporaryDirectory() as folder:
        words = ["--utterances", speech / "voices", *OPTIONS, *sys.argv[1:], folder, folder]
        command = [sys.executable, SIM / "prepare_data.py", *words]
        start = time.perf_counter()
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        drawn = [figures(turns) for turns in read_references(Path(folder) / "ref.rttm").values()]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    print(f"{len(drawn)} meetings: {seconds:.0f} s, {seconds / LIMIT:.2f} of the limit of {LIMIT:g} s;")
    used_seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 2**20
    print(f"{used_seconds:.0f} s of processors, at most {memory:.0f} MB a process")
    references = read_references(speech / "meetings_sim" / "rttm")
    print(table([figures(turns) for turns in references.values()], drawn))


if __name__ == "__main__":
    main()
