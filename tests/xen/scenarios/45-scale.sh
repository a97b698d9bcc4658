# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# One scale for all sizes: what the guest reports is what dom0's target says, whatever its balloon
# driver counts; and a guest that wants all it was booted for asks its driver for no more than that
# has, or Linux would plug memory in.

# In the guest: the driver's pages in KiB, and its target.
scale_pages() {
	number "guest $1 'cd /sys/devices/system/xen_memory/xen_memory0/info && cat current_kb low_kb high_kb' |
		awk '{ sum += \$1 } END { print sum }'"
}

scale_driver() { # NAME FILE
	guest "$1" "cat /sys/devices/system/xen_memory/xen_memory0/$2"
}

scale_blocks() {
	guest "$1" 'ls -d /sys/devices/system/memory/memory* 2>/dev/null | wc -l; grep "System RAM" /proc/iomem'
}

scale_is_full() {
	[ "$(http GET "/api/v1/domains/$1" | jq -r .state)" = converged ] &&
		[ "$(size "$1" actual)" -eq "$2" ]
}

scenario_scale() {
	local name=${1}1 id pages full constant=0 blocks
	id=$(domid "$name")
	learn full size "$name" static-max
	learn pages scale_pages "$name"
	[ "$1" = pv ] || constant=$((full - pages))
	note "$name: static max $full, the driver has $pages KiB, its constant is $constant"
	must_be "the constant" $constant -ge 0

	must "off" selfballoon "$name" false
	must "target of 256 MiB" target "$name" 262144
	wait_for 120 "256 MiB as $name reports them" scale_reports "$name" 262144
	must_be "the driver's target" "$(scale_driver "$name" target_kb)" -eq $((262144 - constant))

	blocks=$(scale_blocks "$name")
	note "$name's memory: ${blocks//$'\n'/, }"
	must_be "regions of System RAM in $name" "$(grep -c 'System RAM' <<<"$blocks")" -gt 0
	must "dom0's word that $name wants all" dom0 \
		"xenstore-write /local/domain/$id/memory/policy 'committed reserve_percent=100'"
	must "on" selfballoon "$name" true
	wait_for 180 "$name at its full size, converged" scale_is_full "$name" "$(scale_most "$name" "$full" "$pages")"
	must_be "the driver's target" "$(scale_driver "$name" target_kb)" -le "$pages"
	must_be "memory of $name, as it was" "$(scale_blocks "$name" | md5sum)" = "$(md5sum <<<"$blocks")"
	must "dom0's word no more" dom0 "xenstore-rm /local/domain/$id/memory/policy"
	must "off" selfballoon "$name" false
	must "target of 320 MiB" target "$name" 327680
	wait_for 120 "320 MiB as $name reports them" scale_reports "$name" 327680
}

scale_reports() {
	[ "$(size "$1" actual)" -eq "$2" ]
}

# What it can have on dom0's scale: a PV guest may have been built with less room than static max.
scale_most() { # NAME FULL PAGES
	if [[ $1 == pv[0-9] ]]; then
		echo $(($3 < $2 ? $3 : $2))
	else
		echo "$2"
	fi
}
