# What differs between sets of images; sourced by run.sh.

check_choice dataset "$dataset" digits mnist fashion cifar10
case $dataset in # what may be done to images so that they stay what they are
  digits) augment_opts="--flip none --shift 1" ;;
  mnist) augment_opts="--flip none --shift 2" ;;
  fashion) augment_opts="--flip alternating --shift 2" ;;
  cifar10) augment_opts="--flip alternating --shift 2" ;;
esac
case $dataset in # values of embeddings; an image of the digits has 64
  digits) sizes="4 8 16 32" ;;
  *) sizes="32 64 128 256 512" ;;
esac
