#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How a guest's daemon lives beside others and ends: one at a time, nothing shrinks when it is gone,
# and an end for good leaves the guest able to grow: by its own last word, or by dom0's once it is silent.

bats_require_minimum_version 1.5.0
load lib.bash

setup_file() {
	host_up --guests 4 --host-mib 2048 --static-max-mib 512 \
		--daemon "$BUILD/xenballoon-guest" --daemons 4
	for name in guest1 guest2 guest3 guest4; do
		wait_until 30 reported $name
		selfballoon $name true
		wait_until 30 is_smaller $name 480
	done
	# It is not started again, and silent when the last test begins.
	bed daemon guest4 kill
}

teardown_file() {
	host_down
}

reported() {
	store_read "/local/domain/$(domid "$1")/memory/stats" | grep -q v=1
}

number() { # NAME FIELD
	bed stats "$1" | sed -n "s/^$2=//p"
}

is_smaller() { # NAME MIB
	[ "$(number "$1" current_kib)" -lt $(($2 * 1024)) ]
}

has_target() { # NAME KIB
	same "$(number "$1" target_kib)" "$2" "target of $1"
}

gone() { # NAME
	same "$(number "$1" daemon_pid)" 0
}

in_guest() { # NAME OPTION...
	env "$(bed guest-env "$1")" timeout 10 "$BUILD/xenballoon-guest" --procfs "$BED/guests/$1/proc" \
		--sysfs "$BED/guests/$1/sys" "${@:2}"
}

@test "a second daemon in a guest says so and ends; the first goes on" {
	local pid
	pid=$(number guest1 daemon_pid)
	run -1 in_guest guest1
	contains "$output" "another xenballoon-guest sizes this guest already"
	same "$(number guest1 daemon_pid)" "$pid" "daemon"
	# Reading is free.
	in_guest guest1 status | grep -q "selfballoon *on"
}

@test "killed, the next one starts without a step down" {
	local was
	bed daemon guest1 kill
	wait_until 5 gone guest1
	was=$(number guest1 current_kib)
	for _ in {1..5}; do
		bed daemon guest1 start
		wait_until 5 locked guest1
		bed daemon guest1 kill
		wait_until 5 gone guest1
	done
	[ "$(number guest1 target_kib)" -le "$was" ]
	between "$(number guest1 target_kib)" $((was - 16384)) "$was" "target after five starts"
	bed daemon guest1 start
}

# Its daemon has got as far as to hold the driver.
locked() {
	! flock -n "$BED/guests/$1/sys/." true
}

@test "ended by SIGINT, as for an upgrade, it shrinks no further" {
	local target
	kill -INT "$(number guest2 daemon_pid)"
	wait_until 5 gone guest2
	target=$(number guest2 target_kib)
	between "$target" "$(($(number guest2 current_kib) - 4))" $((500 * 1024)) "target"
	bed workload guest2 idle
	wait_until 10 has_target guest2 "$target"
	bed daemon guest2 start
}

@test "ended by SIGTERM it grows to all that it may have, unless it is off" {
	bed daemon guest3 stop
	wait_until 5 gone guest3
	has_target guest3 524288
	bed daemon guest3 start
	wait_until 30 is_smaller guest3 500
	selfballoon guest3 false
	wait_until 10 settled_off guest3
	bed daemon guest3 stop
	wait_until 5 gone guest3
	is_smaller guest3 500
	[ "$(number guest3 target_kib)" -lt 524288 ]
}

# It has taken note of being off.
settled_off() {
	same "$(store_read "/local/domain/$(domid "$1")/memory/selftarget")" ""
}

order_is() { # NAME KIB
	same "$(store_read "/local/domain/$(domid "$1")/memory/target")" "$2" "dom0's target of $1"
}

is_full() { # NAME
	same "$(number "$1" current_kib)" 524288 "size of $1"
}

@test "killed for good, it is let grow by dom0 once it is silent, which is audited" {
	local cap line other
	other=$(store_read "/local/domain/$(domid guest1)/memory/target")
	cap=$(bed list --json | jq '.[] | select(.name == "guest4") | .cap_kib')
	wait_until 150 order_is guest4 524288
	wait_until 30 is_full guest4
	same "$(bed list --json | jq '.[] | select(.name == "guest4") | .cap_kib')" "$cap" cap
	line=$(grep '"principal":"xenballoon-agent"' "$HOST_DIR/audit.log")
	same "$(wc -l <<<"$line")" 1 "audit lines"
	same "$(jq -c '[.name, .action, .result, .interface, .after]' <<<"$line")" \
		'["guest4","target","ok",null,524288]'
	contains "$(jq -r .detail <<<"$line")" "silent while selfballooning is on"
	[ "$(jq .before <<<"$line")" -le 524288 ]
	# That of one that reports stays.
	order_is guest1 "$other"
	bed daemon guest4 start
	wait_until 60 is_smaller guest4 500
}
