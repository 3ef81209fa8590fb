#!/usr/bin/env bash
# Resolves pyproject.toml into packaging/requirements/*.txt, with hashes, for every platform and Python from 3.11 on.
# `packaging/lock.sh --upgrade` takes newer versions; without it, versions that still fit stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
upgrade=("$@")
uv=$(command -v uv || echo .venv/bin/uv)
lock() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --custom-compile-command "make lock" "${upgrade[@]}" "$@"
}
# Only wheels: the machine that installs them has no compiler.
lock pyproject.toml --extra dev --only-binary :all: -o packaging/requirements/dev.txt
lock pyproject.toml --only-binary :all: -c packaging/requirements/dev.txt -o packaging/requirements/runtime.txt
# What runs without a window: the same versions, less Qt.
lock pyproject.toml --only-binary :all: -c packaging/requirements/dev.txt --no-emit-package pyside6-essentials \
  --no-emit-package shiboken6 --no-emit-package pyqtgraph --no-emit-package qasync -o packaging/requirements/services.txt
echo uv | lock - -o packaging/requirements/bootstrap.txt
