#!/usr/bin/env bash
# The AMI corpus's audio, by curl from its official place; see --help. Sets up the environment as run.sh does.
set -euo pipefail
arguments=("$@")
set -- # path.sh would take them
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../path.sh"
exec "$DIAR_ROOT/local/ami/download.py" ${arguments[@]+"${arguments[@]}"}
