# Sourced by recipes and by tests/run.sh: the environment that programs run in. Arguments name extras of setup.py.
#
# Python is $DIAR_PYTHON, or that of an active virtual or conda environment, or that of .venv beside this file, which
# is made at the first call (utils/setup_env.sh).

unset CDPATH # cd must print nothing
DIAR_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export DIAR_ROOT
export LC_ALL=C # the sort order that Kaldi's tables have
export PYTHONPATH=$DIAR_ROOT${PYTHONPATH:+:$PYTHONPATH}
# one thread a job: jobs run side by side, and the rounding of sums must not depend on the machine
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-$OMP_NUM_THREADS}
export MKL_NUM_THREADS=${MKL_NUM_THREADS:-$OMP_NUM_THREADS}
export NUMBA_NUM_THREADS=${NUMBA_NUM_THREADS:-1}

python_bin=$("$DIAR_ROOT/utils/setup_env.sh" "$@") || exit 1
export PATH=$python_bin:$DIAR_ROOT/utils:$PATH
unset python_bin
