# Prints an archive: stdin has its sections (see resources/upload.py), and the file $ARGV[0] the SHA-256 and the path of each file
# that can be added (see have.sh). A file that is missing ends it; the reader compares the SHA-256 of the whole.
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_NOFOLLOW);

my %path;
{
    local $/ = "\0";
    open my $have, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
    while (my $row = <$have>) {
        $path{$1} = $2 if $row =~ /\A([0-9a-f]{20})[0-9a-f]{44} [ *](.+)\0\z/s;
    }
}

sub lost {
    my ($what) = @_;
    die "lampctl-reason: parts\nearlier releases no longer have $what\n";
}

sub copy {
    my ($from, $left) = @_;
    while ($left > 0) {
        my $got = read $from, my $data, $left < 65536 ? $left : 65536;
        die "it ends early\n" unless $got;
        print $data or die "$!\n";
        $left -= $got;
    }
}

binmode STDIN;
binmode STDOUT;
while (my $line = <STDIN>) {
    chomp $line;
    my ($size, $name) = split / /, $line;
    copy(\*STDIN, $size);
    next unless defined $name;
    lost("a file with the SHA-256 $name...") unless defined $path{$name};
    sysopen my $file, $path{$name}, O_RDONLY | O_NOFOLLOW or lost("$path{$name}: $!");
    binmode $file;
    copy($file, -s $file);
}
close STDOUT or die "$!\n";
