#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who treats the server badly holds it up no more than their share: slow and silent connections, half a
# TLS handshake, endless headers, bodies of 10 MB, requests in the shape of two. Scrapes go through
# all the while, and who dawdles is cut off. How long a scrape takes then is `tests/bench/siege`'s to
# tell.
#
# mostly waits

load lib.bash
load tls.bash

setup_file() {
	host_new
	tls_prepare
	gcc -O2 -o "$HOST_DIR/siege" "$ROOT/tests/system/siege.c"
	bed_start --guests 2
	agent_start
}

teardown_file() {
	host_down
}

# besiege NAME KIND COUNT [ADDRESSES]: begins; `end_process NAME KILL` ends it.
besiege() {
	local name=$1
	shift
	start "$name" "$HOST_DIR/siege" "$HTTP_PORT" "$@"
}

# at_least NAME WORD COUNT: so many connections were opened, cut or refused so far.
at_least() {
	[ "$(tail -n 1 "$HOST_DIR/$1.log" | sed -E "s/.*$2 ([0-9]+).*/\1/")" -ge "$3" ]
}

scrapes_go_through() {
	local _
	for _ in {1..5}; do
		expect 200 GET /metrics >/dev/null
	done
	expect 200 POST /api/v1/domains/guest1/target '{"target_kib": 200000, "dry_run": true}' operator
	curl -fsS -m 10 --unix-socket "$HOST_DIR/agent.sock" -o /dev/null http://localhost/metrics
}

# under KIND COUNT
under() {
	besiege "$1" "$@"
	wait_until 20 at_least "$1" opened "$2"
	scrapes_go_through
	end_process "$1" KILL
}

@test "500 connections that trickle headers, and 500 that say nothing" {
	besiege early slow 3
	under slow 500
	under silent 500
}

@test "more than there is room for, from three addresses: the crowd is cut off, others get in" {
	besiege crowd slow 1500 3
	wait_until 20 at_least crowd cut 500
	# The socket has its own room.
	curl -fsS -m 10 --unix-socket "$HOST_DIR/agent.sock" -o /dev/null http://localhost/metrics
	wait_until 20 expect 200 GET /metrics
	between "$(find "/proc/$(agent_pid)/fd" -type l | wc -l)" 10 1300 "descriptors of the agent"
	end_process crowd KILL
}

@test "endless headers, bodies of 10 MB by length and by chunks, and requests in the shape of two" {
	local kind before
	before=$(store_ls /local/domain)
	for kind in endless body chunks smuggle slow-body; do
		besiege $kind $kind 16
		wait_until 20 at_least $kind cut 16
		scrapes_go_through
		end_process $kind KILL
	done
	same "$(store_ls /local/domain)" "$before" store
}

@test "who trickles is cut off, be they few, and memory was bounded through all of it" {
	wait_until 20 at_least early cut 3
	end_process early KILL
	between "$(awk '/^VmHWM/ { print $2 }' "/proc/$(agent_pid)/status")" 1 131072 "highest resident size in KiB"
}

@test "600 halves of a TLS handshake: scrapes go through, and the crowd is cut off" {
	agent_stop
	over_tls
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
	besiege tls tls 600
	wait_until 20 at_least tls opened 600
	scrapes_go_through
	wait_until 20 at_least tls cut 100
	scrapes_go_through
	end_process tls KILL
}
