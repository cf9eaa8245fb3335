#!/usr/bin/env bash
# Compiles the kernels and their tests for 64-bit ARM and runs them in an emulator: for people who change kernels and have no
# such machine. Needs (Debian) g++-aarch64-linux-gnu, qemu-user and libgtest-dev, whose sources it compiles too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compiler=aarch64-linux-gnu-g++
gtest=${GTEST_SOURCES:-/usr/src/googletest/googletest}
for needed in "$compiler" qemu-aarch64; do
  command -v "$needed" >/dev/null || { echo "check-arm: $needed is not installed" >&2; exit 1; }
done
[[ -f $gtest/src/gtest-all.cc ]] || { echo "check-arm: no sources of GoogleTest in $gtest" >&2; exit 1; }

out=build/arm
mkdir -p "$out"
for name in distance code_kernels code_kernels_neon code metric; do
  "$compiler" -std=c++20 -O3 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror -Isrc \
    -c "src/vector/$name.cc" -o "$out/$name.o"
done
"$compiler" -std=c++20 -O3 -pthread -Isrc -Icpp_tests -isystem "$gtest/include" -isystem "$gtest" \
  "$out"/*.o src/base/{random,status,text}.cc cpp_tests/support/vectors.cc cpp_tests/vector/{distance,code,metric}_test.cc \
  "$gtest"/src/gtest{-all,_main}.cc -o "$out/kernel_tests"
# Once as on any ARMv8, once with everything the emulator knows.
for cpu in cortex-a57 max; do
  echo "check-arm: $cpu"
  qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu "$cpu" "$out/kernel_tests" --gtest_brief=1
done
