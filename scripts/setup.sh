#!/usr/bin/env bash
# Gets this machine ready to build: the compiler and -dev packages, then the npm packages. Does nothing that is done already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "setup: $*"; }
fail() { say "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

compiler() {
  local name
  for name in "${CXX:-}" c++ g++ clang++; do
    if [[ -n $name ]] && have "$name"; then echo "$name"; return; fi
  done
}

# Asks the compiler, not the package manager: a header may have come from anywhere.
has_header() {
  printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$1" | "$(compiler)" -std=c++17 -fsyntax-only -x c++ - 2>/dev/null
}

# Prints the apt package of every missing piece.
missing_packages() {
  if [[ -z $(compiler) ]]; then
    echo g++ nlohmann-json3-dev libgtest-dev libstemmer-dev libutf8proc-dev
  else
    has_header nlohmann/json.hpp || echo nlohmann-json3-dev
    has_header gtest/gtest.h || echo libgtest-dev
    has_header libstemmer.h || echo libstemmer-dev
    has_header utf8proc.h || echo libutf8proc-dev
  fi
  have cmake || echo cmake
  have ninja || echo ninja-build
}

# The formatting rules are written for one version of clang-format; others disagree about details. It is not needed to
# build, so a system without that version goes on without it.
missing_formatter() {
  have clang-format-14 && return
  if have clang-format && clang-format --version | grep -q 'version 14\.'; then return; fi
  echo clang-format-14
}

name_what_to_install() {
  say "this system has no apt-get. Please install these, then run the same command again:" >&2
  cat >&2 <<'LINES'
  macOS    xcode-select --install; brew install cmake ninja nlohmann-json googletest
  Fedora   sudo dnf install gcc-c++ cmake ninja-build json-devel gtest-devel
  Arch     sudo pacman -S base-devel cmake ninja nlohmann-json gtest
LINES
  say "not found here (named as on Debian): $1" >&2
  exit 1
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  say "installing with apt-get: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

have node || fail "Node.js 20 or later is needed: https://nodejs.org"
node_major=$(node -p 'process.versions.node.split(".")[0]')
((node_major >= 20)) || fail "Node.js 20 or later is needed; this is $(node --version)"
have npm || fail "npm is needed: it comes with Node.js"

did=
packages=$(missing_packages | xargs)
if [[ -n $packages ]]; then
  have apt-get || name_what_to_install "$packages"
  [[ $(id -u) == 0 ]] || have sudo || fail "not root, and there is no sudo. Please run as root: apt-get install -y $packages"
  say "not found here: $packages"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # shellcheck disable=SC2086  # a list of words
  install_packages $packages
  did="installed $packages"
  packages=$(missing_packages | xargs)
  [[ -z $packages ]] || fail "installed, and still not found: $packages"
fi

formatter=$(missing_formatter)
if [[ -n $formatter ]] && have apt-cache && apt-cache show "$formatter" >/dev/null 2>&1 && { [[ $(id -u) == 0 ]] || have sudo; }; then
  install_packages "$formatter"
  did="${did:+$did; }installed $formatter"
fi

# CI fuzzes; whoever else wants to is told what is missing.
if [[ ${CI:-} == true ]] && ! bash scripts/fuzz.sh --can; then
  if have apt-cache && apt-cache show clang-14 >/dev/null 2>&1 && { [[ $(id -u) == 0 ]] || have sudo; }; then
    install_packages clang-14 libclang-rt-14-dev
    did="${did:+$did; }installed clang-14 libclang-rt-14-dev"
  fi
  bash scripts/fuzz.sh --can || say "no clang with libFuzzer: the fuzz targets will not run" >&2
fi

cmake_version=$(cmake --version | sed -n 's/^cmake version \([0-9.]*\).*/\1/p')
if [[ $(printf '3.22\n%s\n' "$cmake_version" | sort -V | head -n 1) != 3.22 ]]; then
  fail "CMake 3.22 or later is needed; this is $cmake_version (npm install -g cmake, or https://cmake.org/download)"
fi

stamp=node_modules/.agentmemdb-installed-lock.json
if ! cmp -s package-lock.json "$stamp"; then
  say "installing the npm packages (npm ci --ignore-scripts)"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
  did="${did:+$did; }installed the npm packages"
fi

say "${did:-everything is here already}"
