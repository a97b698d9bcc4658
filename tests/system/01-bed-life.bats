#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How a bed comes and goes: many guests, long paths, scripts, real daemons, and that nothing stays
# behind. Each test has a bed of its own.

load lib.bash

setup() {
	host_new
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || logs
	host_down
}

# Processes that still run because of this test's bed: itself and its janitor, daemons, xenstored.
left_over() {
	# Patterns come from files: grep must not find itself.
	echo "$BED" >"$HOST_DIR/in-cmdline"
	echo "XENBED_STATE=$BED" >"$HOST_DIR/in-environ"
	grep -lsFf "$HOST_DIR/in-cmdline" /proc/[0-9]*/cmdline || true
	grep -lsFf "$HOST_DIR/in-environ" /proc/[0-9]*/environ || true
}

nothing_left() {
	same "$(left_over)" "" "processes left" &&
		same "$(find -L "$BED" -type s)" "" "sockets left" && [ ! -e "$BED/ready" ]
}

bed_pid() {
	cat "$HOST_DIR/pids/bed"
}

count() {
	bed list --json | jq "map(select($1)) | length"
}

count_is() {
	same "$(count "$1")" "$2" "guests with $1"
}

@test "kill -9 of the bed leaves no process and no socket" {
	bed_start --guests 3 --daemon "$(command -v sleep)"
	bed guest-env guest1
	[ "$(left_over | wc -l)" -ge 3 ]
	kill -9 "$(bed_pid)"
	wait_until 5 nothing_left
}

@test "SIGTERM ends it with status 0 and leaves nothing" {
	bed_start --guests 3
	bed_stop
	wait_until 5 nothing_left
}

@test "it ends with its parent if asked to" {
	bash -c '"$0" run --dir "$1" --guests 1 --die-with-parent >/dev/null 2>&1 & echo $! >"$2"
		until [ -e "$1/ready" ]; do sleep 0.05; done; kill -9 $$' \
		"$XENBED" "$BED" "$HOST_DIR/orphan" || true
	wait_until 5 nothing_left
}

capabilities() { # GUEST FIELD: of its daemon, as a number
	echo $((0x$(sed -n "s/^$2:[^0-9a-f]*//p" \
		"/proc/$(bed stats "$1" | sed -n 's/^daemon_pid=//p')/status")))
}

refused() { # GUEST: dom0 says that its driver refuses, and why
	same "$(http GET "/api/v1/domains/$1" | jq -r '"\(.state): \(.reason)"')" "refused: can't size itself, as its \
balloon driver refuses: Operation not permitted; see its journal"
}

@test "a daemon has the privileges that its unit leaves, and the driver asks for them" {
	local unit=$HOST_DIR/unit bits
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -c /dev/fuse ] || skip "needs /dev/fuse"
	bed_start --guests 1 --daemon "$BUILD/xenballoon-guest" --memory-mib 200
	bits=$(capabilities guest1 CapBnd)
	same "$(capabilities guest1 CapEff)" "$bits"
	same $((bits >> 21 & 1)) 1 "CAP_SYS_ADMIN (21) in the installed unit"
	same $((bits >> 19 & 1)) 0 "CAP_SYS_PTRACE (19) in the installed unit"
	same "$(capabilities guest1 NoNewPrivs)" 1
	bed_stop
	sed '/^CapabilityBoundingSet=/s/CAP_SYS_ADMIN//' "$ROOT/guest/xenballoon-guest.service" >"$unit"
	bed_start --guests 1 --daemon "$BUILD/xenballoon-guest" --memory-mib 200 --unit "$unit"
	agent_start
	wait_until 20 refused guest1
	contains "$(cat "$BED/guests/guest1/daemon.log")" \
		"the balloon driver refuses target_kb: Operation not permitted"
	bed stats guest1 | grep -qxE 'refused_writes=[1-9][0-9]*'
	bed stats guest1 | grep -qx 'target_writes=0'
}

@test "a folder with a long name works, and its sockets go from where they really are" {
	BED=$HOST_DIR/$(printf 'long%.0s' {1..25})
	bed_start --guests 1
	sockets=$(readlink "$BED/run")
	[ -S "$sockets/ctl" ]
	same "$(store_read /local/domain/1/name)" guest1
	bed_stop
	wait_until 5 nothing_left
	[ ! -e "$sockets" ]
}

@test "a thousand domains come up, each with a connection of its own" {
	bed_start --guests 1000 --host-mib 140000
	same "$(bed list --json | jq length)" 1000
	same "$(on_bed xenstore-list /local/domain | wc -l)" 1001
	same "$(env "$(bed guest-env guest1000)" timeout 10 xenstore-read name)" guest1000
	# Neither threads nor descriptors go with the number of guests.
	[ "$(find "/proc/$(bed_pid)/fd" -type l | wc -l)" -lt 64 ]
	bed mem-set guest777 100
	wait_until 10 count_is '.allocated_kib == 102400' 1
}

@test "the script gives names, sizes and work; more guests than it names do the same in turn" {
	cat >"$HOST_DIR/script" <<-EOT
		# two guests
		guest web1 256 memory=128 swap=64
		guest db1 512 pvh memory=150
		at 0 web1 steady 20
		at 0.5 db1 ramp 0 30 1
	EOT
	bed_start --script "$HOST_DIR/script" --guests 4
	same "$(bed list --json | jq -c 'map([.name, .type, .static_max_kib, .allocated_kib])')" \
		'[["web1","pv",262144,131072],["db1","pvh",524288,153600],["guest3","pv",262144,131072],["guest4","pvh",524288,153600]]'
	for guest in web1 guest3; do
		wait_until 5 works "$guest" "steady 20"
	done
	for guest in db1 guest4; do
		wait_until 5 works "$guest" "ramp 0 30 1"
	done
}

works() { # GUEST WORKLOAD
	bed stats "$1" | grep -qx "workload=$2"
}

@test "the same seed gives the same UUIDs, another gives others" {
	bed_start --guests 3 --seed 7
	one=$(bed list --json | jq -c 'map(.uuid)')
	bed_stop
	bed_start --guests 3 --seed 7
	same "$(bed list --json | jq -c 'map(.uuid)')" "$one"
	bed_stop
	bed_start --guests 3 --seed 8
	[ "$(bed list --json | jq -c 'map(.uuid)')" != "$one" ]
}

@test "real daemons run in the first guests, the bed posts for the rest" {
	bed_start --guests 4 --daemon "$BUILD/xenballoon-guest" --daemons 2 --memory-mib 200
	same "$(bed list --json | jq -c 'map(.reporter)')" '["daemon","daemon","poster","poster"]'
	bed daemon guest1 kill
	wait_until 5 count_is '.reporter == "daemon"' 1
	bed daemon guest1 start
	wait_until 5 count_is '.reporter == "daemon"' 2
	run bed daemon guest3 start
	same "$status" 1
	contains "$output" "it can have no daemon"
}

@test "domains come and go two hundred times without a trace" {
	bed_start --guests 2 --memory-mib 128
	before=$(bed host-free)
	for i in {1..200}; do
		bed create "churn$i" --memory-mib 64 >/dev/null
		bed destroy "churn$i"
	done
	same "$(bed host-free)" "$before"
	same "$(on_bed xenstore-list /local/domain | sort -n | tr '\n' ' ')" "0 1 2 "
}

@test "the sample script makes fifteen guests that work" {
	bed_start --script "$ROOT/tests/fake/demo.script" --daemons 0
	same "$(bed list --json | jq length)" 15
	wait_until 5 works db1 "steady 40"
	wait_until 5 works build1 "burst 10 90 60"
	same "$(bed list --json | jq '[.[].static_max_kib] | add')" $((15 * 524288))
}
