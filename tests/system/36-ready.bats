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

@test "an SNMP engine's state that is damaged: left as it is, not served, said; served again once it is mended" {
	local file=$HOST_DIR/snmp/agent/xenballoon.conf before
	agent_stop
	cp "$file" "$HOST_DIR/good"
	grep -q '^oldEngineID' "$file"
	# Two of them, as two files of the same state would give, make none.
	sed -i 's/^oldEngineID .*/&\n&/' "$file"
	before=$(cat "$file")
	agent_config
	start agent agent_program --config "$HOST_DIR/agent.yml"
	wait_until 20 ready_says 503 "SNMP is not served, as what its engine keeps"
	run -1 port_taken udp "$SNMP_PORT"
	run doctor
	[[ $output =~ FAIL.*ready.*SNMP\ is\ not\ served ]]
	grep -q "xenballoon.conf: damaged; bring it back" "$HOST_DIR/agent.log"
	agent_stop
	same "$(cat "$file")" "$before" "the damaged file"
	cp "$HOST_DIR/good" "$file"
	agent_start
	snmp_as operator get -Oqv 1.3.6.1.2.1.1.5.0
}
