#!/usr/bin/env bash
# Keep the days that are complete and possible; how many were dropped, and why, is written beside them.
set -euo pipefail

in=${1:-data/prepare/days.csv}
out=${2:-data/clean}
mkdir -p "$out"

head -n 1 "$in" | grep -qx 'date,precipitation,temp_max,temp_min,wind,weather' || {
    echo "$in has other columns than expected" >&2
    exit 1
}

tail -n +2 "$in" | sort -t, -k1,1 -u | awk -F, -v dropped="$out/dropped.txt" '
    BEGIN { print "date,precipitation,temp_max,temp_min,wind"; printf "" > dropped }
    NF < 6 || $1 == "" || $2 == "" || $3 == "" || $4 == "" || $5 == "" { print $1 ": incomplete" > dropped; next }
    $2 < 0 || $5 < 0 || $4 > $3 { print $1 ": impossible" > dropped; next }
    { print $1 "," $2 "," $3 "," $4 "," $5 }
' > "$out/days.csv"

echo "kept $(($(wc -l < "$out/days.csv") - 1)) days, dropped $(wc -l < "$out/dropped.txt")"
