#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# also with: static
#
# The main story: fifteen guests of 512 MiB on a host of 2048 MiB. All are seen alike in the store,
# by SNMP and by HTTP; they balloon themselves when told, take memory back when they need it, and
# follow a target.

load lib.bash

setup_file() {
	host_up --guests 15 --host-mib 2048 --static-max-mib 512 \
		--daemon "$GUEST" --daemons 15
	wait_until 30 all_reported
}

teardown_file() {
	host_down
}

all_reported() {
	same "$(http GET /metrics | grep -c '^xenballoon_domain_memory_actual_bytes{')" 15
}

# One line per guest, domid and KiB, from each of the three.
by_store() { # KEY
	store_ls /local/domain | sed -nE \
		"s|^/local/domain/([1-9][0-9]*)/memory/$1 = \"([0-9]+)\".*|\1 \2|p" | sort -n
}

by_snmp() { # COLUMN
	snmp_as operator walk -Oqs "XENBALLOON-MIB::xbDomain$1" |
		sed -E 's/^[^.]*\.([0-9]+) ([0-9]+).*/\1 \2/' | sort -n
}

by_http() { # FIELD
	http GET /api/v1/domains | jq -r ".domains[] | \"\(.domid) \(.$1)\"" | sort -n
}

by_metrics() { # NAME
	http GET /metrics | awk -v name="xenballoon_domain_memory_$1_bytes" '
		match($0, /domid="[0-9]+"/) && /^xenballoon_domain_info/ {
			match($0, /uuid="[^"]*"/); uuid = substr($0, RSTART, RLENGTH)
			match($0, /domid="[0-9]+"/); domid[uuid] = substr($0, RSTART + 7, RLENGTH - 8) }
		index($0, name "{") == 1 {
			match($0, /uuid="[^"]*"/)
			value[substr($0, RSTART, RLENGTH)] = $NF / 1024 }
		END { for (uuid in value) printf "%d %d\n", domid[uuid], value[uuid] }' | sort -n
}

agree() { # KEY COLUMN FIELD
	local store
	store=$(by_store "$1")
	same "$(wc -l <<<"$store")" 15 "guests with $1 in the store" &&
		same "$(by_snmp "$2")" "$store" "$2 by SNMP" &&
		same "$(by_http "$3_kib")" "$store" "$3 by HTTP" &&
		same "$(by_metrics "$3")" "$store" "$3 in /metrics"
}

cap_kib() {
	bed list --json | jq -er --arg name "$1" '.[] | select(.name == $name) | .cap_kib'
}

allocated_kib() {
	bed list --json | jq -er --arg name "$1" '.[] | select(.name == $name) | .allocated_kib'
}

has_selftarget() {
	store_read "/local/domain/$(domid "$1")/memory/selftarget" | grep -qE '^[0-9]+$'
}

wants_less_than() { # NAME KIB
	between "$(http GET "/api/v1/domains/$(domid "$1")" | jq -e .wanted_kib)" 1 $(($2 - 1)) "wanted by $1"
}

# Within 1 MiB of what its key says.
is_at() { # NAME KEY
	local wanted
	wanted=$(store_read "/local/domain/$(domid "$1")/memory/$2")
	between "$(allocated_kib "$1")" $((wanted - 1024)) $((wanted + 1024)) "$1"
}

has_grown_to() {
	between "$(allocated_kib "$1")" "$2" 524288 "$1"
}

has_shrunk_below() {
	between "$(allocated_kib "$1")" 0 $(($2 - 1)) "$1"
}

@test "store, SNMP, JSON and Prometheus agree to the KiB" {
	wait_until 10 agree static-max StaticMax static_max
	wait_until 10 agree target Target target
	wait_until 10 agree actual Actual actual
	wait_until 10 agree minimum Minimum minimum
}

@test "each guest's keys have the permissions of the contract" {
	local id listing key
	listing=$(store_ls /local/domain)
	for id in $(bed list --json | jq '.[].domid'); do
		for key in selfballoon actual minimum selftarget stats; do
			grep -qE "^/local/domain/$id/memory/$key = .*\(n0,b$id\)" <<<"$listing"
		done
		grep -qE "^/local/domain/$id/memory/target = .*\(n0,r$id\)" <<<"$listing"
	done
}

@test "/metrics is clean for promtool, in both formats" {
	http GET /metrics >"$HOST_DIR/metrics"
	run promtool check metrics <"$HOST_DIR/metrics"
	same "$status" 0 "promtool: $output"
	same "$output" ""
}

@test "snmptable shows every guest" {
	run snmp_as operator table -Ci -Cb XENBALLOON-MIB::xbDomainTable
	same "$status" 0 "$output"
	for n in {1..15}; do
		contains "$output" "guest$n"
	done
}

@test "told by POST, an idle guest gives back, takes what a program needs, and stays when told off" {
	local was target
	was=$(allocated_kib guest1)
	selfballoon guest1 true
	same "$(cap_kib guest1)" $((524288 + 1024)) "cap when on"
	wait_until 10 has_selftarget guest1
	wait_until 15 has_shrunk_below guest1 "$was"
	wait_until 15 is_at guest1 selftarget

	was=$(allocated_kib guest1)
	# As much as the host has left; the other guests hold theirs.
	bed workload guest1 ramp 20 110 5
	wait_until 30 has_grown_to guest1 $((was + 12288))

	# It still grows, so its size when told off is only known to be no less than now.
	was=$(allocated_kib guest1)
	selfballoon guest1 false
	target=$(store_read "/local/domain/$(domid guest1)/memory/target")
	between "$target" $((was - 1024)) 524288 "target when off"
	same "$(cap_kib guest1)" $((target + 1024)) "cap when off"
	wait_until 10 is_at guest1 target
	bed workload guest1 idle
	wait_until 20 wants_less_than guest1 $((target - 8192))
	same "$(store_read "/local/domain/$(domid guest1)/memory/target")" "$target" "target when idle and off"
	is_at guest1 target
}

@test "the same by snmpset" {
	local id
	id=$(domid guest2)
	snmp_as operator set "XENBALLOON-MIB::xbDomainSelfballoon.$id" i true
	same "$(snmp_value "xbDomainSelfballoon.$id")" 1
	same "$(cap_kib guest2)" $((524288 + 1024)) "cap when on"
	wait_until 10 has_selftarget guest2
	wait_until 15 is_at guest2 selftarget
	snmp_as operator set "XENBALLOON-MIB::xbDomainSelfballoon.$id" i false
	same "$(cap_kib guest2)" $(($(store_read "/local/domain/$id/memory/target") + 1024)) \
		"cap when off"
	wait_until 10 is_at guest2 target
}

@test "a target by POST and by SET is followed to within 1 MiB" {
	local id
	target guest3 112640
	wait_until 15 is_at guest3 target
	same "$(store_read "/local/domain/$(domid guest3)/memory/target")" 112640
	same "$(cap_kib guest3)" $((112640 + 1024)) cap
	id=$(domid guest4)
	snmp_as operator set "XENBALLOON-MIB::xbDomainTarget.$id" u 110592
	wait_until 15 is_at guest4 target
	same "$(store_read "/local/domain/$id/memory/target")" 110592
	same "$(cap_kib guest4)" $((110592 + 1024)) cap
}

sum_allocated() {
	bed list --json | jq '[.[] | select(.domid > 0) | .allocated_kib] | add'
}

sum_below() {
	between "$(sum_allocated)" 0 "$1" "all guests together"
}

@test "fifteen guests together shrink on 3.75 times the host's memory" {
	local was
	was=$(sum_allocated)
	same "$(metric host_memory_static_max_bytes)" "$(metric host_memory_total_bytes |
		awk '{ printf "%.0f", $1 * 3.75 }')" "static max of all"
	expect 200 POST /api/v1/selfballoon '{"enabled": true}' operator
	wait_until 60 sum_below $((was - 15 * 2048))
	for n in {1..15}; do
		same "$(bed stats "guest$n" | grep -c 'oom_kills.* 0$\|oom_kills[=: ]*0')" 1 "guest$n"
	done
}
