"""What the official files of MNIST, Fashion-MNIST and CIFAR-10 are: MD5 of every file, and whose it is.

IDX files are known by their content before compression, since they are compressed anew by mirrors. Sources: the data
sets' pages (yann.lecun.com/exdb/mnist, github.com/zalandoresearch/fashion-mnist, www.cs.toronto.edu/~kriz/cifar.html),
whose archives' checksums torchvision lists, too; the members' are those of the archives so checked.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from diar.errors import DataError

_IDX_NAMES = ("train-images", "train-labels", "t10k-images", "t10k-labels")
CIFAR_BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
MD5 = {
    "mnist": dict(zip(_IDX_NAMES, (
        "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637",
    ), strict=True)),
    "fashion": dict(zip(_IDX_NAMES, (
        "f4a8712d7a061bf5bd6d2ca38dc4d50a", "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a", "15d484375f8d13e6eb1aabb0c3f46965",
    ), strict=True)),
    "cifar10": {
        "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
        "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
        **dict(zip(CIFAR_BATCHES, (
            "c99cafc152244af753f735de768cd75f", "d4bba439e000b95fd0a9bffe97cbabec", "54ebc095f3ab1f0389bbae665268c751",
            "634d18415352ddfa80567beed471001a", "482c414d41f54cd18b22e5b47cb7c3cb", "40351d587109b95175f43aff81a1287e",
        ), strict=True)),
        "cifar10_jpeg.npz": "5ebee54237dc4a6ddc051e9e689c07a1",
    },
}  # fmt: skip
_ADVICE = "fetch it anew, or take it as it is with --check-md5 false"


def md5_of(content: bytes) -> str:
    """The MD5 of some bytes, in hexadecimal."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def check_md5(path: Path, dataset: str, name: str, content: bytes, refuse: bool = True) -> str:
    """The MD5 of ``content``, refused where the official file ``name`` of ``dataset`` has another.

    Raises:
        DataError: it has; the message says whose file it is, where that is known.
    """
    found = md5_of(content)
    wanted = MD5[dataset].get(name)
    if refuse and wanted is not None and found != wanted:
        whose = next((f"that of {other}'s {n}" for other in MD5 for n, md5 in MD5[other].items() if md5 == found), "")
        raise DataError(path, f"MD5 {found}{whose and ', ' + whose}", f"wanted {wanted} of {dataset}'s {name}", _ADVICE)
    return found
