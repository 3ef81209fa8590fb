#!/bin/sh
# Takes the application out of the menu again. Configuration, data and the program itself stay.
set -eu
if [ "$(id -u)" = 0 ]; then prefix=${PREFIX:-/usr/local}; else prefix=${PREFIX:-$HOME/.local}; fi
share=$prefix/share
if [ -L "$prefix/bin/workstation" ]; then rm -f "$prefix/bin/workstation"; fi
rm -f "$share/applications/trading-workstation.desktop" \
  "$share/metainfo/org.tradingworkstation.Workstation.metainfo.xml" \
  "$share"/icons/hicolor/*/apps/trading-workstation.png "$share/icons/hicolor/scalable/apps/trading-workstation.svg"
if command -v update-desktop-database >/dev/null 2>&1; then update-desktop-database -q "$share/applications" || true; fi
if command -v gtk-update-icon-cache >/dev/null 2>&1; then gtk-update-icon-cache -q -t "$share/icons/hicolor" || true; fi
echo "Trading Workstation is out of the menu."
