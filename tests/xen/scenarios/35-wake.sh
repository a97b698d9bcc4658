# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Tasks that wait for memory wake the daemon at once, also where free memory doesn't move: a program
# that has what it needs is squeezed by a limit of its own until it waits, and the guest grows.

wake_word() {
	dom0 "path=/local/domain/\$(xl domid $1)/memory/policy
		if [ -n '$2' ]; then xenstore-write \$path '$2'; else xenstore-rm \$path; fi"
}

wake_obeyed() {
	[[ " $(key "$1" stats) " == *" policy=pressure "* ]]
}

# A program that fills 48 MiB over and over, alone in a control group.
wake_program() {
	guest "$1" 'cd /sys/fs/cgroup && { [ -e cgroup.procs ] || mount -t cgroup2 none .; } && cd /sys/fs/cgroup &&
		echo +memory >cgroup.subtree_control && mkdir -p squeezed &&
		(echo 0 >squeezed/cgroup.procs && exec dd if=/dev/zero of=/dev/null bs=48M) >/dev/null 2>&1 &'
}

wake_filled() {
	guest "$1" '[ $(cat /sys/fs/cgroup/squeezed/memory.current) -gt 45000000 ]'
}

wake_still() {
	local before now
	before=$(allocated_of "$1") && sleep 3 && now=$(allocated_of "$1") && [ $((now - before)) -le 1024 ]
}

wake_told() {
	guest "$1" 'grep wake: /tmp/wake.log'
}

wake_end() {
	guest "$1" 'until rmdir /sys/fs/cgroup/squeezed; do sleep 1; done' >/dev/null 2>&1
	wake_word "$1" ''
}

scenario_wake() {
	local name=${1}1
	must "selfballoon on for $name" selfballoon "$name" true
	must "dom0's word for $name" wake_word "$name" pressure
	wait_for 30 "$name to obey" wake_obeyed "$name"
	must "a program in $name" wake_program "$name"
	wait_for 60 "48 MiB for it" wake_filled "$name"
	wait_for 120 "$name to have what it wants" wake_still "$name"
	# It ends by itself: a guest in which a program is squeezed is slow to answer.
	must "the squeeze" guest "$name" '(wake 60; killall dd) >/tmp/wake.log 2>&1 &
		(sleep 1; echo 40M >/sys/fs/cgroup/squeezed/memory.high) >/dev/null 2>&1 &'
	wait_for 90 "$name to have seen tasks wait" wake_told "$name"
	note "$name: $(wake_told "$name")"
	must "growth" guest "$name" 'grep raised /tmp/wake.log'
	must "the end of it" wake_end "$name"
}
