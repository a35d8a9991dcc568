#!/usr/bin/env bash
# What the tests in a real VS Code need: Chromium, ripgrep, and code-server built from npm.
#
#   tests/e2e/vscode/setup.sh [FOLDER]      default: build/code-server
#
# code-server 4.100.3 is VS Code 1.100.3 for Node 20. Its install scripts download binaries, so it is
# installed without them, and only the native modules it needs are built, against the headers of the
# Node that runs it. About two minutes the first time; a stamp says when it is done.
set -euo pipefail
here=$(cd "$(dirname "$0")/../../.." && pwd)
folder=${1:-$here/build/code-server}
version=4.100.3

missing=()
for program in chromium rg g++ make; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if [ "${#missing[@]}" -gt 0 ]; then
  declare -A package=([chromium]=chromium [rg]=ripgrep [g++]=g++ [make]=make)
  apt-get update -qq
  wanted=()
  for program in "${missing[@]}"; do wanted+=("${package[$program]}"); done
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
fi

stamp=$folder/.ready-$version
if [ -e "$stamp" ]; then
  echo "code-server $version is in $folder"
  exit 0
fi
mkdir -p "$folder"
cd "$folder"
[ -f package.json ] || npm init -y >/dev/null
npm install --ignore-scripts --loglevel=error --no-audit --no-fund "code-server@$version"
export npm_config_nodedir=${NODEDIR:-$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")}
(
  cd node_modules/code-server/lib/vscode
  npm install --ignore-scripts --omit=dev --loglevel=error --no-audit --no-fund
  (cd extensions && npm install --ignore-scripts --omit=dev --loglevel=error --no-audit --no-fund)
  ln -sfn node_modules node_modules.asar
  # node-pty reports an error after its module is built; the terminal is not used here.
  for module in @vscode/spdlog node-pty native-watchdog @parcel/watcher; do
    [ -d "node_modules/$module" ] && npm rebuild --loglevel=silent "$module" >/dev/null 2>&1 || true
  done
  mkdir -p node_modules/@vscode/ripgrep/bin
  ln -sfn "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
)
npm rebuild --loglevel=silent argon2 >/dev/null
node node_modules/code-server/out/node/entry.js --config "$folder/config.yaml" --version
touch "$stamp"
