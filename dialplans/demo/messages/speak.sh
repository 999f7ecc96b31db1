#!/usr/bin/env bash
# Speaks the texts under [prompts] of ../demo.toml into NAME.wav beside this script: 8 kHz, mono, 16 bits, -20 dBFS.
# Needs espeak-ng and sox. The recordings are committed: run it only when a text changes.
set -euo pipefail
cd "$(dirname "$0")"

sed -n '/^\[prompts\]/,/^\[music\]/s/^\([a-z_]*\) *= *"\(.*\)"$/\1\t\2/p' ../demo.toml |
while IFS=$'\t' read -r name text; do
  espeak-ng -v fr -s 155 -w "$name.raw.wav" "$text"
  sox "$name.raw.wav" -c 1 -b 16 -r 8000 "$name.flat.wav" highpass 200 silence 1 0.01 0.1% reverse silence 1 0.01 0.1% reverse
  rms=$(sox "$name.flat.wav" -n stats 2>&1 | awk '/RMS lev dB/ { print $4 }')
  sox "$name.flat.wav" -D -b 16 "$name.wav" gain "$(awk -v rms="$rms" 'BEGIN { print -20 - rms }')" pad 0.1 0.2
  rm "$name.raw.wav" "$name.flat.wav"
done
