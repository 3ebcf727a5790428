#!/usr/bin/env python3
"""reference -> vad: speech is where the data folder's ref.rttm has a turn; as many frames as the features have.

With an all.uem, speech outside its regions is left out (--whole-file, --uem-margin).

e.g.: steps/reference_to_vad.py data/eval exp/eval/feats exp/eval/vad_reference
"""

from diar import cli
from diar.job import Job
from diar.segments import speech_frames
from diar.vad import RegionOptions, regions_doubt, within


def main() -> None:
    job = Job(__doc__, "vad", inputs=("feats",), options=(RegionOptions,))
    (feats,) = job.inputs
    regions = job.regions(*job.options(RegionOptions))
    turns = job.data.reference_turns()

    def convert(recording: str) -> None:
        speech = speech_frames(turns.get(recording, []), len(feats.read(recording)))
        kept = within(speech, regions.get(recording))
        if not speech.any():
            cli.warn(f"{recording}: no speech in the reference")
        elif doubt := regions_doubt(speech, kept):
            cli.warn(f"{recording}: {doubt}")
        job.write(recording, kept)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
