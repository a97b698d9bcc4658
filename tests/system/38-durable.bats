#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Nothing that can't be made again is lost: whatever call that changes a file is the last, fails, or
# comes before a power cut, all is as before or as it shall be, and the next start works.

load lib.bash
load snmp.bash

setup_file() {
	host_new
	FAULTS=$HOST_DIR/faults
	gcc -O2 -Wall -Wextra -D_GNU_SOURCE -o "$FAULTS" "$ROOT/tests/system/faults.c"
	export FAULTS
	cp -a "$HOST_DIR/snmp" "$HOST_DIR/snmp.new"
	mkdir "$HOST_DIR/principals.d"
}

teardown_file() {
	host_down
}

# faults FOLDER OPTION... -- COMMAND...: calls.log says which calls there were.
faults() {
	local folder=$1
	shift
	rm -f "$HOST_DIR/calls.log"
	"$FAULTS" --below "$folder" --log "$HOST_DIR/calls.log" "$@"
}

# The fault has come; at the end of the calls it no longer does.
hit() {
	grep -q ' \*$' "$HOST_DIR/calls.log"
}

# What may happen at the Nth call: the options, and how the command must then not have ended.
MODES=("--do kill" "--do cut" "--do ENOSPC --on" "--do EROFS --on" "--do EIO --on" "--do ENOSPC" "--do EIO")

# each_fault FOLDER BEFORE COMMAND AFTER: COMMAND is run with a fault at each call of each mode, BEFORE makes
# what it finds, AFTER judges what it left. Says how many faults there were.
each_fault() {
	local folder=$1 before=$2 command=$3 after=$4 mode n faults=0
	for mode in "${MODES[@]}"; do
		for ((n = 1; n < 200; n++)); do
			$before
			STATUS=0
			# shellcheck disable=SC2086 # options are words
			faults "$folder" --at $n $mode -- $command </dev/null >"$HOST_DIR/out" 2>"$HOST_DIR/err" ||
				STATUS=$?
			$after || {
				echo "after $mode at $n, status $STATUS:"
				cat "$HOST_DIR/calls.log" "$HOST_DIR/err"
				return 1
			}
			hit || break
			faults=$((faults + 1))
		done
		[ $n -lt 200 ]
	done
	echo "$faults faults"
	[ $faults -gt 0 ]
}

# --- the SNMP engine: its ID, the count of its starts, its users ---

STATE=xenballoon.conf

engine() {
	"$BUILD/tests/bench/rows" "$HOST_DIR/agent.yml" 1 </dev/null
}

engine_id() {
	sed -n 's/^oldEngineID //p' "$HOST_DIR/snmp/agent/$STATE"
}

boots() {
	sed -n 's/^engineBoots //p' "$HOST_DIR/snmp/agent/$STATE"
}

users() {
	sed -n 's/^usmUser 1 3 [^ ]* "\([a-z]*\)" .*/\1/p' "$HOST_DIR/snmp/agent/$STATE" | sort | xargs
}

add_user() {
	printf 'pass-phrase-of-%s\n\n' "$1" |
		"$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" snmp-user add "$1" --role operator
}

# As the administrator left it: two users in the configuration, one taken over, one that waits.
make_engine() {
	rm -rf "$HOST_DIR/snmp" "$HOST_DIR/snmp.kept"
	cp -a "$HOST_DIR/snmp.new" "$HOST_DIR/snmp"
	agent_config
	engine
	add_user nms
	engine
	add_user waits
	cp -a "$HOST_DIR/snmp" "$HOST_DIR/snmp.kept"
	ID=$(engine_id) BOOTS=$(boots)
}

engine_before() {
	rm -rf "$HOST_DIR/snmp"
	cp -a "$HOST_DIR/snmp.kept" "$HOST_DIR/snmp"
}

# A start that nothing happens to finds all, and counts.
engine_is_whole() {
	engine >"$HOST_DIR/engine" 2>&1 || { cat "$HOST_DIR/engine"; return 1; }
	same "$(engine_id)" "$ID" "engine ID" &&
		same "$(users)" "${1:-nms operator viewer waits}" users &&
		same "$(find "$HOST_DIR/snmp/agent" -maxdepth 1 -type f -printf '%f\n' | sort | xargs)" "$STATE" files &&
		[ "$(boots)" -gt "$BOOTS" ]
}

@test "SNMP: a start that ends or fails at any call loses no engine ID, no count, no user" {
	make_engine
	each_fault "$HOST_DIR/snmp" engine_before "$BUILD/tests/bench/rows $HOST_DIR/agent.yml 1" engine_is_whole
}

@test "SNMP: an agent of the layout before, and one that net-snmp left half written, keep all" {
	make_engine
	engine_before
	cp -p "$HOST_DIR/snmp/agent/$STATE" "$HOST_DIR/snmp/agent/xenballoon.0.conf"
	engine_is_whole
	engine_before
	mv "$HOST_DIR/snmp/agent/$STATE" "$HOST_DIR/snmp/agent/xenballoon.0.conf"
	printf '# a header and no more\n' >"$HOST_DIR/snmp/agent/$STATE"
	engine_is_whole
	engine_before
	cp -p "$HOST_DIR/snmp/agent/$STATE" "$HOST_DIR/snmp/agent/xenballoon.0.conf"
	sed -i '/"operator"/d' "$HOST_DIR/snmp/agent/$STATE"
	engine_is_whole
	engine_before
	mkdir "$HOST_DIR/snmp/agent/cert_indexes"
	SNMP_PERSISTENT_FILE=$HOST_DIR/elsewhere engine_is_whole
	[ ! -e "$HOST_DIR/elsewhere" ]
}

user_added() {
	add_user new
}

# All or nothing of the new one; and it can be added if it has not been.
user_is_whole() {
	local rights
	rights=$(grep -c 'usm new$' "$HOST_DIR/snmp/agent.conf")
	[ "$STATUS" -ne 0 ] || same "$rights" 1 "rights of one that was added" || return 1
	grep -q '^rwuser operator' "$HOST_DIR/snmp/agent.conf" &&
		same "$(stat -c %a "$HOST_DIR/snmp/agent.conf")" 600 mode || return 1
	[ "$rights" = 1 ] || add_user new >/dev/null || return 1
	engine_is_whole "new nms operator viewer waits"
}

@test "SNMP: an addition that ends or fails at any call is whole, or can be made again" {
	make_engine
	export -f add_user user_added
	export STATE
	each_fault "$HOST_DIR/snmp" engine_before "bash -c user_added" user_is_whole
}

# --- principals ---

principals_before() {
	printf '# who may\nold viewer basic' >"$HOST_DIR/principals.d/who"
	chmod 640 "$HOST_DIR/principals.d/who"
}

token() {
	"$BUILD/xenballoon" token "$@" --file "$HOST_DIR/principals.d/who"
}

# A token that somebody has is good; the file is as before, or has one line more; it can be gone on with.
token_is_whole() {
	local shown
	shown=$(cat "$HOST_DIR/out")
	same "$(head -n 1 "$HOST_DIR/principals.d/who")" '# who may' && grep -q '^old viewer basic$' "$HOST_DIR/principals.d/who" &&
		same "$(stat -c %a "$HOST_DIR/principals.d/who")" 640 mode || return 1
	[ "$STATUS" -ne 0 ] || [ -n "$shown" ] || return 1
	[ -z "$shown" ] || grep -q "^new operator $(printf %s "$shown" | sha256sum | cut -d' ' -f1)" "$HOST_DIR/principals.d/who" || return 1
	if grep -q '^new ' "$HOST_DIR/principals.d/who"; then
		token revoke new >/dev/null || return 1
	fi
	token make new --role viewer >/dev/null 2>&1
	same "$(grep -c '^new viewer ' "$HOST_DIR/principals.d/who")" 1 "lines made afterwards"
}

@test "tokens: one that is made is whole, shown only if it is kept, and nobody else is lost" {
	each_fault "$HOST_DIR/principals.d" principals_before \
		"$BUILD/xenballoon token make new --role operator --file $HOST_DIR/principals.d/who" token_is_whole
}

revoke_is_whole() {
	local left
	left=$(cat "$HOST_DIR/principals.d/who")
	case $left in
	'# who may') ;;
	$'# who may\nold viewer basic') [ "$STATUS" -ne 0 ] ;;
	*) return 1 ;;
	esac
}

@test "tokens: one that is revoked is gone, or stays and is not said to be gone" {
	each_fault "$HOST_DIR/principals.d" principals_before \
		"$BUILD/xenballoon token revoke old --file $HOST_DIR/principals.d/who" revoke_is_whole
}
