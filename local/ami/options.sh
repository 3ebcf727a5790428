# The AMI corpus, with the references of its diarization setup.

corpus_options="setup part mic meetings"
setup= part= mic= meetings=

corpus_help="--corpus DIR is the AMI corpus, EN2001a/audio/EN2001a.Mix-Headset.wav and so on (local/download.sh fetches it);
its set is called <part>_<mic>:
  --setup DIR                    the repository AMI-diarization-setup: lists, references, regions to score
  --part dev|test|train          meetings of the official partition (default dev)
  --mic mix-headset|sdm|mdm|ihm-mix
                                 the corpus's mix of the headsets; the first microphone of array 1; all of it
                                 (--beamform delay_sum); the mean of the headsets (default mix-headset)
  --meetings NAME,NAME           only these"

corpus_defaults() {
  part=${part:-dev} mic=${mic:-mix-headset}
  check_choice part "$part" dev test train
  check_choice mic "$mic" mix-headset sdm mdm ihm-mix
  set=${set-${part}_${mic//-/_}}
  if [ "$mic" = mdm ]; then beamform=${beamform-delay_sum}; fi
}

prepare_corpus() {
  local name words=()
  if [ -z "$corpus" ]; then
    refuse "--corpus: found none; wanted the folder of the AMI corpus (local/download.sh says where it is)"
  fi
  case $setup in '' | /*) ;; *) setup=$started_in/$setup ;; esac
  for name in $corpus_options; do
    [ -z "${!name}" ] || words+=("--${name//_/-}" "${!name}")
  done
  local/prepare_data.py ${words[@]+"${words[@]}"} "$corpus" "$data"
}
