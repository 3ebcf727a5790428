#!/usr/bin/env python3
"""reference -> vad: speech is where the data folder's ref.rttm has a turn; as many frames as the features have.

e.g.: steps/reference_to_vad.py data/eval exp/eval/feats exp/eval/vad_reference
"""

from diar import cli
from diar.job import Job
from diar.segments import speech_frames


def main() -> None:
    job = Job(__doc__, "vad", inputs=("feats",), options=())
    (feats,) = job.inputs
    turns = job.data.reference_turns()

    def convert(recording: str) -> None:
        speech = speech_frames(turns.get(recording, []), len(feats.read(recording)))
        if not speech.any():
            cli.warn(f"{recording}: no speech in the reference")
        job.write(recording, speech)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
