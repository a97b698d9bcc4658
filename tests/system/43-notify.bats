#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Notifications as net-snmp's own snmptrapd receives them: v2c and v3, traps and informs, to several
# sinks at once; by the agent itself and through snmpd.

# shellcheck disable=SC2086 # names without blanks
load lib.bash
load snmp.bash

setup_file() {
	host_new
	TRAP_PORT=$(free_port udp)
	export TRAP_PORT
	trapd_start
	bed_start --guests 2 --host-mib 2048 --memory-mib 512 --static-max-mib 600
	sinks
	agent_start snmp.notify_host_free_mib=500 snmp.notify_host_recover_mib=600
	wait_until 10 rows_are 2
}

teardown_file() {
	host_down
}

# Each sink has a name of its own, by which its notifications can be told apart.
sinks() {
	write_users "$HOST_DIR/snmp/agent.conf" \
		"trap2sink udp:127.0.0.1:$TRAP_PORT trapsv2" \
		"informsink udp:127.0.0.1:$TRAP_PORT informsv2" \
		"trapsess -Ci -v3 -u informs -l authPriv -a SHA-256 -A $SNMP_PASS -x AES-256 -X $SNMP_PASS udp:127.0.0.1:$TRAP_PORT" \
		"createUser traps SHA-256 \"$SNMP_PASS\" AES-256 \"$SNMP_PASS\"" \
		"trapsess -v3 -e $ENGINE -u traps -l authPriv udp:127.0.0.1:$TRAP_PORT"
	printf 'engineIDType 1\nexactEngineID %s\n' "$ENGINE" >>"$HOST_DIR/snmp/agent.conf"
}

ENGINE=0x80001f88047862616c6c6f6f6e

# snmptrapd: one line for each notification, with the way it came.
trapd_start() {
	mkdir -p "$HOST_DIR/trapd"
	cat >"$HOST_DIR/trapd.conf" <<-EOT
		createUser informs SHA-256 "$SNMP_PASS" AES-256 "$SNMP_PASS"
		createUser -e $ENGINE traps SHA-256 "$SNMP_PASS" AES-256 "$SNMP_PASS"
		authCommunity log trapsv2
		authCommunity log informsv2
		authUser log informs priv
		authUser log traps priv
		format2 %P | %v\n
		outputOption sQn
	EOT
	start trapd env MIBS= SNMPCONFPATH=/nonexistent SNMP_PERSISTENT_DIR="$HOST_DIR/trapd" \
		"$ROOT/build/debs/snmptrapd/usr/sbin/snmptrapd" -f -n -Lo -On -C \
		-c "$HOST_DIR/trapd.conf" "udp:127.0.0.1:$TRAP_PORT"
	wait_until 10 port_taken udp "$TRAP_PORT"
}

NOTE=$ROOT_OID.0
VM_NOTE=$VM_OID.0

# received OID [PART]...: how many notifications of that kind held all these parts.
received() {
	local lines part
	lines=$(grep -aF ".1.3.6.1.6.3.1.1.4.1.0 = .$1"$'\t' "$HOST_DIR/trapd.log" || true)
	shift
	for part; do
		lines=$(grep -aF -- "$part" <<<"$lines" || true)
	done
	grep -ac . <<<"$lines" || true
}

# all_sinks OID PART...: each of the four has it.
all_sinks() {
	local way
	for way in "TRAP2, SNMP v2c, community trapsv2" "INFORM, SNMP v2c, community informsv2" \
		"TRAP2, SNMP v3, user traps" "INFORM, SNMP v3, user informs"; do
		[ "$(received "$@" "$way")" -ge 1 ] || {
			printf 'no %s by: %s\n' "$*" "$way"
			return 1
		}
	done
}

@test "a guest that does not go where it wants to be is stuck" {
	local id
	id=$(bed create mute --static-max-mib 256 --memory-mib 256 --poster no)
	wait_until 20 as_guest mute memory/stats "v=1 seq=1 wanted=131072"
	store_write "/local/domain/$id/memory/selfballoon" 1
	wait_until 30 all_sinks $NOTE.1 ".$ROOT_OID.1.2.1.2.$id = \"mute\"" ".$ROOT_OID.1.2.1.5.$id = 6"
}

# as_guest NAME KEY VALUE
as_guest() {
	env "$(bed guest-env "$1")" xenstore-write "$2" "$3"
}

@test "a guest whose balloon driver refuses" {
	local id
	id=$(domid mute)
	as_guest mute memory/stats "v=1 seq=2 wanted=131072 driver=EPERM"
	wait_until 30 all_sinks $NOTE.9 ".$ROOT_OID.1.2.1.2.$id = \"mute\"" \
		".$ROOT_OID.1.2.1.5.$id = 10" "its balloon driver refuses: Operation not permitted"
	as_guest mute memory/stats "v=1 seq=3 wanted=131072"
}

@test "a change by HTTP and one by SNMP reach every sink, with who made them" {
	target guest1 500000
	wait_until 10 all_sinks $NOTE.8 ".$ROOT_OID.1.2.1.2.1 = \"guest1\"" \
		".$TARGET.1 = 500000" ".$SWITCH.1 = 2" ".$ROOT_OID.1.4.3.0 = \"operator\"" \
		".$ROOT_OID.1.4.4.0 = \"http\""
	snmp_as operator set $TARGET.2 u 500000
	wait_until 10 all_sinks $NOTE.8 "$ROOT_OID.1.2.1.2.2 = \"guest2\"" ".$ROOT_OID.1.4.4.0 = \"snmp\""
}

@test "the host's memory: low, then recovered, once each" {
	bed create big --static-max-mib 700 --memory-mib 500
	wait_until 10 all_sinks $NOTE.4 ".$ROOT_OID.1.1.2.0 = "
	bed destroy big
	wait_until 10 all_sinks $NOTE.5 ".$ROOT_OID.1.1.2.0 = "
	same "$(received $NOTE.4 trapsv2)" 1 "low"
	same "$(received $NOTE.5 trapsv2)" 1 "recovered"
}

@test "xenstored killed and back" {
	bed xenstored kill
	wait_until 10 all_sinks $NOTE.6 ".$ROOT_OID.1.1.8.0 = 2"
	bed xenstored start
	wait_until 20 all_sinks $NOTE.7 ".$ROOT_OID.1.1.8.0 = 1"
}

@test "VM-MIB: a domain starts, pauses, goes on, crashes and is deleted; the state before is told" {
	local id
	id=$(bed create web --static-max-mib 128 --memory-mib 128)
	wait_until 10 all_sinks $VM_NOTE.1 ".$VM_OID.1.4.1.2.$id = \"web\""
	bed life web pause
	wait_until 10 all_sinks $VM_NOTE.4 ".$VM_OID.1.4.1.6.$id = 4"
	bed life web unpause
	# Its start may have been told so too, if it was seen while it was built.
	wait_until 10 state_is "$id" 4
	wait_until 10 all_sinks $VM_NOTE.1 ".$VM_OID.1.4.1.6.$id = 8"
	bed life web crash
	wait_until 10 all_sinks $VM_NOTE.9 ".$VM_OID.1.4.1.6.$id = 4"
	bed destroy web
	wait_until 10 all_sinks $VM_NOTE.10 ".$VM_OID.1.4.1.6.$id = 12" ".$VM_OID.1.4.1.8.$id = 3"
}

@test "VM-MIB: shutting down and suspended" {
	local id
	id=$(bed create db --static-max-mib 128 --memory-mib 128)
	wait_until 10 state_is "$id" 4
	bed life db suspend
	wait_until 10 all_sinks $VM_NOTE.6 ".$VM_OID.1.4.1.2.$id = \"db\""
	bed life db shutdown
	wait_until 10 all_sinks $VM_NOTE.2 ".$VM_OID.1.4.1.2.$id = \"db\""
	bed destroy db
}

state_is() {
	same "$(snmp_as operator get -Oqv -Oe "$VM_OID.1.4.1.6.$1")" "$2"
}

@test "a guest that is capped" {
	bed workload guest1 steady 450
	store_write /local/domain/1/memory/selfballoon 1
	wait_until 30 all_sinks $NOTE.2 ".$ROOT_OID.1.2.1.5.1 = 4" ".$ROOT_OID.1.2.1.2.1 = \"guest1\""
	store_write /local/domain/1/memory/selfballoon 0
}

@test "a flapping guest is told of once; what was held back is counted and told later" {
	local before
	agent_config snmp.notify_hold_s=3600
	agent_reloaded
	before=$(received $NOTE.2 trapsv2)
	for _ in 1 2 3; do
		store_write /local/domain/1/memory/selfballoon 1
		wait_until 15 domain_state 1 4
		store_write /local/domain/1/memory/selfballoon 0
		wait_until 15 domain_state_is_not 1 4
	done
	same "$(received $NOTE.2 trapsv2)" "$before" "notifications while held"
	between "$(snmp_as operator get -Oqv $ROOT_OID.1.4.2.0)" 1 100 "suppressed"
}

domain_state() {
	same "$(snmp_as operator get -Oqv -Oe "$ROOT_OID.1.2.1.5.$1")" "$2"
}

domain_state_is_not() {
	! domain_state "$@" >/dev/null
}

@test "a guest that reported once is silent 90 seconds later" {
	wait_until 120 all_sinks $NOTE.3 "\"mute\""
}

@test "no more than so many in a minute; 0 is silence" {
	local before
	agent_config snmp.notify_per_minute=0
	agent_reload
	wait_until 5 same_number $VM_OID.1.9.0 2
	before=$(wc -l <"$HOST_DIR/trapd.log")
	target guest1 510000
	target guest1 500000
	bed create late --static-max-mib 128 --memory-mib 128
	wait_until 10 rows_are 4
	bed destroy late
	wait_until 10 rows_are 3
	same "$(wc -l <"$HOST_DIR/trapd.log")" "$before" "lines of snmptrapd"
}

same_number() {
	same "$(snmp_as operator get -Oqv -Oe "$1")" "$2"
}

@test "a sink that is not there stops neither the start nor anything else" {
	agent_stop
	end_process trapd
	agent_start
	for size in 505000 500000 505000; do
		target guest1 $size
	done
	wait_until 10 grep -q 'sink of notifications does not answer' "$HOST_DIR/agent.log"
	wait_until 10 rows_are 3
	# It is not tried again at once.
	target guest1 500000
	rows_are 3
}

@test "through snmpd: the same notifications, by its own sinks" {
	agent_stop
	rm -f "$HOST_DIR/trapd.log"
	trapd_start
	snmpd_start "trap2sink udp:127.0.0.1:$TRAP_PORT trapsv2"
	agent_start snmp.mode=agentx "snmp.agentx_socket=$HOST_DIR/agentx"
	wait_until 20 served
	target guest1 500000
	wait_until 10 reached $NOTE.8 ".$ROOT_OID.1.2.1.2.1 = \"guest1\"" trapsv2
	bed create last --static-max-mib 128 --memory-mib 128
	wait_until 10 reached $VM_NOTE.1 "\"last\"" trapsv2
}

reached() {
	[ "$(received "$@")" -ge 1 ]
}
