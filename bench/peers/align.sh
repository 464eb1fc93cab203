#!/bin/sh
# Steps of GRPO and PPO, polymath and TRL by turns on the same model, one JSON object for
# each measurement.
#
#     bench/peers/align.sh MODEL [ROUNDS]
#
# MODEL is a directory that transformers opens (bench/peers/eval_harness.py make
# writes one). PYTHON names an interpreter with TRL (see align.py); without it only
# polymath is measured. At the end stands how many times as fast as TRL's faster
# variant polymath is.
set -eu
[ $# -ge 1 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
model=$1 rounds=${2:-2} python=${PYTHON:-python3}
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$here/../.." && go build -o "$tmp/polymath" ./cmd/polymath)
for _ in $(seq "$rounds"); do
	"$tmp/polymath" bench align "$model" --json | tee -a "$tmp/ours"
	status=0
	"$python" "$here/align.py" "$model" >"$tmp/theirs.new" 2>"$tmp/err" || status=$?
	[ "$status" -eq 0 ] || { cat "$tmp/err" >&2; [ "$status" -eq 77 ] && exit 0; exit "$status"; }
	tee -a "$tmp/theirs" <"$tmp/theirs.new"
done
"$python" - "$tmp/ours" "$tmp/theirs" <<'PY'
import json, statistics, sys

def read(path):
    return [json.loads(line) for line in open(path)]


def times(method, by, of):
    mine = statistics.median(of(r, r.get("detail")) for r in ours if r["name"].startswith(f"align {method} "))
    peers = [r for r in theirs if r["name"] == f"align {method}"]
    variants = {r["variant"] for r in peers}
    peer = min(statistics.median(of(r, r) for r in peers if r["variant"] == v) for v in variants)
    print(json.dumps({"name": f"times TRL, steps of {method} by {by}", "value": peer / mine}))


ours = [r for r in read(sys.argv[1]) if r["unit"] == "steps/s"]
theirs = read(sys.argv[2])
for method in dict.fromkeys(r["name"].removeprefix("align ") for r in theirs):
    times(method, "the clock", lambda r, _: 1 / r["value"])
    times(method, "time of the processors", lambda _, d: d["seconds of the processors"])
PY
