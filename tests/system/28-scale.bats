#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Guests of each type, HVM with and without video memory: whatever their balloon drivers count, all
# faces are on the scale of dom0's target, on and off lead nobody astray, and no driver is asked for
# more than it has.

# shellcheck disable=SC2086 # names without blanks
load lib.bash

TYPES="pv pvh hvm video"

setup_file() {
	host_new
	bed_start --guests 0 --host-mib 4096 --daemon "$BUILD/xenballoon-guest" --daemons 4
	for name in pv pvh hvm; do
		bed create $name --type $name --static-max-mib 256 --memory-mib 256
	done
	bed create video --type hvm --video-mib 16 --static-max-mib 256 --memory-mib 256
	agent_start
	for name in $TYPES; do
		wait_until 30 state_is $name converged
	done
}

teardown_file() {
	host_down
}

field() { # NAME FIELD
	http GET "/api/v1/domains/$1" | jq -r ".$2"
}

state_is() { # NAME STATE
	same "$(field "$1" state)" "$2" "state of $1: $(field "$1" reason)"
}

number() { # NAME FIELD
	bed stats "$1" | sed -n "s/^$2=//p"
}

is_at() { # NAME KIB: converged, as dom0, the guest and the hypervisor see it
	state_is "$1" converged &&
		same "$(field "$1" actual_kib)" "$2" "actual of $1" &&
		between "$(field "$1" allocated_kib)" $(($2 - 1024)) $(($2 + 1024)) "held by $1"
}

constant_of() { # NAME
	case $1 in
	pv) echo 0 ;;
	pvh) echo 388 ;;
	hvm) echo 408 ;;
	video) echo 16792 ;;
	esac
}

@test "a target leads each guest to its size; its driver's is lower by the guest's constant" {
	for name in $TYPES; do
		target $name 196608
		wait_until 20 is_at $name 196608
		same "$(number $name target_kib)" $((196608 - $(constant_of $name))) "driver of $name"
	done
}

@test "on and off again, each is where its target says" {
	local at
	for name in $TYPES; do
		selfballoon $name true
	done
	for name in $TYPES; do
		wait_until 60 has_shrunk $name
		selfballoon $name false
		at=$(field $name target_kib)
		wait_until 20 state_is $name converged
		between "$(field $name actual_kib)" $((at - 1024)) $((at + 1024)) "$name off"
		between "$(field $name allocated_kib)" $((at - 1024)) $((at + 1024)) "held by $name"
	done
}

has_shrunk() {
	[ "$(field "$1" allocated_kib)" -lt 180000 ]
}

@test "off with a target at once: the daemon hands over what Linux would take" {
	for name in $TYPES; do
		selfballoon $name true
		expect 200 POST "/api/v1/domains/$name/selfballoon" '{"enabled": false}' operator
		target $name 163840
	done
	for name in $TYPES; do
		wait_until 20 is_at $name 163840
		same "$(number $name target_kib)" $((163840 - $(constant_of $name))) "driver of $name"
	done
}

@test "on at its floor it is what it wants, with video memory, too" {
	for name in $TYPES; do
		store_write "/local/domain/$(domid $name)/memory/policy" "floor=120 hysteresis_down=1 interval_s=1"
		selfballoon $name true
	done
	for name in $TYPES; do
		wait_until 60 at_wanted $name
	done
}

at_wanted() {
	state_is "$1" converged && [ "$(field "$1" actual_kib)" -lt 150000 ]
}

@test "a guest that wants all gets what its driver has, and no memory is plugged in" {
	for name in $TYPES; do
		store_write "/local/domain/$(domid $name)/memory/policy" "reserve_percent=100"
	done
	for name in $TYPES; do
		wait_until 60 is_at $name 262144
		same "$(number $name target_kib)" $((262144 - $(constant_of $name))) "driver of $name"
		same "$(number $name hotplugs)" 0 "memory plugged into $name"
	done
}
