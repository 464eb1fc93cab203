#!/bin/sh
# Downloads and unpacks the packages of sources.txt into a directory each below
# the one named, on a machine with Debian's package tools: fetch.sh DIRECTORY
# What is there already stays.
set -eu
list=$(cd "$(dirname "$0")" && pwd)/sources.txt
mkdir -p "$1"
cd "$1"
grep -v '^#' "$list" | while read -r name version _; do
	[ -d "$name" ] && continue
	rm -rf fetched
	mkdir fetched
	(
		cd fetched
		if ! apt-get download -q "$name=$version" >/dev/null 2>&1; then
			echo "$name $version is not to be had; taking the newest, so the model will differ" >&2
			apt-get download -q "$name" >/dev/null
		fi
	)
	dpkg-deb -x fetched/*.deb fetched/unpacked
	mv fetched/unpacked "$name"
done
rm -rf fetched
