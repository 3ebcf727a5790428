"""What the preparation of any corpus does with the files that it has found: mixes, lengths, the data folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from diar.errors import DataError
from diar.io.data_folder import write_data_folder
from diar.io.wav import probe_duration, probe_rate, write_mean
from diar.segments import Segment

Sources = Mapping[str, Sequence[Path]]  # the files of each recording's microphones
Regions = Mapping[str, list[Segment]]


def names_in(text: str) -> tuple[str, ...]:
    """The names in ``text``, with commas or blanks between, each once."""
    return tuple(dict.fromkeys(re.findall(r"[^\s,]+", text)))


def mix_faults(paths: Sequence[Path]) -> list[str]:
    """What is wrong, by their headers, with files that are to be mixed."""
    faults, rates = [], {}
    for path in paths:
        try:
            probe_duration(path)
            rates[path] = probe_rate(path)
        except DataError as error:
            faults.append(str(error))
    for path, rate in rates.items():
        first = next(iter(rates))
        if rate != rates[first]:
            faults.append(f"{path}: has {rate} Hz; wanted {rates[first]} Hz, as {first}")
    return faults


def mixes(sources: Sources, folder: Path) -> dict[str, list[Path]]:
    """The mean of each recording's files, written into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    mixed = {}
    for recording, paths in sources.items():
        path = (folder / f"{recording}.flac").resolve()
        write_mean([str(source) for source in paths], path)
        mixed[recording] = [path]
    return mixed


def measure(sources: Sources, warn: Callable[[str], None]) -> dict[str, float]:
    """The seconds of each recording, of its longest file; those that cannot be read are left out, with a warning.

    They are told again by check_data.py and by stage 1, which decide what follows.
    """
    durations = {}
    for recording, paths in sources.items():
        try:
            durations[recording] = max(probe_duration(path) for path in paths)
        except DataError as error:
            warn(f"{recording}: {error}")
    return durations


def write_recordings(
    data: Path,
    sources: Sources,
    reference: str | None,
    regions: Regions | None,
    warn: Callable[[str], None],
    facts: Mapping[str, str] | None = None,
) -> str:
    """Write the data folder, several microphones of a recording as reco2channels; a line that says what is in it.

    ``reference`` is RTTM text, ``facts`` as in ``write_data_folder``.
    """
    durations = measure(sources, warn)
    wavs = {recording: str(paths[0]) for recording, paths in sources.items()}
    several = {recording: [str(path) for path in paths] for recording, paths in sources.items() if len(paths) > 1}
    write_data_folder(data, wavs, durations, reference, regions, facts, several)
    minutes = sum(durations.values()) / 60
    scored = sum(region.duration for found in (regions or {}).values() for region in found) / 60
    told = f", {scored:.1f} of them to score" if regions else ""
    return f"{data}: {len(wavs)} recording{'s' * (len(wavs) != 1)}, {minutes:.1f} minutes{told}"
