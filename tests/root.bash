# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A bare root of this Debian, by mmdebstrap from this machine's own sources of apt, and commands in it.

# How this machine's apt reaches its mirrors.
root_ways() {
	apt-config dump | grep -E '^(Acquire::(http|https|Check-|Retries|ForceIPv|AllowInsecure|Languages)|APT::Sandbox::User)'
}

# root_sources RELEASE: apt's lines for its main part, with updates and security.
root_sources() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v release="$1" '$3 == "main" && $2 ~ "^" release "(-updates|-security)?$" { print "deb", $1, $2, "main" }' |
		sort -u
}

# root_make RELEASE FOLDER: systemd and what packages' scripts call; no service ever starts.
root_make() {
	root_ways >"$2.ways"
	root_sources "$1" >"$2.sources"
	mmdebstrap --mode=root --variant=minbase --include=ca-certificates,systemd --aptopt="$2.ways" \
		--dpkgopt=force-unsafe-io "$1" "$2.new" - <"$2.sources" || return
	cat /etc/ssl/certs/ca-certificates.crt >"$2.new/etc/ssl/certs/ca-certificates.crt"
	mv "$2.new" "$2"
}

# root_run FOLDER COMMAND...: in namespaces whose end takes mounts and processes away.
root_run() {
	# shellcheck disable=SC2016 # for the shell inside
	env -u MAKEFLAGS HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		unshare --mount --pid --fork --kill-child sh -ec '
		mount --bind "$1" "$1"
		mount --rbind /dev "$1/dev"
		mount -t proc proc "$1/proc"
		cp /etc/resolv.conf /etc/hosts "$1/etc/"
		root=$1
		shift
		exec chroot "$root" "$@"' sh "$@" </dev/null
}
