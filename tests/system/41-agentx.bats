#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# also with: thread
#
# The agent as a part of Debian's own snmpd: it serves, it survives, and it takes snmpd's word for
# who may change things only where the administrator said so.

# shellcheck disable=SC2086 # names without blanks
load lib.bash
load snmp.bash

setup_file() {
	host_new
	bed_start --guests 4 --host-mib 4096 --daemon "$(mute_daemon)"
	agentx_up snmp.agentx_set=true
	wait_until 10 rows_are 4
}

teardown_file() {
	host_down
	[ ! -e "$HOST_DIR/pids/snmpd" ]
}

@test "XENBALLOON-MIB and VM-MIB are served beside snmpd's own, in order" {
	local walked bulk
	same "$(snmp_as operator get -Oqv 1.3.6.1.2.1.1.2.0 | tr -d '\n')" "NET-SNMP-MIB::netSnmpAgentOIDs.10"
	for tree in $ROOT_OID.1.2 $ROOT_OID $VM_OID.1.4; do
		walked=$(snmp_as operator walk -On $tree | names)
		bulk=$(snmp_as operator bulkwalk -Cr7 -On $tree | names)
		same "$bulk" "$walked" "bulk walk of $tree"
		in_order <<<"$walked"
		between "$(wc -l <<<"$walked")" 20 1000 "instances below $tree"
	done
	same "$(snmp_as operator table -CH XENBALLOON-MIB::xbDomainTable | grep -c '^ *guest')" 4
}

@test "a SET through snmpd is done, and the audit says that the name is snmpd's to know" {
	audited '.result == "ok" and .interface == "agentx" and .principal == "(snmpd'"'"'s to know)"' \
		snmp_as operator set $TARGET.1 u 307200
	same "$(store_read /local/domain/1/memory/target)" 307200
	same "$(cap_kib 1)" $((307200 + 1024)) cap
	snmp_as operator set $SWITCH.1 i 1 $TARGET.2 u 315392
	same "$(store_read /local/domain/1/memory/selfballoon)" 1
	same "$(store_read /local/domain/2/memory/target)" 315392
	snmp_as operator set $SWITCH.1 i 2
}

@test "all or none, with the error where it belongs" {
	refused wrongValue operator $TARGET.2 u 331776 $TARGET.1 u 99999999
	refused noCreation operator $TARGET.2 u 331776 $TARGET.4711 u 331776
	refused inconsistentValue operator $TARGET.2 u 8192
	refused wrongType operator -mSNMPv2-SMI $TARGET.2 u 331776 $SWITCH.1 u 1
	refused noAccess operator -mSNMPv2-SMI $ROOT_OID.1.2.1.2.1 s mine
	refused noAccess viewer $TARGET.2 u 331776
	audited '.interface == "agentx" and .limit == "static_max"' \
		refused wrongValue operator $TARGET.1 u 99999999
}

@test "the lock refuses a stale serial" {
	local serial
	serial=$(snmp_as operator get -Oqv $LOCK)
	snmp_as operator set $LOCK i "$serial" $TARGET.4 u 339968
	same "$(snmp_as operator get -Oqv $LOCK)" $((serial + 1))
	refused inconsistentValue operator $LOCK i "$serial" $TARGET.4 u 348160
}

@test "with xenstored stopped, a SET fails in time and reads go on; snmpd keeps the session" {
	bed xenstored stop
	run snmp_as operator set -r0 -t5 $TARGET.3 u 331776
	contains "$output" resourceUnavailable
	served
	bed xenstored cont
	wait_until 10 snmp_as operator set -r0 -t5 $TARGET.3 u 331776
	same "$(grep -c 'is gone' "$HOST_DIR/agent.log")" 0 "lost sessions"
}

@test "snmpd restarted: served again, as before" {
	local rows
	rows=$(snmp_as operator walk -On $ROOT_OID.1.2 | sed 's/ = .*//')
	end_process snmpd
	wait_until 10 grep -q 'snmpd at .* is gone' "$HOST_DIR/agent.log"
	snmpd_start
	wait_until 20 served
	same "$(snmp_as operator walk -On $ROOT_OID.1.2 | sed 's/ = .*//')" "$rows" rows
	snmp_as operator set $TARGET.3 u 323584
	same "$(store_read /local/domain/3/memory/target)" 323584
}

@test "snmpd killed: the same" {
	end_process snmpd KILL
	snmpd_start
	wait_until 20 served
	rows_are 4
}

@test "without snmp.agentx_set nothing can be changed, and the refusal is audited" {
	agent_config snmp.mode=agentx "snmp.agentx_socket=$HOST_DIR/agentx"
	agent_reloaded
	audited '.result == "forbidden" and (.detail | contains("snmp.agentx_set"))' \
		refused notWritable operator $TARGET.3 u 331776
	refused notWritable operator $SWITCH.3 i 1
	snmp_as operator get $TARGET.3
}

@test "started before snmpd, it is there when snmpd comes" {
	agent_stop
	end_process snmpd
	agent_start snmp.mode=agentx "snmp.agentx_socket=$HOST_DIR/agentx"
	snmpd_start
	wait_until 20 served
}
