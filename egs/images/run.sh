#!/usr/bin/env bash
# Experiments on images: data -> classifier, sae, dec, idec, vae, gan -> report.
#
# Each stage trains one kind of network on one data set, once a seed, and leaves a folder a seed in exp/<dataset>. What
# differs between data sets lies in local/, between presets in conf/. Defaults of algorithms are not here: see the --help
# of the steps.

set -euo pipefail
unset CDPATH # cd must print nothing
here=$(cd "$(dirname "$0")" && pwd)
started_in=$PWD

stage=0
stop_stage=7
config=
dataset=digits
data_dir=
check_md5=true
classifier=basic
preset=fast
seeds=1
judged_on=test
device=cpu
num_threads= # what the preset says for a stage, or the programs' default
sae_sizes= # what the data set and the preset say
net=fc
input=pixels
augment=none
# of the stages' programs
stage_opts="part_opts classifier_opts sae_opts kmeans_opts pretrain_opts dec_opts idec_opts vae_opts gan_opts report_opts"
part_opts= classifier_opts= sae_opts= kmeans_opts= pretrain_opts= dec_opts= idec_opts= vae_opts= gan_opts= report_opts=

nouns=(data classifier sae dec idec vae gan report)

valid_options="stage stop_stage dataset data_dir check_md5 classifier preset seeds judged_on device num_threads
  sae_sizes net input augment $stage_opts"
help_message="Usage: $0 [options]

Without options: everything on the handwritten digits that come with scikit-learn, within minutes.

  --stage N --stop-stage N       first and last stage to run (default 0 to 7): 0 data, 1 classifier, 2 sae, 3 dec,
                                 4 idec, 5 vae, 6 gan, 7 report
  --dataset digits|mnist|fashion|cifar10
                                 what to learn from (default $dataset)
  --data-dir DIR                 the official files: IDX, compressed or not; CIFAR-10's python or binary archive, packed
                                 or unpacked, or cifar10_jpeg.npz; digits need none
  --check-md5 true|false         refuse files that are not the official ones (default $check_md5)
  --classifier basic|resnet      network of stage 1 (default $classifier)
  --preset smoke|fast|report     settings from conf/NAME.conf: to see that it runs, for two cores, or the report's
                                 (default $preset)
  --seeds \"1 2 3\"                seeds, a training each; all of them are reported (default $seeds)
  --judged-on test|validation    the test images, or a part of the training images to choose settings by (default
                                 $judged_on)
  --device cpu|cuda|auto --num-threads N
                                 where networks are trained (default $device; 2 threads, small networks 1)
  --sae-sizes \"32 128\"           values of an embedding in stage 2, a training each with and without the latent layer
                                 (default 32 to 512 by doubling, of the digits 4 to 32; preset smoke fewer)
  --net fc|conv                  network of stages 3 and 4: fully connected or convolutional (default $net)
  --input pixels|sift            what it sees in stages 3 and 4: dense SIFT descriptors are for fc (default $input)
  --augment none|shift-rotate    what is done to images by chance in stages 3 and 4 (default $augment)
  --config FILE                  variables of this recipe from a file
  --part-opts, --classifier-opts, --sae-opts, --kmeans-opts, --pretrain-opts, --dec-opts, --idec-opts, --vae-opts,
  --gan-opts, --report-opts \"--flag value ...\"
                                 options of a stage's program, and of the images that all learn from; each program lists
                                 its own and their defaults: steps/train_classifier.py --help; stages 3 and 4 begin with
                                 --kmeans-opts and --pretrain-opts, and --dec-opts are for both

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

. "$here/utils/parse_options.sh"
[ $# -eq 0 ] || refuse "found '$1' after the options; wanted none; see $0 --help"
. "$here/local/options.sh" # augment_opts of the data set
check_choice classifier "$classifier" basic resnet
check_choice preset "$preset" smoke fast report
check_choice judged-on "$judged_on" test validation
check_choice device "$device" cpu cuda auto
check_choice net "$net" fc conv
check_choice input "$input" pixels sift
check_choice augment "$augment" none shift-rotate
case $net-$input-$augment in
  conv-sift-*) refuse "--net conv --input sift: found descriptors, which are no image; wanted --net fc" ;;
  *-sift-shift-rotate) refuse "--input sift --augment shift-rotate: found both; wanted --input pixels, or --augment none" ;;
esac
check_numbers() { # <option> <value> <example> <pattern of what is no number>
  local name=$1 value=$2 example=$3 pattern=$4 before=" " number
  for number in $value; do
    # shellcheck disable=SC2254 # a pattern is meant
    case $number in $pattern) refuse "--$name: found '$value'; wanted numbers as in \"$example\"" ;; esac
    case $before in *" $number "*) refuse "--$name: found '$value'; wanted each number once" ;; esac
    before+="$number "
  done
  [ "$before" != " " ] || refuse "--$name: found '$value'; wanted numbers as in \"$example\""
}
shopt -s extglob # patterns with alternatives
check_numbers seeds "$seeds" "1 2 3" '@(*[!0-9]*|??????????*|0?*)'
[ -z "$sae_sizes" ] || check_numbers sae-sizes "$sae_sizes" "32 128" '@(*[!0-9]*|?????*|0*)'
case $data_dir in '' | /*) ;; *) data_dir=$started_in/$data_dir ;; esac

for name in $stage_opts; do declare "own_$name=${!name}" "$name="; done # they win over the preset's
. "$here/conf/$preset.conf"
sae_sizes=${sae_sizes:-$sizes}
for name in stage stop_stage ${num_threads:+num_threads}; do
  case ${!name} in
    '' | *[!0-9]* | ???* | 0?*) refuse "--${name//_/-}: found '${!name}'; wanted a number from 0 to 99" ;;
  esac
done
for name in $stage_opts; do
  from_user=own_$name
  declare "$name=${!name} ${!from_user}"
done

[ "$stage" -le 7 ] && [ "$stage" -le "$stop_stage" ] ||
  refuse "--stage $stage --stop-stage $stop_stage: found nothing to run; wanted some of stages 0 to 7"

runs() {
  [ "$stage" -le "$1" ] && [ "$stop_stage" -ge "$1" ] && echo "$0: stage $1: ${nouns[$1]}"
}

cd "$here"
sift=
[ "$input" = pixels ] || sift=sift
. ./path.sh nets figures $sift
# programs end when this recipe is killed
export DIAR_EXIT_WITH_PARENT=1 DIAR_RECIPE=$(uname -n):$$

data=data/$dataset
exp=exp/$dataset
tag=$preset # in the names of folders
[ "$judged_on" = test ] || tag+=_$judged_on
[ "$device" = cpu ] || tag+=_$device # figures of a GPU stay apart

# train <folder> <program> [argument]...: one training a seed
# shellcheck disable=SC2086 # options are meant to be split into words
train() {
  local folder=$1 program=$2 seed
  shift 2
  for seed in $seeds; do
    steps/$program --judged-on $judged_on --device $device $part_opts "$@" \
      ${num_threads:+--num-threads $num_threads} --seed $seed $data $folder/seed$seed
  done
}

# cluster dec|idec [argument]...: one clustering a seed, and what it begins from and is compared with, if not there yet
# shellcheck disable=SC2086
cluster() {
  local kind=$1 source=${net}_$input seed
  shift
  [ $augment = none ] || source+=_$augment
  train $exp/kmeans_${input}_$tag train_image_kmeans.py --input $input $kmeans_opts
  train $exp/pretrained_${source}_$tag train_image_sae.py --net $net --input $input --augment $augment $pretrain_opts
  for seed in $seeds; do
    seeds=$seed train $exp/${kind}_${source}_$tag train_image_dec.py \
      --kind $kind --pretrained $exp/pretrained_${source}_$tag/seed$seed "$@"
  done
}

# without_bar <command> [argument]...: a line an epoch on a terminal, too, where several write
without_bar() { { "$@" 2>&1 >&3 3>&- | cat >&2; } 3>&1; }

# shellcheck disable=SC2086 # options are meant to be split into words
{
  if runs 0; then
    local/prepare_data.py --dataset $dataset ${data_dir:+--data-dir "$data_dir"} --check-md5 $check_md5 $data
  fi

  if runs 1; then
    train $exp/classifier_${classifier}_$tag train_classifier.py --net $classifier $augment_opts $classifier_opts
  fi

  if runs 2; then
    folders=
    for size in $sae_sizes; do
      for layer in latent direct; do # into the embedding: fully connected, or the last convolution
        if [ $layer = latent ]; then latent=true; else latent=false; fi
        train $exp/sae_${size}_${layer}_$tag train_conv_autoencoder.py $sae_opts --code-size $size --latent $latent
        for seed in $seeds; do folders+=" $exp/sae_${size}_${layer}_$tag/seed$seed"; done
      done
    done
    steps/autoencoders_to_table.py $exp/sae_$tag $folders
  fi

  if runs 3; then
    cluster dec $dec_opts
  fi

  if runs 4; then
    cluster idec $dec_opts $idec_opts $own_dec_opts $own_idec_opts # the user's win over the preset's
  fi

  # samples are judged by the classifier of the first seed, the same for all
  judge=$exp/classifier_${classifier}_$tag/seed$(set -- $seeds && echo $1)/model.pt

  if runs 5; then # two networks side by side, which are too small for two threads each
    without_bar train $exp/vae_gaussian_$tag train_vae.py --likelihood gaussian --judge $judge $vae_opts &
    without_bar train $exp/vae_bernoulli_$tag train_vae.py --likelihood bernoulli --judge $judge $vae_opts
    wait $!
  fi

  if runs 6; then
    train $exp/gan_$tag train_gan.py --judge $judge $gan_opts
  fi

  if runs 7; then
    steps/images_to_report.py $report_opts $exp
  fi
}
