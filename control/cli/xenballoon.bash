# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Completion for xenballoon(1) in bash: commands and options as the program itself names them, and
# the names of the guests that there are just now. Needs nothing beside bash.

# The names of guests, asked for the way that the line says. Only those that need no quoting: a name
# may hold anything.
_xenballoon_guests() {
	timeout 2 "$1" "${@:2}" list --csv -o name 2>/dev/null |
		sed -n '2,$p' | grep -xE '[A-Za-z0-9_][A-Za-z0-9._-]*'
}

# Options that say how to reach the agent, which the question for guests must repeat.
_xenballoon_is_way() {
	case $1 in
	-H | --host | --socket | --url | --token-file | --user | --password-file | --ca | --cert | --key) ;;
	*) return 1 ;;
	esac
}

# Of a list with commas the last word is completed, the ones before it stay.
_xenballoon_listed() { # WORDS WORD
	local before=''
	[[ $2 != *,* ]] || before=${2%,*},
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${2##*,}")
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
	return 0
}

# What may stand after an option; fails where it is none that takes a word.
_xenballoon_argument() { # OPTION WORD
	case $1 in
	--socket | --token-file | --password-file | --ca | --cert | --key | --file | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	-o | --output | --sort | --state | --result | --action | --role | --domain | -w | --warning | -c | --critical)
		words=$("$program" --completion-words "$1" 2>/dev/null)
		[[ $words != GUEST ]] || words=$(_xenballoon_guests "$program" "${way[@]}")
		_xenballoon_listed "$words" "$2"
		;;
	-H | --host | --url | --user | -t | --timeout | -d | --delay | -n | --count | --principal | --domains | --expires)
		COMPREPLY=()
		;;
	*) return 1 ;;
	esac
}

_xenballoon() {
	local program=$1 current=$2 line=() way=() command='' i words named=0
	# Bash splits words at : and =, which URLs and options have; the line as it stands is better.
	read -ra line <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || line+=('')
	for ((i = 1; i < ${#line[@]} - 1; i++)); do
		if _xenballoon_is_way "${line[i]}"; then
			way+=("${line[i]}" "${line[++i]}")
		elif [[ ${line[i]} == --*=* ]] && _xenballoon_is_way "${line[i]%%=*}"; then
			way+=("${line[i]}")
		elif [[ -z $command && ${line[i]} != -* ]]; then
			command=${line[i]}
		elif [[ ${line[i]} != -* ]]; then
			named=$((named + 1))
		fi
	done
	_xenballoon_argument "${line[-2]-}" "$current" && return
	words=$("$program" --completion-words ${command:+"$command"} 2>/dev/null)
	case $command in
	token) [[ $current == -* || ${line[-2]} != token ]] || words='make list revoke' ;;
	help) words=$("$program" --completion-words | grep -v '^-') ;;
	esac
	if grep -qx GUEST <<<"$words"; then
		words=${words/GUEST/}
		if [[ $current != -* ]]; then
			case $command,$((named > 0)) in
			target,1) return 0 ;; # a size
			policy,1) words=$("$program" --completion-words POLICY 2>/dev/null) ;;
			*) words=$(_xenballoon_guests "$program" "${way[@]}") ;;
			esac
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
	return 0
}

complete -F _xenballoon xenballoon
