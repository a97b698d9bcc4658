# shellcheck shell=bash
# shellcheck disable=SC2154 # variables that run and its other parts set
# SPDX-License-Identifier: MIT
#
# Installing, as README's chapter says and in the running systems: what is there afterwards, who may use
# it, and that nobody finds a word in a journal to worry about. Sourced by tests/field/run.

# readme COMMAND: prints it; fails unless README has it, word for word, as a line to type.
readme() {
	awk -v line="    $1" 'index($0, line) == 1 && substr($0, length(line) + 1) ~ /^( +#.*)?$/ { found = 1 }
		END { exit !found }' "$top/README.md" || fail "README.md has no line to type that says: $1"
	printf '%s\n' "$1"
}

# typed COMMAND: in dom0, in the folder of the packages.
typed() {
	local command
	command=$(readme "$1") || exit
	dom0 "cd /srv/repo && $command"
}

settled() {
	[[ $(ask "systemctl is-system-running") =~ ^(running|degraded)$ ]]
}

guest_settled() {
	[[ $(guest "$1" "systemctl is-system-running") =~ ^(running|degraded)$ ]]
}

# What a unit has said since the system came up. What everybody may see is left out: by this all that is
# new in a journal has to be looked at.
usual='^(Start|Stopp|Reload)(ing|ed) xenballoon|^xenballoon-(agent|guest)\.service: (Deactivated successfully|Consumed )
^/etc/xenballoon/agent.yml: fine$
^info: (SNMP: snmp.config is empty|configuration reloaded|ending on Terminated|users that were added|(http|(http|snmp)\.listen): listening on |xenballoon-agent [0-9.]+ is up)
^info: domain [0-9]+ \([-0-9a-f]+\): selfballoon is on again, as decided$
^xenballoon-guest: (reporting to dom0|selfballoon is (on|off))$'

# unusual UNIT [GUEST]
unusual() {
	local show="journalctl -q -b -u $1 -o cat --no-pager"
	if [ $# -eq 1 ]; then
		ask "$show"
	else
		guest "$2" "$show"
	fi | grep -vE "$usual"
}

test_dom0_comes_up() {
	wait_for 300 "dom0's units" settled
	must_be "failed units in dom0" "$(ask 'systemctl --failed --no-legend | wc -l')" = 0
	note "$(ask 'systemd-analyze | head -n 1; xl info | grep -E "^xen_version|^release"')"
	must_be "devices of Xen's that others than root may open" \
		"$(ask 'find /dev/xen -type c ! \( -user root -perm 0600 \) | wc -l')" = 0
}

test_agent_by_apt_get() {
	DOM0_TIME=400 must "apt-get update" dom0 "mountpoint -q /srv/repo || mount /srv/repo; apt-get -q update | tail -n 1"
	DOM0_TIME=400 must "apt-get install" typed 'sudo apt-get install ./xenballoon-agent_*.deb ./xenballoon_*.deb'
	must_be "the agent" "$(ask 'systemctl is-active xenballoon-agent')" = active
	must_be "it starts with the host" "$(ask 'systemctl is-enabled xenballoon-agent')" = enabled
	must "doctor" typed 'sudo xenballoon doctor'
	must "metrics" typed 'curl -s http://127.0.0.1:10047/metrics | grep domain_memory'
	must_be "ready" "$(ask 'curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:10047/-/ready')" = 200
}

# OWNER:GROUP MODE PATH of what others than root must not have.
rights='root:root 700 /var/lib/xenballoon/snmp
root:root 750 /var/lib/xenballoon
root:root 750 /var/log/xenballoon
root:root 600 /var/log/xenballoon/audit.log
root:xenballoon 660 /run/xenballoon/agent.sock
root:root 644 /etc/xenballoon/agent.yml'

# The files of SNMP's engine have keys in them.
test_only_operators_get_in() {
	local owner mode path
	while read -r owner mode path; do
		must_be "$path" "$(ask "stat -c '%U:%G %a' $path")" = "$owner $mode"
	done <<<"$rights"
	must_be "open files of the SNMP engine" "$(ask 'find /var/lib/xenballoon/snmp -type f -perm /077 | wc -l')" = 0
	must "a user in the group xenballoon" dom0 "useradd -G xenballoon carol && sudo -u carol xenballoon list"
	must_not "one who is not in it" dom0 "useradd dave && sudo -u dave xenballoon on --all"
}

install_guest() {
	local command
	command=$(readme 'sudo apt-get install ./xenballoon-guest_*.deb') || exit
	wait_for 400 "$1's userland" is_up "$1"
	wait_for 400 "$1's units" guest_settled "$1"
	GUEST_TIME=400 DOM0_TIME=420 must "$1: apt-get install" guest "$1" \
		"mountpoint -q /srv/repo || mount /srv/repo; cd /srv/repo && apt-get -q update >/dev/null && $command 2>&1 | tail -n 2"
	must_be "$1: the daemon" "$(guest "$1" 'systemctl is-active xenballoon-guest')" = active
	must "$1: status" guest "$1" "$(readme 'xenballoon-guest status')"
	wait_for 60 "$1's report" is "$1" actual_kib -gt 0
	must_be "$1: state" "$(member "$1" state)" = converged
}

test_guests_by_apt_get() {
	each install_guest
	must "list" typed 'xenballoon list'
	must_be "guests that never reported, says doctor" \
		"$(ask 'xenballoon doctor | grep -c "all guests report (3)"')" = 1
	[ -z "${without_cap:-}" ] || each drop_capability
}

quiet_guest() {
	local text
	text=$(unusual xenballoon-guest "$1")
	[ -z "$text" ] || fail "$1's journal: $text"
	must_be "$1: failed units" "$(guest "$1" 'systemctl --failed --no-legend | wc -l')" = 0
}

test_journals_are_quiet() {
	local text
	text=$(unusual xenballoon-agent)
	[ -z "$text" ] || fail "dom0's journal: $text"
	each quiet_guest
}
