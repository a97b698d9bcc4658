#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# A guest whose balloon driver doesn't obey its daemon: dom0 is told, every face says it and why, and it
# ends when the driver obeys. The driver's file is closed by its mode, which binds root, too, as the
# daemon's unit takes the capability to pass modes over; or it isn't there at all.

bats_require_minimum_version 1.5.0
load lib.bash
load cli.bash

setup_file() {
	host_new
	bed_start --guests 3 --host-mib 2048 --static-max-mib 512 --daemon "$BUILD/xenballoon-guest" --daemons 4
	agent_start
	cli_tokens
	for name in guest1 guest2 guest3; do
		wait_until 30 state_is $name converged
	done
}

teardown_file() {
	host_down
}

state_is() { # NAME STATE
	same "$(http GET "/api/v1/domains/$1" | jq -r .state)" "$2" "state of $1"
}

said() { # NAME TEXT
	grep -qF -- "$2" "$BED/guests/$1/daemon.log"
}

as_program() { # NAME SUBCOMMAND
	env "$(bed guest-env "$1")" timeout 10 "$BUILD/xenballoon-guest" \
		--procfs "$BED/guests/$1/proc" --sysfs "$BED/guests/$1/sys" "$2"
}

restart() { # NAME COMMAND...: of its daemon, with the command in between
	bed daemon "$1" stop
	wait_until 5 stopped "$1"
	"${@:2}"
	bed daemon "$1" start
}

stopped() {
	bed stats "$1" | grep -qx daemon_pid=0
}

driver_closes() { # NAME
	restart "$1" chmod 0444 "$BED/guests/$1/sys/target_kb"
	wait_until 10 state_is "$1" refused
}

REASON="can't size itself, as its balloon driver refuses: Permission denied; see its journal"

@test "the daemon proves at start that the driver obeys, and changes nothing by it" {
	restart guest1 true
	wait_until 10 said guest1 "reporting to dom0"
	same "$(grep -c refuses "$BED/guests/guest1/daemon.log")" 0 "refusals"
	same "$(bed stats guest1 | grep ^target_kib=)" "$(bed stats guest2 | grep ^target_kib=)" "target"
}

@test "one that refuses is said in the guest, with what mends it" {
	driver_closes guest1
	said guest1 "the balloon driver refuses target_kb: Permission denied: run the daemon as root."
	run -0 as_program guest1 status
	contains "$output" "Its balloon driver refuses: Permission denied; it keeps its size."
	contains "$output" "run the daemon as root"
	run -0 as_program guest1 explain
	contains "$output" "Its balloon driver refuses: Permission denied"
	contains "$(key guest1 stats)" " driver=EACCES "
}

@test "every face shows it" {
	local id
	id=$(domid guest1)
	same "$(http GET /api/v1/domains/guest1 | jq -r .reason)" "$REASON" "reason"
	same "$(http GET /metrics | grep '^xenballoon_domain_state{domain="guest1".* 1$' |
		grep -o 'state="[a-z_]*"')" 'state="refused"' "Prometheus"
	same "$(snmp_as operator get -Oqv -Oe "XENBALLOON-MIB::xbDomainState.$id")" 10 "MIB"
	contains "$(snmp_as operator get -Oqv "XENBALLOON-MIB::xbDomainReason.$id")" "$REASON"
	contains "$(cli list)" refused
	contains "$(cli explain guest1)" "xenballoon-guest status says what refuses"
	run -1 cli check -w free=off -c free=off
	contains "$output" "1 guest that can't balloon (guest1)"
	run cli doctor
	contains "$output" "1 of 3 can't balloon: guest1"
	contains "$(cli advise)" "can't balloon: xenballoon explain says why"
}

@test "what it wants is in no sum" {
	local host
	host=$(http GET /api/v1/domains | jq '[.domains[] | select(.state != "refused") |
		[.allocated_kib - .wanted_kib, 0] | max] | add')
	same "$(http GET /api/v1/host | jq .reclaimable_kib)" "$host" "reclaimable"
}

@test "on is done, and answered with it by HTTP, command line and in the guest" {
	run selfballoon guest1 true
	contains "$output" "The guest $REASON. It keeps its size until that is mended."
	same "$(key guest1 selfballoon)" 1 "selfballoon"
	run -0 cli on guest1
	contains "$output" "$REASON"
	same "$(expect 200 POST /api/v1/domains/guest1/selfballoon '{"enabled": true, "dry_run": true}' \
		operator | jq -r .warning)" \
		"The guest $REASON. It keeps its size until that is mended." "warning of a dry run"
	run -0 as_program guest1 on
	contains "$output" "its balloon driver doesn't obey the daemon"
	state_is guest1 refused
	same "$(key guest1 selftarget)" "" "selftarget"
}

@test "it ends when the driver obeys, without a restart, and the guest sizes itself" {
	local before
	before=$(bed stats guest1 | sed -n 's/^current_kib=//p')
	chmod 0644 "$BED/guests/guest1/sys/target_kb"
	wait_until 70 said guest1 "the balloon driver obeys"
	wait_until 10 state_is_not guest1 refused
	wait_until 30 smaller guest1 "$before"
	key guest1 stats | grep -qv driver=
}

state_is_not() {
	! state_is "$@" >/dev/null
}

smaller() { # NAME KIB
	[ "$(bed stats "$1" | sed -n 's/^current_kib=//p')" -lt "$2" ]
}

@test "a kernel without a balloon driver: the daemon stays, reports, and dom0 says so" {
	local folder=$BED/guests/guest2/sys
	restart guest2 mv "$folder" "$folder.off"
	wait_until 10 state_is guest2 refused
	said guest2 "this kernel has no balloon driver: "
	same "$(http GET /api/v1/domains/guest2 | jq -r .reason)" \
		"can't change its size, as its kernel has no balloon driver" "reason"
	same "$(http GET /api/v1/domains/guest2 | jq -c '[.actual_kib, .minimum_kib, .wanted_kib, .errors]')" \
		'[null,null,null,[]]' "what isn't known"
	[ "$(http GET /api/v1/domains/guest2 | jq .available_kib)" -gt 0 ]
	run -0 as_program guest2 status
	contains "$output" "Its kernel has no balloon driver; it keeps its size."
	run selfballoon guest2 true
	contains "$output" "as its kernel has no balloon driver. It keeps its size until that is mended."
	selfballoon guest2 false
	run target guest2 200000
	contains "$output" "no target moves it"
	mv "$folder.off" "$folder"
	wait_until 70 said guest2 "the balloon driver obeys"
	wait_until 10 state_is_not guest2 refused
}

@test "a daemon without CAP_SYS_ADMIN: dom0 and the guest name what refuses, and the capability" {
	bed create bound --static-max-mib 256 --memory-mib 256 --daemon yes --target_kb refuse
	wait_until 20 state_is bound refused
	same "$(http GET /api/v1/domains/bound | jq -r .reason)" \
		"can't size itself, as its balloon driver refuses: Operation not permitted; see its journal"
	said bound "the balloon driver refuses target_kb: Operation not permitted: "
	said bound "CAP_SYS_ADMIN"
	run -0 as_program bound status
	contains "$output" "CAP_SYS_ADMIN"
	bed destroy bound
}

@test "a guest's own words for it are bounded: no word of its own reaches a face" {
	local id stats
	id=$(domid guest3)
	restart guest3 true
	bed daemon guest3 stop
	wait_until 5 stopped guest3
	stats=$(key guest3 stats)
	store_write "/local/domain/$id/memory/stats" "${stats/ policy/ driver=Evil1 policy}"
	wait_until 5 state_is guest3 refused
	same "$(http GET /api/v1/domains/guest3 | jq -r .reason)" \
		"can't size itself, as its balloon driver refuses: an error without a name; see its journal"
	store_write "/local/domain/$id/memory/stats" "${stats/ policy/ driver=<b>x policy}"
	wait_until 5 state_is_not guest3 refused
	[ "$(http GET /api/v1/domains/guest3 | jq .key_errors)" -ge 1 ]
}
