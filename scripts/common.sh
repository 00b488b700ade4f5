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

# The directory of the PostgreSQL server programs, the newest where there are several.
postgres_bin() {
  local dir
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
    /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin | sort -rV) /usr/bin /usr/local/bin; do
    if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ]; then echo "$dir"; return 0; fi
  done
  return 1
}

# Installs the PostgreSQL server programs unless they are there.
require_postgres() {
  postgres_bin >/dev/null && return 0
  if command -v apt-get >/dev/null; then
    # Debian starts a cluster of its own with the package unless it is told not to.
    as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
      echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  install postgresql postgresql-server postgresql postgresql postgresql@17
  postgres_bin >/dev/null || { echo "no PostgreSQL server programs found" >&2; exit 1; }
}

# Starts a temporary PostgreSQL on a free port. Sets $cluster to its directory, and $port. Stop it with stop_postgres. The
# arguments are further settings of the server, as NAME=VALUE.
start_postgres() {
  local bin home room options
  bin=$(postgres_bin)
  # In memory, if there is room: each test creates a database of a thousand files, and a disk spends a fifth of the run on
  # finding free inodes for them.
  room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) || true
  [ "${room:-0}" -ge $((4 * 1024 * 1024)) ] && home=/dev/shm || home=${TMPDIR:-/tmp}
  cluster=$(mktemp -d "$home/tessera-postgres.XXXXXX")
  # PostgreSQL does not run as root. Root runs it as the user that its package has created.
  postgres_owner=$(id -un)
  [ "$postgres_owner" != root ] || postgres_owner=$(id -u postgres >/dev/null 2>&1 && echo postgres || echo nobody)
  chown "$postgres_owner" "$cluster"
  as_postgres "$bin/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C -D "$cluster/data" >"$cluster/initdb.log" 2>&1 ||
    { cat "$cluster/initdb.log" >&2; return 1; }
  # The data is temporary, so it needs no fsync.
  options="-k $cluster -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c synchronous_commit=off$(printf ' -c %s' "$@")"
  for _ in $(seq 20); do
    port=$((20000 + RANDOM % 20000))
    as_postgres "$bin/pg_ctl" -D "$cluster/data" -l "$cluster/postgres.log" -w -o "-p $port $options" start >/dev/null 2>&1 &&
      return 0
  done
  cat "$cluster/postgres.log" >&2
  return 1
}

# Runs a command as the owner of the temporary PostgreSQL.
as_postgres() {
  if [ "$postgres_owner" = "$(id -un)" ]; then "$@"; else su "$postgres_owner" -s /bin/sh -c 'cd / && exec "$0" "$@"' -- "$@"; fi
}

stop_postgres() {
  [ -n "${cluster:-}" ] || return 0
  [ -e "$cluster/data/postmaster.pid" ] &&
    as_postgres "$(postgres_bin)/pg_ctl" -D "$cluster/data" -m immediate -w stop >/dev/null 2>&1
  rm -rf "$cluster"
}

# Provides a program from a Debian package in target/tools, without installing the package: no service starts, and the
# dependencies of the package, which the program does not need, are left out. Other systems install the package. Arguments: the
# program and the package. Adds the directory to PATH.
require_tool() {
  local tools=${CARGO_TARGET_DIR:-target}/tools/debian work
  mkdir -p "$tools"
  tools=$(cd "$tools" && pwd)
  case :$PATH: in *":$tools:"*) ;; *) export PATH=$PATH:$tools ;; esac
  command -v "$1" >/dev/null && return 0
  command -v apt-get >/dev/null || { install "$2" "$2" "$2" "$2" "$2"; return; }
  echo "extracting $1 from the package $2" >&2
  work=$(mktemp -d)
  (
    # Where apt runs as root, it warns that it cannot become another user in this directory.
    cd "$work" &&
      { apt-get download -qq "$2" 2>/dev/null || { as_root apt-get update -qq && apt-get download -qq "$2" 2>/dev/null; }; } &&
      dpkg-deb --fsys-tarfile "$2"_*.deb >package.tar && tar -xOf package.tar "./usr/bin/$1" >program &&
      chmod 755 program && mv program "$tools/$1"
  ) || { rm -rf "$work"; echo "$1 could not be installed" >&2; return 1; }
  rm -rf "$work"
}

# Installs the validators of the files in deploy, and the programs that build and start their image. Adds them to PATH.
require_deploy_tools() {
  require_tool promtool prometheus
  require_tool caddy caddy
  require_tool umoci umoci
  require_tool bwrap bubblewrap
  command -v systemd-analyze >/dev/null || install systemd systemd systemd systemd systemd
  local python=${CARGO_TARGET_DIR:-target}/tools/deploy
  cmp -s tests/deploy/requirements.txt "$python/requirements.txt" || {
    python_environment "$python" --requirement tests/deploy/requirements.txt &&
      cp tests/deploy/requirements.txt "$python" || return 1
  }
  export PATH=$PATH:$(cd "$python/bin" && pwd)
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
