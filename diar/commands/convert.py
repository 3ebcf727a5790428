"""Convert speaker turns from one format to another.

The formats are rttm, json, csv, textgrid, audacity, srt, vtt, lab, ctm and segments (a folder with Kaldi's segments and
utt2spk). They are told by the files' suffixes, or named by --from and --to. A folder is read whole; - is standard input
or output. OUT is a file of all if it ends as a format's files do (.rttm, .csv ...), else a folder with a file a
recording; what is there stays the file or folder that it is.
Speakers called as labels of no speech are (sil, pau, music ...) are refused in audacity and lab, which would lose them.

e.g.: diar convert hyp.rttm -o labels --to audacity
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diar import cli
from diar.errors import DataError
from diar.io.files import standard_output
from diar.io.scp import read_positive_numbers
from diar.io.turn_files import FORMATS, format_of, is_turn_file, named_format, read_turn_files


def main(words: Sequence[str]) -> None:
    parser = cli.Parser(__doc__)
    parser.prog = "diar convert"
    names = ", ".join(FORMATS)
    parser.add_flag("--from", f"the format of the files, one of {names} (default: by their suffix)")
    parser.add_flag("--to", "the format to write, one of the same (default: by the suffix of OUT)")
    parser.add_argument("-o", "--out", metavar="OUT", default="-", help="file or folder (default -: standard output)")
    parser.add_flag("--durations", "table '<recording> <seconds>' of where recordings end, as Kaldi's reco2dur")
    parser.add_argument("files", metavar="<in>", nargs="+", help="files, folders or -")
    arguments = parser.parse_words(words)
    if arguments.to:
        target = named_format(arguments.to, "--to")
    elif arguments.out == "-":
        raise DataError("--to", "no format", f"wanted one of {names}")
    else:
        target = format_of(Path(arguments.out), "--to")
    source = getattr(arguments, "from")
    if "-" in arguments.files and not source:
        raise DataError("--from", "no format of standard input", f"wanted one of {names}")
    turns, durations = read_turn_files(map(Path, arguments.files), source)
    if arguments.durations:
        durations |= read_positive_numbers(Path(arguments.durations), "seconds")
    if arguments.out == "-":
        standard_output().write(target.text(turns, durations))
    elif target.suffix and not is_turn_file(arguments.out):
        target.write_into(Path(arguments.out), turns, durations)
    else:
        target.write(Path(arguments.out), turns, durations)
