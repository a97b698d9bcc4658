# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# Both policies on the same guests and workloads: what each gave back on average, how long tasks
# waited for memory, and how soon a sudden need is met; then what the daemon costs an idle guest.
# Prints a table and fails for no number but a process that was killed. POLICIES_SECONDS=120,
# POLICIES_SWAP= for guests without swap, whose kernels kill rather than wait

policies_guests='idle:pv steady:pvh burst:pv hog:pvh'
policies_mib=384

scenario_policies_types() {
	echo all
}

policies_each() {
	local guest
	for guest in $policies_guests; do
		"$@" "${guest%:*}" "${guest#*:}"
	done
}

policies_make() {
	must "guest $1" create "$1" "$2" $policies_mib "$guest_max_mib" "${POLICIES_SWAP-bed.zram=256M}"
}

policies_reported() {
	key "$1" stats >/dev/null
}

policies_up() {
	wait_for 180 "userland of $1" is_up "$1"
	wait_for 60 "report of $1" policies_reported "$1"
}

policies_uptime() {
	guest "$1" 'cut -d. -f1 /proc/uptime'
}

# Nothing may shrink before, whatever the policy.
policies_old_enough() {
	local seconds
	seconds=$(policies_uptime hog) && [ "$seconds" -gt 60 ]
}

policies_full() {
	local now
	now=$(allocated_of "$1") && [ "$now" -ge $((policies_mib * 1024 - 1024)) ]
}

# From full size, each guest without work.
policies_begin() {
	guest "$1" 'rm -f /tmp/burst; killall take 2>/dev/null; true' >/dev/null
	must "selfballoon off for $1" selfballoon "$1" false
	must "full size of $1" target "$1" $((policies_mib * 1024))
	wait_for 120 "$1 at $policies_mib MiB" policies_full "$1"
	dom0 "xenstore-write /local/domain/\$(xl domid $1)/memory/policy $policy" ||
		fail "no word for $1"
}

policies_work() {
	case $1 in
	steady) guest steady 'take 120 8 pages >/dev/null &' ;;
	burst) guest burst 'touch /tmp/burst; take 20 8 pages >/dev/null &
		(while sleep 15; [ -e /tmp/burst ]; do take 180 8 pages >/dev/null & sleep 15; kill $!; done) >/dev/null 2>&1 &' ;;
	hog) guest hog 'take 250 8 pages >/dev/null &' ;;
	esac
	selfballoon "$1" true >/dev/null
}

# Microseconds in which some task waited, since boot.
policies_stalled() {
	guest "$1" "sed -n 's/^some.*total=//p' /proc/pressure/memory" | grep -xE '[0-9]+'
}

# Average KiB that each domain held in the next SECONDS, as "NAME KIB" lines.
policies_watch() {
	DOM0_TIME=$(($1 + 120)) dom0 "xentop -b -f -d 2 -i $(($1 / 2)) | awk '
	\$1 == \"NAME\" { sub(/MAXMEM\\(%\\)/, \"MAXMEMP\"); sub(/MEM\\(%\\)/, \"MEMP\")
		for (i = 1; i <= NF; i++) at[\$i] = i; next }
	{ gsub(/no limit/, \"no\"); sum[\$1] += \$at[\"MEM(k)\"]; n[\$1]++ }
	END { for (name in sum) printf \"%s %d\\n\", name, sum[name] / n[name] }'"
}

policies_row() {
	local held waited
	held=$(awk -v name="$1" '$1 == name { print $2 }' <<<"$watched")
	learn waited policies_stalled "$1"
	waited=$((waited - before[$1]))
	note "$(printf '%-10s %-28s %14d %12d' "$policy" "$1 ($2)" \
		$((guest_max_mib - held / 1024)) $((waited / 1000)))"
}

policies_remember() {
	local now
	learn now policies_stalled "$1"
	before[$1]=$now
}

policies_took() {
	guest "$1" 'grep -q holding /tmp/take.log || ! pidof take' >/dev/null
}

# A need of 200 MiB in the guest without work, and when growth began.
policies_sudden() {
	must "sudden need" guest idle 'wake 60 >/tmp/wake.log 2>&1 & sleep 1
		take 200 8 pages >/tmp/take.log 2>&1 &'
	wait_for 120 "200 MiB in idle" policies_took idle
	note "$policy: $(guest idle 'tail -n 1 /tmp/take.log'), all steps took $(guest idle \
		"sed -n 's/.*took \\([0-9]*\\) ms/\\1/p' /tmp/take.log" | awk '{ sum += $1 } END { print sum }') ms;" \
		"$(guest idle 'cat /tmp/wake.log')"
	guest idle 'killall take wake; true' >/dev/null
}

policies_try() {
	local policy=$1 seconds=${POLICIES_SECONDS:-120} watched
	local -A before
	policies_each policies_begin
	policies_each policies_work
	policies_each policies_remember
	watched=$(policies_watch "$seconds")
	policies_each policies_row
	policies_sudden
}

# Of an idle guest that has its size: time on a CPU of all its threads, and resident memory.
policies_cost() {
	local pid before after seconds=120
	learn pid guest idle pidof xenballoon-guest
	wait_for 180 "idle to have its size" policies_calm idle
	learn before policies_ran "$pid"
	sleep $seconds
	learn after policies_ran "$pid"
	note "$(guest idle "grep -E 'VmRSS|VmLck' /proc/$pid/status" | tr -s '\t ' ' ' | paste -sd ,)"
	note "the daemon ran $(((after - before) * 10)) ms (since its start $((after * 10)) ms) in $seconds s of" \
		"an emulated CPU, many times as slow as a real one: $(awk -v ticks=$((after - before)) -v s=$seconds 'BEGIN { printf "%.3f %%", ticks / s }')"
}

# In hundredths of a second.
policies_ran() {
	guest idle "cut -d' ' -f14,15 /proc/$1/stat" | awk '$1 + $2 > 0 { print $1 + $2; found = 1 } END { exit !found }'
}

policies_calm() {
	local now wanted
	now=$(size "$1" actual) && wanted=$(key "$1" stats | sed -n 's/.*wanted=\([0-9]*\).*/\1/p') &&
		[ $((now - wanted)) -le 4096 ]
}

# shellcheck disable=SC2034 # evidence reads subjects
scenario_policies() {
	local policy
	subjects=(idle steady burst hog)
	policies_each policies_make
	policies_each policies_up
	wait_for 120 "guests old enough to shrink" policies_old_enough
	note "$(printf '%-10s %-28s %14s %12s' policy workload 'given back MiB' 'waited ms')"
	for policy in ${POLICIES:-committed pressure}; do
		policies_try "$policy"
	done
	policies_cost
}
