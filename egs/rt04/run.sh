#!/usr/bin/env bash
# Who spoke when: wav -> feats -> vad (-> sae -> dec) -> embed -> clusters -> realigned -> rttm -> score.
#
# One recipe for all speech corpora: the run.sh of the others are links to this file; what differs lies in local/ and
# conf/. Defaults of algorithms are not here: see the --help of the steps.

set -euo pipefail
unset CDPATH # cd must print nothing
here=$(cd "$(dirname "$0")" && pwd)
started_in=$PWD

stage=0
stop_stage=9
unset set # eval, or what the corpus says
corpus=
nj=4
config=
preset=
skip_bad=false

unset beamform # none, or what the corpus says
denoise=none
feats_scp=
vad=energy
vad_file=
embedder=none
per_recording=false
clusterer=hmm_gmm
realigner= # hmm_gmm; after dec smooth
streams=
recut=false
compat=none

sample_rate= channel= allow_pipes=
whole_file= uem_margin=
num_spk= min_spk= max_spk=
min_gap= min_turn=
collar= skip_overlap=
class_conf=conf/clusters # <class_conf>_<class>.conf: flags for the clustering of an audio class
next_preset= preset_clusterer= own_clusters_opts= # the preset to run after one, if its clusterer was not overruled
# of the stages' programs
stage_opts="tdoa_opts feats_opts vad_opts sae_opts dec_opts clusters_opts realigned_opts report_opts"
tdoa_opts= feats_opts= vad_opts= sae_opts= dec_opts= clusters_opts= realigned_opts= report_opts=

. "$here/cmd.sh"           # cmd, the launcher
corpus_defaults() { :; }   # for options that were not given, once the others are known
corpus_results() { :; }    # of a system: what only this corpus has
. "$here/local/options.sh" # corpus_options and their defaults, corpus_help, corpus_defaults, corpus_results, prepare_corpus

valid_options="stage stop_stage set corpus nj cmd preset skip_bad beamform denoise feats_scp vad vad_file embedder per_recording
  clusterer realigner streams recut compat
  sample_rate channel allow_pipes whole_file uem_margin num_spk min_spk max_spk min_gap min_turn collar skip_overlap
  $stage_opts $corpus_options"
help_message="Usage: $0 [options]

$corpus_help

  --stage N --stop-stage N       first and last stage to run (default 0 to 9):
                                 0 corpus -> data, 1 wav or archives -> feats, 2 wav, reference or file -> vad,
                                 3 feats, vad -> sae, 4 sae, feats, vad -> dec or idec, 5 feats -> embed,
                                 6 embed, vad -> clusters, 7 clusters -> realigned, 8 realigned -> rttm, score,
                                 9 rttm -> report, pages to look at and listen to
  --corpus DIR --set NAME        what to diarize, and the name of its data folder (default eval)
  --nj N --cmd COMMAND           parallel jobs (default $nj) and their launcher (default $cmd)
  --config FILE --preset NAME    variables of this recipe from a file, or from conf/NAME.conf: report, the report's
                                 settings for its first table, then report2, those for its second (on the features;
                                 with --embedder dec or idec on its embeddings)
  --skip-bad true|false          go on without recordings that fail (default $skip_bad)

  --beamform none|delay_sum      stage 1 sums several microphones of a meeting: reco2channels, or the channels of its
                                 file (default none)
  --denoise none|wiener          noise filter of stage 1 (default $denoise)
  --feats-scp FILE               stage 1 takes features of another program instead: archives of Kaldi, files of HTK
                                 (later stages find its folder by this option, too)
  --vad energy|webrtc|reference|file
                                 speech detector of stage 2 (default $vad); file is --vad-file
  --vad-file FILE                speech from segments, RTTM, vad.scp or labels (a file, or a folder of .lab files)
  --embedder none|sae|dec|idec   embedding of stage 5 (default $embedder): the features; or the code of a stacked
                                 autoencoder that stage 3 trains on them, which stage 4 bends towards clusters
  --per-recording true|false     networks learn from each recording alone, not from all (default $per_recording)
  --clusterer hmm_gmm|aib|aib_viterbi|ib_hmm_gmm|dec
                                 clustering of stage 6 (default $clusterer); dec: --embedder dec or idec, fitted to each
                                 recording with a cluster a speaker, whose number must be known (its options are
                                 --dec-opts; stages 4 and 5 are skipped)
  --streams NAME:W,NAME:W        feature folders of exp/<set> (or paths) that the information bottleneck combines, with
                                 weights that sum to 1 (default: the embedding alone)
  --recut true|false             stage 6 keeps its merges and cuts them anew: another --num-spk or threshold
  --realigner hmm_gmm|kl_hmm|smooth|none
                                 realignment of stage 7 (default hmm_gmm; after --clusterer dec smooth, and stages
                                 8 and 9 score and show its labels as they were, too)
  --compat none|diartk           do as the released DiarTK does, quirks included: aib, kl_hmm, in exp/<set>/diartk

  --sample-rate N --channel N|mix --allow-pipes true|false          how audio is read
  --whole-file true|false --uem-margin S
                                 with an all.uem stage 2 leaves out what is outside its regions and S around them, in
                                 recordings that it names (default false, 0); times stay those of the whole file
  --num-spk N --min-spk N --max-spk N                               known number of speakers
  --min-gap S --min-turn S                                          smoothing of turns
  --collar S --skip-overlap true|false                              condition of the score
  --tdoa-opts, --feats-opts, --vad-opts, --sae-opts, --dec-opts, --clusters-opts, --realigned-opts,
  --report-opts \"--flag value ...\"
                                 options of a stage's program; conf/<noun>.conf holds lasting ones; each program
                                 lists its own and their defaults: steps/embed_to_clusters.py --help

Options also as --name=value, and with underscores."

refuse() {
  echo "$0: $*" >&2
  exit 1
}

check_choice() { # <option> <value> <choice>...
  local name=$1 value=$2 choice
  shift 2
  for choice; do [ "$value" != "$choice" ] || return 0; done
  refuse "--$name: found '$value'; wanted one of: $*"
}

arguments=("$@")
. "$here/utils/parse_options.sh"
if [ -n "$preset" ]; then
  grep -qs "^# --preset $preset:" "$here/conf/$preset.conf" || refuse "--preset: found '$preset'; wanted one of:" \
    "$(grep -hso '^# --preset [^:]*' "$here"/conf/*.conf | cut -d ' ' -f 3 | xargs)"
  for name in $stage_opts; do declare "$name="; done
  . "$here/conf/$preset.conf"
  preset_clusterer=$clusterer
  for name in $stage_opts; do declare "preset_$name=${!name}" "$name="; done
  set -- ${arguments[@]+"${arguments[@]}"} # the command line wins
  . "$here/utils/parse_options.sh"
  [ "$clusterer" = "$preset_clusterer" ] || preset_clusters_opts= # they are another's
  own_clusters_opts=$clusters_opts
  for name in $stage_opts; do
    from_preset=preset_$name
    declare "$name=${!from_preset} ${!name}"
  done
fi
[ $# -eq 0 ] || refuse "found '$1' after the options; wanted none; see $0 --help"
corpus_defaults
set=${set-eval} beamform=${beamform-none}

for number in stage stop_stage nj; do
  case ${!number} in
    '' | *[!0-9]* | ???*) refuse "--${number//_/-}: found '${!number}'; wanted a number from 0 to 99" ;;
  esac
done
check_choice beamform "$beamform" none delay_sum
check_choice denoise "$denoise" none wiener
check_choice vad "$vad" energy webrtc reference file
check_choice embedder "$embedder" none sae dec idec
check_choice per-recording "$per_recording" true false
if [ "$per_recording-$embedder" = true-none ]; then
  refuse "--per-recording: found true with --embedder none, which learns nothing; wanted sae, dec or idec"
fi
check_choice clusterer "$clusterer" hmm_gmm aib aib_viterbi ib_hmm_gmm dec
if [ "$clusterer" = dec ]; then
  check_choice "clusterer dec with --embedder" "$embedder" dec idec
  realigner=${realigner:-smooth}
fi
realigner=${realigner:-hmm_gmm}
check_choice realigner "$realigner" hmm_gmm kl_hmm smooth none
if [ "$realigner" = smooth ] && [ "$clusterer" != dec ]; then
  refuse "--realigner: found smooth with --clusterer $clusterer; wanted --clusterer dec, which gives soft labels"
fi
check_choice recut "$recut" true false
check_choice compat "$compat" none diartk
if [ "$vad" = file ] && [ -z "$vad_file" ] && [ "$stage" -le 2 ] && [ "$stop_stage" -ge 2 ]; then
  refuse "--vad-file: found none with --vad file; wanted segments, RTTM, vad.scp or labels"
fi
if [ "$vad" != file ] && [ -n "$vad_file" ]; then
  refuse "--vad-file: found '$vad_file' with --vad $vad; wanted --vad file"
fi
if [ -n "$feats_scp" ] && [ "$beamform-$denoise" != none-none ]; then
  refuse "--feats-scp: found --beamform $beamform --denoise $denoise; wanted none, which need the waveform"
fi
if [ "$beamform" != none ] && [ -n "$channel" ]; then
  refuse "--channel: found $channel with --beamform $beamform, which takes all; wanted one of the two"
fi
case $compat-$clusterer-$streams in
  none-hmm_gmm-?* | none-dec-?*)
    refuse "--streams: found '$streams' with --clusterer $clusterer; wanted a clusterer that combines streams:" \
      "aib aib_viterbi ib_hmm_gmm"
    ;;
esac
if [ "$compat" = diartk ]; then # hmm_gmm is what stands there if nothing was asked for
  check_choice "compat diartk with --clusterer" "$clusterer" hmm_gmm aib
  check_choice "compat diartk with --realigner" "$realigner" hmm_gmm kl_hmm
fi
[ "$nj" -ge 1 ] || refuse "--nj: found $nj; wanted at least 1"
case $set in
  '' | *[!a-zA-Z0-9_.-]* | [.-]* | *JOB*) # launchers put a number for JOB
    refuse "--set: found '$set'; wanted letters, digits, '_', '.' and '-', a letter or digit first, and no JOB"
    ;;
esac
case $corpus in '' | /*) ;; *) corpus=$started_in/$corpus ;; esac
case $feats_scp in '' | /*) ;; *) feats_scp=$started_in/$feats_scp ;; esac
case $vad_file in '' | /*) ;; *) vad_file=$started_in/$vad_file ;; esac
shell_characters=$'][()<>{}|&;$`"\'\\*?!#~\n'
for name in feats_scp vad_file; do
  case ${!name} in # launchers hand their command to a shell, and put a number for JOB
    *["$shell_characters"]* | *JOB*)
      refuse "--${name//_/-}: found '${!name}'; wanted a path without JOB and without" \
        "${shell_characters//$'\n'/}; link to it"
      ;;
  esac
done
stages= # that have something to do
for number in 0 1 2 3 4 5 6 7 8 9; do
  case $number-$embedder-$clusterer in [34]-none-* | 4-sae-* | [45]-*-dec) ;; *) stages="$stages $number" ;; esac
done
runs() { [ "$stage" -le "$1" ] && [ "$stop_stage" -ge "$1" ] && [[ " $stages " == *" $1 "* ]]; }
for number in $stages; do
  ! runs "$number" || break
done
runs "$number" || refuse "--stage $stage --stop-stage $stop_stage: found nothing to run with --embedder $embedder" \
  "--clusterer $clusterer; wanted some of stages$stages"

cd "$here"
learned=${embedder/none/}
# shellcheck disable=SC2086 # extras are meant to be split into words
. ./path.sh ${learned:+nets figures}
. utils/run_stage.sh
# programs end when this recipe is killed
export DIAR_EXIT_WITH_PARENT=1 DIAR_RECIPE=$(uname -n):$$

data=data/$set
exp=exp/$set
if [ "$compat" = diartk ]; then # all its stages apart, since its features differ, too
  exp=$exp/diartk clusterer=aib realigner=kl_hmm
  feats_opts="--snip-edges true $feats_opts"
  clusters_opts="--compat diartk $clusters_opts" realigned_opts="--compat diartk $realigned_opts"
fi
beam=${beamform/none/}
filter=${denoise/none/}
front=${beam:+${beam}_}${filter:+${filter}_}${feats_scp:+scp_} # what was done to the audio, in the names of folders
alone=
if [ "$per_recording" = true ]; then alone=${learned:+_per_recording}; fi
networks=$front$vad$alone # what they learn from
choices=${networks}_$embedder
stream_opts=() tag=
if [ -n "$streams" ]; then
  folders=
  IFS=, read -ra parts <<<"$streams"
  for stream in "${parts[@]}"; do
    case $stream in
      /*) folders=$folders,$stream ;;
      */*) folders=$folders,$started_in/$stream ;;
      *) folders=$folders,$exp/$stream ;;
    esac
    name=${stream##*/}
    tag=${tag:+$tag+}${name//:/-}
  done
  stream_opts=(--streams "${folders#,}")
fi
tdoa=$exp/tdoa
feats=$exp/feats${front:+_${front%_}}
case $vad in
  energy | webrtc) vad_dir=$exp/vad_${beam:+${beam}_}$vad ;;
  *) vad_dir=$exp/vad_$front$vad ;; # as many frames as these features
esac
sae=$exp/sae_$networks
model=$exp/${embedder}_$networks
case $embedder-$clusterer in
  none-*) embed=$exp/embed_${front}none ;;
  *-dec) embed=$feats ;; # it needs no other, and realignment is by the features
  *) embed=$exp/embed_$choices ;;
esac
clusters_name=${choices}_$clusterer${tag:+_$tag}
clusters=$exp/clusters_$clusters_name
system=$exp/${clusters_name}_$realigner
if [ "$realigner" = none ]; then realigned=$clusters; else realigned=$exp/realigned_${clusters_name}_$realigner; fi

wav_opts="${sample_rate:+--sample-rate $sample_rate} ${channel:+--channel $channel}
  ${allow_pipes:+--allow-pipes $allow_pipes} ${beam:+--tdoa $tdoa}"
region_opts="${whole_file:+--whole-file $whole_file} ${uem_margin:+--uem-margin $uem_margin}"
count_opts="${num_spk:+--num-spk $num_spk} ${min_spk:+--min-spk $min_spk} ${max_spk:+--max-spk $max_spk}"
turn_opts="${min_gap:+--min-gap $min_gap} ${min_turn:+--min-turn $min_turn}"
score_opts="${collar:+--collar $collar} ${skip_overlap:+--skip-overlap $skip_overlap}"

embedded=${learned:+--config conf/embedded.conf} # what fits codes better than cepstra
training_opts="--per-recording $per_recording"
if [ "$per_recording" = true ]; then
  training_jobs=$nj training_opts="$training_opts --num-threads 1"
else
  training_jobs=1
fi

# shellcheck disable=SC2086 # options are meant to be split into words
make_system() { # <folder of labels> <system>: the turns and their score
  rm -f $2/.*.tmp $2/report_table.md # the table is of an earlier run
  steps/realigned_to_rttm.py --feats $feats $turn_opts $data $1 $2
  steps/rttm_to_score.py $score_opts --vad $vad $data $2
}

# shellcheck disable=SC2086 # options are meant to be split into words
make_report() { # <system> <folders it was made from>...: its pages
  steps/rttm_to_report.py $score_opts --vad $vad --embed 0 $report_opts $data "$@"
}

# shellcheck disable=SC2086 # options are meant to be split into words
{
  if runs 0; then
    echo "$0: stage 0: corpus -> $data"
    rm -f $data/.*.tmp $data/wav/.*.tmp # of a run that was killed
    prepare_corpus
    utils/check_data.py --skip-bad $skip_bad ${allow_pipes:+--allow-pipes $allow_pipes} $data
  fi

  if runs 1; then
    echo "$0: stage 1: ${feats_scp:-wav} -> feats"
    if [ -n "$beam" ]; then
      run_stage tdoa $tdoa steps/wav_to_tdoa.py --config conf/tdoa.conf ${sample_rate:+--sample-rate $sample_rate} \
        ${allow_pipes:+--allow-pipes $allow_pipes} $tdoa_opts $data $tdoa
    fi
    if [ -n "$feats_scp" ]; then
      run_stage feats $feats steps/archives_to_feats.py --config conf/feats.conf --feats-scp "$feats_scp" \
        $feats_opts $data $feats
    else
      run_stage feats $feats steps/wav_to_feats.py --config conf/feats.conf --denoise $denoise $wav_opts $feats_opts \
        $data $feats
    fi
  fi

  if runs 2; then
    echo "$0: stage 2: $vad -> vad"
    case $vad in
      energy | webrtc)
        run_stage vad $vad_dir steps/wav_to_vad.py --vad $vad --config conf/vad.conf $wav_opts $region_opts \
          $vad_opts $data $vad_dir
        ;;
      reference) run_stage vad $vad_dir steps/reference_to_vad.py $region_opts $vad_opts $data $feats $vad_dir ;;
      file)
        run_stage vad $vad_dir steps/file_to_vad.py --vad-file "$vad_file" $region_opts $vad_opts \
          $data $feats $vad_dir
        ;;
    esac
    steps/vad_to_report.py $score_opts --vad $vad $data $vad_dir
  fi

  if runs 3; then
    echo "$0: stage 3: feats, vad -> sae; see $sae/log"
    nj=$training_jobs run_stage sae $sae steps/train_sae.py --config conf/sae.conf $training_opts $sae_opts \
      $data $feats $vad_dir $sae
  fi

  if runs 4; then
    echo "$0: stage 4: sae, feats, vad -> $embedder; see $model/log"
    nj=$training_jobs run_stage $embedder $model steps/train_dec.py --embedder $embedder --config conf/dec.conf \
      $training_opts $dec_opts $data $sae $feats $vad_dir $model
  fi

  if runs 5; then
    echo "$0: stage 5: feats -> embed"
    if [ "$embedder" = none ]; then
      rm -f $exp/.*.tmp
      steps/feats_to_embed.py $data $feats $embed
    else
      run_stage embed $embed steps/feats_to_embed.py --model $model $data $feats $embed
    fi
  fi

  if runs 6 && [ "$clusterer" = dec ]; then
    echo "$0: stage 6: feats, vad, sae -> clusters"
    run_stage clusters $clusters steps/feats_to_clusters.py --embedder $embedder --config conf/dec.conf \
      --recut $recut --num-threads 1 $dec_opts $count_opts $data $feats $vad_dir $sae $clusters
  elif runs 6; then
    echo "$0: stage 6: embed -> clusters"
    run_stage clusters $clusters steps/embed_to_clusters.py --clusterer $clusterer $embedded --config conf/clusters.conf \
      --class-conf $class_conf --recut $recut ${stream_opts[@]+"${stream_opts[@]}"} $count_opts $clusters_opts \
      $data $embed $vad_dir $clusters
  fi

  if runs 7 && [ "$realigner" != none ]; then
    echo "$0: stage 7: clusters -> realigned"
    run_stage realigned $realigned steps/clusters_to_realigned.py --realigner $realigner \
      --config conf/realigned.conf ${stream_opts[@]+"${stream_opts[@]}"} $count_opts $realigned_opts \
      $data $clusters $embed $realigned
  fi

  if runs 8; then
    echo "$0: stage 8: realigned -> rttm, score"
    if [ "$clusterer-$realigner" = dec-smooth ]; then # both are DEC's answer
      make_system $clusters $exp/${clusters_name}_none
    fi
    make_system $realigned $system
    corpus_results $system
  fi

  if runs 9; then
    echo "$0: stage 9: rttm -> report"
    if [ "$clusterer-$realigner" = dec-smooth ]; then # stage 8 has both
      make_report $exp/${clusters_name}_none $vad_dir $clusters
    fi
    make_report $system $vad_dir $clusters $realigned
  fi
}

if [ -n "$next_preset" ] && [ "$clusterer" = "$preset_clusterer" ] && [ "$stop_stage" -ge 6 ]; then
  [ "$stage" -ge 6 ] || stage=6 # what comes before is the same
  echo "$0: --preset $next_preset"
  [ -z "$own_clusters_opts" ] || echo "$0: --preset $next_preset: goes without --clusters-opts, which are of $clusterer"
  cd "$started_in"
  exec "$here/run.sh" "${arguments[@]}" --clusters-opts "" --preset "$next_preset" --stage "$stage"
fi
