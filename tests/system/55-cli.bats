#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The command line against a real agent: what it shows, what it changes, what it says of what is
# refused, how it ends. Guests report as a daemon would, but nothing is done by itself.

# shellcheck disable=SC2154 # bats sets stderr

load lib.bash
load cli.bash

setup_file() {
	local name
	host_new
	bed_start --guests 3 --host-mib 2048 --memory-mib 400
	bed create quiet --memory-mib 128 --static-max-mib 256 --daemon no --poster no
	bed create evil --memory-mib 128 --static-max-mib 256 --daemon no --poster no
	store_write "/local/domain/$(domid evil)/name" "$HOSTILE"
	cli_tokens
	agent_start
	wait_until 10 known quiet
	for name in guest1 guest2 guest3; do
		wait_until 10 reports $name
	done
}

teardown_file() {
	host_down
}

# What a terminal must never be sent, and what would look like another name.
HOSTILE=$'ev\033[31mil\xe2\x80\xae'

known() {
	http GET "/api/v1/domains/$1" | jq -e '.allocated_kib and .cap_kib' >/dev/null
}

reports() {
	http GET "/api/v1/domains/$1" | jq -e .wanted_kib >/dev/null
}

field() { # NAME FIELD
	http GET "/api/v1/domains/$1" | jq ".$2"
}

@test "list: a line per guest, aligned, the columns that are asked for, as JSON and CSV" {
	run -0 cli list
	contains "${lines[0]}" "NAME"
	same "${#lines[@]}" 7 "lines, with the sum"
	contains "$output" "is at dom0's target of 400 MiB"
	contains "$output" "no_agent"
	run -0 cli list -o name,allocated_kib --sort -allocated
	same "$(tr -s ' ' <<<"${lines[0]}")" "NAME ALLOCATED"
	contains "${lines[1]}" "guest"
	run -0 cli list --csv -o name,type,static_max
	same "${lines[0]}" "name,type,static_max_kib"
	same "${lines[1]}" "guest1,pv,524288"
	run -0 cli list --json
	same "$(jq -c 'map(.name)[0:3]' <<<"$output")" '["guest1","guest2","guest3"]'
	same "$(jq '.[0].static_max_kib' <<<"$output")" 524288
}

@test "list: a name can do nothing to a terminal" {
	run -0 env LC_ALL=C.UTF-8 "${CLI[@]}" list
	contains "$output" 'ev\x1b[31mil\u{202e}'
	run -0 env LC_ALL=C "${CLI[@]}" explain "$HOSTILE"
	contains "$output" 'ev\x1b[31mil\xe2\x80\xae'
	[[ $output != *$'\033'* ]]
	# Nor does it become a part of a command to paste.
	contains "$output" "xenballoon target $(domid evil) SIZE"
}

@test "colour is for terminals, and NO_COLOR is heeded" {
	run -0 cli list
	[[ $output != *$'\033'* ]]
	run -0 on_terminal env TERM=xterm "${CLI[@]}" list
	grep -q $'\033\\[1mNAME' <<<"$output"
	run -0 on_terminal env TERM=xterm NO_COLOR=1 "${CLI[@]}" list
	[[ $output != *$'\033'* ]]
	run -0 on_terminal env TERM=dumb "${CLI[@]}" list
	[[ $output != *$'\033'* ]]
}

@test "show and explain: one guest by name, domid and UUID; the host" {
	local id uuid
	id=$(domid guest1) uuid=$(field guest1 uuid)
	for id in guest1 "$(domid guest1)" "$(jq -r <<<"$uuid")"; do
		run -0 cli show "$id" --json
		same "$(jq .uuid <<<"$output")" "$uuid"
	done
	run -0 cli show guest1
	contains "$output" "Maximum: what the guest was booted for"
	run -0 cli show
	contains "$output" "Memory that no domain has"
	run -0 cli explain guest1
	contains "$output" "follows dom0's target (selfballooning off)"
	contains "$output" "xenballoon target guest1 SIZE"
	run -0 cli explain quiet
	contains "$output" "systemctl enable --now xenballoon-guest"
	run -1 --separate-stderr cli explain nobody
	contains "$stderr" 'no guest has the domid, name or UUID "nobody"'
}

@test "advise: per guest and in total, from what they want, changing nothing" {
	local before wanted
	before=$(everything)
	run -0 cli advise
	contains "$output" "guest1"
	contains "$output" "no_agent"
	run -0 cli advise --json
	wanted=$(http GET /api/v1/domains | jq '[.domains[] | select(.wanted_kib) |
		[.allocated_kib - .wanted_kib, 0] | max] | add')
	between "$(jq .frees_kib <<<"$output")" $((wanted - 4096)) $((wanted + 4096)) frees
	same "$(everything)" "$before" "store and caps"
}

@test "on and off: one, several, all; each its own answer" {
	run -0 cli on guest1
	same "${lines[0]}" "guest1: selfballooning on (was off)"
	same "$(field guest1 selfballoon)" true
	run -0 cli off guest1 guest2
	contains "$output" "guest1: selfballooning off (was on)"
	run -1 --separate-stderr cli on guest2 nobody
	contains "$output" "guest2: selfballooning on"
	contains "$stderr" "nobody: no guest has"
	run -0 cli off --all
	same "${#lines[@]}" 5 "answers"
	run -2 cli on
	run -2 cli on --all guest1
}

@test "patterns name guests, and what they have is summed" {
	run -0 cli list 'guest*' -o name
	same "$(printf '%s ' "${lines[@]:1:3}")" "guest1 guest2 guest3 "
	[[ ${lines[4]} =~ ^3\ guests\ have\ [0-9]+\ MiB.*,\ [0-9.]+\ [MG]iB\ free$ ]]
	run -0 cli list guest1 "$(domid guest2)" --csv -o name
	same "$output" $'name\nguest1\nguest2'
	run -0 cli list --state no_agent -o name
	contains "$output" "quiet"
	[[ $output != *guest1* ]]
	run -1 --separate-stderr cli list 'nothing*'
	contains "$stderr" "no guest's name fits \"nothing*\""
	run -0 cli on 'guest[12]' --dry-run
	same "$(grep -c 'would be: selfballooning on' <<<"$output")" 2 answers
	run -0 cli show 'guest*' --json
	same "$(jq -s length <<<"$output")" 3 guests
	run -0 cli explain 'guest*'
	same "$(grep -c 'What would change it' <<<"$output")" 3 guests
	run -0 cli target 'guest[12]' 390M --dry-run
	same "$(grep -c 'would be: target 390 MiB' <<<"$output")" 2 answers
	run -0 cli advise
	contains "${lines[0]}" "NEEDS"
}

key_is() { # NAME KEY VALUE
	same "$(key "$1" "$2")" "$3" "$2 of $1"
}

field_is() { # NAME FIELD VALUE
	same "$(field "$1" "$2")" "$3" "$2 of $1"
}

# smaller_than NAME KIB
smaller_than() {
	[ "$(field "$1" allocated_kib)" -lt "$2" ]
}

@test "off says what stays small, and how to get it back" {
	cli target guest3 400M
	cli on guest3
	wait_until 60 smaller_than guest3 300000
	run -0 cli off guest3
	contains "$output" "It stays at "
	contains "$output" "its target before was 400 MiB (xenballoon target guest3 400M)."
	# It is kept, whatever becomes of the agent: off once more gives it back.
	agent_stop
	agent_start
	same "$(field guest3 former_target_kib)" 409600
	run -0 cli off guest3 --restore --dry-run
	contains "$output" "Its target is to be 400 MiB, as before selfballooning."
	[ "$(key guest3 target)" -lt 300000 ]
	run -0 cli off guest3 --restore
	contains "$output" "guest3: selfballooning off (was off)"
	same "$(key guest3 target)" 409600
	run -0 cli off guest3 --restore
	contains "$output" "No target from before selfballooning is known: its target stays."
	run -2 cli on guest3 --restore
}

@test "the target from before selfballooning outlives a reboot of the guest, and comes back by the API" {
	cli target guest3 400M
	cli on guest3
	wait_until 60 smaller_than guest3 300000
	bed reboot guest3
	wait_until 30 key_is guest3 selfballoon 1
	wait_until 10 field_is guest3 former_target_kib 409600
	same "$(http POST "/api/v1/domains/guest3/selfballoon" '{"enabled": false, "restore": true}' operator | jq -r .result)" ok
	same "$(key guest3 target)" 409600
	same "$(http POST "/api/v1/domains/guest3/selfballoon" '{"enabled": true, "restore": true}' operator | jq -r .status)" 400
	same "$(audit_lines '.restore and .result == "ok" and .name == "guest3"')" 3 lines
}

@test "a dry run is refused or would be done, and changes nothing" {
	local before
	before=$(everything)
	run -0 cli on guest1 --dry-run
	contains "$output" "would be: selfballooning on (was off); nothing has changed"
	run -0 cli target guest1 300M --dry-run
	contains "$output" "would be: target 300 MiB"
	run -1 cli target guest1 2G --dry-run
	same "$(everything)" "$before" "store and caps"
}

@test "target: sizes as people write them; what is refused says what would pass" {
	run -0 cli target guest1 300M
	contains "$output" "guest1: target 300 MiB (was"
	run -0 cli target guest1 0.25GiB
	same "$(key guest1 target)" 262144
	run -0 cli target guest1 262145
	same "$(key guest1 target)" 262145
	run -1 --separate-stderr cli target guest1 2G
	same "$(grep -c Nearest <<<"$stderr")" 1
	contains "$stderr" "a target of 2048 MiB is above its maximum of 512 MiB"
	contains "$stderr" "Nearest that passes: 512M"
	run -1 --separate-stderr cli target quiet 20M
	contains "$stderr" "(or --force)"
	[[ $stderr != *KiB* ]]
	# What it names is taken.
	run -0 cli target quiet "$(sed -n 's/.*Nearest that passes: \([^ ]*\).*/\1/p' <<<"$stderr")" --dry-run
	run -2 --separate-stderr cli target guest1 512
	contains "$stderr" "512 without a unit is KiB; did you mean 512M?"
	run -0 cli target quiet 20M --force
	same "$(key quiet target)" 20480
	run -2 --separate-stderr cli target guest1 512MB
	contains "$stderr" "512M or 1.5G"
	cli on guest2
	run -1 --separate-stderr cli target guest2 300M
	contains "$stderr" "turn it off first"
	cli off guest2
}

@test "target --wait: until it is there, or says why not" {
	run -0 cli target guest1 200M --wait=30s
	contains "$output" "there: it has 200 MiB"
	same "$(field guest1 state)" '"converged"'
	run -0 on_terminal env TERM=xterm "${CLI[@]}" target guest1 280M --wait
	contains "$output" "there: it has 280 MiB"
}

# A guest that leaves the host 16 MiB. What is free may be from a moment before.
make_hog() {
	local free
	free=$(http GET /api/v1/host | jq .free_kib)
	bed create hog --memory-mib $((free / 1024 - 16)) --static-max-mib 2000 --daemon no --poster no
}

@test "target --wait: the host has no memory for it; the guest goes meanwhile" {
	wait_until 20 make_hog
	run -4 --separate-stderr cli target guest3 500M --force --wait=2s
	contains "$stderr" "not 500 MiB:"
	wait_until 10 eval '[ "$(field guest3 state)" = "\"host_full\"" ]'
	run -0 cli explain guest3
	contains "$output" "xenballoon advise shows which would"
	start waiter "$BUILD/xenballoon" target guest3 501M --force --wait=60s
	wait_until 10 grep -q "target 501 MiB" "$HOST_DIR/waiter.log"
	bed destroy guest3
	wait_until 20 test -s "$HOST_DIR/waiter.exit"
	same "$(cat "$HOST_DIR/waiter.exit")" 4 "exit status"
	contains "$(cat "$HOST_DIR/waiter.log")" "the guest has gone"
	bed destroy hog
}

@test "who may: no credential, a viewer, a token never in the clear to another host" {
	local before
	before=$(everything)
	run -1 --separate-stderr env -u XENBALLOON_TOKEN_FILE "$BUILD/xenballoon" --url "$URL" on guest1
	contains "$stderr" "Name a valid credential"
	run -1 --separate-stderr "$BUILD/xenballoon" --url "$URL" --token-file "$HOST_DIR/viewer.token" \
		on guest1
	contains "$stderr" "Ask as an operator"
	same "$(everything)" "$before" "store and caps"
	run -2 --separate-stderr "$BUILD/xenballoon" --url http://xen1:10047 \
		--token-file "$HOST_DIR/operator.token" list
	contains "$stderr" "is not encrypted"
	run -2 "$BUILD/xenballoon" --url "$URL" --token-file /nowhere list
	run -2 "$BUILD/xenballoon" --url "$URL" --socket /x list
}

@test "a token goes to no proxy, which reads what plain HTTP carries" {
	local port
	port=$(free_port tcp)
	start proxy python3 -c "import http.server as h
class P(h.BaseHTTPRequestHandler):
	def do_GET(self): self.send_error(502)
h.HTTPServer(('127.0.0.1', $port), P).serve_forever()"
	wait_until 10 port_taken tcp "$port"
	http_proxy=http://127.0.0.1:$port ALL_PROXY=http://127.0.0.1:$port "$BUILD/xenballoon" --url "$URL" \
		--token-file "$HOST_DIR/operator.token" list guest1
	end_process proxy
	same "$(grep -c GET "$HOST_DIR/proxy.log")" 0 "requests that the proxy saw"
}

@test "a rack: hosts at the same time, one that is down does not hide the others" {
	local down
	down=127.0.0.1:$(free_port tcp)
	run -3 --separate-stderr "$BUILD/xenballoon" -H "127.0.0.1:$HTTP_PORT" -H "$down" list
	contains "${lines[0]}" "HOST"
	contains "${lines[1]}" "127.0.0.1:$HTTP_PORT"
	contains "$stderr" "$down: "
	# The same host twice stands for two that have a guest of this name.
	run -1 --separate-stderr "$BUILD/xenballoon" -H "127.0.0.1:$HTTP_PORT" -H "$URL" explain guest1
	contains "$stderr" "ask one host"
	run -3 --separate-stderr "$BUILD/xenballoon" -H "127.0.0.1:$HTTP_PORT" -H "$down" \
		--token-file "$HOST_DIR/operator.token" on guest1
	contains "$output" "127.0.0.1:$HTTP_PORT: guest1: selfballooning on"
	cli off guest1
}

@test "wrong usage helps: the nearest command, the right words, help for each" {
	local command
	run -2 --separate-stderr cli lst
	contains "$stderr" "did you mean list?"
	run -2 --separate-stderr cli frobnicate
	contains "$stderr" "xenballoon --help lists them"
	run -2 --separate-stderr cli target guest1
	contains "$stderr" "usage: xenballoon target GUEST SIZE"
	run -2 --separate-stderr cli list -o nothing
	contains "$stderr" "there are: host domid name"
	run -2 cli list --sort nothing
	run -2 cli list --wait
	run -2 cli
	run -0 "$BUILD/xenballoon" --version
	run -0 "$BUILD/xenballoon" --help
	sed -n 's/^  \([a-z]\+\) .*/\1/p' <<<"$output" >"$HOST_DIR/commands"
	[ -s "$HOST_DIR/commands" ]
	while read -r command; do
		# A monitoring plugin's help is no service that is well.
		run "-$([ "$command" = check ] && echo 3 || echo 0)" "$BUILD/xenballoon" "$command" --help
		contains "$output" "Usage: xenballoon $command"
		contains "$output" "  xenballoon "
		grep -q "^\.It Cm $command" "$ROOT/control/cli/xenballoon.1"
		run -0 "$BUILD/xenballoon" help "$command"
	done <"$HOST_DIR/commands"
}

@test "an error names the program, the value, and what fits" {
	run -2 --separate-stderr cli list --nonsense
	contains "$stderr" "xenballoon: unrecognized option '--nonsense'"
	run -3 --separate-stderr env -u XENBALLOON_URL "${CLI[@]}" -H no-such-host.invalid list
	contains "$stderr" "Is the name spelt right?"
	[[ $stderr != *"Is the agent up"* ]]
	run -2 --separate-stderr cli token make x --role "" --file "$HOST_DIR/principals"
	contains "$stderr" '--role "": must be viewer or operator'
}

@test "nobody there, or nobody that is an agent" {
	run -3 --separate-stderr "$BUILD/xenballoon" --socket /nowhere list
	contains "$stderr" "No such file or directory"
	contains "$stderr" "systemctl status xenballoon-agent"
	start stranger socat "TCP-LISTEN:$(free_port tcp | tee "$HOST_DIR/stranger.port"),fork" \
		SYSTEM:'printf "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"'
	run -3 --separate-stderr "$BUILD/xenballoon" --url "http://127.0.0.1:$(cat "$HOST_DIR/stranger.port")" \
		--timeout 5s list
	contains "$stderr" "xenballoon: "
	end_process stranger
}

@test "what could not be written is no success" {
	run -3 eval 'cli list >/dev/full'
}
