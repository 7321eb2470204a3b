#!/usr/bin/env bash
# The vendors' official SDKs against the Simulator. Installs them when package-lock.json has changed, then runs the tests.
# Build the services first; what is printed is TAP.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

command -v node >/dev/null 2>&1 || fail "Node.js is missing; the SDKs' tests need version 20 or later. Install it from https://nodejs.org and run this again."
command -v npm >/dev/null 2>&1 || fail "npm is missing; it comes with Node.js: https://nodejs.org"
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] || fail "Node.js 20 or later is needed; this is $(node --version)."

# npm writes node_modules/.package-lock.json last, so an install that broke off is made again.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  installed=$(npm ci --no-audit --no-fund --ignore-scripts 2>&1) || fail "$installed" "npm ci failed: are the packages reachable from here?"
  touch node_modules/.package-lock.json
fi

exec node --test --test-reporter=tap --test-concurrency=3
