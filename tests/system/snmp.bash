# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the SNMP tests share beyond lib.bash: names, a snmpd of their own for the agent to be a part
# of, and proof that a refusal changed nothing.

ROOT_OID=1.3.6.1.4.1.8072.9999.9999.2008
TARGET=$ROOT_OID.1.2.1.8
SWITCH=$ROOT_OID.1.2.1.12
LOCK=$ROOT_OID.1.3.1.0
VM_OID=1.3.6.1.2.1.236
export ROOT_OID TARGET SWITCH LOCK VM_OID

# mute_daemon: prints a program that reports nothing, so that nobody but the agent writes.
mute_daemon() {
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	printf '%s\n' "$HOST_DIR/mute"
}

# write_users FILE [LINE...]: users, views and groups as mib/snmpd.conf has them, and communities.
write_users() {
	local file=$1
	shift
	cat >"$file" <<-EOT
		createUser operator SHA-256 "$SNMP_PASS" AES-256 "$SNMP_PASS"
		createUser viewer SHA-256 "$SNMP_PASS" AES-256 "$SNMP_PASS"
		view xbread included .1.3.6.1.2.1.1
		view xbread included .$VM_OID
		view xbread included .$ROOT_OID
		view xbwrite included .$TARGET
		view xbwrite included .$SWITCH
		view xbwrite included .$LOCK
		group xboperators usm operator
		group xbviewers usm viewer
		access xboperators "" usm priv exact xbread xbwrite none
		access xbviewers "" usm priv exact xbread none none
		rocommunity readers 127.0.0.1 -V xbread
	EOT
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$file"
}

# snmpd_start [LINE...]: Debian's own, on SNMP_PORT, with the users of write_users; AgentX at
# $HOST_DIR/agentx. Its state is kept from one start to the next.
snmpd_start() {
	mkdir -p "$HOST_DIR/snmpd"
	write_users "$HOST_DIR/snmpd.conf" "agentAddress udp:127.0.0.1:$SNMP_PORT" \
		"master agentx" "agentXSocket $HOST_DIR/agentx" "dontLogTCPWrappersConnects yes" "$@"
	start snmpd env MIBS= SNMPCONFPATH=/nonexistent SNMP_PERSISTENT_DIR="$HOST_DIR/snmpd" \
		"$ROOT/build/debs/snmpd/usr/sbin/snmpd" -f -Lo -C -c "$HOST_DIR/snmpd.conf" \
		-I -smux "-p$HOST_DIR/snmpd.pid"
	wait_until 20 snmpd_answers
}

# Whether the agent is a part of it is not asked.
snmpd_answers() {
	snmp_as operator get -Oqv 1.3.6.1.2.1.1.3.0
}

# agentx_up [SECTION.KEY=VALUE...]: a snmpd on SNMP_PORT, and the agent as a part of it.
agentx_up() {
	snmpd_start
	agent_start snmp.mode=agentx "snmp.agentx_socket=$HOST_DIR/agentx" "$@"
	wait_until 20 served
}

served() {
	[[ $(snmp_as operator get -Oqv "$ROOT_OID.1.1.1.0") =~ ^[0-9] ]]
}

# names: of the instances that a walk printed with -On.
names() {
	sed -n '/No more variables/d; s/ = .*//p'
}

# rows_are COUNT
rows_are() {
	same "$(snmp_as operator bulkwalk -On "$ROOT_OID.1.2.1.2" | grep -c STRING)" "$1" rows
}

# All that a change could touch: the store, and each guest's cap.
everything() {
	store_ls /local/domain
	bed list --json | jq -c '.[] | [.domid, .cap_kib]'
}

cap_kib() { # DOMID
	bed list --json | jq --argjson id "$1" '.[] | select(.domid == $id) | .cap_kib'
}

# refused REASON USER [OPTION...] OID TYPE VALUE...: the SET fails so, and nothing has changed.
refused() {
	local reason=$1 user=$2 before output status=0
	shift 2
	before=$(everything)
	output=$(snmp_as "$user" set "$@" 2>&1) || status=$?
	same "$([ $status -ne 0 ] && echo refused)" refused "SET $*: $output" &&
		contains "$output" "$reason" && same "$(everything)" "$before" store
}

# audited JQ-FILTER COMMAND...: the command leaves exactly one line that the filter selects.
audited() {
	local filter=$1 before
	before=$(audit_lines "$filter")
	shift
	"$@" && same "$(audit_lines "$filter")" $((before + 1)) "audit lines with $filter"
}

# in_order: standard input is names as -On prints them, each above the one before, none twice.
in_order() {
	awk '{ n = split($1, now, "."); for (i = 2; i <= n || i <= m; i++) {
			a = i <= m ? last[i] + 0 : -1; b = i <= n ? now[i] + 0 : -1
			if (a < b) break
			if (a > b || i >= n && i >= m) { print "out of order: " $1; exit 1 } }
		delete last; for (i in now) last[i] = now[i]; m = n }'
}

# rows_start COUNT [SECTION.KEY=VALUE...]: the agent's SNMP side over a made-up host.
rows_start() {
	local count=$1
	shift
	agent_config "$@"
	rm -f "$HOST_DIR/rows.in"
	mkfifo "$HOST_DIR/rows.in"
	start rows bash -c 'exec 9<>"$1/rows.in"; exec "$2/tests/bench/rows" "$1/agent.yml" "$3" <&9' \
		rows "$HOST_DIR" "$BUILD" "$count"
	wait_until 20 served
}

# rows_now COUNT
rows_now() {
	echo "$1" >"$HOST_DIR/rows.in"
	wait_until 20 same_number "$ROOT_OID.1.1.4.0" 1048576
	wait_until 20 same_number "$VM_OID.1.2.0" "$1"
}

same_number() {
	same "$(snmp_as operator get -Oqv -Oe "$1" | sed 's/ .*//')" "$2"
}

# cpu_ns PID: of all its threads, so far.
cpu_ns() {
	cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d\n", sum }'
}
