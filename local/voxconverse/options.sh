# VoxConverse: its audio, and the references of its repository; prepared as your own recordings are.

corpus_options="part ref_rttm uem"
part= ref_rttm= uem=

corpus_help="--corpus DIR is the folder of the audio that was unpacked (*.wav, in DIR or in audio/ below it), or the one that both
parts were unpacked in (audio/ or voxconverse_dev_wav/, voxconverse_test_wav/); its set is called <part>:
  --part dev|test                (default dev)
  --ref-rttm DIR                 the repository voxconverse, with dev/*.rttm and test/*.rttm, or one of these folders;
                                 none: without (default: --corpus, where it has them)
  --uem FILE|DIR                 the regions to score, which VoxConverse does not have (default: all that is spoken)"

corpus_defaults() {
  part=${part:-dev}
  check_choice part "$part" dev test
  set=${set-$part}
}

first_with() { # <pattern> <folder>...: the first folder that has such files
  local pattern=$1 folder
  shift
  for folder; do
    [ -z "$(compgen -G "${folder//[][*?\\]/?}/$pattern")" ] || { echo "$folder"; return; }
  done
}

prepare_corpus() {
  local audio rttm=none
  [ -n "$corpus" ] || refuse "--corpus: found none; wanted the folder of VoxConverse's audio; see $0 --help"
  case $ref_rttm in '' | none | /*) ;; *) ref_rttm=$started_in/$ref_rttm ;; esac
  case $uem in '' | none | /*) ;; *) uem=$started_in/$uem ;; esac
  audio=$(first_with '*.wav' "$corpus"{,"/$part"}"/voxconverse_${part}_wav"{,/audio} "$corpus/$part"{,/audio,/wav})
  if [ "$ref_rttm" != none ]; then
    rttm=$(first_with '*.rttm' "${ref_rttm:-$corpus}/$part" "${ref_rttm:-$corpus}")
    [ -n "$rttm" ] || refuse "--ref-rttm: found no *.rttm in ${ref_rttm:-$corpus} or in $part/ below it; wanted the" \
      "repository: git clone https://github.com/joonson/voxconverse (or none: without a reference)"
  fi
  ../../local/own/prepare_data.py --ref-rttm "$rttm" ${uem:+--uem "$uem"} "${audio:-$corpus}" "$data"
}
