#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The gate itself: the runner counts what went wrong, and each check of the lint can fail.

# shellcheck disable=SC2030,SC2031 # `run` sets them in the test that reads them
load lib.bash

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# program LINE...: a test file that runs these lines.
program() {
	printf '%s\n' '#!/bin/sh' "$@" >program
	chmod +x program
}

counts() {
	run "$ROOT/tests/run" only "$PWD/program"
	same "$(tail -n 1 <<<"$output")" "$1"
	same "$status" "$2"
}

@test "passed, failed and skipped are counted, with the exit status to match" {
	program 'echo 1..3; echo "ok 1 a"; echo "ok 2 b"; echo "ok 3 # skip no Xen here"'
	counts "2 passed, 0 failed, 1 skipped" 0
	program 'echo 1..2; echo "ok 1 a"; echo "not ok 2 b"; echo "# why"; exit 1'
	counts "1 passed, 1 failed, 0 skipped" 1
	contains "$output" "# why"
}

@test "a crash, an early end, a hang, no plan and silence are failures" {
	program 'echo 1..3; echo "ok 1 a"; kill -SEGV $$'
	counts "1 passed, 2 failed, 0 skipped" 1
	contains "$output" "ended by signal 11"
	program 'echo 1..2; echo "ok 1 a"'
	counts "1 passed, 1 failed, 0 skipped" 1
	program 'echo 1..1; echo "ok 1 a"; exit 3'
	counts "1 passed, 1 failed, 0 skipped" 1
	program 'echo "ok 1 a"'
	counts "1 passed, 1 failed, 0 skipped" 1
	program 'true'
	counts "0 passed, 1 failed, 0 skipped" 1
	program 'echo 1..1; sleep 60'
	SYSTEM_LIMIT=1 counts "0 passed, 1 failed, 0 skipped" 1
	contains "$output" "ended after its limit of 1 s"
}

@test "what failed is told once more at the end, in few lines" {
	# shellcheck disable=SC2016 # the program's own
	program 'echo 1..90; for i in $(seq 90); do echo "not ok $i a"; seq 40 | sed "s/^/# why $i: /"; done'
	for copy in {1..9}; do cp program "program$copy"; done
	run "$ROOT/tests/run" only "$PWD"/program?
	same "$status" 1
	same "$(tail -n 1 <<<"$output")" "0 passed, 810 failed, 0 skipped"
	end=$(sed '1,/^failed:$/d' <<<"$output")
	between "$(wc -l <<<"$end")" 20 61 lines
	for copy in {1..9}; do contains "$end" "FAIL  $PWD/program$copy"; done
	contains "$end" "# why 1: 1"
}

@test "a run of nothing is a failure" {
	run "$ROOT/tests/run" only
	same "$output" "0 passed, 1 failed, 0 skipped"
	same "$status" 1
}

# tree: a copy that the lint passes, small enough to be quick.
tree() {
	mkdir -p copy/tests copy/build
	cp -r "$ROOT"/{.clang-format,.shellcheckrc,NEWS.md,include,exporter,mib,guest,control,debian} copy/
	cp "$ROOT"/build/xenballoon{,-agent,-guest} copy/build/
	install -D "$ROOT/build/obj/guest/main.o" copy/build/obj/guest/main.o
	cp -r "$ROOT/tests/lint" copy/tests/
	ln -s "$ROOT/build/debs" copy/build/debs
}

# fails CHECK FILE: the check names the file.
fails() {
	run copy/tests/lint/run "$1"
	same "$status" 1 "status of $1"
	contains "$output" "not ok 1 ${1//_/ }"
	contains "$output" "$(basename "$2")"
}

# finds CHECK FILE TEXT: the check passes, and no longer once the text is in the file.
finds() {
	local file=copy/$2
	copy/tests/lint/run "$1" >before || { cat before; return 1; }
	[ ! -e "$file" ] || cp -p "$file" kept
	printf '%s\n' "$3" >>"$file"
	fails "$1" "$2"
	if [ -e kept ]; then mv kept "$file"; else rm "$file"; fi
}

@test "each check of the lint finds its fault" {
	tree
	finds each_library_has_one_home exporter/state.c '#include <xenstore.h>'
	finds each_library_has_one_home control/check.c 'int f(void) { return xs_rm(0, 0, ""); }'
	finds each_library_has_one_home control/auth.c 'int f(void) { return rename("a", "b"); }'
	finds headers_hold_contracts_only include/state.h '#include <yaml.h>'
	finds each_header_compiles_alone include/state.h 'struct nothing complete;'
	finds layout_is_clang_formats exporter/state.c 'int  spaced;'
	finds shell_is_shellchecked tests/wrong.sh $'#!/bin/sh\necho $1'
	finds man_pages_are_sound exporter/xenballoon-agent.8 '.Nonsense'
	finds mib_is_sound mib/XENBALLOON-MIB.txt 'nonsense'
	finds nothing_is_left_unfinished exporter/state.c "/* $(printf 'TO%s' DO) */"
	finds nothing_tells_of_one_machine exporter/state.c "/* $(printf '/wo%s' rk/main) */"
	finds files_and_functions_stay_small exporter/state.c "$(yes '/* */' | head -n 500)"
	finds files_and_functions_stay_small exporter/state.c "$(echo '{'; yes '' | head -n 82; echo '}')"
	finds each_source_says_licence_and_purpose exporter/new.c 'int x;'
	finds commands_are_executable tests/new '#!/bin/sh'
	finds texts_use_the_glossary exporter/new.c 'const char *text = "the cap of domain 3";'
	finds texts_use_the_glossary exporter/page/index.html '<p>Guests hold much.</p>'
	finds texts_use_the_glossary exporter/page/app.js 'say(`lets ${many} size themselves`);'
	finds texts_use_the_glossary mib/XENBALLOON-MIB.txt '            "The static maximum."'
	finds texts_use_the_glossary control/cli/xenballoon.1 'Its goal.'
	finds units_are_confined guest/xenballoon-guest.service 'Nonsense=yes'
	finds units_are_confined guest/bare.service $'[Unit]\nDescription=bare\n[Service]\nExecStart=/bin/true'
	copy/tests/lint/run programs_are_hardened versions_agree
	gcc -no-pie -xc -o copy/build/xenballoon - <<<'int main(void) { return 0; }'
	fails programs_are_hardened xenballoon
	sed -i '1s/(.*)/(0.0-1)/' copy/debian/changelog
	fails versions_agree changelog
}

@test "every check is tried above" {
	sed -n 's/^\([a-z_]*\)() {$/\1/p' "$ROOT/tests/lint/run" | grep -v 'files$' | while read -r check; do
		grep -qE "(finds|fails) $check " "$BATS_TEST_FILENAME" || { echo "untried: $check"; return 1; }
	done
}
