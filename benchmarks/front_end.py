#!/usr/bin/env python3
"""How fast is the front end? Processor seconds of 10 minutes in a warm process, on one thread, beside other libraries.

MFCC of kaldi-native-fbank and, where it is installed, librosa have the same windows, bins and cepstra. Also the time
per hour and the most memory of stages 1 and 2 as processes on a file of --hours (default none), made of the same
meeting again and again.

    DIAR_DATA=... benchmarks/front_end.py [--hours 10]
"""

import argparse
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import kaldi_native_fbank as knf
import numpy as np
import soundfile
from meetings import data_folder
from numpy.typing import NDArray
from processes import STEPS, measured
from threadpoolctl import threadpool_limits

from diar import cli
from diar.audio import AudioOptions, from_samples
from diar.denoise import WienerOptions, wiener
from diar.energy_vad import EnergyOptions
from diar.feats import FeatsOptions, features
from diar.front_end import wav_to_vad
from diar.vad import WebrtcOptions

RATE = 16000
ROUNDS = 7
STAGES = {
    "mfcc": ("wav_to_feats.py",),
    "wiener, mfcc": ("wav_to_feats.py", "--denoise", "wiener"),
    "energy": ("wav_to_vad.py", "--vad", "energy"),
    "webrtc": ("wav_to_vad.py", "--vad", "webrtc"),
}

Float32 = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=0)
    hours = parser.parse_args().hours
    path = data_folder() / "speech" / "meetings_sim" / "flac" / "SIMD01.flac"
    signal, _ = soundfile.read(path, dtype="float32")
    with threadpool_limits(1):
        report(signal)
    if hours:
        report_long(signal, hours)


def report(signal: Float32) -> None:
    audio = from_samples(signal, RATE, AudioOptions())
    rows: dict[str, tuple[Callable[[], object], float]] = {
        "diar, MFCC": (lambda: features([signal], RATE, FeatsOptions()), 0.35),
        "kaldi-native-fbank, MFCC": (lambda: kaldi(signal), 0.0),
        "diar, energy detector with its features": (lambda: wav_to_vad(audio, EnergyOptions()), 1.0),
        "webrtcvad": (lambda: wav_to_vad(audio, WebrtcOptions()), 0.0),
        "diar, Wiener filter": (lambda: list(wiener([signal], RATE, WienerOptions())), 1.5),
    }
    if importlib.util.find_spec("librosa"):
        rows["librosa, MFCC"] = (lambda: librosa_mfcc(signal), 0.0)
    times = {name: [seconds(run) for _ in range(ROUNDS + 1)][1:] for name, (run, _) in rows.items()}
    base = median(times["diar, MFCC"])
    print(f"{'10 minutes at 16 kHz':<42}{'median':>8}{'least':>8}{'limit':>8}{'ratio to MFCC':>15}")
    for name, (_, limit) in rows.items():
        middle = median(times[name])
        bound = f"{limit:>8.2f}" if limit else f"{'':>8}"
        print(f"{name:<42}{middle:>8.3f}{min(times[name]):>8.3f}{bound}{middle / base:>15.2f}")


def seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def kaldi(signal: Float32) -> Float32:
    options = knf.MfccOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins, options.num_ceps, options.use_energy = 26, 20, False
    computer = knf.OnlineMfcc(options)
    computer.accept_waveform(RATE, (signal * 32768).tolist())
    computer.input_finished()
    return np.array([computer.get_frame(t) for t in range(computer.num_frames_ready)])


def librosa_mfcc(signal: Float32) -> object:
    import librosa

    return librosa.feature.mfcc(y=signal, sr=RATE, n_mfcc=20, n_fft=512, win_length=400, hop_length=160, n_mels=26)


def report_long(signal: Float32, hours: int) -> None:
    samples = (signal * 32767).astype(np.int16)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as scratch:
        folder = Path(scratch)
        with soundfile.SoundFile(folder / "long.wav", "w", RATE, 1, "PCM_16", format="RF64") as audio:
            for _ in range(6 * hours):
                audio.write(samples)
        (folder / "data").mkdir()
        (folder / "data" / "wav.scp").write_text(f"long {folder / 'long.wav'}\n")
        print(f"\n{f'{hours} hours, as a process':<42}{'s':>8}{'s/hour':>8}{'MB':>8}")
        for name, (program, *words) in STAGES.items():
            seconds, memory = measured([STEPS / program, *words, "data", "out"], 1, folder)
            print(f"{name:<42}{seconds:>8.1f}{seconds / hours:>8.2f}{memory:>8.0f}", flush=True)


if __name__ == "__main__":
    cli.run(main)
