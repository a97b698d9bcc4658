# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# Selfballooning on: the cap opens, the idle guest gives back most of what it can spare, and a
# program in it gets 200 MiB again when it wants them.

shrink_below() {
	local now
	now=$(allocated_of "$1") && [ "$now" -le "$2" ]
}

# It has all, or has ended before: killed, or gone with a guest that the emulator lost.
grow_over() {
	guest "$1" 'grep -q holding /tmp/take.log || ! pidof take' >/dev/null
}

grow_ended() {
	! guest "$1" 'pidof take' >/dev/null
}

scenario_shrink_grow() {
	local name=${1}1 before floor enough started=$SECONDS
	learn before allocated_of "$name"
	learn floor size "$name" minimum
	must "selfballoon on for $name" selfballoon "$name" true
	must_be "cap of $name by the hypervisor, KiB" "$(cap_of "$name")" -eq "$(open_cap)"
	enough=$((before - (before - floor) * 60 / 100))
	note "$name holds $before KiB, its floor is $floor: 60 % given back is $enough"
	wait_for 300 "$name at or below $enough KiB" shrink_below "$name" "$enough"
	note "$name holds $(allocated_of "$name") KiB after $((SECONDS - started)) s"
	must "and says" guest "$name" xenballoon-guest status

	started=$SECONDS
	learn before allocated_of "$name"
	must "a program in $name" guest "$name" 'take 200 8 pages >/tmp/take.log 2>&1 &'
	wait_for 300 "200 MiB for a program in $name" grow_over "$name"
	must "200 MiB for it" guest "$name" 'tail -n 3 /tmp/take.log; grep -q holding /tmp/take.log'
	must_be "KiB that $name has grown to" "$(allocated_of "$name")" -gt "$before"
	note "a program has 200 MiB more after $((SECONDS - started)) s"
	must_be "agent's state of $name" "$(http GET "/api/v1/domains/$name" | jq -r .selfballoon)" = true
	guest "$name" 'kill $(pidof take)' >/dev/null
	wait_for 60 "end of the program" grow_ended "$name"
}
