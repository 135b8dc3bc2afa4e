# shellcheck shell=bash
# Formatting, layering and the linters. Sourced by ./dev.

c_sources() {
  find core bindings examples tests bench \( -name node_modules -o -name corpus \) -prune -o \
    \( -name '*.cc' -o -name '*.h' \) -print | sort
}

js_sources() {
  find bindings examples tests bench -name node_modules -prune -o -name native -prune -o \
    -regex '.*\.[cm]?[jt]s' -print | sort
}

prettier() {
  local -a files
  mapfile -t files < <(js_sources)
  node tests/node/node_modules/prettier/bin/prettier.cjs "$@" "${files[@]}"
}

fix_format() {
  c_sources | xargs .venv/bin/clang-format -i
  prettier --write --log-level warn
}

# Prints the files that clang-format or prettier would change.
unformatted() {
  prettier --list-different || (($? == 1)) || echo "(prettier failed)"
  # shellcheck disable=SC2016 # expanded by the inner shell
  c_sources | xargs -P "$jobs" -n 8 bash -c 'for file; do
    "$0" "$file" | cmp -s - "$file" || echo "$file"
  done' .venv/bin/clang-format | sort
}

# clang-tidy over the files named, or over all of the core and the bindings.
tidy() {
  need_node bindings/node
  need_python
  configure clang
  local -a files=("$@")
  (($#)) || mapfile -t files < <(find core bindings -name node_modules -prune -o -name '*.cc' -print | sort)
  printf '%s\n' "${files[@]}" | xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/clang
}

# The C++ files that differ from the main branch, committed or not.
changed_sources() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null) || return 0
  { git diff --name-only --diff-filter=d "$base" && git ls-files --others --exclude-standard; } |
    grep -E '^(core|bindings)/.*\.cc$' | sort -u || true
}

# A file that was clean is looked at again when it, a header or the checks have changed.
tidy_changed() {
  local -a files unclean=()
  mapfile -t files < <(changed_sources)
  ((${#files[@]})) || return 0
  if ! command -v clang-tidy >/dev/null; then
    echo "clang-tidy is not installed; ${#files[@]} changed files were not looked at"
    return
  fi
  mkdir -p build/tidy
  local headers file
  headers=$(find core bindings -name '*.h' -not -path '*/node_modules/*' -print0 | sort -z | xargs -0 cat .clang-tidy | sha256sum)
  for file in "${files[@]}"; do
    fresh "build/tidy/${file//\//+}" "$headers$(sha256sum <"$file")" || unclean+=("$file")
  done
  ((${#unclean[@]})) || return 0
  say "clang-tidy: ${#unclean[@]} changed files"
  tidy "${unclean[@]}"
  for file in "${unclean[@]}"; do
    echo "$headers$(sha256sum <"$file")" >"build/tidy/${file//\//+}"
  done
}

step_lint() {
  local files
  files=$(unformatted)
  if [[ -n $files ]]; then
    echo "$files"
    die "these files are not formatted; ./dev lint --fix mends them"
  fi
  .venv/bin/shellcheck --external-sources dev .ci/run
  .venv/bin/ruff check --quiet .
  tidy_changed
  pytest_with_results lint tests/structure/test_layering.py
}
