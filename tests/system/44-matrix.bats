#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who may do what, every cell a test: how one asks, as whom, for what, by the agent itself and through
# snmpd; and what one is told. `ok` means done. With communities, who is a word: that of the viewer,
# that of the operator, one that nobody knows, one that is nearly right. A refused SET leaves the
# store and the caps as they were.

# shellcheck disable=SC2086 # names without blanks
load lib.bash
load snmp.bash

setup_file() {
	host_new
	write_users "$HOST_DIR/snmp/agent.conf" "rocommunity viewer 127.0.0.1 -V xbread" \
		"rwcommunity operator 127.0.0.1 -V xbread"
	bed_start --guests 1 --host-mib 2048 --memory-mib 512 --daemon "$(mute_daemon)"
	agent_start
	wait_until 10 rows_are 1
}

teardown_file() {
	host_down
}

# The same communities, the operator's for reading alone: snmpd lets a community write.
over_to_snmpd() {
	agent_stop
	snmpd_start "rocommunity viewer 127.0.0.1 -V xbread" "rocommunity operator 127.0.0.1 -V xbread"
	agent_start snmp.mode=agentx "snmp.agentx_socket=$HOST_DIR/agentx" snmp.agentx_set=true
	wait_until 20 served
}

# how VERSION WHO: the options that ask so.
how() {
	local word=$2 name=$2 wrong=
	case $2 in
	unknown) word=nobody name=mallory ;;
	wrong-key) word=Operator name=operator wrong="-aSHA-256 -Awrong-pass-phrase" ;;
	esac
	case $1 in
	v1 | v2c) echo "-$1 -c$word" ;;
	*) echo "-u$name -l$1 $wrong" ;;
	esac
}

# cell VERSION WHO WHAT EXPECTED: ok, or what the tool says.
cell() {
	local options output status=0 before value
	options=$(how "$1" "$2")
	before=$(everything)
	case $3 in
	get) output=$(snmp_as nobody get -r0 -t1 $options $TARGET.1 2>&1) || status=$? ;;
	target)
		# Another value each time, so that done is seen.
		value=$((300000 + RANDOM % 4096 * 4))
		output=$(snmp_as nobody set -r0 -t1 $options $TARGET.1 u $value 2>&1) || status=$?
		;;
	selfballoon)
		value=1
		output=$(snmp_as nobody set -r0 -t1 $options $SWITCH.1 i 1 2>&1) || status=$?
		;;
	esac
	if [ "$4" = ok ]; then
		same $status 0 "$output"
		[ "$3" != target ] || same "$(store_read /local/domain/1/memory/target)" $value target
		[ "$3" != selfballoon ] || same "$(switch)" $value selfballoon
		[ "$3" != selfballoon ] || snmp_as operator set -v3 $SWITCH.1 i 2
	else
		same "$([ $status -ne 0 ] && echo refused)" refused "$output"
		contains "$output" "$4"
		same "$(everything)" "$before" store
	fi
}

# selfballoon in the store: 1, or 0 for anything else.
switch() {
	[ "$(store_read /local/domain/1/memory/selfballoon)" = 1 ] && echo 1 || echo 0
}

@test "agent: v1, viewer, GET: ok" { cell v1 viewer get ok; }
@test "agent: v1, viewer, SET target: noSuchName" { cell v1 viewer target noSuchName; }
@test "agent: v1, viewer, SET selfballoon: noSuchName" { cell v1 viewer selfballoon noSuchName; }
@test "agent: v1, operator, GET: ok" { cell v1 operator get ok; }
@test "agent: v1, operator, SET target: noSuchName" { cell v1 operator target noSuchName; }
@test "agent: v1, operator, SET selfballoon: noSuchName" { cell v1 operator selfballoon noSuchName; }
@test "agent: v1, unknown, GET: Timeout" { cell v1 unknown get Timeout; }
@test "agent: v1, unknown, SET target: Timeout" { cell v1 unknown target Timeout; }
@test "agent: v1, unknown, SET selfballoon: Timeout" { cell v1 unknown selfballoon Timeout; }
@test "agent: v1, wrong-key, GET: Timeout" { cell v1 wrong-key get Timeout; }
@test "agent: v1, wrong-key, SET target: Timeout" { cell v1 wrong-key target Timeout; }
@test "agent: v1, wrong-key, SET selfballoon: Timeout" { cell v1 wrong-key selfballoon Timeout; }
@test "agent: v2c, viewer, GET: ok" { cell v2c viewer get ok; }
@test "agent: v2c, viewer, SET target: noAccess" { cell v2c viewer target noAccess; }
@test "agent: v2c, viewer, SET selfballoon: noAccess" { cell v2c viewer selfballoon noAccess; }
@test "agent: v2c, operator, GET: ok" { cell v2c operator get ok; }
@test "agent: v2c, operator, SET target: noAccess" { cell v2c operator target noAccess; }
@test "agent: v2c, operator, SET selfballoon: noAccess" { cell v2c operator selfballoon noAccess; }
@test "agent: v2c, unknown, GET: Timeout" { cell v2c unknown get Timeout; }
@test "agent: v2c, unknown, SET target: Timeout" { cell v2c unknown target Timeout; }
@test "agent: v2c, unknown, SET selfballoon: Timeout" { cell v2c unknown selfballoon Timeout; }
@test "agent: v2c, wrong-key, GET: Timeout" { cell v2c wrong-key get Timeout; }
@test "agent: v2c, wrong-key, SET target: Timeout" { cell v2c wrong-key target Timeout; }
@test "agent: v2c, wrong-key, SET selfballoon: Timeout" { cell v2c wrong-key selfballoon Timeout; }
@test "agent: noAuthNoPriv, viewer, GET: authorizationError" { cell noAuthNoPriv viewer get authorizationError; }
@test "agent: noAuthNoPriv, viewer, SET target: authorizationError" { cell noAuthNoPriv viewer target authorizationError; }
@test "agent: noAuthNoPriv, viewer, SET selfballoon: authorizationError" { cell noAuthNoPriv viewer selfballoon authorizationError; }
@test "agent: noAuthNoPriv, operator, GET: authorizationError" { cell noAuthNoPriv operator get authorizationError; }
@test "agent: noAuthNoPriv, operator, SET target: authorizationError" { cell noAuthNoPriv operator target authorizationError; }
@test "agent: noAuthNoPriv, operator, SET selfballoon: authorizationError" { cell noAuthNoPriv operator selfballoon authorizationError; }
@test "agent: noAuthNoPriv, unknown, GET: Unknown user name" { cell noAuthNoPriv unknown get "Unknown user name"; }
@test "agent: noAuthNoPriv, unknown, SET target: Unknown user name" { cell noAuthNoPriv unknown target "Unknown user name"; }
@test "agent: noAuthNoPriv, unknown, SET selfballoon: Unknown user name" { cell noAuthNoPriv unknown selfballoon "Unknown user name"; }
@test "agent: noAuthNoPriv, wrong-key, GET: authorizationError" { cell noAuthNoPriv wrong-key get authorizationError; }
@test "agent: noAuthNoPriv, wrong-key, SET target: authorizationError" { cell noAuthNoPriv wrong-key target authorizationError; }
@test "agent: noAuthNoPriv, wrong-key, SET selfballoon: authorizationError" { cell noAuthNoPriv wrong-key selfballoon authorizationError; }
@test "agent: authNoPriv, viewer, GET: authorizationError" { cell authNoPriv viewer get authorizationError; }
@test "agent: authNoPriv, viewer, SET target: authorizationError" { cell authNoPriv viewer target authorizationError; }
@test "agent: authNoPriv, viewer, SET selfballoon: authorizationError" { cell authNoPriv viewer selfballoon authorizationError; }
@test "agent: authNoPriv, operator, GET: authorizationError" { cell authNoPriv operator get authorizationError; }
@test "agent: authNoPriv, operator, SET target: authorizationError" { cell authNoPriv operator target authorizationError; }
@test "agent: authNoPriv, operator, SET selfballoon: authorizationError" { cell authNoPriv operator selfballoon authorizationError; }
@test "agent: authNoPriv, unknown, GET: Unknown user name" { cell authNoPriv unknown get "Unknown user name"; }
@test "agent: authNoPriv, unknown, SET target: Unknown user name" { cell authNoPriv unknown target "Unknown user name"; }
@test "agent: authNoPriv, unknown, SET selfballoon: Unknown user name" { cell authNoPriv unknown selfballoon "Unknown user name"; }
@test "agent: authNoPriv, wrong-key, GET: Authentication failure" { cell authNoPriv wrong-key get "Authentication failure"; }
@test "agent: authNoPriv, wrong-key, SET target: Authentication failure" { cell authNoPriv wrong-key target "Authentication failure"; }
@test "agent: authNoPriv, wrong-key, SET selfballoon: Authentication failure" { cell authNoPriv wrong-key selfballoon "Authentication failure"; }
@test "agent: authPriv, viewer, GET: ok" { cell authPriv viewer get ok; }
@test "agent: authPriv, viewer, SET target: noAccess" { cell authPriv viewer target noAccess; }
@test "agent: authPriv, viewer, SET selfballoon: noAccess" { cell authPriv viewer selfballoon noAccess; }
@test "agent: authPriv, operator, GET: ok" { cell authPriv operator get ok; }
@test "agent: authPriv, operator, SET target: ok" { cell authPriv operator target ok; }
@test "agent: authPriv, operator, SET selfballoon: ok" { cell authPriv operator selfballoon ok; }
@test "agent: authPriv, unknown, GET: Unknown user name" { cell authPriv unknown get "Unknown user name"; }
@test "agent: authPriv, unknown, SET target: Unknown user name" { cell authPriv unknown target "Unknown user name"; }
@test "agent: authPriv, unknown, SET selfballoon: Unknown user name" { cell authPriv unknown selfballoon "Unknown user name"; }
@test "agent: authPriv, wrong-key, GET: Authentication failure" { cell authPriv wrong-key get "Authentication failure"; }
@test "agent: authPriv, wrong-key, SET target: Authentication failure" { cell authPriv wrong-key target "Authentication failure"; }
@test "agent: authPriv, wrong-key, SET selfballoon: Authentication failure" { cell authPriv wrong-key selfballoon "Authentication failure"; }
@test "snmpd: the agent becomes a part of it" { over_to_snmpd; }
@test "snmpd: v1, viewer, GET: ok" { cell v1 viewer get ok; }
@test "snmpd: v1, viewer, SET target: noSuchName" { cell v1 viewer target noSuchName; }
@test "snmpd: v1, viewer, SET selfballoon: noSuchName" { cell v1 viewer selfballoon noSuchName; }
@test "snmpd: v1, operator, GET: ok" { cell v1 operator get ok; }
@test "snmpd: v1, operator, SET target: noSuchName" { cell v1 operator target noSuchName; }
@test "snmpd: v1, operator, SET selfballoon: noSuchName" { cell v1 operator selfballoon noSuchName; }
@test "snmpd: v1, unknown, GET: Timeout" { cell v1 unknown get Timeout; }
@test "snmpd: v1, unknown, SET target: Timeout" { cell v1 unknown target Timeout; }
@test "snmpd: v1, unknown, SET selfballoon: Timeout" { cell v1 unknown selfballoon Timeout; }
@test "snmpd: v1, wrong-key, GET: Timeout" { cell v1 wrong-key get Timeout; }
@test "snmpd: v1, wrong-key, SET target: Timeout" { cell v1 wrong-key target Timeout; }
@test "snmpd: v1, wrong-key, SET selfballoon: Timeout" { cell v1 wrong-key selfballoon Timeout; }
@test "snmpd: v2c, viewer, GET: ok" { cell v2c viewer get ok; }
@test "snmpd: v2c, viewer, SET target: noAccess" { cell v2c viewer target noAccess; }
@test "snmpd: v2c, viewer, SET selfballoon: noAccess" { cell v2c viewer selfballoon noAccess; }
@test "snmpd: v2c, operator, GET: ok" { cell v2c operator get ok; }
@test "snmpd: v2c, operator, SET target: noAccess" { cell v2c operator target noAccess; }
@test "snmpd: v2c, operator, SET selfballoon: noAccess" { cell v2c operator selfballoon noAccess; }
@test "snmpd: v2c, unknown, GET: Timeout" { cell v2c unknown get Timeout; }
@test "snmpd: v2c, unknown, SET target: Timeout" { cell v2c unknown target Timeout; }
@test "snmpd: v2c, unknown, SET selfballoon: Timeout" { cell v2c unknown selfballoon Timeout; }
@test "snmpd: v2c, wrong-key, GET: Timeout" { cell v2c wrong-key get Timeout; }
@test "snmpd: v2c, wrong-key, SET target: Timeout" { cell v2c wrong-key target Timeout; }
@test "snmpd: v2c, wrong-key, SET selfballoon: Timeout" { cell v2c wrong-key selfballoon Timeout; }
@test "snmpd: noAuthNoPriv, viewer, GET: authorizationError" { cell noAuthNoPriv viewer get authorizationError; }
@test "snmpd: noAuthNoPriv, viewer, SET target: authorizationError" { cell noAuthNoPriv viewer target authorizationError; }
@test "snmpd: noAuthNoPriv, viewer, SET selfballoon: authorizationError" { cell noAuthNoPriv viewer selfballoon authorizationError; }
@test "snmpd: noAuthNoPriv, operator, GET: authorizationError" { cell noAuthNoPriv operator get authorizationError; }
@test "snmpd: noAuthNoPriv, operator, SET target: authorizationError" { cell noAuthNoPriv operator target authorizationError; }
@test "snmpd: noAuthNoPriv, operator, SET selfballoon: authorizationError" { cell noAuthNoPriv operator selfballoon authorizationError; }
@test "snmpd: noAuthNoPriv, unknown, GET: Unknown user name" { cell noAuthNoPriv unknown get "Unknown user name"; }
@test "snmpd: noAuthNoPriv, unknown, SET target: Unknown user name" { cell noAuthNoPriv unknown target "Unknown user name"; }
@test "snmpd: noAuthNoPriv, unknown, SET selfballoon: Unknown user name" { cell noAuthNoPriv unknown selfballoon "Unknown user name"; }
@test "snmpd: noAuthNoPriv, wrong-key, GET: authorizationError" { cell noAuthNoPriv wrong-key get authorizationError; }
@test "snmpd: noAuthNoPriv, wrong-key, SET target: authorizationError" { cell noAuthNoPriv wrong-key target authorizationError; }
@test "snmpd: noAuthNoPriv, wrong-key, SET selfballoon: authorizationError" { cell noAuthNoPriv wrong-key selfballoon authorizationError; }
@test "snmpd: authNoPriv, viewer, GET: authorizationError" { cell authNoPriv viewer get authorizationError; }
@test "snmpd: authNoPriv, viewer, SET target: authorizationError" { cell authNoPriv viewer target authorizationError; }
@test "snmpd: authNoPriv, viewer, SET selfballoon: authorizationError" { cell authNoPriv viewer selfballoon authorizationError; }
@test "snmpd: authNoPriv, operator, GET: authorizationError" { cell authNoPriv operator get authorizationError; }
@test "snmpd: authNoPriv, operator, SET target: authorizationError" { cell authNoPriv operator target authorizationError; }
@test "snmpd: authNoPriv, operator, SET selfballoon: authorizationError" { cell authNoPriv operator selfballoon authorizationError; }
@test "snmpd: authNoPriv, unknown, GET: Unknown user name" { cell authNoPriv unknown get "Unknown user name"; }
@test "snmpd: authNoPriv, unknown, SET target: Unknown user name" { cell authNoPriv unknown target "Unknown user name"; }
@test "snmpd: authNoPriv, unknown, SET selfballoon: Unknown user name" { cell authNoPriv unknown selfballoon "Unknown user name"; }
@test "snmpd: authNoPriv, wrong-key, GET: Authentication failure" { cell authNoPriv wrong-key get "Authentication failure"; }
@test "snmpd: authNoPriv, wrong-key, SET target: Authentication failure" { cell authNoPriv wrong-key target "Authentication failure"; }
@test "snmpd: authNoPriv, wrong-key, SET selfballoon: Authentication failure" { cell authNoPriv wrong-key selfballoon "Authentication failure"; }
@test "snmpd: authPriv, viewer, GET: ok" { cell authPriv viewer get ok; }
@test "snmpd: authPriv, viewer, SET target: noAccess" { cell authPriv viewer target noAccess; }
@test "snmpd: authPriv, viewer, SET selfballoon: noAccess" { cell authPriv viewer selfballoon noAccess; }
@test "snmpd: authPriv, operator, GET: ok" { cell authPriv operator get ok; }
@test "snmpd: authPriv, operator, SET target: ok" { cell authPriv operator target ok; }
@test "snmpd: authPriv, operator, SET selfballoon: ok" { cell authPriv operator selfballoon ok; }
@test "snmpd: authPriv, unknown, GET: Unknown user name" { cell authPriv unknown get "Unknown user name"; }
@test "snmpd: authPriv, unknown, SET target: Unknown user name" { cell authPriv unknown target "Unknown user name"; }
@test "snmpd: authPriv, unknown, SET selfballoon: Unknown user name" { cell authPriv unknown selfballoon "Unknown user name"; }
@test "snmpd: authPriv, wrong-key, GET: Authentication failure" { cell authPriv wrong-key get "Authentication failure"; }
@test "snmpd: authPriv, wrong-key, SET target: Authentication failure" { cell authPriv wrong-key target "Authentication failure"; }
@test "snmpd: authPriv, wrong-key, SET selfballoon: Authentication failure" { cell authPriv wrong-key selfballoon "Authentication failure"; }
