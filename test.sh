#!/usr/bin/env bash
# The whole suite: builds with warnings as errors, runs every test project, ends with one line `N passed, N failed, N skipped`.
#   ./test.sh                       everything
#   ./test.sh Messaging EndToEnd    only these test projects
#   ./test.sh Sdk                   only the vendors' official SDKs against the Simulator (needs Node.js 20)
#   ./test.sh --long [project...]   fuzzed properties are tried a million times instead of 20,000
#   ./test.sh --faults              the long mode: breaks everything during real calls and writes docs/reliability.md
#   ./test.sh --faults --only kill --tries 4    some rows of it, fewer tries; --list names them, --hour adds the one that lasts an hour
#   ./test.sh --soak                the other long mode: 20 minutes of calls that come and go, and what of them stays
#   ./test.sh --soak --minutes 5 --calls 200    a shorter one; --at-once N incidents side by side
#   ./test.sh --heard               50 calls side by side that interrupt at random: what phones heard against what transcripts say
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. .ci/prerequisites.sh
need_dotnet
need_redis

if [ "${1:-}" = --faults ]; then
  shift
  dotnet build tests/Faults -c Release -nologo -v quiet -clp:NoSummary || exit 1
  exec dotnet artifacts/bin/Faults/release/Faults.dll --report docs/reliability.md "$@"
fi

if [ "${1:-}" = --soak ]; then
  shift
  # As it is deployed: figures of a debug build would say little.
  dotnet build tests/Load -c Release -nologo -v quiet -clp:NoSummary || exit 1
  exec dotnet artifacts/bin/Load/release/Load.dll --report docs/reliability.md "$@"
fi

if [ "${1:-}" = --heard ]; then
  dotnet build tests/Load -c Release -nologo -v quiet -clp:NoSummary || exit 1
  exec dotnet artifacts/bin/Load/release/Load.dll "$@"
fi

limit=600
if [ "${1:-}" = --long ]; then
  shift
  export CITYMONITOR_LONG=1
  limit=5400
fi

if ! dotnet build CityMonitor.Services.slnf -nologo -v quiet -clp:NoSummary; then
  echo "The build failed."
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi

results=artifacts/test-results
rm -rf "$results"
mkdir -p "$results"

# One test project; what it found goes to its .count as "passed failed skipped".
run() {
  local name=$1 log="$results/$1.log" started=$SECONDS code p f s
  timeout --kill-after=10 $limit "artifacts/bin/$name/debug/$name" --no-progress --no-ansi --results-directory "$results" >"$log" 2>&1
  code=$?
  count() { sed -nE "s/^ *$1: ([0-9]+).*/\1/p" "$log" | tail -1; }
  p=$(count succeeded) f=$(count failed) s=$(count skipped)
  p=${p:-0} f=${f:-0} s=${s:-0}
  # 8: no test was run, which is not a failure as long as others were.
  if [ $code -ne 0 ] && [ $code -ne 8 ] && [ "$f" -eq 0 ]; then
    echo "$name ended with exit code $code$([ $code -eq 124 ] && echo ' (longer than '$((limit / 60))' minutes)')" | tee -a "$log"
    f=1
  fi
  printf '%-28s %5d passed %4d failed %4d skipped  %4ds\n' "$name" "$p" "$f" "$s" $((SECONDS - started))
  if [ "$f" -gt 0 ]; then sed 's/^/    /' "$log" | grep -v '^ *passed ' | tail -120; fi
  echo "$p $f $s" >"$results/$name.count"
}

# Whether the project is in this list.
is_of() { case " $2 " in *" ${1%.Tests} "* | *" $1 "*) ;; *) return 1 ;; esac; }

wanted=()
for project in tests/*.Tests; do
  name=$(basename "$project")
  if [ $# -eq 0 ] || is_of "$name" "$*"; then wanted+=("$name"); fi
done

# Two cores: beside what mostly waits runs what computes. Conversations in real time have the machine to themselves.
waiting="TelephonyApi AgentWorker" alone="MediaBridge EndToEnd"
for name in "${wanted[@]}"; do if is_of "$name" "$waiting"; then run "$name"; fi; done &
for name in "${wanted[@]}"; do is_of "$name" "$waiting $alone" || run "$name"; done
wait
for name in "${wanted[@]}"; do if is_of "$name" "$alone"; then run "$name"; fi; done

passed=0 failed=0 skipped=0
for name in "${wanted[@]}"; do
  read -r p f s <"$results/$name.count" || p=0 f=1 s=0
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

# The vendors' own SDKs are JavaScript and have a runner of their own; what they find counts like everything else.
case " ${*:-Sdk} " in
  *" Sdk "*)
    log="$results/Sdk.log"
    started=$SECONDS
    timeout --kill-after=10 300 tests/Sdk/run.sh >"$log" 2>&1
    code=$?
    count() { awk -v what="$1" '$1 == "#" && $2 == what { n = $3 } END { print n + 0 }' "$log"; }
    p=$(count pass) f=$(($(count fail) + $(count cancelled))) s=$(($(count skipped) + $(count todo)))
    if [ $((code + p)) -eq 0 ]; then code="0 without having run a test"; fi
    if [ "$code" != 0 ] && [ "$f" -eq 0 ]; then
      echo "Sdk ended with exit code $code" | tee -a "$log"
      f=1
    fi
    printf '%-28s %5d passed %4d failed %4d skipped  %4ds\n' Sdk "$p" "$f" "$s" $((SECONDS - started))
    if [ "$f" -gt 0 ]; then sed 's/^/    /' "$log" | grep -v '^ *ok ' | tail -120; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    ;;
esac

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ $((passed + failed)) -gt 0 ]
