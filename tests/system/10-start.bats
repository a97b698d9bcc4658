#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# How the agent starts, is checked, reloads and stops.

bats_require_minimum_version 1.5.0
load lib.bash

setup_file() {
	host_up --guests 2
}

teardown_file() {
	host_down
}

@test "help and version are answered without a configuration" {
	run "$BUILD/xenballoon-agent" --help
	same "$status" 0
	contains "$output" "--config.check"
	run "$BUILD/xenballoon-agent" --version
	same "$status" 0
	same "$output" "xenballoon-agent $(sed -n 's/^## \([0-9.]*\).*/\1/p;T;q' "$ROOT/NEWS.md")"
}

@test "a wrong option ends with status 2 and names the way to help" {
	run "$BUILD/xenballoon-agent" --nonsense
	same "$status" 2
	contains "$output" "--help"
	run "$BUILD/xenballoon-agent" word
	same "$status" 2
	contains "$output" "--help"
}

@test "every setting is described" {
	run "$BUILD/xenballoon-agent" --config.describe
	same "$status" 0
	contains "$output" "http.listen: 127.0.0.1:10047"
	contains "$output" "control.reserve_mib"
}

@test "config.check passes the running configuration and names the line of a mistake" {
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --config.check
	same "$status" 0
	printf 'log:\n  level: loud\n' >"$HOST_DIR/wrong.yml"
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/wrong.yml" --config.check
	same "$status" 1
	contains "$output" "wrong.yml:2: log.level is \"loud\": must be error or warn or info or debug"
}

@test "config.check reads the principals file, too" {
	printf 'mallory operator 1234\n' >"$HOST_DIR/wrong.principals"
	printf 'http:\n  principal_file: %s\n' "$HOST_DIR/wrong.principals" >"$HOST_DIR/wrong.yml"
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/wrong.yml" --config.check
	same "$status" 1
	contains "$output" "wrong.yml:2: http.principal_file: $HOST_DIR/wrong.principals:1: "
}

@test "a second agent does not start" {
	local before
	before=$(cat "$HOST_DIR/snmp/agent/xenballoon.conf")
	run agent_program --config "$HOST_DIR/agent.yml"
	same "$status" 1
	contains "$output" "http.socket: can't listen on $HOST_DIR/agent.sock: Address already in use; another agent runs"
	same "$(cat "$HOST_DIR/snmp/agent/xenballoon.conf")" "$before" "engine state"
}

@test "healthy and ready are answered" {
	expect 200 GET /-/healthy
	expect 200 GET /-/ready
}

@test "SIGHUP takes a change over" {
	agent_config http.read=viewer
	agent_reload
	wait_until 5 expect 401 GET /metrics
	expect 200 GET /metrics "" viewer
	agent_config
	agent_reload
	wait_until 5 expect 200 GET /metrics
	same "$(metric config_last_reload_successful)" 1
}

@test "a reload with a mistake changes nothing and shows as failed" {
	agent_config log.level=loud http.read=viewer
	agent_reload
	wait_until 5 metric_is config_last_reload_successful 0
	wait_until 5 grep -q 'log.level is "loud"' "$HOST_DIR/agent.log"
	expect 200 GET /metrics
	agent_config
	agent_reload
	wait_until 5 metric_is config_last_reload_successful 1
}

@test "a reload can't move a port, and says so" {
	agent_config "http.listen=127.0.0.1:1"
	agent_reload
	wait_until 5 metric_is config_last_reload_successful 0
	wait_until 5 grep -q "http.listen can't change while the agent runs" "$HOST_DIR/agent.log"
	agent_config
	agent_reload
	wait_until 5 metric_is config_last_reload_successful 1
}

@test "systemd is told of readiness, of the watchdog and of the end" {
	agent_stop
	start notified socat -u "UNIX-RECVFROM:$HOST_DIR/notify,fork" \
		"SYSTEM:cat >>$HOST_DIR/notices; echo >>$HOST_DIR/notices"
	wait_until 5 test -S "$HOST_DIR/notify"
	NOTIFY_SOCKET=$HOST_DIR/notify WATCHDOG_USEC=1000000 agent_start
	wait_until 5 grep -q READY=1 "$HOST_DIR/notices"
	wait_until 5 grep -q WATCHDOG=1 "$HOST_DIR/notices"
	agent_stop
	wait_until 5 grep -q STOPPING=1 "$HOST_DIR/notices"
	end_process notified
	agent_start
}

@test "SIGTERM ends it within 5 seconds with status 0, also while it is being asked" {
	start asked bash -c "while :; do curl -sS -m 5 -o /dev/null $URL/metrics || exit 0; done"
	end_process agent TERM
	wait_until 5 test -s "$HOST_DIR/agent.exit"
	same "$(cat "$HOST_DIR/agent.exit")" 0
	wait_until 10 test -s "$HOST_DIR/asked.exit"
	agent_start
}

@test "without SNMP users it says so in its own words, and in one line" {
	agent_stop
	: >"$HOST_DIR/nobody.conf"
	agent_start snmp.config=
	grep -q 'info: SNMP: snmp.config is empty, so nobody can read or change anything' "$HOST_DIR/agent.log"
	agent_stop
	agent_start "snmp.config=$HOST_DIR/nobody.conf"
	grep -q "warning: SNMP: snmp.config: $HOST_DIR/nobody.conf gives nobody access" "$HOST_DIR/agent.log"
	run ! grep -F 'access control' "$HOST_DIR/agent.log"
	agent_stop
	agent_start
	same "$(grep -c ': SNMP: ' "$HOST_DIR/agent.log")" 2
}

@test "it starts without xenstored and is ready once that is there" {
	agent_stop
	bed xenstored kill
	start agent agent_program --config "$HOST_DIR/agent.yml"
	wait_until 10 expect 200 GET /-/healthy
	run http GET /-/ready
	same "$(http_status)" 503
	bed xenstored start
	wait_until 10 expect 200 GET /-/ready
}

@test "on a host without guests it is ready, and shows none" {
	bed destroy guest1
	bed destroy guest2
	agent_stop
	agent_start
	same "$(metric host_domains)" 0
	same "$(http GET /api/v1/domains | jq -c .domains)" "[]"
}
