#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Ready and doctor try what they promise: that a change can be kept, and that SNMPv3 knows who asks.

load lib.bash
load cli.bash

setup_file() {
	host_up --guests 1 --host-mib 1024
	cli_tokens
}

teardown_file() {
	mountpoint -q "$HOST_DIR/small" && umount "$HOST_DIR/small"
	host_down
}

doctor() {
	on_bed "${CLI[@]}" doctor --config "$HOST_DIR/agent.yml" "$@"
}

ready_says() { # STATUS [PART]
	contains "$(expect "$1" GET /-/ready)" "${2-}"
}

@test "a healthy agent is ready, and the try leaves nothing behind" {
	ready_says 200
	same "$(find "$HOST_DIR/state" -name '.writable*')" "" "scratch files"
	contains "$(doctor || true)" "the agent can do its whole work"
}

@test "a state directory that is full: not ready, doctor fails, and ready again with room" {
	mkdir -p "$HOST_DIR/small"
	mount -t tmpfs -o size=1m none "$HOST_DIR/small"
	agent_stop
	agent_start "state.directory=$HOST_DIR/small"
	head -c 2M /dev/zero >"$HOST_DIR/small/ballast" 2>/dev/null || true
	wait_until 10 ready_says 503 "state.directory can't be written, so no change can be kept: No space left"
	run -1 doctor
	[[ $output =~ FAIL.*ready.*No\ space\ left ]]
	rm "$HOST_DIR/small/ballast"
	wait_until 10 ready_says 200
}

@test "a state directory that has become read-only" {
	mount -o remount,ro "$HOST_DIR/small"
	wait_until 10 ready_says 503 "Read-only file system"
	mount -o remount,rw "$HOST_DIR/small"
	wait_until 10 ready_says 200
	agent_stop
	agent_start
}

@test "an SNMP agent without an engine ID is not ready" {
	agent_stop
	local file=$HOST_DIR/snmp/agent/xenballoon.conf
	grep -q '^oldEngineID' "$file"
	# Two of them, as two files of the same state would give, make none.
	sed -i 's/^oldEngineID .*/&\n&/' "$file"
	agent_config
	start agent agent_program --config "$HOST_DIR/agent.yml"
	wait_until 20 agent_answered_somehow
	if snmp_as operator get -Oqv 1.3.6.1.2.1.1.5.0; then
		ready_says 200
	else
		ready_says 503 "SNMP has no engine ID"
		run doctor
		[[ $output =~ FAIL.*ready.*SNMP ]]
	fi
}

agent_answered_somehow() {
	curl -sS -m 2 -o /dev/null "$URL/-/ready"
}
