# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# The kernel module: /proc/xen/balloon as in 2008, the same keys, a daemon that stands by, and a
# clean unload, again and again.

module_key_is() {
	[ "$(key "$1" "$2")" = "$3" ]
}

module_at() {
	local now
	now=$(allocated_of "$1") && [ $((now - $2)) -le 1024 ] && [ $(($2 - now)) -le 1024 ]
}

module_daemon_said() {
	grep -q "$2" "$log/guest-$1.log"
}

scenario_module() {
	local name=${1}1 floor before
	must "selfballoon off for $name" selfballoon "$name" false
	# What it has is more than it wants, whatever the scenarios before left it with.
	must "a target of 320 MiB" target "$name" 327680
	wait_for 90 "$name at 320 MiB" module_at "$name" 327680
	# shellcheck disable=SC2016 # the guest's own variables
	must "xenfs in $name" guest "$name" 'cd /lib/modules && insmod xen-privcmd.ko 2>/dev/null
		insmod xenfs.ko 2>/dev/null; grep -q " /proc/xen " /proc/mounts || mount -t xenfs none /proc/xen'
	must_not "/proc/xen/balloon before" guest "$name" cat /proc/xen/balloon
	must "insmod" guest "$name" insmod /lib/modules/xen_selfballoon.ko
	must "cat" guest "$name" cat /proc/xen/balloon
	wait_for 20 "the daemon to stand by" module_daemon_said "$name" 'standing by until it is unloaded'

	learn floor size "$name" minimum
	must "dom0's word" tunes_word "$name" 'committed floor=128 hysteresis_down=4 interval_s=2'
	wait_for 20 "the module to obey" module_key_is "$name" minimum 131072
	must "the word is taken back" tunes_word_removed "$name"
	wait_for 20 "the module's own floor" module_key_is "$name" minimum "$floor"
	must "what it said of that" guest "$name" 'dmesg | grep "memory/policy of dom0"'

	learn before allocated_of "$name"
	must "echo 1" guest "$name" 'echo 1 >/proc/xen/balloon'
	wait_for 20 "selfballoon in dom0" module_key_is "$name" selfballoon 1
	wait_for 120 "$name to shrink" module_shrinks "$name" "$before"
	note "$name went from $before to $(allocated_of "$name") KiB; keys in dom0: actual" \
		"$(key "$name" actual), minimum $(key "$name" minimum), selftarget $(key "$name" selftarget)," \
		"stats $(key "$name" stats)"
	must_not "a target while it sizes itself" guest "$name" 'echo 300M >/proc/xen/balloon'
	must "echo 0" guest "$name" 'echo 0 >/proc/xen/balloon'
	wait_for 20 "selfballoon in dom0" module_key_is "$name" selfballoon 0
	learn floor size "$name" minimum
	must_not "a target below the floor" guest "$name" "echo $((floor - 1024))K >/proc/xen/balloon"
	must_be "what it says of that" "$(guest "$name" "echo 1M 2>&1 >/proc/xen/balloon" 2>&1 |
		grep -c 'Invalid argument')" -ge 1
	must "selfballoon on for $name, so that its cap is open" selfballoon "$name" true
	must "echo 0" guest "$name" 'echo 0 >/proc/xen/balloon'
	wait_for 20 "selfballoon in dom0" module_key_is "$name" selfballoon 0
	wait_for 20 "the module to know" module_says_off "$name"
	must "echo 300M" guest "$name" 'echo 300M >/proc/xen/balloon'
	wait_for 60 "$name at 300 MiB" module_at "$name" 307200
	must "cat" guest "$name" cat /proc/xen/balloon

	# shellcheck disable=SC2016
	must "50 times, begun" guest "$name" '(i=0; while [ $i -lt 50 ]; do rmmod xen_selfballoon || exit
		[ ! -e /proc/xen/balloon ] || exit; insmod /lib/modules/xen_selfballoon.ko || exit
		cat /proc/xen/balloon >/dev/null || exit; i=$((i + 1)); done
		echo "unloaded and loaded $i times") >/tmp/cycles.log 2>&1 &'
	wait_for 300 "50 times" module_cycled "$name"
	must "50 times" guest "$name" cat /tmp/cycles.log
	must_be "links to it" "$(guest "$name" readlink /proc/xen/balloon)" = /proc/xenballoon
	# O_PATH takes no reference to the module: what is held must not lead into it any more.
	must_be "what was held is, after the last unload" \
		"$(guest "$name" opath /proc/xen/balloon "'rmmod xen_selfballoon'")" = "gone: No such file or directory"
	must_not "/proc/xen/balloon after" guest "$name" cat /proc/xen/balloon
	must_not "/proc/xenballoon after" guest "$name" cat /proc/xenballoon
	wait_for 20 "the daemon to act again" module_daemon_said "$name" 'sizing this guest again'
	must_be "warnings of $name's kernel" "$(guest "$name" dmesg | grep -c 'WARNING:\|BUG:\|leak')" -eq 0
}

module_cycled() {
	guest "$1" cat /tmp/cycles.log | grep -q 'unloaded and loaded 50 times'
}

module_shrinks() {
	local now
	now=$(allocated_of "$1") && [ "$now" -lt $(($2 - 16384)) ]
}

module_says_off() {
	guest "$1" cat /proc/xen/balloon | grep -q 'Selfballooning: *off'
}
