# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Off, and targets by HTTP and by SNMPv3 SET from outside: xl and the agent agree with what was
# asked, and who may not is refused.

# xl counts in whole MiB; within one of it.
target_is() {
	local mib=$(($2 / 1024)) by_xl by_agent
	by_xl=$(number "xl list $1 | awk 'NR == 2 { print \$3 }'") || return
	by_agent=$(metric_kib domain_memory_allocated_bytes "$1")
	[ -n "$by_agent" ] && [ $((by_xl - mib)) -le 1 ] && [ $((mib - by_xl)) -le 1 ] &&
		[ $((by_agent - $2)) -le 1024 ] && [ $(($2 - by_agent)) -le 1024 ]
}

target_follows() {
	wait_for 90 "$1 at $2 KiB" target_is "$1" "$2"
	must_be "target of $1 in the store" "$(size "$1" target)" -eq "$2"
	must_be "cap of $1 by the hypervisor" "$(cap_of "$1")" -eq $(($2 + 1024))
	note "xl list: $(dom0 "xl list $1" | tail -n 1); agent: $(metric_kib domain_memory_allocated_bytes "$1") KiB"
}

target_off_is_at_peace() {
	local target
	target=$(size "$1" target) || return
	[ "$(key "$1" selfballoon)" = 0 ] && [ "$(cap_of "$1")" -eq $((target + 1024)) ] &&
		target_is "$1" "$target"
}

# What a refused request must leave as it was; the guest goes on posting its own keys.
target_dom0s_keys() {
	dom0 "xenstore-ls -fp /local/domain/$1/memory | grep -E '/(target|selfballoon|static-max) ='"
}

scenario_target() {
	local name=${1}1 id before
	id=$(domid "$name")
	must "selfballoon on for $name" selfballoon "$name" true
	must "selfballoon off for $name" selfballoon "$name" false
	wait_for 60 "$name to stay where it is, cap and target with it" target_off_is_at_peace "$name"
	note "$name stays at $(allocated_of "$name") KiB, target $(key "$name" target), cap $(cap_of "$name")"

	must "target of 256 MiB by HTTP" target "$name" 262144
	target_follows "$name" 262144
	must "target of 320 MiB by SNMP SET" snmp_as operator set "XENBALLOON-MIB::xbDomainTarget.$id" u 327680
	target_follows "$name" 327680

	before=$(target_dom0s_keys "$id")
	must_not "the viewer's SET" snmp_as viewer set "XENBALLOON-MIB::xbDomainTarget.$id" u 262144
	must_not "a SET without privacy" snmp_as operator set -lauthNoPriv \
		"XENBALLOON-MIB::xbDomainTarget.$id" u 262144
	must "POST without a token" expect 401 POST "/api/v1/domains/$name/target" '{"target_kib": 262144}'
	must "POST of a target beyond static max" \
		expect 422 POST "/api/v1/domains/$name/target" '{"target_kib": 1048576}' operator
	must_be "the store after these" \
		"$(target_dom0s_keys "$id" | md5sum)" = \
		"$(md5sum <<<"$before")"

	must "selfballoon on by SNMP SET" snmp_as operator set "XENBALLOON-MIB::xbDomainSelfballoon.$id" i true
	must_be "cap of $name" "$(cap_of "$name")" -eq "$(open_cap)"
	must "selfballoon off by SNMP SET" snmp_as operator set "XENBALLOON-MIB::xbDomainSelfballoon.$id" i false
	wait_for 60 "$name off" target_off_is_at_peace "$name"
}
