#!/usr/bin/env bash
# Checks style: ESLint, clang-format, the typings. With --fix, rewrites what can be rewritten.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fix=no
case "${1:-}" in
  '') ;;
  --fix) fix=yes ;;
  *) echo "lint: usage: scripts/lint.sh [--fix]" >&2; exit 2 ;;
esac
failed=no

eslint_arguments=(--max-warnings 0 --no-error-on-unmatched-pattern)
[[ $fix == no ]] || eslint_arguments+=(--fix)
node node_modules/eslint/bin/eslint.js "${eslint_arguments[@]}" lib test examples bench scripts ./*.js || failed=yes

# Only version 14: other versions lay some lines out differently, and nobody could satisfy two of them.
formatter=
if command -v clang-format-14 >/dev/null 2>&1; then
  formatter=clang-format-14
elif command -v clang-format >/dev/null 2>&1 && clang-format --version | grep -q 'version 14\.'; then
  formatter=clang-format
fi
cpp_files() {
  find src cpp_tests bench -name node_modules -prune -o \( -name '*.h' -o -name '*.cc' \) -print0
}
if [[ -z $formatter ]]; then
  echo "lint: C++ formatting not checked: clang-format 14 is not installed"
elif [[ $fix == yes ]]; then
  cpp_files | xargs -0 "$formatter" -i
else
  cpp_files | xargs -0 "$formatter" --dry-run -Werror || failed=yes
fi

node node_modules/typescript/bin/tsc --noEmit --strict --exactOptionalPropertyTypes --target es2022 --module nodenext \
  --types node ./*.d.ts ./*.d.mts || failed=yes

if [[ $failed == yes ]]; then
  echo "lint: problems found; 'npm run format' fixes what can be fixed by itself" >&2
  exit 1
fi
echo "lint: clean"
