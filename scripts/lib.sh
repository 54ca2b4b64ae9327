# shellcheck shell=bash
# Shared by the shell scripts: saying things, and running a step quietly. Sourced, never run.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# One line that tells what is going on: rewritten in place on a terminal, nothing elsewhere.
progress() {
  [ -t 2 ] || return 0
  printf '\r\033[K%.*s' "$(($(tput cols 2>/dev/null || echo 80) - 1))" "$*" >&2
}

progress_end() {
  [ -t 2 ] || return 0
  printf '\r\033[K' >&2
}

# watched WHAT LOG COMMAND…: runs the command with its output in LOG, and a progress line while it works (off a terminal
# a plain line every half minute). Passes on the exit code.
watched() {
  local what=$1 log=$2 pid code started=$SECONDS told=$SECONDS
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    progress "$what ($((SECONDS - started)) s) $(tail -n 1 "$log" | tr -d '\r')"
    if [ ! -t 2 ] && [ $((SECONDS - told)) -ge 30 ]; then
      say "$what … $((SECONDS - started)) s"
      told=$SECONDS
    fi
    sleep 0.2
  done
  wait "$pid"
  code=$?
  progress_end
  return "$code"
}

# quietly WHAT COMMAND…: watched, nothing on success, the whole output on failure.
quietly() {
  local what=$1 log code
  shift
  log=$(mktemp) || return 1
  watched "$what" "$log" "$@"
  code=$?
  [ "$code" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  return "$code"
}
