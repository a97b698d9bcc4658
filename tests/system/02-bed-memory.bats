#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What the bed plays of a guest's memory: each kind that the daemon must tell apart shows where Linux
# shows it, and nowhere else. No agent runs here, and no daemon but in the last test.

load lib.bash

setup_file() {
	host_new
	bed_start --host-mib 8192 --static-max-mib 512 --daemon "$BUILD/xenballoon-guest"
}

teardown_file() {
	host_down
}

# guest NAME [OPTION...]: at full size, without a daemon.
guest() {
	local name=$1
	shift
	bed create "$name" --memory-mib 512 --daemon no --poster no "$@" >/dev/null
}

stat_of() {
	bed stats "$1" | sed -n "s/^$2=//p"
}

vmstat() { # GUEST ROW
	awk -v row="$2" '$1 == row { print $2; found = 1 } END { exit !found }' "$BED/guests/$1/proc/vmstat"
}

meminfo() { # GUEST ROW
	awk -v row="$2:" '$1 == row { print $2 }' "$BED/guests/$1/proc/meminfo"
}

stalled_us() {
	sed -n 's/^some .*total=0*\([0-9]\)/\1/p' "$BED/guests/$1/proc/pressure/memory"
}

at_least() { # LEAST COMMAND...
	local least=$1
	shift
	between "$("$@")" "$least" 99999999999 "$*"
}

target() { # GUEST KIB: its driver's, and it gets there
	echo "$2" >"$BED/guests/$1/sys/target_kb"
	wait_until 20 reached "$1" "$2"
}

reached() {
	same "$(cat "$BED/guests/$1/sys/info/current_kb")" "$2" "size of $1"
}

@test "huge pages, an ARC and locked files are in use and in no Committed_AS" {
	local kind committed available
	for kind in hugetlb arc locked; do
		guest "$kind"
		committed=$(meminfo "$kind" Committed_AS)
		available=$(meminfo "$kind" MemAvailable)
		bed workload "$kind" "$kind" 200
		wait_until 20 same_stat "$kind" "${kind}_kib" 204800
		wait_until 5 at_least $((available - 210000)) meminfo "$kind" MemAvailable
		wait_until 5 at_most $((available - 190000)) meminfo "$kind" MemAvailable
		same "$(meminfo "$kind" Committed_AS)" "$committed" "Committed_AS with $kind"
	done
	same "$(meminfo hugetlb Hugetlb)" 204800
	same "$(meminfo hugetlb HugePages_Total)" 100
	same "$(meminfo locked Mlocked)" 204800
	for kind in hugetlb arc locked; do
		bed destroy "$kind"
	done
}

same_stat() { # GUEST STAT VALUE
	same "$(stat_of "$1" "$2")" "$3" "$2 of $1"
}

at_most() { # MOST COMMAND...
	local most=$1
	shift
	between "$("$@")" 0 "$most" "$*"
}

@test "the driver takes neither huge pages nor locked files, and an ARC only gives to programs" {
	guest keeps
	bed workload keeps hugetlb 100 + locked 100 + arc 100
	wait_until 20 same_stat keeps arc_kib 102400
	echo 100000 >"$BED/guests/keeps/sys/target_kb"
	wait_until 20 at_least 1 stat_of keeps refusals
	at_least 300000 stat_of keeps current_kib
	same "$(stat_of keeps arc_kib)" 102400 "ARC"
	same "$(stat_of keeps oom_kills)" 0
	stat_of keeps current_kib >"$BED/guests/keeps/sys/target_kb"
	bed workload keeps hugetlb 100 + locked 100 + arc 100 + steady 60
	wait_until 20 at_least 60000 stat_of keeps anon_kib
	at_most 70000 stat_of keeps arc_kib
	at_least 1 vmstat keeps pgsteal_direct
	same "$(stat_of keeps hugetlb_kib)" 102400
	same "$(stat_of keeps oom_kills)" 0
	bed destroy keeps
}

@test "a reservation shows in Committed_AS alone, and one beyond memory and swap is refused" {
	guest java
	bed workload java reserve 300
	wait_until 5 at_least 307200 meminfo java Committed_AS
	at_least 350000 meminfo java MemAvailable
	same "$(stat_of java refused_requests)" 0
	bed workload java idle
	wait_until 5 at_most 20000 meminfo java Committed_AS
	target java 250000
	bed workload java reserve 300
	wait_until 5 at_least 1 stat_of java refused_requests
	target java 400000
	wait_until 5 at_least 307200 meminfo java Committed_AS
	bed destroy java
}

@test "vm.overcommit_memory=2 enforces CommitLimit, which falls with the balloon" {
	local limit
	guest strict --overcommit 2 --ratio 50
	same "$(cat "$BED"/guests/strict/proc/sys/vm/overcommit_{memory,ratio,kbytes})" $'2\n50\n0'
	limit=$(meminfo strict CommitLimit)
	same "$limit" $(($(meminfo strict MemTotal) / 2))
	bed workload strict steady 100
	wait_until 10 at_least 100000 stat_of strict anon_kib
	same "$(stat_of strict refused_requests)" 0
	target strict 250000
	at_most $((limit - 130000)) meminfo strict CommitLimit
	# What is committed stays, and each new request fails.
	wait_until 5 at_least 1 stat_of strict refused_requests
	same "$(stat_of strict oom_kills)" 0
	at_least 100000 stat_of strict anon_kib
	at_least 50000 meminfo strict MemAvailable
	bed destroy strict
}

@test "hot files come back from disk when the balloon took them, and not otherwise" {
	guest reader
	bed workload reader reader 200 100
	wait_until 20 same_stat reader cached_kib 204800
	same "$(vmstat reader workingset_refault_file)" 0 "refaults while nothing is missing"
	target reader 250000
	wait_until 10 at_least 5000 vmstat reader workingset_restore_file
	at_least 5000 vmstat reader workingset_activate_file
	at_least 5000 vmstat reader pgsteal_kswapd
	at_least 100000 stalled_us reader
	target reader 524288
	wait_until 20 same_stat reader cached_kib 204800
	was=$(stat_of reader reread_kib)
	same_stat reader reread_kib "$was"
	bed workload reader idle
	target reader 250000
	wait_until 5 at_most 150000 stat_of reader cached_kib
	same_stat reader reread_kib "$was"
	bed destroy reader
}

@test "a container at its limit waits and reads again, without any reclaim of the guest's" {
	local stolen
	guest box
	stolen=$(vmstat box pgsteal_kswapd)
	bed workload box container 40
	wait_until 10 at_least 100000 vmstat box workingset_refault_file
	wait_until 10 at_least 100000 stalled_us box
	at_least 100000 vmstat box pgsteal_file
	same "$(vmstat box pgsteal_kswapd)" "$stolen" pgsteal_kswapd
	same "$(vmstat box pgsteal_direct)" 0 pgsteal_direct
	same "$(vmstat box pgscan_kswapd)" "$stolen" pgscan_kswapd
	same "$(awk '/^allocstall_/ { sum += $2 } END { print sum }' "$BED/guests/box/proc/vmstat")" 0 allocstall
	at_least 300000 meminfo box MemFree
	bed destroy box
}

@test "old kernels have the rows of their time" {
	guest old --kernel 4.19
	guest middle --kernel 5.4
	guest new --kernel 6.12
	[ ! -e "$BED/guests/old/proc/pressure/memory" ]
	[ -e "$BED/guests/middle/proc/pressure/memory" ]
	for name in old middle; do
		same "$(vmstat "$name" workingset_refault)" 0
		run vmstat "$name" workingset_refault_file
		[ "$status" -ne 0 ]
		run vmstat "$name" pgsteal_file
		[ "$status" -ne 0 ]
	done
	same "$(vmstat new workingset_refault_file)" 0
	run vmstat new workingset_refault
	[ "$status" -ne 0 ]
	for name in old middle new; do
		bed destroy "$name"
	done
}

@test "a guest may have just booted" {
	guest fresh --uptime 0
	between "$(cut -d. -f1 "$BED/guests/fresh/proc/uptime" | sed 's/^0*\(.\)/\1/')" 0 30 uptime
	bed destroy fresh
}

free_pages_agree() { # GUEST PAGE-KIB
	between $(($(vmstat "$1" nr_free_pages) * $2)) $(($(meminfo "$1" MemFree) - $2)) \
		"$(meminfo "$1" MemFree)" "free pages in KiB"
}

@test "with pages of 64 KiB the driver's sizes are whole ones, and the daemon knows of them" {
	local pid
	guest large --page 64
	echo 204850 >"$BED/guests/large/sys/target_kb"
	wait_until 10 reached large 204800
	same "$(cat "$BED/guests/large/sys/target_kb")" 204800
	wait_until 5 free_pages_agree large 64
	bed daemon large start
	wait_until 5 at_least 1 stat_of large daemon_pid
	pid=$(stat_of large daemon_pid)
	wait_until 5 grep -qz '^XENBED_PAGE_KIB=64$' "/proc/$pid/environ"
	bed destroy large
}

@test "workloads that are none are refused with what is right" {
	guest refuses
	for words in "swim" "reader 100" "steady 10 +" "+ steady 10" "hugetlb x" \
		"idle + idle + idle + idle + idle"; do
		# shellcheck disable=SC2086 # words
		run bed workload refuses $words
		same "$status" 1 "status of: $words"
	done
	contains "$output" "4 workloads at a time are the most"
	for option in "--page 8" "--kernel 7" "--overcommit 3" "--ratio 1001" "--uptime -1" \
		"--type xen" "--target_kb maybe"; do
		# shellcheck disable=SC2086 # words
		run bed create wrong $option
		same "$status" 1 "status of: $option"
		contains "$output" "${option%% *}" || contains "--$output" "${option%% *}"
	done
	bed destroy refuses
}
