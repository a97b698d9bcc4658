#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Many changes at once: 1,000 POSTs on 100 guests by 8 clients. Each is answered, each guest ends as
# one of those asked for, and each request is one audit line.

load lib.bash

setup_file() {
	host_new
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	bed_start --guests 100 --host-mib 32768 --static-max-mib 512 --memory-mib 256 \
		--daemon "$HOST_DIR/mute"
	agent_start
	wait_until 60 guests_are 100
}

teardown_file() {
	host_down
}

guests_are() {
	same "$(http GET /api/v1/domains | jq '.domains | length')" "$1" guests
}

# client N: 125 requests, each for another guest, with targets that no other client asks for; the
# switch of one guest in ten is turned as well. Prints "guest target status".
client() {
	local i guest kib
	for ((i = 0; i < 125; i++)); do
		guest=$(((i * 37 + $1 * 11) % 100 + 1)) kib=$((200000 + $1 * 1000 + i * 4))
		if ((i % 25 == 24)); then
			printf 'next\nurl = "%s/api/v1/domains/guest%d/selfballoon"\ndata = "enabled=%d&dry_run=1"\n' \
				"$URL" $guest $((i % 2))
		else
			printf 'next\nurl = "%s/api/v1/domains/guest%d/target"\ndata = "target_kib=%d"\n' \
				"$URL" $guest $kib
		fi
		printf 'output = "/dev/null"\nwrite-out = "guest%d %d %%{http_code}\\n"\n' $guest $kib
		printf 'header = "Authorization: Bearer %s"\n' "$OPERATOR_TOKEN"
	done | sed 1d | curl -sS -m 60 -K -
}

clients_are_done() {
	same "$(cat "$HOST_DIR"/client.*.end 2>/dev/null | wc -l)" 8 "clients that have ended"
}

# Each guest's target was asked for, and its cap belongs to it.
each_is_as_asked() {
	bed list --json | jq -r '.[] | "\(.name) \(.domid) \(.cap_kib)"' >"$HOST_DIR/caps"
	store_ls /local/domain | sed -n 's|^/local/domain/\([0-9]*\)/memory/target = "\([0-9]*\)".*|\1 \2|p' \
		>"$HOST_DIR/targets"
	awk '
	FILENAME ~ /targets$/ { target[$1] = $2; next }
	FILENAME ~ /caps$/ { domid[$1] = $2; cap[$1] = $3; next }
	$3 == 200 { asked[$1, $2] = 1; met[$1] = 1 }
	END {
		for (guest in met) {
			if (!((guest, target[domid[guest]]) in asked))
				print guest " is at " target[domid[guest]] ", which nobody asked for"
			if (cap[guest] != target[domid[guest]] + 1024)
				print guest " has target " target[domid[guest]] " and cap " cap[guest]
		}
	}' "$HOST_DIR/targets" "$HOST_DIR/caps" "$HOST_DIR/all"
}

@test "1,000 changes of 100 guests by 8 clients at once" {
	local i before
	before=$(wc -l <"$HOST_DIR/audit.log")
	for i in {1..8}; do
		(client "$i" >"$HOST_DIR/client.$i" && echo "$i" >"$HOST_DIR/client.$i.end") 3>&- &
	done
	wait_until 60 clients_are_done
	cat "$HOST_DIR"/client.? >"$HOST_DIR/all"
	same "$(awk '{ print $3 }' "$HOST_DIR/all" | sort | uniq -c | xargs)" "1000 200" answers
	same "$(($(wc -l <"$HOST_DIR/audit.log") - before))" 1000 "audit lines"
	same "$(tail -n 1000 "$HOST_DIR/audit.log" | jq -r .result | sort | uniq -c | xargs)" \
		"40 checked 960 ok" "what the audit says"
	same "$(each_is_as_asked)" "" "guests that are not as asked"
}

@test "all at once, by list, while single ones go on" {
	local before
	before=$(wc -l <"$HOST_DIR/audit.log")
	for i in {1..4}; do
		(client "$i" >"$HOST_DIR/client.$i") 3>&- &
	done
	expect 200 POST /api/v1/selfballoon '{"enabled": true, "dry_run": true}' operator |
		jq -e '.requested == 100 and .succeeded == 100'
	wait
	same "$(cat "$HOST_DIR"/client.[1-4] | awk '{ print $3 }' | sort | uniq -c | xargs)" "500 200"
	same "$(($(wc -l <"$HOST_DIR/audit.log") - before))" 600 "audit lines"
	same "$(metric control_audit_lost_total)" 0
}
