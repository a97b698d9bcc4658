# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The part of tests/run that knows TAP: runs test files, counts and tells. tap() may itself be run in
# the background: what became of a file is a line in $scratch/results, of which finish() makes the
# counts and what is said at the end. log_dir, scratch and stop() are tests/run's.
# shellcheck disable=SC2154

# A line that the next one overwrites; only where somebody looks.
status() {
	[ ! -t 1 ] || printf '\r\033[K%.90s' "$*"
}

report() {
	status ""
	printf '%s\n' "$*"
}

seconds_since() {
	local now=$EPOCHREALTIME
	awk -v a="$1" -v b="$now" 'BEGIN { printf "%.1f", b - a }'
}

# Reads TAP from a log and prints: passed failed skipped planned.
count_tap() {
	awk '
	/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0 }
	/^(not )?ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
	/^ok / { passed++ }
	/^not ok / { failed++ }
	END { print passed + 0, failed + 0, skipped + 0, planned + 0 }' "$1"
}

# watch_files: shows what runs and which of its tests ended last, until killed.
watch_files() {
	local log line
	while sleep 0.5; do
		line=
		for log in "$scratch"/running.*; do
			[ ! -e "$log" ] || line+="$(printf '%s: %.40s   ' "$(<"$log")" \
				"$(grep -aE '^(not )?ok' "$log_dir/${log##*/running.}" | tail -n 1)")"
		done
		status "$line"
	done
}

# tap NAME LIMIT COMMAND...: runs one test file and notes the result.
tap() {
	local name=$1 limit=$2 start=$EPOCHREALTIME log code seconds running=
	local p f s planned lost word=ok
	shift 2
	log=${name#/} log=${log//\//-}.tap
	printf '%s' "$name" >"$scratch/running.$log"
	# In the background, as bash answers a signal only once a foreground command has ended.
	trap '[ -z "$running" ] || { kill $running; wait $running; } 2>/dev/null; exit 130' INT TERM
	timeout --kill-after=15 "$limit" "$@" >"$log_dir/$log" 2>&1 </dev/null &
	running=$!
	wait $running
	code=$?
	rm -f "$scratch/running.$log"
	log=$log_dir/$log
	read -r p f s planned < <(count_tap "$log")
	lost=$((planned - p - f - s))
	[ $lost -ge 0 ] || lost=0
	[ "$planned" -gt 0 ] || lost=1
	[ $code -eq 0 ] || [ $((f + lost)) -gt 0 ] || lost=1
	[ $((f + lost)) -eq 0 ] || word=FAIL
	seconds=$(seconds_since "$start")
	printf '%s %s %d %d %d %s %d %d %d\n' "$name" "$seconds" "$p" $((f + lost)) "$s" "$log" \
		$code "$limit" $lost >>"$scratch/results"
	# In one go, as others may have something to say at the same time.
	report "$(
		printf '  %-4s  %-42s %3d passed %s %s s\n' "$word" "$name" "$p" \
			"$([ "$s" -eq 0 ] || echo ", $s skipped")" "$seconds"
		[ $word = ok ] || explain 25 "$log" $code "$limit" $lost
	)"
}

# explain LINES LOG STATUS LIMIT LOST: what failed with so many lines of what was said of each; else what
# was said last.
explain() {
	[ "$3" -ne 124 ] && [ "$3" -ne 137 ] || printf '  ended after its limit of %s s\n' "$4"
	[ "$3" -lt 128 ] || printf '  ended by signal %d\n' $(($3 - 128))
	[ "$5" -eq 0 ] || printf '  exit status %d, %d test(s) without a result\n' "$3" "$5"
	grep -aq '^not ok' "$2" || tail -n $(($1 * 3 / 5)) "$2"
	awk -v lines="$1" '/^(not )?ok /{ left = /^not/ ? lines : 0 } left-- > 0' "$2"
	grep -aE 'Sanitizer: |runtime error: ' "$2" | head -n $(($1 * 2 / 5))
	printf '  all of it: %s\n' "$2"
}

# fail WHAT...: something that is no test file.
fail() {
	printf '%s 0 0 1 0 - 1 0 0\n' "$1" >>"$scratch/results"
}

# Where the time went, longest first.
slowest() {
	printf 'slowest files:\n'
	sort -k2,2nr "$scratch/results" | head -n 8 |
		awk '{ printf "  %7.1f s  %s\n", $2, $1 }'
}

# All that failed once more, in some 60 lines that the files share: of a long log only the end may be
# shown.
failures() {
	local name log code limit lost failed room
	room=$(awk '$4 > 0 { n++ } END { print n < 60 ? int(60 / n) : 1 }' "$scratch/results")
	printf 'failed:\n'
	while read -r name _ _ failed _ log code limit lost; do
		[ "$failed" -gt 0 ] || continue
		printf '  FAIL  %s\n' "$name"
		[ "$log" = - ] || explain 8 "$log" "$code" "$limit" "$lost" | cut -c 1-160 |
			head -n $((room - 1))
	done <"$scratch/results"
}

# The end: the last line has the counts, and the exit status says whether all is well.
finish() {
	stop
	local passed failed skipped files
	read -r passed failed skipped files < <(awk '{ p += $3; f += $4; s += $5 }
		END { print p + 0, f + 0, s + 0, NR }' "$scratch/results")
	[ $((passed + failed)) -gt 0 ] || failed=1
	[ "$files" -lt 10 ] || slowest
	[ "$failed" -eq 0 ] || [ "$files" -lt 2 ] || failures
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ]
	exit
}
