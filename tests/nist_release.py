"""Releases of NIST's meetings as LDC lays them out, made up: SPHERE files, RTTM and UEM of sdm and mdm."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

DEV = (
    "CMU_20020319-1400", "CMU_20020320-1500", "ICSI_20010208-1430", "ICSI_20010322-1450",
    "LDC_20011116-1400", "LDC_20011116-1500", "NIST_20020214-1148", "NIST_20020305-1007",
)  # fmt: skip
EVAL = (
    "CMU_20030109-1530", "CMU_20030109-1600", "ICSI_20000807-1000", "ICSI_20011030-1030",
    "LDC_20011121-1700", "LDC_20011207-1800", "NIST_20030623-1409", "NIST_20030925-1517",
)  # fmt: skip
# <part>: folders of audio, of the reference and of the UEM; how the tables are called
LAYOUTS = {
    "dev": ("data/audio/dev04s", "data/reference/dev04s/concatenated", "data/indices/dev04s",
            "dev04s.040809.{}.rttm", "dev04s.{}.uem"),
    "eval": ("package/rt04_eval/data/audio/eval04s", "package/rt04_eval/data/reference/eval04s/concatenated",
             "package/rt04_eval/data/indices/eval04s", "eval04s.040511.{}.rttm", "eval04s.{}.uem"),
    "rt05": ("audio", "data/reference/concatenated", "data/indicies",
             "rt05s.confmtg.050614.spkr.{}.rttm", "expt_05s_spkrul_eval05s_eng_confmtg_{}_1.uem"),
}  # fmt: skip
SDM = {"CMU": "d01", "ICSI": "d05", "LDC": "d06", "NIST": "d02", "AMI": "d01", "VT": "d01"}  # by site
RATE = 16000
Turns = Sequence[tuple[float, float, str]]


def sdm(meeting: str) -> str:
    """The single distant microphone of a meeting's site."""
    return SDM[meeting.partition("_")[0]]


class FakeRelease:
    """A release below ``root``, made meeting by meeting; ``flat`` has all files in one folder."""

    def __init__(self, root: Path, part: str = "dev", flat: bool = False) -> None:
        self.root, self.part = root, part
        audio, reference, index, self.rttm_name, self.uem_name = LAYOUTS[part]
        self.audio, self.reference, self.index = (root if flat else root / f for f in (audio, reference, index))
        for folder in (self.audio, self.reference, self.index):
            folder.mkdir(parents=True, exist_ok=True)
        for mic in ("sdm", "mdm"):
            self.rttm(mic).write_text(";; made up\n")
            self.uem(mic).write_text(";; made up, with SPHERE names\n")

    def rttm(self, mic: str) -> Path:
        return self.reference / self.rttm_name.format(mic)

    def uem(self, mic: str) -> Path:
        return self.index / self.uem_name.format(mic)

    def sph(self, meeting: str, microphone: str, tail: str = "_NONE") -> Path:
        """Where the file of a microphone lies."""
        return self.audio / (meeting if self.audio != self.root else "") / f"{meeting}_{microphone}{tail}.sph"

    def add(
        self,
        meeting: str,
        signals: dict[str, NDArray[np.float64]],
        turns: Turns,
        region: tuple[float, float],
        rate: int = RATE,
    ) -> None:
        """A meeting: its microphones' signals, its turns, and the region of it that is scored."""
        for microphone, signal in signals.items():
            path = self.sph(meeting, microphone, "_fe001" if microphone.startswith("h") else "_NONE")
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, signal, rate, format="NIST", subtype="PCM_16")
        for mic, name in (("sdm", f"{meeting}_{sdm(meeting)}_NONE"), ("mdm", meeting)):
            lines = [f"SPKR-INFO {name} 1 <NA> <NA> <NA> unknown {s} <NA>\n" for s in sorted({t[2] for t in turns})]
            lines += [
                f"SPEAKER {name} 1 {start:.2f} {end - start:.2f} <NA> <NA> {speaker} <NA>\n"
                for start, end, speaker in turns
            ]
            with self.rttm(mic).open("a") as stream:
                stream.writelines(lines)
            with self.uem(mic).open("a") as stream:
                stream.write(f"{name}.sph 1 {region[0]:.2f} {region[1]:.2f}\n")

    def add_small(self, meetings: Iterable[str], microphones: Sequence[str] = ("d01", "d05", "d06", "d02")) -> None:
        """Meetings of three seconds of noise, of which the second from 1 to 2 s is scored."""
        for number, meeting in enumerate(meetings):
            rng = np.random.default_rng(number)
            signals = {name: 0.1 * rng.standard_normal(3 * RATE) for name in microphones}
            self.add(meeting, signals, [(0.5, 1.5, f"{meeting}_a"), (1.5, 2.8, f"{meeting}_b")], (1.0, 2.0))

    def compress(self, path: Path) -> None:
        """Say in a SPHERE file's header that shorten compressed it; what ``fake_sph2pipe`` takes for compressed."""
        header, body = path.read_bytes()[:1024], path.read_bytes()[1024:]
        lines = header.decode().rstrip("\0 \n").splitlines()
        lines = [line for line in lines if not line.startswith(("sample_coding", "end_head"))]
        text = "\n".join([*lines, "sample_coding -s26 pcm,embedded-shorten-v2.00", "end_head", ""])
        path.write_bytes(text.encode().ljust(1024) + body[::-1])


def fake_sph2pipe(folder: Path) -> Path:
    """``sph2pipe -f wav FILE`` of files from ``compress``: the folder to put on the PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "sph2pipe"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys, wave\n"
        "assert sys.argv[1:3] == ['-f', 'wav'], sys.argv\n"
        "with wave.open(sys.stdout.buffer, 'wb') as out:\n"
        f"    out.setparams((1, 2, {RATE}, 0, 'NONE', ''))\n"
        "    out.writeframes(open(sys.argv[3], 'rb').read()[1024:][::-1])\n"
    )
    program.chmod(0o755)
    return folder
