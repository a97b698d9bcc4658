#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# also with: static
#
# Policy and floor by dom0's word, memory/policy: it wins over the guest's own configuration, takes
# effect without a restart, and is nothing that a guest can write. And what `explain` says of it.

load lib.bash

setup_file() {
	host_up --guests 2 --host-mib 2048 --static-max-mib 512 \
		--daemon "$GUEST" --daemons 2
	wait_until 30 reports guest1 'policy=committed'
	wait_until 30 reports guest2 'policy=committed'
}

teardown_file() {
	host_down
}

key() { # NAME KEY
	store_read "/local/domain/$(domid "$1")/memory/$2"
}

reports() { # NAME PART-OF-STATS
	key "$1" stats | grep -qwF -- "$2"
}

has_floor() { # NAME KIB
	same "$(key "$1" minimum)" "$2"
}

as_guest() { # NAME COMMAND...
	local name=$1
	shift
	env "$(bed guest-env "$name")" timeout 10 "$@"
}

as_program() { # NAME SUBCOMMAND
	as_guest "$1" "$GUEST" --procfs "$BED/guests/$1/proc" \
		--sysfs "$BED/guests/$1/sys" "$2"
}

daemon_pid() {
	pgrep -f "xenballoon-guest --procfs $BED/guests/$1/proc"
}

said() { # NAME TEXT
	grep -qF -- "$2" "$BED/guests/$1/daemon.log"
}

word() { # NAME TEXT
	store_write "/local/domain/$(domid "$1")/memory/policy" "$2"
}

@test "dom0's word takes effect without a restart, and goes with it" {
	local pid was
	pid=$(daemon_pid guest1)
	was=$(key guest1 minimum)
	word guest1 "pressure floor=96"
	wait_until 5 reports guest1 policy=pressure
	wait_until 5 has_floor guest1 98304
	word guest1 "floor=104"
	wait_until 5 reports guest1 policy=committed
	wait_until 5 has_floor guest1 106496
	on_bed xenstore-rm "/local/domain/$(domid guest1)/memory/policy"
	wait_until 5 has_floor guest1 "$was"
	same "$(daemon_pid guest1)" "$pid" "daemon"
	has_floor guest2 "$was"
}

@test "nonsense by dom0 changes nothing and is named" {
	local was
	was=$(key guest1 minimum)
	word guest1 "committed floor=lots"
	wait_until 5 said guest1 "memory/policy of dom0: not a value for floor: 2011, 2008, or a size such as 96MiB"
	has_floor guest1 "$was"
	word guest1 "$(printf 'floor=96%400s' x)"
	wait_until 5 said guest1 "memory/policy of dom0: "
	has_floor guest1 "$was"
	reports guest1 policy=committed
}

@test "a guest can't choose for dom0" {
	word guest1 "floor=100"
	wait_until 5 has_floor guest1 102400
	run as_guest guest1 xenstore-write memory/policy "floor=93"
	[ "$status" -ne 0 ]
	run as_guest guest1 xenstore-rm memory/policy
	[ "$status" -ne 0 ]
	run as_guest guest2 xenstore-write memory/policy "floor=93"
	[ "$status" -ne 0 ]
	same "$(key guest1 policy)" "floor=100"
	same "$(as_guest guest1 xenstore-read memory/policy)" "floor=100"
	run as_guest guest2 xenstore-read "/local/domain/$(domid guest1)/memory/policy"
	[ "$status" -ne 0 ]
}

@test "explain names the word, the terms and the rules, with their sum" {
	local text sum
	word guest1 "committed floor=100 reserve_percent=20"
	wait_until 5 has_floor guest1 102400
	text=$(as_program guest1 explain)
	contains "$text" "Policy committed, as dom0 says in memory/policy:"
	contains "$text" "100.0 MiB  the setting floor (100MiB)"
	contains "$text" "It has no swap"
	sum=$(awk '/^  [ +] / { sum += $(NF > 0 && $1 == "+" ? 2 : 1) }
		/^  = / { printf "%d", (sum - $2 < 0.3 && $2 - sum < 0.3) }' <<<"$text")
	same "$sum" 1 "sum of the terms in: $text"
	word guest1 "pressure"
	text=$(as_program guest1 explain)
	contains "$text" "in use: its size less MemAvailable"
	text=$(as_program guest2 explain)
	contains "$text" "Policy committed:"
}

@test "pressure gives back an idle guest's memory, and takes what a program needs" {
	local was
	word guest2 "pressure floor=96 interval_s=1"
	wait_until 5 reports guest2 policy=pressure
	was=$(key guest2 actual)
	selfballoon guest2 true
	wait_until 60 is_below guest2 $((was / 2))
	bed workload guest2 ramp 0 200 2
	wait_until 10 is_above guest2 262144
	same "$(bed stats guest2 | grep -c 'oom_kills.* 0$\|oom_kills[=: ]*0')" 1 "no OOM kill"
	bed workload guest2 idle
	wait_until 60 is_below guest2 $((was / 2))
}

is_below() { # NAME KIB
	between "$(key "$1" actual)" 0 "$2" "$1"
}

is_above() { # NAME KIB
	between "$(key "$1" actual)" "$2" 524288 "$1"
}

@test "no word is no nonsense" {
	run grep -F 'memory/policy' "$BED/guests/guest2/daemon.log"
	same "$output" ""
}

@test "missing swap is said once" {
	same "$(grep -c 'this guest has no swap' "$BED/guests/guest1/daemon.log")" 1
}

@test "while the kernel module acts, the daemon stands by" {
	local own=$HOST_DIR/own
	# A large guest that uses little, whatever the others do.
	mkdir -p "$own/sys/info" "$own/module"
	echo 524288 | tee "$own/sys/info/current_kb" >"$own/sys/target_kb"
	cp -r "$BED/guests/guest2/proc" "$own/proc"
	sed -i 's/^\(MemTotal\|MemFree\|MemAvailable\): .*/\1: 460000 kB/; s/^Committed_AS: .*/Committed_AS: 40000 kB/' \
		"$own/proc/meminfo"
	# shellcheck disable=SC2046 # one word
	start standby env $(bed guest-env guest2) "$GUEST" --sysfs "$own/sys" \
		--procfs "$own/proc" --module "$own/module"
	wait_until 5 grep -q 'standing by until it is unloaded' "$HOST_DIR/standby.log"
	same "$(cat "$own/sys/target_kb")" 524288
	rmdir "$own/module"
	wait_until 10 grep -q 'sizing this guest again' "$HOST_DIR/standby.log"
	wait_until 10 shrinks "$own/sys/target_kb"
	mkdir "$own/module"
	wait_until 5 stands_by_again
	end_process standby
}

stands_by_again() {
	same "$(grep -c 'standing by' "$HOST_DIR/standby.log")" 2
}

shrinks() { # FILE
	between "$(cat "$1")" 1 524287 "$1"
}
