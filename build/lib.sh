# What build/run, build/test and build/bench share. Sourced, never run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
bin=$root/bin
mkdir -p "$bin"
tags=desktop,production,webkit2_41
export GOFLAGS=-mod=readonly
# The program carries the time of its commit. Git refuses a checkout of another owner (sudo) unless it is named.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$root

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# Kept to what Debian 12 calls them. runtime: to build and run; testing: what the tests need besides.
runtime_packages="gcc libc6-dev pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev webkit2gtk-driver xvfb fonts-noto-core
  softhsm2 libp11-kit-dev libusb-1.0-0-dev libudev-dev openssl opensc opensc-pkcs11 umockdev pcscd libccid ca-certificates"
gost_packages="libengine-gost-openssl libssl-dev"
testing_packages="$gost_packages valgrind postgresql libbcpkix-java libbcprov-java libbcutil-java default-jdk-headless
  dosfstools exfatprogs mtools fusefat exfat-fuse ntfs-3g e2fsprogs mount cryptsetup-bin genisoimage
  at-spi2-core dbus python3-pyatspi gir1.2-atspi-2.0 python3-gi imagemagick curl git jq sqlite3 poppler-utils zbar-tools
  cups-daemon cups-client cups-ipp-utils cups-filters-core-drivers"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || die "this needs root to install packages: run it as root, or install sudo. Packages: $*"
  sudo "$@"
}

# need_versions stops early where the two languages are missing or too old: Debian 12's own are.
need_versions() {
  command -v go >/dev/null || die "Go is missing. Install Go 1.26 or later (https://go.dev/dl) and run this again."
  command -v node >/dev/null || die "Node is missing. Install Node 20.19 or later (https://nodejs.org; Debian 12's own, 18, is too old) and run this again."
  local g n
  g=$(go env GOVERSION | sed 's/^go//'); n=$(node --version | sed 's/^v//')
  at_least "$g" 1.26 || die "Go $g is too old: 1.26 or later is needed."
  at_least "$n" 20.19 || die "Node $n is too old: 20.19 or later is needed."
}
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

# need_packages installs what is missing of its arguments, and nothing when nothing is.
need_packages() {
  local missing=() p
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || die "these packages are missing and there is no apt-get to install them: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root apt-get -o DPkg::Lock::Timeout=600 update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" >"$bin/packages.log" 2>&1 ||
    { tail -n 20 "$bin/packages.log" >&2; die "installing packages failed; the whole output is in bin/packages.log"; }
}

# newer FILE DIR...: is anything under DIR... newer than FILE?
newer() {
  local stamp=$1; shift
  [ ! -e "$stamp" ] || [ -n "$(find "$@" -path '*/node_modules' -prune -o -path 'frontend/dist/assets' -prune -o -newer "$stamp" -type f -not -path 'frontend/dist/.keep' -print -quit)" ]
}

build_page() {
  if newer frontend/node_modules/.package-lock.json frontend/package-lock.json; then
    say "fetching the page's packages"
    (cd frontend && npm ci --no-audit --no-fund --loglevel=error)
    touch frontend/node_modules/.package-lock.json
  fi
  if newer "$bin/.page" frontend || [ ! -e frontend/dist/index.html ]; then
    say "building the page"
    (cd frontend && npm run --silent build >"$bin/page.log" 2>&1) || { cat "$bin/page.log" >&2; die "building the page failed"; }
    touch "$bin/.page"
  fi
}

# One set of flags for every program: another set would compile the whole library again.
go_build() { go build -trimpath -ldflags '-s -w' "$@"; }

build_programs() {
  build_page
  if newer "$bin/.programs" main.go go.mod go.sum app hardware storage sync frontend/dist/index.html; then
    say "building the programs"
    go_build -tags $tags -o "$bin/tirkeu" .
    go_build -o "$bin/tirkeu-token" ./hardware/cmd/tirkeu-token
    CGO_ENABLED=0 go_build -o "$bin/tirkeu-mount" ./hardware/cmd/tirkeu-mount # the privileged one loads no library
    go_build -o "$bin/tirkeu-centre" ./sync/cmd/tirkeu-centre
    touch "$bin/.programs"
  fi
}

# The programs of the demonstration and of training: never part of a release. Tags alone tell them apart (app/terminal/edition.go); those that end in
# e2e may be driven from outside besides.
build_demonstration() {
  if newer "$bin/.demonstration" main.go go.mod go.sum app hardware storage sync frontend/dist/index.html; then
    say "building the demonstration and the training program"
    go_build -o "$bin/tirkeu-dock" ./hardware/virtual/cmd/tirkeu-dock
    go_build -o "$bin/tirkeu-bus" ./hardware/virtual/cmd/tirkeu-bus
    go_build -tags $tags,demonstration -o "$bin/tirkeu-demo" .
    go_build -tags $tags,demonstration,e2e -o "$bin/tirkeu-e2e" .
    go_build -tags $tags,training -o "$bin/tirkeu-training" .
    go_build -tags $tags,training,e2e -o "$bin/tirkeu-training-e2e" .
    touch "$bin/.demonstration"
  fi
}

# Processes started here end with the script, by pid.
pids=()
started() { pids+=("$1"); }
stop_all() {
  local i p
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    p=${pids[$i]}
    kill -TERM "$p" 2>/dev/null || continue
    for _ in $(seq 50); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$p" 2>/dev/null || true
  done
  pids=()
}

# free_port draws a TCP port as the tests' driver does.
free_port() { node -e 'import("./frontend/e2e/webdriver.mjs").then(async m => console.log(await m.freePort()))'; }

# need_display GEOMETRY: uses the display there is, or starts Xvfb and says so.
need_display() {
  if [ -n "${DISPLAY:-}" ] && [ -z "${TIRKEU_OWN_DISPLAY:-}" ]; then return; fi
  local file number=
  file=$(mktemp)
  Xvfb -displayfd 3 -screen 0 "${1}x24" -nolisten tcp -noreset 3>"$file" >"$bin/xvfb.log" 2>&1 & # it takes a number nobody has, also beside another one that starts; a reset, when the last window has gone, would turn the next one away
  started $!
  for _ in $(seq 100); do read -r number <"$file" && break; sleep 0.1; done
  rm -f "$file"
  [ -n "$number" ] || die "Xvfb did not start; see bin/xvfb.log"
  export DISPLAY=:$number
  say "no display found: using Xvfb $DISPLAY (${1})"
}

# wait_line FILE TEXT PID SECONDS: until a line with TEXT stands in FILE.
wait_line() {
  for _ in $(seq $(($4 * 10))); do
    grep -q -- "$2" "$1" 2>/dev/null && return 0
    kill -0 "$3" 2>/dev/null || { tail -n 20 "$1" >&2; return 1; }
    sleep 0.1
  done
  return 1
}
