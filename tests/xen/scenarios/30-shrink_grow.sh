# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# Selfballooning on: the cap opens, the idle guest gives back most of what it can spare, and a
# program in it gets 200 MiB again when it wants them.

shrink_below() {
	local now
	now=$(allocated_of "$1") && [ "${now:-9999999}" -le "$2" ]
}

grow_holds() {
	guest "$1" 'cat /tmp/take.log' | grep -q 'holding 200'
}

grow_ended() {
	! guest "$1" 'pidof take' >/dev/null
}

scenario_shrink_grow() {
	local name=${1}1 before floor enough started=$SECONDS
	before=$(allocated_of "$name")
	floor=$(key "$name" minimum)
	must "selfballoon on for $name" selfballoon "$name" true
	must_be "cap of $name by the hypervisor, KiB" "$(cap_of "$name")" -eq "$(open_cap)"
	enough=$((before - (before - floor) * 60 / 100))
	note "$name holds $before KiB, its floor is $floor: 60 % given back is $enough"
	wait_for 300 "$name at or below $enough KiB" shrink_below "$name" "$enough"
	note "$name holds $(allocated_of "$name") KiB after $((SECONDS - started)) s"
	must "and says" guest "$name" xenballoon-guest status

	started=$SECONDS
	before=$(allocated_of "$name")
	guest "$name" 'take 200 8 >/tmp/take.log 2>&1 &' >/dev/null
	wait_for 300 "200 MiB for a program in $name" grow_holds "$name"
	note "$(guest "$name" cat /tmp/take.log)"
	must_be "KiB that $name has grown to" "$(allocated_of "$name")" -gt "$before"
	note "a program has 200 MiB more after $((SECONDS - started)) s"
	must_be "agent's state of $name" "$(http GET "/api/v1/domains/$name" | jq -r .selfballoon)" = true
	guest "$name" 'kill $(pidof take)' >/dev/null
	wait_for 60 "end of the program" grow_ended "$name"
}
