# NIST RT-04S meetings, or simulated ones without a corpus.
# The empty options keep the simulator's own defaults (local/sim/prepare_data.py --help).

corpus_options="num_meetings sessions duration num_speakers overlap turns snr room num_mics mics level_drift noises noise_snr
  utterances seed"
num_meetings= sessions= duration= num_speakers= overlap= turns= snr= room= num_mics= mics= level_drift= noises= noise_snr=
utterances= seed=

corpus_help="Without --corpus, meetings are simulated (docs/simulator.md):
  --num-meetings N --duration S --num-speakers N|N-M --overlap X --snr DB --room none|table|far --seed N
  --num-mics N --mics spread|circle --level-drift DB
  --sessions N                   the same speakers meet N times
  --utterances DIR               real speech instead of synthesis: a folder a speaker, as in LibriSpeech
  --turns ami|RTTM|DIR|JSON      turn-taking as in references: AMI's, or those of your own
  --noises DIR --noise-snr DB    recorded noises, as in MUSAN, now and then"

prepare_corpus() {
  if [ -n "$corpus" ]; then
    echo "$0: --corpus: the RT-04S release cannot be read yet; wanted none (simulated meetings)," \
      "or your own audio: egs/own/run.sh --corpus DIR" >&2
    return 1
  fi
  local name words=()
  for name in utterances turns noises; do
    case ${!name} in '' | /*) ;; *) [ "$name=${!name}" = turns=ami ] || declare "$name=$started_in/${!name}" ;; esac
  done
  for name in $corpus_options; do
    [ -z "${!name}" ] || words+=("--${name//_/-}" "${!name}")
  done
  echo "$0: no --corpus: making simulated meetings (local/sim)"
  ../../local/sim/prepare_data.py ${words[@]+"${words[@]}"} ${sample_rate:+--sample-rate $sample_rate} --nj "$nj" \
    "$data" "$data"
}
