# shellcheck shell=bash
# Builds and installs. Sourced by ./dev.

# What another checkout compiled counts here, too.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

configure() {
  local preset=$1
  cmake --preset "$preset" -DPython_EXECUTABLE="$root/.venv/bin/python" \
    -DPython3_EXECUTABLE="$root/.venv/bin/python" >"build/configure-$preset.log" 2>&1 || {
    cat "build/configure-$preset.log"
    return 1
  }
}

build() {
  local preset=$1
  shift
  say "build $preset${*:+: $*}"
  configure "$preset"
  cmake --build "build/$preset" -j "$jobs" "${@/#/--target=}"
}

# What tests and examples find in their environment.
with_environment() {
  env CANDOR_BIN="$root/build/dev/core/cli/candor" CANDOR_BUILD="$root/build/dev" \
    CANDOR_NODE="$root/build/dev/node/candor" \
    PYTHONPATH="$root/build/dev/python:$root/tests" PATH="$root/.venv/bin:$PATH" \
    VIRTUAL_ENV="$root/.venv" "$@"
}

# What `install` put where, by the list that CMake left, and whether the shell finds the command.
say_installed() {
  local prefix=$1 list=build/install/install_manifest.txt
  local command package
  command=$(grep '/bin/candor$' "$list")
  package=$(grep '/candor-config\.cmake$' "$list")
  say "installed"
  printf '  %-9s %s\n' command "$command" \
    headers "$prefix/include/candor" \
    libraries "$(dirname "$(grep -m1 '/libcandor' "$list")")" \
    CMake "$(dirname "$package")  (-DCMAKE_PREFIX_PATH=$prefix)"
  if [[ :$PATH: == *":${command%/*}:"* ]]; then
    echo "  ${command%/*} is on your PATH."
  else
    echo "  ${command%/*} is not on your PATH; run: export PATH=\"${command%/*}:\$PATH\""
  fi
}

install_candor() {
  local prefix=$1
  say "build and install into $prefix"
  cmake -S . -B build/install -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$prefix" >build/configure-install.log
  cmake --build build/install -j "$jobs"
  cmake --install build/install --prefix "$prefix" >build/install.log
  say_installed "$prefix"
}

build_node_package() {
  say "build bindings/node"
  cmake -S . -B build/npm -G Ninja -DCMAKE_BUILD_TYPE=Release -DCANDOR_NODE=ON \
    >build/configure-npm.log
  cmake --build build/npm -j "$jobs" --target candor-node
  rm -rf bindings/node/native
  cmake --install build/npm --component node --prefix "$root/bindings/node" --strip \
    >build/install-npm.log
}
