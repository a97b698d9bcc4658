# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Behind the agent's back: xl mem-set, xl mem-max and xenstore-write while a guest sizes itself. It
# is seen, shown, and dealt with as the contract says: what another tool leaves as cap holds.

behind_state() {
	[ "$(http GET "/api/v1/domains/$1" | jq -r .state)" = "$2" ]
}

behind_field() {
	http GET "/api/v1/domains/$1" | jq -r ".$2"
}

behind_field_is() {
	[ "$(behind_field "$1" "$2")" = "$3" ]
}

behind_sequence() {
	number "xenstore-read /local/domain/\$(xl domid $1)/memory/stats | sed -n 's/.*seq=\([0-9]*\).*/\1/p'"
}

behind_sequence_passed() {
	local now
	now=$(behind_sequence "$1") && [ "$now" -gt "$2" ]
}

behind_holds_at_most() {
	local now
	now=$(allocated_of "$1") && [ "$now" -le "$2" ]
}

scenario_behind() {
	# Less than a guest with that program wants by the arithmetic of any kernel, and enough with its swap.
	local name=${1}1 sequence mib=224
	must "selfballoon on for $name" selfballoon "$name" true
	must "a program in $name" guest "$name" 'take 130 8 pages >/tmp/take.log 2>&1 &'
	wait_for 300 "a program in $name" guest "$name" 'grep -q holding /tmp/take.log'
	note "$name holds $(allocated_of "$name") KiB and says $(key "$name" selftarget)"
	learn sequence behind_sequence "$name"

	must "xl mem-set $name $mib" dom0 "xl mem-set $name $mib"
	wait_for 30 "the guest's report after it" behind_sequence_passed "$name" "$sequence"
	must_be "cap that xl left, KiB" "$(cap_of "$name")" -eq $((mib * 1024 + 1024))
	wait_for 30 "the agent to see it" behind_field_is "$name" cap_kib $((mib * 1024 + 1024))
	wait_for 60 "$name within the cap" behind_holds_at_most "$name" $((mib * 1024 + 1024))
	must_be "selfballoon of $name" "$(behind_field "$name" selfballoon)" = true

	wait_for 120 "state capped" behind_state "$name" capped
	note "$(behind_field "$name" reason)"
	must_be "KiB held by $name" "$(allocated_of "$name")" -le $((mib * 1024 + 1024))
	guest "$name" 'kill $(pidof take)' >/dev/null

	must "xl mem-max $name 300" dom0 "xl mem-max $name 300"
	wait_for 30 "the agent to see the new cap" behind_field_is "$name" cap_kib "$(cap_of "$name")"
	note "cap after mem-max: $(cap_of "$name") KiB, static max $(key "$name" static-max)"

	must "xenstore-write of selfballoon 0" dom0 "xenstore-write /local/domain/\$(xl domid $name)/memory/selfballoon 0"
	wait_for 30 "the agent to show off" behind_field_is "$name" selfballoon false
	must "xenstore-write of selfballoon 1" dom0 "xenstore-write /local/domain/\$(xl domid $name)/memory/selfballoon 1"
	wait_for 30 "the agent to show on" behind_field_is "$name" selfballoon true
	must "and explain" behind_field "$name" reason
	must "xl mem-max $name back" dom0 "xl mem-max $name 512"
	must "selfballoon on by the agent again" selfballoon "$name" true
	must_be "cap of $name" "$(cap_of "$name")" -eq "$(open_cap)"
}
