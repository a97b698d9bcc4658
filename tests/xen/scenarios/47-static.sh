# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The static daemon, which speaks xenstore's protocol itself, over the real /dev/xen/xenbus: the guest
# reports, gives memory back and takes it again, as with the daemon that has libxenstore.

scenario_static_types() {
	echo pv
}

# static_runs NAME PROGRAM
static_runs() {
	# shellcheck disable=SC2016 # for the guest
	guest "$1" 'readlink /proc/$(pidof xenballoon-guest)/exe' | grep -qx "$2"
}

# static_take NAME PROGRAM: ends the daemon as an upgrade does, and lets the guest's init start this one.
static_take() {
	must "$2 in $1" guest "$1" "echo $2 >/run/daemon; kill -INT \$(pidof xenballoon-guest)"
	wait_for 60 "$2" static_runs "$1" "$2"
}

static_at() {
	[ "$(size "$1" actual)" -eq "$2" ]
}

scenario_static() {
	local name=${1}1
	must "off" selfballoon "$name" false
	must "target of 448 MiB" target "$name" 458752
	wait_for 120 "$name at 448 MiB" static_at "$name" 458752
	static_take "$name" /usr/sbin/static/xenballoon-guest
	# shellcheck disable=SC2016 # for the guest
	must "its way to xenstore" guest "$name" 'ls -l /proc/$(pidof xenballoon-guest)/fd | grep -o /dev/xen/xenbus'
	must "no library" guest "$name" '! grep -q "\.so" /proc/$(pidof xenballoon-guest)/maps'
	scenario_shrink_grow "$1"
	must "off" selfballoon "$name" false
	static_take "$name" /usr/sbin/xenballoon-guest
}
