#!/bin/sh
# Brings a commit to a server, or the server back to the release before: docs/operations.md.
#
#   deploy/release.sh HOST [COMMIT]     archive, copy, install (HEAD if no commit is named)
#   deploy/release.sh HOST --rollback   make the previous release current again
#
# Needs ssh to HOST as somebody who may sudo. What runs there is deploy/install.sh out of the archive.
set -eu

usage="usage: deploy/release.sh HOST [COMMIT | --rollback]"
host=${1:?$usage}
prefix=${MICROCOSM_PREFIX:-/opt/microcosm}
cd "$(dirname "$0")/.."

if [ "${2:-}" = --rollback ]; then
	exec ssh "$host" "sudo $prefix/current/deploy/install.sh --rollback"
fi

commit=$(git rev-parse --verify "${2:-HEAD}^{commit}")
release=$(date -u +%Y%m%d%H%M%S)-$(git rev-parse --short "$commit")
archive=$(mktemp -d)/$release.tar.gz
trap 'rm -rf "$(dirname "$archive")"' EXIT

git archive --format=tar.gz --output="$archive" "$commit"
scp -q "$archive" "$host:/tmp/$release.tar.gz"
# The names hold only digits, letters and dashes, so the remote shell has nothing to split.
ssh "$host" "set -e
	sudo mkdir -p $prefix/releases/$release
	sudo tar -xzf /tmp/$release.tar.gz -C $prefix/releases/$release
	rm /tmp/$release.tar.gz
	sudo $prefix/releases/$release/deploy/install.sh $release"
