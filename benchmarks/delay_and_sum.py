#!/usr/bin/env python3
"""What does delay-and-sum gain? SNR and SER of four distant microphones summed, against one of them.

DIR/noisy and DIR/quiet are the same meetings at 10 dB and at 100 dB; made, eight of ten minutes, where they are not
there. Speech and noise go through the sum apart, with the delays of the noisy meeting. SER with defaults, realigned,
reference speech, collar 0.25, overlap skipped; columns as in systems.py. The stream of delays is for the aIB.

    DIAR_DATA=... benchmarks/delay_and_sum.py DIR
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from meetings import Meeting, data_folder, pooled
from numpy.typing import NDArray

from diar import cli
from diar.audio import AudioOptions, from_samples
from diar.background import Stream
from diar.beamform import BeamformOptions, Delays, delay_and_sum, delay_frames, find_delays
from diar.blocks import Reader
from diar.cluster.agglomerate import SpeakerRange
from diar.feats import FeatsOptions
from diar.front_end import wav_to_feats
from diar.io.data_folder import DataFolder
from diar.io.rttm import read_rttm_lines, speaker_turns
from diar.io.uem import read_uem
from diar.pipeline import CLUSTERERS, REALIGNERS, frames_to_clusters, realign_clusters
from diar.score import RecordingScore
from diar.segments import speech_frames, union

GAIN_WANTED = 4.0  # dB
SYSTEMS = (("hmm_gmm", "hmm_gmm"), ("ib_hmm_gmm", "hmm_gmm"), ("aib", "kl_hmm"))
TDOA_WEIGHTS = (0.05, 0.1, 0.2)
PROGRAM = Path(__file__).resolve().parent.parent / "local" / "sim" / "prepare_data.py"
MEETINGS = "--num-meetings 8 --duration 600 --num-speakers 3-6 --overlap 0.1 --room table --num-mics 4 --seed 201"


@dataclass(frozen=True)
class Heard:
    """A meeting as each signal has it, by name, and its stream of delays."""

    meetings: dict[str, Meeting]
    tdoa: NDArray[np.float32]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    for name, snr in (("noisy", 10), ("quiet", 100)):
        make_meetings(folder / name, snr)
    print(f"{'':<8}{'SNR of the microphones, dB':<34}{'sum':>7}{'gain':>7}{'reference':>11}{'s':>7}")
    heard = [hear(folder, name) for name in sorted(DataFolder(folder / "noisy").wav_scp())]
    names = [found.meetings["sum"].name for found in heard]
    print(f"{'clusterer':<12}{'realigner':<10}{'signal':<11}" + "".join(f"{n:>13}" for n in names) + f"{'pooled':>8}")
    for clusterer, realigner in SYSTEMS:
        for signal in heard[0].meetings:
            report(clusterer, realigner, signal, [score(found, signal, clusterer, realigner) for found in heard])
    for weight in TDOA_WEIGHTS:
        for clusterer, realigner in SYSTEMS[1:]:
            scores = [score(found, "sum", clusterer, realigner, weight) for found in heard]
            report(clusterer, realigner, f"sum+{weight:g}tdoa", scores)


def report(clusterer: str, realigner: str, signal: str, scores: list[RecordingScore]) -> None:
    cells = "".join(f"{s.ser:>7.2f} ({s.n_found}/{s.n_true})" for s in scores)
    print(f"{clusterer:<12}{realigner:<10}{signal:<12}{cells}{pooled(scores):>8.2f}", flush=True)


def make_meetings(folder: Path, snr: int) -> None:
    if not (folder / "wav.scp").exists():
        voices = data_folder() / "speech" / "voices"
        words = [*MEETINGS.split(), "--snr", str(snr), "--utterances", str(voices), str(folder), str(folder)]
        subprocess.run([sys.executable, str(PROGRAM), *words], check=True, stdout=subprocess.DEVNULL)


def hear(folder: Path, name: str) -> Heard:
    """One microphone, the reference and the sum of a meeting; prints its line of the table of SNR."""
    noisy, quiet = (DataFolder(folder / kind).wav_scp()[name] for kind in ("noisy", "quiet"))
    sample_rate = soundfile.info(noisy).samplerate
    started = time.process_time()
    delays = find_delays(reader(noisy), sample_rate, BeamformOptions())
    summed = np.concatenate(list(delay_and_sum(reader(noisy), delays)))
    seconds = time.process_time() - started
    reference = [line for line in read_rttm_lines(folder / "noisy" / "ref.rttm") if line.recording == name]
    samples = soundfile.read(noisy, dtype="float32")[0]
    turns = speaker_turns(reference)[name]
    active = np.zeros(len(samples), dtype=bool)
    for turn in union(turns):
        active[round(turn.start * sample_rate) : round(turn.end * sample_rate)] = True
    print_gain(name, samples, soundfile.read(quiet, dtype="float32")[0], active, delays, seconds)
    signals = {"channel 1": samples[:, 0], "reference": samples[:, delays.reference], "sum": summed}
    meetings = {}
    for signal, heard in signals.items():
        audio = from_samples(np.ascontiguousarray(heard), sample_rate, AudioOptions(sample_rate=sample_rate))
        frames = wav_to_feats(audio, FeatsOptions(), name)
        speech = speech_frames(turns, len(frames)) > 0
        meetings[signal] = Meeting(name, noisy, frames, speech, reference, read_uem(folder / "noisy" / "all.uem")[name])
    return Heard(meetings, delay_frames(delays, len(frames)))


def print_gain(
    name: str,
    noisy: NDArray[np.float32],
    quiet: NDArray[np.float32],
    active: NDArray[np.bool_],
    delays: Delays,
    seconds: float,
) -> None:
    scale = np.sum(noisy * quiet, axis=0, dtype=np.float64) / np.sum(np.square(quiet), axis=0, dtype=np.float64)
    speech = quiet * scale.astype(np.float32)
    noise = noisy - speech
    single = decibels(speech[active]) - decibels(noise[active])
    speech_sum, noise_sum = (np.concatenate(list(delay_and_sum(once(part), delays))) for part in (speech, noise))
    snr = decibels(speech_sum[active]) - decibels(noise_sum[active])
    gain = snr - single[delays.reference]
    cells = "".join(f"{level:>8.2f}" for level in single)
    passed = "" if gain >= GAIN_WANTED else f"   below {GAIN_WANTED:g} dB"
    print(f"{name:<8}{cells:<34}{snr:>7.2f}{gain:>7.2f}{delays.reference + 1:>11}{seconds:>7.2f}{passed}", flush=True)


def decibels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64), axis=0))


def reader(path: str) -> Reader:
    def read() -> Iterator[NDArray[np.float32]]:
        with soundfile.SoundFile(path) as audio:
            yield from audio.blocks(1 << 16, dtype="float32", always_2d=True)

    return read


def once(samples: NDArray[np.float32]) -> Reader:
    return lambda: iter([samples])


def score(found: Heard, signal: str, clusterer: str, realigner: str, tdoa_weight: float = 0.0) -> RecordingScore:
    meeting = found.meetings[signal]
    streams = None
    if tdoa_weight:
        weights = (1 - tdoa_weight, tdoa_weight)
        streams = [Stream("feats", meeting.frames, weights[0]), Stream("tdoa", found.tdoa, weights[1])]
    clusters = frames_to_clusters(meeting.frames, meeting.speech, CLUSTERERS[clusterer](), SpeakerRange(), streams)
    options = REALIGNERS[realigner]()
    return meeting.score(realign_clusters(meeting.frames, clusters.labels, options, streams, clusters.background))


if __name__ == "__main__":
    cli.run(main)
