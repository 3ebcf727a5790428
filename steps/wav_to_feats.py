#!/usr/bin/env python3
"""wav -> feats: cepstra of every recording.

e.g.: steps/wav_to_feats.py --config conf/feats.conf data/eval exp/eval/feats
"""

from diar import cli
from diar.feats import FeatsOptions
from diar.io.wav import WavOptions, read_wav
from diar.job import Job
from diar.pipeline import wav_to_feats


def main() -> None:
    job = Job(__doc__, "feats", inputs=(), options=(WavOptions, FeatsOptions))
    wav_options, feats_options = job.options(WavOptions, FeatsOptions)
    wav_scp = job.data.wav_scp()

    def convert(recording: str) -> None:
        audio = read_wav(wav_scp[recording], wav_options)
        if audio.source_rate < audio.sample_rate:
            cli.warn(
                f"{recording}: recorded at {audio.source_rate} Hz, below --sample-rate {audio.sample_rate}; "
                f"mel bins end at {audio.source_rate // 2} Hz"
            )
        job.write(recording, wav_to_feats(audio, feats_options, recording))

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
