# Functions of the scripts in this folder. They source it from the root of the repository.

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs a package. Arguments: its name for apt, dnf, apk, pacman and Homebrew.
install() {
  echo "installing $1" >&2
  if command -v apt-get >/dev/null; then
    # Without a network, this fails soon.
    local patience=(-o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15)
    as_root apt-get update -qq "${patience[@]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${patience[@]}" \
      -o Dpkg::Options::=--force-confold "$1" >/dev/null
  elif command -v dnf >/dev/null; then as_root dnf install -q -y "$2"
  elif command -v apk >/dev/null; then as_root apk add --quiet "$3"
  elif command -v pacman >/dev/null; then as_root pacman -S --noconfirm --needed "$4"
  elif command -v brew >/dev/null; then brew install --quiet "$5"
  else echo "please install $1 and run this again" >&2; exit 1
  fi
}

# Installs make, which the build of jemalloc needs, unless it is there. Rust itself needs a C compiler as its linker.
require_make() { command -v make >/dev/null || install make make make make make; }

# Installs curl and a browser unless they are there.
require_browser() {
  command -v curl >/dev/null || install curl curl curl curl curl
  command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null ||
    [ -e /Applications/Chromium.app ] || prefer_headless || install chromium chromium chromium chromium chromium
}

# Installs Chromium without an interface if it exists as a package of its own, as in Debian. It starts with half the
# processor time.
prefer_headless() {
  command -v chromium-headless-shell >/dev/null ||
    { command -v apt-get >/dev/null && install chromium-headless-shell 2>/dev/null; }
}

# Installs a server program unless it is there. Debian starts one of its own with the package.
require_daemon() {
  command -v "$1" >/dev/null && return 0
  install "$1" "$1" "$1" "$1" "$1"
  if command -v service >/dev/null; then as_root service "$1" stop >/dev/null 2>&1 || true; fi
}

# Installs systemd-socket-activate on Linux unless it is there. It needs no running systemd.
require_socket_activation() {
  [ "$(uname)" != Linux ] || command -v systemd-socket-activate >/dev/null || install systemd systemd systemd systemd systemd ||
    echo "systemd-socket-activate could not be installed" >&2
}

# Installs what the commands of the documents need unless it is there.
require_documented() {
  require_browser
  command -v openssl >/dev/null || install openssl openssl openssl openssl openssl
  command -v python3 >/dev/null || install python3 python3 python3 python python
}

# Installs Python with the module venv unless it is there. Debian has a package of its own for the second part of venv.
require_python() { python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv python3 python3 python python; }

# Creates a Python environment in a directory. Arguments: the directory, then packages or options for pip.
python_environment() {
  local directory=$1; shift
  require_python
  python3 -m venv --clear "$directory"
  "$directory/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# Removes the settings of the service from the environment.
unset_settings() {
  local setting
  for setting in $(compgen -e TESSERA_ || true); do unset "$setting"; done
}

# Starts a service on a free port and waits until it is ready. Sets $service to its process id, and $url. Stop it with
# stop_service. Arguments: the binary, a prefix for the paths of its output, and settings as NAME=VALUE. The service gets no
# other settings and a directory of its own: it must not read the settings of a developer, nor write its mails to theirs.
start_service() {
  local binary output=$2
  binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1"); shift 2
  mkdir -p "$output.home"; : >"$output.ready"
  (
    unset_settings; cd "$output.home"
    exec env TESSERA_LISTEN=127.0.0.1:0 TESSERA_LOG=warn "$@" "$binary"
  ) >"$output.ready" 2>"$output.log" &
  service=$! url=
  for _ in $(seq 6000); do
    url=$(sed -n 's/^Tessera is ready: \(http[^ ]*\).*/\1/p' "$output.ready")
    [ -z "$url" ] || return 0
    kill -0 "$service" 2>/dev/null || break
    read -rt 0.005 <> <(:) || true
  done
  echo "the service did not start" >&2
  cat "$output.log" >&2
  return 1
}

stop_service() { [ -z "${service:-}" ] || { kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true; }; }

# Sends JSON. Arguments are those of curl.
json() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }

# Prints one text field of a response.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
