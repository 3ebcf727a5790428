#!/usr/bin/env python3
"""wav -> tdoa: several microphones of a meeting in one signal, by delay-and-sum, and the delays between them.

The microphones are the files of reco2channels (<recording> <path> <path> ...), or the channels of the recording's own
file. Beside the delays in milliseconds of all channels but the reference, a row every 10 ms, lies the sum,
<recording>.sum.flac.

e.g.: steps/wav_to_tdoa.py data/eval exp/eval/tdoa
"""

import numpy as np

from diar import cli
from diar.audio import all_channels
from diar.beamform import BeamformOptions, delay_and_sum, delay_frames, find_delays
from diar.errors import DataError
from diar.frames import num_frames
from diar.io.wav import WavOptions, read_channels, write_blocks
from diar.job import Job
from diar.stage_folder import SUM_SUFFIX


def main() -> None:
    job = Job(__doc__, "tdoa", (), (WavOptions, BeamformOptions))
    wav_options, options = job.options(WavOptions, BeamformOptions)
    if wav_options.channel != "mix":
        raise DataError("--channel", f"found {wav_options.channel}", "wanted mix: all channels are summed")
    microphones = job.data.microphones()
    others_have_several = any(len(files) > 1 for files in microphones.values())

    def convert(recording: str) -> None:
        channels = read_channels(microphones[recording], wav_options)
        read = all_channels(channels)
        alone = others_have_several and len(microphones[recording]) == 1 and next(read()).shape[1] == 1
        if alone:  # as some meetings of a corpus are
            cli.warn(f"{recording}: has one microphone, and so no delays")
            summed = (block[:, 0] for block in read())
        else:
            delays = find_delays(read, channels.rate, options, recording)
            weights = " ".join(f"{weight:.2f}" for weight in delays.weights)
            print(f"{recording}: reference channel {delays.reference + 1}, weights {weights}")
            summed = delay_and_sum(read, delays)
        n_samples = write_blocks(job.output / (recording + SUM_SUFFIX), summed, channels.rate)
        # as many frames as features of the sum, which is resampled for them
        n_frames = num_frames(-(-n_samples * wav_options.sample_rate // channels.rate), wav_options.sample_rate)
        job.write(recording, np.zeros((n_frames, 1), np.float32) if alone else delay_frames(delays, n_frames))

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
