# NIST RT-04S meetings, or simulated ones without a corpus.
# The empty options keep the simulator's own defaults (local/sim/prepare_data.py --help).

corpus_options="num_meetings duration num_speakers overlap snr room num_mics mics utterances seed"
num_meetings= duration= num_speakers= overlap= snr= room= num_mics= mics= utterances= seed=

corpus_help="Without --corpus, meetings are simulated:
  --num-meetings N --duration S --num-speakers N|N-M --overlap X --snr DB --room none|table|far --seed N
  --num-mics N --mics spread|circle
  --utterances DIR               real speech instead of synthesis: a folder a speaker, as in LibriSpeech"

prepare_corpus() {
  if [ -n "$corpus" ]; then
    echo "$0: --corpus: the RT-04S release cannot be read yet; wanted none (simulated meetings)," \
      "or your own audio: egs/own/run.sh --corpus DIR" >&2
    return 1
  fi
  case $utterances in '' | /*) ;; *) utterances=$started_in/$utterances ;; esac
  local name words=()
  for name in $corpus_options; do
    [ -z "${!name}" ] || words+=("--${name//_/-}" "${!name}")
  done
  echo "$0: no --corpus: making simulated meetings (local/sim)"
  ../../local/sim/prepare_data.py ${words[@]+"${words[@]}"} ${sample_rate:+--sample-rate $sample_rate} "$data" "$data"
}
