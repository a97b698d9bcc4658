#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# `make demo`: what it prints can be pasted, and nothing stays behind however it ends.

load lib.bash

setup() {
	DEMO_DIR=$BATS_TEST_TMPDIR/demo
	DEMO_HTTP_PORT=$(free_port tcp) DEMO_SNMP_PORT=$(free_port udp)
	OUTPUT=$BATS_TEST_TMPDIR/output
	export DEMO_DIR DEMO_HTTP_PORT DEMO_SNMP_PORT OUTPUT
}

teardown() {
	[ -z "${DEMO_PID-}" ] || kill -9 "$DEMO_PID" 2>/dev/null || true
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 20 "$OUTPUT"
}

# In a session of its own, so that a signal can be sent as a terminal sends it.
demo_start() {
	DEMO_MARK=$DEMO_DIR setsid "$ROOT/tests/demo" >"$OUTPUT" 2>&1 3>&- </dev/null &
	DEMO_PID=$!
	wait_until 60 demo_answered
	grep -q '^Ready: ' "$OUTPUT"
	[ -n "$(demo_processes)" ]
}

demo_answered() {
	grep -q '^Ready: ' "$OUTPUT" || ! kill -0 "$DEMO_PID"
}

# Its processes, and theirs, all inherit the mark.
demo_processes() {
	grep -laF "DEMO_MARK=$DEMO_DIR" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do
		ps -o pid=,args= "$pid" || true
	done
}

nothing_left() {
	same "$(demo_processes)" "" "processes"
	[ ! -e "$DEMO_DIR" ]
	! port_taken tcp "$DEMO_HTTP_PORT"
	! port_taken udp "$DEMO_SNMP_PORT"
}

# The command below the comment that matches, as pasted into a fresh terminal.
paste_command() {
	local line
	line=$(grep -A1 "^ *# .*$1" "$OUTPUT" | tail -n 1)
	env -i HOME="$BATS_TEST_TMPDIR" PATH="$PATH" bash -c "$line"
}

in_demo_env() {
	env -i HOME="$BATS_TEST_TMPDIR" PATH="$PATH" bash -c ". $DEMO_DIR/env; $1"
}

@test "three commands to paste, users with their rights, and an end by itself" {
	DEMO_SECONDS=25 demo_start

	run paste_command "by SNMP"
	same "$status" 0
	same "$(grep -cE '^xbDomainReason\.[0-9]+ .* MiB' <<<"$output")" 15 "guests with a reason"
	run paste_command "Prometheus"
	same "$status" 0
	same "$(grep -c '^xenballoon_domain_memory_allocated_bytes{' <<<"$output")" 15 "guests in /metrics"
	run paste_command "size itself"
	same "$status" 0
	contains "$output" "selfballooning on"

	run in_demo_env "snmptable 127.0.0.1:$DEMO_SNMP_PORT XENBALLOON-MIB::xbDomainTable"
	same "$status" 0
	contains "$output" "xbDomainAllocated"
	run in_demo_env "snmpset 127.0.0.1:$DEMO_SNMP_PORT XENBALLOON-MIB::xbDomainSelfballoon.3 i true"
	same "$status" 0
	run in_demo_env "snmpget -u viewer 127.0.0.1:$DEMO_SNMP_PORT XENBALLOON-MIB::xbDomainSelfballoon.3"
	same "$status" 0
	contains "$output" "true(1)"
	run in_demo_env "snmpset -u viewer 127.0.0.1:$DEMO_SNMP_PORT XENBALLOON-MIB::xbDomainSelfballoon.3 i false"
	[ "$status" -ne 0 ]
	run in_demo_env "curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer \$XENBALLOON_VIEWER_TOKEN\" --json '{\"enabled\": false}' \$XENBALLOON_URL/api/v1/domains/3/selfballoon"
	same "$output" 403

	wait_until 40 test ! -e "$DEMO_DIR"
	wait "$DEMO_PID"
	wait_until 5 nothing_left
}

@test "Ctrl-C ends it and leaves nothing" {
	DEMO_GUESTS=3 demo_start
	kill -INT -- "-$DEMO_PID"
	wait_until 20 nothing_left
}

@test "killed outright, it leaves nothing" {
	DEMO_GUESTS=3 demo_start
	kill -KILL "$DEMO_PID"
	wait_until 20 nothing_left
}

@test "it ends when the process that started it is killed" {
	DEMO_MARK=$DEMO_DIR DEMO_GUESTS=2 setsid bash -c '"$0"; true' "$ROOT/tests/demo" >"$OUTPUT" 2>&1 3>&- </dev/null &
	DEMO_PID=$!
	wait_until 60 demo_answered
	kill -KILL "$DEMO_PID"
	wait_until 20 nothing_left
}

@test "a taken port is named with a way out, and nothing is started" {
	start_listener
	run "$ROOT/tests/demo"
	kill "$LISTENER"
	same "$status" 1
	contains "$output" "port $DEMO_HTTP_PORT is taken"
	contains "$output" "DEMO_HTTP_PORT=$((DEMO_HTTP_PORT + 1)) make demo"
	[ ! -e "$DEMO_DIR" ]
}

start_listener() {
	socat -u "TCP-LISTEN:$DEMO_HTTP_PORT,bind=127.0.0.1,fork" OPEN:/dev/null 3>&- &
	LISTENER=$!
	wait_until 5 port_taken tcp "$DEMO_HTTP_PORT"
}

@test "numbers that make no sense are refused with those that do" {
	DEMO_GUESTS=0 run "$ROOT/tests/demo"
	same "$status" 1
	contains "$output" "must be a number from 1 to 4096"
	DEMO_SECONDS=soon run "$ROOT/tests/demo"
	same "$status" 1
	contains "$output" 'DEMO_SECONDS is "soon"'
}
