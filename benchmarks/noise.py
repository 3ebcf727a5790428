#!/usr/bin/env python3
"""What does the Wiener filter do? SER without and with it, of meetings with noise added: white, pink and babble.

Reference speech, defaults, collar 0.25, overlap skipped. The noise is at 20, 10 and 5 dB below the speech (RMS over the
reference turns); babble is eight readers of $DIAR_DATA/speech/voices at once. Without folders, the meetings of
$DIAR_DATA.

    DIAR_DATA=... benchmarks/noise.py [data folder ...]
"""

import math
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from meetings import Meeting, data_folder, pooled, read_data_folders, read_meetings
from numpy.typing import NDArray
from scipy.signal import lfilter

from diar import cli
from diar.audio import AudioOptions, from_samples
from diar.cluster.agglomerate import SpeakerRange
from diar.denoise import WienerOptions
from diar.feats import FeatsOptions
from diar.front_end import wav_to_feats
from diar.io.wav import WavOptions, read_wav
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.score import RecordingScore

SYSTEMS = (("aib", "kl_hmm"), ("ib_hmm_gmm", "hmm_gmm"), ("hmm_gmm", "hmm_gmm"))
NOISES = ("white", "pink", "babble")
RATIOS = (20, 10, 5)  # dB
N_VOICES = 8
# -10 dB a decade: J. O. Smith, "Spectral Audio Signal Processing", 2011
PINK_ZEROS = (0.049922035, -0.095993537, 0.050612699, -0.004408786)
PINK_POLES = (1.0, -2.494956002, 2.017265875, -0.522189400)
RATE = 16000

Float32 = NDArray[np.float32]


def main() -> None:
    meetings = list(read_data_folders(sys.argv[1:]) if sys.argv[1:] else read_meetings())
    voices = list(read_voices()) if "babble" in NOISES else []
    header = "".join(f"{f'{clusterer}, {realigner}':>26}" for clusterer, realigner in SYSTEMS)
    print(f"{'':<16}{header}\n{'noise':<16}" + f"{'none':>15}{'wiener':>11}" * len(SYSTEMS))
    for kind, ratio in [("none added", math.inf), *((kind, ratio) for kind in NOISES for ratio in RATIOS)]:
        found: dict[tuple[str, bool], list[RecordingScore]] = {}
        for meeting in meetings:
            signal = noisy(meeting, kind, ratio, voices)
            for filtered in (False, True):
                audio = from_samples(signal, RATE, AudioOptions())
                frames = wav_to_feats(audio, FeatsOptions(), meeting.name, WienerOptions() if filtered else None)
                for clusterer, realigner in SYSTEMS:
                    score = run(meeting, frames, clusterer, realigner)
                    found.setdefault((clusterer, filtered), []).append(score)
        name = kind if math.isinf(ratio) else f"{kind} {ratio} dB"
        rates = [pooled(found[clusterer, filtered]) for clusterer, _ in SYSTEMS for filtered in (False, True)]
        print(f"{name:<16}" + "".join(f"{rate:>{11 if k % 2 else 15}.2f}" for k, rate in enumerate(rates)), flush=True)


def run(meeting: Meeting, frames: Float32, clusterer: str, realigner: str) -> RecordingScore:
    found = frames_to_clusters(frames, meeting.speech, CLUSTERERS[clusterer](), SpeakerRange())
    options = REALIGNERS[realigner]()
    return meeting.score(realign_clusters(frames, found.labels, options, background=found.background))


def noisy(meeting: Meeting, kind: str, ratio: float, voices: list[Float32]) -> Float32:
    """The meeting's signal with noise ``ratio`` dB below its speech; the noise depends on the meeting's name."""
    signal = read_wav(meeting.audio, WavOptions(sample_rate=RATE)).signal
    if math.isinf(ratio):
        return signal
    rng = np.random.default_rng(zlib.crc32(meeting.name.encode()))
    if kind == "babble":
        noise = sum(np.roll(np.resize(voice, len(signal)), int(rng.integers(len(signal)))) for voice in voices)
    else:
        noise = rng.standard_normal(len(signal), dtype=np.float32)
    if kind == "pink":
        noise = lfilter(PINK_ZEROS, PINK_POLES, noise)
    spoken = np.repeat(meeting.speech, RATE // 100)[: len(signal)]
    speech_rms = math.sqrt(np.mean(np.square(signal[: len(spoken)][spoken], dtype=np.float64)))
    gain = speech_rms * 10 ** (-ratio / 20) / math.sqrt(np.mean(np.square(noise, dtype=np.float64)))
    mixed: Float32 = (signal + gain * noise).astype(np.float32)
    return mixed


def read_voices() -> Iterator[Float32]:
    """The utterances of eight readers, end to end, each reader at one level."""
    for reader in sorted((data_folder() / "speech" / "voices").iterdir(), key=lambda path: path.name)[:N_VOICES]:
        paths: list[Path] = sorted(reader.glob("*.ogg"))
        speech = np.concatenate([read_wav(str(path), WavOptions(sample_rate=RATE)).signal for path in paths])
        yield speech / math.sqrt(np.mean(np.square(speech, dtype=np.float64)))


if __name__ == "__main__":
    cli.run(main)
