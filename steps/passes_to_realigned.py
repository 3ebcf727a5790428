#!/usr/bin/env python3
"""passes -> realigned: of two passes' labels the second's, unless its speakers explain the features clearly worse.

Each recording's log tells which was kept, and why. The criterion sees no reference; --least-gain 0 keeps a second pass
only where it explains them better.

e.g.: steps/passes_to_realigned.py data/eval exp/eval/feats exp/eval/realigned_first exp/eval/realigned_second kept
"""

import numpy as np

from diar import cli
from diar.errors import DataError
from diar.job import Job
from diar.two_pass import ChoiceOptions, log_likelihood_gain


def main() -> None:
    job = Job(__doc__, "realigned", ("feats", "first", "second"), (ChoiceOptions,))
    feats, first, second = job.inputs
    (options,) = job.options(ChoiceOptions)

    def convert(recording: str) -> None:
        frames, labels = feats.read(recording), (first.read(recording), second.read(recording))
        speech = labels[0] >= 0
        if not len(frames) == len(labels[0]) == len(labels[1]) or ((labels[1] >= 0) != speech).any():
            found = f"{len(frames)} frames of features, {len(labels[0])} and {len(labels[1])} of labels"
            raise DataError(recording, found, "wanted the same frames, and the same of them speech", "run all stages")
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
