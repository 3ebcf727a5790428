#!/usr/bin/env python3
"""Official files of images -> data folder.

digits come with scikit-learn. The others are found in --data-dir, or in a usual folder below it, by their official
names: mnist and fashion as four IDX files, compressed by gzip or not; cifar10 as cifar-10-python.tar.gz,
cifar-10-binary.tar.gz, what is in one of them, or cifar10_jpeg.npz, whose pixels are not the official ones. No code of
a pickle is run.

e.g.: local/images/prepare_data.py --dataset mnist --data-dir downloads data/mnist
"""

from __future__ import annotations

import sys
from pathlib import Path

from diar import cli
from diar.images.sets import DATASETS
from diar.io.images.folder import write_dataset
from diar.io.images.official import read_dataset


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_argument("data", metavar="<data>", help="folder to write")
    parser.add_flag("--dataset", f"one of {', '.join(DATASETS)} (default digits)", default=DATASETS[0])
    parser.add_flag("--data-dir", "folder of the official files")
    help_text = "refuse files that are not the official ones (default true)"
    parser.add_flag("--check-md5", help_text, default=True, kind=cli.boolean)
    arguments = parser.parse_words(sys.argv[1:])
    name = cli.checked_choice("--dataset", arguments.dataset, DATASETS)
    folder = Path(arguments.data_dir) if arguments.data_dir else None
    dataset = read_dataset(name, folder, arguments.check_md5)
    write_dataset(Path(arguments.data), dataset)
    height, width, channels = dataset.train.shape
    size = f"{height} x {width} x {channels}"
    print(f"{dataset.title}: {len(dataset.train)} training and {len(dataset.test)} test images of {size}")


if __name__ == "__main__":
    cli.run(main)
