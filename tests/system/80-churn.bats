#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# also with: address-undefined thread static
#
# Domains that come and go while others are read and changed: no ghost, no stale watch, nothing
# forgotten that dom0 had decided.

load lib.bash

ROUNDS=${CHURN_ROUNDS:-200}

setup_file() {
	host_up --guests 4 --host-mib 4096 --static-max-mib 256 --memory-mib 160 \
		--daemon "$GUEST" --daemons 4
}

teardown_file() {
	host_down
}

rows() {
	snmp_as viewer walk -Oqs XENBALLOON-MIB::xbDomainName | wc -l
}

rows_are() {
	same "$(rows)" "$1" "rows by SNMP" &&
		same "$(metric host_domains)" "$1" "guests in /metrics" &&
		same "$(http GET /api/v1/domains | jq '.domains | length')" "$1" "guests by HTTP"
}

read_all_the_time() {
	# shellcheck disable=SC2016 # expanded by the shell that is started
	start reader bash -c 'while :; do curl -fsS -m 5 -o /dev/null "$0" || exit 1; done' "$URL/metrics"
}

@test "domains created and destroyed under load leave nothing behind" {
	local n
	wait_until 10 rows_are 4
	read_all_the_time
	for ((n = 1; n <= ROUNDS; n++)); do
		bed create churn --static-max-mib 256 --memory-mib 128 --daemon no >/dev/null
		case $((n % 4)) in
		1) wait_until 5 metric domain_memory_target_bytes churn ;;
		2) http POST /api/v1/domains/churn/selfballoon '{"enabled": true}' operator >/dev/null ;;
		3) http POST /api/v1/domains/churn/target '{"target_kib": 120000, "force": true}' operator >/dev/null ;;
		esac
		bed destroy churn
	done
	wait_until 10 rows_are 4
	end_process reader
	# No node was written back for a domain that had gone.
	same "$(on_bed xenstore-list /local/domain | grep -vx 0 | sort -n | xargs)" \
		"$(bed list --json | jq '.[].domid' | sort -n | xargs)" "domains in the store"
}

selfballoon_is() {
	same "$(store_read "/local/domain/$(domid "$1")/memory/selfballoon")" "$2" "selfballoon of $1"
}

@test "what dom0 decided comes back with the UUID, under a new domid" {
	local before
	before=$(domid guest1)
	selfballoon guest1 true
	bed reboot guest1
	[ "$(domid guest1)" != "$before" ]
	wait_until 10 selfballoon_is guest1 1
	same "$(bed list --json | jq '.[] | select(.name == "guest1") | .cap_kib')" $((262144 + 1024)) cap
	wait_until 10 rows_are 4
}

@test "a domain of the same name but another UUID inherits nothing" {
	selfballoon guest2 true
	bed destroy guest2
	bed create guest2 --static-max-mib 256 --memory-mib 160 >/dev/null
	wait_until 10 metric domain_memory_target_bytes guest2
	wait_until 10 rows_are 4
	same "$(store_read "/local/domain/$(domid guest2)/memory/selfballoon")" "" "selfballoon of the new guest2"
}
