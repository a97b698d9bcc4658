# shellcheck shell=bash
# shellcheck disable=SC2154 # variables that run and its other parts set
# SPDX-License-Identifier: MIT
#
# Steering guests of each type that sit in their installed systems: by command line, HTTP and SNMP, as
# README says, each by the principal who may. Sourced by tests/field/run.

# The sizes that hypervisor and guest agree on, whichever constant lies between them.
at_rest() {
	[ "$(member "$1" state)" = converged ]
}

rests() {
	wait_for 180 "$1 to be converged" at_rest "$1"
	note "$1: $(member "$1" reason)"
}

# It goes on in steps that get smaller, which nobody has to wait for.
shrinks() {
	wait_for 300 "$1 to have shrunk" is "$1" actual_kib -lt $((250 * 1024))
	note "$1: $(member "$1" reason)"
}

test_on_gives_memory_back() {
	must "advise" typed 'xenballoon advise'
	must "on" typed 'xenballoon on web1 web2'
	must "on" dom0 "xenballoon on web3"
	each shrinks
	must "explain" typed 'xenballoon explain web1'
}

# target NAME MIB: and the hypervisor has it so.
target() {
	DOM0_TIME=240 must "target $1 ${2}M" dom0 "xenballoon target $1 ${2}M --wait"
	rests "$1"
	note "xl: $(ask "xl list $1 | tail -n 1")"
}

# An HVM guest has video memory that its target counts and its balloon driver doesn't.
test_off_and_a_target() {
	must "off" typed 'xenballoon off web1'
	must "off" dom0 "xenballoon off web2 web3"
	each rests
	DOM0_TIME=240 must "target" typed 'xenballoon target web1 512M --wait'
	target web2 300
	target web3 300
	each rests
}

# set_in FILE-OF-DOM0 KEY VALUE: as by an editor.
configure() {
	must "agent.yml: $1" dom0 "sed -i 's|^  $1: .*|  $1: $2|' /etc/xenballoon/agent.yml && grep -qx '  $1: $2' /etc/xenballoon/agent.yml"
}

test_http_by_an_operators_token() {
	local make
	configure principal_file /etc/xenballoon/principals
	make=$(readme "token=\$(sudo xenballoon token make alice --role operator --expires 90d --file /etc/xenballoon/principals)") || exit
	must "token" dom0 "umask 077; $make; echo \$token >/run/token; stat -c %a /etc/xenballoon/principals; systemctl reload xenballoon-agent"
	must "without the token" dom0 "curl -s -o /dev/null -w '%{http_code}' -d enabled=1 http://127.0.0.1:10047/api/v1/domains/web1/selfballoon | grep -x 401"
	wait_for 20 "the token to be known" dom0 "curl -s -H \"Authorization: Bearer \$(cat /run/token)\" http://127.0.0.1:10047/api/v1/whoami | grep alice"
	must "POST" dom0 "token=\$(cat /run/token)
$(readme 'operator="Authorization: Bearer $token" api=http://127.0.0.1:10047/api/v1')
$(readme 'curl -s -H "$operator" -d enabled=1 $api/domains/web1/selfballoon')"
	shrinks web1
	must "who did it" dom0 "xenballoon audit | grep 'alice.*web1'"
	must "off" typed 'xenballoon off web1'
	rests web1
}

snmp_as() {
	echo "-v3 -l authPriv -u $1 -a SHA-256 -A long-enough-phrase -x AES-256 -X long-enough-phrase"
}

# ROOT_OID.1.2.1.8 is xbDomainTarget, in KiB.
test_snmp_by_another() {
	local target
	target=1.3.6.1.4.1.8072.9999.9999.2008.1.2.1.8.$(domid web2)
	configure config /etc/xenballoon/snmp.conf
	must "users" dom0 "umask 077; : >/etc/xenballoon/snmp.conf
echo long-enough-phrase | $(readme 'xenballoon-agent snmp-user add alice --role operator')
echo long-enough-phrase | $(readme 'xenballoon-agent snmp-user add nms --role viewer')
systemctl restart xenballoon-agent"
	must "a viewer reads" dom0 "snmpget $(snmp_as nms) 127.0.0.1:1161 $target"
	must_not "a viewer writes" dom0 "snmpset $(snmp_as nms) 127.0.0.1:1161 $target u 360448"
	must "an operator writes" dom0 "snmpset $(snmp_as alice) 127.0.0.1:1161 $target u 360448"
	wait_for 120 "web2's target" is web2 target_kib = 360448
	rests web2
	must "doctor" dom0 "xenballoon doctor | grep -q ' 0 to look at, 0 failed'"
}

drop_in=/etc/systemd/system/xenballoon-guest.service.d

drop_capability() {
	must "$1: a drop-in" guest "$1" "mkdir -p $drop_in && printf '[Service]\nCapabilityBoundingSet=~CAP_SYS_ADMIN\n' >$drop_in/drop.conf &&
		systemctl daemon-reload && systemctl restart xenballoon-guest"
}

# Without the capability that Linux asks for, nothing moves, and dom0 says why.
test_a_unit_without_the_capability() {
	drop_capability web2
	wait_for 60 "web2 to be refused" is web2 state = refused
	note "$(member web2 reason)"
	[[ $(member web2 reason) == *"refuses: Operation not permitted"* ]] || fail "the reason says nothing of it"
	[[ $(ask "xenballoon on web2 2>&1") == *"Operation not permitted"* ]] || fail "on says nothing of it"
	must "the drop-in away" guest web2 "rm -r $drop_in && systemctl daemon-reload && systemctl restart xenballoon-guest"
	shrinks web2
	must "off" dom0 "xenballoon off web2"
	rests web2
}
