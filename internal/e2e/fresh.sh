#!/bin/sh
# Clones the repository into a temporary directory and runs the README's
# commands there with empty module and build caches, as on a new machine. What is
# not committed is not tested.
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT

git clone -q . "$dir/fngen"
cd "$dir/fngen"
export GOMODCACHE="$dir/modules" GOCACHE="$dir/build" GOFLAGS=
unset GOBIN
make demo
make test
