#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# SET as a transaction when something fails in the middle: what was done is undone, to the byte, and
# nobody waits longer than the time-out.

# shellcheck disable=SC2086 # names without blanks
load lib.bash
load snmp.bash

setup_file() {
	host_new
	write_users "$HOST_DIR/snmp/agent.conf"
	bed_start --guests 3 --host-mib 4096 --memory-mib 512 --daemon "$(mute_daemon)"
	agent_start control.timeout_ms=1500
	wait_until 10 rows_are 3
}

teardown_file() {
	host_down
}

@test "the hypervisor fails at one cap of several: all is as it was" {
	bed xen-fail setmaxmem 1
	audited '.result == "failed" and .interface == "snmp"' \
		refused commitFailed operator $TARGET.1 u 307200
	bed xen-fail setmaxmem 1
	refused commitFailed operator $TARGET.1 u 311296 $TARGET.2 u 315392 $SWITCH.3 i 1
	snmp_as operator set $TARGET.1 u 311296 $TARGET.2 u 315392 $SWITCH.3 i 1
	snmp_as operator set $TARGET.1 u 524288 $TARGET.2 u 524288 $SWITCH.3 i 2
}

@test "xenstored stopped: resourceUnavailable within the time-out, reads go on, nothing comes later" {
	local before start
	before=$(everything)
	bed xenstored stop
	start=${EPOCHREALTIME//[!0-9]/}
	run snmp_as operator set -r0 -t5 $TARGET.1 u 307200 $TARGET.2 u 307200
	contains "$output" resourceUnavailable
	between $(((${EPOCHREALTIME//[!0-9]/} - start) / 1000)) 1000 5000 milliseconds
	snmp_as operator get -r0 -t1 $TARGET.1
	bed xenstored cont
	wait_until 10 fresh
	same "$(everything)" "$before" store
	snmp_as operator set $TARGET.1 u 524288
}

fresh() {
	between "$(snmp_as operator get -Oqv -Oe XENBALLOON-MIB::xbHostSnapshotAge.0 | sed 's/ .*//')" 0 1500
}

@test "xenstored gone: the same, at once" {
	bed xenstored kill
	wait_until 10 same_number $ROOT_OID.1.1.8.0 2
	run snmp_as operator set -r0 -t5 $TARGET.1 u 307200
	contains "$output" resourceUnavailable
	bed xenstored start
	wait_until 20 same_number $ROOT_OID.1.1.8.0 1
	wait_until 10 snmp_as operator set -r0 -t5 $TARGET.1 u 524288
}

# snmpd asks us first and its own script last: that one refuses when ours is already done.
@test "another part of the same SET fails after ours was done: UNDO puts the bytes back" {
	local before
	agent_stop
	printf '#!/bin/sh\n[ "$1" != -s ] || { echo "$2" >>%s/script.log; echo not-writable; exit; }\nprintf "%%s\\ninteger\\n7\\n" "$2"\n' \
		"$HOST_DIR" >"$HOST_DIR/script"
	chmod +x "$HOST_DIR/script"
	snmpd_start "pass .1.3.6.1.4.1.8072.9999.9999.7777 $HOST_DIR/script" \
		"view xbread included .1.3.6.1.4.1.8072.9999.9999.7777" \
		"view xbwrite included .1.3.6.1.4.1.8072.9999.9999.7777"
	agent_start snmp.mode=agentx "snmp.agentx_socket=$HOST_DIR/agentx" snmp.agentx_set=true
	wait_until 20 served
	before=$(everything)
	run snmp_as operator set -mSNMPv2-SMI $TARGET.1 u 307200 $SWITCH.2 i 1 \
		1.3.6.1.4.1.8072.9999.9999.7777.0 i 1
	[ "$status" -ne 0 ]
	wait_until 10 same "$(everything)" "$before" store
	[ -s "$HOST_DIR/script.log" ]
	# It was done, and taken back, and the audit log has both.
	same "$(audit_lines '.interface == "agentx" and .action == "target" and .after == 307200')" 1 changed
	same "$(audit_lines '.interface == "agentx" and (.detail | contains("taken back"))')" 2 "taken back"
}
