#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The command line where somebody sits before it: `top` on a terminal and as plain text, and what
# the Tab key offers.
# shellcheck disable=SC2154 # bats sets stderr

load lib.bash
load cli.bash

setup_file() {
	host_new
	PATH=$BUILD:$PATH
	bed_start --guests 2 --host-mib 2048 --memory-mib 400
	bed create db1 --memory-mib 128 --static-max-mib 256 --daemon no --poster no
	bed create evil --memory-mib 128 --static-max-mib 256 --daemon no --poster no
	store_write "/local/domain/$(domid evil)/name" $'x; touch /tmp/evil \033[31m'
	cli_tokens
	agent_start
	unset XENBALLOON_URL
	export XENBALLOON_SOCKET=$HOST_DIR/agent.sock
	wait_until 10 cli show db1
}

teardown_file() {
	host_down
}

# --- a terminal that a test can type into and read ---

screen_start() { # COMMAND...
	tmux -S "$HOST_DIR/tmux" -f /dev/null new-session -d -s screen -x 110 -y 14 \
		"LC_ALL=C.UTF-8 $(printf '%q ' "$@"); echo ended \$?; sleep 60"
}

screen() {
	tmux -S "$HOST_DIR/tmux" capture-pane -p -t screen
}

shows() { # REGULAR-EXPRESSION
	screen | grep -qE -- "$1"
}

hides() { # REGULAR-EXPRESSION
	run screen
	! grep -qE -- "$1" <<<"$output"
}

keys() {
	tmux -S "$HOST_DIR/tmux" send-keys -t screen "$@"
}

@test "top: as plain text, so many pictures, in the order that is asked for" {
	run -0 cli top -b -n 2 -d 1s --sort name
	same "$(grep -c '^NAME ' <<<"$output")" 2 pictures
	contains "${lines[0]}" "$(uname -n): "
	contains "${lines[0]}" "4 guests, 0 selfballooning"
	contains "${lines[2]}" "db1 "
	[[ ${lines[2]} =~ \[#+\|?#*\.+\]\ +128\ MiB\ +-\ +128\ MiB\ +256\ MiB\ +- ]]
	contains "$output" 'x; touch /tmp/ev'
	[[ $output != *$'\033'* ]]
	run -2 cli top -b --sort size
	run -0 cli top -b -n 1 --sort -pressure
	run -2 --separate-stderr cli top </dev/null
	contains "$stderr" "-b prints plain text"
	run -3 cli top -b -n 1 --socket /nowhere
}

@test "top: live: order, filter, and a guest that is switched after a question" {
	screen_start "$BUILD/xenballoon" top -d 1s
	wait_until 15 shows '^guest1 +.*400 MiB'
	keys /
	wait_until 5 shows 'Show guests whose name or state has:'
	keys d b Enter
	wait_until 5 hides '^guest1'
	shows '^db1'
	keys o
	wait_until 5 shows 'Turn selfballooning on in db1\? y or n'
	keys n
	wait_until 5 hides 'y or n'
	same "$(http GET /api/v1/domains/db1 | jq .selfballoon)" false
	keys o
	wait_until 5 shows 'Turn selfballooning on in db1\? y or n'
	keys y
	wait_until 5 shows 'db1: selfballooning is on'
	same "$(http GET /api/v1/domains/db1 | jq .selfballoon)" true
	wait_until 5 shows '1 selfballooning'
	keys / Escape
	wait_until 5 shows '^guest1'
	keys s
	wait_until 5 shows 'sort \(target'
	keys r
	wait_until 5 shows 'sort \(target\)'
	tmux -S "$HOST_DIR/tmux" resize-window -t screen -x 60 -y 8
	wait_until 5 shows '^q quit'
	keys q
	wait_until 5 shows 'ended 0'
	tmux -S "$HOST_DIR/tmux" kill-server
	cli off db1
}

@test "top: an agent that goes away is said, and the screen goes on when it is back" {
	screen_start "$BUILD/xenballoon" top -d 1s
	wait_until 15 shows '^guest1'
	agent_stop
	wait_until 15 shows "1 of 1 hosts don't answer"
	agent_start
	wait_until 15 shows '^guest1'
	keys C-c
	wait_until 5 shows 'ended 0'
	tmux -S "$HOST_DIR/tmux" kill-server
}

# Each size ends where its heading does, and no line is wider than the screen.
aligned() { # COLUMNS TEXT
	local title at
	for title in HAS WANTS TARGET WAIT; do
		at=$(awk -v t="$title" '/^NAME/ { print index($0, t) + length(t) - 1 }' <<<"$2")
		same "$(awk -v at="$at" 'NR > 2 && (substr($0, at, 1) == " " || substr($0, at + 1, 1) ~ /[^ ]/)' <<<"$2")" "" \
			"lines whose $title stands elsewhere, at $1 columns"
	done
	same "$(awk -v most="$1" 'length($0) > most' <<<"$2")" "" "lines beyond $1 columns"
}

@test "top: headings stand over their numbers at any width, and the bar's signs have one meaning" {
	local columns
	for columns in 60 80 100 132 200; do
		run -0 on_columns $columns top -b -n 1
		[ $columns -lt 80 ] || aligned $columns "$output"
	done
	run -0 on_columns 110 top -b -n 1
	contains "$output" "# has | target + wants"
	contains "$(cli explain db1)" "# has | target + wants"
	screen_start "$BUILD/xenballoon" top -d 1s
	wait_until 15 shows '^guest1'
	keys '?'
	wait_until 5 shows 'A bar is one guest'
	keys x
	wait_until 5 shows '^guest1'
	keys q
	wait_until 5 shows 'ended 0'
	tmux -S "$HOST_DIR/tmux" kill-server
}

on_columns() { # COLUMNS COMMAND...
	local columns=$1
	shift
	script -qec "stty cols $columns; NO_COLOR=1 $(printf '%q ' "$BUILD/xenballoon" "$@")" /dev/null </dev/null | tr -d '\r'
}

# tab LINE: what the Tab key offers at its end.
tab() {
	bash -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
		last=${2##*[ =]}
		_xenballoon xenballoon "$last" ""; printf "%s\n" "${COMPREPLY[@]}"' \
		tab "$ROOT/control/cli/xenballoon.bash" "$1" | sort | tr '\n' ' '
}

@test "completion: commands, their options, and the guests that there are" {
	same "$(tab 'xenballoon ex')" "explain "
	contains "$(tab 'xenballoon ')" "doctor "
	same "$(tab 'xenballoon explain g')" "guest1 guest2 "
	same "$(tab "xenballoon --url $URL on guest1 ")" "db1 guest1 guest2 "
	same "$(tab 'xenballoon --socket /nowhere explain ')" " "
	same "$(tab 'xenballoon target guest1 512M --w')" "--wait= "
	same "$(tab 'xenballoon target guest1 ')" " "
	same "$(tab 'xenballoon policy guest1 pre')" "pressure pressure_ms= "
	same "$(tab 'xenballoon policy guest1 pressure floo')" "floor= "
	same "$(tab 'xenballoon policy guest1 --res')" "--reset "
	same "$(tab 'xenballoon list --c')" "--ca= --cert= --csv "
	same "$(tab 'xenballoon list --sort -pre')" "-pressure "
	same "$(tab 'xenballoon list -o name,sta')" "name,state name,static_max "
	same "$(tab 'xenballoon list --state cra')" "crashed "
	same "$(tab 'xenballoon audit --result soft')" "soft_limit "
	same "$(tab 'xenballoon check -w fr')" "free= "
	same "$(tab 'xenballoon token ')" "list make revoke "
	same "$(tab 'xenballoon token make x --role ')" "operator viewer "
	same "$(tab 'xenballoon --token-file /etc/host')" "$(compgen -f /etc/host | sort | tr '\n' ' ')"
	bed create newcomer --memory-mib 32 --static-max-mib 64 --daemon no --poster no
	wait_until 10 eval '[ "$(tab "xenballoon show new")" = "newcomer " ]'
}

@test "many guests are switched a few at a time, each answered once" {
	local i count
	for i in {1..18}; do
		bed create "tiny$i" --memory-mib 16 --static-max-mib 32 --daemon no --poster no >/dev/null
	done
	wait_until 20 cli show tiny18
	count=$(cli list --json | jq length)
	run -0 cli on --all --dry-run
	same "$(grep -c 'would be: selfballooning on' <<<"$output")" "$count" answers
	run -0 cli off --all
	same "$(grep -c ': selfballooning off' <<<"$output")" "$count" answers
	same "$(grep ': selfballooning off' <<<"$output" | sort -u | wc -l)" "$count" guests
}

# Each command on the sanitizers' build of the program. `make check` has made it.
@test "no command reads or writes where it must not, or leaves memory behind" {
	local program=$ROOT/build/address-undefined/xenballoon words failed=0
	[ -x "$program" ] || skip "make SAN=address,undefined all"
	while read -r words; do
		# shellcheck disable=SC2086 # words
		"$program" $words >"$HOST_DIR/said" 2>&1 </dev/null || true
		if grep -E 'Sanitizer|runtime error' "$HOST_DIR/said"; then
			echo "in: xenballoon $words"
			failed=1
		fi
	done <<-EOT
		list
		list --csv -o name,domid,reason --sort -domid
		list --json
		list -o nothing
		show
		show guest1
		show --json
		explain db1
		explain nobody
		advise
		advise --json
		on guest1 nobody
		off guest1
		off --all --dry-run
		target guest1 390M --wait=5s
		target guest1 9T
		target guest1 9Q
		policy guest1
		policy guest1 --json
		policy guest1 pressure floor=96MiB --dry-run
		policy guest1 flor=96
		policy guest1 --reset
		check -w free=2T -c no_agent=1
		check -w nothing=1
		top -b -n 2 -d 1s
		watch -n 1 --json
		audit -n 2000
		audit --json --domain guest1
		doctor --config $HOST_DIR/agent.yml
		token list --file $HOST_DIR/principals
		token make new --role viewer --expires 1d --domains a*,b --file $HOST_DIR/principals
		token revoke new --file $HOST_DIR/principals
		-H $URL -H 127.0.0.1:1 list
		-H $URL -H 127.0.0.1:1 off guest1
		-H $URL -H 127.0.0.1:$HTTP_PORT target guest1 300M
		--socket /nowhere watch
		--url http://xen1 list
		lst
		--help
		target --help
		--completion-words on
	EOT
	[ $failed -eq 0 ]
}

# In fish and zsh, what their own machinery would offer.
fish_tab() { # LINE
	fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$ROOT/control/cli/xenballoon.fish" "$1" |
		cut -f 1 | sort | tr '\n' ' '
}

zsh_tab() { # LINE
	zsh -f -c 'file=$1 words=(${(z)2}); [[ $2 != *[[:space:]] ]] || words+=("")
		CURRENT=$#words PREFIX=$words[-1] before=
		compset() { before=${(M)PREFIX#*,}; PREFIX=${PREFIX#*,} }
		compadd() { [[ $1 != -S ]] || shift 2; shift; for word; do [[ $word != $PREFIX* ]] || echo $before$word; done }
		_files() { echo files }
		source $file' zsh "$ROOT/control/cli/xenballoon.zsh" "$1" | sort | tr '\n' ' '
}

@test "completion: the same in zsh and fish" {
	local line
	while read -r line; do
		line=${line%.}
		same "$(fish_tab "$line")" "$(tab "$line" | sed 's/^ $//')" "fish: $line"
		same "$(zsh_tab "$line")" "$(tab "$line" | sed 's/^ $//')" "zsh: $line"
	done <<-EOT
		xenballoon ex.
		xenballoon explain g.
		xenballoon --socket $HOST_DIR/agent.sock on guest1 .
		xenballoon target guest1 .
		xenballoon policy g.
		xenballoon policy guest1 pre.
		xenballoon list --sort -pre.
		xenballoon list -o name,sta.
		xenballoon list --state cra.
		xenballoon audit --result soft.
		xenballoon check -w fr.
		xenballoon check -t .
		xenballoon check --ver.
		xenballoon token make x --role .
	EOT
}
