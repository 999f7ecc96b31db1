#!/usr/bin/env bash
# Speaks the [prompts] of ../demo.toml into this folder: 8 kHz, mono, 16 bits, speech at -20 dBFS.
# Needs python3 (3.11, for tomllib), espeak-ng and sox. Run again after changing a text.
set -euo pipefail
cd "$(dirname "$0")"

level=-20
spoken=$(mktemp --suffix=.wav)
trap 'rm -f "$spoken"' EXIT

speak() { # name text
    local name=$1 text=$2 rms
    espeak-ng -v fr -s 150 -p 45 -w "$spoken" -- "$text"
    # A telephone's band, no silence at either end, then the gain that brings its mean power to the level.
    local shape=(rate 8000 highpass 200 silence 1 0.02 0.2% reverse silence 1 0.02 0.2% reverse)
    rms=$(sox -D "$spoken" -n "${shape[@]}" stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')
    sox -D "$spoken" -c 1 -b 16 -e signed-integer "$name.wav" \
        "${shape[@]}" gain -l "$(awk "BEGIN { print $level - ($rms) }")" pad 0.1 0.2
}

python3 - ../demo.toml <<'TEXTS' | while IFS=$'\t' read -r name text; do speak "$name" "$text"; done
import sys, tomllib
with open(sys.argv[1], "rb") as site:
    for name, text in tomllib.load(site)["prompts"].items():
        print(name, text, sep="\t")
TEXTS
