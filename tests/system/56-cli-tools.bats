#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The command line's tools for those who look after hosts: monitoring plugin, doctor, tokens, and
# what is followed as it happens. By the Unix socket, as in dom0.
# shellcheck disable=SC2154 # bats sets stderr

load lib.bash
load cli.bash

setup_file() {
	host_new
	PATH=$BUILD:$PATH
	bed_start --guests 2 --host-mib 2048 --memory-mib 400
	bed create quiet --memory-mib 128 --static-max-mib 256 --daemon no --poster no
	cli_tokens
	agent_start
	export XENBALLOON_SOCKET=$HOST_DIR/agent.sock
	unset XENBALLOON_URL
	wait_until 10 reports guest1
	wait_until 10 reports guest2
}

teardown_file() {
	host_down
}

reports() {
	http GET "/api/v1/domains/$1" | jq -e .wanted_kib >/dev/null
}

# doctor WORD...: in dom0, which the bed's xenstore stands for.
doctor() {
	on_bed "${CLI[@]}" doctor --config "$HOST_DIR/agent.yml" "$@"
}

# data NAME: of the plugin's line, this label's performance data.
data() {
	sed -n "s/.*[| ]'$1'=\([^ ]*\).*/\1/p" <<<"${lines[0]}"
}

@test "check: one line, performance data, the four exit codes" {
	run -0 cli check
	same "${#lines[@]}" 1 lines
	contains "$output" "XENBALLOON OK - "
	[[ $output =~ \|\ \'free\'=[0-9]+B\;134217728:\;67108864:\;0\ \'unmet\' ]]
	run -1 cli check -w free=2T
	contains "$output" "XENBALLOON WARNING - "
	[[ $output =~ iB\ free\ \(below\ 2097152M\)\ \| ]]
	run -2 cli check -w free=2T: -c free=1T:,no_agent=0
	contains "$output" "1 guest without xenballoon-guest (quiet)"
	run -0 cli check -c free=off -w free=off,stuck=off
	same "$(data free | cut -d';' -f2-)" ";;0" "ranges that are off"
	run -3 cli check -w free=lots
	same "${#lines[@]}" 1 lines
	contains "$output" 'XENBALLOON UNKNOWN - -w: "free=lots" must be a range of sizes, such as 256M:'
	run -3 cli check -H "$URL" -H "127.0.0.1:$(free_port tcp)"
	contains "$output" "XENBALLOON UNKNOWN - $URL:"
	contains "$output" "'$URL free'="
}

@test "check: ranges as the guidelines have them, of every measure, shown as given" {
	local measure
	for measure in unmet age stuck silent refused host_full starving crashed capped; do
		run -0 cli check -w "$measure=~:999999999,$measure=off" -c "$measure=off"
	done
	# quiet is the one guest without a daemon.
	while read -r status range reason; do
		run "-$status" cli check -w "no_agent=$range"
		[[ $reason = - ]] || contains "$output" "1 guest without xenballoon-guest (${reason//_/ }quiet)"
		same "$(data no_agent)" "1;$range;;0" "$range"
	done <<-'EOT'
		1 0 -
		0 1 -
		0 2 -
		0 1: -
		1 2: below_2;_
		0 ~:1 -
		1 ~:0 -
		0 1:2 -
		1 2:3 below_2;_
		1 @1:2 within_1_to_2;_
		1 @1: at_least_1;_
		0 @2: -
		1 @1 within_0_to_1;_
	EOT
	run -0 cli check -w free=1%: -c free=1%:99%
	[[ $(data free) =~ ^[0-9]+B\;$((2048 * 1024 * 1024 / 100))[.0-9]*:\;[0-9.]+:[0-9.]+\;0$ ]]
	run -1 cli check -w free=99%:
	contains "$output" "free (below 99%)"
	run -1 cli check -w free=@1M:2G
	contains "$output" "free (within 1M to 2048M)"
	same "$(data free | cut -d';' -f2)" "@1048576:2147483648"
	run -1 cli check -w "free=~:1M"
	contains "$output" "free (above 1M)"
	run -2 cli check -c age=@0:1h,pressure=@0
	contains "$output" "(within 0 s to 60 min)"
}

@test "check: the reason, the place and the remedy on the first line of standard output, whatever is wrong" {
	local status=0 line word
	while read -r line word; do
		# shellcheck disable=SC2086 # words
		run -3 --separate-stderr cli check ${line//+/ }
		same "${#lines[@]}" 1 "lines for $line"
		same "$stderr" "" "standard error of $line"
		contains "$output" "XENBALLOON UNKNOWN - "
		contains "$output" "${word//_/ }"
		[[ $output != *"|"* ]]
	done <<-EOT
		--socket=/nowhere/agent.sock cannot_reach_/nowhere/agent.sock:_No_such_file_or_directory._Is_the_agent_up_(systemctl
		--url=http://127.0.0.1:$(free_port tcp) http.listen
		-Hno-such-host.invalid Is_the_name_spelt_right
		--nonsense unrecognized_option_'--nonsense'
		-wnothing=1 the_name_one_of_free,_unmet
		-wstuck=3:1 must_be_a_range_of_numbers_of_guests
		-cstuck=5% must_be_a_range_of_numbers_of_guests
		-wfree must_be_NAME=RANGE
		-wx='|' must_be_NAME=RANGE
		-tsoon must_be_a_number_and_s,_m
		word usage:_xenballoon_check;_xenballoon_check_--help
		--url=$URL+--token-file=/nowhere /nowhere:_No_such_file
	EOT
	run -3 cli check -V
	[[ $output =~ ^xenballoon\ [0-9]+\.[0-9]+ ]]
	run -3 cli check -h
	contains "$output" "Usage: xenballoon check"
}

@test "check: -t is the most that it takes" {
	local began
	kill -STOP "$(agent_pid)"
	began=$SECONDS
	run -3 cli check -t 2
	kill -CONT "$(agent_pid)"
	contains "$output" "XENBALLOON UNKNOWN - cannot reach $HOST_DIR/agent.sock: Operation timed out"
	between $((SECONDS - began)) 1 9 seconds
}

@test "check: -v gives values and names, -vv ranges, -vvv guests; the first line stays the first" {
	run -0 cli check -v
	same "${#lines[@]}" 1 lines
	contains "$output" "0 guests stuck"
	run -1 cli check -vv -w no_agent=0
	contains "${lines[0]}" "XENBALLOON WARNING - "
	contains "$output" "no_agent: WARNING: 1 guest without xenballoon-guest; warning 0, critical off"
	contains "$output" "free: OK: "
	contains "$output" "; warning 128M:, critical 64M:"
	contains "$output" "/api/v1/host: HTTP 200"
	same "$(grep -c '|' <<<"$output")" 1 "lines with performance data"
	[[ $output != *"quiet: no_agent: "* ]]
	run -1 cli check -vvv -w no_agent=0
	contains "$output" "quiet: no_agent: "
}

@test "check: a name can't pretend to be performance data" {
	bed create 'quiet2' --memory-mib 32 --static-max-mib 64 --daemon no --poster no
	store_write "/local/domain/$(domid quiet2)/name" $'x | \'free\'=0B\n'
	wait_until 10 contains_name "x | 'free'"
	run -1 cli check -w no_agent=1
	same "${#lines[@]}" 1 lines
	same "$(tr -cd '|' <<<"$output")" "|" "bars"
	bed destroy quiet2
}

contains_name() {
	contains "$(http GET /api/v1/domains)" "$1"
}

@test "check: critical while xenstored stalls; doctor ends all the same" {
	bed xenstored stop
	wait_until 30 check_says "XENBALLOON CRITICAL - .* since the agent last saw xenstore" -c age=2s
	run -0 doctor
	bed xenstored cont
	contains "$output" "no answer in 5 s"
	wait_until 30 check_says "XENBALLOON OK" -c age=2s
}

check_says() { # REGULAR-EXPRESSION OPTION...
	local said
	said=$(cli check "${@:2}") || true
	[[ $said =~ $1 ]]
}

teardown() {
	bed xenstored cont
	[ -n "${BATS_TEST_COMPLETED-}" ] || logs
}

@test "doctor: a line per check; all is well but for what is said" {
	run -0 doctor
	contains "$output" "agent.yml is sound"
	contains "$output" "the agent answers on $HOST_DIR/agent.sock"
	contains "$output" "you are root, an operator"
	contains "$output" "1 of 3 never reported: quiet"
	contains "$output" "-> in them: systemctl enable --now xenballoon-guest"
	contains "$output" "keys of guests have the permissions they should"
	contains "$output" "1 operator in"
	contains "$output" " 0 failed"
}

@test "doctor: finds a key that the guest could take, a file that all may read, no agent" {
	local path
	path=/local/domain/$(domid guest1)/memory/stats
	on_bed xenstore-chmod "$path" "b$(domid guest1)"
	chmod 644 "$HOST_DIR/principals"
	run -1 doctor
	contains "$output" "memory/stats of domain $(domid guest1) has the permissions b$(domid guest1)"
	contains "$output" "others may read or write"
	chmod 600 "$HOST_DIR/principals"
	on_bed xenstore-chmod "$path" n0 "b$(domid guest1)"
	run -0 doctor
	run -1 doctor --socket /nowhere
	contains "$output" "no answer on /nowhere: No such file or directory"
	contains "$output" "systemctl status xenballoon-agent"
	run -1 on_bed "${CLI[@]}" doctor --config /nowhere.yml
	# From elsewhere: what the API tells.
	run -0 cli doctor --url "$URL"
	contains "$output" "left alone"
}

@test "token: made, shown once, let in, listed, revoked; comments and mode stay" {
	local file=$HOST_DIR/principals token
	printf '# who may\n\n' >>"$file"
	chmod 640 "$file"
	run -0 --separate-stderr cli token make team --role operator --domains 'guest1*' --expires 1h \
		--config "$HOST_DIR/agent.yml"
	same "${#lines[@]}" 1 "lines on standard output"
	token=$output
	[[ $token =~ ^xb_[A-Za-z0-9_-]{43}$ ]]
	contains "$stderr" "shown once"
	run -1 grep -qF "$token" "$file"
	same "$(stat -c %a "$file")" 640 mode
	grep -qx '# who may' "$file"
	wait_until 10 expect 200 POST /api/v1/domains/guest1/selfballoon '{"enabled": false}' "$token"
	expect 403 POST /api/v1/domains/guest2/selfballoon '{"enabled": false}' "$token"
	run -0 cli token list --file "$file"
	[[ $output =~ team\ +operator\ +token\ +good\ +20[0-9T:-]+Z\ +guest1\* ]]
	run -1 --separate-stderr cli token make team --role viewer --file "$file"
	contains "$stderr" "team is there already"
	run -0 cli token revoke team --file "$file"
	wait_until 10 expect 401 POST /api/v1/domains/guest1/selfballoon '{"enabled": false}' "$token"
	same "$(stat -c %a "$file")" 640 mode
	grep -qx '# who may' "$file"
	run -1 cli token revoke team --file "$file"
	chmod 600 "$file"
}

@test "token: where there is no file yet, list says so and make makes the file that the agent's configuration names" {
	local config=$HOST_DIR/first.yml file=$HOST_DIR/first.principals
	printf 'http:\n  principal_file: %s\n' "$file" >"$config"
	run -3 --separate-stderr cli token list --config "$config"
	contains "$stderr" "there is no $file"
	cli token make first --role operator --config "$config"
	same "$(stat -c %a "$file")" 600 mode
	run -0 --separate-stderr cli token list --config "$config"
	contains "$output" "first"
}

@test "token: one that can't be shown is not made, in an old file or a new one" {
	local file=$HOST_DIR/unshown before
	run -3 cli_to /dev/full token make a --role operator --file "$file"
	contains "$output" "can't show the token: No space left on device"
	contains "$output" "taken back"
	[ ! -e "$file" ]
	cli token make old --role operator --file "$file"
	before=$(cat "$file")
	run -3 cli_to /dev/full token make a --role operator --file "$file"
	same "$(cat "$file")" "$before" "the file"
	cli token make a --role viewer --file "$file"
}

# cli_to FILE ARGUMENT...: its standard output goes there.
cli_to() {
	local file=$1
	shift
	cli "$@" >"$file"
}

@test "token: what makes no sense changes nothing; many at once are all there" {
	local file=$HOST_DIR/many before i
	printf 'old viewer basic' >"$file"
	before=$(cat "$file")
	run -2 cli token make x --file "$file"
	run -2 cli token make x --role root --file "$file"
	run -2 cli token make 'x y' --role viewer --file "$file"
	run -2 cli token make x --role viewer --expires never --file "$file"
	run -2 cli token make x --role viewer --domains 'a,,b' --file "$file"
	run -2 cli token make --role viewer --file "$file"
	run -0 cli token make x --role viewer --dry-run --file "$file"
	run -0 cli token revoke old --dry-run --file "$file"
	same "$(cat "$file")" "$before" "the file"
	for i in {1..20}; do
		cli token make "user$i" --role viewer --file "$file" >/dev/null 2>&1 3>&- &
	done
	wait
	same "$(cli token list --file "$file" | grep -c 'viewer')" 21 principals
	same "$(find "$HOST_DIR" -name '.many*' | wc -l)" 0 "files left"
	printf 'nonsense\n' >>"$file"
	run -1 --separate-stderr cli token make y --role viewer --file "$file"
	contains "$stderr" "mend it first"
	# Who is to be shut out is, whatever else is wrong.
	run -0 cli token revoke old --file "$file"
	run -1 cli token list --file "$file"
}

@test "watch: a line per change, of the guests that are meant; events as JSON" {
	start watch "$BUILD/xenballoon" watch
	start one "$BUILD/xenballoon" watch guest2 -n 2
	start json "$BUILD/xenballoon" watch --json
	wait_until 10 grep -q '"event":"domains"' "$HOST_DIR/json.log"
	cli target guest1 300M
	wait_until 10 grep -q "guest1 .* asked for target 300 MiB: .*ok" "$HOST_DIR/watch.log"
	wait_until 10 grep -qE "guest1 .* (shrinking|converged|unknown) .* -> " "$HOST_DIR/watch.log"
	run -1 cli target guest1 2G
	wait_until 10 grep -q "guest1 .* asked for target 2048 MiB: hard_limit" "$HOST_DIR/watch.log"
	cli on guest2
	wait_until 10 grep -q "guest2 .* selfballooning on; " "$HOST_DIR/watch.log"
	wait_until 10 test -s "$HOST_DIR/one.exit"
	same "$(cat "$HOST_DIR/one.exit")" 0
	same "$(grep -c guest2 "$HOST_DIR/one.log")" 2 lines
	same "$(grep -c guest1 "$HOST_DIR/one.log")" 0 "lines about another"
	bed create newcomer --memory-mib 32 --static-max-mib 64 --daemon no --poster no
	wait_until 10 grep -q "newcomer .* appeared; " "$HOST_DIR/watch.log"
	bed destroy newcomer
	wait_until 10 grep -q "newcomer .*gone" "$HOST_DIR/watch.log"
	wait_until 10 grep -q '"event":"gone"' "$HOST_DIR/json.log"
	cli off guest2
}

@test "watch: an agent that goes is asked again until it is back" {
	agent_stop
	wait_until 10 grep -q "agent.sock: " "$HOST_DIR/watch.log"
	agent_start
	bed create back --memory-mib 32 --static-max-mib 64 --daemon no --poster no
	wait_until 40 grep -q "back .* appeared; " "$HOST_DIR/watch.log"
	end_process watch
	end_process json
	run -3 cli watch --socket /nowhere
}

refused_requests() {
	http GET /metrics | grep '^xenballoon_control_requests_total{' | grep -vE 'result="(ok|checked)"' |
		awk '{ sum += $NF } END { print sum }'
}

@test "audit: a dry run is told apart, changed nothing, and is no refusal" {
	local before
	before=$(refused_requests)
	cli target guest1 310M
	cli target guest1 320M --dry-run
	run -1 cli target guest1 2G --dry-run
	same "$(refused_requests)" "$before" "requests refused"
	run -0 cli audit -n 1
	contains "${lines[0]}" "MODE"
	contains "${lines[1]}" "310 MiB"
	run -0 cli audit -n 2 --dry-runs
	contains "${lines[1]}" "dry run"
	contains "${lines[2]}" "dry run"
	# ASKED, BEFORE and no AFTER.
	[[ ${lines[1]} =~ 320\ MiB\ +310\ MiB\ +-\ +dry\ run\ +checked ]]
	run -0 cli audit -n 1 --result checked
	contains "${lines[1]}" "320 MiB"
	expect 200 GET '/api/v1/audit?dry_run=true&limit=2' "" operator | jq -e '[.entries[].dry_run] == [true, true]'
	expect 400 GET '/api/v1/audit?dry_run=maybe' "" operator | jq -e '.detail | contains("maybe")'
}

@test "audit: who asked for what, filtered, page after page; operators only" {
	local i
	for i in {1..6}; do
		cli target guest1 $((300 + i))M >/dev/null
	done
	run -1 cli target guest1 2G
	run -0 cli audit -n 3
	same "${#lines[@]}" 4 "title and entries"
	contains "${lines[0]}" "RESULT"
	contains "${lines[3]}" "hard_limit"
	contains "${lines[2]}" "306 MiB"
	run -0 cli audit --json -n 1000
	# In the order they were made, each once, page after page.
	same "$(jq -s 'map(.serial) | . == (sort | unique)' <<<"$output")" true
	same "$(cli audit --json -n 1000 --domain 'guest*' | jq -r .name | sort -u | tr '\n' ' ')" "$(cli audit --json -n 1000 | jq -r '.name // empty' | grep '^guest' | sort -u | tr '\n' ' ')"
	same "$(cli audit --json -n 1000 --domain 'guest[12]' | wc -l)" $(($(cli audit --json -n 1000 --domain guest1 | wc -l) + $(cli audit --json -n 1000 --domain guest2 | wc -l)))
	same "$(http GET '/api/v1/audit?domain=gu*1&limit=1' '' operator | jq -r '.entries[].name')" guest1
	run -0 cli audit --domain 'nobody*'
	contains "$output" "No decision that fits"
	run -0 cli audit --json --domain guest1 --result hard_limit --action target
	same "$(jq -s 'map(.result) | unique | length' <<<"$output")" 1
	run -0 cli audit --principal nobody-such
	contains "$output" "No decision"
	run -1 --separate-stderr cli audit --url "$URL" --token-file "$HOST_DIR/viewer.token"
	contains "$stderr" "xenballoon: "
}
