#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What monitoring systems are given to read the agent by SNMP: Debian's prometheus-snmp-exporter runs
# with ours, its generator makes what is here, and the templates for others name objects that are.

load lib.bash
load snmp.bash

EXPORTER=$ROOT/build/debs/prometheus-snmp-exporter/usr/bin
FOLDER=$ROOT/dashboards
# Releases from 0.23 on, as in Debian 13, take the new format; which user asks is named with the target.
if "$EXPORTER/prometheus-snmp-exporter" --version 2>&1 | grep -qE 'version 0\.(1?[0-9]|2[0-2])\.'; then
	FORMAT=-0.22 AUTH='' GENERATE=(generate)
else
	FORMAT='' AUTH='&auth=xenballoon' GENERATE=(generate --no-fail-on-parse-errors)
fi

setup_file() {
	host_new
	write_users "$HOST_DIR/snmp/agent.conf"
	bed_start --guests 3 --host-mib 2048
	agent_start
	wait_until 20 rows_are 3
	EXPORTER_PORT=$(free_port tcp)
	export EXPORTER_PORT
	sed "s/change-this-pass-phrase/$SNMP_PASS/" "$FOLDER/snmp_exporter/snmp$FORMAT.yml" >"$HOST_DIR/snmp.yml"
	start exporter "$EXPORTER/prometheus-snmp-exporter" "--config.file=$HOST_DIR/snmp.yml" \
		"--web.listen-address=127.0.0.1:$EXPORTER_PORT"
}

teardown_file() {
	host_down
}

exported() {
	curl -fsS -m 15 "http://127.0.0.1:$EXPORTER_PORT/snmp?target=127.0.0.1:$SNMP_PORT&module=xenballoon$AUTH" \
		>"$HOST_DIR/exported" && grep -q "^xbDomainAllocated{.*guest3" "$HOST_DIR/exported"
}

@test "prometheus-snmp-exporter shows the guests, by name, with the sizes that /metrics has" {
	wait_until 20 exported
	same "$(grep -c '^xbDomainCap{' "$HOST_DIR/exported")" 3 guests
	same "$(awk '/^xbDomainStaticMax{.*xbDomainName="guest1"/ { printf "%d", $2 }' "$HOST_DIR/exported")" \
		"$(metric_kib domain_memory_static_max_bytes guest1)"
	same "$(awk '/^xbHostTotal / { printf "%d", $2 }' "$HOST_DIR/exported")" $((2048 * 1024)) "host's memory"
	same "$(grep -c '^xbDomainState{.*xbDomainState="noAgent".*} [01]' "$HOST_DIR/exported")" 3 "states"
	same "$(grep -c 'xbDomainReason' "$HOST_DIR/exported")" 0 "series with a sentence as label"
}

@test "promtool can read it, and dislikes but the names of a MIB" {
	wait_until 20 exported
	run promtool check metrics <"$HOST_DIR/exported"
	# 1 would be: not to be read.
	between "$status" 0 3 "exit status"
	[ "$status" -ne 1 ]
	same "$(grep -cE 'error|invalid|duplicate' <<<"$output")" 0 "$output"
}

# generated GENERATOR-FILE: what the generator makes of it.
generated() {
	mkdir -p "$HOST_DIR/generate"
	cp "$1" "$HOST_DIR/generate/generator.yml"
	(cd "$HOST_DIR/generate" && MIBS=XENBALLOON-MIB "$EXPORTER/prometheus-snmp-generator" "${GENERATE[@]}") &&
		cat "$HOST_DIR/generate/snmp.yml"
}

@test "the format that this release takes is what its generator makes" {
	same "$(generated "$FOLDER/snmp_exporter/generator$FORMAT.yml" 2>"$HOST_DIR/generator.log")" \
		"$(cat "$FOLDER/snmp_exporter/snmp$FORMAT.yml")" || { tail -n 3 "$HOST_DIR/generator.log"; return 1; }
}

# Of old and new, all but how one proves who one is; a word a line, as lines are broken elsewhere.
walked() {
	sed -E '/^#/d; /^ *(version|auth|auths|modules|community|username|security_level|password|auth_protocol|priv_protocol|priv_password):/d
		/^ *xenballoon:$/d' "$1" | tr -s ' ' '\n' | grep .
}

@test "the new format says the same, with the credentials apart" {
	local name
	for name in snmp generator; do
		same "$(walked "$FOLDER/snmp_exporter/$name.yml")" "$(walked "$FOLDER/snmp_exporter/$name-0.22.yml")" $name
		grep -q '^auths:' "$FOLDER/snmp_exporter/$name.yml"
		grep -q '^modules:' "$FOLDER/snmp_exporter/$name.yml"
	done
}

TEMPLATE=$FOLDER/zabbix/xenballoon-6.0.json

@test "zabbix: identifiers are version 4 UUIDs and each its own" {
	local uuids
	uuids=$(jq -r '.. | objects | .uuid // empty' "$TEMPLATE")
	between "$(wc -l <<<"$uuids")" 40 200 uuids
	same "$(grep -vcE '^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$' <<<"$uuids")" 0 "no UUID"
	same "$(sort <<<"$uuids" | uniq -d)" "" "used twice"
}

# All keys, with what discovery puts in their place.
keys() {
	jq -r '.. | objects | select(.snmp_oid?) | .key' "$TEMPLATE" | sort
}

@test "zabbix: triggers and graphs name items that are there, and all keys differ" {
	local named
	same "$(keys | uniq -d)" "" "keys used twice"
	named=$({
		jq -r '.. | objects | .expression?, .recovery_expression? | strings' "$TEMPLATE" |
			grep -oE 'by SNMP/[^,]+' | sed 's|by SNMP/||'
		jq -r '.. | objects | .graph_items? // empty | .[].item.key' "$TEMPLATE"
	} | sort -u)
	between "$(wc -l <<<"$named")" 10 100 "keys named"
	same "$(comm -23 <(echo "$named") <(keys))" "" "keys that no item has"
	same "$(jq -r '.. | objects | .valuemap?.name // empty' "$TEMPLATE" | sort -u | tr '\n' ' ')" \
		"$(jq -r '.zabbix_export.templates[].valuemaps[].name' "$TEMPLATE" | sort | tr '\n' ' ')" "value maps"
}

@test "zabbix: each item's OID has a value, each guest is discovered" {
	local oid
	while read -r oid; do
		oid=${oid//\{#SNMPINDEX\}/1}
		[[ $oid != discovery* ]] || continue
		# What only a guest with selfballoon on says has no instance.
		[[ $(snmp_as viewer get -On "$oid") != *"No Such Object"* ]]
	done < <(jq -r '.. | objects | .snmp_oid // empty' "$TEMPLATE")
	oid=$(jq -r '.zabbix_export.templates[].discovery_rules[].snmp_oid' "$TEMPLATE")
	[[ $oid =~ \{#NAME\},([0-9.]+),\{#UUID\},([0-9.]+)\] ]]
	same "$(snmp_as viewer walk -Oqv "${BASH_REMATCH[1]}" | wc -l)" 3 names
	same "$(snmp_as viewer walk -Oqv "${BASH_REMATCH[2]}" | wc -l)" 3 UUIDs
}

@test "zabbix: a guest is its UUID and no domid; no item is ever unsupported for want of a value" {
	same "$(jq -r '.. | objects | select(.key?) | .key | select(contains("SNMPINDEX"))' "$TEMPLATE")" "" "keys with a domid"
	same "$(jq -r '.zabbix_export.templates[].discovery_rules[].item_prototypes[] |
		select((.key | endswith("[{#UUID}]") | not) or (.snmp_oid | endswith(".{#SNMPINDEX}") | not)) | .key' "$TEMPLATE")" "" \
		"prototypes that are not by UUID"
	same "$(jq -r '.zabbix_export.templates[] | .items[], .discovery_rules[].item_prototypes[] |
		select(.preprocessing[0] | .type != "CHECK_NOT_SUPPORTED" or .error_handler != "DISCARD_VALUE") | .key' "$TEMPLATE")" "" \
		"items without it"
}

# What an operator acts on, and the states that `check` warns of.
acted_on() {
	local state
	cat <<-'EOT'
		nodata(/Xenballoon by SNMP/xenballoon.host.store,
		xenballoon.host.store,#3)=2
		xenballoon.host.hypervisor,#3)=2
		xenballoon.host.free,
		xenballoon.host.age,
		xenballoon.control.audit,#2)=2
		xenballoon.control.failed,
		xenballoon.guest.pressure[{#UUID}],
		xenballoon.guest.key_errors[{#UUID}],
	EOT
	# shellcheck disable=SC2013 # words without blanks
	for state in $(sed -n 's/.*{ "\([a-z_]*\)", UNIT_GUESTS.*{ "0" }.*/\1/p' "$ROOT/control/cli/measure.c"); do
		echo ")=$(state_number "$state") and max(/Xenballoon by SNMP/xenballoon.guest.state[{#UUID}]"
	done
}

@test "zabbix: a trigger for each thing that an operator acts on, and macros for what sites differ in" {
	local expressions part
	expressions=$(jq -r '.. | objects | .expression? | strings' "$TEMPLATE")
	acted_on >"$BATS_TEST_TMPDIR/parts"
	between "$(wc -l <"$BATS_TEST_TMPDIR/parts")" 15 30 parts
	while read -r part; do
		contains "$expressions" "$part"
	done <"$BATS_TEST_TMPDIR/parts"
	same "$(grep -oE '\{\$XB[A-Z.]*\}' "$TEMPLATE" | sort -u)" \
		"$(jq -r '.zabbix_export.templates[].macros[].macro' "$TEMPLATE" | sort)" macros
}

# state_number STATE: as the MIB numbers it.
state_number() {
	local name=${1//_/}
	sed -n '/^XenballoonDomainState/,/}/p' "$ROOT/mib/XENBALLOON-MIB.txt" | grep -m 1 -oiE "\b$name\([0-9]+" | tr -dc 0-9
}

# The rule's own program, on rows as Zabbix hands them over.
discovered() { # ROWS
	jq -r '.zabbix_export.templates[].discovery_rules[].preprocessing[].parameters[0]' "$TEMPLATE" >"$BATS_TEST_TMPDIR/step.js"
	node -e 'const step = new Function("value", require("fs").readFileSync(process.argv[1], "utf8"))
		for (const row of JSON.parse(step(process.argv[2]))) console.log(row["{#UUID}"] + " " + row["{#SNMPINDEX}"])' \
		"$BATS_TEST_TMPDIR/step.js" "$1"
}

@test "zabbix: guests without a UUID wait for it, those that share one are told apart" {
	same "$(discovered '[{"{#SNMPINDEX}": "3", "{#UUID}": "a"}, {"{#SNMPINDEX}": "4", "{#UUID}": ""}, {"{#SNMPINDEX}": "7", "{#UUID}": "b"},
		{"{#SNMPINDEX}": "9", "{#UUID}": "a"}, {"{#SNMPINDEX}": "12", "{#UUID}": "a"}]')" 'a 3
b 7
a.9 9
a.12 12'
	same "$(discovered '[]')" ""
}

@test "zabbix and librenms: the states are those of the MIB" {
	local declared
	declared=$(sed -n '/^XenballoonDomainState/,/}/p' "$ROOT/mib/XENBALLOON-MIB.txt" |
		sed -n 's/^ \{21\}\([a-zA-Z]*\)(\([0-9]*\)).*/\2 \1/p')
	same "$(wc -l <<<"$declared")" "$(sed -n '/^enum domain_state /,/STATE_COUNT/p' "$ROOT/include/snapshot.h" |
		grep -c 'STATE_.*,')" states
	same "$(jq -r '.zabbix_export.templates[].valuemaps[] | select(.name == "XenballoonDomainState")
		.mappings[] | "\(.value) \(.newvalue)"' "$TEMPLATE")" "$declared" zabbix
	same "$(sed -n '/state_name: xbDomainState/,$ s/.*value: \([0-9]*\),.*descr: .\([a-zA-Z]*\).*/\1 \2/p' \
		"$FOLDER/librenms/discovery-xenballoon.yaml")" "$declared" librenms
}

# What discovers guests, as JSON, a line each.
librenms_guests() {
	python3 -c 'import json, sys, yaml
for kind, sensors in yaml.safe_load(open(sys.argv[1]))["modules"]["sensors"].items():
    for sensor in sensors["data"]:
        if sensor["oid"].endswith("xbDomainTable"): print(json.dumps(sensor))' "$FOLDER/librenms/discovery-xenballoon.yaml"
}

@test "librenms: a guest is its UUID and no domid" {
	between "$(librenms_guests | wc -l)" 5 20 "sensors of guests"
	librenms_guests | while read -r sensor; do
		jq -e '(.index | endswith(".{{ XENBALLOON-MIB::xbDomainUuid }}")) and (.num_oid | endswith(".{{ $index }}"))
			and (.skip_values[0] == {oid: "XENBALLOON-MIB::xbDomainUuid", op: "=", value: ""})' <<<"$sensor"
	done
	same "$(grep -c 'xbDomainStaticMax\|guest\.{{' "$FOLDER/librenms/discovery-xenballoon.yaml")" 0 "memory pools of guests"
}

@test "librenms: what it names is in the MIB, under the number it says" {
	local name numeric
	# shellcheck disable=SC2013 # words without blanks
	for name in $(grep -oE 'XENBALLOON-MIB::[A-Za-z]+' "$FOLDER/librenms/discovery-xenballoon.yaml" | sort -u); do
		snmptranslate -On "$name"
	done
	# shellcheck disable=SC2013,SC2016
	for numeric in $(sed -n "s/.*num_oid: '\(.*\)\.{{ \$index }}'/\1/p" "$FOLDER/librenms/discovery-xenballoon.yaml"); do
		[[ $(snmptranslate -OS "$numeric") =~ ^XENBALLOON-MIB::[A-Za-z]+$ ]]
	done
	same "$(snmp_as viewer get -Oqvn 1.3.6.1.2.1.1.2.0)" \
		"$(sed -n 's/^ *- \(\.1\.[0-9.]*\)$/\1/p' "$FOLDER/librenms/xenballoon.yaml")" sysObjectID
}
