#!/usr/bin/env bash
# Makes .venv from the lock and checks that Qt can start. Run again it does nothing unless the lock or the project changed.
# With --test it also sees to the browser and the Node.js that some tests need, with --desktop to an X display and hands.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lock=packaging/requirements/dev.txt
bootstrap=packaging/requirements/bootstrap.txt
python=.venv/bin/python
packages_stamp=.venv/.packages
qt_stamp=.venv/.qt
browser_stamp=.venv/.browser
node_stamp=.venv/.node

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  fail "No Python 3.11 or newer was found: install python3 (on Debian: apt install python3 python3-venv) and run this again."
}

make_environment() {
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then return; fi
  local base
  base=$(find_python)
  say "making .venv with $("$base" --version)"
  rm -rf .venv
  "$base" -m venv .venv >/dev/null 2>&1 || {
    rm -rf .venv
    uv venv --quiet --no-python-downloads --python "$base" .venv 2>/dev/null ||
      fail "Python's venv module does not work here: install it (on Debian: apt install python3-venv) and run this again."
  }
}

# Prints a uv that runs, or nothing. The pinned one goes into .venv if there is none on PATH.
find_uv() {
  local candidate
  for candidate in uv .venv/bin/uv; do
    if "$candidate" --version >/dev/null 2>&1; then echo "$candidate"; return; fi
  done
  if "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$bootstrap" >&2; then
    echo .venv/bin/uv
  fi
}

with_uv() {
  local uv=$1
  # uv does not read pip's settings: hand over the index and certificates that the user gave pip.
  if [[ -n ${PIP_INDEX_URL:-} ]]; then export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}; fi
  if [[ -n ${PIP_CERT:-} ]]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}; fi
  "$uv" pip install --python "$python" --require-hashes -r "$lock" &&
    "$uv" pip install --python "$python" --quiet --no-deps --no-build-isolation --editable .
}

with_pip() {
  "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null
  local pip=("$python" -m pip install --disable-pip-version-check)
  "${pip[@]}" --require-hashes -r "$lock" && "${pip[@]}" --quiet --no-deps --no-build-isolation --editable .
}

# Changes with the lock, the project's metadata, this script, the Python of .venv and the folder.
fingerprint() { { cat "$lock" pyproject.toml packaging/setup.sh .venv/pyvenv.cfg 2>/dev/null; pwd -P; } | cksum; }

install_packages() {
  make_environment
  if [[ -f $packages_stamp && $(<"$packages_stamp") == "$(fingerprint)" ]]; then return; fi
  rm -f "$packages_stamp" "$qt_stamp"
  say "installing the packages of $lock into .venv (about 1.2 GB on disk)"
  local uv
  uv=$(find_uv)
  if [[ -z $uv ]] || ! with_uv "$uv"; then
    say "uv could not install the packages; trying with pip, which is slower"
    with_pip || fail "The packages could not be installed: check the network (and PIP_INDEX_URL, if you use a mirror) and run this again."
  fi
  fingerprint >"$packages_stamp"
}

qt_starts() { QT_QPA_PLATFORM=offscreen "$python" -c 'from PySide6.QtWidgets import QApplication; QApplication([])' >/dev/null 2>&1; }

# Shared libraries that Qt's X11 plugin lacks on this machine.
x11_lacks() {
  local plugin
  plugin=$("$python" -c 'import PySide6, pathlib; print(pathlib.Path(PySide6.__file__).parent / "Qt/plugins/platforms/libqxcb.so")')
  ldd "$plugin" 2>/dev/null | sed -n 's/ => not found//p'
}

# install_system WHAT PACKAGE…
install_system() {
  local what=$1
  shift
  local as_root=()
  if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
  command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || return 1
  say "installing Debian packages that $what needs: $*"
  local output
  output=$({ "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } 2>&1) ||
    { tail -n 5 <<<"$output" >&2; return 1; }
}

check_qt() {
  [[ $(uname -s) == Linux ]] || return 0
  local wanted=offscreen
  if [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} || ${1:-} == --desktop ]]; then wanted=display; fi
  if [[ -f $qt_stamp && ( $(<"$qt_stamp") == "$wanted" || $(<"$qt_stamp") == display ) ]]; then return; fi

  local base=(libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0)
  local window=(libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0)
  local missing=()
  qt_starts || missing+=("${base[@]}")
  if [[ $wanted == display && -n $(x11_lacks) ]]; then missing+=("${window[@]}"); fi

  if [[ ${#missing[@]} -gt 0 ]] && ! install_system Qt "${missing[@]}"; then
    say "Qt needs system libraries that are not here: install ${missing[*]} (on Debian: apt install with these names) and run this again; until then only --no-gui works."
    return
  fi
  if ! qt_starts; then
    say "Qt does not start although its system libraries are installed: run QT_DEBUG_PLUGINS=1 QT_QPA_PLATFORM=offscreen $python -c 'from PySide6 import QtWidgets' for the reason; until then only --no-gui works."
    return
  fi
  echo "$wanted" >"$qt_stamp"
}

# Tried once: without it the tests of the web monitor are skipped and say why.
check_browser() {
  if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || [[ -f $browser_stamp ]]; then return; fi
  touch "$browser_stamp"
  install_system "the test of the web monitor" chromium ||
    say "There is no Chromium, so the web monitor is not tested: install it (on Debian: apt install chromium)."
}

# Tried once: without it the test of a client in another language is skipped and says why.
check_node() {
  if { command -v node && command -v npm; } >/dev/null || [[ -f $node_stamp ]]; then return; fi
  touch "$node_stamp"
  install_system "the test of a client in another language" nodejs npm ||
    say "There is no Node.js with npm, so a client in another language is not tested: install them (on Debian: apt install nodejs npm)."
}

check_desktop() {
  if { command -v Xvfb && command -v xdotool; } >/dev/null; then return; fi
  install_system "the test of the desktop" xvfb xdotool ||
    say "There is no Xvfb with xdotool, so the desktop is not tested: install them (on Debian: apt install xvfb xdotool)."
}

install_packages
check_qt "${1:-}"
if [[ ${1:-} == --test ]]; then
  check_browser
  check_node
fi
if [[ ${1:-} == --desktop ]]; then
  check_desktop
fi
