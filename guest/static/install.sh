#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the static xenballoon-guest on any Linux, or removes it; POSIX sh, busybox will do. Started
# from the folder that the tar.gz unpacks to. See usage() for what it takes.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
prefix=/usr/local
root=${DESTDIR-}
name=xenballoon-guest

usage() {
	cat <<-EOT
		usage: ./install.sh [--prefix DIR] [install | uninstall]

		install    puts xenballoon-guest below $prefix, its unit (systemd) or script (OpenRC) where
		           this system has it, enables it and starts it; installs over an older one
		uninstall  stops it and removes what install put there; a changed guest.conf stays
		--prefix   instead of $prefix

		With DESTDIR=DIR in the environment it fills an image below DIR: nothing is checked,
		enabled or started.
	EOT
}

say() {
	printf '%s: %s\n' "$name" "$*"
}

refuse() {
	printf '%s: not done: %s\n' "$name" "$*" >&2
	exit 1
}

# --- where this is ---

# The bit XENFEAT_dom0 of the features; kernels without that file say it in /proc/xen.
is_dom0() {
	if [ -r /sys/hypervisor/properties/features ]; then
		features=$(cat /sys/hypervisor/properties/features)
		[ $((0x$features >> 11 & 1)) -eq 1 ]
	else
		grep -qs control_d /proc/xen/capabilities
	fi
}

check_place() {
	[ "$(id -u)" -eq 0 ] || refuse "only root may do this"
	"$here/$name" --version >/dev/null 2>&1 ||
		refuse "$here/$name does not run here: it is for another machine than $(uname -m)"
	[ "$(cat /sys/hypervisor/type 2>/dev/null)" = xen ] ||
		refuse "this is no guest of Xen: /sys/hypervisor/type does not say xen"
	! is_dom0 || refuse "this is dom0, which is not sized by xenballoon; install it in guests"
	for other in /usr/sbin /usr/local/sbin; do
		[ "$other" = "$prefix/sbin" ] || [ ! -e "$other/$name" ] ||
			refuse "$other/$name is there already; remove it first, or take --prefix ${other%/sbin}"
	done
}

# Such a guest keeps its size, but reports, and dom0 shows why nothing moves.
warn_of_driver() {
	[ -e /sys/devices/system/xen_memory/xen_memory0/target_kb ] ||
		say "this kernel has no balloon driver (CONFIG_XEN_BALLOON), so this guest keeps its size;" \
			"the daemon reports that to dom0"
}

# What starts services: systemd, openrc or none.
init_system() {
	if [ -n "$root" ]; then
		echo none
	elif [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then
		echo systemd
	elif command -v rc-update >/dev/null && command -v rc-service >/dev/null; then
		echo openrc
	else
		echo none
	fi
}

# --- files ---

# put MODE FILE TO: a program that runs is replaced, not overwritten.
put() {
	mkdir -p "$root$(dirname "$3")"
	sed "s|/usr/local|$prefix|g" "$here/$2" >"$root$3.new"
	chmod "$1" "$root$3.new"
	mv -f "$root$3.new" "$root$3"
}

put_program() {
	mkdir -p "$root$prefix/sbin"
	cp "$here/$name" "$root$prefix/sbin/$name.new"
	chmod 0755 "$root$prefix/sbin/$name.new"
	mv -f "$root$prefix/sbin/$name.new" "$root$prefix/sbin/$name"
}

put_files() {
	put_program
	put 0644 $name.8 "$prefix/share/man/man8/$name.8"
	put 0644 guest.conf.5 "$prefix/share/man/man5/guest.conf.5"
	[ -e "$root/etc/xenballoon/guest.conf" ] || put 0644 guest.conf /etc/xenballoon/guest.conf
	if [ "$1" = systemd ] || [ -n "$root" ]; then
		put 0644 $name.service /etc/systemd/system/$name.service
	fi
	if [ "$1" = openrc ] || [ -n "$root" ]; then
		put 0755 $name.openrc /etc/init.d/$name
	fi
}

remove_files() {
	rm -f "$root$prefix/sbin/$name" "$root$prefix/share/man/man8/$name.8" \
		"$root$prefix/share/man/man5/guest.conf.5" \
		"$root/etc/systemd/system/$name.service" "$root/etc/init.d/$name"
	[ -e "$root/etc/xenballoon/guest.conf" ] || return 0
	if cmp -s "$here/guest.conf" "$root/etc/xenballoon/guest.conf"; then
		rm "$root/etc/xenballoon/guest.conf"
		rmdir "$root/etc/xenballoon" 2>/dev/null || true
	else
		say "/etc/xenballoon/guest.conf was changed and stays"
	fi
}

# --- what is done ---

start_service() {
	case $1 in
	systemd)
		systemctl daemon-reload
		systemctl enable $name
		systemctl restart $name
		;;
	openrc)
		rc-update add $name default
		rc-service $name restart
		;;
	none)
		[ -n "$root" ] ||
			say "found neither systemd nor OpenRC. Let your init start $prefix/sbin/$name and start" \
				"it again when it ends; with busybox a line of /etc/inittab does that:" \
				"::respawn:$prefix/sbin/$name"
		;;
	esac
}

stop_service() {
	case $1 in
	systemd)
		[ ! -e /etc/systemd/system/$name.service ] || systemctl disable --now $name
		;;
	openrc)
		[ ! -e /etc/init.d/$name ] || {
			rc-service $name --ifstarted stop
			rc-update del $name default
		}
		;;
	esac
}

do_install() {
	[ -n "$root" ] || check_place
	init=$(init_system)
	put_files "$init"
	start_service "$init"
	[ -n "$root" ] || warn_of_driver
	say "$("$here/$name" --version) is installed below $root$prefix"
}

do_uninstall() {
	[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || refuse "only root may do this"
	init=$(init_system)
	stop_service "$init"
	remove_files
	[ "$init" != systemd ] || systemctl daemon-reload
	say "removed"
	kib=$(cat /sys/devices/system/xen_memory/xen_memory0/info/current_kb 2>/dev/null || true)
	[ -n "$root" ] || [ -z "$kib" ] ||
		say "this guest stays at $((kib / 1024)) MiB until dom0 changes that: xl mem-set NAME SIZE"
}

action=install
while [ $# -gt 0 ]; do
	case $1 in
	--prefix)
		[ $# -ge 2 ] || { usage >&2 && exit 2; }
		prefix=${2%/}
		shift
		;;
	--prefix=*) prefix=${1#*=} prefix=${prefix%/} ;;
	install | uninstall) action=$1 ;;
	-h | --help) usage && exit ;;
	*) usage >&2 && exit 2 ;;
	esac
	shift
done
case $prefix in
/*[!A-Za-z0-9/._-]*) refuse "--prefix $prefix: letters, digits and ./_- make a prefix" ;;
/*) ;;
*) refuse "--prefix $prefix: it must begin with /" ;;
esac
do_"$action"
