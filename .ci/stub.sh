#!/bin/sh
# redpkt @VERSION@ for @TARGET@, packed into one file by .ci/compile.ts: this script, and behind it Deno and the program
# as a tar, compressed with @TOOL@. The first start unpacks them into a cache, under the hash of what is packed.
set -eu
hash=@HASH@

fail() {
  echo "redpkt: $1" >&2
  exit 2
}

# Nobody else may have put a file there that we would run.
is_usable() {
  mkdir -p -m 700 "$1" 2>/dev/null && [ -w "$1" ] && [ -O "$1" ]
}

if [ -n "${REDPKT_CACHE:-}" ]; then
  cache=$REDPKT_CACHE
elif is_usable "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/redpkt"; then
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/redpkt
else
  cache=${TMPDIR:-/tmp}/redpkt-$(id -u)
fi

unpack() {
  command -v @TOOL@ >/dev/null ||
    fail "this file is compressed with @TOOL@, which is not installed here: install it, or take a build that uses gzip"
  is_usable "$cache" ||
    fail "$cache: cannot unpack there. Set REDPKT_CACHE to a folder of yours with @MEGABYTES@ MB free"
  temporary=$(mktemp -d "$cache/.unpack.XXXXXX")
  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 130' INT TERM
  # A pipe tells only how its last part ended.
  { tail -n +@LINE@ "$0" | @TOOL@ -dc || : >"$temporary/is-broken"; } | tar -xf - -C "$temporary" &&
    [ ! -e "$temporary/is-broken" ] ||
    fail "$0: cannot be unpacked into $cache: it is incomplete, or no space is left (@MEGABYTES@ MB)"
  mkdir -p "$cache/$hash"
  mv -f "$temporary"/*.js "$cache/$hash/"
  # Last: whoever finds it finds everything, also when two start at once.
  mv -f "$temporary/deno" "$cache/$hash/deno"
  rm -rf "$temporary"
  trap - EXIT INT TERM
}

[ -x "$cache/$hash/deno" ] || unpack
export DENO_DIR="${DENO_DIR:-$cache/deno}" DENO_NO_UPDATE_CHECK=1
exec "$cache/$hash/deno" run @FLAGS@ "$cache/$hash/main.js" "$@"
