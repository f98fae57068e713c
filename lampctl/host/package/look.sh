# Prints the status of those of PACKAGES (quoted words) that dpkg knows, and which of them apt has marked as automatic: of this
# host's own architecture, which is the first in dpkg's list if there are several.
eval "set -- $PACKAGES"
# shellcheck disable=SC2016 # dpkg-query expands them
dpkg-query -W -f='${Package}\t${db:Status-Status}\n' "$@" 2>/dev/null
awk -v wanted="$*" '
    BEGIN { split(wanted, names, " "); for (i in names) known[names[i]]; getline native < "/var/lib/dpkg/arch" }
    /^Package: / { name = $2 }
    /^Architecture: / { foreign = native != "" && $2 != native }
    /^Auto-Installed: 1/ && !foreign && name in known { print name "\tautomatic" }' /var/lib/apt/extended_states 2>/dev/null || :
