# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# As many domains of 512 MiB as live on 2048 MiB, PV and PVH in turn, dom0 with 256: each in its turn
# takes and touches 64 MiB more and has it within 2 s, and no process is killed in any of them.
# OVERCOMMIT=18 is what physics allows: 19 at 92 MiB fill such a host to the last 6.

# For this scenario alone. Bare guests die near 88 MiB and live at 92.
overcommit_word='committed floor=92 reserve_percent=3 hysteresis_down=2'
overcommit_boot_mib=104
overcommit_swap=bed.zram=64M
overcommit_burst_ms=2000

scenario_overcommit_types() {
	echo all
}

scenario_overcommit_dom0_mib() {
	echo 256
}

overcommit_free() {
	number "xl info free_memory"
}

overcommit_room() {
	local free
	free=$(overcommit_free) && [ "$free" -ge $(($1 + 4)) ]
}

# Again, if the emulator made xl start it again.
overcommit_tuned() {
	ask "path=/local/domain/\$(xl domid $1)/memory/policy
		xenstore-read \$path >/dev/null 2>&1 || xenstore-write \$path '$overcommit_word'"
}

overcommit_on() {
	selfballoon "$1" true >/dev/null
}

overcommit_small() {
	local now
	overcommit_tuned "$1"
	now=$(allocated_of "$1") && [ "$now" -le $((95 * 1024)) ]
}

overcommit_granted() {
	key "$1" selfballoon >/dev/null
}

# Makes one domain and lets it balloon itself; false when there is no room for another.
overcommit_one() {
	local name=$1 type=$2
	create "$name" "$type" $overcommit_boot_mib "$guest_max_mib" $overcommit_swap || return
	# Under another domid than at first, if the emulator made xl start it again.
	wait_for 600 "userland of $name" is_up "$name"
	wait_for 60 "keys of $name" overcommit_granted "$name"
	wait_for 60 "dom0's word for $name" overcommit_tuned "$name"
	wait_for 60 "selfballoon on for $name" overcommit_on "$name"
}

overcommit_over() {
	guest "$1" 'grep -q holding /tmp/take.log || ! pidof take' >/dev/null
}

# overcommit_try NAME: how many ms 64 MiB took, in $ms, and each quarter of it, in $steps; false if it
# ended without having them.
overcommit_try() {
	local said
	# Nobody asks while it takes, nor does anything else run in dom0: on an emulated CPU that would be
	# most of the time measured.
	guest "$1" '(sleep 1; exec take 64 16 pages) >/tmp/take.log 2>&1 &' >/dev/null
	sleep 5
	wait_for 60 "64 MiB more in $1" overcommit_over "$1"
	said=$(guest "$1" 'cat /tmp/take.log; killall take') && [[ $said == *'holding 64'* ]] || return
	steps=$(sed -n 's/.*step took \([0-9]*\) ms/\1/p' <<<"$said" | xargs)
	ms=$((${steps// /+}))
}

# Once more only for a guest that the emulator has just lost.
overcommit_burst() {
	subjects=("$1")
	wait_for 300 "room for a burst" overcommit_room 68
	made_good
	until overcommit_try "$1"; do
		lost_to_emulator "$since" all || fail "$1 has not got 64 MiB more: $(guest "$1" 'cat /tmp/take.log')"
		made_good
		note "the emulator lost $1; once more"
		wait_for 600 "userland of $1" is_up "$1"
		wait_for 300 "$1 at its floor" overcommit_small "$1"
	done
}

scenario_overcommit() {
	local WAIT_STEP=3 wanted=${OVERCOMMIT:-18} n=0 name names=() ms steps slowest=0 kills
	note "tuned for this scenario: memory/policy \"$overcommit_word\", memory=$overcommit_boot_mib," \
		"swap in memory: $overcommit_swap"
	while [ $n -lt "$wanted" ]; do
		name=oc$((n + 1))
		subjects=("$name")
		wait_for 300 "room for $name" overcommit_room $overcommit_boot_mib
		overcommit_one "$name" "$([ $((n % 2)) -eq 0 ] && echo pv || echo pvh)" || break
		names+=("$name")
		n=$((n + 1))
	done
	for name in "${names[@]}"; do
		subjects=("$name")
		wait_for 300 "$name at its floor" overcommit_small "$name"
	done
	note "$n domains, $(overcommit_free) MiB free"
	for name in "${names[@]}"; do
		overcommit_burst "$name"
		note "$name: 64 MiB more after $ms ms ($steps)"
		[ "$ms" -le "$slowest" ] || slowest=$ms
	done
	made_good
	kills=$(cat "$log"/guest-oc*.log | grep -cE 'Out of memory|oom-kill')
	last_line "overcommit: $n domains of $guest_max_mib MiB on $host_mib MiB, $kills OOM kills"
	must_be "domains" "$n" -ge "$wanted"
	must_be "OOM kills" "$kills" -eq 0
	must_be "ms that the slowest waited for 64 MiB" "$slowest" -le $overcommit_burst_ms
}
