"""The package diar; requirements/lock.txt holds the exact versions that recipes and tests install."""

import re
from pathlib import Path

from setuptools import find_packages, setup

VERSION = re.search(r'__version__ = "(.+)"', Path(__file__).with_name("diar").joinpath("__init__.py").read_text())

setup(
    name="diar",
    version=VERSION.group(1),
    description="Speaker diarization recipes that learn from the recordings themselves",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["diar", "diar.*"]),
    package_data={"diar": ["py.typed", "report/web/*"]},
    entry_points={"console_scripts": ["diar = diar.__main__:main"]},
    install_requires=[
        "numpy>=2.0",
        "scipy>=1.11",
        "numba>=0.61",
        "kaldiio>=2.18",
        "soundfile>=0.12",
        "webrtcvad-wheels>=2.0.14",
        "pyannote.metrics>=3.2",
        "threadpoolctl>=3.1",
        "tqdm>=4.60",
    ],
    extras_require={
        "nets": ["torch>=2.0", "scikit-learn>=1.3"],
        "completion": ["argcomplete>=3.1"],
        "figures": ["matplotlib>=3.8", "pillow>=10"],
        "sift": ["opencv-python-headless>=4.5"],
        "tests": [
            "pytest>=8",
            "pytest-xdist>=3.5",
            "hypothesis>=6",
            "kaldi-native-fbank>=1.20",
            "praatio>=6.2",
            "webvtt-py>=0.5",
            "argcomplete>=3.1",
        ],
        "browser": ["selenium>=4.30"],
        "lint": ["ruff>=0.9", "mypy>=1.14"],
    },
)
