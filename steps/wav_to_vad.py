#!/usr/bin/env python3
"""wav -> vad: speech by a detector that needs no training: the energy's HMM, or WebRTC's.

With an all.uem, speech outside its regions is left out (--whole-file, --uem-margin). Each --vad has options of its own:
see --vad webrtc --help.

e.g.: steps/wav_to_vad.py --vad webrtc --webrtc-mode 3 data/eval exp/eval/vad_webrtc
"""

from diar import cli
from diar.front_end import DETECTORS, wav_to_vad
from diar.io.wav import WavOptions, read_wav
from diar.job import TDOA_HELP, Job
from diar.vad import RegionOptions, regions_doubt, speech_doubt, within


def main() -> None:
    detector = cli.chosen("--vad", tuple(DETECTORS))
    classes = (WavOptions, DETECTORS[detector], RegionOptions)
    flags = {"--vad": f"one of {', '.join(DETECTORS)} (default {next(iter(DETECTORS))})", "--tdoa": TDOA_HELP}
    job = Job(__doc__, "vad", (), classes, flags, others=tuple(DETECTORS.values()))
    wav_options, detector_options, region_options = job.options(*classes)
    regions = job.regions(region_options)
    source = job.audio_source()

    def convert(recording: str) -> None:
        speech = wav_to_vad(read_wav(source(recording), wav_options), detector_options)
        kept = within(speech, regions.get(recording))
        if doubt := regions_doubt(speech, kept) or speech_doubt(speech):
            cli.warn(f"{recording}: {doubt}")
        job.write(recording, kept)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
