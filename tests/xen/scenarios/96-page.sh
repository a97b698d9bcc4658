# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# The live page as a browser on this machine shows it of real Xen: one guest gives memory back, takes
# some of it again and sizes itself, the other keeps what it has. Leaves page-*.png in build/xen. By
# name only, as it judges little.

scenario_page_types() {
	echo all
}

page_settled() {
	http GET /api/v1/domains/pv1 | jq -e '.state == "converged"' >/dev/null
}

page_holds() {
	guest pv1 'cat /tmp/take.log' | grep -q 'holding 120'
}

scenario_page() {
	local before floor
	before=$(allocated_of pv1)
	floor=$(key pv1 minimum)
	must "selfballoon on for pv1" selfballoon pv1 true
	wait_for 300 "pv1 to have given back half of what it can" \
		shrink_below pv1 $((before - (before - floor) / 2))
	guest pv1 'take 120 8 >/tmp/take.log 2>&1 &' >/dev/null
	wait_for 300 "120 MiB for a program in pv1" page_holds
	wait_for 240 "pv1 to be what it wants" page_settled
	must "pictures of the page" "$top/tests/browser/run" shot "$URL" "$OPERATOR_TOKEN" "$out" page pv1
	guest pv1 'kill $(pidof take)' >/dev/null
}
