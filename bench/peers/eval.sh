#!/bin/sh
# Items per second of polymath and lm-evaluation-harness by turns, on the same
# items of ARC with the same solved examples, one JSON object for each measurement.
#
#     bench/peers/eval.sh MODEL DATA [ROUNDS]
#
# MODEL is a directory that transformers opens (bench/peers/eval_harness.py make
# writes one), DATA the directory with the data sets. PYTHON names an interpreter
# with lm_eval; without it only polymath is measured. The harness runs in bf16 and
# fp32; at the end stands how many times as fast as the faster one polymath is.
set -eu
[ $# -ge 2 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
model=$1 data=$2 rounds=${3:-2} python=${PYTHON:-python3}
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$here/../.." && go build -o "$tmp/polymath" ./cmd/polymath)
"$tmp/polymath" eval "$model" --suite arc_easy --limit 200 --data "$data" --out "$tmp/run" >/dev/null
for _ in $(seq "$rounds"); do
	"$tmp/polymath" bench eval "$model" --data "$data" --json | tee -a "$tmp/ours"
	status=0
	"$python" "$here/eval_harness.py" speed "$model" "$tmp/run" "$data" >"$tmp/theirs.new" 2>"$tmp/err" || status=$?
	[ "$status" -eq 0 ] || { cat "$tmp/err" >&2; [ "$status" -eq 77 ] && exit 0; exit "$status"; }
	tee -a "$tmp/theirs" <"$tmp/theirs.new"
done
"$python" - "$tmp/ours" "$tmp/theirs" <<'PY'
import json, statistics, sys

def medians(path, name_of):
    found = {}
    for line in open(path):
        r = json.loads(line)
        found.setdefault(name_of(r), []).append(r["value"])
    return {name: statistics.median(v) for name, v in found.items()}

ours = medians(sys.argv[1], lambda r: r["name"].rsplit(", ", 1)[1])
theirs = medians(sys.argv[2], lambda r: (r["name"].rsplit(", ", 1)[1], r["dtype"]))
for shots, mine in ours.items():
    peer = max(v for (name, _), v in theirs.items() if name == shots)
    print(json.dumps({"name": "times the harness, " + shots, "value": mine / peer}))
PY
