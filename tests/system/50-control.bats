#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# also with: address-undefined thread
#
# Changing a guest: every limit, the order of cap and target, dry runs, steps that fail, an agent
# that dies in between. The guests have neither daemon nor poster, so that nobody but the agent (and
# the test, in their name) writes to the store.

load lib.bash

setup_file() {
	local name
	host_new
	bed_start --guests 0 --host-mib 2048 --trace
	for name in web1 web2 web3; do
		guest $name
	done
	guest pvh1 --type pvh
	guest grow1 --static-max-mib 2000
	agent_start
	wait_until 10 known grow1
	as_guest web1 xenstore-write memory/minimum 100000
	wait_until 5 metric domain_memory_minimum_bytes web1
}

teardown_file() {
	host_down
}

guest() { # NAME [OPTION...]
	local name=$1
	shift
	bed create "$name" --memory-mib 256 --static-max-mib 512 --daemon no --poster no "$@"
}

as_guest() { # NAME COMMAND...
	local name=$1
	shift
	env "$(bed guest-env "$name")" "$@"
}

known() {
	metric domain_memory_allocated_bytes "$1"
}

field() { # NAME FIELD
	bed list --json | jq -er --arg name "$1" ".[] | select(.name == \$name) | .$2"
}

key() { # NAME KEY
	store_read "/local/domain/$(domid "$1")/memory/$2"
}

# All that a change could touch.
everything() {
	store_ls /local/domain
	store_ls /vm
	bed list --json | jq -c '.[] | [.domid, .cap_kib]'
}

post() { # STATUS NAME target|selfballoon BODY
	expect "$1" POST "/api/v1/domains/$2/$3" "$4" operator
}

# refused STATUS NAME VERB BODY LIMIT [VALUE THAT PASSES]: and nothing has changed.
refused() {
	local before answer
	before=$(everything)
	answer=$(post "$1" "$2" "$3" "$4")
	same "$(jq -r .limit <<<"$answer")" "$5" "limit named for $4"
	[ -z "${6-}" ] || {
		same "$(jq -r .would_pass_kib <<<"$answer")" "$6" "value that would pass"
		post 200 "$2" "$3" "{\"target_kib\": $6, \"dry_run\": true}"
	}
	same "$(everything)" "$before" "store and caps"
}

# What dom0 last said of it belongs together.
consistent() { # NAME
	local wanted
	wanted=$(($(key "$1" target) + 1024))
	[ "$(key "$1" selfballoon)" != 1 ] || wanted=$(($(key "$1" static-max) + 1024))
	same "$(field "$1" cap_kib)" "$wanted" "cap of $1"
}

# Offsets in xenstored's trace: of the last write of a target, of the commit after it, and where the
# trace had got to when the cap was last set.
target_written_at() { # DOMID
	grep -abo "WRITE (/local/domain/$1/memory/target" "$BED/xenstored.trace" | tail -n 1 | cut -d: -f1
}

committed_at() { # DOMID
	grep -abo "IN [^\n]* TRANSACTION_END (T" "$BED/xenstored.trace" |
		awk -F: -v after="$(target_written_at "$1")" '$1 > after { print $1; exit }'
}

cap_set_at() { # DOMID
	sed -n "s/.*setmaxmem domid=$1 .* result=0 trace=\([0-9]*\)$/\1/p" "$BED/hypervisor.log" | tail -n 1
}

@test "each limit refuses with its name and the value that would pass" {
	refused 422 web1 target '{"target_kib": 524289}' static_max 524288
	refused 422 web1 target '{"target_kib": 524289, "force": true}' static_max 524288
	refused 422 web1 target '{"target_kib": 4095, "force": true}' lowest_target
	refused 409 web1 target '{"target_kib": 99999}' minimum 100000
	# The floor of 2008 for 512 MiB, where the guest says nothing.
	refused 409 web2 target '{"target_kib": 172031}' minimum 172032
	as_guest web2 xenstore-write memory/minimum 99999999
	refused 409 web2 target '{"target_kib": 172031}' minimum 172032
	as_guest web2 xenstore-write memory/minimum ""
}

@test "growth beyond the host's free memory less its reserve is refused, unless forced" {
	local free most answer
	free=$(metric host_memory_free_bytes | awk '{ printf "%d", $1 / 1024 }')
	answer=$(post 409 grow1 target '{"target_kib": 2048000}')
	same "$(jq -r .limit <<<"$answer")" host_free
	most=$(jq -r .would_pass_kib <<<"$answer")
	between "$most" 262144 $((262144 + free))
	refused 409 grow1 target "{\"target_kib\": $((most + 4))}" host_free "$most"
	contains "$(post 200 grow1 target '{"target_kib": 2048000, "force": true, "dry_run": true}' |
		jq -r .warning)" "Forced beyond"
}

@test "dom0, nobody, and a name that two bear" {
	local before
	before=$(everything)
	post 403 0 target '{"target_kib": 200000, "force": true}'
	post 403 Domain-0 selfballoon '{"enabled": true}'
	post 404 nobody target '{"target_kib": 200000}'
	post 404 99 selfballoon '{"enabled": true}'
	same "$(everything)" "$before" "store and caps"
	guest twin
	guest other
	store_write "/local/domain/$(domid other)/name" twin
	wait_until 10 both_are_twins
	wait_until 10 settled
	before=$(everything)
	post 409 twin selfballoon '{"enabled": true}'
	same "$(everything)" "$before" "store and caps"
	bed destroy twin
	bed destroy other
}

both_are_twins() {
	same "$(http GET /metrics | grep -c '^xenballoon_domain_info.*domain="twin"')" 2
}

@test "an id that is gone is never a name: digits are a domid, a UUID's shape a UUID" {
	local gone uuid before
	guest going1
	wait_until 10 known going1
	gone=$(domid going1) uuid=$(field going1 uuid)
	bed destroy going1
	renamed odd1 "$gone"
	renamed odd2 "$uuid"
	before=$(everything)
	post 404 "$gone" target '{"target_kib": 250000}'
	post 404 "$uuid" selfballoon '{"enabled": true}'
	same "$(everything)" "$before" "store and caps"
	post 200 "name:$gone" target '{"target_kib": 250000}' | jq -e --arg name "$gone" '.name == $name'
	post 200 "name:$uuid" target '{"target_kib": 250000}'
	same "$(expect 200 GET "/api/v1/audit?domain=$gone&result=ok" "" operator | jq '.entries | length')" 0 "decisions"
	same "$(expect 200 GET "/api/v1/audit?domain=name:$gone&result=ok" "" operator | jq '.entries | length')" 1 "decisions"
	bed destroy odd1
	bed destroy odd2
}

# renamed GUEST NAME: a new guest, with a name that the bed itself would not give.
renamed() {
	guest "$1"
	store_write "/local/domain/$(domid "$1")/name" "$2"
	wait_until 10 known "$2"
}

@test "two guests with one UUID: neither is changed, by whatever name; what was decided waits" {
	local uuid before domid
	uuid=$(field web1 uuid)
	selfballoon web1 true
	guest twin1 --uuid "$uuid"
	domid=$(domid twin1)
	wait_until 10 known twin1
	wait_until 10 grep -q "another domain has its UUID $uuid" "$HOST_DIR/agent.log"
	before=$(everything)
	for id in web1 twin1 "$uuid" "$domid"; do
		contains "$(post 409 "$id" selfballoon '{"enabled": false}')" UUID
	done
	snmp_as operator set "xbDomainSelfballoon.$domid" i false && return 1
	same "$(everything)" "$before" "store and caps"
	same "$(key twin1 selfballoon)" ""
	expect 200 GET "/api/v1/domains/$domid" | jq -e '.name == "twin1"'
	expect 409 GET "/api/v1/domains/$uuid"
	bed destroy web1
	wait_until 10 eval '[ "$(key twin1 selfballoon)" = 1 ]'
	consistent twin1
	bed destroy twin1
	guest web1
	wait_until 10 known web1
	as_guest web1 xenstore-write memory/minimum 100000
	wait_until 5 metric domain_memory_minimum_bytes web1
}

@test "a target while the guest sizes itself is refused, forced or not" {
	selfballoon web1 true
	refused 409 web1 target '{"target_kib": 200000}' selfballoon
	refused 409 web1 target '{"target_kib": 200000, "force": true}' selfballoon
	contains "$(post 409 web1 target '{"target_kib": 200000}')" "turn it off first"
	selfballoon web1 false
	target web1 200000
}

@test "a dry run answers what would be and changes nothing" {
	local before answer
	before=$(everything)
	answer=$(post 200 web1 target '{"target_kib": 300000, "dry_run": true}')
	same "$(jq -c '[.result, .after, .dry_run]' <<<"$answer")" '["checked",300000,true]'
	answer=$(post 200 web1 selfballoon '{"enabled": true, "dry_run": true}')
	same "$(jq -c '[.result, .after]' <<<"$answer")" '["checked",true]'
	same "$(everything)" "$before" "store and caps"
	same "$(audit_lines '.dry_run and .result == "checked" and .requested == 300000')" 1
}

@test "growing: the cap first; shrinking: the target first" {
	local id
	id=$(domid web2)
	target web2 400000
	same "$(field web2 cap_kib)" 401024
	[ "$(cap_set_at "$id")" -lt "$(target_written_at "$id")" ]
	target web2 200000
	same "$(field web2 cap_kib)" 201024
	[ "$(cap_set_at "$id")" -gt "$(committed_at "$id")" ]
}

@test "what xl mem-set writes is written, for PVH the populate-on-demand target too" {
	local id uuid
	id=$(domid pvh1) uuid=$(field pvh1 uuid)
	target pvh1 204800
	same "$(key pvh1 target)" 204800
	same "$(store_read "/vm/$uuid/memory")" 200
	same "$(field pvh1 cap_kib)" 205824
	contains "$(grep "domid=$id " "$BED/hypervisor.log" | tail -n 2)" "set_pod_target"
	contains "$(grep "set_pod_target domid=$id " "$BED/hypervisor.log" | tail -n 1)" 205824
}

@test "on: cap to static max, with a word about what is missing; off: the guest stays where it is" {
	local held
	contains "$(selfballoon web3 true)" "No guest daemon"
	same "$(key web3 selfballoon)" 1
	same "$(field web3 cap_kib)" 525312
	selfballoon web3 true
	same "$(field web3 cap_kib)" 525312
	held=$(field web3 allocated_kib)
	selfballoon web3 false
	same "$(key web3 selfballoon)" 0
	same "$(key web3 target)" "$held"
	consistent web3
}

@test "a guest's own 1 never raises its cap, and dom0's off ends it" {
	local before
	before=$(field web3 cap_kib)
	as_guest web3 xenstore-write memory/selfballoon 1
	wait_until 5 eval '[ "$(metric domain_selfballoon_enabled web3)" = 1 ]'
	refused 409 web3 target '{"target_kib": 200000}' selfballoon
	same "$(field web3 cap_kib)" "$before" cap
	selfballoon web3 false
	target web3 200000
}

@test "a guest that writes its switch without pause is switched all the same" {
	write_without_pause web3 memory/selfballoon 0 1
	wait_until 10 grep -q "(web3) writes its keys" "$HOST_DIR/agent.log"
	for _ in {1..5}; do
		selfballoon web3 false
		consistent_cap web3
	done
	end_process flood KILL
	# The key is the guest's again.
	wait_until 5 as_guest web3 xenstore-write memory/selfballoon 0
	contains "$(store_ls "/local/domain/$(domid web3)/memory" | grep selfballoon)" "b$(domid web3))"
	selfballoon web3 false
}

# Whatever the guest wrote since, the cap is the one of the target.
consistent_cap() {
	same "$(field "$1" cap_kib)" $(($(key "$1" target) + 1024)) "cap of $1"
}

@test "a step that fails undoes those before it" {
	local before value
	target web1 250000
	# The cap can't be raised, or can't be lowered once the target has been committed.
	for value in 300000 200000; do
		before=$(everything)
		bed xen-fail setmaxmem 1
		contains "$(post 500 web1 target "{\"target_kib\": $value}")" "nothing has changed"
		same "$(everything)" "$before" "store and caps"
		same "$(audit_lines ".result == \"failed\" and .requested == $value")" 1
	done
	bed xen-fail set_pod_target 1
	before=$(everything)
	post 500 pvh1 target '{"target_kib": 300000}'
	same "$(everything)" "$before" "store and caps"
	target web1 200000
	same "$(cat "$HOST_DIR"/state/* | grep -c '"changing":{')" 0 "notes left"
}

@test "a change whose time ran out while xenstored stalled is not made later" {
	local before
	target web1 200000
	before=$(everything)
	bed xenstored stop
	contains "$(post 503 web1 target '{"target_kib": 300000}')" "did not answer in time"
	contains "$(post 503 web1 selfballoon '{"enabled": true}')" "did not answer in time"
	bed xenstored cont
	# One behind the other in the same queue: those two are over when this one is answered.
	target web1 200000
	same "$(everything)" "$before" "store and caps"
	same "$(audit_lines '.requested == 300000 and .name == "web1" and .detail != null and
		(.detail | contains("in time"))')" 1
	same "$(jq -s '[.[] | select(.name == "web1")] | last | .before' "$HOST_DIR/audit.log")" 200000
}

@test "each request is one audit line and one count" {
	local before lines i
	before=$(http GET /metrics | awk '/^xenballoon_control_requests_total/ { sum += $NF } END { print sum }')
	lines=$(wc -l <"$HOST_DIR/audit.log")
	for i in {1..8}; do
		for value in 200000 210000 600000 1; do
			http POST "/api/v1/domains/web$((i % 3 + 1))/target" "{\"target_kib\": $value}" \
				operator >/dev/null &
		done
		wait
	done
	same "$(wc -l <"$HOST_DIR/audit.log")" $((lines + 32)) "audit lines"
	same "$(http GET /metrics | awk '/^xenballoon_control_requests_total/ { sum += $NF }
		END { print sum }')" $((before + 32)) requests
	jq -e . "$HOST_DIR/audit.log" >/dev/null
	for i in web1 web2 web3; do
		consistent $i
	done
}

# Requests in the background, until the agent is gone.
switches_without_pause() { # NAME
	while :; do
		for word in '{"enabled": true}' '{"enabled": false}'; do
			http POST "/api/v1/domains/$1/selfballoon" "$word" operator >/dev/null 2>&1 || return 0
		done
		for word in 200000 260000; do
			http POST "/api/v1/domains/$1/target" "{\"target_kib\": $word}" operator \
				>/dev/null 2>&1 || return 0
		done
	done
}

# Nothing is left of a change that the agent did not live to end.
no_notes() {
	! grep -q '"changing":{' "$HOST_DIR"/state/*
}

@test "killed in the midst of changes, it starts with cap, target and switch in agreement" {
	local name
	for _ in {1..8}; do
		for name in web1 web2 web3 pvh1; do
			switches_without_pause $name &
		done
		wait_until 5 more_lines 20
		agent_kill
		wait
		agent_start
		for name in web1 web2 web3 pvh1; do
			wait_until 10 known $name
			wait_until 5 consistent $name
		done
		wait_until 5 no_notes
	done
}

# So many more audit lines than when it was first asked.
more_lines() {
	local now first=$HOST_DIR/first_lines
	now=$(wc -l <"$HOST_DIR/audit.log")
	[ -e "$first" ] || echo "$now" >"$first"
	[ "$now" -ge $(($(cat "$first") + $1)) ] && rm "$first"
}

@test "a decision outlives the agent, and what guest and xl did since is theirs" {
	selfballoon web1 true
	selfballoon web2 true
	as_guest web1 xenstore-write memory/selfballoon 0
	bed mem-set web2 200
	same "$(field web2 cap_kib)" 205824
	as_guest web2 xenstore-write memory/selfballoon ""
	agent_stop
	agent_start
	wait_until 10 known web2
	same "$(key web1 selfballoon)" 0
	wait_until 5 eval '[ "$(key web2 selfballoon)" = 1 ]'
	same "$(field web2 cap_kib)" 205824
	bed reboot web1
	wait_until 10 eval '[ "$(key web1 selfballoon)" = 1 ]'
	wait_until 5 consistent web1
	selfballoon web1 false
	bed reboot web1
	wait_until 10 eval '[ "$(key web1 selfballoon)" = 0 ]'
	consistent web1
}
