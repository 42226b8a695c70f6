#!/usr/bin/env bash
# Previews a stack on a machine without the register: shows the addresses that are known, and changes nothing.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: preview.sh STACK" >&2
  exit 2
fi

# The page that GitHub shows for the run; elsewhere there is none.
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
fence() { echo '```' >>"$summary"; }
trap fence EXIT
fence

# --show-sames: the addresses of machines that stay as they are, too.
pulumi preview --stack "$1" --non-interactive --color never --diff --show-sames 2>&1 | tee -a "$summary"
