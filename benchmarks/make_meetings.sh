#!/usr/bin/env bash
# Make the further meetings that defaults are chosen on, from $DIAR_DATA/speech/voices: benchmarks/make_meetings.sh DIR
#
# DIR/ten_1 ... ten_6: 42 of ten minutes, 2 to 8 speakers, in three rooms; of ten_4 to ten_6 every reader keeps to one
# LibriSpeech chapter. DIR/short: 8 of 150 s, DIR/minute and DIR/half: 12 of 60 s and of 30 s. DIR/hour: one of an hour.
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 DIR" >&2; exit 1; }
: "${DIAR_DATA:?wanted the folder that holds speech/voices}"
mkdir -p "$1"
out=$(cd "$1" && pwd)
voices=$(cd "$DIAR_DATA/speech/voices" && pwd)
cd "$(dirname "$0")/.."
set --
. ./path.sh

chapters=$out/one_chapter
for reader in "$voices"/*/; do
  name=$(basename "$reader")
  largest=$(find "$reader" -name '*.ogg' -printf '%f\n' | cut -d- -f2 | sort | uniq -c | sort -k1,1nr -k2 | awk 'NR == 1 { print $2 }')
  mkdir -p "$chapters/$name"
  ln -sf "$reader$name-$largest"-*.ogg "$chapters/$name/"
done

make() { # <name> <voices> <number> <seconds> <speakers> <room> <seed>
  python local/sim/prepare_data.py --utterances "$2" --num-meetings "$3" --duration "$4" --num-speakers "$5" \
    --overlap 0.1 --room "$6" --seed "$7" "$out/$1" "$out/$1"
}
make ten_1 "$voices" 8 600 2-8 none 101
make ten_2 "$voices" 8 600 2-8 table 102
make ten_3 "$voices" 8 600 2-8 far 103
make ten_4 "$chapters" 6 600 2-8 none 104
make ten_5 "$chapters" 6 600 2-8 table 105
make ten_6 "$chapters" 6 600 2-8 far 106
make short "$voices" 8 150 2-6 table 107
make minute "$voices" 12 60 1-4 table 121
make half "$voices" 12 30 1-3 none 120
make hour "$voices" 1 3600 6-8 none 110
