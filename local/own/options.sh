# Your own recordings: a folder of audio, with references or without.

corpus_options=""
corpus_help="--corpus DIR holds *.wav *.flac *.sph *.mp3 *.ogg *.opus *.aiff, in DIR or in flac/, wav/ or audio/ below it, and
optionally rttm/ and uem/ (a file a recording, or one for all), reco2num_spk, reco2class and reco2channels."

prepare_corpus() {
  if [ -z "$corpus" ]; then
    echo "$0: --corpus: found none; wanted the folder of your recordings; see $0 --help" >&2
    return 1
  fi
  local/prepare_data.py "$corpus" "$data"
}
