#!/usr/bin/env python3
"""wav -> vad: speech by WebRTC's detector.

e.g.: steps/wav_to_vad.py --webrtc-mode 3 data/eval exp/eval/vad_webrtc
"""

from diar import cli
from diar.io.wav import WavOptions, read_wav
from diar.job import Job
from diar.pipeline import wav_to_vad
from diar.vad import WebrtcOptions


def main() -> None:
    job = Job(__doc__, "vad", inputs=(), options=(WavOptions, WebrtcOptions))
    wav_options, webrtc_options = job.options(WavOptions, WebrtcOptions)
    wav_scp = job.data.wav_scp()

    def convert(recording: str) -> None:
        speech = wav_to_vad(read_wav(wav_scp[recording], wav_options), webrtc_options)
        if not speech.any():
            cli.warn(f"{recording}: no speech found")
        job.write(recording, speech)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
