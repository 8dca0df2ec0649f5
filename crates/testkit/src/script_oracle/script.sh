#!/bin/sh
# Mirrors one reference to another repository through a fresh bare one, as pipelines do without refsync.
#
#   SOURCE_URL TARGET_URL        the two repositories
#   SOURCE_TOKEN TARGET_TOKEN    access tokens for http and https; may be empty
#   REFERENCE                    the full name of a branch or tag
#   REFERENCE_SHA_OLD            its value before the change; empty or null: not known; zeros: it did not exist
#   SYNC_DELETE                  true: delete on the target what the source lacks
#
# Exits 0 when done, 1 when a side cannot be read or a deletion fails, 2 when the push is refused and no old
# value is known, 3 when the target has another value than the old one.

set -u
reference=$REFERENCE
old=${REFERENCE_SHA_OLD:-}
[ "$old" = null ] && old=

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
git init -q --bare || exit 1

# In the repository's own configuration: arguments are there for every process to see.
authorize() {
    [ -z "$2" ] && return
    printf '[http "%s"]\n\textraHeader = Authorization: Basic %s\n' "$1" "$(printf 'git:%s' "$2" | base64 | tr -d '\n')" >>config
}
authorize "$SOURCE_URL" "${SOURCE_TOKEN:-}"
authorize "$TARGET_URL" "${TARGET_TOKEN:-}"

listing=$(git ls-remote "$SOURCE_URL" "$reference") || exit 1
# ls-remote matches the end of names; only the whole name counts.
value=$(printf '%s\n' "$listing" | awk -v name="$reference" '$2 == name { print $1 }')

if [ -n "$value" ]; then
    git fetch -q "$SOURCE_URL" "$reference:$reference" || exit 1
    git push -q "$TARGET_URL" "$reference:$reference" && exit 0
    [ -z "$old" ] && exit 2
    git push -q --force-with-lease="$reference:$old" "$TARGET_URL" "$reference:$reference" && exit 0
    exit 3
fi

[ "${SYNC_DELETE:-}" = true ] || exit 0
if [ -z "$old" ]; then
    git push -q "$TARGET_URL" --delete "$reference" || exit 1
else
    git push -q --force-with-lease="$reference:$old" "$TARGET_URL" --delete "$reference" || exit 1
fi
