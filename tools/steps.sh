# shellcheck shell=bash
# The steps of a test run; each leaves its results as JUnit in build/results/STEP. Sourced by ./dev.

# Newer kernels place memory where the sanitizers of an older clang can't use it.
fixed_addresses=()
if setarch -R true 2>/dev/null; then fixed_addresses=(setarch -R); fi

run_ctest() {
  local preset=$1 step=$2
  shift 2
  mkdir -p "build/results/$step"
  "${fixed_addresses[@]}" ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure \
    --no-tests=error --output-junit "$root/build/results/$step/ctest.xml" "$@"
}

pytest_with_results() {
  local step=$1
  shift
  with_environment pytest -q --junitxml="build/results/$step/pytest.xml" "$@"
}

run_vitest() {
  local step=$1
  shift
  NO_COLOR=1 "${fixed_addresses[@]}" node tests/node/node_modules/vitest/vitest.mjs run --root tests/node --maxWorkers "$jobs" \
    --reporter=default --reporter=junit --outputFile.junit="$root/build/results/$step/vitest.xml" "$@"
}

step_cpp() {
  build dev
  run_ctest dev cpp
}

step_python() {
  build dev
  pytest_with_results python -n "$jobs" tests
}

step_node() {
  build dev candor-node
  CANDOR_NODE="$root/build/dev/node/candor" run_vitest node
}

step_schema() {
  build dev candor-cli
  local command=build/dev/core/cli/candor artifact
  "$command" check schema/*.telemetry.jsonc
  for artifact in schema/*.schema.json; do
    "$command" schema "${artifact%.schema.json}.telemetry.jsonc" --check "$artifact"
  done
}

step_asan() {
  build asan
  ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 run_ctest asan asan
  node_under_asan
}

# Node itself is not instrumented, so the sanitizers are loaded before it; leaks would be its own. The
# tests of the tarball and of generated types run other programs, which those would be loaded into too.
node_under_asan() {
  local runtime
  runtime=$(clang -print-file-name="libclang_rt.asan-$(uname -m).so")
  CANDOR_NODE="$root/build/asan/node/candor" LD_PRELOAD="$runtime" \
    ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:verify_asan_link_order=0 \
    UBSAN_OPTIONS=print_stacktrace=1 \
    run_vitest asan --exclude package.test.mjs --exclude types.test.mjs
}

step_tsan() {
  build tsan candor_threaded_tests
  TSAN_OPTIONS=die_after_fork=0:second_deadlock_stack=1 run_ctest tsan tsan -L threads
}

fuzz_targets() { find tests/fuzz -maxdepth 1 -name '*_fuzz.cc' -printf '%f\n' | sed 's/_fuzz.cc$//' | sort; }

# Starts from the kept corpus; what it finds goes to build/fuzz, never into the repository.
fuzz() {
  local target=$1 seconds=$2 corpus=build/fuzz/$1 log=build/fuzz/$1.log
  mkdir -p "$corpus"
  local -a options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048
    -print_final_stats=1 -artifact_prefix="build/fuzz/$target-")
  if [[ -f tests/fuzz/$target.dict ]]; then options+=(-dict="tests/fuzz/$target.dict"); fi
  if "${fixed_addresses[@]}" "build/asan/tests/fuzz/candor_${target}_fuzz" "${options[@]}" "$corpus" \
    "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    printf '%-10s %9d inputs in %d s\n' "$target" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$seconds"
  else
    sed -n '/^fuzz: broken/,$p; /ERROR/,$p; /runtime error/,$p' "$log" | grep -v 'Uses:' | tail -40
    echo "$target failed; the input is build/fuzz/$target-*, the whole log $log"
    return 1
  fi
}

fuzz_all() {
  local target failed=0
  for target in $(fuzz_targets); do
    fuzz "$target" "$1" || failed=1
  done
  return "$failed"
}

build_fuzzers() {
  local -a targets
  mapfile -t targets < <(fuzz_targets)
  targets=("${targets[@]/#/candor_}")
  build asan "${targets[@]/%/_fuzz}"
}

step_fuzz() {
  build_fuzzers
  fuzz_all "${FUZZ_SECONDS:-10}"
}

all_steps=(lint cpp python node schema asan fuzz tsan)

# Runs the steps named, or all.
run_test() {
  local -a steps=("$@")
  ((${#steps[@]})) || steps=("${all_steps[@]}")
  local step
  for step in "${steps[@]}"; do
    declare -F "step_$step" >/dev/null || die "no step is named $step; ./dev help lists them"
  done
  python3 tools/run_steps.py "${steps[@]}"
}
