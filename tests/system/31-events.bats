#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Server-sent events: the picture first, then what changes; who sees decisions; how many may listen;
# slow ones, vanished ones, and the agent's end.
#
# also with: thread

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

# listen NAME [CURL-OPTION...]: what is heard is in NAME.log; until `end_process NAME`.
listen() {
	local name=$1
	shift
	rm -f "$HOST_DIR/$name.log"
	start "$name" curl -sSN "$@" "$URL/api/v1/events"
	wait_until 10 grep -q '^event: domains' "$HOST_DIR/$name.log"
}

# heard NAME EVENT JQ-FILTER: one such event's data fulfils the filter.
heard() {
	awk -v event="event: $2" '$0 ~ /^event: / { on = $0 == event } on && /^data: /' "$HOST_DIR/$1.log" |
		sed 's/^data: //' | jq -e -s "any(.[]; $3)"
}

count_of() { # NAME EVENT
	grep -c "^event: $2\$" "$HOST_DIR/$1.log" || true
}

listeners_are() {
	same "$(metric event_listeners)" "$1" listeners
}

status_of() { # [CURL-OPTION...]
	curl -sS -m 5 -o /dev/null -w '%{http_code}' "$@" "$URL/api/v1/events"
}

@test "the picture first: the host and all guests, as /api/v1 shows them" {
	local id
	listen one
	contains "$(curl -sSN -m 1 -D - -o /dev/null "$URL/api/v1/events" 2>/dev/null | tr -d '\r')" \
		"Content-Type: text/event-stream"
	same "$(sed -n 's/^event: //p' "$HOST_DIR/one.log" | head -n 2 | xargs)" "host domains" order
	heard one domains '(.domains | map(.name) | sort) == ["guest1", "guest2", "guest3"]'
	heard one host '.total_kib > 0 and .store_up'
	id=$(sed -n 's/^id: //p' "$HOST_DIR/one.log" | head -n 1)
	[ "$(http GET /api/v1/host | jq .generation)" -ge "$id" ]
	end_process one
}

@test "a change, a guest that comes and one that goes; nothing of those that stay as they are" {
	listen one
	target guest1 300000
	wait_until 5 heard one domain '.name == "guest1" and .target_kib == 300000'
	bed create new1 --static-max-mib 512 --memory-mib 256
	wait_until 10 heard one domain '.name == "new1"'
	bed destroy new1
	wait_until 10 heard one gone '.name == "new1" and .domid > 0 and (.uuid | length) == 36'
	bed reboot guest3
	wait_until 10 heard one gone '.name == "guest3"'
	wait_until 10 heard one domain '.name == "guest3"'
	run heard one domain '.name == "guest2"'
	same "$status" 1 "guest2 is told of"
	target guest1 262144
	end_process one
}

@test "decisions are for operators, on the stream as in the audit" {
	# While one listens, a new one is told what was decided just before it came.
	wait_until 10 listeners_are 0
	listen nobody
	listen viewer -H "Authorization: Bearer $VIEWER_TOKEN"
	listen operator -H "Authorization: Bearer $OPERATOR_TOKEN"
	expect 422 POST /api/v1/domains/guest1/target '{"target_kib": 1}' operator
	wait_until 5 heard operator control '.result == "hard_limit" and .principal == "operator" and
		.subject == "guest1" and .serial > 0'
	target guest1 300000
	wait_until 5 heard operator control '.result == "ok" and .after == 300000'
	wait_until 5 heard nobody domain '.name == "guest1" and .target_kib == 300000'
	same "$(count_of nobody control)" 0 "decisions that a stranger saw"
	wait_until 5 heard viewer domain '.name == "guest1" and .target_kib == 300000'
	same "$(count_of viewer control)" 0 "decisions that a viewer saw"
	same "$(count_of operator control)" 2 decisions
	target guest1 262144
	end_process nobody
	end_process viewer
	end_process operator
}

# line NAME ROLE TOKEN [MORE]: of the principals file.
line() {
	echo "$1 $2 $(printf %s "$3" | sha256sum | cut -d' ' -f1) ${4-}"
}

@test "one who is bound hears and reads the decisions about the own guests alone" {
	line part operator part domains=guest2 >>"$HOST_DIR/principals"
	wait_until 5 expect 200 GET /api/v1/whoami "" part
	listen part -H "Authorization: Bearer part"
	target guest1 300000
	target guest2 300000
	wait_until 5 heard part control '.name == "guest2"'
	same "$(count_of part control)" 1 decisions
	same "$(expect 200 GET /api/v1/audit "" part | jq -c '[.entries[].name] | unique')" '["guest2"]'
	same "$(expect 200 GET "/api/v1/audit?domain=guest1" "" part | jq -c .entries)" "[]"
	target guest1 262144
	target guest2 262144
	end_process part
	write_credentials
	wait_until 5 expect 401 GET /api/v1/whoami "" part
}

@test "a stream ends with the credential that opened it: revoked, spoilt, expired" {
	local soon
	soon=$(date -u -d "now + 3 seconds" +%FT%TZ)
	{
		line gone operator gone
		line spoilt viewer spoilt
		line late viewer late "expires=$soon"
	} >>"$HOST_DIR/principals"
	wait_until 3 expect 200 GET /api/v1/whoami "" late
	for name in gone spoilt late; do
		listen $name -H "Authorization: Bearer $name"
	done
	listen stays -H "Authorization: Bearer $OPERATOR_TOKEN"
	wait_until 10 test -s "$HOST_DIR/late.exit"
	# One line goes in the same edit that spoils another: neither stays what it was.
	sed -i -e '/^gone /d' -e '/^spoilt /s/viewer/viewr/' "$HOST_DIR/principals"
	wait_until 5 test -s "$HOST_DIR/gone.exit" -a -s "$HOST_DIR/spoilt.exit"
	expect 401 GET /api/v1/whoami "" gone
	expect 401 GET /api/v1/whoami "" spoilt
	contains "$(expect 503 GET /-/ready)" principal_file
	target guest1 300000
	wait_until 5 heard stays control '.after == 300000'
	rm "$HOST_DIR/principals"
	wait_until 5 test -s "$HOST_DIR/stays.exit"
	expect 401 GET /api/v1/whoami "" operator
	write_credentials
	wait_until 5 expect 200 GET /api/v1/whoami "" operator
	agent_ready
	target guest1 262144
}

@test "64 at once; one more is told to come later, and one that leaves makes room" {
	local i
	rm -f "$HOST_DIR"/many.*
	wait_until 10 listeners_are 0
	for i in {1..64}; do
		curl -sSN "$URL/api/v1/events" >"$HOST_DIR/many.$i" 2>/dev/null 3>&- &
		echo $! >"$HOST_DIR/pids/many.$i"
	done
	wait_until 20 eval '[ "$(grep -l "^event: domains" "$HOST_DIR"/many.* | wc -l)" = 64 ]'
	same "$(status_of)" 503
	contains "$(curl -sS -m 5 -D - "$URL/api/v1/events" | tr -d '\r')" "Retry-After: "
	expect 200 GET /metrics >/dev/null
	target guest2 300000
	wait_until 10 eval '[ "$(grep -l "\"name\":\"guest2\".*\"target_kib\":300000" "$HOST_DIR"/many.* | wc -l)" = 64 ]'
	kill "$(cat "$HOST_DIR/pids/many.1")"
	wait_until 20 eval 'curl -sSN -m 1 "$URL/api/v1/events" | grep -q "^event: domains"'
	cat "$HOST_DIR"/pids/many.* | xargs kill 2>/dev/null || true
	rm -f "$HOST_DIR"/pids/many.*
	wait_until 10 listeners_are 0
	target guest2 262144
}

@test "one that does not read is cut off, and harms nobody" {
	start deaf python3 -c "
import socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
s.connect(('127.0.0.1', $HTTP_PORT))
s.send(b'GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n')
print(s.recv(12), flush=True)
time.sleep(600)"
	wait_until 10 grep -q '200' "$HOST_DIR/deaf.log"
	listen one
	target guest1 290000
	wait_until 5 heard one domain '.name == "guest1" and .target_kib == 290000'
	target guest1 262144
	end_process one
	end_process deaf KILL
}

@test "a reload leaves listeners be" {
	listen one
	agent_reloaded
	target guest1 280000
	wait_until 5 heard one domain '.name == "guest1" and .target_kib == 280000'
	target guest1 262144
	end_process one
}

@test "the agent ends in time with listeners, and so do their streams" {
	listen one
	listen two
	agent_stop
	wait_until 10 test -s "$HOST_DIR/one.exit"
	wait_until 10 test -s "$HOST_DIR/two.exit"
	agent_start
}
