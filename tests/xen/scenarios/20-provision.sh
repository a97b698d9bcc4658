# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What xl makes and what the agent adds to it: the guest's keys, who may write them, and that store,
# hypervisor, Prometheus and SNMP say the same of the guest.

provision_granted() {
	local key listing
	listing=$(dom0 "xenstore-ls -p /local/domain/$1/memory")
	for key in selfballoon actual minimum selftarget stats; do
		grep -qE "^$key = .*\(n0,b$1\)" <<<"$listing" || return
	done
	grep -qE "^target = .*\(n0,r$1\)" <<<"$listing"
}

provision_posted() {
	[[ $(key "$1" actual) =~ ^[0-9]+$ ]] && [[ $(key "$1" stats) == v=1* ]]
}

provision_agree() {
	local id=$1 name=$2 store
	store=$(key "$name" actual)
	[ "$(metric_kib domain_memory_actual_bytes "$name")" = "$store" ] &&
		[ "$(snmp_number xbDomainActual "$id")" = "$store" ] &&
		[ "$(metric_kib domain_memory_cap_bytes "$name")" = "$(cap_of "$name")" ] &&
		[ "$(metric_kib domain_memory_allocated_bytes "$name")" = "$(allocated_of "$name")" ]
}

scenario_provision() {
	local name=${1}1 id
	id=$(domid "$name")
	wait_for 30 "grant of $name's keys" provision_granted "$id"
	note "$(dom0 "xenstore-ls -p /local/domain/$id/memory")"
	wait_for 60 "report of $name" provision_posted "$name"
	must "stats of $name" key "$name" stats
	must "$name writes a key of its own" guest "$name" \
		"v=\$(xenstore-read memory/minimum) && xenstore-write memory/minimum \$v"
	must_not "$name writes target" guest "$name" xenstore-write memory/target 524288
	must_not "$name writes static-max" guest "$name" xenstore-write memory/static-max 1048576
	must_not "$name lets others read its key" guest "$name" xenstore-chmod memory/actual r0
	must_not "$name writes another domain's key" \
		guest "$name" xenstore-write /local/domain/0/memory/target 1
	wait_for 60 "store, hypervisor, metrics and SNMP to agree" provision_agree "$id" "$name"
	note "all four agree: actual $(key "$name" actual), allocated $(allocated_of "$name")," \
		"cap $(cap_of "$name") KiB; type $(http GET "/api/v1/domains/$name" | jq -r .type)"
}
