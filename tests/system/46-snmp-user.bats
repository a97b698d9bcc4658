#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Users made by `xenballoon-agent snmp-user add`, from a file without any; and views that take the
# right to write one column away.

# shellcheck disable=SC2086 # names without blanks
load lib.bash
load snmp.bash

setup_file() {
	host_new
	CONF=$HOST_DIR/snmp/agent.conf
	export CONF
	printf '# nobody yet' >"$CONF"
	bed_start --guests 2 --host-mib 2048 --memory-mib 512 --daemon "$(mute_daemon)"
	agent_start
}

teardown_file() {
	host_down
}

# add NAME ROLE PHRASE [PRIVACY-PHRASE]
add() {
	local name=$1 role=$2
	shift 2
	printf '%s\n' "$@" | "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" snmp-user add "$name" --role "$role"
}

# as NAME PHRASE TOOL OPTION-OR-WORD...
as() {
	local name=$1 phrase=$2 tool=$3
	shift 3
	"snmp$tool" -v3 -u "$name" -l authPriv -a SHA-256 -A "$phrase" -x AES-256 -X "${PRIV:-$phrase}" \
		-t 2 -r 1 "127.0.0.1:$SNMP_PORT" "$@"
}

HARD='a "hard" \phrase'

@test "added while the agent runs and let in by it, or when it starts next; no phrase is shown or kept" {
	local shown
	shown=$(add alice operator alice-in-dom0 another-phrase 2>&1)
	wait_until 10 taken_over
	PRIV=another-phrase as alice alice-in-dom0 get $LOCK
	PRIV=another-phrase as alice alice-in-dom0 set $TARGET.1 u 311296
	agent_stop
	shown+=$(add bob viewer "$HARD" 2>&1)
	for phrase in alice-in-dom0 another-phrase hard; do
		[[ $shown != *$phrase* ]]
	done
	same "$(stat -c %a "$HOST_DIR/snmp/agent/added-users.conf")" 600 mode
	agent_start
	taken_over
	PRIV=another-phrase as alice alice-in-dom0 get $LOCK
	as bob "$HARD" get $LOCK
	same "$(grep -rlE 'alice-in-dom0|another-phrase|hard' "$HOST_DIR/snmp/agent" "$CONF" "$HOST_DIR/agent.log")" "" "files with a phrase"
}

taken_over() {
	same "$(find "$HOST_DIR/snmp/agent" -name 'added-*')" "" "users that wait"
}

@test "many at once are all added, beside each other's rights, and none twice" {
	local i before
	before=$(grep -c . "$CONF")
	for i in {1..8}; do
		add "many$i" viewer many-in-dom0 >/dev/null 2>&1 3>&- &
		add twice viewer many-in-dom0 >/dev/null 2>&1 3>&- &
	done
	wait
	same "$(grep -c '^group xbviewers usm many' "$CONF")" 8 users
	same "$(grep -c '^group xbviewers usm twice' "$CONF")" 1 "of one"
	same "$(grep -c . "$CONF")" $((before + 9)) lines
	wait_until 10 taken_over
	for i in {1..8}; do
		as "many$i" many-in-dom0 get $LOCK
	done
	as bob "$HARD" get $LOCK
}

@test "they stay over another restart, with what their role lets them do" {
	agent_stop
	agent_start
	PRIV=another-phrase as alice alice-in-dom0 set $TARGET.1 u 307200 $SWITCH.2 i 2
	same "$(store_read /local/domain/1/memory/target)" 307200
	as bob "$HARD" walk $ROOT_OID >/dev/null
	as bob "$HARD" get $VM_OID.1.2.0
	run as bob "$HARD" set $TARGET.1 u 311296
	contains "$output" noAccess
	run as alice wrong-phrase get $LOCK
	contains "$output" "Authentication failure"
}

@test "what is wrong is refused, and nothing is written" {
	local before
	before=$(cat "$CONF" "$HOST_DIR/snmp/agent/xenballoon.conf")
	for wrong in "alice|operator|long-enough|already has a user alice" \
		"bob|operator|long-enough|already has a user bob" "9lives|viewer|long-enough|a letter" \
		"a b|viewer|long-enough|a letter" "carol|viewer|short|8 to 127" \
		"carol|viewer|$(printf 'x%.0s' {1..200})|privacy" "carol|viewer||8 to 127" \
		"carol|king|long-enough|Usage"; do
		IFS='|' read -r name role phrase reason <<<"$wrong"
		run add "$name" "$role" "$phrase"
		[ "$status" -ne 0 ]
		contains "$output" "$reason"
	done
	same "$(cat "$CONF" "$HOST_DIR/snmp/agent/xenballoon.conf")" "$before" files
	[ ! -e "$HOST_DIR/snmp/agent/added-users.conf" ]
	agent_config snmp.config=
	run add carol viewer long-enough
	contains "$output" "snmp.config names no file"
	agent_config
}

@test "a second operator needs no second view; the configuration stays sound" {
	agent_stop
	add dave operator dave-in-dom0
	same "$(grep -c '^view xbwrite' "$CONF")" 4 "lines of the write view"
	same "$(grep -c '^access xboperators' "$CONF")" 1 "lines of access"
	agent_start
	as dave dave-in-dom0 set $TARGET.1 u 311296
}

@test "one line of the write view less, one right less" {
	agent_stop
	sed -i "/^view xbwrite .*\.1\.2\.1\.12$/d" "$CONF"
	agent_start
	run as dave dave-in-dom0 set $SWITCH.1 i 1
	contains "$output" noAccess
	as dave dave-in-dom0 set $TARGET.1 u 307200
	run as dave dave-in-dom0 set $TARGET.1 u 311296 $SWITCH.1 i 1
	contains "$output" noAccess
	same "$(store_read /local/domain/1/memory/target)" 307200
}

@test "the first user makes the file, which others can't read" {
	agent_stop
	rm "$CONF"
	agent_start
	add erin operator erin-in-dom0
	same "$(stat -c %a "$CONF")" 640 mode
	wait_until 10 taken_over
	as erin erin-in-dom0 set $TARGET.1 u 307200
	agent_stop
	agent_start
	as erin erin-in-dom0 set $TARGET.1 u 311296
}

@test "the example mib/snmpd.conf does what it says" {
	agent_stop
	sed 's/change-this-pass-phrase/example-phrase/; s/and-change-this-one/example-phrase/' \
		"$ROOT/mib/snmpd.conf" >"$CONF"
	agent_start
	as operator example-phrase set $TARGET.1 u 311296 $SWITCH.2 i 1 $LOCK i 0
	as viewer example-phrase get $VM_OID.1.2.0 $TARGET.1
	run as viewer example-phrase set $TARGET.1 u 311296
	contains "$output" noAccess
	run as operator example-phrase set $ROOT_OID.1.2.1.2.1 s mine
	contains "$output" noAccess
}
