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

# Ends the test (a subshell), or outside of one the run.
fail() {
	note "failed: $*"
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

# must_not WHAT COMMAND...: the command is refused, and what it says is kept.
must_not() {
	local what=$1 answer
	shift
	if answer=$("$@" 2>&1); then
		fail "$what: was done: $answer"
	fi
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

# No guest may be killed or panic, whatever a scenario does.
no_disaster() {
	local lines file found
	while read -r lines file; do
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
	HOST_DIR=$HOST_DIR/$1-$2 # tests that run at once keep their answers apart
	mkdir -p "$HOST_DIR"
	times=$log/$1-$2.time
	# shellcheck disable=SC2034 # the trap reads it
	started=$SECONDS
	trap '[ $? -eq 0 ] || show_consoles "$marks"; echo "$((SECONDS - started))" >"$times"' EXIT
	"scenario_$1" "$2"
	emulator_faults "$marks"
	no_disaster "$marks"
}

# report NAME STATUS SECONDS OUTPUT
report() {
	local result=ok
	count=$((count + 1))
	if [ "$2" -ne 0 ]; then
		result='not ok'
		failed=$((failed + 1))
	fi
	cat "$4"
	echo "$result $count - $1 # $3 s"
	table+=("$(printf '%-7s %4s s  %s' "$result" "$3" "$1")")
}

# The emulator, not the product, has lost a guest since this line of Xen's console.
lost_to_emulator() {
	tail -n +"$(($1 + 1))" "$log/xen.log" | grep -q "Triple fault"
}

# once_more SCENARIO TYPE: in place of a try that the emulator spoilt, which stays to be read.
once_more() {
	mv "$log/$1-$2.tap" "$log/$1-$2.first"
	(
		echo "# the emulator lost a guest (build/xen/log/$store/$1-$2.first); once more"
		one_test "$1" "$2"
		exit 0
	) >"$log/$1-$2.tap" 2>&1
}

# run_scenario NAME: as one test for "all", or as two at once, PV and PVH.
run_scenario() {
	local name=$1 type pids=() types=(pv pvh) i status from
	from=$(wc -l <"$log/xen.log")
	[ "$(type -t "scenario_${name}_types")" = "" ] || mapfile -t types < <("scenario_${name}_types")
	for type in "${types[@]}"; do
		(
			one_test "$name" "$type"
			exit 0
		) >"$log/$name-$type.tap" 2>&1 &
		pids+=($!)
	done
	for i in "${!types[@]}"; do
		type=${types[i]}
		wait "${pids[i]}"
		status=$?
		if [ $status -ne 0 ] && lost_to_emulator "$from"; then
			once_more "$name" "$type"
			status=$?
		fi
		report "$name ($type, $store)" $status "$(cat "$log/$name-$type.time")" \
			"$log/$name-$type.tap"
	done
}
