#!/bin/sh
# Filters, MinHash and extraction of HTML, polymath and datatrove by turns on the
# same documents on one core, one JSON object for each measurement.
#
#     bench/peers/corpus.sh TEXTS.jsonl [HTML_DIR] [ROUNDS]
#
# Each line of TEXTS.jsonl is {"id", "text"}. PYTHON names an interpreter with
# datatrove (see corpus_datatrove.py); without it only polymath is measured. At
# the end stands how much processor time datatrove takes for a byte, as a multiple
# of polymath's.
set -eu
[ $# -ge 1 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
texts=$1 html=${2:-} rounds=${3:-2} python=${PYTHON:-python3}
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$here/../.." && go build -o "$tmp/polymath" ./cmd/polymath)
for _ in $(seq "$rounds"); do
	"$tmp/polymath" bench corpus --json --quick --threads 1 --text "$texts" ${html:+--html "$html"} | tee -a "$tmp/ours"
	status=0
	"$python" "$here/corpus_datatrove.py" bench "$texts" $html >"$tmp/theirs.new" || status=$?
	[ "$status" -eq 0 ] || { [ "$status" -eq 77 ] && exit 0; exit "$status"; }
	tee -a "$tmp/theirs" <"$tmp/theirs.new"
done
"$python" - "$tmp/ours" "$tmp/theirs" <<'PY'
import json, statistics, sys

def medians(path, ns_per_byte):
    found = {}
    for line in open(path):
        r = json.loads(line)
        found.setdefault(r["name"], []).append(ns_per_byte(r))
    return {name: statistics.median(v) for name, v in found.items()}

ours = medians(sys.argv[1], lambda r: r["detail"]["CPU, ns per byte"])
theirs = medians(sys.argv[2], lambda r: 1e3 / r["value"])  # of MB/s of processor time
for mine, peer in (
    ("words", "words"),
    ("gopher_repetition", "gopher_repetition"),
    ("gopher_quality", "gopher_quality"),
    ("c4", "c4"),
    ("fineweb", "fineweb"),
    ("filters, until one drops", "filters together, until one drops"),
    ("filters, every one", "filters together, all"),
    ("minhash", "minhash"),
    ("filters, every one, and minhash", "filters and minhash"),
    ("extraction of HTML", "extraction (trafilatura)"),
):
    a, b = ours.get(f"corpus {mine}, 1 thread"), theirs.get(peer)
    if a and b:
        print(json.dumps({"name": mine, "polymath, ns per byte": round(a, 2), "datatrove, ns per byte": round(b, 2), "ratio": round(b / a, 1)}))
PY
