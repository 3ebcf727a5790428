"""Folders of stages 0 to 4 for the steps that train and use networks: small, and made without the steps before."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import kaldiio
import numpy as np
from net_speech import DEVICE, SAE, pauses, speech_of, talk
from step_runner import ROOT

from diar.embed import EmbeddingModel, Speech, principal_axes, train_sae
from diar.io.ark import write_archive, write_scp
from diar.io.checkpoint import model_path, write_checkpoint, write_model_scp
from diar.nets.options import InputOptions

RECORDINGS = ["a", "b", "silent"]
SAE_FLAGS = (
    "--hidden=8-6", "--bottleneck=3", "--context=3", "--batch-size=64", "--learning-rate=0.01", "--num-threads=1",
    "--pretrain-epochs=2", "--finetune-epochs=3", "--tolerance=0",
)  # fmt: skip
DEC_FLAGS = ("--batch-size=64", "--learning-rate=0.01", "--num-threads=1", "--max-intervals=2", "--kmeans-starts=2")
MADE = {"step": "wav_to_feats.py", "options": {"num_ceps": 4, "channel": "mix"}, "choices": {"denoise": "none"}}
FEATURES = {"dim": 4, "step": "wav_to_feats.py", "num_ceps": 4, "denoise": "none"}


def make_stages(folder: Path) -> Path:
    """``data``, ``feats`` and ``vad`` of two recordings with speech and one without, in ``folder``."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "wav.scp").write_text("".join(f"{name} /{name}.wav\n" for name in RECORDINGS))
    for seed, name in enumerate(RECORDINGS):
        write_feats(folder, name, talk(seed)[0])
        write_vad(folder, name, pauses(300) * (name != "silent"))
    with contextlib.chdir(folder):  # as recipes do, so that a copy of the folder has tables of its own
        for noun in ("feats", "vad"):
            write_scp(Path(noun), noun, RECORDINGS)
    (folder / "feats" / "options.json").write_text(json.dumps(MADE))
    return folder


def write_feats(folder: Path, recording: str, frames: np.ndarray) -> None:
    (folder / "feats").mkdir(exist_ok=True)
    write_archive(folder / "feats", recording, frames)


def write_vad(folder: Path, recording: str, speech: np.ndarray) -> None:
    (folder / "vad").mkdir(exist_ok=True)
    write_archive(folder / "vad", recording, speech.astype(np.float32))


def add_saes(folder: Path, name: str = "sae") -> EmbeddingModel:
    """A folder of models, as train_sae.py's of each recording, and the model of recording a."""
    (folder / name).mkdir()
    for seed, recording in enumerate(RECORDINGS):
        speech = speech_of(seed) if recording != "silent" else Speech([talk(seed)[0]], [np.zeros(300, dtype=bool)])
        network, _ = train_sae(speech, SAE, DEVICE)
        inputs = InputOptions(SAE.context, SAE.summary)
        axes = principal_axes(network, speech, inputs)
        model = EmbeddingModel("sae", network, axes, inputs, FEATURES, dataclasses.asdict(SAE), speech.digest())
        write_checkpoint(model_path(folder / name, recording), model.to_checkpoint())
        if recording == "a":
            of_a = model
    with contextlib.chdir(folder):
        write_model_scp(Path(name), "sae", RECORDINGS)
    return of_a


def array(path: Path) -> np.ndarray:
    """The one array of an archive."""
    ((name, values),) = kaldiio.load_ark(str(path))
    assert name == path.stem
    return values


def finish_stage(folder: Path, noun: str, output: str, *words: str, code: int = 0) -> str:
    """What utils/finish_stage.py prints."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "utils" / "finish_stage.py"), *words, noun, "data", output],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
