#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# SNMP: the MIB text, reading in order, SET as a transaction, and who may do what. The guests report
# nothing, so that nobody but the agent writes to the store.

load lib.bash

ROOT_OID=1.3.6.1.4.1.8072.9999.9999.2008
TARGET=$ROOT_OID.1.2.1.8
SWITCH=$ROOT_OID.1.2.1.12
LOCK=$ROOT_OID.1.3.1.0

setup_file() {
	host_new
	snmp_users "$SNMP_PASS"
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	bed_start --guests 4 --host-mib 4096 --daemon "$HOST_DIR/mute"
	agent_start
	wait_until 10 rows_are 4
}

teardown_file() {
	host_down
}

# The operator may write the two columns and the lock, the viewer and the community may only read.
snmp_users() { # PASS-PHRASE
	cat >"$HOST_DIR/snmp/agent.conf" <<-EOT
		createUser operator SHA-256 "$1" AES-256 "$1"
		createUser viewer SHA-256 "$1" AES-256 "$1"
		view xbread included .1.3.6.1.2.1.1
		view xbread included .$ROOT_OID
		view xbwrite included .$TARGET
		view xbwrite included .$SWITCH
		view xbwrite included .$LOCK
		group xboperators usm operator
		group xbviewers usm viewer
		access xboperators "" usm priv exact xbread xbwrite none
		access xbviewers "" usm priv exact xbread none none
		rocommunity readers 127.0.0.1 -V xbread
		rwcommunity writers 127.0.0.1 -V xbread
		sysContact ops@example.net
	EOT
}

rows_are() {
	same "$(snmp_as operator walk -On $ROOT_OID.1.2.1.2 | grep -c STRING)" "$1" rows
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
	local reason=$1 user=$2 before
	shift 2
	before=$(everything)
	run snmp_as "$user" set "$@"
	[ "$status" -ne 0 ] && contains "$output" "$reason" && same "$(everything)" "$before" store
}

# audited JQ-FILTER COMMAND...: the command leaves exactly one line that the filter selects.
audited() {
	local filter=$1 before
	before=$(audit_lines "$filter")
	shift
	"$@" && same "$(audit_lines "$filter")" $((before + 1)) "audit lines with $filter"
}

smi() {
	SMIPATH=$MIBDIRS smilint -s -l 6 "$1" 2>&1
}

@test "the MIB is clean SMIv2" {
	same "$(smi "$ROOT/mib/XENBALLOON-MIB.txt")" ""
	# The check itself can see what is wrong.
	sed '/^xbHostFree/,/STATUS/ s/Gauge32/Gauge33/' "$ROOT/mib/XENBALLOON-MIB.txt" >"$HOST_DIR/wrong.txt"
	contains "$(smi "$HOST_DIR/wrong.txt")" "Gauge33"
}

@test "every object of the MIB is served, and nothing else" {
	local declared served
	declared=$(sed -n 's/^\(xb[A-Za-z0-9]*\) OBJECT-TYPE.*/\1/p' "$ROOT/mib/XENBALLOON-MIB.txt" |
		grep -vE '^xb(Domain(Table|Entry|Index)|Notify(Principal|Interface))$' | sort)
	# What only a guest can say has no instance here.
	served=$({
		snmp_as operator walk -Os "XENBALLOON-MIB::xenballoonMIB" | sed -n 's/^\([A-Za-z0-9]*\)\..*/\1/p'
		printf 'xbDomain%s\n' Actual Minimum Selftarget Committed Available SwapUsed Wanted \
			Pressure LastReportAge Reclaimable Unmet Policy PolicyNote
	} | sort -u)
	same "$(comm -3 <(echo "$declared") <(echo "$served"))" ""
}

@test "walks read alike by GETNEXT and GETBULK, in order, with the MIB and without" {
	local numbers
	run snmp_as operator walk -Cc -mSNMPv2-SMI -On $ROOT_OID.1.2
	same "$status" 0 "$output"
	numbers=$(sed -n 's/^\.\([0-9.]*\) = .*/\1/p' <<<"$output")
	same "$(sort -V <<<"$numbers")" "$numbers" order
	same "$(sort -u <<<"$numbers" | wc -l)" "$(wc -l <<<"$numbers")" "different names"
	same "$(snmp_as operator bulkwalk -Cr7 -On $ROOT_OID.1.2 | sed 's/ = .*//')" \
		"$(snmp_as operator walk -On $ROOT_OID.1.2 | sed 's/ = .*//')" bulk
	same "$(snmp_as operator table -CH XENBALLOON-MIB::xbDomainTable |
		grep -c '^ *guest')" 4
}

@test "what a guest never reported has no instance, but the switch has" {
	local id
	id=$(domid guest1)
	contains "$(snmp_as operator get "XENBALLOON-MIB::xbDomainWanted.$id")" "No Such Instance"
	contains "$(snmp_as operator get "XENBALLOON-MIB::xbDomainWanted.4711")" "No Such Instance"
	contains "$(snmp_as operator get -On $ROOT_OID.1.2.1.99."$id")" "No Such Object"
	same "$(snmp_as operator get -Oqv "XENBALLOON-MIB::xbDomainSelfballoon.$id")" false
}

@test "the system group tells what this is" {
	same "$(snmp_as operator get -Oqvn 1.3.6.1.2.1.1.2.0)" .$ROOT_OID
	contains "$(snmp_as operator get -Oqv 1.3.6.1.2.1.1.1.0)" "xenballoon-agent"
	same "$(snmp_as operator get -Oqv 1.3.6.1.2.1.1.4.0)" '"ops@example.net"'
}

@test "a target by SET moves target, cap and guest, and is audited with its user" {
	local id
	id=$(domid guest1)
	audited '.principal == "operator" and .interface == "snmp" and .result == "ok"' \
		snmp_as operator set $TARGET."$id" u 307200
	same "$(store_read "/local/domain/$id/memory/target")" 307200
	same "$(cap_kib "$id")" $((307200 + 1024)) cap
	wait_until 10 same_target "$id" 307200
}

same_target() {
	same "$(snmp_as operator get -Oqv "XENBALLOON-MIB::xbDomainTarget.$1" | cut -d' ' -f1)" "$2"
}

@test "several columns and domains in one PDU are done together" {
	local one two
	one=$(domid guest1) two=$(domid guest2)
	snmp_as operator set $SWITCH."$one" i 1 $TARGET."$two" u 315392
	same "$(store_read "/local/domain/$one/memory/selfballoon")" 1
	same "$(store_read "/local/domain/$two/memory/target")" 315392
	# Off and a target for the same domain: what would be refused one by one passes as one.
	wait_until 10 refused inconsistentValue operator $TARGET."$one" u 323584
	snmp_as operator set $TARGET."$one" u 323584 $SWITCH."$one" i 2
	same "$(store_read "/local/domain/$one/memory/selfballoon")" 0
	same "$(store_read "/local/domain/$one/memory/target")" 323584
}

@test "one bad varbind, and none is done" {
	local one two
	one=$(domid guest1) two=$(domid guest2)
	refused wrongValue operator $TARGET."$two" u 331776 $TARGET."$one" u 99999999
	contains "$output" "xbDomainTarget.$one"
	refused noCreation operator $TARGET."$two" u 331776 $TARGET.4711 u 331776
	refused wrongType operator -mSNMPv2-SMI $TARGET."$two" u 331776 $SWITCH."$one" u 1
}

@test "each error-status where it belongs" {
	local id
	id=$(domid guest3)
	refused wrongType operator -mSNMPv2-SMI $TARGET."$id" i 331776
	refused wrongType operator -mSNMPv2-SMI $TARGET."$id" s 331776
	refused wrongValue operator -mSNMPv2-SMI $SWITCH."$id" i 3
	refused wrongValue operator $TARGET."$id" u 4095
	audited '.limit == "static_max"' refused wrongValue operator $TARGET."$id" u 99999999
	audited '.limit == "minimum"' refused inconsistentValue operator $TARGET."$id" u 8192
	audited '.result == "not_found"' refused noCreation operator $TARGET.4711 u 331776
	refused noCreation operator -mSNMPv2-SMI $TARGET.0 u 331776
	refused noAccess operator -mSNMPv2-SMI $ROOT_OID.1.2.1.2."$id" s mine
}

@test "the lock refuses a stale serial with all that came with it" {
	local id serial
	id=$(domid guest4)
	serial=$(snmp_as operator get -Oqv $LOCK)
	snmp_as operator set $LOCK i "$serial" $TARGET."$id" u 339968
	same "$(snmp_as operator get -Oqv $LOCK)" $((serial + 1))
	refused inconsistentValue operator $LOCK i "$serial" $TARGET."$id" u 348160
	same "$(snmp_as operator get -Oqv $LOCK)" $((serial + 1))
	same "$(store_read "/local/domain/$id/memory/target")" 339968
}

# Each way of asking: what the client is told % what the audit log says % who % options.
ways_to_be_refused() {
	cat <<-'EOT'
		noAccess%.result == "forbidden" and .principal == "viewer"%viewer%
		authorizationError%.result == "forbidden" and .principal == "operator"%operator%-lauthNoPriv
		authorizationError%.result == "forbidden" and .principal == "viewer"%viewer%-lauthNoPriv
		authorizationError%.result == "unauthenticated" and (.detail | contains("noAuthNoPriv"))%operator%-lnoAuthNoPriv
		Unknown user%.result == "unauthenticated" and (.detail | contains("no such user"))%mallory%
		Authentication failure%.result == "unauthenticated" and (.detail | contains("wrong authentication key"))%operator%-aSHA-256 -Awrong-pass-phrase
		Authentication failure%.result == "unauthenticated" and (.detail | contains("wrong authentication key"))%operator%-lauthNoPriv -aSHA-256 -Awrong-pass-phrase
		Timeout%.result == "unauthenticated" and (.detail | contains("privacy key"))%operator%-aSHA-256 -xAES-256 -Xwrong-pass-phrase
		Timeout%.result == "unauthenticated" and (.detail | contains("community"))%nobody%-v1 -cpublic
		Timeout%.result == "unauthenticated" and (.detail | contains("community"))%nobody%-v2c -cpublic
		noAccess%.result == "forbidden" and (.detail | contains("community"))%nobody%-v2c -creaders
		noAccess%.result == "forbidden" and (.detail | contains("community"))%nobody%-v2c -cwriters
		noSuchName%.result == "forbidden" and (.detail | contains("community"))%nobody%-v1 -cwriters
	EOT
}

@test "nobody but the operator with authPriv changes anything; each try is refused, counted, audited" {
	local oid counted id reason filter user options
	id=$(domid guest3)
	while IFS=% read -r reason filter user options; do
		for oid in "$TARGET.$id u 356352" "$SWITCH.$id i 1"; do
			counted=$(refusals)
			# shellcheck disable=SC2086 # words on purpose
			audited "$filter" refused "$reason" "$user" -r0 -t1 $options $oid
			same "$(refusals)" $((counted + 1)) "count after $reason for $user $options"
		done
	done < <(ways_to_be_refused)
}

refusals() {
	snmp_as operator get -Oqv $ROOT_OID.1.3.3.0
}

@test "reading needs a grant, too" {
	local id
	id=$(domid guest3)
	snmp_as viewer get $TARGET."$id"
	snmp_as nobody get -v2c -creaders $TARGET."$id"
	run snmp_as nobody get -v2c -cpublic -r0 -t1 $TARGET."$id"
	same "$status" 1
	contains "$output" Timeout
	run snmp_as viewer get -lauthNoPriv $TARGET."$id"
	contains "$output" authorizationError
	# Beside the view nothing is seen.
	run snmp_as viewer walk -Cc 1.3.6.1.6
	contains "$output" "No "
}

@test "a name is shown as text, whatever its bytes are" {
	local id
	id=$(domid guest4)
	store_write "/local/domain/$id/name" $'a\nb"\xff\\\\\xc3\xa9' # xenstore-write halves the backslash
	wait_until 10 name_is "$id" 'a\x0ab"\xff\\é'
	store_write "/local/domain/$id/name" guest4
	wait_until 10 name_is "$id" guest4
}

name_is() {
	same "$(snmp_as operator get -Oqv "XENBALLOON-MIB::xbDomainName.$1")" "$2"
}

@test "a flood of refused messages neither fills the audit log nor silences the agent" {
	local before unrecorded lines
	before=$(audit_lines true)
	unrecorded=$(snmp_as operator get -Oqv $ROOT_OID.1.3.5.0)
	flood 2000
	lines=$(($(audit_lines true) - before))
	between "$lines" 1 500 "audit lines"
	same $(($(snmp_as operator get -Oqv $ROOT_OID.1.3.5.0) - unrecorded + lines)) 2000 "refused"
	rows_are 4
}

# flood COUNT: SNMPv2c SETs of sysName with an unknown community, each answered by nothing.
flood() {
	local message='\x30\x26\x02\x01\x01\x04\x04none\xa3\x1b\x02\x01\x01\x02\x01\x00\x02\x01\x00'
	message+='\x30\x10\x30\x0e\x06\x08\x2b\x06\x01\x02\x01\x01\x05\x00\x04\x02me'
	for ((i = 0; i < $1; i++)); do
		# shellcheck disable=SC2059 # escapes on purpose
		printf "$message" >"/dev/udp/127.0.0.1/$SNMP_PORT"
		# The socket's buffer holds about 200.
		((i % 100)) || snmp_as operator get $LOCK >/dev/null
	done
	snmp_as operator get $LOCK >/dev/null
}

@test "nonsense on the port is survived" {
	for ((i = 0; i < 300; i++)); do
		head -c $((i * 3 + 1)) /dev/urandom >"/dev/udp/127.0.0.1/$SNMP_PORT"
	done
	wait_until 10 rows_are 4
}

@test "a restart reads the users anew and counts the boots" {
	local boots pass=another-pass-phrase
	boots=$(boots)
	agent_stop
	snmp_users $pass
	agent_start
	run snmp_as operator get -r0 -t1 $LOCK
	contains "$output" "Authentication failure"
	snmp_as operator get -aSHA-256 -A$pass -xAES-256 -X$pass $LOCK
	same "$(boots)" $((boots + 1)) boots
	agent_stop
	snmp_users "$SNMP_PASS"
	agent_start
	rows_are 4
}

boots() {
	sed -n 's/^engineBoots //p' "$HOST_DIR/snmp/agent/xenballoon.conf"
}

@test "mistakes in the configuration are named, and nothing starts" {
	agent_stop
	printf 'createUser operator SHA-257 "%s"\n' "$SNMP_PASS" >"$HOST_DIR/snmp/agent.conf"
	run agent_program --config "$HOST_DIR/agent.yml"
	same "$status" 1
	contains "$output" "$HOST_DIR/snmp/agent.conf: line 1"
	snmp_users "$SNMP_PASS"
	agent_config snmp.listen=udp:192.0.2.1:1161
	start agent agent_program --config "$HOST_DIR/agent.yml"
	wait_until 10 grep -q "cannot listen on udp:192.0.2.1:1161: Cannot assign requested address" "$HOST_DIR/agent.log"
	agent_stop
	agent_config snmp.persistent_directory=/proc/none
	run agent_program --config "$HOST_DIR/agent.yml"
	same "$status" 1
	contains "$output" "snmp.persistent_directory: cannot write to /proc/none"
	agent_start
	rows_are 4
}

@test "another root is served where the configuration says" {
	agent_stop
	agent_start snmp.root=1.3.6.1.4.1.99999.1
	contains "$(snmp_as operator get -On 1.3.6.1.2.1.1.2.0)" .1.3.6.1.4.1.99999.1
	contains "$(snmp_as operator get -On $LOCK)" "No Such Object"
}
