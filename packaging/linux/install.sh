#!/bin/sh
# Puts the application into the menu of the desktop: ./workstation/_internal/desktop/install.sh, as who will use it, or
# as root for everybody. The program stays where it is; PREFIX says where the entries go.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
program=$(CDPATH='' cd -- "$here/../.." && pwd)/workstation
if [ ! -x "$program" ]; then
  echo "install: there is no program $program: keep this script where the application was unpacked." >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then prefix=${PREFIX:-/usr/local}; else prefix=${PREFIX:-$HOME/.local}; fi
share=$prefix/share

mkdir -p "$prefix/bin" "$share/applications" "$share/metainfo"
ln -sfn "$program" "$prefix/bin/workstation"
# A desktop entry writes a path in quotes, with its own escapes for what stands in them.
quoted=$(printf '%s' "$program" | sed 's/[\\"`$]/\\\\&/g; s/%/%%/g')
while IFS= read -r line; do
  case $line in
    Exec=workstation*) printf 'Exec="%s"%s\n' "$quoted" "${line#Exec=workstation}" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$here/trading-workstation.desktop" >"$share/applications/trading-workstation.desktop"
cp "$here/org.tradingworkstation.Workstation.metainfo.xml" "$share/metainfo/"
for size in 16 24 32 48 64 128 256 512; do
  icons=$share/icons/hicolor/${size}x$size/apps
  mkdir -p "$icons"
  cp "$here/workstation-$size.png" "$icons/trading-workstation.png"
done
mkdir -p "$share/icons/hicolor/scalable/apps"
cp "$here/../resources/application/workstation.svg" "$share/icons/hicolor/scalable/apps/trading-workstation.svg"
if command -v update-desktop-database >/dev/null 2>&1; then update-desktop-database -q "$share/applications" || true; fi
if command -v gtk-update-icon-cache >/dev/null 2>&1; then gtk-update-icon-cache -q -t "$share/icons/hicolor" || true; fi
echo "Trading Workstation is in the menu; in a terminal it is $prefix/bin/workstation."
