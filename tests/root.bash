# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Bare roots of Debian 12 or 13, by mmdebstrap from this machine's own sources of apt, and commands in
# them. Needs root and a mount namespace.

root_here() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# root_refusal: why none can be made here; nothing if one can.
root_refusal() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "needs root to make a bare Debian: sudo $0"
	else
		unshare --mount --pid --fork true 2>&1 | sed 's/^/no mount namespace can be made here: /'
	fi
}

# How this machine's apt reaches its mirrors.
root_ways() {
	apt-config dump | grep -E '^(Acquire::(http|https|Check-|Retries|ForceIPv|AllowInsecure|Languages)|APT::Sandbox::User)'
}

# root_sources RELEASE: apt's lines for its main part, with updates and security, where this machine's apt
# has those of its own release.
root_sources() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
		awk -v here="$(root_here)" -v release="$1" '
		$3 == "main" && ($4 == "Debian" || $4 ~ /^\$|^$/) && split($2, part, "-") && part[1] == here &&
		(part[2] == "" || part[2] == "updates" || part[2] == "security") {
			sub(here, release, $2)
			print "deb", $1, $2, "main"
		}' | sort -u
}

# root_key RELEASE FILE...: what a root depends on; a week's security updates are not worth a new one.
root_key() {
	{
		cat tests/root.bash "${@:2}"
		root_sources "$1"
		date +%G-%V
	} | sha256sum | cut -c 1-12
}

# root_make RELEASE FOLDER PACKAGE...: apt, these packages and what the functions here need. No service
# ever starts.
root_make() {
	local ways=$2.ways sources=$2.sources packages
	packages=$(printf '%s,' mount ca-certificates "${@:3}")
	root_ways >"$ways"
	root_sources "$1" >"$sources"
	[ -s "$sources" ] || {
		echo "E: apt's sources have no $(root_here) main, so there is no mirror to take $1 from"
		return 1
	}
	cat "$sources"
	mmdebstrap --mode=root --variant=apt --include="${packages%,}" --aptopt="$ways" \
		--dpkgopt=force-unsafe-io "$1" "$2.new" - <"$sources" || return
	printf '#!/bin/sh\nexit 101\n' >"$2.new/usr/sbin/policy-rc.d"
	chmod +x "$2.new/usr/sbin/policy-rc.d"
	cat /etc/ssl/certs/ca-certificates.crt >"$2.new/etc/ssl/certs/ca-certificates.crt"
	mv "$2.new" "$2"
}

# root_run FOLDER COMMAND...: in namespaces whose end takes mounts and processes away. It is the root of
# its mounts, as in a chroot nobody may make a user namespace.
root_run() {
	# shellcheck disable=SC2016 # for the shell inside
	env -u MAKEFLAGS -u BUILD -u LANE HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		unshare --mount --pid --fork --kill-child sh -ec '
		mount --bind "$1" "$1"
		mount --rbind /dev "$1/dev"
		mount --rbind /sys "$1/sys"
		mount -t proc proc "$1/proc"
		cp /etc/resolv.conf /etc/hosts "$1/etc/"
		cd "$1"
		shift
		pivot_root . .
		umount -l .
		cd /
		exec "$@"' sh "$@" </dev/null
}
