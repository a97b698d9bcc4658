# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# Tasks that wait for memory wake the daemon at once, and whose waiting it is decides. A program
# squeezed by a limit of its own waits, too, but the guest keeps its size. A program that reads a
# device again and again, a little more than the cache holds, makes the whole guest reclaim, and the
# guest grows, though free memory hardly moves and no process reserves anything.

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

wake_group_gone() {
	guest "$1" 'rmdir /sys/fs/cgroup/squeezed'
}

wake_squeezed() {
	local name=$1 before
	must "a program in $name" wake_program "$name"
	wait_for 60 "48 MiB for it" wake_filled "$name"
	wait_for 180 "$name to have what it wants" wake_still "$name"
	learn before allocated_of "$name"
	# It ends by itself: a guest in which a program is squeezed is slow to answer.
	must "the squeeze" guest "$name" '(wake 20; killall dd) >/tmp/wake.log 2>&1 &
		(sleep 1; echo 40M >/sys/fs/cgroup/squeezed/memory.high) >/dev/null 2>&1 &'
	wait_for 90 "$name to have seen tasks wait" wake_told "$name"
	note "$name: $(wake_told "$name")"
	must_not "tasks that nobody saw wait" guest "$name" 'grep "no trigger" /tmp/wake.log'
	must_be "KiB that $name holds all the same" "$(allocated_of "$name")" -le $((before + before / 10))
	wait_for 30 "the end of the program" wake_group_gone "$name"
}

# Cache for the device stays while somebody has it open. It is all zeros, which take no memory.
wake_reader() {
	guest "$1" 'device=/dev/zram$(cat /sys/class/zram-control/hot_add) &&
		echo 1G >/sys/block/${device#/dev/}/disksize && echo 40 >/run/wake.mib &&
		(exec 3<$device; while [ -e /run/wake.mib ]; do
			dd if=$device of=/dev/null bs=1M count=$(cat /run/wake.mib); sleep 0.2
		done) >/dev/null 2>&1 &'
}

wake_cached() {
	guest "$1" '[ $(sed -n "s/^Buffers: *\([0-9]*\) kB/\1/p" /proc/meminfo) -ge $((39 * 1024)) ]'
}

wake_read_more() {
	guest "$1" '(wake 60; rm /run/wake.mib) >/tmp/wake.log 2>&1 &
		(sleep 1; while read -r name kib _; do
			case $name in MemAvailable:) echo $((kib / 1024 + 16)) >/run/wake.mib ;; esac
		done </proc/meminfo) >/dev/null 2>&1 &
		sleep 2; echo "reads $(cat /run/wake.mib) MiB"'
}

scenario_wake() {
	local name=${1}1
	must "selfballoon on for $name" selfballoon "$name" true
	wake_squeezed "$name"
	must "a reader in $name" wake_reader "$name"
	wait_for 60 "40 MiB of cache" wake_cached "$name"
	wait_for 180 "$name to have what it wants" wake_still "$name"
	must "the reader" wake_read_more "$name"
	wait_for 90 "$name to have seen tasks wait" wake_told "$name"
	note "$name: $(wake_told "$name")"
	must "growth" guest "$name" 'grep raised /tmp/wake.log'
}
