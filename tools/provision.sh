# shellcheck shell=bash
# What must be installed, and the commands that install it. Sourced by ./dev.

# Debian and Ubuntu packages: to build, and beyond that to test.
build_packages=(build-essential cmake ninja-build ccache python3-dev python3-venv
  libcurl4-openssl-dev zlib1g-dev libzstd-dev libxxhash-dev libmbedtls-dev
  nlohmann-json3-dev libcli11-dev libgtest-dev libgmock-dev)
test_packages=(clang e2fsprogs fish git openssl procps strace zsh)
bench_packages=(libbenchmark-dev)
tidy_packages=(clang clang-tidy)

# Prints those of the packages that are not installed.
missing() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' || true)
  local package
  for package in "$@"; do
    grep -qxF "$package" <<<"$installed" || printf '%s\n' "$package"
  done
}

# False in a build that a package manager has started: it must not change the system.
may_install_packages=true

apt_install() {
  local -a install=(apt-get install -y --no-install-recommends "$@")
  if ! $may_install_packages; then
    die "packages are missing; install them, then run again what you ran:
  sudo ${install[*]}"
  fi
  say "installing: $*"
  if [[ $(id -u) == 0 ]]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${install[@]}" </dev/null
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n apt-get update -qq
    sudo -n env DEBIAN_FRONTEND=noninteractive "${install[@]}" </dev/null
  else
    die "packages are missing and sudo asks for a password; run this once, then again what you ran:
  sudo apt-get update && sudo ${install[*]}"
  fi
}

need() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    local tool
    for tool in cmake ninja c++ python3; do
      command -v "$tool" >/dev/null || die "$tool is missing. This is not Debian or Ubuntu, so \
please install what these packages hold: $*"
    done
    return
  fi
  local -a wanted
  mapfile -t wanted < <(missing "$@")
  if ((${#wanted[@]})); then apt_install "${wanted[@]}"; fi
}

need_to_build() { need "${build_packages[@]}"; }

need_to_test() {
  need "${build_packages[@]}" "${test_packages[@]}"
  need_clang_runtime
}

node_major_min=20
node_is_new() {
  local version
  version=$(node --version 2>/dev/null) && version=${version#v} && ((${version%%.*} >= node_major_min))
}

# Node may be here without the distribution's packages, and theirs may be too old: then npm brings
# one that only this folder uses.
need_node_itself() {
  export PATH="$root/.node/node_modules/node/bin:$PATH"
  command -v npm >/dev/null && node_is_new && return
  command -v node >/dev/null || need nodejs
  command -v npm >/dev/null || need npm
  node_is_new && return
  say "installing Node 22 into .node; the system's is $(node --version)"
  npm install --prefix .node --silent --no-audit --no-fund node@22 </dev/null
  hash -r
  node_is_new || die "Node $node_major_min or later is needed"
}

# Clang's sanitizers and libFuzzer: a package of their own in newer releases,
# named after the version of clang.
need_clang_runtime() {
  command -v apt-get >/dev/null || return 0
  local version
  version=$(clang -dumpversion)
  [[ -n $(find "$(clang -print-resource-dir)/lib" -name 'libclang_rt.fuzzer*' -print -quit) ]] ||
    apt_install "libclang-rt-${version%%.*}-dev"
}

# A stamp holds the hash of what its folder was made from.
fresh() { [[ -f $1 && $(<"$1") == "$2" ]]; }

need_python() {
  local stamp=.venv/requirements-stamp hash
  hash=$(cat tests/requirements.txt <(python3 -VV) | sha256sum)
  fresh "$stamp" "$hash" && return
  say "installing Python packages into .venv"
  if [[ $(.venv/bin/python -VV 2>&1) != "$(python3 -VV)" ]]; then
    rm -rf .venv
    python3 -m venv .venv
  fi
  .venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
  echo "$hash" >"$stamp"
}

# What package-lock.json names in each of these folders; no script of a package runs.
need_node() {
  need_node_itself
  local folder
  for folder in "$@"; do
    local stamp=$folder/node_modules/.candor-stamp hash
    hash=$(sha256sum <"$folder/package-lock.json")
    fresh "$stamp" "$hash" && continue
    say "installing Node packages into $folder"
    (cd "$folder" && npm ci --ignore-scripts --silent --no-audit --no-fund </dev/null)
    # The package as this checkout builds it.
    if [[ -L $folder/node_modules/candor ]]; then
      ln -sfn ../../../build/dev/node/candor "$folder/node_modules/candor"
    fi
    echo "$hash" >"$stamp"
  done
}

