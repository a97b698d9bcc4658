#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# One fact, one answer: each value and each state of guests and host, absent, bad and good, is the same
# in JSON, CSV, the command line, Prometheus, XENBALLOON-MIB and VM-MIB.

load lib.bash
load snmp.bash
load cli.bash

setup_file() {
	local name
	host_new
	bed_start --guests 1 --host-mib 4096 --memory-mib 256 --static-max-mib 512
	for name in absent bad good quiet starving paused crashed ended suspended; do
		bed create $name --memory-mib 256 --static-max-mib 512 --daemon no --poster no
	done
	cli_tokens
	agent_start
	wait_until 20 same_count 10
}

teardown_file() {
	host_down
}

same_count() { # NUMBER
	same "$(http GET /api/v1/domains | jq '.domains | length')" "$1" guests
}

# as_guest NAME KEY VALUE
as_guest() {
	env "$(bed guest-env "$1")" xenstore-write -- "memory/$2" "$3"
}

as_dom0() { # NAME KEY VALUE
	store_write "/local/domain/$(domid "$1")/memory/$2" "$3"
}

field() { # NAME FIELD
	http GET "/api/v1/domains/$1" | jq -r ".$2"
}

field_is() { # NAME FIELD VALUE
	same "$(field "$1" "$2")" "$3" "$2 of $1"
}

# The values of the table, as the API names them; all but the age, which moves while it is looked at.
VALUES="static_max_kib target_kib actual_kib minimum_kib selftarget_kib selfballoon allocated_kib cap_kib"
VALUES+=" committed_kib available_kib swap_used_kib wanted_kib pressure_centipercent key_errors"
VALUES+=" reclaimable_kib unmet_kib"

# Each face prints a line `NAME VALUE` for each value of a guest; what is not known is a dash.

face_json() {
	# shellcheck disable=SC2086
	http GET "/api/v1/domains/$1" | jq -r '. as $all | $ARGS.positional[] |
		"\(.) \(if $all[.] == null then "-" else $all[.] end)"' --args $VALUES
}

face_list() {
	# shellcheck disable=SC2086
	http GET /api/v1/domains | jq -r --arg guest "$1" '.domains[] | select(.name == $guest) as $all |
		$ARGS.positional[] | "\(.) \(if $all[.] == null then "-" else $all[.] end)"' --args $VALUES
}

face_command() {
	# shellcheck disable=SC2086
	cli show "$1" --json | jq -r '. as $all | $ARGS.positional[] |
		"\(.) \(if $all[.] == null then "-" else $all[.] end)"' --args $VALUES
}

face_csv() {
	cli list --csv -o "name,${VALUES// /,}" | tr -d '\r' | awk -F, -v guest="$1" '
		NR == 1 { split($0, name) }
		$1 == guest { for (i = 2; i <= NF; i++) print name[i], $i == "" ? "-" : $i }'
}

# What the table for people says, with sizes in MiB.
face_people() {
	cli show "$1" | awk -v values="$VALUES" '
		{ name = $1; sub(/^[^ ]* */, ""); split($0, cell, /  +/); shown[name] = cell[1] }
		END {
			count = split(values, list, " ")
			for (i = 1; i <= count; i++) {
				short = list[i]
				sub(/_(kib|centipercent)$/, "", short)
				print list[i], shown[short]
			}
		}'
}

# people JSON-LINES: the same, as that table writes them.
people() {
	awk '
		$2 == "-" { print; next }
		$1 ~ /_kib$/ && $2 == 0 { print $1, "0 MiB"; next }
		$1 ~ /_kib$/ && $2 % 1024 == 0 { print $1, $2 / 1024 " MiB"; next }
		$1 ~ /_kib$/ && $2 < 1024 { printf "%s %.3g MiB\n", $1, $2 / 1024; next }
		$1 ~ /_kib$/ && $2 < 10240 { print $1, int($2 / 102.4 + 0.5) / 10 " MiB"; next }
		$1 ~ /_kib$/ { printf "%s %d MiB\n", $1, int($2 / 1024 + 0.5); next }
		$1 == "pressure_centipercent" { printf "%s %.2f %%\n", $1, $2 / 100; next }
		$1 == "selfballoon" { print $1, $2 == "true" ? "on" : "off"; next }
		{ print }'
}

face_prometheus() {
	http GET /metrics | awk -v guest="domain=\"$1\"" -v values="$VALUES" '
		index($0, guest) { split($0, part, "{"); sample[part[1]] = $NF }
		END {
			count = split(values, list, " ")
			for (i = 1; i <= count; i++) {
				name = list[i]
				metric = name
				if (sub(/_kib$/, "_bytes", metric)) metric = "memory_" metric
				if (name == "selfballoon") metric = "selfballoon_enabled"
				if (name == "pressure_centipercent") metric = "memory_pressure_ratio"
				if (name == "key_errors") metric = "key_errors_total"
				metric = "xenballoon_domain_" metric
				value = metric in sample ? sample[metric] : "-"
				if (value != "-" && name ~ /_kib$/) value = sprintf("%d", value / 1024)
				if (value != "-" && name ~ /^pressure/) value = sprintf("%.0f", value * 10000)
				if (value != "-" && name == "selfballoon") value = value == 1 ? "true" : "false"
				print name, value
			}
		}'
}

face_snmp() {
	local id name object value
	id=$(domid "$1")
	for name in $VALUES; do
		object=$(sed -E 's/_(kib|centipercent)$//; s/(^|_)([a-z])/\U\2/g' <<<"$name")
		value=$(snmp_as operator get -OqvU "XENBALLOON-MIB::xbDomain$object.$id")
		[[ $value != "No Such"* ]] || value=-
		echo "$name $value"
	done
}

# Policies in words, as each face tells them, a line each: ordered, in force, and why they differ.
POLICIES="policy_ordered policy policy_note"

policies_json() {
	http GET "/api/v1/domains/$1" | jq -r '[.policy_ordered, .policy, .policy_note] | map(. // "-")[]'
}

policies_list() {
	http GET /api/v1/domains | jq -r --arg guest "$1" '.domains[] | select(.name == $guest) |
		[.policy_ordered, .policy, .policy_note] | map(. // "-")[]'
}

policies_command() {
	cli policy "$1" --json | jq -r '.[] | [.policy_ordered, .policy, .policy_note] | map(. // "-")[]'
}

policies_show() {
	local name
	for name in $POLICIES; do
		cli show "$1" | awk -v name="$name" '$1 == name { sub(/^[^ ]* */, ""); split($0, cell, /  +/); print cell[1] }'
	done
}

policies_csv() {
	local name value
	for name in $POLICIES; do
		value=$(cli list "$1" --csv -o "$name" | tr -d '\r' | sed -n '2s/^"\(.*\)"$/\1/;2s/""/"/g;2p')
		echo "${value:--}"
	done
}

policies_snmp() {
	local object value
	for object in PolicyOrdered Policy PolicyNote; do
		value=$(snmp_as operator get -Oqv "XENBALLOON-MIB::xbDomain$object.$(domid "$1")")
		[[ $value != "No Such"* ]] || value=
		echo "${value:--}"
	done
}

policies_agree() { # NAME
	local truth face
	truth=$(policies_json "$1")
	for face in list command show csv snmp; do
		same "$(policies_$face "$1")" "$truth" "$face of $1's policies" || return
	done
	grep -v '^-$' <<<"$truth" | while read -r face; do
		contains "$(cli explain "$1")" "$face"
	done
}

# All faces of a guest's values say what the first one does.
faces_agree() { # NAME
	local truth face
	truth=$(face_json "$1")
	for face in list command csv prometheus snmp; do
		same "$(face_$face "$1")" "$truth" "$face of $1" || return
	done
	same "$(face_people "$1")" "$(people <<<"$truth")" "show of $1"
}

vm() { # COLUMN DOMID
	snmp_as operator get -Oqve "$VM_OID.1.4.1.$1.$2"
}

# Of VM-MIB's columns: what there is of memory, what may least and most be; -1 where nobody knows.
vm_agrees() { # NAME
	local id known
	id=$(domid "$1")
	same "$(vm 13 "$id")" "$(field "$1" allocated_kib)" vmCurMem
	known=$(field "$1" minimum_kib)
	same "$(vm 14 "$id")" "${known/#null/-1}" vmMinMem
	known=$(field "$1" static_max_kib)
	same "$(vm 15 "$id")" "${known/#null/-1}" vmMaxMem
}

@test "values that nobody wrote: off is off, the rest is not known, in every face" {
	wait_until 10 field_is absent selfballoon false
	same "$(face_json absent | grep -v -- ' -$' | cut -d' ' -f1 | tr '\n' ' ')" \
		"static_max_kib target_kib selfballoon allocated_kib cap_kib key_errors "
	faces_agree absent
	vm_agrees absent
	same "$(field absent errors)" "[]"
}

@test "values that make no sense: not known, named as errors, in every face" {
	local key
	for key in actual minimum selftarget; do
		as_guest bad $key "-1"
	done
	as_guest bad stats "v=1 seq=1 committed=x available=-1 swaptotal=1 swapfree=2 psi=1e9 wanted=nan"
	as_guest bad selfballoon 2
	as_dom0 bad static-max 99999999999999999999
	as_dom0 bad target 12MiB
	wait_until 10 field_is bad static_max_kib null
	wait_until 10 field_is bad target_kib null
	same "$(face_json bad | grep -v -- ' -$' | cut -d' ' -f1 | tr '\n' ' ')" "allocated_kib cap_kib key_errors "
	faces_agree bad
	vm_agrees bad
	same "$(http GET /api/v1/domains/bad | jq -r '.errors | sort | join(" ")')" \
		"actual_kib available_kib committed_kib minimum_kib pressure_centipercent selfballoon selftarget_kib static_max_kib swap_used_kib target_kib wanted_kib"
}

@test "values that are good, odd ones among them, in every face" {
	as_guest good actual 262143
	as_guest good minimum 5
	as_guest good selftarget 131072
	as_guest good stats "v=1 seq=1 committed=0 available=1023 swaptotal=4096 swapfree=1025 psi=101 wanted=131073"
	as_guest good selfballoon 1
	wait_until 10 field_is good wanted_kib 131073
	wait_until 10 field_is good selfballoon true
	# It came while the agent looked: a report, and so in the sums.
	field_is good unmet_kib 0
	faces_agree good
	vm_agrees good
	as_guest good selfballoon 0
	wait_until 10 field_is good selfballoon false
	faces_agree good
}

@test "policies: absent, in force, ordered and refused, in every face" {
	same "$(policies_json absent | tr '\n' ' ')" "- - - "
	policies_agree absent
	as_guest good stats "v=1 seq=1 wanted=131073 policy=committed settings=-"
	wait_until 10 field_is good policy committed
	policies_agree good
	as_guest good stats "v=1 seq=1 wanted=131073 policy=pressure settings=floor=96MiB,probe_percent=2"
	as_dom0 good policy "pressure floor=96"
	wait_until 10 field_is good policy "pressure floor=96MiB probe_percent=2"
	wait_until 10 field_is good policy_ordered "pressure floor=96"
	field_is good policy_note null
	policies_agree good
	as_guest good stats "v=1 seq=1 wanted=131073 policy=committed settings=- refuses=floor"
	wait_until 10 eval '[[ $(field good policy_note) == "the guest does not take \"floor\" "* ]]'
	policies_agree good
	as_dom0 bad policy "greedy"
	wait_until 10 eval '[[ $(field bad policy_note) == "the policy ordered makes no sense: "* ]]'
	policies_agree bad
	as_guest good stats "v=1 seq=1 wanted=131073"
	wait_until 10 field_is good policy null
}

@test "the last report: its age and its time are one fact" {
	local age time
	as_guest good stats "v=1 seq=2 wanted=131073"
	wait_until 10 field_is good wanted_kib 131073
	age=$(field good report_age_ms)
	time=$(field good last_report)
	between $((time * 1000 + age)) $((${EPOCHREALTIME%.*} * 1000 - 3000)) $((${EPOCHREALTIME%.*} * 1000 + 2000)) "time of the report and its age"
	between "$(metric domain_last_report_timestamp_seconds good)" $((time - 1)) $((time + 1))
	between "$(snmp_value "xbDomainLastReportAge.$(domid good)" | tr -cd 0-9)" $((age / 1000)) $((age / 1000 + 3))
	contains "$(cli list -o name,last_report | grep '^good ')" " s ago"
	# Of one that never did there is none, anywhere.
	field_is absent report_age_ms null
	field_is absent last_report null
	run metric domain_last_report_timestamp_seconds absent
	same "$status" 1
	contains "$(snmp_value "xbDomainLastReportAge.$(domid absent)")" "No Such Instance"
}

# Host values by the API's names.
HOST_VALUES="total_kib free_kib dom0_kib domains static_max_kib reclaimable_kib unmet_kib"

host_agrees() {
	local truth name object metrics shown
	truth=$(http GET /api/v1/host)
	metrics=$(http GET /metrics)
	same "$(cli show --json | jq -c ".[0] | del(.age_ms, .generation)")" "$(jq -c 'del(.age_ms, .generation)' <<<"$truth")" "show --json"
	for name in $HOST_VALUES; do
		object=$(sed -E 's/_kib$//; s/(^|_)([a-z])/\U\2/g' <<<"$name")
		same "$(snmp_value "xbHost$object.0" | tr -cd 0-9)" "$(jq ".$name" <<<"$truth")" "xbHost$object"
		shown=$(awk -v name="xenballoon_host_$(sed -E 's/^(.*)_kib$/memory_\1_bytes/' <<<"$name")" \
			'$1 == name { print name ~ /_bytes$/ ? $2 / 1024 : $2 }' <<<"$metrics")
		same "$shown" "$(jq ".$name" <<<"$truth")" "metric of $name"
	done
	same "$(awk '$1 == "xenballoon_store_up" { print $2 }' <<<"$metrics")" "$(jq 'if .store_up then 1 else 0 end' <<<"$truth")"
	same "$(awk '$1 == "xenballoon_hypervisor_up" { print $2 }' <<<"$metrics")" "$(jq 'if .hypervisor_up then 1 else 0 end' <<<"$truth")"
	same "$(snmp_value xbHostStoreUp.0)" "$(jq 'if .store_up then 1 else 2 end' <<<"$truth")"
}

@test "the host, in every face, and its name" {
	host_agrees
	same "$(http GET /api/v1/host | jq -r .name)" "$(uname -n)"
	contains "$(http GET /metrics | grep '^xenballoon_build_info{')" "nodename=\"$(uname -n)\""
}

@test "sums are those of the guests that each face shows" {
	local sum
	sum=$(http GET /api/v1/domains | jq '[.domains[].unmet_kib // 0] | add')
	same "$(http GET /api/v1/host | jq .unmet_kib)" "$sum" lacks
	sum=$(http GET /api/v1/domains | jq '[.domains[].reclaimable_kib // 0] | add')
	same "$(http GET /api/v1/host | jq .reclaimable_kib)" "$sum" "could free"
	same "$(cli advise --json | jq '[.domains[].frees_kib] | add')" "$sum" advise
}

state_of() { # NAME: the same in every face, or it fails
	local json names id
	json=$(field "$1" state)
	id=$(domid "$1")
	same "$(cli list --csv -o name,state | tr -d '\r' | awk -F, -v n="$1" '$1 == n { print $2 }')" "$json" csv
	same "$(http GET /metrics | grep "^xenballoon_domain_state{domain=\"$1\",.* 1$" |
		sed 's/.*state="\([a-z_]*\)".*/\1/')" "$json" prometheus
	names=$(snmp_as operator get -OqvU "XENBALLOON-MIB::xbDomainState.$id")
	same "${names,,}" "${json//_/}" snmp
	contains "$(cli explain "$1")" "$json: it "
	contains "$(cli explain "$1")" "What would change it:"
	# A sentence moves on with its seconds; its words don't.
	same "$(snmp_as operator get -Oqv "XENBALLOON-MIB::xbDomainReason.$id" | tr -d '"' | sed 's/[0-9]* s//')" \
		"$(field "$1" reason | sed 's/[0-9]* s//')" reason
	echo "$json"
}

oper_state() { # NAME
	snmp_as operator get -Oqve "$VM_OID.1.4.1.6.$(domid "$1")"
}

@test "each state of a guest's life, in every face, and in no sum" {
	local row name state oper
	as_guest starving stats "v=1 seq=1 wanted=400000 available=776 psi=6000"
	for row in paused:pause crashed:crash ended:shutdown suspended:suspend; do
		as_guest ${row%:*} stats "v=1 seq=1 wanted=400000 psi=9000"
		wait_until 10 field_is ${row%:*} wanted_kib 400000
		bed life ${row%:*} "${row#*:}"
	done
	while read -r name state oper; do
		wait_until 10 field_is "$name" state "$state"
		same "$(state_of "$name")" "$state" "state of $name"
		same "$(oper_state "$name")" "$oper" "vmOperState of $name"
		[ "$oper" = 4 ] || field_is "$name" unmet_kib null
	done <<-'EOT'
		quiet no_agent 4
		starving starving 4
		paused paused 8
		crashed crashed 12
		ended shut_down 10
		suspended suspended 6
	EOT
	contains "$(field starving reason)" "and its programs wait 60 % of the time for memory"
	contains "$(field paused reason)" "has been paused in dom0 for "
	same "$(http GET /api/v1/host | jq .unmet_kib)" "$(field starving unmet_kib)" "what the host's guests lack"
}

@test "a change of a guest that does not run is done, with a note" {
	local name
	for name in paused crashed ended suspended; do
		contains "$(expect 200 POST "/api/v1/domains/$name/target" '{"target_kib": 200000}' operator | jq -r .warning)" "keeps its size until"
		contains "$(cli on $name)" "note: The guest "
	done
}

@test "check tells of a starving guest, of pressure and of a crash, and not of a pause" {
	run -1 cli check
	contains "$output" "1 guest lacking memory (starving)"
	contains "$output" "60 % of the time waiting for memory (above 10 %; starving)"
	contains "$output" "1 guest crashed (crashed)"
	contains "$output" "'pressure'=60%;"
	[[ ${output%%|*} != *paused* ]]
}

@test "after a restart of the agent: unknown until it reports, in every face" {
	agent_stop
	agent_start
	wait_until 10 field_is good wanted_kib 131073
	same "$(state_of good)" unknown
	contains "$(field good reason)" "not seen to report since the agent started, "
	field_is good last_report null
	field_is good unmet_kib null
	faces_agree good
	# How long the others have been so is not known any more, and said.
	contains "$(field paused reason)" "for at least "
	as_guest good stats "v=1 seq=3 wanted=131073"
	wait_until 10 field_is good state shrinking || field_is good state stuck || field_is good state converged
	[ "$(field good last_report)" -gt 0 ]
}

@test "every state has its row wherever states are listed" {
	local state
	for state in $(http GET /metrics | grep '^xenballoon_domain_state{domain="good"' | sed 's/.*state="\([a-z_]*\)".*/\1/'); do
		grep -q "^	$state: \[" "$ROOT/exporter/page/format.js" || { echo "page: $state"; return 1; }
		grep -q "{ \"$state\", TERM_" "$ROOT/control/cli/column.c" || { echo "colour: $state"; return 1; }
		grep -q "^	{ \"$state\", \(ANY\|ON\|OFF\)," "$ROOT/control/cli/explain.c" || { echo "explain: $state"; return 1; }
		grep -q "^\.It $state Ta" "$ROOT/control/cli/xenballoon.1" || { echo "man: $state"; return 1; }
		grep -q "\['$state', " "$ROOT/dashboards/grafana/source/parts.libsonnet" || { echo "grafana: $state"; return 1; }
	done
	between "$(http GET /metrics | grep -c '^xenballoon_domain_state{domain="good"')" 16 30 states
}
