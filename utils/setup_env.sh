#!/usr/bin/env bash
# Find or make the Python environment of the toolkit; its folder of programs goes to stdout, all else to stderr.
#
# Usage: utils/setup_env.sh [extra...]       extras of setup.py: tests, lint, nets (torch, for embeddings), figures
#                                            (matplotlib, pillow), sift (OpenCV, for descriptors of images), browser
#                                            (selenium, for tests of the report's pages)
#
# 1. DIAR_PYTHON, a Python program, is used if set; 2. else an active virtual or conda environment; 3. else .venv at the
# root, made here once from requirements/lock.txt. What is not ours (1, 2) is checked, never changed.

set -euo pipefail
unset CDPATH # cd must print nothing
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
log=$root/setup.log
extras=$*

fail() {
  echo "setup: $*" >&2
  exit 1
}

say() { echo "setup: $*" >&2; }

# The modules that must be there, beside those that they bring.
modules() {
  echo numpy scipy numba kaldiio soundfile webrtcvad pyannote.metrics threadpoolctl tqdm
  for extra in $extras; do
    case $extra in
      tests) echo pytest xdist hypothesis kaldi_native_fbank praatio webvtt argcomplete ;;
      lint) echo ruff mypy ;;
      nets) echo torch sklearn ;;
      figures) echo matplotlib PIL ;;
      browser) echo selenium ;;
      sift) echo cv2 ;;
      completion) echo argcomplete ;;
      *) fail "unknown extra '$extra'; wanted tests, lint, nets, figures, sift, browser or completion" ;;
    esac
  done
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Names of modules that $1 cannot find; looks for them without importing, which would take seconds.
missing_modules() {
  "$1" - $(modules) <<'PYTHON'
import importlib.util
import sys

def lacks(name):
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        return True
    return found is None or found.origin is None  # an empty folder is found, too

print(*[name for name in sys.argv[1:] if lacks(name)])
PYTHON
}

# Compile the kernels with $1 unless the stamp file $2 says that these have been.
compile_kernels() {
  local stamp
  stamp=$("$1" -VV && cat "$root"/diar/kernels/*.py "$root/local/sim/resonators.py" | cksum)
  [ "$(cat "$2" 2>/dev/null)" != "$stamp" ] || return 0
  say "compiling kernels (once)"
  PYTHONPATH=$root:$root/local/sim "$1" -c 'import resonators, runpy; runpy.run_module("diar.kernels")' ||
    fail "the kernels do not compile with $1; see the lines above"
  echo "$stamp" >"$2"
}

# Check an environment that is the user's own ($1 its Python, $2 its name), and compile the kernels once for it.
use_foreign() {
  local python=$1 name=$2 missing bin alias
  [ -x "$python" ] || fail "$name: $python is not a program; wanted a Python 3.11 or newer"
  is_new_enough "$python" || fail "$name: $("$python" --version 2>&1) is too old; wanted Python 3.11 or newer"
  missing=$(missing_modules "$python") || fail "$name: $python does not run"
  [ -z "$missing" ] || fail "$name lacks $missing; install them with" \
    "'$python -m pip install -c $root/requirements/lock.txt -e $root${extras:+[${extras// /,}]}'," \
    "or leave it (deactivate, unset DIAR_PYTHON) and .venv will be made"
  # programs find this Python by its usual names whatever its own name is
  bin=$root/.python/$(echo "$python" | cksum | cut -d ' ' -f 1)
  mkdir -p "$bin" || fail "$bin cannot be made; wanted a folder that can be written"
  for alias in python python3; do
    [ -x "$bin/$alias" ] || printf '#!/bin/sh\nexec "%s" "$@"\n' "$python" >"$bin/$alias"
    chmod +x "$bin/$alias"
  done
  compile_kernels "$python" "$bin/kernels"
  echo "$bin"
}

# A Python of 3.11 or newer on PATH.
find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null && is_new_enough "$name"; then
      command -v "$name"
      return
    fi
  done
  local found
  found=$(python3 --version 2>&1) || found="no python3"
  fail "found $found; wanted Python 3.11 or newer; install one, or set DIAR_PYTHON to one"
}

# The line of pip's log that says most, with the cause in plain words where it is known.
explain_failure() {
  local last
  last=$(grep -iE '^(ERROR|OSError)|No space left' "$log" | tail -n 1) || last=$(tail -n 1 "$log")
  if grep -q 'No space left' "$log"; then
    fail "no space left on the device; free some (about 1.5 GB) and start again; all of it: $log"
  elif grep -qiE 'connection|resolve|Network is unreachable|proxy|timed out|No matching distribution' "$log"; then
    fail "packages cannot be fetched: is there a network? ${last:-}; all of it: $log"
  fi
  fail "pip failed: ${last:-no message}; all of it: $log"
}

install() {
  # shellcheck disable=SC2086
  "$venv/bin/python" -m pip install --disable-pip-version-check -c "$root/requirements/lock.txt" "$@" \
    >>"$log" 2>&1 || explain_failure
}

make_venv() {
  local python
  python=$(find_python)
  say "making .venv with $("$python" --version) (once; takes a minute)"
  rm -rf "$venv"
  : 2>/dev/null >"$log" || fail "$log cannot be written; wanted a folder with room that can be written"
  if ! "$python" -m venv "$venv" >>"$log" 2>&1; then
    rm -rf "$venv"
    grep -q 'No space left' "$log" && fail "no space left on the device; free some (about 1.5 GB) and start again"
    fail "'$python -m venv' failed: $(tail -n 1 "$log"); if the venv module is missing, install it" \
      "(Debian and Ubuntu: apt-get install python3-venv)"
  fi
}

requirements_stamp() { cat "$root/requirements/lock.txt" "$root/setup.py" | cksum; }

# .venv is whole if an installation came to its end and its modules are there still.
is_whole() { [ -f "$venv/complete" ] && [ -z "$(extras='' && missing_modules "$venv/bin/python" 2>&1)" ]; }

use_venv() {
  is_whole || make_venv
  if [ "$(cat "$venv/complete" 2>/dev/null)" != "$(requirements_stamp)" ]; then
    install -e "$root"
    requirements_stamp >"$venv/complete"
  fi
  compile_kernels "$venv/bin/python" "$venv/kernels"
  local missing
  missing=$(missing_modules "$venv/bin/python")
  if [ -n "$missing" ]; then
    case " $missing " in
      *" torch "*) say "installing torch; for a CPU or a CUDA build of your choice run first:" \
        "$venv/bin/python -m pip install torch --index-url <the index that PyTorch's site names for it>" ;;
      *) say "installing $missing" ;;
    esac
    install -e "$root[${extras// /,}]"
  fi
  echo "$venv/bin"
}

modules >/dev/null
if [ -n "${DIAR_PYTHON:-}" ]; then
  python=$(command -v "$DIAR_PYTHON") || fail "DIAR_PYTHON: found '$DIAR_PYTHON', no such program; wanted a Python 3.11 or newer"
  use_foreign "$python" "DIAR_PYTHON"
elif [ -n "${VIRTUAL_ENV:-}" ] && [ "$VIRTUAL_ENV" != "$venv" ]; then
  use_foreign "$VIRTUAL_ENV/bin/python" "the active environment $VIRTUAL_ENV"
elif [ -n "${CONDA_PREFIX:-}" ] && [ -x "$CONDA_PREFIX/bin/python" ]; then
  use_foreign "$CONDA_PREFIX/bin/python" "the active conda environment $CONDA_PREFIX"
else
  if command -v flock >/dev/null && { exec 9>"$root/.venv-lock"; } 2>/dev/null; then
    flock 9 # two recipes started at once: the second waits
  fi
  use_venv
fi
