#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Decisions and the audit under faults: whatever call that changes a file is the last, fails, or comes
# before a power cut, a decision is as before or as it shall be, and what was answered holds.

load lib.bash
load cli.bash

setup_file() {
	host_new
	FAULTS=$HOST_DIR/faults
	export FAULTS
	gcc -O2 -Wall -Wextra -D_GNU_SOURCE -o "$FAULTS" "$ROOT/tests/system/faults.c"
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	bed_start --guests 2 --host-mib 2048 --static-max-mib 512 --memory-mib 256 --daemon "$HOST_DIR/mute"
	agent_start
	cli_tokens
	selfballoon guest1 false
	UUID=$(expect 200 GET /api/v1/domains/guest1 | jq -er .uuid)
	export UUID
	agent_stop
}

teardown_file() {
	host_down
}

# faulty_start FOLDER FAULT...: an agent with a fault below a folder; it answers, or has ended.
faulty_start() {
	rm -f "$HOST_DIR/calls.log"
	start agent faulty_program "$@"
	wait_until 20 answered_or_gone
}

faulty_program() {
	local folder=$1 runtime
	shift
	# shellcheck disable=SC1091
	. "$BED/env"
	runtime=$(ldd "$BUILD/xenballoon-agent" | awk '$1 ~ /^lib[at]san/ { print $3 }')
	exec "$FAULTS" --below "$folder" --log "$HOST_DIR/calls.log" "$@" -- \
		env "LD_PRELOAD=${runtime:+$runtime:}$XENBED_PRELOAD" "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml"
}

answered_or_gone() {
	[ -s "$HOST_DIR/agent.exit" ] || same "$(http GET /api/v1/domains | jq '.domains | length')" 2 guests
}

hit() {
	grep -qs ' \*$' "$HOST_DIR/calls.log"
}

# The guest as it is, and dom0's decision about it as it is kept.
is_on() {
	expect 200 GET /api/v1/domains/guest1 | jq -r '.selfballoon // false'
}

decided_on() {
	jq -r .selfballoon "$HOST_DIR/state/$UUID.json"
}

nothing_left_over() {
	same "$(find "$HOST_DIR/state" -type f ! -name '*-*.json' -printf '%f\n' | xargs)" "" "files left over"
}

# What the next agent finds, and goes on from.
decision_is_whole() {
	agent_start
	wait_until 5 nothing_left_over || return 1
	case $ANSWER in
	200) same "$(is_on) $(decided_on)" "true true" "after a yes" ;;
	*[1-9]*) same "$(is_on) $(decided_on)" "false false" "after a no" ;;
	*) # Without power, the guest would be gone, too.
		[ "$1" = cut ] || same "$(is_on)" "$(decided_on)" "after no answer"
		[[ $(decided_on) =~ ^(true|false)$ ]]
		;;
	esac || return 1
	selfballoon guest1 false >/dev/null && same "$(decided_on)" false "decided afterwards" && agent_stop
}

# each_decision MODE [--on]
each_decision() {
	local n
	for ((n = 1; n < 60; n++)); do
		agent_config
		faulty_start "$HOST_DIR/state" --at $n --do "$@"
		ANSWER=
		http POST /api/v1/domains/guest1/selfballoon '{"enabled": true}' operator >"$HOST_DIR/answer" 2>&1 || true
		ANSWER=$(http_status)
		[[ $ANSWER =~ ^[0-9]{3}$ ]] || ANSWER=000
		end_process agent TERM
		decision_is_whole "$1" || {
			echo "after $* at $n, answer $ANSWER:"
			cat "$HOST_DIR/calls.log" "$HOST_DIR/answer"
			return 1
		}
		hit || break
	done
	between $n 5 59 "calls that were tried"
}

@test "an agent that ends at any call keeps the decision from before or the one that was made" {
	each_decision kill
}

@test "a power cut at any call keeps the decision from before or the one that was made" {
	each_decision cut
}

@test "a disk that is full from any call on: what was refused has not happened, what was not is kept" {
	each_decision ENOSPC --on
}

@test "a disk that fails once at any call: what was refused has not happened, what was not is kept" {
	each_decision EIO
}

ready_says() { # STATUS [PART]
	contains "$(expect "$1" GET /-/ready)" "${2-}"
}

doctor() {
	on_bed "${CLI[@]}" doctor --config "$HOST_DIR/agent.yml"
}

@test "a damaged decision is kept aside, said by log, ready and doctor, and neither obeyed nor overwritten" {
	local file=$HOST_DIR/state/$UUID
	: >"$file.json"
	agent_start
	wait_until 5 test -e "$file.damaged"
	[ ! -s "$file.damaged" ] && [ ! -e "$file.json" ]
	grep -q "the decision kept for $UUID is damaged and not obeyed" "$HOST_DIR/agent.log"
	wait_until 5 ready_says 200 "$UUID.damaged"
	run doctor
	[[ $output =~ warn.*ready.*$UUID\.damaged ]]
	selfballoon guest1 false
	same "$(decided_on)" false "decided again"
	agent_stop
	printf '{"half' >"$file.json"
	agent_start
	wait_until 5 test -e "$file.damaged.1"
	same "$(cat "$file.damaged.1")" '{"half' "the second"
	[ ! -s "$file.damaged" ]
	selfballoon guest1 false
	rm "$file".damaged*
	wait_until 5 no_remark
	agent_stop
}

no_remark() {
	same "$(expect 200 GET /-/ready)" "xenballoon-agent is ready."
}

# An agent whose audit can't be had on disk while $HOST_DIR/broken exists.
audit_start() {
	mkdir -p "$HOST_DIR/audit.d"
	rm -f "$HOST_DIR/broken" "$HOST_DIR"/audit.d/*
	agent_config "audit.file=$HOST_DIR/audit.d/audit.log" "$@"
	faulty_start "$HOST_DIR/audit.d" --only fdatasync --do EIO --at 1 --on --while "$HOST_DIR/broken"
	wait_until 20 agent_ready
}

target_of() {
	store_read "/local/domain/$(domid guest2)/memory/target"
}

@test "an audit that can't be had on disk: the change says so, and is the last until it can" {
	local before
	audit_start
	target guest2 200000
	touch "$HOST_DIR/broken"
	expect 500 POST /api/v1/domains/guest2/target '{"target_kib": 204800}' operator |
		jq -e '.detail | contains("it is done, but its audit line is not on disk (Input/output error)")'
	same "$(target_of)" 204800
	same "$(metric control_audit_lost_total) $(metric control_audit_up)" "1 0" "lost, up"
	ready_says 503 "audit"
	before=$(target_of)
	expect 503 POST /api/v1/domains/guest2/target '{"target_kib": 208896}' operator
	same "$(target_of)" "$before" target
	run -1 doctor
	[[ $output =~ FAIL.*ready.*audit ]]
	rm "$HOST_DIR/broken"
	wait_until 10 ready_says 200
	target guest2 208896
	same "$(metric control_audit_up)" 1
	jq -es 'any(.interface == null and (.detail | contains("could not be written down")))' "$HOST_DIR/audit.d/audit.log"
	grep -q "audit: a line can't be written or had on disk: Input/output error" "$HOST_DIR/agent.log"
	agent_stop
}

@test "where the audit is not required, changes go on, and each says what may be lost, as ready does" {
	audit_start audit.required=false
	touch "$HOST_DIR/broken"
	target guest2 200000 | jq -e '.warning | contains("audit line of this may be lost")'
	ready_says 200 "The audit can't be written (Input/output error); changes go on without it"
	run doctor
	[[ $output =~ warn.*ready.*audit ]]
	rm "$HOST_DIR/broken"
	wait_until 10 no_remark
	agent_stop
}
