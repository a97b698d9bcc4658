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

# if_match TAG URL-TAIL FIELD: prints the status of the operator's POST with that If-Match.
if_match() {
	curl -sS -m 10 -o "$HOST_DIR/answer" -w '%{http_code}' -H "Authorization: Bearer $OPERATOR_TOKEN" \
		-H "If-Match: $1" -d "$3" "$URL/api/v1/$2"
}

tag_of() {
	curl -sS -m 10 -o /dev/null -D - "$URL/api/v1/domains/$1" | tr -d '\r' | sed -n 's/^ETag: //Ip'
}

@test "a change made on an old view is refused" {
	local tag before
	tag=$(tag_of guest1)
	same "$(tag_of guest1)" "$tag" "tag of what has not changed"
	same "$(if_match "$tag" domains/guest1/target target_kib=250000)" 200
	[ "$(tag_of guest1)" != "$tag" ]
	before=$(store_ls /local/domain)
	same "$(if_match "$tag" domains/guest1/target target_kib=240000)" 412
	jq -e '.result == "stale" and .status == 412 and (.detail | contains("ETag"))' "$HOST_DIR/answer"
	same "$(if_match "$tag" domains/guest1/selfballoon enabled=1)" 412
	same "$(if_match "$(tag_of guest2)" domains/guest1/selfballoon enabled=1)" 412
	same "$(if_match "W/$(tag_of guest1)" domains/guest1/target target_kib=240000)" 412
	same "$(if_match nonsense domains/guest1/target target_kib=240000)" 400
	same "$(if_match "$tag" selfballoon enabled=1)" 400
	same "$(store_ls /local/domain)" "$before" store
	same "$(if_match '"old", '"$(tag_of guest1)" domains/guest1/target target_kib=260000)" 200
	same "$(if_match '*' domains/guest1/target target_kib=262144)" 200
	# Others change it too: xl, and the guest its own switch.
	tag=$(tag_of guest2)
	bed mem-set guest2 200
	same "$(if_match "$tag" domains/guest2/target target_kib=240000)" 412
	same "$(audit_lines '.result == "stale" and .name == "guest2"')" 1
}

@test "of many who saw the same, one makes its change" {
	local tag i
	tag=$(tag_of guest3)
	for i in {1..8}; do
		curl -sS -m 10 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $OPERATOR_TOKEN" \
			-H "If-Match: $tag" -d target_kib=$((200000 + i)) "$URL/api/v1/domains/guest3/target" \
			>"$HOST_DIR/raced.$i" 3>&- &
	done
	wait
	same "$(cat "$HOST_DIR"/raced.* | sort | uniq -c | xargs)" "1 200 7 412" answers
}

@test "the API is as it says: every route, every status, every member" {
	OPERATOR_TOKEN=$OPERATOR_TOKEN VIEWER_TOKEN=$VIEWER_TOKEN "$ROOT/tests/system/openapi.py" "$URL"
	selfballoon guest1 false
}

# redocly JQ-PROGRAM: what Redocly's strict rules find in the description, changed by it.
redocly() {
	http GET /api/v1/openapi.json | jq "$1" >"$BATS_TEST_TMPDIR/openapi.json"
	(cd "$("$ROOT/tests/dashboards/modules")" &&
		node "$ROOT/tests/dashboards/openapi.mjs" "$BATS_TEST_TMPDIR/openapi.json")
}

@test "the description passes Redocly's strict rules, with a licence, servers and tags" {
	same "$(redocly .)" ""
	contains "$(redocly 'del(.servers)')" no-empty-servers
	contains "$(redocly 'del(.info.license)')" info-license
	contains "$(redocly '.components.schemas.Gone = {"type": "object"}')" no-unused-components
	http GET /api/v1/openapi.json | jq -e '[.paths[][] | .tags[0], .description] | all' >/dev/null
	same "$(http GET /api/v1/openapi.json |
		jq -r '([.paths[][].tags[]] | unique) == ([.tags[].name] | unique)')" true "tags that are defined and used"
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
