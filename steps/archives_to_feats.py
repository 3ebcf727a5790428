#!/usr/bin/env python3
"""archives -> feats: features that other programs made, on this project's grid of 100 frames a second.

A line of --feats-scp is '<recording> <archive:offset>' for Kaldi's archives (binary, compressed or text) or
'<recording> <file>' for HTK's parameter files. The time from frame to frame is --frame-shift, or what HTK's files say.

e.g.: steps/archives_to_feats.py --feats-scp data/eval/feats.scp --cmvn sliding --center true data/eval exp/eval/feats
"""

from pathlib import Path

from diar import cli
from diar.denoise import WienerOptions
from diar.errors import DataError
from diar.feats import FeatsOptions
from diar.frame_grid import ShiftOptions, fit_to_recording
from diar.io.feature_table import FeatureTable
from diar.io.wav import WavOptions
from diar.job import Job
from diar.transforms import TransformOptions, transform


def main() -> None:
    flags = {"--feats-scp": "table of the features, with the recordings of wav.scp"}
    others = (WavOptions, FeatsOptions, WienerOptions)  # steps/wav_to_feats.py's, in the same conf file
    job = Job(__doc__, "feats", (), (ShiftOptions, TransformOptions), flags, others)
    shift_options, transform_options = job.options(ShiftOptions, TransformOptions)
    if not job.arguments.feats_scp:
        raise DataError("--feats-scp", "found no file", "wanted a table '<recording> <archive:offset>'")
    table = FeatureTable(Path(job.arguments.feats_scp))
    durations, shifts = job.data.durations(), job.data.frame_shifts()
    known = [job.data.path / name for name in ("reco2dur", "frame_shift")]
    job.depends_on([table.path, *(path for path in known if path.exists())])
    job.records(feats_scp=str(table.path), archives=table.stamp())

    def convert(recording: str) -> None:
        features = table.read(recording)
        frame_shift = features.frame_shift or shift_options.seconds(shifts.get(recording))
        frames = fit_to_recording(recording, features.frames, frame_shift, durations.get(recording))
        job.write(recording, transform(frames, transform_options))

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
