#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# dom0's clock is set while the agent runs: no age, state or uptime follows it.

load lib.bash
load snmp.bash
load cli.bash

setup_file() {
	host_new
	gcc -O2 -shared -fPIC -o "$HOST_DIR/clock.so" "$ROOT/tests/system/clock.c" -ldl
	echo 0 >"$HOST_DIR/offset"
	export CLOCK_OFFSET=$HOST_DIR/offset
	bed_start --guests 1 --host-mib 1024
	bed create quiet --memory-mib 128 --static-max-mib 256 --daemon no --poster no
	cli_tokens
	agent_config
	start agent shifted_agent --config "$HOST_DIR/agent.yml"
	wait_until 20 agent_answered
	wait_until 10 as_guest "v=1 seq=1 wanted=100000"
	wait_until 40 field_is quiet wanted_kib 100000
	as_guest "v=1 seq=2 wanted=100000"
	wait_until 10 reported
}

teardown_file() {
	host_down
}

shifted_agent() {
	# shellcheck disable=SC1091
	. "$BED/env"
	LD_PRELOAD=$HOST_DIR/clock.so:$XENBED_PRELOAD exec "$BUILD/xenballoon-agent" "$@"
}

as_guest() { # STATS
	env "$(bed guest-env quiet)" xenstore-write memory/stats "$1"
}

field() { # NAME FIELD
	http GET "/api/v1/domains/$1" | jq ".$2"
}

field_is() { # NAME FIELD VALUE
	same "$(field "$1" "$2")" "$3" "$2 of $1"
}

reported() {
	[ "$(field quiet report_age_ms)" != null ]
}

up_ticks() {
	snmp_as operator get -OqvUt "$VM_OID.1.4.1.15.$(domid quiet)"
}

# set_clock SECONDS: and the agent's wall clock shows it.
set_clock() {
	echo "$1" >"$CLOCK_OFFSET"
}

@test "the clock is put forward by five minutes, and back by an hour: states and ages stay" {
	local offset state age up before
	state=$(field quiet state)
	before=$(http GET /metrics | grep -c 'state="silent"} 1' || true)
	for offset in 300 -3600 86400 0; do
		age=$(field quiet report_age_ms)
		up=$(up_ticks)
		set_clock $offset
		# Another picture is made each second.
		as_guest "v=1 seq=2 wanted=$((100000 + offset + 4000))"
		wait_until 10 field_is quiet wanted_kib $((104000 + offset))
		same "$(field quiet state)" "$state" "state at $offset"
		between "$(field quiet report_age_ms)" "$age" $((age + 20000)) "age at $offset"
		between "$(up_ticks)" "$up" $((up + 2000)) "uptime at $offset"
		between "$(snmp_value "xbDomainLastReportAge.$(domid quiet)" | tr -cd 0-9)" $((age / 1000)) $((age / 1000 + 20))
		contains "$(cli list -o name,last_report | grep '^quiet ')" " s ago"
		same "$(http GET /metrics | grep -c 'state="silent"} 1' || true)" "$before" "silent guests at $offset"
		# What is shown as a time is by the clock as it is set.
		between "$(field quiet last_report)" $((${EPOCHREALTIME%.*} + offset - 60)) $((${EPOCHREALTIME%.*} + offset + 2)) "time at $offset"
	done
}
