# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the tests of the command line share: the program with a way in and a credential, a terminal.

bats_require_minimum_version 1.5.0

# Files with the tokens of lib.bash, and the environment that names the operator's.
cli_tokens() {
	local name variable
	for name in operator viewer; do
		variable=${name^^}_TOKEN
		(umask 077 && printf '%s\n' "${!variable}" >"$HOST_DIR/$name.token")
	done
	export XENBALLOON_URL=$URL XENBALLOON_TOKEN_FILE=$HOST_DIR/operator.token LC_ALL=C.UTF-8
}

CLI=("$BUILD/xenballoon")

cli() {
	"${CLI[@]}" "$@"
}

# on_terminal COMMAND...: its output as a terminal gets it, its exit status.
on_terminal() {
	script -qec "$(printf '%q ' "$@")" /dev/null </dev/null
}

# The store below each guest, what it is granted, and all caps: what a refusal must leave as it is.
everything() {
	bed list --json | jq -c '.[] | [.domid, .cap_kib]'
	store_ls /local/domain | grep -E '/memory/(target|selfballoon|static-max) '
}

key() { # NAME KEY
	store_read "/local/domain/$(domid "$1")/memory/$2"
}
