# Sourced by recipes: run one stage as parallel jobs.
#
# Uses the recipe's $cmd, $nj, $skip_bad and $data.

# run_stage <noun> <folder> <program> [argument]...: make <folder> ready, run <program> as jobs, check what they made.
run_stage() {
  local noun=$1 folder=$2 jobs status=0
  shift 2
  "$@" --prepare true
  jobs=$(grep -c . "$data/wav.scp") # no more jobs than recordings
  [ "$jobs" -lt "$nj" ] || jobs=$nj
  rm -f "$folder/log/$noun".*.log # an earlier run may have had more jobs
  # shellcheck disable=SC2086 # the launcher comes with its options
  $cmd JOB=1:$jobs "$folder/log/$noun.JOB.log" "$@" --share "JOB/$jobs" --skip-bad "$skip_bad" || status=$?
  case $status in 129 | 130 | 143) exit "$status" ;; esac # stopped by hand: nothing has failed
  grep -hs ': warning: ' "$folder/log/$noun".*.log >&2 || true # so far only the logs have them
  utils/finish_stage.py --launcher-status "$status" --skip-bad "$skip_bad" "$noun" "$data" "$folder"
}
