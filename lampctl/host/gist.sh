# The last lines of a program's log, $1 at most, without those that say least: blank ones, and all but the first two of a row of
# stack frames, which Node and Java print after the error.
gist() {
    awk '!NF { next } /^[ \t]+at / { if (++frames > 2) next } !/^[ \t]+at / { frames = 0 } { print }' | tail -n "$1"
}
