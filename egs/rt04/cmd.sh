# How jobs are started: utils/run.py runs them on this machine; Kaldi's run.pl, queue.pl and slurm.pl drop in.
cmd="utils/run.py"
