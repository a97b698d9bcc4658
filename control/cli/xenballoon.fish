# SPDX-License-Identifier: MIT
#
# Completion for xenballoon(1) in fish: commands, options and values as the program itself names them, and
# the names of the guests that there are just now.

set -g __xenballoon_ways -H --host --socket --url --token-file --user --password-file --ca --cert --key
set -g __xenballoon_listed -o --output --sort --state --result --action --role --domain -w --warning -c --critical
set -g __xenballoon_files --socket --token-file --password-file --ca --cert --key --file --config
set -g __xenballoon_free -H --host --url --user -t --timeout -d --delay -n --count --principal --domains --expires

function __xenballoon_guests # WAY...
    xenballoon $argv list --csv -o name 2>/dev/null | sed 1d | string match -r '^[A-Za-z0-9_][A-Za-z0-9._-]*$'
end

function __xenballoon_complete
    set -l line (commandline -opc)
    set -l current (commandline -ct)
    set -l way
    set -l command ''
    set -l named 0
    set -l i 2
    while test $i -le (count $line)
        if contains -- $line[$i] $__xenballoon_ways
            set way $way $line[$i] $line[(math $i + 1)]
            set i (math $i + 1)
        else if contains -- $line[$i] $__xenballoon_listed $__xenballoon_free
            set i (math $i + 1)
        else if string match -q -- '-*' $line[$i]
        else if test -z "$command"
            set command $line[$i]
        else
            set named (math $named + 1)
        end
        set i (math $i + 1)
    end
    if contains -- $line[-1] $__xenballoon_listed
        # An empty list beside another would leave nothing.
        set -l before (string match -r '^.*,' -- $current; or echo '')
        set -l words (xenballoon --completion-words $line[-1] 2>/dev/null)
        contains GUEST $words; and set words (__xenballoon_guests $way)
        printf "%s\n" $before$words
    else if contains -- $line[-1] $__xenballoon_files
        __fish_complete_path $current
    else if contains -- $line[-1] $__xenballoon_free
        return
    else if test "$line[-1]" = token
        printf "%s\n" make list revoke
    else
        set -l words (xenballoon --completion-words $command 2>/dev/null)
        if contains GUEST $words; and not string match -q -- '-*' $current
            # What follows a guest's name after target is a size.
            if test "$command" = policy -a $named -gt 0
                xenballoon --completion-words POLICY 2>/dev/null
            else
                test "$command" = target -a $named -gt 0; or __xenballoon_guests $way
            end
        else
            string match -v -- GUEST $words
        end
    end
end

complete -c xenballoon -f -a '(__xenballoon_complete)'
