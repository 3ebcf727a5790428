"""Folders as trainings on images leave them, made by hand: result.json, PNG and GIF files."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image


def result(seed: int = 1, **changes: Any) -> dict[str, Any]:
    """The content of a result.json."""
    content = {
        "choices": {"net": "basic"},
        "dataset": {"crc32": "0", "name": "cifar10", "pixels": "JPEG pixels"},
        "digest": "00000000",
        "figures": {"accuracy": 0.6, "accuracy_by_class": [0.6, None], "confusion": [[1, 0], [0, 1]]},
        "machine": "cpu, 1 thread",
        "n_test": 10000,
        "n_train": 50000,
        "noun": "classifier",
        "options": {"device": "cpu", "epochs": 16, "judged_on": "test", "learning_rate": 0.002, "num_threads": 1,
                    "seed": seed, "test_images": 0, "train_images": 0},
        "seconds": 100.0 + seed,
        "seed": seed,
        "step": "train_classifier.py",
        "title": "CIFAR-10 (JPEG pixels)",
        "version": "0",
    }  # fmt: skip
    return content | changes


def png(width: int = 6, height: int = 4, grey: int = 90) -> bytes:
    """A PNG file, written byte by byte."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([grey]) * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def write_gif(path: Path, n: int = 4, size: tuple[int, int] = (30, 20)) -> None:
    """An animation of ``n`` pictures that get lighter."""
    first, *others = (Image.new("L", size, 60 * number) for number in range(n))
    first.save(path, save_all=True, append_images=others, duration=100, loop=0)


def write_run(exp: Path, name: str, seed: int = 1, pictures: tuple[str, ...] = ("loss",), **changes: Any) -> Path:
    """The folder of a run that is complete."""
    folder = exp / name / f"seed{seed}"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(result(seed, **changes)))
    for number, picture in enumerate(pictures):
        width = 400 if picture == "loss" else 40
        (folder / f"{picture}.png").write_bytes(png(width, height=30, grey=40 + number))
    return folder


def write_experiments(exp: Path) -> Path:
    """One of each kind on the stand-in of CIFAR-10: three seeds of a classifier, epochs of a GAN, a seed unfinished."""
    for seed, accuracy in ((1, 0.61), (2, 0.64), (3, 0.625)):
        figures = {"accuracy": accuracy, "confusion": [[1, 2], [3, 4]]}
        write_run(exp, "classifier_basic_fast", seed, ("confusion", "loss"), figures=figures)
    write_run(exp, "classifier_resnet_fast", choices={"net": "resnet"}, figures={"accuracy": 0.885})
    (exp / "classifier_resnet_fast" / "seed2").mkdir()
    for size in (512, 64):
        figures = {"mse": 0.01, "pca_psnr": 20.0, "psnr": 22.5, "ssim": 0.8, "deep": {"psnr": 1.0}}
        options = result()["options"] | {"code_size": size, "latent": True}
        write_run(exp, f"sae_{size}_latent_fast", 1, ("reconstructions", "loss"), choices={}, noun="autoencoder",
                  figures=figures, options=options)  # fmt: skip
    (exp / "sae_fast").mkdir()
    for name in ("sizes", "size64", "size512"):
        (exp / "sae_fast" / f"{name}.png").write_bytes(png(grey=len(name)))
    epochs = tuple(f"epoch_{number:02}" for number in range(1, 13))
    folder = write_run(exp, "gan_fast", 1, (*epochs, "samples", "loss"), choices={}, noun="gan",
                       figures={"fid": 12.25, "fid_floor": 1.5, "least_share": 0.04})  # fmt: skip
    write_gif(folder / "epochs.gif")
    return exp
