"""Audio files that tests write, some of them by hand, and read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from diar.audio import Audio
from diar.io import wav
from diar.io.wav import WavOptions

RATE = 16000
OPTIONS = WavOptions(sample_rate=RATE, channel="mix", allow_pipes=False)
PIPES = WavOptions(sample_rate=RATE, channel="mix", allow_pipes=True)


def noise(n_samples: int = 8000, n_channels: int = 1) -> np.ndarray:
    """Samples that 16 bits hold exactly; (n,) or (n, channels)."""
    samples = np.random.default_rng(n_channels).integers(-30000, 30000, size=(n_samples, n_channels)) / 32768
    return samples[:, 0] if n_channels == 1 else samples


def read_wav(source: str, options: WavOptions) -> Audio:
    """The audio, read to its end once."""
    audio = wav.read_wav(source, options)
    assert audio.signal.ndim == 1
    return audio


def saved(path: Path, samples: np.ndarray, rate: int = RATE, **how: str) -> Path:
    soundfile.write(path, samples, rate, **how)
    return path


def sphere(samples: np.ndarray, rate: int = RATE, promised: int | None = None, **fields: str) -> bytes:
    """A NIST SPHERE file of 16-bit samples, by hand."""
    lines = ["NIST_1A", "   1024"]
    values = {
        "channel_count": "-i 1",
        "sample_count": f"-i {len(samples) if promised is None else promised}",
        "sample_rate": f"-i {rate}",
        "sample_n_bytes": "-i 2",
        "sample_byte_format": "-s2 01",
        "sample_sig_bits": "-i 16",
        "sample_coding": "-s3 pcm",
    }
    lines += [f"{name} {value}" for name, value in (values | fields).items()] + ["end_head"]
    return ("\n".join(lines) + "\n").encode().ljust(1024) + (samples * 32768).astype("<i2").tobytes()
