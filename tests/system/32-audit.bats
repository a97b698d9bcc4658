#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The audit: turned under load without losing a line, nothing changed that can't be written down, and
# the journal.
#
# also with: thread

load lib.bash

setup_file() {
	host_new
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	bed_start --guests 2 --host-mib 2048 --static-max-mib 512 --memory-mib 256 \
		--daemon "$HOST_DIR/mute"
	agent_start
	wait_until 10 guests_are 2
}

teardown_file() {
	mountpoint -q "$HOST_DIR/small" && umount "$HOST_DIR/small"
	host_down
}

guests_are() {
	same "$(http GET /api/v1/domains | jq '.domains | length')" "$1" guests
}

# All that a change could touch.
everything() {
	store_ls /local/domain
	bed list --json | jq -c '.[] | [.domid, .cap_kib]'
}

# ask_often N: so many targets of guest1, one after the other; prints how many were answered.
ask_often() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf 'next\nurl = "%s/api/v1/domains/guest1/target"\ndata = "target_kib=%d"\noutput = "/dev/null"\nwrite-out = "%%{http_code}\\n"\nheader = "Authorization: Bearer %s"\n' \
			"$URL" $((200000 + i * 4)) "$OPERATOR_TOKEN"
	done | sed 1d | curl -sS -m 30 -K - | grep -c '^200$'
}

@test "turned again and again under load, by signal or not: every request is one line" {
	local i turned=0
	for i in {1..4}; do
		(ask_often 120 >"$HOST_DIR/asked.$i") 3>&- &
	done
	until askers_are_done 2>/dev/null >&2; do
		wait_until 10 eval 'test -s "$HOST_DIR/audit.log" || askers_are_done'
		askers_are_done >/dev/null && break
		mv "$HOST_DIR/audit.log" "$HOST_DIR/audit.log.$((++turned))"
		if ((turned % 2)); then agent_reload; else : >"$HOST_DIR/audit.log"; fi
	done
	[ $turned -ge 2 ]
	same "$(cat "$HOST_DIR"/asked.* | xargs)" "120 120 120 120" answers
	same "$(cat "$HOST_DIR"/audit.log* | jq -c 'select(.result == "ok" and .action == "target")' | wc -l)" \
		480 "audit lines"
	same "$(metric control_audit_lost_total)" 0 "lost lines"
}

askers_are_done() {
	same "$(cat "$HOST_DIR"/asked.* | wc -l)" 4 "askers that have ended"
}

@test "a full disk: refused before anything is changed, shown, and taken up again" {
	local before
	mkdir -p "$HOST_DIR/small"
	mount -t tmpfs -o size=4m none "$HOST_DIR/small" || skip "no file system can be mounted here"
	head -c $((4096 - 96))k /dev/zero >"$HOST_DIR/small/ballast"
	reload "audit.file=$HOST_DIR/small/audit.log"
	target guest1 262144
	test -s "$HOST_DIR/small/audit.log"
	# What room is held for lines to come is not free for others.
	cat /dev/zero >"$HOST_DIR/small/more" 2>/dev/null || true
	wait_until 30 fails_for_space
	before=$(everything)
	expect 503 POST /api/v1/domains/guest1/target '{"target_kib": 250000}' operator |
		jq -e '.result == "unavailable" and (.detail | contains("No space left"))'
	expect 503 POST /api/v1/selfballoon '{"enabled": true}' operator >/dev/null
	same "$(everything)" "$before" store
	expect 200 POST /api/v1/domains/guest1/target '{"target_kib": 250000, "dry_run": true}' operator \
		>/dev/null
	rm "$HOST_DIR/small/ballast" "$HOST_DIR/small/more"
	wait_until 5 target guest1 262144
	expect 200 GET /-/ready
	same "$(metric control_audit_up)" 1
	same "$(snmp_value xbControlAuditUp.0)" 1
	jq -e . "$HOST_DIR/small/audit.log" >/dev/null
}

# Writes until the room that was held has been used up.
fails_for_space() {
	ask_often 40 >/dev/null
	expect 503 POST /api/v1/domains/guest1/target '{"target_kib": 270000}' operator
}

@test "where no room can be held, the first line that is lost stops all that follow" {
	local before lost
	reload audit.file=/dev/full
	lost=$(metric control_audit_lost_total)
	target guest1 262144 | jq -e '.warning | contains("audit")'
	same "$(metric control_audit_lost_total)" $((lost + 1)) lost
	same "$(metric control_audit_up)" 0
	same "$(snmp_value xbControlAuditUp.0)" 2
	expect 503 GET /-/ready | jq -e '.detail | contains("audit")'
	before=$(everything)
	expect 503 POST /api/v1/domains/guest1/target '{"target_kib": 250000}' operator
	same "$(everything)" "$before" store
	reload audit.file=/dev/full audit.required=false
	target guest1 262144
	expect 200 GET /-/ready
	reload
	target guest1 262144
	back_in_file
	agent_stop
	agent_start
}

reload() { # [SECTION.KEY=VALUE...]
	agent_config "$@"
	agent_reloaded
}

# The first line there says how many are missing.
back_in_file() {
	tail -n 20 "$HOST_DIR/audit.log" |
		jq -es 'any(.interface == null and (.detail | contains("could not be written down")))'
}

@test "the journal has each decision, its members as fields" {
	unshare -m true 2>/dev/null || skip "no namespace can be made here"
	cat >"$HOST_DIR/with_journal" <<-EOT
		mkdir -p /run/systemd
		mount -t tmpfs none /run/systemd
		mkdir -p /run/systemd/journal
		socat -u UNIX-RECV:/run/systemd/journal/socket OPEN:$HOST_DIR/journal,creat,append &
		until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
		LD_PRELOAD=\$AGENT_PRELOAD exec "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml"
	EOT
	agent_stop
	agent_config audit.file= audit.journal=true
	start agent namespaced_agent
	wait_until 20 agent_answered
	wait_until 10 guests_are 2
	wait_until 5 target guest2 250000
	wait_until 5 grep -aq '^XENBALLOON_NAME=guest2$' "$HOST_DIR/journal"
	grep -aqx 'MESSAGE=operator target guest2: ok: .*' "$HOST_DIR/journal"
	grep -aqx 'XENBALLOON_RESULT=ok' "$HOST_DIR/journal"
	grep -aqx 'XENBALLOON_AFTER=250000' "$HOST_DIR/journal"
	agent_stop
	# Without a journal there is no place for a decision.
	agent_start audit.file= audit.journal=true
	[ -S /run/systemd/journal/socket ] ||
		expect 503 POST /api/v1/domains/guest1/target '{"target_kib": 250000}' operator ||
		expect 503 POST /api/v1/domains/guest1/target '{"target_kib": 250000}' operator
	agent_stop
	agent_config audit.file= audit.journal=false
	run agent_program --config "$HOST_DIR/agent.yml"
	contains "$output" "decisions must be written somewhere"
	agent_start
}

namespaced_agent() {
	local runtime
	# shellcheck disable=SC1091
	. "$BED/env"
	runtime=$(ldd "$BUILD/xenballoon-agent" | awk '$1 ~ /^lib[at]san/ { print $3 }')
	export AGENT_PRELOAD=${runtime:+$runtime:}$XENBED_PRELOAD
	exec unshare -m sh -e "$HOST_DIR/with_journal"
}
