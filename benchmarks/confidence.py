#!/usr/bin/env python3
"""Do confidences mean what they say, and does a second speaker help where overlap is likely?

For each clusterer with speech by the energy detector: turns in tenths of confidence, the share of their time that is
right (among time in which somebody speaks), the calibration error (mean absolute difference, by time) and the area
under the ROC curve. With reference speech: DER (collar 0, overlap scored) with and without second speakers.

    DIAR_DATA=... benchmarks/confidence.py [data folder ...]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from meetings import Meeting, read_data_folders, read_meetings

from diar import cli
from diar.cluster.agglomerate import Labels, SpeakerRange
from diar.confidence import OverlapOptions, SpeakerScores, second_speakers, with_confidence, with_second_speakers
from diar.energy_vad import EnergyOptions
from diar.front_end import wav_to_vad
from diar.io.rttm import speaker_turns
from diar.io.wav import WavOptions, read_wav
from diar.pipeline import CLUSTERERS, frames_to_clusters, realign_clusters
from diar.realign import RealignOptions
from diar.score import Score, ScoreOptions, score_recording
from diar.segments import labels_to_turns, speech_frames
from diar.vad import fit_length

CHOSEN = ("hmm_gmm", "ib_hmm_gmm")
MARGINS = (-2.0, -1.0, 0.0, 1.0)  # nats a frame
FULL = ScoreOptions(collar=0.0, skip_overlap=False)


def main() -> None:
    parser = cli.Parser(__doc__)
    parser.add_argument("folders", nargs="*", metavar="<data>", help="data folder")
    arguments = parser.parse_words(cli.command_words())
    meetings = list(read_data_folders(arguments.folders) if arguments.folders else read_meetings())
    for clusterer in CHOSEN:
        print(f"{clusterer}, {len(meetings)} meetings")
        calibration([row for meeting in meetings for row in judged_turns(meeting, clusterer)])
        overlap(meetings, clusterer)


def diarized(meeting: Meeting, speech: np.ndarray, clusterer: str) -> Labels:
    found = frames_to_clusters(meeting.frames, speech, CLUSTERERS[clusterer](), SpeakerRange())
    return realign_clusters(meeting.frames, found.labels, RealignOptions())


def judged_turns(meeting: Meeting, clusterer: str) -> list[tuple[float, float, float]]:
    """Confidence, right frames and all frames in which somebody speaks, of each turn."""
    vad = wav_to_vad(read_wav(meeting.audio, WavOptions()), EnergyOptions())
    labels = diarized(meeting, fit_length(vad, len(meeting.frames)) > 0, clusterer)
    speaker_of = {guess: name for name, guess in meeting.score(labels).mapping.items()}
    reference = speaker_turns(meeting.reference)[meeting.name]
    talks = {
        name: speech_frames([turn for turn in reference if turn.speaker == name], len(labels)) > 0
        for name in {turn.speaker for turn in reference}
    }
    anybody = np.any(list(talks.values()), axis=0)
    nobody = np.zeros(len(labels), dtype=bool)
    rows = []
    for turn in with_confidence(labels_to_turns(labels), SpeakerScores.of(meeting.frames, labels)):
        frames = speech_frames([turn], len(labels)) > 0
        right = talks.get(speaker_of.get(turn.speaker, ""), nobody)
        rows.append((turn.confidence, float((right & frames).sum()), float((anybody & frames).sum())))
    return [row for row in rows if np.isfinite(row[0])]


def calibration(rows: Sequence[tuple[float, float, float]]) -> None:
    confidence, right, total = np.array(rows).T
    tenth = np.minimum((10 * confidence).astype(int), 9)
    error = 0.0
    for number in range(10):
        inside = (tenth == number) & (total > 0)
        if inside.any():
            share = right[inside].sum() / total[inside].sum()
            mean = np.average(confidence[inside], weights=total[inside])
            error += total[inside].sum() / total.sum() * abs(share - mean)
            print(f"  confidence {mean:.2f}: right {share:.2f}, {total[inside].sum() / 100:.0f} s")
    order = np.argsort(confidence)
    wrong_before = np.cumsum((total - right)[order])
    area = (right[order] * (wrong_before - (total - right)[order] / 2)).sum() / (right.sum() * (total - right).sum())
    print(f"  {len(rows)} turns, calibration error {error:.3f}, area under the curve {area:.3f}")


def overlap(meetings: Sequence[Meeting], clusterer: str) -> None:
    sums = {margin: Score() for margin in (None, *MARGINS)}
    for meeting in meetings:
        labels = diarized(meeting, meeting.speech, clusterer)
        turns, scores = labels_to_turns(labels), SpeakerScores.of(meeting.frames, labels)
        names = [f"spk{k + 1}" for k in range(scores.n_speakers)]
        reference = speaker_turns(meeting.reference)[meeting.name]
        for margin in sums:
            both = turns
            if margin is not None:
                options = OverlapOptions(overlap_margin=margin)
                both = with_second_speakers(turns, second_speakers(scores, options), names, options.overlap_min_turn)
            sums[margin] += score_recording(meeting.name, reference, both, meeting.uem, FULL)
    told = (f"{'one speaker' if margin is None else margin}: {score.der:.2f}" for margin, score in sums.items())
    print(f"  DER with a second speaker where the margin is below  {', '.join(told)}")


if __name__ == "__main__":
    cli.run(main)
