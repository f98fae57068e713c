# shellcheck disable=SC2153 # PAGE and ACCEPT are parameters
# Requests a page of SITE as the record of its last proof has it, and says whether that accepts the answer. PAGE and ACCEPT: the
# members of the record that do.
switch=/var/lib/lampctl/releases/$SITE/switch
page=$(tar -xOf "$switch" "$PAGE") && (eval "$page") > answer.$$ 2>&1
cat answer.$$ && judge=$(tar -xOf "$switch" "$ACCEPT")
if (eval "$judge") < answer.$$; then printf 'accepted\tyes\n'; fi
rm answer.$$
