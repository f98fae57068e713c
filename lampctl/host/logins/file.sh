# A file of users and the hashes of their passwords. After `compare` or `write`: the file, the group that reads it, and for each
# user the name and the file of the secret. `compare` prints a row `FILE STATE`, the state `right` or what is wrong; nothing if
# there is no such file. Passwords are read by this program alone, and are in no argument. Perl is essential on Debian.
# shellcheck disable=SC2016 # Perl expands them
logins() {
    perl -e '
        use strict; use warnings;
        my ($mode, $path, $group, %files) = @ARGV;
        my $gid = getgrnam $group;
        sub lines { open my $file, "<", $_[0] or return; chomp(my @lines = <$file>); return @lines }
        sub value { return (map { /^env\[\w+\] = "(.+)"$/ } lines($_[0]))[0] }
        sub fits { my ($value, $hash) = @_; return defined $value && defined $hash && (crypt($value, $hash) // "") eq $hash }
        sub salt {
            open my $random, "<", "/dev/urandom" or die "/dev/urandom: $!\n";
            read $random, my $bytes, 16;
            return join "", map { (".", "/", 0 .. 9, "A" .. "Z", "a" .. "z")[$_ & 63] } unpack "C*", $bytes;
        }
        my @found = map { [split /:/, $_, 2] } lines($path);
        my %known = map { $_->[0] => $_->[1] } @found;
        if ($mode eq "compare") {
            my @is = lstat $path or exit;
            my $state = "right";
            $state = "users or passwords differ"
                if @found != keys %files || grep { !fits(value($files{$_}), $known{$_}) } keys %files;
            $state = "its owner or mode differs"
                if !-f _ || $is[4] != 0 || !defined $gid || $is[5] != $gid || ($is[2] & 07777) != 0640;
            print "$path\t$state\n";
            exit;
        }
        (my $folder = $path) =~ s{/[^/]*$}{};
        mkdir $folder, 0755;
        umask 077;
        open my $new, ">", "$path.new" or die "$path.new: $!\n";
        for my $user (sort keys %files) {
            my $value = value($files{$user}) // die "$files{$user} has no password\n";
            my $hash = fits($value, $known{$user}) ? $known{$user} : crypt($value, "\$6\$rounds=1000\$" . salt());
            print $new "$user:$hash\n";
        }
        close $new or die "$path.new: $!\n";
        chown 0, $gid, "$path.new" or die "$path.new: $!\n";
        chmod 0640, "$path.new" or die "$path.new: $!\n";
        rename "$path.new", $path or die "$path: $!\n";
    ' "$@"
}
