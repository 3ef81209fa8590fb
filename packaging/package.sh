#!/usr/bin/env bash
# Builds the application in dist/ from the packages of .venv, by the spec of this platform.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case $(uname -s) in
  Linux) platform=linux ;;
  Darwin) platform=macos ;;
  *) platform=windows ;;
esac
python=.venv/bin/python
if [[ $platform == windows ]]; then python=.venv/Scripts/python; fi

"$python" packaging/icons.py build/icons
"$python" -m PyInstaller --clean --noconfirm --log-level ERROR --distpath dist --workpath build/pyinstaller \
  "packaging/$platform/workstation.spec"
printf 'package: %s\n' "$(du -sh dist/workstation)"
