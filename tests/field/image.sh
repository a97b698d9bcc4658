#!/bin/bash
# SPDX-License-Identifier: MIT
#
# image.sh RELEASE DEB...: the disks that the field tier boots, in build/field/RELEASE/: dom0.raw and
# guest.raw are that Debian with systemd, made from packages alone; beside them hypervisor, kernel,
# initramfs, the boot disk of HVM guests, and in repo/ what installing the packages named needs. Kept
# until a script here, or what those packages depend on, changes. Needs root.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
release=$1
out=$top/build/field/$release
shift

say() {
	echo "field: $*" >&2
}

# What an image is made of, as one number.
fingerprint() {
	local deb
	for deb; do
		dpkg-deb -f "$deb" Package Depends | sed 's/([^)]*)//g'
	done | cat - "$here"/image.sh "$here"/image/* "$top/tests/xen/image/dom0-guest" | sha256sum | cut -c 1-16
}

# Where this machine gets Debian from, as apt's sources for RELEASE.
sources() {
	local own
	own=$(. /etc/os-release && echo "$VERSION_CODENAME")
	[ -n "$(ls /var/lib/apt/lists/*Packages* 2>/dev/null)" ] || apt-get -qq update >&2
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' \
		'Created-By: Packages' 'COMPONENT: main' | sort -u |
		while read -r origin uri suite; do
			case $origin:$suite in
			Debian:"$own" | Debian:"$own"-security | Debian:"$own"-updates)
				echo "deb $uri $release${suite#"$own"} main"
				;;
			esac
		done
}

# How its apt reaches them.
ways() {
	apt-config dump |
		grep -E '^(Acquire::(http|https|Check-|Retries|ForceIPv|AllowInsecure)|APT::Sandbox::User)'
}

key=$(fingerprint "$@")
if [ -e "$out/made" ] && [ "$(cat "$out/made")" = "$key" ]; then
	exit 0
fi
[ "$(id -u)" -eq 0 ] || {
	say "making a Debian's disks needs root"
	exit 1
}
rm -rf "$out"
mkdir -p "$out/debs"
say "making the disks of Debian $release (a minute)"
sources >"$out/sources.list"
ways >"$out/apt.conf"
cp "$@" "$out/debs/"
TMPDIR=${TMPDIR:-/var/tmp} mmdebstrap --mode=root --variant=apt --format=null --aptopt="$out/apt.conf" \
	--include=systemd-sysv,udev,kmod,sudo,xenstore-utils,iproute2,procps,ca-certificates \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt=force-unsafe-io \
	--customize-hook="$here/image/customize \"\$1\" $out" \
	"$release" - - <"$out/sources.list" >"$out/made.log" 2>&1 || {
	tail -n 20 "$out/made.log" >&2
	say "no disks; all that was said is in ${out#"$top/"}/made.log"
	exit 1
}
rm -rf "$out/debs"
echo "$key" >"$out/made"
