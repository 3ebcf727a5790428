#!/usr/bin/env python3
"""How long an update of the images' stacked autoencoders takes on a GPU, replayed and asked for kernel by kernel.

benchmarks/replayed_updates.py
"""

import time
from dataclasses import replace
from unittest import mock

import numpy as np
import torch

from diar.images.cluster import NETS, ImageInput, pretrain, train_dec
from diar.nets.cluster_options import ImageDecOptions
from diar.nets.options import DeviceOptions

N_IMAGES, SIDE, ROUNDS = 25_600, 28, 3
CUDA = DeviceOptions(device="cuda")
IMAGES = np.random.default_rng(1).integers(0, 256, (N_IMAGES, SIDE, SIDE, 1), dtype=np.uint8)


def milliseconds(work, n_updates: int) -> float:
    """Of an update of ``work``, what it is built and evaluated with included."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start) / n_updates


def main() -> None:
    if not torch.cuda.is_available():
        raise SystemExit("found no GPU that torch sees; wanted one")
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name()}; ms an update, least of {ROUNDS}")
    for net in ("fc", "conv"):
        options = NETS[net](finetune_epochs=4)
        inputs = ImageInput().of(IMAGES, net, options, CUDA)
        network, _ = pretrain(inputs, replace(options, finetune_epochs=1), CUDA)
        clustering = ImageDecOptions(max_intervals=3, label_tolerance=0.0, kmeans_starts=1)
        parts = {
            "fine-tuning": (lambda o=options, i=inputs: pretrain(i, o, CUDA), 400),
            "DEC": (lambda n=network, i=inputs, c=clustering: train_dec(n, "dec", i, c, CUDA), 420),
            "IDEC": (lambda n=network, i=inputs, c=clustering: train_dec(n, "idec", i, c, CUDA), 420),
        }
        for name, (work, n_updates) in parts.items():
            replayed, asked = [], []
            for _ in range(ROUNDS):
                replayed.append(milliseconds(work, n_updates))
                with mock.patch("diar.nets.updates._LEAST_TORCH", "999"):
                    asked.append(milliseconds(work, n_updates))
            one, other = min(replayed), min(asked)
            print(f"{net} {name}: replayed {one:.3f}, one by one {other:.3f}, ratio {other / one:.1f}")


if __name__ == "__main__":
    main()
