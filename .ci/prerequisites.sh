# Sourced by run.sh and test.sh: the .NET SDK must be there, redis-server is installed where we may.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_UI_LANGUAGE=en
# A fresh machine has no ICU libraries, and nothing here needs them.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

need_dotnet() {
  if ! command -v dotnet >/dev/null 2>&1; then
    if [ -x "$HOME/.dotnet/dotnet" ]; then PATH="$HOME/.dotnet:$PATH"; export PATH; else
      echo "The .NET 10 SDK is missing. Install it from https://dot.net/download and run this again." >&2
      exit 1
    fi
  fi
  # Test programs are started as they are, and have to find the runtime that the SDK brought.
  if [ -z "${DOTNET_ROOT:-}" ]; then
    DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
    if [ -d "$DOTNET_ROOT/shared" ]; then export DOTNET_ROOT; else unset DOTNET_ROOT; fi
  fi
  case "$(dotnet --version 2>&1)" in
    10.* | 1[1-9].*) ;;
    *)
      echo "The .NET 10 SDK is needed (global.json); dotnet says: $(dotnet --version 2>&1 | head -1)" >&2
      echo "Install it from https://dot.net/download and run this again." >&2
      exit 1
      ;;
  esac
}

need_redis() {
  [ -n "${ConnectionStrings__redis:-}" ] && return 0
  command -v redis-server >/dev/null 2>&1 && return 0
  local root=""
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then root="sudo -n"; else root=none; fi
  fi
  if [ "$root" != none ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing redis-server ..."
    # RUNLEVEL=1 keeps Debian from starting a server of its own on 6379; we start ours.
    if { $root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null 2>&1 ||
      { $root apt-get update -qq && $root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null; }; } &&
      command -v redis-server >/dev/null 2>&1; then
      return 0
    fi
  fi
  {
    echo "redis-server is missing and could not be installed from here. Type one of these and run this again:"
    echo "  Debian, Ubuntu:  sudo apt-get install -y redis-server"
    echo "  Fedora:          sudo dnf install -y redis"
    echo "  macOS:           brew install redis"
    echo "or point at a Redis 7 of yours:  export ConnectionStrings__redis=localhost:6379"
  } >&2
  exit 1
}
