"""The folder that a stage makes: what lies in it, what it was made of, and whether that still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from diar.errors import DataError
from diar.io.ark import ArchiveFolder
from diar.io.checkpoint import ModelFolder
from diar.io.files import TEMPORARY_SUFFIX, read_json, read_text, write_json

ERROR_SUFFIX = ".error"  # <recording>.error in a stage's folder: why it has no archive
HISTORY_SUFFIX = ".merges.json"  # <recording>.merges.json in a folder of clusters
BACKGROUND_SUFFIX = ".background.ark"  # what the information bottleneck's relevance variables are
SOFT_LABELS_SUFFIX = ".soft_labels.ark"  # DEC's q of the speech frames, in a folder of clusters
REGIONS = "all.uem"  # the data folder's, within which speech was looked for
SUM_SUFFIX = ".sum.flac"  # <recording>.sum.flac in a folder of tdoa: its microphones in one signal
# what a new cut leaves as it is
LASTING_SUFFIXES = (HISTORY_SUFFIX, BACKGROUND_SUFFIX, SOFT_LABELS_SUFFIX, SUM_SUFFIX)
_STAGE_THAT_MAKES = {
    "tdoa": 1, "feats": 1, "vad": 2, "sae": 3, "dec": 4, "idec": 4, "embed": 5, "clusters": 6, "realigned": 7,
}  # fmt: skip
MODEL_NOUNS = ("sae", "dec", "idec")  # stages that make models, not archives
# how audio is found, which says nothing of what features are
_SOURCE_OPTIONS = ("channel", "allow_pipes", "feats_scp", "archives")


def open_input(noun: str, folder: Path) -> ArchiveFolder:
    """A stage's input folder.

    Raises:
        DataError: it is missing, not complete, or made from folders that have changed since; the message names the
            stage that makes it.
    """
    stage = _STAGE_THAT_MAKES.get(noun, _STAGE_THAT_MAKES.get(folder.name.partition("_")[0]))  # streams: by their names
    advice = f"stage {stage} makes it: ./run.sh --stage {stage}" if stage is not None else ""
    if not any(folder.glob("*.scp")):
        found = "is not complete (no .scp)" if folder.is_dir() else "no such folder"
        raise DataError(folder, found, f"wanted the folder of {noun}", advice)
    changed = _changed_input(folder.parent, options_of(folder))
    if changed is not None:
        raise DataError(folder, f"was made from another {changed} than there is now", "wanted its result", advice)
    return ModelFolder(folder) if noun in MODEL_NOUNS else ArchiveFolder(folder)


def check_regions(folder: Path, uem: Path) -> None:
    """Refuse a folder whose speech was found within other regions than those of ``uem`` now.

    Raises:
        DataError: so it was.
    """
    now = read_text(uem) if uem.exists() else ""
    if any(text != now for text in _regions_of(options_of(folder))):
        advice = "stage 2 finds it anew: ./run.sh --stage 2"
        raise DataError(folder, f"its speech was found within another {uem}", "wanted the one that is there", advice)


def _regions_of(options: Any) -> Iterator[str]:
    """The text of every all.uem that ``options``, or what they name as inputs, depend on."""
    known = options if isinstance(options, dict) else {}
    if REGIONS in (known.get("conf") or {}):
        yield known["conf"][REGIONS]
    for recorded in (known.get("inputs") or {}).values():
        yield from _regions_of(recorded)


def describe_features(folder: Path, dim: int) -> dict[str, Any]:
    """What the features of ``folder`` are: values a frame, the program that made them and its options."""
    made = options_of(folder)
    if not isinstance(made, dict):
        return {"dim": dim}
    described: dict[str, Any] = {"step": made.get("step")} | made.get("options", {}) | made.get("choices", {})
    return {"dim": dim} | {name: value for name, value in described.items() if name not in _SOURCE_OPTIONS}


def open_models(folder: Path) -> ModelFolder:
    """A stage's folder of models, whatever their kind.

    Raises:
        DataError: as ``open_input``.
    """
    noun = folder.name.partition("_")[0]
    models = open_input(noun if noun in MODEL_NOUNS else "sae", folder)
    assert isinstance(models, ModelFolder)
    return models


def _changed_input(parent: Path, options: Any) -> Path | None:
    """A folder beside, direct or indirect input by ``options``, whose own options.json is no longer what it was."""
    for name, recorded in ((options or {}).get("inputs") or {}).items():
        source: Path = parent / name
        if source.is_dir() and options_of(source) != recorded:
            return source
        changed: Path | None = _changed_input(source.parent, recorded)
        if changed is not None:
            return changed
    return None


def prepare_folder(folder: Path, provenance: Mapping[str, Any]) -> None:
    """Make ``folder`` ready for a stage's jobs: empty it unless it was made with the same options of the same data.

    The scp, the mark of a complete folder, goes first and in any case; so do temporary files of a run that was killed.
    ``log/`` stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for table in folder.glob("*.scp"):
        table.unlink()
    same = options_of(folder) == provenance
    if not same:
        (folder / "options.json").unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_file() and (not same or path.name.endswith(TEMPORARY_SUFFIX)):
            path.unlink(missing_ok=True)
    if not same:
        write_json(folder / "options.json", provenance)


def options_of(folder: Path) -> Any:
    """options.json of a folder; None where there is none, as in archives that other programs made."""
    path = folder / "options.json"
    try:
        return read_json(path) if path.exists() else None
    except DataError:
        return None


def choice_of(folder: Path, name: str) -> str:
    """A choice that a folder was made by, such as its clusterer; empty where it does not say."""
    options = options_of(folder)
    choices = options.get("choices") if isinstance(options, dict) else None
    return str(choices.get(name, "")) if isinstance(choices, dict) else ""
