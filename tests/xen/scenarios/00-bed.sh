# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The bed itself: guests run, follow xl mem-set, and Xen caps what they take.

bed_current_kib() {
	guest "$1" cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb
}

bed_current_is_near() {
	local now
	now=$(bed_current_kib "$1") && [ "$now" -ge $(($2 - 1024)) ] && [ "$now" -le $(($2 + 1024)) ]
}

scenario_bed() {
	local name=${1}1
	must "kernel of $name" guest "$name" uname -r
	must "free memory in $name" guest "$name" "free -m | grep Mem"
	must_not "$name writes its own target" guest "$name" xenstore-write memory/target 1000
	must "$name to 300 MiB" dom0 "xl mem-set $name 300"
	wait_for 30 "$name at 300 MiB" bed_current_is_near "$name" 307200
	must "what $name holds" bed_current_kib "$name"
	guest "$name" 'echo 409600 >/sys/devices/system/xen_memory/xen_memory0/target_kb' >/dev/null
	must "program that takes 100 MiB" guest "$name" 'take 100 20 >/tmp/take.log &
		until grep -q holding /tmp/take.log; do usleep 100000; done; cat /tmp/take.log; kill $!'
	must_be "what $name holds after asking for 400 MiB, KiB" "$(bed_current_kib "$name")" -le 308224
	must "$name to 512 MiB" dom0 "xl mem-set $name 512"
	wait_for 30 "$name at 512 MiB" bed_current_is_near "$name" 523900
}
