#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# also with: address-undefined
#
# Malformed SNMP messages, mutations of real ones: the agent lives, answers, and no sanitizer has
# anything to say. FUZZ_MESSAGES=100000 for the whole number, FUZZ_SEED for the same ones again.

# shellcheck disable=SC2086 # names without blanks
load lib.bash
load snmp.bash

setup_file() {
	host_new
	write_users "$HOST_DIR/snmp/agent.conf" "rwcommunity writers 127.0.0.1" \
		'createUser noauth' 'rouser noauth noauth'
	bed_start --guests 3 --host-mib 2048
	agent_start
	wait_until 20 rows_are 3
	AGENT_PORT=$SNMP_PORT
	export AGENT_PORT
}

teardown_file() {
	SNMP_PORT=$AGENT_PORT
	host_down
}

@test "real messages of every kind are kept" {
	SNMP_PORT=$(free_port udp)
	start record "$BUILD/tests/fuzz/snmp" record "$SNMP_PORT" "$AGENT_PORT" "$HOST_DIR/kept"
	wait_until 10 snmp_as nobody get -v2c -creaders $LOCK
	for way in "-v1 -creaders" "-v2c -creaders" "-v2c -cnone" "-v3 -unoauth -lnoAuthNoPriv" \
		"-v3 -uoperator" "-v3 -uviewer -lauthNoPriv" "-v3 -umallory"; do
		snmp_as operator get $way $TARGET.1 $SWITCH.1 $LOCK || true
		snmp_as operator getnext $way $ROOT_OID $VM_OID 1.3.6.1 || true
		[[ $way == -v1* ]] || snmp_as operator bulkget $way -Cn1 -Cr20 $TARGET $ROOT_OID.1.1 $VM_OID || true
		snmp_as operator set -r0 -t1 $way $TARGET.1 u 307200 $SWITCH.2 i 1 || true
		snmp_as operator set -r0 -t1 $way $LOCK i 99 $ROOT_OID.1.2.1.2.1 s mine || true
	done
	snmp_as nobody set -v2c -cwriters -r0 -t1 $TARGET.1 u 307200 $LOCK i 1 || true
	end_process record
	between "$(stat -c %s "$HOST_DIR/kept")" 3000 1000000 "bytes kept"
}

@test "mutations of them leave the agent alive and answering" {
	local seed=${FUZZ_SEED:-$RANDOM$RANDOM} count=${FUZZ_MESSAGES:-5000}
	echo "# seed $seed, $count messages" >&3
	timeout 500 "$BUILD/tests/fuzz/snmp" mutate "$AGENT_PORT" "$HOST_DIR/kept" "$count" "$seed"
	SNMP_PORT=$AGENT_PORT
	rows_are 3
	same "$(grep -cE 'Sanitizer|runtime error' "$HOST_DIR/agent.log")" 0 "sanitizer reports"
}

@test "it ends cleanly" {
	agent_stop
}
