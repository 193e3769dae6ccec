#!/bin/sh
# Builds fngen, creates a module in a temporary directory, generates two functions
# and runs their tests.
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

say() { printf '\n$ %s\n' "$*"; "$@"; }

CGO_ENABLED=0 go build -o "$dir/bin/fngen" ./cmd/fngen
PATH="$dir/bin:$PATH"
mkdir "$dir/shop"
cd "$dir/shop"
say go mod init example.com/shop
say fngen function divide
say fngen function updateOrderStatus --webhook
say fngen list
say go test ./...
say cat api/src/functions/updateOrderStatus/updateOrderStatus.go
