#!/bin/sh
# Makes the warehouse of a release with the release's own code: tests/upgrade/make.sh COMMIT VERSION
set -eu
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
folder=$PWD/.local/release-$2
into=$PWD/tests/upgrade/$2
script=$PWD/tests/upgrade/make.py
mkdir -p "$folder" "$into"
git archive "$1" | tar -x -C "$folder"
cd "$folder"
python3 setup/bootstrap.py
.venv/bin/python "$script" "$into"
