#!/usr/bin/env python3
"""wav -> feats: cepstra or log-mel energies of every recording, of its waveform filtered by --denoise.

Normalisation, deltas and splicing (--cmvn, --delta-order, --left-context, ...) come last, as in Kaldi's recipes.

e.g.: steps/wav_to_feats.py --config conf/feats.conf data/eval exp/eval/feats
"""

from diar import cli
from diar.denoise import WienerOptions
from diar.feats import FeatsOptions
from diar.frame_grid import ShiftOptions
from diar.front_end import wav_to_feats
from diar.io.wav import WavOptions, read_wav
from diar.job import TDOA_HELP, Job
from diar.transforms import TransformOptions, transform


def main() -> None:
    filters = {"none": (), "wiener": (WienerOptions,)}
    filtering = filters[cli.chosen("--denoise", tuple(filters))]
    classes = (WavOptions, FeatsOptions, TransformOptions, *filtering)
    flags = {"--denoise": f"noise filter, one of {', '.join(filters)} (default none)", "--tdoa": TDOA_HELP}
    job = Job(__doc__, "feats", (), classes, flags, others=(WienerOptions, ShiftOptions))
    wav_options, feats_options, transform_options, *denoise = job.options(*classes)
    source = job.audio_source()

    def convert(recording: str) -> None:
        audio = read_wav(source(recording), wav_options)
        if audio.source_rate < audio.sample_rate:
            cli.warn(
                f"{recording}: recorded at {audio.source_rate} Hz, below --sample-rate {audio.sample_rate}; "
                f"mel bins end at {audio.source_rate // 2} Hz"
            )
        frames = wav_to_feats(audio, feats_options, recording, *denoise)
        job.write(recording, transform(frames, transform_options))

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
