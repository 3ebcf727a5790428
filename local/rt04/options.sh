# NIST RT-04S meetings (RT-05S, too), or simulated ones without a corpus.
# The empty options of the simulator keep its own defaults (local/sim/prepare_data.py --help).

release_options="part mic meetings ref_rttm uem"
part= mic= meetings= ref_rttm= uem=
simulator_options="num_meetings sessions duration num_speakers overlap turns snr room num_mics mics level_drift noises
  noise_snr utterances seed"
num_meetings= sessions= duration= num_speakers= overlap= turns= snr= room= num_mics= mics= level_drift= noises= noise_snr=
utterances= seed=
corpus_options="$release_options $simulator_options"

corpus_help="--corpus DIR is a release of NIST: LDC2007S11, LDC2007S12 (RT-04S) or LDC2011S06 (RT-05S), whose files may lie anywhere
below DIR; its set is called <part>_<mic>:
  --part dev|eval|rt05           its meetings (default dev)
  --mic sdm|mdm|ihm-mix          the distant microphone that the reference names; all distant ones (--beamform delay_sum);
                                 the mean of the headsets (default sdm)
  --meetings NAME,NAME           only these
  --ref-rttm FILE --uem FILE     in place of the release's; none: without
Without --corpus, meetings are simulated (docs/simulator.md):
  --num-meetings N --duration S --num-speakers N|N-M --overlap X --snr DB --room none|table|far --seed N
  --num-mics N --mics spread|circle --level-drift DB
  --sessions N                   the same speakers meet N times
  --utterances DIR               real speech instead of synthesis: a folder a speaker, as in LibriSpeech
  --turns ami|RTTM|DIR|JSON      turn-taking as in references: AMI's, or those of your own
  --noises DIR --noise-snr DB    recorded noises, as in MUSAN, now and then"

corpus_defaults() {
  [ -n "$corpus$part$mic" ] || return 0
  part=${part:-dev} mic=${mic:-sdm}
  check_choice part "$part" dev eval rt05
  check_choice mic "$mic" sdm mdm ihm-mix
  set=${set-${part}_${mic//-/_}}
  if [ "$mic" = mdm ]; then beamform=${beamform-delay_sum}; fi
}

prepare_corpus() {
  local name words=()
  if [ -n "$corpus" ]; then
    for name in $simulator_options; do
      [ -z "${!name}" ] || refuse "--${name//_/-}: found '${!name}' with --corpus; wanted one of the two"
    done
    case $ref_rttm in '' | none | /*) ;; *) ref_rttm=$started_in/$ref_rttm ;; esac
    case $uem in '' | none | /*) ;; *) uem=$started_in/$uem ;; esac
    for name in $release_options; do
      [ -z "${!name}" ] || words+=("--${name//_/-}" "${!name}")
    done
    local/prepare_data.py "${words[@]}" "$corpus" "$data"
    return
  fi
  if [ -n "$part$mic$meetings$ref_rttm$uem" ]; then
    refuse "--corpus: found none; wanted the folder of a release with --part, --mic, --meetings, --ref-rttm or --uem," \
      "or none of these, for simulated meetings"
  fi
  for name in utterances turns noises; do
    case ${!name} in '' | /*) ;; *) [ "$name=${!name}" = turns=ami ] || declare "$name=$started_in/${!name}" ;; esac
  done
  for name in $simulator_options; do
    [ -z "${!name}" ] || words+=("--${name//_/-}" "${!name}")
  done
  echo "$0: no --corpus: making simulated meetings (local/sim)"
  ../../local/sim/prepare_data.py ${words[@]+"${words[@]}"} ${sample_rate:+--sample-rate $sample_rate} --nj "$nj" \
    "$data" "$data"
}

corpus_results() { # <system>: the report's tables, where its settings are asked for and were not overruled
  local table
  case $preset-$clusterer-$realigner in
    report-hmm_gmm-none) table=1 ;;
    report2-ib_hmm_gmm-none) table=2 ;;
    *) return 0 ;;
  esac
  # shellcheck disable=SC2086,SC2154 # options are meant to be split into words
  local/report_table.py --table $table $score_opts --vad $vad $data "$1"
}
