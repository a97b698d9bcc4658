#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# also with: address-undefined
#
# The policy of a guest, ordered from dom0 by each way in: judged by the table of the guest's own
# settings, in force at once, told where it is not, kept by UUID, and taken back. The guests are real
# daemons.

load lib.bash
load snmp.bash
load cli.bash

setup_file() {
	host_new
	bed_start --guests 3 --host-mib 2048 --memory-mib 256 --static-max-mib 512 --daemon "$GUEST" --daemons 3
	cli_tokens
	agent_start
	wait_until 20 says guest1 policy committed
	wait_until 20 says guest3 policy committed
}

teardown_file() {
	host_down
}

says() { # NAME FIELD VALUE
	same "$(http GET "/api/v1/domains/$1" | jq -r ".$2")" "$3" "$2 of $1"
}

api() { # NAME POLICY [CREDENTIAL]
	http POST "/api/v1/domains/$1/policy" "$(jq -n --arg policy "$2" '{$policy}')" "${3-operator}"
}

@test "the command line: ordered, in force in the guest, and back" {
	run -0 cli policy guest1 pressure floor=96
	contains "$output" 'guest1: policy "pressure floor=96" (was none)'
	same "$(key guest1 policy)" "pressure floor=96"
	wait_until 10 says guest1 policy "pressure floor=96MiB"
	says guest1 policy_note null
	wait_until 10 grep -qw 'policy=pressure settings=floor=96MiB' <(key guest1 stats)
	run -0 cli policy 'guest[12]'
	contains "$output" "ORDERED"
	contains "$output" "pressure floor=96MiB"
	same "${#lines[@]}" 3 lines
	contains "$(cli explain guest1)" "Its policy is pressure floor=96MiB; dom0 ordered pressure floor=96."
	contains "$(cli list -o name,policy,policy_ordered guest1)" "pressure floor=96MiB  pressure floor=96"
	run -0 cli policy guest1 --reset
	contains "$output" 'guest1: policy none (was "pressure floor=96")'
	run key guest1 policy
	[ "$status" -ne 0 ]
	wait_until 10 says guest1 policy committed
	run -2 cli policy guest1 ''
	run -2 cli policy guest1 pressure --reset
	run -2 cli policy
}

@test "what no guest takes is refused by each way in, with what would be right, and changes nothing" {
	local before
	before=$(store_ls /local/domain | grep -v '/memory/stats ')
	run -1 cli policy guest1 flor=96
	contains "$output" 'guest1: no such setting: "flor"; did you mean floor'
	run -1 cli policy guest1 greedy
	contains "$output" "not a value for policy: "
	same "$(api guest1 floor=0 | jq -r '.status, .result' | tr '\n' ' ')" "400 malformed "
	contains "$(api guest1 "floor=96 floor=97" | jq -r .detail)" "floor is set twice"
	same "$(http POST /api/v1/domains/guest1/policy '{"policy": 7}' operator | jq .status)" 400
	contains "$(snmp_as operator set "XENBALLOON-MIB::xbDomainPolicyOrdered.$(domid guest1)" s greedy 2>&1)" "wrongValue"
	contains "$(snmp_as operator set -Ir "XENBALLOON-MIB::xbDomainPolicyOrdered.$(domid guest1)" s "$(printf 'x%.0s' {1..256})" 2>&1)" "wrongLength"
	same "$(store_ls /local/domain | grep -v '/memory/stats ')" "$before" "xenstore"
	run -0 cli policy guest1 pressure --dry-run
	contains "$output" 'would be: policy "pressure" (was none); nothing has changed'
	same "$(store_ls /local/domain | grep -v '/memory/stats ')" "$before" "xenstore"
}

@test "who may not change a guest orders nothing; an old view orders nothing" {
	local tag
	same "$(api guest2 pressure viewer | jq .status)" 403
	same "$(api guest2 pressure "" | jq .status)" 401
	same "$(api 0 pressure | jq .status)" 403
	tag=$(curl -sD - -o /dev/null "$URL/api/v1/domains/guest2" | tr -d '\r' | sed -n 's/^ETag: //Ip')
	same "$(api guest2 floor=100 | jq -r .result)" ok
	wait_until 10 says guest2 policy_ordered floor=100
	same "$(curl -s -H "Authorization: Bearer $OPERATOR_TOKEN" -H "If-Match: $tag" -d policy=pressure \
		"$URL/api/v1/domains/guest2/policy" | jq -r .result)" stale
	same "$(key guest2 policy)" floor=100
	same "$(audit_lines '.action == "policy" and .result == "ok" and .requested == "floor=100" and .before == null and .after == "floor=100"')" 1
	same "$(audit_lines '.action == "policy" and .result == "forbidden"')" 1
	contains "$(cli audit --action policy --domain guest2 -n 1 --result ok)" "floor=100"
	between "$(http GET /metrics | sed -n 's/^xenballoon_control_requests_total{interface="http",action="policy",result="ok"} //p')" 1 9
}

@test "SNMP: read and set, with other changes as one, and undone with them" {
	local id object
	id=$(domid guest3) object=XENBALLOON-MIB::xbDomainPolicyOrdered.$(domid guest3)
	same "$(snmp_as operator get -Oqv "$object")" ""
	snmp_as operator set "$object" s "committed reserve_percent=3" "XENBALLOON-MIB::xbDomainTarget.$id" u 260000
	same "$(key guest3 policy)" "committed reserve_percent=3"
	same "$(key guest3 target)" 260000
	wait_until 10 says guest3 policy "committed reserve_percent=3"
	same "$(snmp_as operator get -Oqv "XENBALLOON-MIB::xbDomainPolicy.$id")" "committed reserve_percent=3"
	run snmp_as operator set "$object" s pressure "XENBALLOON-MIB::xbDomainTarget.$id" u 999999999
	[ "$status" -ne 0 ]
	same "$(key guest3 policy)" "committed reserve_percent=3"
	run snmp_as viewer set "$object" s pressure
	[ "$status" -ne 0 ]
	snmp_as operator set "$object" s ""
	run key guest3 policy
	[ "$status" -ne 0 ]
}

@test "an order outlives the agent and the guest's reboot, until it is taken back" {
	api guest1 "floor=112" >/dev/null
	agent_stop
	agent_start
	wait_until 20 says guest1 policy_ordered floor=112
	bed reboot guest1
	wait_until 20 says guest1 policy_ordered floor=112
	wait_until 20 says guest1 policy "committed floor=112MiB"
	same "$(key guest1 minimum)" 114688
	# What another tool writes is shown, and left alone by an agent that starts.
	on_bed xenstore-rm "/local/domain/$(domid guest1)/memory/policy"
	wait_until 10 says guest1 policy_ordered null
	agent_stop
	agent_start
	wait_until 20 says guest1 policy committed
	says guest1 policy_ordered null
	same "$(api guest1 "" | jq -r .result)" ok
	bed reboot guest1
	wait_until 20 says guest1 policy committed
	says guest1 policy_ordered null
}

@test "a word that the guest doesn't take is named, in dom0, too" {
	store_write "/local/domain/$(domid guest2)/memory/policy" "floor=100 newer_knob=1"
	wait_until 10 says guest2 policy_note 'the guest does not take "newer_knob" of the policy ordered, so its own configuration counts'
	says guest2 policy committed
	contains "$(cli explain guest2)" 'But the guest does not take "newer_knob"'
	api guest2 "" >/dev/null
	wait_until 10 says guest2 policy_note null
}

@test "watch tells of orders and of what is in force" {
	start watch "$BUILD/xenballoon" watch
	wait_until 10 watching
	api guest2 pressure >/dev/null
	wait_until 10 grep -q 'guest2 .* asked for policy pressure: .*ok' "$HOST_DIR/watch.log"
	wait_until 10 grep -q 'guest2 .*policy pressure; ' "$HOST_DIR/watch.log"
	api guest2 "" >/dev/null
	wait_until 10 grep -q 'asked for policy none: .*ok' "$HOST_DIR/watch.log"
}

watching() {
	[ "$(http GET /metrics | sed -n 's/^xenballoon_event_listeners //p')" != 0 ]
}
