#!/usr/bin/env bash
# Two passes: what a first diarization finds teaches a network to tell speakers apart, and a second listens to it, too.
#
# All recordings of the set train one network, so that the result of one depends on the others. Of each recording the
# second pass is kept unless it explains the features clearly worse than the first; steps/passes_to_realigned.py says so.

set -euo pipefail
unset CDPATH # cd must print nothing
here=$(cd "$(dirname "$0")" && pwd)

stage=0
set=eval
corpus=
nj=4
skip_bad=false
vad=energy
vad_file= sample_rate= channel= allow_pipes= whole_file= uem_margin=
num_spk= min_spk= max_spk=
collar= skip_overlap=
embed_opts= passes_opts=
speakers=0.9@0.35 # weight and variance scale of the network's stream; the features have the rest of the weight

. "$here/cmd.sh" # cmd, the launcher
passed_on="set nj cmd skip_bad vad vad_file sample_rate channel allow_pipes whole_file uem_margin
  num_spk min_spk max_spk collar skip_overlap"
valid_options="stage corpus $passed_on speakers embed_opts passes_opts"
help_message="Usage: $0 [options]

  --corpus DIR                   what to diarize; see run.sh --help, as for the options that both have:
                                 ${passed_on//_/-}
  --stage N                      first stage to run (default $stage): 0 to 8 are run.sh's, for the first pass;
                                 9 clusters, feats -> embed, 10 second pass, 11 passes -> realigned, rttm, score
  --speakers W@S                 weight and variance scale of the network's stream in the second pass (default $speakers)
  --embed-opts \"--flag value ...\" of steps/clusters_to_embed.py, which trains the network
  --passes-opts \"...\"            of steps/passes_to_realigned.py, which chooses between the passes"
. "$here/utils/parse_options.sh"
[ $# -eq 0 ] || { echo "$0: found '$1' after the options; wanted none; see $0 --help" >&2; exit 1; }
rest=$(awk -v w="${speakers%@*}" -v s="${speakers#*@}" 'BEGIN { if (w > 0 && w < 1 && s > 0) print 1 - w }')
case $speakers in *[!0-9.@]* | *@*@* | [!0-9.]*) rest= ;; esac
if [ -z "$rest" ]; then
  echo "$0: --speakers: found '$speakers'; wanted W@S with W between 0 and 1 and S above 0, as in 0.9@0.35" >&2
  exit 1
fi

options=()
for name in $passed_on; do
  [ -z "${!name}" ] || options+=("--${name//_/-}" "${!name}")
done
if [ "$stage" -le 8 ]; then
  "$here/run.sh" ${corpus:+--corpus "$corpus"} "${options[@]}" --stage "$stage" --clusterer aib_viterbi
fi

cd "$here"
. ./path.sh nets
. utils/run_stage.sh
# programs end when this recipe is killed
export DIAR_EXIT_WITH_PARENT=1 DIAR_RECIPE=$(uname -n):$$

data=data/$set exp=exp/$set
first=${vad}_none_aib_viterbi
embed=$exp/embed_${vad}_speakers
streams=feats:$rest,embed_${vad}_speakers:$speakers
second=${first}_feats-$rest+embed_${vad}_speakers-$speakers
feats=$exp/feats
kept=$exp/realigned_${vad}_two_pass
system=$exp/${vad}_two_pass

# shellcheck disable=SC2086 # options are meant to be split into words
{
  if [ "$stage" -le 9 ]; then
    echo "$0: stage 9: clusters, feats -> embed; see $embed/log"
    nj=1 run_stage embed $embed steps/clusters_to_embed.py $embed_opts $data $feats $exp/clusters_$first $embed
  fi
  if [ "$stage" -le 10 ]; then
    echo "$0: stage 10: second pass"
    ./run.sh "${options[@]}" --stage 6 --stop-stage 7 --clusterer aib_viterbi --streams "$streams"
  fi
  if [ "$stage" -le 11 ]; then
    echo "$0: stage 11: passes -> realigned, rttm, score"
    run_stage realigned $kept steps/passes_to_realigned.py $passes_opts $data $feats \
      $exp/realigned_${first}_hmm_gmm "$exp/realigned_${second}_hmm_gmm" $kept
    cat $kept/log/realigned.*.log | grep 'pass is kept' | sort
    steps/realigned_to_rttm.py $data $kept $system
    steps/rttm_to_score.py ${collar:+--collar $collar} ${skip_overlap:+--skip-overlap $skip_overlap} --vad $vad \
      $data $system
  fi
}
