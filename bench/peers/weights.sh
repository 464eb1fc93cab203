#!/bin/sh
# Prompts and generation with weights in blocks, polymath and llama.cpp by turns
# on the same GGUF files, one JSON object for each measurement.
#
#     bench/peers/weights.sh DIR LIB [ROUNDS]
#
# DIR holds the files, which weights_gguf.py makes if it is empty; LIB is the
# folder of llama.cpp's libraries (see llamalib.py). PYTHON names an interpreter
# with gguf and numpy.
set -eu
[ $# -ge 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
dir=$1 lib=$2 rounds=${3:-2} python=${PYTHON:-python3}
here=$(dirname "$0")
mkdir -p "$dir"
ls "$dir"/*.gguf >/dev/null 2>&1 || "$python" "$here/weights_gguf.py" "$dir"
(cd "$here/../.." && go build -o "${TMPDIR:-/tmp}/polymath-bench" ./cmd/polymath)
for file in "$dir"/*.gguf; do
	for _ in $(seq "$rounds"); do
		"${TMPDIR:-/tmp}/polymath-bench" bench weights --json "$file"
		"$python" "$here/llamacpp.py" --lib "$lib" --threads "$(nproc)" "$file"
	done
done
