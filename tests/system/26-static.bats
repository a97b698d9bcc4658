#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031 # each test is a process of its own
#
# The static daemon for a guest of any Linux, as the tar.gz brings it: what it needs, what it does on an
# old kernel and beside a stalled xenstored, and its installation on a system that is busybox alone.

bats_require_minimum_version 1.5.0
load lib.bash

STATIC=$ROOT/build/static/xenballoon-guest

setup_file() {
	host_new
	gcc -O2 -Wall -o "$HOST_DIR/oldkernel" "$ROOT/tests/system/oldkernel.c"
	printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$HOST_DIR/oldkernel" "$STATIC" >"$HOST_DIR/guest"
	chmod +x "$HOST_DIR/guest"
	bed_start --guests 2 --host-mib 2048 --static-max-mib 512 --daemon "$HOST_DIR/guest" --daemons 2
	agent_start
	wait_until 30 reported guest1
}

teardown_file() {
	host_down
}

log_of() {
	echo "$BED/guests/$1/daemon.log"
}

reported() {
	store_read "/local/domain/$(domid "$1")/memory/actual" | grep -qE '^[0-9]+$'
}

has() {
	bed list --json | jq -er --arg name "$1" '.[] | select(.name == $name) | .allocated_kib'
}

is_below() { # GUEST KIB
	between "$(has "$1")" 0 $(($2 - 1)) "$1"
}

is_at_least() { # GUEST KIB
	between "$(has "$1")" "$2" 524288 "$1"
}

said() { # GUEST COUNT TEXT
	same "$(grep -c "$3" "$(log_of "$1")")" "$2" "how often it said '$3'"
}

# --- the program ---

@test "it is one file that needs no other" {
	local size
	run readelf -lhd "$STATIC"
	same "$status" 0
	contains "$output" "There is no dynamic section"
	[[ $output != *INTERP* ]]
	same "$(readelf -S "$STATIC" | grep -cE '\.(symtab|debug_info)')" 0 "symbols"
	size=$(stat -c %s "$STATIC")
	between "$size" 1 262144 "its size"
}

@test "outside of Xen it says what is missing" {
	run -0 "$STATIC" --version
	contains "$output" "xenballoon-guest "
	run -0 "$STATIC" --help
	contains "$output" "explain"
	start stranger env XENSTORED_PATH=/nowhere/xenbus "$STATIC" --sysfs /nowhere
	wait_until 10 grep -q 'this kernel has no balloon driver' "$HOST_DIR/stranger.log"
	wait_until 10 grep -q 'waiting for xenstore: No such file' "$HOST_DIR/stranger.log"
	end_process stranger
	run -1 env XENSTORED_PATH=/nowhere/xenbus "$STATIC" status
	contains "$output" "xenstore: No such file or directory"
}

@test "with the system calls of Linux 4.19 it shrinks, and grows for a program" {
	local before
	selfballoon guest1 true
	wait_until 60 is_below guest1 307200
	before=$(has guest1)
	bed workload guest1 ramp 20 200 5
	wait_until 30 is_at_least guest1 $((before + 65536))
	bed workload guest1 idle
}

@test "while xenstored is stalled it still grows; when that answers, dom0 is told" {
	local before
	selfballoon guest2 true
	wait_until 60 is_below guest2 307200
	bed xenstored stop
	wait_until 60 said guest2 1 'waiting for xenstore: .*timed out'
	before=$(has guest2)
	bed workload guest2 ramp 20 200 5
	wait_until 30 is_at_least guest2 $((before + 65536))
	bed xenstored cont
	wait_until 20 said guest2 2 'reporting to dom0'
	said guest2 1 'waiting for xenstore: '
	bed workload guest2 idle
}

# --- the tar.gz ---

pack() {
	"$ROOT/guest/static/pack" "$STATIC" 1.2 m68k "$1"
}

@test "the same inputs make the same tar.gz" {
	local first=$BATS_TEST_TMPDIR/first second=$BATS_TEST_TMPDIR/second
	mkdir "$first" "$second"
	SOURCE_DATE_EPOCH=1700000000 pack "$first"
	(umask 077 && TZ=Asia/Tokyo SOURCE_DATE_EPOCH=1700000000 pack "$second")
	cmp "$first"/*.tar.gz "$second"/*.tar.gz
	same "$(ls "$first")" xenballoon-guest-1.2-linux-m68k.tar.gz
	same "$(tar tzf "$first"/*.tar.gz | LC_ALL=C sort)" "$(printf 'xenballoon-guest-1.2-linux-m68k/%s\n' \
		'' LICENSE README guest.conf guest.conf.5 install.sh xenballoon-guest xenballoon-guest.8 \
		xenballoon-guest.openrc xenballoon-guest.service)"
}

@test "another build of the same sources is the same program" {
	local copy=$BATS_TEST_TMPDIR/another/place
	mkdir -p "$copy"
	(cd "$ROOT" && cp -r --parents Makefile NEWS.md LICENSE packages.txt tests/deps guest include "$copy")
	env -u MAKEFLAGS make -C "$copy" guest-static >"$BATS_TEST_TMPDIR/log" 2>&1
	cmp "$STATIC" "$copy/build/static/xenballoon-guest"
}

# --- its installation: a root of busybox and nothing else ---

# bare_root: $BARE, with /sys as a guest of Xen has it, and the unpacked tar.gz in /new.
bare_root() {
	local applet
	BARE=$BATS_TEST_TMPDIR/bare
	mkdir -p "$BARE"/{bin,dev,etc,proc/xen,new,sys/hypervisor/properties}
	mkdir -p "$BARE/sys/devices/system/xen_memory/xen_memory0/info"
	cp "$(command -v busybox)" "$BARE/bin/busybox"
	for applet in $("$BARE/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$BARE/bin/$applet"
	done
	echo xen >"$BARE/sys/hypervisor/type"
	echo 000002b5 >"$BARE/sys/hypervisor/properties/features"
	echo 262144 | tee "$BARE"/sys/devices/system/xen_memory/xen_memory0/{target_kb,info/current_kb} >/dev/null
	: >"$BARE/dev/null"
	mkdir "$BATS_TEST_TMPDIR/packed"
	pack "$BATS_TEST_TMPDIR/packed"
	tar xzf "$BATS_TEST_TMPDIR"/packed/*.tar.gz -C "$BARE/new" --strip-components 1
	files_of "$BARE" >"$BATS_TEST_TMPDIR/before"
}

files_of() {
	(cd "$1" && find . ! -path './calls' | LC_ALL=C sort)
}

# As root of that root, which root of this system needs no namespace for.
in_bare() {
	local enter=(chroot "$BARE")
	[ "$(id -u)" -eq 0 ] || enter=(unshare --map-root-user "--root=$BARE")
	PATH=/bin:/sbin "${enter[@]}" "$@"
}

# fake PROGRAM...: in the bare root they only write down that they were called.
fake() {
	local program
	for program; do
		rm -f "$BARE/bin/$program"
		# shellcheck disable=SC2016 # its own arguments
		printf '#!/bin/sh\necho "%s $*" >>/calls\n' "$program" >"$BARE/bin/$program"
		chmod +x "$BARE/bin/$program"
	done
	files_of "$BARE" >"$BATS_TEST_TMPDIR/before"
}

nothing_changed() {
	same "$(files_of "$BARE")" "$(cat "$BATS_TEST_TMPDIR/before")" "files"
}

@test "install and uninstall on busybox alone, and nothing is left" {
	bare_root
	run -0 in_bare /new/install.sh
	contains "$output" "::respawn:/usr/local/sbin/xenballoon-guest"
	contains "$output" "is installed below /usr/local"
	run -0 in_bare /usr/local/sbin/xenballoon-guest --config.check
	contains "$output" "/etc/xenballoon/guest.conf: right"
	same "$(stat -c %a "$BARE/usr/local/sbin/xenballoon-guest" "$BARE/etc/xenballoon/guest.conf" | xargs)" "755 644"
	run -0 in_bare /new/install.sh install # again, over itself
	run -0 in_bare /new/install.sh uninstall
	contains "$output" "this guest stays at 256 MiB"
	find "$BARE/usr" "$BARE/etc" -mindepth 1 -type d -empty -delete 2>/dev/null
	find "$BARE/usr" -type d -empty -delete
	nothing_changed
}

@test "by systemd: unit enabled and started, paths follow the prefix" {
	bare_root
	fake systemctl
	mkdir -p "$BARE/run/systemd/system"
	run -0 in_bare /new/install.sh --prefix /opt/xb
	same "$(cat "$BARE/calls")" "$(printf 'systemctl %s\n' daemon-reload 'enable xenballoon-guest' \
		'restart xenballoon-guest')"
	grep -qx 'ExecStart=/opt/xb/sbin/xenballoon-guest' "$BARE/etc/systemd/system/xenballoon-guest.service"
	run ! grep -rq /usr/local "$BARE/etc" "$BARE/opt"
	[ ! -e "$BARE/etc/init.d" ]
	rm "$BARE/calls"
	run -0 in_bare /new/install.sh --prefix=/opt/xb uninstall
	same "$(cat "$BARE/calls")" "$(printf 'systemctl %s\n' 'disable --now xenballoon-guest' daemon-reload)"
	same "$(find "$BARE/opt" "$BARE/etc" -type f)" ""
}

@test "by OpenRC: script added and started; a changed guest.conf stays" {
	bare_root
	fake rc-update rc-service
	mkdir -p "$BARE/etc/xenballoon"
	echo 'policy pressure' >"$BARE/etc/xenballoon/guest.conf"
	run -0 in_bare /new/install.sh
	same "$(cat "$BARE/calls")" "$(printf '%s\n' 'rc-update add xenballoon-guest default' \
		'rc-service xenballoon-guest restart')"
	same "$(stat -c %a "$BARE/etc/init.d/xenballoon-guest")" 755
	same "$(cat "$BARE/etc/xenballoon/guest.conf")" 'policy pressure'
	run -0 in_bare /new/install.sh uninstall
	contains "$output" "guest.conf was changed and stays"
	same "$(find "$BARE/usr" "$BARE/etc" -type f | sed "s|$BARE||")" /etc/xenballoon/guest.conf
}

@test "an image is filled without a look at this machine" {
	bare_root
	rm -r "$BARE/sys"
	mkdir "$BARE/image"
	run -0 in_bare env DESTDIR=/image /new/install.sh --prefix /usr
	same "$(cd "$BARE/image" && find . -type f | LC_ALL=C sort | xargs)" "./etc/init.d/xenballoon-guest \
./etc/systemd/system/xenballoon-guest.service ./etc/xenballoon/guest.conf ./usr/sbin/xenballoon-guest \
./usr/share/man/man5/guest.conf.5 ./usr/share/man/man8/xenballoon-guest.8"
	run -0 in_bare env DESTDIR=/image /new/install.sh --prefix /usr uninstall
	same "$(find "$BARE/image" -type f)" ""
}

@test "a kernel without a balloon driver: it warns, and the daemon is there to tell dom0" {
	bare_root
	rm -r "$BARE/sys/devices"
	run -0 in_bare /new/install.sh
	contains "$output" "this kernel has no balloon driver (CONFIG_XEN_BALLOON), so this guest keeps its size"
	contains "$output" "is installed below /usr/local"
	run -0 in_bare /new/install.sh uninstall
	[[ $output != *"this guest stays at"* ]]
}

# refuses TEXT ARGUMENT...: with that text, and nothing is changed.
refuses() {
	local text=$1
	shift
	run -1 in_bare /new/install.sh "$@"
	contains "$output" "not done: $text"
	nothing_changed
}

@test "it refuses where it makes no sense, says why, and changes nothing" {
	bare_root
	refuses "--prefix opt: it must begin with /" --prefix opt
	refuses "--prefix /o pt: letters" --prefix "/o pt"
	run -2 in_bare /new/install.sh nonsense
	contains "$output" "usage:"
	nothing_changed
	echo 00000ab5 >"$BARE/sys/hypervisor/properties/features"
	refuses "this is dom0"
	rm "$BARE/sys/hypervisor/properties/features"
	echo control_d >"$BARE/proc/xen/capabilities"
	files_of "$BARE" >"$BATS_TEST_TMPDIR/before"
	refuses "this is dom0"
	: >"$BARE/proc/xen/capabilities"
	echo kvm >"$BARE/sys/hypervisor/type"
	refuses "this is no guest of Xen"
	rm -r "$BARE/sys/hypervisor"
	files_of "$BARE" >"$BATS_TEST_TMPDIR/before"
	refuses "this is no guest of Xen"
	mkdir "$BARE/sys/hypervisor"
	echo xen >"$BARE/sys/hypervisor/type"
	mkdir "$BARE/usr" "$BARE/usr/sbin"
	: >"$BARE/usr/sbin/xenballoon-guest"
	files_of "$BARE" >"$BATS_TEST_TMPDIR/before"
	refuses "/usr/sbin/xenballoon-guest is there already"
	printf '\177ELF' >"$BARE/new/xenballoon-guest"
	refuses "/new/xenballoon-guest does not run here"
}
