#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the API takes and tells beyond the single change: forms, and the latest decisions.

load lib.bash

setup_file() {
	host_new
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	bed_start --guests 3 --host-mib 2048 --static-max-mib 512 --memory-mib 256 \
		--daemon "$HOST_DIR/mute"
	agent_start
	wait_until 10 guests_are 3
}

teardown_file() {
	host_down
}

guests_are() {
	same "$(http GET /api/v1/domains | jq '.domains | length')" "$1" guests
}

@test "a form is taken as JSON is, and refused by name" {
	local path=$URL/api/v1/domains/guest1 operator=(-sS -H "Authorization: Bearer $OPERATOR_TOKEN")
	curl "${operator[@]}" -d target_kib=300000 -d dry_run=1 "$path/target" |
		jq -e '.result == "checked" and .after == 300000'
	curl "${operator[@]}" -d enabled=1 -d dry_run=1 "$path/selfballoon" | jq -e '.result == "checked"'
	curl "${operator[@]}" -d enabled=1 -d dry_run=1 -d domains=guest1 -d domains=guest2 \
		"$URL/api/v1/selfballoon" | jq -e '.requested == 2 and .succeeded == 2'
	contains "$(curl "${operator[@]}" -d target_kib=1 -d target_kib=2 "$path/target")" "sent twice"
	contains "$(curl "${operator[@]}" -d enabled=1 -d evil=1 "$path/selfballoon")" 'evil'
	contains "$(curl "${operator[@]}" -H 'Content-Type: text/csv' -d x=1 "$path/target")" \
		"application/json or application/x-www-form-urlencoded"
}

@test "the latest decisions can be asked for, by operators alone" {
	local answer
	expect 401 GET /api/v1/audit
	expect 403 GET /api/v1/audit "" viewer
	expect 422 POST /api/v1/domains/guest1/target '{"target_kib": 1}' operator
	answer=$(expect 200 GET '/api/v1/audit?limit=2' "" operator)
	jq -e '(.entries | length) == 2 and .entries[0].result == "hard_limit" and
		.entries[0].requested == 1 and .entries[0].serial == .entries[1].serial + 1 and
		.next == .entries[1].serial' <<<"$answer"
	expect 200 GET "/api/v1/audit?limit=1&before=$(jq .next <<<"$answer")" "" operator |
		jq -e ".entries[0].serial == $(jq .next <<<"$answer") - 1"
	expect 200 GET '/api/v1/audit?domain=guest1&action=target&result=hard_limit&principal=operator' \
		"" operator | jq -e '.entries | length > 0 and all(.name == "guest1")'
	expect 200 GET '/api/v1/audit?domain=no%20body' "" operator | jq -e '.entries == [] and .next == null'
	expect 400 GET '/api/v1/audit?limit=0' "" operator
	expect 400 GET '/api/v1/audit?limit=1001' "" operator
	expect 400 GET '/api/v1/audit?limit=1&limit=1' "" operator
	expect 400 GET '/api/v1/audit?evil=1' "" operator
	expect 400 GET '/api/v1/audit?result=fine' "" operator | jq -e '.detail | contains("fine")'
	expect 400 GET '/api/v1/audit?limit' "" operator
}
