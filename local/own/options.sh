# Your own recordings: a folder of audio, with references or without.

corpus_options="ref_rttm uem"
ref_rttm= uem=
corpus_help="--corpus DIR holds *.wav *.flac *.sph *.mp3 *.ogg *.opus *.aiff, in DIR or in flac/, wav/ or audio/ below it, and
optionally rttm/ and uem/ (a file a recording, or one for all), reco2num_spk, reco2class and reco2channels.
  --ref-rttm FILE|DIR|none --uem FILE|DIR|none
                                 references that lie elsewhere, or none although there are some; of the recordings,
                                 those that a --uem does not name are left out"

prepare_corpus() {
  local name words=()
  if [ -z "$corpus" ]; then
    echo "$0: --corpus: found none; wanted the folder of your recordings; see $0 --help" >&2
    return 1
  fi
  for name in ref_rttm uem; do
    case ${!name} in '' | none | /*) ;; *) printf -v "$name" %s "$started_in/${!name}" ;; esac
    [ -z "${!name}" ] || words+=("--${name//_/-}" "${!name}")
  done
  ../../local/own/prepare_data.py ${words[@]+"${words[@]}"} "$corpus" "$data"
}
