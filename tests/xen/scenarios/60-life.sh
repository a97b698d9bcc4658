# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The life of a selfballooning guest: reboot, save, restore, destroy. A new domid, the same UUID,
# what dom0 decided is put back, and no row stays of a domain that is gone.

life_uuid() {
	dom0 "xl list -v $1" | awk 'NR == 2 { print $7 }'
}

life_moved() {
	local now
	now=$(domid "$1" 2>/dev/null) && [[ $now =~ ^[0-9]+$ ]] && [ "$now" -ne "$2" ]
}

# On by the agent: key and cap, and the guest answers.
life_back_on() {
	[ "$(key "$1" selfballoon)" = 1 ] && [ "$(cap_of "$1")" -eq "$(open_cap)" ] &&
		[[ $(key "$1" selftarget) =~ ^[0-9]+$ ]]
}

# The emulator may lose a PVH guest at boot, so that xl starts it twice: what counts is the last domid.
life_one_row() {
	local name=$1 uuid=$2 id rows
	id=$(domid "$name") || return
	rows=$(http GET /metrics | grep -F "xenballoon_domain_info{domain=\"$name\"")
	[[ $rows == *"uuid=\"$uuid\",domid=\"$id\""* ]] && [ "$(wc -l <<<"$rows")" -eq 1 ] &&
		[ "$(snmp_value "xbDomainName.$id")" = "$name" ]
}

# Save and restore take a while, and say much.
life_xl() {
	DOM0_TIME=300 dom0 "xl $1 >/run/$$.log 2>&1; status=\$?; tail -n 2 /run/$$.log; exit \$status"
}

# No row: metrics, JSON and SNMP know nothing of it.
life_no_row() {
	local id=$1 metrics domains rows
	metrics=$(http GET /metrics) && domains=$(http GET /api/v1/domains) &&
		rows=$(snmp_as operator walk -Oqn XENBALLOON-MIB::xbDomainTable) || return
	[[ $metrics == *xenballoon_host_domains* && $metrics != *"domid=\"$id\""* ]] &&
		jq -e "[.domains[] | select(.domid == $id)] == []" <<<"$domains" >/dev/null &&
		! grep -q "\.$id " <<<"$rows"
}

# life_came_back NAME UUID OLD-DOMID WHAT
life_came_back() {
	local name=$1 uuid=$2 old=$3
	wait_for 180 "selfballoon put back after $4" life_back_on "$name"
	wait_for 60 "one row for the new domid" life_one_row "$name" "$uuid"
	wait_for 30 "the old row to go" life_no_row "$old"
	must_be "UUID of $name after $4" "$(life_uuid "$name")" = "$uuid"
	note "after $4: domid $old became $(domid "$name"), selfballoon 1, cap $(cap_of "$name") KiB, same UUID"
}

scenario_life() {
	local type=$1 name=${1}1 id uuid disk=/dev/vda
	[ "$type" = pv ] || disk=/dev/vdb
	id=$(domid "$name")
	uuid=$(life_uuid "$name")
	must "selfballoon on for $name" selfballoon "$name" true

	must "xl reboot $name" dom0 "xl reboot $name"
	wait_for 120 "a new domid of $name" life_moved "$name" "$id"
	wait_for 180 "userland of $name" is_up "$name"
	life_came_back "$name" "$uuid" "$id" reboot

	id=$(domid "$name")
	must "xl save $name" life_xl "save $name $disk"
	wait_for 30 "its row to go" life_no_row "$id"
	must "xl restore" life_xl "restore $disk"
	wait_for 60 "a new domid of $name" life_moved "$name" "$id"
	life_came_back "$name" "$uuid" "$id" "save and restore"
	must "$name answers after restore" guest "$name" "uptime && xenballoon-guest status | head -n 4"

	id=$(domid "$name")
	must "xl destroy $name" dom0 "xl destroy $name"
	wait_for 30 "its row to go" life_no_row "$id"
	# shellcheck disable=SC2154 # of tests/xen/run
	must "a new guest of that name" create "$name" "$type" "$guest_mib" "$guest_max_mib"
	wait_for 120 "userland of the new $name" is_up "$name"
	must_be "selfballoon of a new UUID" "$(key "$name" selfballoon)x" = x
}
