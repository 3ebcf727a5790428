#!/usr/bin/env python3
"""file -> vad: speech is where --vad-file says so; as many frames as the features have.

--vad-file is one of:
  Kaldi's segments      <utterance> <recording> <start> <end>
  RTTM                  SPEAKER lines
  Kaldi's vad.scp       <recording> <archive:offset>, vectors of 0 and 1, a value every 10 ms
  labels                <start> <end> [<label>], a file if there is one recording, or a folder with a file
                        <recording>.lab, .txt or .rttm each: seconds, as VBx's .lab files and Audacity's label tracks,
                        or whole numbers in units of 100 ns, as HTK's
Labels mean speech (VBx writes 'sp'), as lines without a label do, except for:
  sil silence nonspeech non-speech nsp noise music pau #
Recordings are named as in wav.scp. Speech up to 0.5 s beyond the recording's end is cut, later speech refused.
With an all.uem, speech outside its regions is left out (--whole-file, --uem-margin).

e.g.: steps/file_to_vad.py --vad-file labels/ data/eval exp/eval/feats exp/eval/vad_file
"""

from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.speech_file import SpeechFile
from diar.job import Job
from diar.vad import RegionOptions, regions_doubt, speech_doubt, within


def main() -> None:
    flags = {"--vad-file": "file or folder that says where speech is, see above"}
    job = Job(__doc__, "vad", inputs=("feats",), options=(RegionOptions,), flags=flags)
    (feats,) = job.inputs
    regions = job.regions(*job.options(RegionOptions))
    if not job.arguments.vad_file:
        raise DataError("--vad-file", "found no file", "wanted segments, RTTM, vad.scp or labels", "see --help")
    speech_file = SpeechFile(Path(job.arguments.vad_file), job.recordings)
    job.records(vad_file=str(speech_file.path), vad_digest=speech_file.digest())

    def convert(recording: str) -> None:
        speech = speech_file.frames(recording, len(feats.read(recording)))
        kept = within(speech, regions.get(recording))
        if not speech_file.lists(recording):
            cli.warn(f"{recording}: not listed in {speech_file.path}, so it has no speech")
        elif doubt := regions_doubt(speech, kept) or speech_doubt(speech):
            cli.warn(f"{recording}: {doubt} ({speech_file.path})")
        job.write(recording, kept)

    job.each_recording(convert)


if __name__ == "__main__":
    cli.run(main)
