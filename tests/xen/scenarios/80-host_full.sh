# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The host is full: both guests ask for more than there is. Who gets what is shown with its reason,
# nobody is killed, and what one frees reaches the other.

scenario_host_full_types() {
	echo all
}

full_at_target() {
	local now
	now=$(allocated_of "$1") && [ "$now" -le $(($2 + 1024)) ]
}

full_free_mib() {
	number "xl info free_memory"
}

full_somebody_waits() {
	http GET /api/v1/domains | jq -e '[.domains[] | select(.state == "host_full")] | length > 0' \
		>/dev/null
}

full_who_waits() {
	http GET /api/v1/domains | jq -r '.domains[] | select(.state == "host_full") | .name' | head -n 1
}

full_grown() {
	local now
	now=$(allocated_of "$1") && [ "$now" -ge "$2" ]
}

full_shown() {
	note "host has $(full_free_mib) MiB free"
	note "$(http GET /api/v1/domains | jq -r '.domains[] | select(.name != "filler") |
		"\(.name): \(.state), allocated \(.allocated_kib) KiB: \(.reason)"')"
}

scenario_host_full() {
	local name free waits other before
	for name in pv1 pvh1; do
		must "selfballoon off for $name" selfballoon $name false
		must "target of 180 MiB for $name" target $name 184320
		wait_for 90 "$name at 180 MiB" full_at_target $name 184320
	done
	learn free full_free_mib
	must "a guest that holds all but 90 of the $free MiB free" \
		create filler pv $((free - 90)) $((free - 90)) "" -p
	full_shown
	for name in pv1 pvh1; do
		must "selfballoon on for $name" selfballoon $name true
		must "a program in $name that reserves 200 MiB" guest $name \
			'take 200 8 untouched >/tmp/take.log 2>&1 & until grep -q holding /tmp/take.log; do usleep 200000; done'
	done
	wait_for 180 "a guest in state host_full" full_somebody_waits
	full_shown
	waits=$(full_who_waits)
	other=pv1
	[ "$waits" != pv1 ] || other=pvh1
	learn before allocated_of "$waits"
	note "$waits waits; the program in $other ends"
	guest $other 'kill $(pidof take)' >/dev/null
	wait_for 180 "memory of $other to reach $waits" full_grown "$waits" $((before + 16384))
	full_shown
	guest "$waits" 'kill $(pidof take)' >/dev/null
	must "the end of the filler" dom0 "xl destroy filler"
}
