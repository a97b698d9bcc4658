#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Rules that no policy overrides, with the default one: a control group at its own limit makes the
# guest no larger and keeps nothing, and with vm.overcommit_memory=2 no request is refused because the guest shrank.

load lib.bash

setup_file() {
	host_up --guests 0 --host-mib 2048 --static-max-mib 512 --daemon "$GUEST"
	bed create box --memory-mib 512 --daemon yes
	bed create strict --memory-mib 512 --overcommit 2 --ratio 80 --daemon yes
	wait_until 30 reports box
	wait_until 30 reports strict
	word box "interval_s=1 hysteresis_down=2"
	word strict "interval_s=1 hysteresis_down=2"
}

teardown_file() {
	host_down
}

key() { # NAME KEY
	store_read "/local/domain/$(domid "$1")/memory/$2"
}

reports() { # NAME
	key "$1" stats | grep -q v=1
}

word() { # NAME TEXT
	store_write "/local/domain/$(domid "$1")/memory/policy" "$2"
}

stat_of() { # NAME FIELD
	bed stats "$1" | sed -n "s/^$2=//p"
}

# Far below full size, and at what it wants.
has_settled() { # NAME KIB
	between "$(key "$1" actual)" 1 "$2" "$1" &&
		between "$(($(key "$1" actual) - $(key "$1" selftarget)))" -64 64 "$1 beside its target"
}

waited_ms() { # NAME
	awk '$1 == "some" { sub(/total=/, "", $NF); printf "%d\n", $NF / 1000 }' \
		"$BED/guests/$1/proc/pressure/memory"
}

has_waited() { # NAME MS
	between "$(waited_ms "$1")" "$2" 100000000 "ms waited in $1"
}

@test "a control group at its own limit makes the guest no larger" {
	local was waited
	selfballoon box true
	wait_until 60 has_settled box 262144
	was=$(key box actual)
	waited=$(waited_ms box)
	bed workload box container 40
	wait_until 60 has_waited box $((waited + 500))
	wait_until 60 has_waited box $((waited + 1500))
	between "$(key box actual)" 1 $((was + was / 10)) "KiB beside its container"
	# Nor does its waiting keep the guest from shrinking.
	word box "interval_s=1 hysteresis_down=2 reserve_percent=4"
	wait_until 60 has_settled box $((was - 8192))
}

@test "with vm.overcommit_memory=2 a guest shrinks, and no request is refused" {
	bed workload strict steady 60
	selfballoon strict true
	wait_until 60 has_settled strict 460000
	bed workload strict steady 80
	wait_until 60 has_settled strict 500000
	same "$(stat_of strict refused_requests)" 0 "requests refused"
	same "$(stat_of strict oom_kills)" 0 "OOM kills"
}
