#!/usr/bin/env bash
# Packs the npm package into build/package and prints the path of the tarball.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash scripts/build.sh prebuild >&2
rm -rf build/package
mkdir -p build/package
npm pack --ignore-scripts --silent --pack-destination build/package >/dev/null
ls "$PWD"/build/package/*.tgz
