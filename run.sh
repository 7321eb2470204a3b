#!/usr/bin/env bash
# Starts the whole of City Monitor on this machine; every vendor without credentials is simulated.
#   ./run.sh                start everything and print the URLs; Ctrl-C ends it
#   ./run.sh demo           raise an incident and watch it being handled, call and all
#   ./run.sh demo inbound   somebody phones the city and reports an accident
#   ./run.sh --dashboard    with the Aspire dashboard (traces, metrics, logs)
#   ./run.sh --help         everything else
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. .ci/prerequisites.sh
need_dotnet
case " $* " in *" --help "* | *" -h "* | *" -? "*) ;; *) need_redis ;; esac

# DevHost's build builds every service that it starts.
if ! built=$(dotnet build DevHost/DevHost.csproj -nologo -v quiet -clp:NoSummary 2>&1); then
  printf '%s\n' "$built" >&2
  exit 1
fi
exec dotnet artifacts/bin/DevHost/debug/DevHost.dll "$@"
