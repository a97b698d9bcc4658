#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# make deps: of a|b the first that apt knows, and nothing that is there already. apt and dpkg are
# stand-ins that know what the files `lists` (after an update: `mirror`), `installed` and `user` hold,
# and `said` is what they were asked to do.

load lib.bash

# stand_in NAME LINE...
stand_in() {
	printf '%s\n' '#!/bin/sh' "${@:2}" >"bin/$1"
	chmod +x "bin/$1"
}

# shellcheck disable=SC2016 # the stand-ins' own
setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p bin copy/tests/fake
	cp "$ROOT/tests/deps" copy/tests/
	stand_in id 'cat user'
	stand_in dpkg-query 'for last; do :; done' 'grep -qx "$last" installed && echo installed || exit 1'
	stand_in apt-cache 'for name; do ! grep -qx "$name" lists || echo "$name | 1 | a mirror Packages"; done' \
		'echo "new | 1 | a mirror Sources"'
	stand_in apt-get 'while [ "$1" != update ] && [ "$1" != install ]; do shift; done' 'echo "$@" >>said' \
		'if [ "$1" = update ]; then cp mirror lists; exit; fi' \
		'shift 2; for name; do grep -qx "$name" lists || exit 100; done'
	stand_in fetch 'echo unpack "$@" >>said'
	mv bin/fetch copy/tests/fake/
	: >installed
	: >lists
	echo 0 >user
	printf '%s\n' both new old >mirror
}

# deps ENTRY...: with these in packages.txt and the mirror's lists there.
deps() {
	cp mirror lists
	deps_of_fresh_machine "$@"
}

deps_of_fresh_machine() {
	printf '%s  what it is for\n' "$@" >list
	: >said
	PATH=$PWD/bin:$PATH DEPS_LIST=$PWD/list run copy/tests/deps
}

said() {
	same "$status" 0 "$output"
	same "$(sed 's/ *$//' said)" "$1" "asked of apt"
}

@test "of a|b the first that apt knows is installed or unpacked" {
	deps both 'new|old' '+new|old'
	said $'install --no-install-recommends both new\nunpack new'
	sed -i /new/d mirror
	deps both 'new|old' '+older|old|both'
	said $'install --no-install-recommends both old\nunpack old'
}

@test "on a fresh machine lists come before the choice" {
	sed -i /new/d mirror
	deps_of_fresh_machine both 'new|old'
	said $'update\ninstall --no-install-recommends both old'
	: >lists
	deps_of_fresh_machine '+new|old'
	said $'update\nunpack old'
}

@test "any of a|b that is there will do" {
	mkdir -p copy/build/debs/old
	echo old >installed
	deps 'new|old' '+new|old'
	said ""
	same "$output" ""
}

@test "none of a|b in any list is an error that names it; others than root are told what to run" {
	deps 'gone|lost'
	same "$status" 1
	contains "$output" "apt-get failed"
	same "$(head -n 2 said)" $'update\ninstall --no-install-recommends gone' "asked of apt"
	echo 1000 >user
	sed -i /new/d mirror
	deps both 'new|old'
	same "$status" 1
	contains "$output" "apt-get install --no-install-recommends both old"
	same "$(cat said)" ""
}

@test "the parts that are asked for, each package once; a part that there is not is named" {
	cp mirror lists
	printf '%s\n' '[one] first' 'both  this' '[two] second' 'new  this' 'both  that' '[three]' 'old  this' >list
	run_deps() {
		: >said
		PATH=$PWD/bin:$PATH DEPS_LIST=$PWD/list run copy/tests/deps "$@"
	}
	run_deps one two
	said "install --no-install-recommends both new"
	run_deps three
	said "install --no-install-recommends old"
	run_deps
	said "install --no-install-recommends both new old"
	run_deps one four
	same "$status" 1
	same "$output" "deps: no part four; there are one two three"
	same "$(cat said)" ""
}

@test "each part that the Makefile asks for is in packages.txt" {
	local parts
	parts=$(sed -n 's/.*$(call need,\([a-z ]*\)).*/\1/p' "$ROOT/Makefile" | tr ' ' '\n' | sort -u)
	[ -n "$parts" ]
	for part in guest build $parts; do
		grep -q "^\[$part\] " "$ROOT/packages.txt" || echo "no [$part] in packages.txt"
	done >missing
	same "$(cat missing)" ""
}
