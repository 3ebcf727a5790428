#!/usr/bin/env bash
# Set everything up, torch and matplotlib included, and run the tests: tests/run.sh [pytest's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
. ./path.sh tests nets figures
# a file stays in one process, since its tests share what its fixtures made
exec python -m pytest --numprocesses auto --dist loadfile "$@"
