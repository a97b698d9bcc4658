#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The bed itself, on which the other tests rest: what it shows of a host must be what Xen, xl and
# Linux were seen to do. No agent runs here.

load lib.bash

setup_file() {
	host_new
	bed_start --host-mib 2048 --static-max-mib 512 --trace
}

teardown_file() {
	host_down
}

# as GUEST COMMAND...: a process of that guest, with its rights in the store.
as() {
	local guest=$1
	shift
	env "$(bed guest-env "$guest")" timeout 10 "$@"
}

# grant DOMID KEY...: as the agent does.
grant() {
	local domid=$1 key
	shift
	for key; do
		store_write "/local/domain/$domid/memory/$key" ""
		on_bed xenstore-chmod "/local/domain/$domid/memory/$key" n0 "b$domid"
	done
}

# field GUEST NAME: of `list`; stat GUEST NAME: of `stats`; host NAME: of `host-free`.
field() {
	bed list --json | jq -er --arg name "$1" ".[] | select(.name == \$name) | .$2"
}

stat_of() {
	bed stats "$1" | sed -n "s/^$2=//p"
}

host() {
	bed host-free | sed -n "s/^$1=//p"
}

is() { # EXPECTED COMMAND...
	local expected=$1
	shift
	same "$("$@")" "$expected" "$*"
}

at_least() { # LEAST COMMAND...
	local least=$1
	shift
	between "$("$@")" "$least" 999999999 "$*"
}

conserved() {
	same $(($(host free_kib) + $(host allocated_kib) + $(host overhead_kib))) "$(host total_kib)" \
		"free, allocated and overhead"
}

# params GUEST: its balloon driver's folder.
params() {
	echo "$BED/guests/$1/sys"
}

@test "a domain has the nodes, values and owners that xl gives it" {
	domid=$(bed create nodes1 --memory-mib 128 --daemon no --poster no)
	uuid=$(field nodes1 uuid)
	run store_ls "/local/domain/$domid/memory"
	same "$output" "/local/domain/$domid/memory/static-max = \"524288\"   (n0,r$domid)
/local/domain/$domid/memory/target = \"131072\"   (n0,r$domid)
/local/domain/$domid/memory/videoram = \"0\"   (n0,r$domid)"
	run store_ls "/local/domain/$domid"
	for own in data attr control/shutdown control/feature-poweroff; do
		contains "$output" "/local/domain/$domid/$own = \"\"   (n$domid)"
	done
	contains "$output" "/local/domain/$domid/name = \"nodes1\"   (n0,r$domid)"
	contains "$output" "/local/domain/$domid/vm = \"/vm/$uuid\"   (n0,r$domid)"
	run store_ls "/vm/$uuid"
	contains "$output" "/vm/$uuid/name = \"nodes1\"   (n0,r$domid)"
	contains "$output" "/vm/$uuid/uuid = \"$uuid\"   (n0,r$domid)"
	contains "$output" "/vm/$uuid/memory = \"128\"   (n0,r$domid)"
	bed destroy nodes1
	run store_ls "/local/domain/$domid"
	[ "$status" -ne 0 ]
	run store_ls "/vm/$uuid"
	[ "$status" -ne 0 ]
}

@test "xenstored lets a guest write what it was granted, and nothing else" {
	domid=$(bed create rights1 --memory-mib 128 --daemon no --poster no)
	other=$(bed create rights2 --memory-mib 128 --daemon no --poster no)
	same "$(as rights1 xenstore-read memory/target)" 131072
	run as rights1 xenstore-write memory/actual 1
	[ "$status" -ne 0 ]
	grant "$domid" actual
	grant "$other" actual
	as rights1 xenstore-write memory/actual 131072
	same "$(store_read "/local/domain/$domid/memory/actual")" 131072
	for path in memory/target memory/static-max "/local/domain/$other/memory/actual" /vm/x; do
		run as rights1 xenstore-write "$path" 1
		[ "$status" -ne 0 ]
	done
	run as rights1 xenstore-read "/local/domain/$other/memory/actual"
	[ "$status" -ne 0 ]
	run as rights1 xenstore-chmod memory/actual "b$other"
	[ "$status" -ne 0 ]
	bed destroy rights1
	bed destroy rights2
}

@test "two processes of one guest have watches of their own" {
	bed create watch1 --memory-mib 128 --daemon no --poster no
	as watch1 xenstore-watch -n 2 memory/target >"$HOST_DIR/one" 3>&- &
	one=$!
	as watch1 xenstore-watch -n 2 memory/target >"$HOST_DIR/two" 3>&- &
	two=$!
	wait_until 5 grep -q memory/target "$HOST_DIR/one"
	wait_until 5 grep -q memory/target "$HOST_DIR/two"
	bed mem-set watch1 129
	wait $one
	wait $two
	same "$(as watch1 xenstore-read memory/target)" 132096
	bed destroy watch1
}

@test "a guest follows mem-set to the KiB, cap and VM key too" {
	domid=$(bed create follow1 --memory-mib 128 --daemon no --poster no)
	bed mem-set follow1 200
	wait_until 5 is 204800 field follow1 allocated_kib
	same "$(field follow1 cap_kib)" 205824
	same "$(store_read "/vm/$(field follow1 uuid)/memory")" 200
	bed mem-set follow1 100
	wait_until 5 is 102400 field follow1 allocated_kib
	same "$(cat "$(params follow1)/info/current_kb")" 102400
	same "$(cat "$(params follow1)/target_kb")" 102400
	same "$(cat "$(params follow1)/target")" 104857600
	run bed mem-set follow1 513
	same "$status" 1
	contains "$output" "above the static maximum, 524288 KiB"
	same "$(store_read "/local/domain/$domid/memory/target")" 102400
	bed destroy follow1
}

@test "a cap refuses growth: current stops 1024 KiB above the target" {
	bed create cap1 --memory-mib 128 --daemon no --poster no
	echo 409600 >"$(params cap1)/target_kb"
	wait_until 5 is 132096 cat "$(params cap1)/info/current_kb"
	wait_until 5 at_least 1 stat_of cap1 refusals
	same "$(field cap1 allocated_kib)" 132096
	# A higher cap alone is enough: the driver tries again by itself.
	bed mem-max cap1 512
	wait_until 15 is 409600 cat "$(params cap1)/info/current_kb"
	bed destroy cap1
}

@test "the driver gives up after its retries, until its target is written again" {
	bed create tries1 --memory-mib 128 --daemon no --poster no
	echo 1 >"$(params tries1)/max_retry_count"
	echo 409600 >"$(params tries1)/target_kb"
	wait_until 10 is 1 stat_of tries1 gave_up
	bed mem-max tries1 512
	# Only another distance wakes it, not the same value again.
	echo 409600 >"$(params tries1)/target_kb"
	same "$(stat_of tries1 target_writes)" 2
	same "$(stat_of tries1 gave_up)" 1
	same "$(cat "$(params tries1)/info/current_kb")" 132096
	echo 409604 >"$(params tries1)/target_kb"
	wait_until 10 is 409604 cat "$(params tries1)/info/current_kb"
	bed destroy tries1
}

@test "refused, it waits for 2, 4 and 8 seconds, then for an hour" {
	bed create waits1 --memory-mib 128 --daemon no --poster no
	echo 409600 >"$(params waits1)/target_kb"
	wait_until 5 is 1 stat_of waits1 refusals
	same "$(cat "$(params waits1)/schedule_delay" "$(params waits1)/retry_count")" $'2\n2'
	wait_until 5 is 2 stat_of waits1 refusals
	same "$(cat "$(params waits1)/schedule_delay" "$(params waits1)/retry_count")" $'4\n3'
	wait_until 8 is 3 stat_of waits1 refusals
	same "$(cat "$(params waits1)/schedule_delay" "$(params waits1)/retry_count")" $'8\n4'
	same "$(stat_of waits1 gave_up)" 0
	wait_until 12 is 1 stat_of waits1 gave_up
	same "$(stat_of waits1 refusals)" 4
	bed destroy waits1
}

@test "a target takes CAP_SYS_ADMIN of the process that writes it" {
	local sys
	has_fuse
	bed create admin1 --memory-mib 128 --daemon no --poster no
	sys=$(params admin1)
	for file in target_kb target; do
		run setpriv --bounding-set -sys_admin tee "$sys/$file" <<<100000
		contains "$output" "Operation not permitted"
	done
	run setpriv --bounding-set -all,+sys_admin tee "$sys/target_kb" <<<120000
	same "$status" 0 "$output"
	wait_until 5 is 120000 cat "$sys/info/current_kb"
	# Root of another user namespace isn't root here.
	run unshare -Ur tee "$sys/target_kb" <<<110000
	contains "$output" "Operation not permitted"
	same "$(stat_of admin1 refused_writes)" 3
	same "$(stat_of admin1 target_writes)" 1
	grep -q "refused process .* it lacks CAP_SYS_ADMIN" "$BED/guests/admin1/kernel.log"
	# As in Linux, the other parameters take no more than the file's mode.
	run setpriv --bounding-set -sys_admin tee "$sys/max_retry_count" <<<5
	same "$status" 0 "$output"
	same "$(cat "$sys/max_retry_count")" 5
	run tee "$sys/max_retry_count" <<<many
	contains "$output" "Invalid argument"
	bed destroy admin1
}

@test "target_kb=refuse refuses everybody" {
	has_fuse
	bed create refuse1 --memory-mib 128 --daemon no --poster no --target_kb refuse
	run tee "$(params refuse1)/target_kb" <<<100000
	contains "$output" "Operation not permitted"
	bed mem-set refuse1 120
	wait_until 5 is 122880 cat "$(params refuse1)/info/current_kb"
	bed destroy refuse1
}

# Only where nothing can be mounted is there nobody to ask.
has_fuse() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -c /dev/fuse ] || skip "needs /dev/fuse"
}

@test "MemTotal is what is current less what stays with the kernel" {
	bed create gap1 --memory-mib 128 --daemon no --poster no
	same "$(awk '/^MemTotal/ { print $2 }' "$BED/guests/gap1/proc/meminfo")" $((131072 - 57220))
	bed create gap2 --memory-mib 128 --type pvh --daemon no --poster no
	same "$(cat "$(params gap2)/info/current_kb")" 130684
	same "$(field gap2 allocated_kib)" 131072
	bed mem-set gap2 160
	wait_until 5 is 163840 field gap2 allocated_kib
	bed destroy gap1
	bed destroy gap2
}

# size GUEST: allocated, current, ballooned, target.
size() {
	echo "$(field "$1" allocated_kib) $(cat "$(params "$1")/info/current_kb" \
		"$(params "$1")/info/low_kb" "$(params "$1")/target_kb" | paste -sd ' ')"
}

@test "HVM guests have the sizes that were seen on Xen, with and without video RAM" {
	bed create plain --type hvm --static-max-mib 256 --memory-mib 256 --daemon no --poster no
	same "$(size plain)" "262124 261736 0 261736"
	id=$(bed create video --type hvm --video-mib 16 --static-max-mib 256 --memory-mib 256 \
		--daemon no --poster no)
	same "$(size video)" "245804 228968 16384 228968"
	same "$(field video cap_kib)" 263168
	same "$(store_read "/local/domain/$id/memory/target")" 245760
	same "$(store_read "/local/domain/$id/memory/videoram")" 16384
	same "$(store_read "/libxl/$id/type")" hvm
	# The kernel takes what it doesn't count off each target.
	bed mem-set video 200
	wait_until 5 is $((204800 - 16792)) cat "$(params video)/info/current_kb"
	same "$(field video allocated_kib)" $((204800 + 44))
	same "$(field video cap_kib)" $((204800 + 16384 + 1024))
	same "$(cat "$BED/guests/video/hypervisor/guest_type")" HVM
	bed reboot video
	same "$(size video)" "204844 188008 57344 188008"
	bed destroy plain
	bed destroy video
}

@test "a target above all pages of the driver makes Linux plug memory, which is counted" {
	bed create plug1 --type pvh --static-max-mib 256 --memory-mib 256 --daemon no --poster no
	same "$(cat "$BED/guests/plug1/hypervisor/guest_type")" PVH
	echo 261756 >"$(params plug1)/target_kb"
	same "$(stat_of plug1 hotplugs)" 0
	total=$(stat_of plug1 memtotal_kib)
	echo 262144 >"$(params plug1)/target_kb"
	wait_until 5 is 1 stat_of plug1 hotplugs
	grep -q 'hotplug: target_kb 262144 is above all pages, 261756' "$BED/guests/plug1/kernel.log"
	# Nobody puts it online; what describes it is the guest's loss.
	same "$(cat "$(params plug1)/info/current_kb")" 261756
	same "$(stat_of plug1 memtotal_kib)" $((total - 2048))
	bed destroy plug1
}

@test "the driver takes no more than MemAvailable says" {
	bed create takes1 --memory-mib 400 --daemon no --poster no
	bed workload takes1 steady 200
	wait_until 10 at_least 200000 stat_of takes1 anon_kib
	echo 100000 >"$(params takes1)/target_kb"
	wait_until 10 at_least 1 stat_of takes1 refusals
	between "$(stat_of takes1 available_kib)" 0 6392 available
	at_least 250000 cat "$(params takes1)/info/current_kb"
	same "$(stat_of takes1 oom_kills)" 0
	bed destroy takes1
}

@test "the host's memory is conserved, and its end refuses growth" {
	conserved
	run bed create toobig --static-max-mib 4096 --memory-mib 4000 --daemon no --poster no
	same "$status" 1
	contains "$output" "Cannot allocate memory"
	conserved
	bed create host1 --static-max-mib 4096 --memory-mib 100 --daemon no --poster no
	bed mem-set host1 4000
	wait_until 15 is 0 host free_kib
	conserved
	wait_until 10 at_least 1 stat_of host1 refusals
	run bed create late1 --memory-mib 100 --daemon no --poster no
	same "$status" 1
	bed mem-set host1 200
	wait_until 20 is 204800 field host1 allocated_kib
	conserved
	bed destroy host1
	conserved
	same "$(host domains)" 1
}

@test "a reboot gives a new domid and keeps name, UUID and size" {
	old=$(bed create again1 --memory-mib 150 --daemon no --poster no)
	uuid=$(field again1 uuid)
	grant "$old" selfballoon
	bed mem-set again1 160
	new=$(bed reboot again1)
	[ "$new" != "$old" ]
	same "$(field again1 uuid)" "$uuid"
	same "$(field again1 allocated_kib)" 163840
	same "$(store_read "/vm/$uuid/name")" again1
	run store_read "/local/domain/$new/memory/selfballoon"
	[ "$status" -ne 0 ]
	bed destroy again1
}

@test "a domid can be used again at once" {
	bed create first --domid 4000 --memory-mib 100 --daemon no --poster no
	bed destroy 4000
	same "$(bed create second --domid 4000 --memory-mib 100 --daemon no --poster no)" 4000
	same "$(store_read /local/domain/4000/name)" second
	same "$(as second xenstore-read name)" second
	bed destroy second
}

@test "a process killed in a transaction with a watch leaves its guest's connection sound" {
	bed create sound1 --memory-mib 128 --daemon no --poster no
	for _ in 1 2 3 4 5; do
		as sound1 xenstore-watch memory >"$HOST_DIR/watch.out" 3>&- &
		wait_until 5 grep -q memory "$HOST_DIR/watch.out"
		kill -9 %1
		wait %1 || true
		same "$(as sound1 xenstore-read domid)" "$(field sound1 domid)"
	done
	bed destroy sound1
}

@test "without swap a hog is killed; with swap it presses" {
	bed create oom1 --memory-mib 128 --daemon no --poster no
	bed workload oom1 hog 300
	wait_until 10 at_least 1 stat_of oom1 oom_kills
	grep -q "Out of memory" "$BED/guests/oom1/kernel.log"
	same "$(stat_of oom1 crashed)" 0
	bed create swap1 --memory-mib 128 --swap-mib 512 --daemon no --poster no
	bed workload swap1 hog 200
	wait_until 10 at_least 100000 stat_of swap1 swapped_kib
	wait_until 10 at_least 1000 stat_of swap1 psi
	same "$(stat_of swap1 oom_kills)" 0
	between "$(sed -n 's/^some avg10=0*\([0-9]*\)\..*/\1/p' \
		"$BED/guests/swap1/proc/pressure/memory")" 5 99 "some avg10"
	bed destroy oom1
	bed destroy swap1
}

@test "a guest without work lives at 92 MiB and dies at 80" {
	domid=$(bed create lives --memory-mib 96 --daemon no --poster no)
	bed create dies --memory-mib 96 --daemon no --poster no
	bed mem-set lives 92
	bed mem-set dies 80
	wait_until 10 is crashed field dies state
	grep -q "System is deadlocked on memory" "$BED/guests/dies/kernel.log"
	same "$(field lives state)" running
	same "$(field lives current_kib)" 94208
	bed destroy lives
	bed destroy dies
}

@test "libxenctrl's calls are answered, and refused as Xen refuses" {
	gcc -O2 -D_GNU_SOURCE -o "$HOST_DIR/hypercalls" "$ROOT/tests/fake/probe/hypercalls.c" -lxenctrl
	domid=$(bed create calls1 --domid 5000 --type pvh --memory-mib 128 --daemon no --poster no)
	# shellcheck disable=SC2016
	run on_bed sh -c 'LD_PRELOAD=$XENBED_PRELOAD exec "$0" 5000' "$HOST_DIR/hypercalls"
	same "$output" "version 4
physinfo 0 -
host_kib 2097152
domains 2 first 0 last 5000
beyond 0
setmaxmem 0 -
setmaxmem-gone -1 ESRCH
pod 0 -
pod-above-cap -1 EINVAL
cap_kib 307200 hvm 1"
	grep -qE "^[0-9]+ setmaxmem domid=5000 kib=307200 result=0 trace=[0-9]+$" "$BED/hypervisor.log"
	bed xen-fail setmaxmem 1
	# shellcheck disable=SC2016
	run on_bed sh -c 'LD_PRELOAD=$XENBED_PRELOAD exec "$0" 5000' "$HOST_DIR/hypercalls"
	contains "$output" "setmaxmem -1 ENOMEM"
	bed destroy calls1
}

@test "the hypervisor's log says where in the store's trace a cap was set" {
	domid=$(bed create order1 --memory-mib 128 --daemon no --poster no)
	bed mem-set order1 144
	offset=$(sed -n "s/.* domid=$domid kib=$((147456 + 1024)) result=0 trace=//p" "$BED/hypervisor.log")
	# xl sets the cap first: the target stands after that place, and not before.
	line="WRITE (/local/domain/$domid/memory/target 147456"
	same "$(head -c "$offset" "$BED/xenstored.trace" | grep -acF "$line")" 0
	same "$(tail -c +$((offset + 1)) "$BED/xenstored.trace" | grep -acF "$line")" 1
	bed destroy order1
}

@test "the bed posts for a guest once its keys are granted, and obeys selfballoon" {
	domid=$(bed create post1 --memory-mib 256 --daemon no --poster yes)
	grant "$domid" selfballoon actual minimum selftarget stats
	wait_until 10 is 262144 store_read "/local/domain/$domid/memory/actual"
	wait_until 10 reports_stats "$domid"
	same "$(store_read "/local/domain/$domid/memory/selftarget")" ""
	store_write "/local/domain/$domid/memory/selfballoon" 1
	wait_until 10 between_reported "$domid" 94208 200000
	store_write "/local/domain/$domid/memory/selfballoon" 0
	bed mem-set post1 240
	wait_until 10 is 245760 store_read "/local/domain/$domid/memory/actual"
	bed destroy post1
}

reports_stats() { # DOMID
	[[ $(store_read "/local/domain/$1/memory/stats") =~ ^v=1\ seq=[0-9]+\ committed=[0-9]+ ]]
}

between_reported() { # DOMID LOW HIGH
	between "$(store_read "/local/domain/$1/memory/selftarget")" "$2" "$3" &&
		between "$(store_read "/local/domain/$1/memory/actual")" "$2" "$3"
}

@test "xenstored can be stopped, continued, killed and started anew" {
	domid=$(bed create store1 --memory-mib 128 --daemon no --poster no)
	bed mem-set store1 144
	wait_until 5 is 147456 field store1 allocated_kib
	bed xenstored stop
	run on_bed timeout 0.5 xenstore-read domid
	same "$status" 124
	bed xenstored cont
	same "$(store_read "/local/domain/$domid/name")" store1
	grant "$domid" selfballoon
	bed xenstored kill
	run bed mem-set store1 200
	same "$status" 1
	contains "$output" "xenstored does not answer"
	bed xenstored start
	same "$(store_read "/local/domain/$domid/memory/target")" 147456
	run store_read "/local/domain/$domid/memory/selfballoon"
	[ "$status" -ne 0 ]
	same "$(as store1 xenstore-read memory/target)" 147456
	bed mem-set store1 200
	wait_until 5 is 204800 field store1 allocated_kib
	run bed xenstored start
	same "$status" 1
	bed destroy store1
}

@test "refusals say what would be right" {
	run bed create 1bad
	contains "$output" "a name is 1 to 63 letters"
	run bed create good1 --uuid 12
	contains "$output" "32 hexadecimal digits"
	run bed create good1 --memory-mib 600
	contains "$output" "memory is at most the static maximum, 512 MiB"
	run bed destroy nobody
	contains "$output" "there is no guest nobody"
	run bed workload nobody idle
	contains "$output" "there is no guest nobody"
	run bed nonsense
	same "$status" 1
	contains "$output" "mem-set GUEST MIB"
	printf 'guest web1 512\nat 0 web1 swim\n' >"$HOST_DIR/wrong.script"
	run "$XENBED" run --dir "$HOST_DIR/other" --script "$HOST_DIR/wrong.script"
	same "$status" 1
	contains "$output" 'wrong.script:2: no workload "swim": say idle, steady, ramp, burst, hog, reserve, hugetlb, arc, locked, reader or container'
	run "$XENBED" run --dir "$HOST_DIR/other" --guests 1000
	same "$status" 1
	contains "$output" "1000 guests need --host-mib"
}
