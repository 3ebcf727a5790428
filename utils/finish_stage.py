#!/usr/bin/env python3
"""End a stage: check that every recording has its archive or model, list those that do not, and write <noun>.scp.

e.g.: utils/finish_stage.py --launcher-status 0 clusters data/eval exp/eval/clusters_webrtc_none_hmm_gmm
"""

import sys
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.ark import archive_path, write_scp
from diar.io.checkpoint import model_path, write_model_scp
from diar.io.data_folder import DataFolder
from diar.stage_folder import ERROR_SUFFIX, MODEL_NOUNS


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_flag("--launcher-status", "exit status of the jobs (default 0)", default=0, kind=int)
    parser.add_flag("--skip-bad", "go on without recordings that failed", default=False, kind=cli.boolean)
    for name, text in (("noun", "what the stage makes"), ("data", "data folder"), ("folder", "the stage's folder")):
        parser.add_argument(name, metavar=f"<{name}>", help=text)
    arguments = parser.parse_words(cli.command_words())
    folder = Path(arguments.folder)
    recordings = DataFolder(Path(arguments.data)).recordings()
    makes_models = arguments.noun in MODEL_NOUNS
    path_of = model_path if makes_models else archive_path
    made = [recording for recording in recordings if path_of(folder, recording).exists()]
    lost = [recording for recording in recordings if recording not in set(made)]
    reasons = {recording: error_of(folder, recording) for recording in lost}
    fate = "skipped" if arguments.skip_bad else "failed"
    for recording in lost if made or any(reasons.values()) else ():  # where a job failed as a whole it has said why
        reason = reasons[recording] or f"not made; see {folder / 'log'}"
        print(f"{arguments.noun}: {recording}: {fate}: {reason}", file=sys.stderr)
    if arguments.launcher_status and not lost:
        found = f"the jobs ended with status {arguments.launcher_status}"
        raise DataError(folder, found, advice=f"see {folder / 'log'}")
    if arguments.launcher_status or (lost and not arguments.skip_bad) or not made:
        advice = "mend them, or go on without them: --skip-bad true" if lost and made else f"see {folder / 'log'}"
        raise DataError(folder, f"{len(lost)} of {len(recordings)} recordings failed", "", advice)
    if makes_models:
        write_model_scp(folder, arguments.noun, made)
    else:
        write_scp(folder, arguments.noun, made)


def error_of(folder: Path, recording: str) -> str:
    """Why ``recording`` failed, by the job that had it; "" where it says nothing."""
    path = folder / (recording + ERROR_SUFFIX)
    return path.read_text().strip() if path.exists() else ""


if __name__ == "__main__":
    cli.run(main)
