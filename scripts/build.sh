#!/usr/bin/env bash
# Builds one thing: core | addon | address | thread | fuzz | prebuild.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "build: $*"; }
fail() { say "$*" >&2; exit 1; }

# A build folder that was copied or moved with the checkout points at the old place, and CMake refuses it.
forget_moved_build() {
  local cache=$1/CMakeCache.txt
  if [[ -f $cache ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then
    say "$1 belongs to another folder: building it anew"
    rm -rf "$1"
  fi
}

build_cpp() {
  local dir=$1
  shift
  forget_moved_build "$dir"
  cmake -S . -B "$dir" -G Ninja --log-level=WARNING "$@" >/dev/null
  cmake --build "$dir"
}

build_addon() {
  local cmake_js=node_modules/cmake-js/bin/cmake-js
  [[ -f $cmake_js ]] || fail "node_modules is missing. To get it: npm run setup"
  forget_moved_build build/addon
  # 'build', not 'compile': that one answers an error in the code with a second, full build that fails again.
  node "$cmake_js" build --out build/addon --config Release --log-level warn
  [[ -f build/addon/Release/agentmemdb.node ]] || fail "no addon came out of the build"
}

copy_prebuild() {
  local dir
  dir=prebuilds/$(node -p 'require("./lib/platform").platformName()')
  mkdir -p "$dir"
  # A new file each time: writing into one that a running process has loaded would crash that process.
  cp build/addon/Release/agentmemdb.node "$dir/agentmemdb.node.new"
  mv -f "$dir/agentmemdb.node.new" "$dir/agentmemdb.node"
  say "$dir/agentmemdb.node"
}

case "${1:-}" in
  core) build_cpp build/core ;;
  address | thread) build_cpp "build/$1" "-DAGENTMEMDB_SANITIZE=$1" ;;
  fuzz)
    clang=${FUZZ_CLANG:-clang}
    build_cpp build/fuzz -DCMAKE_C_COMPILER="$clang" -DCMAKE_CXX_COMPILER="${clang/clang/clang++}" \
      -DAGENTMEMDB_FUZZ=ON -DAGENTMEMDB_SANITIZE=address -DAGENTMEMDB_TESTS=OFF
    ;;
  addon) build_addon ;;
  prebuild)
    # stdout belongs to `npm pack --json`, which runs this.
    exec 1>&2
    bash scripts/setup.sh
    build_addon
    copy_prebuild
    ;;
  *) fail "usage: scripts/build.sh core|addon|address|thread|fuzz|prebuild" ;;
esac
