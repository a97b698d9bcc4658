#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The template in a real Zabbix, the one that this Debian has: it is taken, finds the guests, shows the
# values that the agent has, follows a guest over its reboot, and fires and resolves.

load lib.bash
load snmp.bash
load zabbix.bash

TEMPLATE=$ROOT/dashboards/zabbix/xenballoon-6.0.json

setup_file() {
	host_new
	write_users "$HOST_DIR/snmp/agent.conf"
	zabbix_up
	bed_start --guests 2 --host-mib 2048 --memory-mib 400
	bed create quiet --memory-mib 128 --static-max-mib 256 --daemon no --poster no
	agent_start
	wait_until 20 rows_are 3
	import "$TEMPLATE"
	HOST_ID=$(watch_agent '{$XB.DELAY}=2s' '{$XB.DISCOVERY}=3s' '{$XB.NODATA}=15s' '{$XB.PRESSURE.TIME}=5s' '{$XB.ERRORS.TIME}=30s')
	export HOST_ID
}

teardown_file() {
	zabbix_down
	host_down
}

uuid() {
	http GET "/api/v1/domains/$1" | jq -er .uuid
}

# found COUNT: so many guests have all their items, and each of them has been read or waits for its first
# value.
found() {
	same "$(items '.key_ | startswith("xenballoon.guest.state[")' | wc -l)" "$1" "guests with items"
}

@test "the template is taken, with its dashboard, and again over itself" {
	local before
	before=$(api item.get '{"templated": true, "output": ["itemid"], "search": {"key_": "xenballoon."}}')
	import "$TEMPLATE"
	same "$(api item.get '{"templated": true, "output": ["itemid"], "search": {"key_": "xenballoon."}}')" "$before" items
	same "$(api templatedashboard.get '{"selectPages": "extend"}' |
		jq '.[] | select(.name == "Xen memory").pages | map(.widgets | length) | add')" 9 widgets
	echo "# Zabbix $ZABBIX_VERSION" >&3
}

@test "each guest is found, and no item is unsupported: not for want of a value, either" {
	local count
	wait_until 60 found 3
	count=$(jq '.zabbix_export.templates[] | .items + [.discovery_rules[].item_prototypes[] | ., ., .] | length' "$TEMPLATE")
	same "$(items | wc -l)" "$count" items
	wait_until 30 eval '[ "$(value "xenballoon.guest.wanted[$(uuid guest1)]")" -gt 0 ]'
	# quiet says nothing of itself, and selftarget is no guest's.
	wait_until 30 value "xenballoon.guest.cap[$(uuid quiet)]"
	same "$(items '.state != "0"')" "" "items that are not supported"
	same "$(items '(.key_ | startswith("xenballoon.guest.selftarget")) and .lastclock != "0"')" "" "selftarget of guests that are off"
	same "$(api discoveryrule.get '{"hostids": "'"$HOST_ID"'", "output": ["state", "error"]}' | jq -r '.[] | "\(.state)\(.error)"')" \
		0 "the rule's state and error"
}

# agrees GUEST: what Zabbix has of it is what the agent's JSON has.
agrees() {
	http GET "/api/v1/domains/$1" | jq -r '. as $guest | "static_max target actual minimum allocated cap wanted" | split(" ")[] |
		"\(.) \($guest[. + "_kib"] // empty | . * 1024)"' >"$HOST_DIR/expected"
	items ".key_ | endswith(\"[$(uuid "$1")]\")" | jq -r 'select(.lastclock != "0") |
		(.key_ | capture("guest.(?<key>[a-z_]*)").key) + " " + .lastvalue' >"$HOST_DIR/shown"
	[ -s "$HOST_DIR/expected" ]
	same "$(grep -E "^($(cut -d' ' -f1 "$HOST_DIR/expected" | paste -sd'|')) " "$HOST_DIR/shown" | sort)" \
		"$(sort "$HOST_DIR/expected")" "values of $1"
}

@test "its values are those of the agent's JSON, of each guest and of the host" {
	local guest
	for guest in guest1 guest2 quiet; do
		wait_until 30 agrees $guest
	done
	same "$(value xenballoon.host.total)" $((2048 * 1024 * 1024)) "the host's memory"
	same "$(value "xenballoon.guest.selfballoon[$(uuid guest1)]")" 2 "a switch that nobody has touched"
	same "$(problems | grep -v ": \(no longer reports\|waits\)")" "" problems
}

# followed GUEST: its new domid has been read.
followed() {
	same "$(value "xenballoon.guest.static_max[$2]")" $((256 * 1024 * 1024)) || return 1
	items '.key_ == "xenballoon.guest.static_max['"$2"']"' | jq -e --argjson since "$3" '(.lastclock | tonumber) >= $since'
}

@test "a guest that reboots goes on with its items, under its new domid" {
	local id before uuid since
	uuid=$(uuid quiet) before=$(domid quiet)
	id=$(items '.key_ == "xenballoon.guest.static_max['"$uuid"']"' | jq -r .itemid)
	bed reboot quiet
	[ "$(domid quiet)" -ne "$before" ]
	since=$(date +%s)
	# The same, with a neighbour at once.
	bed create other --memory-mib 64 --static-max-mib 96 --daemon no --poster no
	wait_until 30 followed quiet "$uuid" $((since + 1))
	wait_until 60 found 4
	same "$(items '.key_ == "xenballoon.guest.static_max['"$uuid"']"' | jq -r .itemid)" "$id" "the item"
	same "$(api history.get '{"itemids": "'"$id"'", "history": 3, "sortfield": "clock"}' | jq -r '.[].value' | sort -u)" \
		$((256 * 1024 * 1024)) "its history"
	between "$(api history.get '{"itemids": "'"$id"'", "history": 3}' | jq --argjson since "$since" \
		'[.[].clock | tonumber | . < $since] | unique | length')" 2 2 "before and after"
	same "$(items '.state != "0"')" "" "items that are not supported"
}

@test "two guests with one UUID have an item each, and the rule no error" {
	local uuid twin
	uuid=$(uuid quiet)
	twin=$(bed create twin --memory-mib 64 --static-max-mib 112 --daemon no --poster no --uuid "$uuid")
	wait_until 60 value "xenballoon.guest.static_max[$uuid.$twin]"
	same "$(value "xenballoon.guest.static_max[$uuid.$twin]")" $((112 * 1024 * 1024)) "the twin's"
	same "$(value "xenballoon.guest.static_max[$uuid]")" $((256 * 1024 * 1024)) "the first one's"
	same "$(api discoveryrule.get '{"hostids": "'"$HOST_ID"'", "output": ["state", "error"]}' | jq -r '.[] | "\(.state)\(.error)"')" \
		0 "the rule's state and error"
	bed destroy twin
	bed destroy other
}

# told NAME, silent NAME: that problem is there, or not.
told() {
	problems | grep -qxF "$1"
}

silent() {
	! told "$1"
}

@test "triggers: a guest whose programs wait for memory, and one that writes nonsense" {
	local guest_env
	guest_env=$(bed guest-env quiet)
	for seq in 1 2 3; do
		env "$guest_env" xenstore-write memory/stats "v=1 seq=$seq psi=6000 wanted=204800 available=776"
		env "$guest_env" xenstore-write memory/actual "nonsense$seq"
		wait_until 20 eval '[ "$(value "xenballoon.guest.pressure[$(uuid quiet)]")" = 60 ]'
	done
	wait_until 40 told "quiet: its programs wait for memory"
	wait_until 40 told "quiet: writes what is no value"
	env "$guest_env" xenstore-write memory/stats "v=1 seq=4 psi=0 wanted=102400 available=77600"
	wait_until 40 silent "quiet: its programs wait for memory"
}

@test "triggers: the agent goes, the problem comes; it is back, and the problem goes" {
	agent_kill
	wait_until 90 told "xenballoon-agent does not answer"
	same "$(items '.state != "0"')" "" "items that are not supported while the agent is away"
	agent_start
	wait_until 90 silent "xenballoon-agent does not answer"
	wait_until 40 agrees guest1
}
