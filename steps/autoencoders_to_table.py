#!/usr/bin/env python3
"""autoencoders -> table: reconstructions by the size of the embedding, with and without the latent layer, and by PCA.

Each <folder> is that of one seed, as steps/train_conv_autoencoder.py left it. <output> gets table.md, sizes.png with
PSNR and SSIM by size, and for each size that was trained both ways size<n>.png: originals above reconstructions, with
the latent layer above without, of the first seed.

e.g.: steps/autoencoders_to_table.py exp/cifar10/sae_fast exp/cifar10/sae_128_*_fast/seed*
"""

from pathlib import Path

import numpy as np

from diar import cli
from diar.images.size_table import curves, size_rows, table_text
from diar.io.figure import write_png
from diar.io.files import read_json, write_text
from diar.io.images.picture import read_picture, write_picture
from diar.io.images.runs import RESULT
from diar.report.reconstruction_figure import size_figure


def main() -> None:
    parser = cli.Parser(__doc__, ())
    parser.add_argument("output", metavar="<output>", help="folder to write")
    parser.add_argument("folders", metavar="<folder>", nargs="+", help="folder of one seed")
    arguments = parser.parse_words(cli.command_words())
    output, folders = Path(arguments.output), [Path(folder) for folder in arguments.folders]
    results = {folder: read_json(folder / RESULT) for folder in folders}
    first = next(iter(results.values()))
    rows = size_rows(list(results.values()), output)
    heading = f"{first['title']}: {first['n_test']} {first['options']['judged_on']} images"
    text = table_text(rows, f"{heading}, learned from {first['n_train']}")
    output.mkdir(parents=True, exist_ok=True)
    for picture in output.glob("size[0-9]*.png"):  # of a size that may be gone
        picture.unlink()
    write_text(output / "table.md", text)
    write_png(output / "sizes.png", size_figure(curves(rows), heading))
    for size in sorted({row.size for row in rows}):
        both = [
            next((f for f, r in results.items() if (r["options"]["code_size"], r["options"]["latent"]) == key), None)
            for key in ((size, True), (size, False))
        ]
        pictures = [read_picture(folder / "reconstructions.png") for folder in both if folder]
        if len(pictures) == 2:
            write_picture(output / f"size{size}.png", np.concatenate(pictures))
    print(text, end="")


if __name__ == "__main__":
    cli.run(main)
