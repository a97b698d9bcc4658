# shellcheck shell=bash
# shellcheck disable=SC2154 # variables that run and its other parts set
# SPDX-License-Identifier: MIT
#
# How a real-Xen test says what it saw and why it failed, and how tests are
# run: each in a subshell, PV and PVH side by side, its output kept until it
# ends. Sourced by tests/xen/run.

note() {
	# shellcheck disable=SC2001 # each line, not the first alone
	sed 's/^/# /' <<<"$*"
}

# Ends the test (a subshell), or outside of one the run. Why is kept apart, to be said first.
fail() {
	local why=$*
	note "failed: $why"
	[ -z "${reason_file:-}" ] || note "failed: ${why:0:400}" >"$reason_file"
	exit 1
}

# must WHAT COMMAND...: evidence when it succeeds, the end of the test if not.
must() {
	local what=$1 answer status
	shift
	answer=$("$@" 2>&1)
	status=$?
	[ $status -eq 0 ] || fail "$what (status $status): $answer"
	note "$what${answer:+: $answer}"
}

# must_not WHAT COMMAND...: the command is refused, and what it says is kept. No answer is no refusal.
must_not() {
	local what=$1 answer status
	shift
	answer=$("$@" 2>&1)
	status=$?
	[ $status -ne 0 ] || fail "$what: was done: $answer"
	[ $status -lt 124 ] || fail "$what: neither done nor refused (status $status): $answer"
	note "$what: refused: $answer"
}

# must_be WHAT GOT TEST-OPERATOR WANTED
must_be() {
	if [ -z "$2" ] || ! test "$2" "$3" "$4"; then
		fail "$1 is \"$2\", should be $3 $4"
	fi
	note "$1: $2 ($3 $4)"
}

# Where every console stands now, as "LINES FILE".
mark_consoles() {
	(cd "$log" && wc -l ./*.log | sed 's/\.\///; /total$/d')
}

disasters='Out of memory|oom-kill|Kernel panic|BUG:|Oops|domain_crash|segfault|deadlocked on memory'

# show_consoles MARKS: which lines of which consoles a test has added, and
# first of all any line that tells of a disaster.
show_consoles() {
	local lines file now
	while read -r lines file; do
		now=$(wc -l <"$log/$file")
		[ "$now" -gt "$lines" ] || continue
		echo "# console ${log#"$top/"}/$file: read lines $((lines + 1)) to $now"
		grep -nE "$disasters" "$log/$file" | awk -F: -v from="$lines" '$1 > from' |
			head -n 3 | sed "s|^|# ${log#"$top/"}/$file:|"
	done <<<"$1"
}

# no_disaster MARKS TYPE: none of the guests that the test has may be killed or panic, whatever it
# does; those of the other type are the business of the test beside it.
no_disaster() {
	local lines file found
	while read -r lines file; do
		case $2:$file in
		pv:*pvh* | pvh:*pv[0-9.]*) continue ;;
		esac
		found=$(grep -nE "$disasters" "$log/$file" | awk -F: -v from="$lines" '$1 > from' | head -n 1)
		[ -z "$found" ] || fail "a disaster on a console: ${log#"$top/"}/$file:$found"
	done <<<"$1"
}

# QEMU's emulation of SVM now and then lets a PVH guest fault at boot, with registers of Xen's own in
# it; xl starts it again.
emulator_faults() {
	local from
	from=$(sed -n "s/ xen.log\$//p" <<<"$1")
	tail -n +"$((from + 1))" "$log/xen.log" | grep "Triple fault" |
		sed "s/^/# an emulator's fault, and a second start: /"
}

# one_test SCENARIO TYPE: runs it in this subshell; "all" is for scenarios
# that need every guest at once.
one_test() {
	marks=$(mark_consoles)
	reason_file=$log/$1-$2.why
	rm -f "$reason_file"
	HOST_DIR=$HOST_DIR/$1-$2 # tests that run at once keep their answers apart
	mkdir -p "$HOST_DIR"
	times=$log/$1-$2.time
	since=$log/$1-$2.since
	made_good
	test_began=$SECONDS
	subjects=("${2}1")
	[ "$2" != all ] || subjects=("${standing[@]}")
	trap 'test_ends $?' EXIT
	"scenario_$1" "$2"
	emulator_faults "$marks"
	no_disaster "$marks" "$2"
}

# test_ends STATUS
test_ends() {
	echo "$((SECONDS - test_began))" >"$times"
	[ "$1" -ne 0 ] || return 0
	[ -e "$reason_file" ] || note "failed: the scenario ended with status $1" >"$reason_file"
	evidence >>"$reason_file" 2>&1
}

# evidence: what the host, the agent and the guests in $subjects say now that the test has failed, in
# few and short lines: often enough they are all that anybody gets to see.
evidence() {
	local name
	export DOM0_TIME=20 GUEST_TIME=10
	show_consoles "$marks"
	note "xl list: $(dom0 "xl list | tail -n +2 | tr -s ' '; echo free \$(xl info free_memory) MiB" | paste -sd '|')"
	for name in "${subjects[@]}"; do
		note "agent: $(http GET "/api/v1/domains/$name" | jq -c '{name, domid, state, selfballoon, actual_kib,
			selftarget_kib, minimum_kib, allocated_kib, cap_kib, target_kib, reason}' 2>&1)"
		note "$name: $(key "$name" stats)"
		note "$name: $(guest "$name" "cut -d' ' -f1 /proc/uptime; xenballoon-guest explain | grep -v '^$' |
			tail -n 4; tail -n 2 /tmp/take.log; cat /proc/pressure/memory" | cut -c1-150)"
		note "$(grep -v clocksource "$log/guest-$name.log" | tail -n 2 | cut -c1-150)"
	done
	note "took $((SECONDS - test_began)) s in all, load of this machine $(cut -d' ' -f1-3 /proc/loadavg)"
}

# report NAME STATUS SECONDS OUTPUT REASON: of a failure the reason comes first, right after the result.
report() {
	local result=ok
	count=$((count + 1))
	if [ "$2" -ne 0 ]; then
		result='not ok'
		failed=$((failed + 1))
	fi
	[ "$2" -ne 0 ] || cat "$4"
	echo "$result $count - $1 # $3 s"
	[ "$2" -eq 0 ] || cat "$5" "$4"
	table+=("$(printf '%-7s %4s s  %s' "$result" "$3" "$1")")
}

# last_line TEXT: what the run says at its very end.
last_line() {
	echo "$*" >"$out/last-line"
}

# What the emulator has lost up to now spoils this test no more.
made_good() {
	wc -l <"$log/xen.log" >"$since"
}

# lost_to_emulator SINCE TYPE: not the product has lost a guest since made_good wrote that file. PV
# guests know no triple fault.
lost_to_emulator() {
	[ "$2" != pv ] && tail -n +"$(($(cat "$1") + 1))" "$log/xen.log" | grep -q "Triple fault"
}

# xl has not started again what the emulator lost, as when the host was full.
guests_stand() {
	local name
	grep -q "Triple fault" "$log/xen.log" || return 0
	for name in "${standing[@]}"; do
		domid "$name" >/dev/null || return
	done
}

# The guests that could run, and the CPU time that each has had, in s.
could_run() {
	DOM0_TIME=20 dom0 "xl vcpu-list" | awk 'NR > 1 && $2 > 0 && $5 !~ /[bp]/ { print $1, $6 }'
}

# Xen gives every guest that could run its share of the CPUs, whatever another does; under the emulator
# it may stop doing so, and nothing in the guest answers any more. Says which guest has had less than 5 %.
starved() {
	for _ in 1 2 3 4; do
		could_run
		sleep 3
	done | awk '!seen[$1]++ { first[$1] = $2 }
		seen[$1] == 4 && $2 - first[$1] < 0.5 { print $1; found = 1 }
		END { exit !found }'
}

# spoilt SCENARIO TYPE: not the product has failed this test; the host is ready for another try. $spoils
# says what happened.
spoilt() {
	local name
	if [ ! -e "$log/$1-$2.since" ]; then
		: # the host that it ran on, beside another type's, is gone
	elif lost_to_emulator "$log/$1-$2.since" "$2"; then
		spoils="the emulator lost a guest"
		if [ ${#standing[@]} -eq 0 ] || ! guests_stand; then
			host_again "$1"
		fi
	elif name=$(starved); then
		spoils="the emulator keeps the CPU from ${name//$'\n'/ and }"
		host_again "$1"
	else
		return 1
	fi
}

# once_more SCENARIO TYPE TRY: in place of a try that the emulator spoilt, which stays to be read. xl
# starts a lost guest again; the test waits for that.
once_more() {
	mv "$log/$1-$2.tap" "$log/$1-$2.try$3"
	(
		echo "# $spoils (${log#"$top/"}/$1-$2.try$3); once more"
		standing_guests
		one_test "$1" "$2"
		exit 0
	) >"$log/$1-$2.tap" 2>&1
}

# run_scenario NAME: as one test for "all", or as two at once, PV and PVH.
run_scenario() {
	local name=$1 type pids=() types=(pv pvh) i try spoils
	local -A status=()
	[ "$(type -t "scenario_${name}_types")" = "" ] || mapfile -t types < <("scenario_${name}_types")
	for type in "${types[@]}"; do
		(
			one_test "$name" "$type"
			exit 0
		) >"$log/$name-$type.tap" 2>&1 &
		pids+=($!)
	done
	for i in "${!types[@]}"; do
		wait "${pids[i]}"
		status[${types[i]}]=$?
	done
	for type in "${types[@]}"; do
		for try in 1 2; do
			if [ "${status[$type]}" -eq 0 ] || ! spoilt "$name" "$type"; then
				break
			fi
			once_more "$name" "$type" "$try"
			status[$type]=$?
		done
		report "$name ($type, $store)" "${status[$type]}" "$(cat "$log/$name-$type.time")" \
			"$log/$name-$type.tap" "$log/$name-$type.why"
	done
}
