# Prints what systemd refuses of CALENDARS: pairs of a schedule and a calendar expression (quoted words), a row each, with a reason
# after a tab.
eval "set -- $CALENDARS"
while [ "$#" -gt 1 ]; do
    if ! printed=$(systemd-analyze calendar "$2" 2>&1); then
        printf '%s\t%s\t%s\n' "$1" "$2" "systemd can't read it"
    else
        case $printed in *'Next elapse: never'*) printf '%s\t%s\t%s\n' "$1" "$2" "it lies in the past" ;; esac
    fi
    shift 2
done
