#!/usr/bin/env python3
"""passes -> realigned: of two passes' labels the second's, where its speakers explain the features better.

Each recording's log tells which was kept, and why. The criterion sees no reference.

e.g.: steps/passes_to_realigned.py data/eval exp/eval/feats exp/eval/realigned_first exp/eval/realigned_second kept
"""

import numpy as np

from diar import cli
from diar.job import Job
from diar.two_pass import ChoiceOptions, log_likelihood_gain


def main() -> None:
    job = Job(__doc__, "realigned", ("feats", "first", "second"), (ChoiceOptions,))
    feats, first, second = job.inputs
    (options,) = job.options(ChoiceOptions)

    def convert(recording: str) -> None:
        frames, labels = feats.read(recording), (first.read(recording), second.read(recording))
        speech = labels[0] >= 0
        gain = 0.0
        if speech.any():
            spoken = np.ascontiguousarray(frames[speech])
            gain = log_likelihood_gain(spoken, labels[0][speech], labels[1][speech], options)
        keeps = gain >= options.least_gain
        print(f"{recording}: {gain:+.4f} nats a frame: the {'second' if keeps else 'first'} pass is kept", flush=True)
        job.write(recording, labels[keeps])

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
