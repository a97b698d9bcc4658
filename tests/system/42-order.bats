#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Every object with no guest, one and 4,096, by the agent itself and through snmpd: GET says what the
# walk said, GETNEXT leads to the next, in order. Guests that come and go.

# shellcheck disable=SC2086 # names without blanks
load lib.bash
load snmp.bash

setup_file() {
	host_new
	write_users "$HOST_DIR/snmp/agent.conf" "maxGetbulkResponses 2000"
	rows_start 0
}

teardown_file() {
	host_down
}

# whole_tree COUNT: both MIBs read as they should with so many guests.
whole_tree() {
	local count=$1 tree expected
	for tree in $ROOT_OID $VM_OID; do
		snmp_as operator bulkwalk -Cr100 -On -Oe -mSNMPv2-SMI $tree >"$HOST_DIR/bulk"
		sed -i '/No more variables/d' "$HOST_DIR/bulk"
		names <"$HOST_DIR/bulk" | in_order
		expected=$((23 * count + 20))
		[ $tree = $ROOT_OID ] || expected=$((17 * count + 8))
		same "$(wc -l <"$HOST_DIR/bulk")" $expected "instances below $tree with $count guests"
		spot_checks "$count"
	done
}

# GET and GETNEXT of instances from all over the walk: all of them, or about 300 of thousands.
spot_checks() {
	local every step=$(($(wc -l <"$HOST_DIR/bulk") / 300 + 1))
	for every in "get 0" "getnext 1"; do
		awk -v step=$step -v ahead="${every#* }" 'NR > 1 && (NR - 1) % step == 0 {
			print ahead ? last : $0 "", ahead ? "\t" $0 : "" } { last = $1 }' \
			"$HOST_DIR/bulk" | sed 's/ *\t.*//; s/ = .*//' >"$HOST_DIR/asked"
		awk -v step=$step 'NR > 1 && (NR - 1) % step == 0' "$HOST_DIR/bulk" >"$HOST_DIR/expected"
		# shellcheck disable=SC2046 # many names
		xargs -n 40 snmp${every% *} -On -Oe -mSNMPv2-SMI -u operator -t 5 \
			"127.0.0.1:$SNMP_PORT" <"$HOST_DIR/asked" >"$HOST_DIR/got"
		# Ages, times and counters go on.
		diff <(steady "$HOST_DIR/expected") <(steady "$HOST_DIR/got")
	done
}

steady() {
	sed -E 's/(Timeticks|Counter64): .*/\1/; s/(\.2008\.1\.1\.10\.0|\.2008\.1\.2\.1\.20\.[0-9]+) = .*/\1/' "$1"
}

@test "agent: no guest, one, and 4,096" {
	for count in 0 1 4096; do
		rows_now $count
		whole_tree $count
	done
}

@test "a view is kept to within one GETBULK, to its last varbind" {
	local seen
	rows_now 200
	end_process rows
	write_users "$HOST_DIR/snmp/agent.conf" "maxGetbulkResponses 2000" \
		"createUser narrow SHA-256 \"$SNMP_PASS\" AES-256 \"$SNMP_PASS\"" \
		"view narrow included .$ROOT_OID.1.2.1.2" "view narrow included .$ROOT_OID.1.2.1.8.200" \
		"group narrow usm narrow" 'access narrow "" usm priv exact narrow none none'
	rows_start 200
	for repetitions in 10 100 500; do
		seen=$(snmp_as narrow bulkwalk -Cr$repetitions -On -mSNMPv2-SMI $ROOT_OID | names)
		same "$(wc -l <<<"$seen")" 201 "instances with $repetitions repetitions"
		same "$(grep -vc "$ROOT_OID.1.2.1.2" <<<"$seen")" 1 "of another column"
		# One answer, and not what it leads to, is what the first try sees.
		same "$(snmp_as narrow bulkget -Cr$repetitions -On -mSNMPv2-SMI $ROOT_OID.1.2.1.2.190 |
			grep -c "$ROOT_OID.1.2.1.[3-7]")" 0 "beyond the view"
	done
}

@test "rows that come and go during 100 walks: each walk ends, in order, no row twice" {
	local walk
	(
		exec 3>&-
		while [ ! -e "$HOST_DIR/enough" ]; do
			echo $((RANDOM % 300)) >"$HOST_DIR/rows.in"
			sleep 0.01
		done
	) &
	for ((walk = 0; walk < 100; walk++)); do
		# Both ways, from one of the two roots.
		tool=$( ((walk % 2)) && echo bulkwalk || echo walk)
		tree=$( ((walk % 4 < 2)) && echo $ROOT_OID.1.2.1.2 || echo $VM_OID.1.5)
		snmp_as operator "$tool" -On -mSNMPv2-SMI "$tree" >"$HOST_DIR/walk"
		names <"$HOST_DIR/walk" | in_order || break
	done
	touch "$HOST_DIR/enough"
	wait $!
	same $walk 100 walks
}

@test "snmpd: no guest, one, and 4,096" {
	end_process rows
	snmpd_start "maxGetbulkResponses 2000"
	rows_start 0 snmp.mode=agentx "snmp.agentx_socket=$HOST_DIR/agentx"
	for count in 0 1 4096; do
		rows_now $count
		whole_tree $count
	done
}
