#!/bin/sh
# On the server, as root: makes an unpacked release the running one, or goes back.
#
#   install.sh RELEASE      packages, migrations, static files, switch, restart; back again if it does not answer
#   install.sh --rollback   the release before the current one
#
# A migration must work with the code already running (docs/house-style), so going back undoes none; but the functions of
# the database are made anew, because they are those of the release that was migrated last.
set -eu

prefix=${MICROCOSM_PREFIX:-/opt/microcosm}
environment=${MICROCOSM_ENVIRONMENT:-/etc/microcosm/environment}
account=${MICROCOSM_ACCOUNT:-microcosm}
address=${MICROCOSM_ADDRESS:-127.0.0.1:8001}
seconds=${MICROCOSM_WAIT_SECONDS:-30}
kept=4
units="microcosm-http.service microcosm-live.service microcosm-worker.service microcosm-scheduler.service"

say() { echo "microcosm: $*"; }
fail() { echo "microcosm: $*" >&2; exit 1; }

current() { basename "$(readlink "$prefix/current" 2>/dev/null || true)"; }

# In the release's folder, with the service's environment, as the service's account.
manage() {
	(
		set -a
		. "$environment"
		DJANGO_SETTINGS_MODULE=microcosm.settings.base
		set +a
		cd "$prefix/releases/$1"
		shift
		if [ "$(id -un)" = "$account" ]; then exec "$@"; fi
		exec setpriv --reuid "$account" --regid "$account" --init-groups --inh-caps=-all "$@"
	)
}

# An index on a large table may take longer than a statement of a request may.
migrate() {
	manage "$1" env DATABASE_STATEMENT_TIMEOUT_MS=0 .venv/bin/python manage.py migrate --no-input
}

switch_to() {
	ln -sfn "releases/$1" "$prefix/current.new"
	mv -T "$prefix/current.new" "$prefix/current"
	# shellcheck disable=SC2086
	systemctl restart $units
}

switch_back_to() {
	migrate "$1" || say "the database could not be made fit for $1"
	switch_to "$1"
}

# The root site answers, whichever domain it has, and all kinds of processes run.
answers() {
	domain=$(set -a && . "$environment" && echo "${PLATFORM_DOMAIN:-localhost}")
	end=$(($(date +%s) + seconds))
	until curl --silent --fail --max-time 2 --output /dev/null --header "Host: $domain" "http://$address/api/v1/site" &&
		are_active; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.25
	done
}

are_active() {
	for unit in $units; do
		systemctl is-active --quiet "$unit" || return 1
	done
}

[ -r "$environment" ] || fail "$environment is missing: deploy/environment.sample shows what belongs into it"
before=$(current)

if [ "${1:-}" = --rollback ]; then
	previous=$(cd "$prefix/releases" && ls -1 | sort | awk -v current="$before" '$0 < current' | tail -n 1)
	[ -n "$previous" ] || fail "there is no release before $before"
	switch_back_to "$previous"
	answers || fail "$previous does not answer"
	say "$previous is current again"
	exit 0
fi

release=${1:?usage: install.sh RELEASE | --rollback}
[ -f "$prefix/releases/$release/manage.py" ] || fail "$prefix/releases/$release is no unpacked release"

cd "$prefix/releases/$release"
# DATABASE_URL: no private PostgreSQL is wanted here.
DATABASE_URL=set python3 -m microcosm.development.environment run
manage "$release" .venv/bin/python manage.py check --fail-level ERROR
migrate "$release"
manage "$release" .venv/bin/python manage.py found_platform
manage "$release" .venv/bin/python manage.py collectstatic --no-input --verbosity 0

switch_to "$release"
if ! answers; then
	[ -n "$before" ] || fail "$release does not answer: journalctl -u microcosm-http"
	switch_back_to "$before"
	fail "$release did not answer; $before is current again: journalctl -u microcosm-http"
fi
say "$release is current"

# Names sort by time. The current one is among the newest unless somebody went back.
cd "$prefix/releases"
ls -1 | sort -r | tail -n +$((kept + 1)) | while read -r old; do
	[ "$old" = "$(current)" ] || rm -rf -- "${prefix:?}/releases/$old"
done
