#compdef xenballoon
# SPDX-License-Identifier: MIT
#
# Completion for xenballoon(1) in zsh: commands, options and values as the program itself names them, and
# the names of the guests that there are just now.

_xenballoon_guests() {
	local names
	names=(${(f)"$($words[1] $way list --csv -o name 2>/dev/null | sed 1d | grep -xE '[A-Za-z0-9_][A-Za-z0-9._-]*')"})
	compadd -- $names
}

# One of the program's own lists; of one with commas the last word.
_xenballoon_words() {
	local -a listed options
	listed=(${(f)"$($words[1] --completion-words $1 2>/dev/null)"})
	if (( ${listed[(Ie)GUEST]} )); then
		listed=(${listed:#GUEST})
		[[ $PREFIX == -* ]] || { (( $2 )) || _xenballoon_guests; return }
	fi
	options=(${(M)listed:#*=})
	listed=(${listed:#*=})
	compset -P '*,'
	compadd -S '' -- $options
	compadd -- $listed
}

_xenballoon() {
	local -a way
	local command='' i named=0
	for ((i = 2; i < CURRENT; i++)); do
		case $words[i] in
		-H | --host | --socket | --url | --token-file | --user | --password-file | --ca | --cert | --key)
			way+=($words[i] $words[++i]) ;;
		-o | --output | --sort | --state | -w | -c | --warning | --critical | -t | --timeout | -d | --delay | -n | --count) ((i++)) ;;
		-*) ;;
		*) if [[ -z $command ]]; then command=$words[i]; else ((named++)); fi ;;
		esac
	done
	case $words[CURRENT-1] in
	-o | --output | --sort | --state | --result | --action | --role | --domain | -w | --warning | -c | --critical)
		_xenballoon_words $words[CURRENT-1] 0 ;;
	--socket | --token-file | --password-file | --ca | --cert | --key | --file | --config) _files ;;
	-H | --host | --url | --user | -t | --timeout | -d | --delay | -n | --count | --principal | --domains | --expires) ;;
	*)
		if [[ $command == policy && $named -gt 0 && $PREFIX != -* ]]; then
			_xenballoon_words POLICY 0
			return
		fi
		# What follows a guest's name after target is a size.
		[[ $command == target ]] || named=0
		if [[ $command == token && $named == 0 && $PREFIX != -* && $words[CURRENT-1] == token ]]; then
			compadd -- make list revoke
		else
			_xenballoon_words "$command" $named
		fi ;;
	esac
}

_xenballoon "$@"
