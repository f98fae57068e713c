# Requests the page of SITE as the record of its last proof has it, and says whether that accepts the answer.
switch=/var/lib/lampctl/releases/$SITE/switch
page=$(tar -xOf "$switch" page) && (eval "$page") > answer.$$ 2>&1
cat answer.$$ && accept=$(tar -xOf "$switch" accept)
if (eval "$accept") < answer.$$; then printf 'accepted\tyes\n'; fi
rm answer.$$
