#!/usr/bin/env python3
"""How long do networks take? Training of the default autoencoder and IDEC, and embedding, against their limits.

Limits: ten minutes for both trainings on all eight meetings of $DIAR_DATA; embedding a thousand times as fast as real
time. Wall-clock seconds of one run; embedding on one thread, features and network in memory.

    DIAR_DATA=... benchmarks/embedding_speed.py [--num-threads N] [data folder ...]
"""

import resource
import time

from meetings import read_data_folders, read_meetings
from networks import autoencoder, clustered

from diar import cli
from diar.frames import to_seconds
from diar.nets.options import DecEmbeddingOptions, DeviceOptions, SaeOptions
from diar.nets.train import threads

TRAINING_LIMIT = 600.0  # s
SPEED_LIMIT = 1000.0  # times real time


def main() -> None:
    parser = cli.Parser(__doc__, (DeviceOptions,))
    parser.add_argument("folders", nargs="*", metavar="<data>", help="data folder")
    arguments = parser.parse_words(cli.command_words())
    device = parser.options(arguments, DeviceOptions)
    meetings = list(read_data_folders(arguments.folders) if arguments.folders else read_meetings())
    n_speech = sum(int(meeting.speech.sum()) for meeting in meetings)
    print(f"{len(meetings)} meetings, {n_speech} frames of speech, {device.num_threads} threads", flush=True)
    sae = autoencoder(meetings, SaeOptions(), device)
    idec = clustered(sae, "idec", meetings, DecEmbeddingOptions(), device)
    both = sae.seconds + idec.seconds
    print(f"training: sae {sae.seconds:.0f} s, idec {idec.seconds:.0f} s, {both / TRAINING_LIMIT:.2f} of the limit")
    with threads(1):
        started = time.perf_counter()
        codes = idec.embed(meetings)
        seconds = time.perf_counter() - started
    audio = sum(to_seconds(len(meeting.frames)) for meeting in meetings)
    dim, speed = codes[0].shape[1], audio / seconds
    print(f"embedding: {dim} values, {seconds:.2f} s, {speed:.0f} x real time, {speed / SPEED_LIMIT:.1f} x the limit")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    cli.run(main)
