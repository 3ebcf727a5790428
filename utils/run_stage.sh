# Sourced by recipes: run one stage as parallel jobs.
#
# Uses the recipe's $cmd, $nj, $skip_bad and $data.

# run_stage <noun> <folder> <program> [argument]...: make <folder> ready, run <program> as jobs, check what they made.
run_stage() {
  local noun=$1 folder=$2 jobs status=0
  shift 2
  "$@" --prepare true
  jobs=$(wc -l <"$data/wav.scp") # no more jobs than recordings
  [ "$jobs" -lt "$nj" ] || jobs=$nj
  # shellcheck disable=SC2086 # the launcher comes with its options
  $cmd JOB=1:$jobs "$folder/log/$noun.JOB.log" "$@" --share "JOB/$jobs" --skip-bad "$skip_bad" || status=$?
  utils/finish_stage.py --launcher-status "$status" --skip-bad "$skip_bad" "$noun" "$data" "$folder"
}
