#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who one is taken for: principals with an end and a reach, files that change under a running agent,
# the Unix socket and who is at its other end.

load lib.bash

setup_file() {
	host_new
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	bed_start --guests 2 --host-mib 2048 --static-max-mib 512 --memory-mib 256 \
		--daemon "$HOST_DIR/mute"
	write_principals
	agent_start http.socket_group=games
	wait_until 10 guests_are 2
}

teardown_file() {
	host_down
}

guests_are() {
	same "$(http GET /api/v1/domains | jq '.domains | length')" "$1" guests
}

hash_of() {
	printf %s "$1" | sha256sum | cut -d' ' -f1
}

# Beside operator and viewer: one who reaches guest2 alone, and one whose time is over.
write_principals() {
	write_credentials
	{
		echo "# who else"
		echo "part operator $(hash_of part) domains=nothing,guest2*"
		echo "past operator $(hash_of past) expires=2020-01-01T00:00:00Z"
		echo "next operator $(hash_of next) expires=2999-01-01T00:00:00Z"
	} >>"$HOST_DIR/principals"
}

everything() {
	store_ls /local/domain
	bed list --json | jq -c '.[] | [.domid, .cap_kib]'
}

whoami() { # [TOKEN]
	expect 200 GET /api/v1/whoami "" "${1-none}"
}

# local_as SETPRIV-OPTION... -- METHOD PATH [BODY] [TOKEN]: over the Unix socket; prints status and body.
local_as() {
	local who=()
	while [ "$1" != -- ]; do
		who+=("$1")
		shift
	done
	set -- "$2" "$3" "${4-}" "${5-}"
	setpriv "${who[@]}" curl -sS -m 10 --unix-socket "$HOST_DIR/agent.sock" -X "$1" \
		${3:+-H "Content-Type: application/json" --data-binary "$3"} \
		${4:+-H "Authorization: Bearer $4"} -w '%{http_code}' "http://localhost$2" 2>&1
}

root=(--reuid 0)
member=(--reuid 2 --regid 2 --groups 60)
primary=(--reuid 2 --regid 60 --clear-groups)
other=(--reuid 2 --regid 2 --clear-groups)

@test "whoami: nobody, a viewer, an operator, one with a reach, and no wrong one" {
	same "$(whoami)" '{"name":null,"role":"none","interface":"http","domains":null,"read":"open"}'
	same "$(whoami viewer | jq -c '[.name, .role, .domains]')" '["viewer","viewer",null]'
	same "$(whoami operator | jq -c '[.name, .role, .domains]')" '["operator","operator",null]'
	same "$(whoami part | jq -c '[.name, .role, .domains]')" '["part","operator",["nothing","guest2*"]]'
	same "$(whoami next | jq -r .name)" next
	contains "$(expect 401 GET /api/v1/whoami "" wrong)" "not valid"
	contains "$(expect 401 GET /api/v1/whoami "" past)" "has expired"
}

@test "an operator with a reach: done within, forbidden beyond, a list and all one by one" {
	local before answer
	expect 200 POST /api/v1/domains/guest2/target '{"target_kib": 270000}' part
	before=$(everything)
	contains "$(expect 403 POST /api/v1/domains/guest1/target '{"target_kib": 270000, "force": true}' part)" \
		"may change only domains that match nothing,guest2*"
	expect 403 POST "/api/v1/domains/$(domid guest1)/selfballoon" '{"enabled": true}' part
	expect 403 POST /api/v1/domains/guest1/target '{"target_kib": 270000, "dry_run": true}' part
	same "$(everything)" "$before" "store and caps"
	answer=$(expect 207 POST /api/v1/selfballoon '{"enabled": false, "domains": ["guest1", "guest2"]}' part)
	same "$(jq -c '[.answers[] | [.name, .status]]' <<<"$answer")" '[["guest1",403],["guest2",200]]'
	answer=$(expect 207 POST /api/v1/selfballoon '{"enabled": false}' part)
	same "$(jq -c '[.succeeded, .failed]' <<<"$answer")" '[1,1]'
	[ "$(audit_lines '.principal == "part" and .result == "forbidden" and .name == "guest1"')" -ge 4 ]
}

@test "a pattern is of names: it reaches no guest by the letters of its UUID" {
	local uuid before
	uuid=$(bed list --json | jq -r '.[] | select(.name == "guest1") | .uuid')
	sed -i "s/^next .*/next operator $(hash_of next) domains=${uuid:0:1}*,*${uuid: -1}/" "$HOST_DIR/principals"
	wait_until 5 eval 'whoami next | jq -e ".domains"'
	before=$(everything)
	expect 403 POST /api/v1/domains/guest1/target '{"target_kib": 270000}' next
	same "$(everything)" "$before" "store and caps"
	sed -i "s/domains=.*,.*${uuid: -1}$/domains=uuid:${uuid^^}/" "$HOST_DIR/principals"
	wait_until 5 expect 200 POST /api/v1/domains/guest1/target '{"target_kib": 270000, "dry_run": true}' next
	expect 403 POST /api/v1/domains/guest2/target '{"target_kib": 270000}' next
	write_principals
	wait_until 5 eval 'whoami next | jq -e ".domains == null"'
}

@test "an expired token opens nothing" {
	contains "$(expect 401 POST /api/v1/domains/guest1/target '{"target_kib": 270000}' past)" "has expired"
	same "$(audit_lines '.principal == "past" and .result == "unauthenticated"')" 1
}

@test "http.metrics opens and closes /metrics by itself" {
	local path=/api/v1/domains
	expect 200 GET /metrics >/dev/null
	agent_config http.socket_group=games http.read=viewer
	agent_reload
	wait_until 5 expect 401 GET /metrics
	expect 401 GET $path
	expect 200 GET /-/healthy
	expect 200 GET /api/v1/whoami | jq -e '.read == "viewer"'
	agent_config http.socket_group=games http.read=viewer http.metrics=open
	agent_reload
	wait_until 5 expect 200 GET /metrics
	expect 401 GET $path
	agent_config http.socket_group=games http.metrics=viewer
	agent_reload
	wait_until 5 expect 200 GET $path
	expect 401 GET /metrics
	expect 200 GET /metrics "" viewer >/dev/null
	agent_config http.socket_group=games
	agent_reload
	wait_until 5 expect 200 GET /metrics
}

@test "a changed principals file is taken over, a broken one is shown and changes nothing" {
	whoami part
	sed -i '/^part /d' "$HOST_DIR/principals"
	wait_until 5 expect 401 GET /api/v1/whoami "" part
	echo "part operator nonsense" >>"$HOST_DIR/principals"
	wait_until 5 metric_is config_last_reload_successful 0
	wait_until 5 grep -q "principals:6: the proof must be" "$HOST_DIR/agent.log"
	whoami operator
	whoami next
	# Once for each change, not once a second.
	same "$(grep -c "what was read before stays in force" "$HOST_DIR/agent.log")" 1
	write_principals
	wait_until 5 metric_is config_last_reload_successful 1
	wait_until 5 expect 200 GET /api/v1/whoami "" part
	# Replaced by a file of the same size, as `mv` does.
	sed 's/^part operator/part viewer  /' "$HOST_DIR/principals" >"$HOST_DIR/other"
	chmod 600 "$HOST_DIR/other"
	mv "$HOST_DIR/other" "$HOST_DIR/principals"
	wait_until 5 part_is_viewer
	write_principals
	wait_until 5 eval '! part_is_viewer'
}

part_is_viewer() {
	same "$(whoami part | jq -r .role)" viewer
}

@test "the socket is root's and the group's" {
	same "$(stat -c '%a %U:%G' "$HOST_DIR/agent.sock")" "660 root:games"
	chmod 711 "$HOST_DIR"
	contains "$(local_as "${other[@]}" -- GET /api/v1/whoami)" "curl: (7)"
}

@test "root and the group's members are operators by the kernel's word, and named" {
	same "$(local_as "${root[@]}" -- GET /api/v1/whoami)" \
		'{"name":"root","role":"operator","interface":"unix","domains":null,"read":"open"}200'
	contains "$(local_as "${member[@]}" -- GET /api/v1/whoami)" '"name":"bin","role":"operator"'
	contains "$(local_as "${primary[@]}" -- GET /api/v1/whoami)" '"name":"bin","role":"operator"'
	contains "$(local_as "${member[@]}" -- POST /api/v1/domains/guest1/target '{"target_kib": 270000}')" \
		'"result":"ok"'
	same "$(audit_lines '.principal == "bin" and .interface == "unix" and .result == "ok" and
		(.address | startswith("uid 2, pid "))')" 1
}

@test "others who get at the socket may read, and no more" {
	local before
	chmod 666 "$HOST_DIR/agent.sock"
	before=$(everything)
	contains "$(local_as "${other[@]}" -- GET /api/v1/whoami)" '"role":"viewer"'
	contains "$(local_as "${other[@]}" -- GET /metrics)" xenballoon_store_up
	contains "$(local_as "${other[@]}" -- POST /api/v1/domains/guest1/target '{"target_kib": 260000}')" 403
	# A credential can only take away.
	contains "$(local_as "${other[@]}" -- POST /api/v1/domains/guest1/target '{"target_kib": 260000}' \
		"$OPERATOR_TOKEN")" 403
	contains "$(local_as "${root[@]}" -- POST /api/v1/domains/guest1/target '{"target_kib": 260000}' \
		"$VIEWER_TOKEN")" 403
	contains "$(local_as "${root[@]}" -- POST /api/v1/domains/guest1/target '{"target_kib": 260000}' wrong)" 401
	contains "$(local_as "${root[@]}" -- POST /api/v1/domains/guest1/target '{"target_kib": 260000}' past)" 401
	contains "$(local_as "${root[@]}" -- POST /api/v1/domains/guest1/target '{"target_kib": 260000}' part)" 403
	same "$(everything)" "$before" "store and caps"
	chmod 660 "$HOST_DIR/agent.sock"
}

@test "a live socket is not taken, a stale one is, and what is no socket stays" {
	sed -e 's/^  listen: 127.*/  listen: ""/' -e '/^snmp:/a\  mode: off' "$HOST_DIR/agent.yml" >"$HOST_DIR/second.yml"
	run agent_program --config "$HOST_DIR/second.yml"
	same "$status" 1
	contains "$output" "http.socket: can't listen on $HOST_DIR/agent.sock: Address already in use; another agent runs"
	contains "$(local_as "${root[@]}" -- GET /-/healthy)" healthy
	agent_kill
	[ -S "$HOST_DIR/agent.sock" ]
	agent_start http.socket_group=none-such
	same "$(stat -c '%a %U:%G' "$HOST_DIR/agent.sock")" "600 root:root"
	contains "$(local_as "${root[@]}" -- GET /api/v1/whoami)" '"role":"operator"'
	agent_stop
	[ ! -e "$HOST_DIR/agent.sock" ]
	echo precious >"$HOST_DIR/agent.sock"
	run agent_program --config "$HOST_DIR/agent.yml"
	same "$status" 1
	contains "$output" "it is no socket, move it away"
	same "$(cat "$HOST_DIR/agent.sock")" precious
	rm "$HOST_DIR/agent.sock"
	agent_start
}
