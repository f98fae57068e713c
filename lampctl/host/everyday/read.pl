# Prints the last lines of log files, then a line `-`; to follow them, also what they gain, across rotation, until its parent ends.
# A line is `INDEX<TAB>TIME<TAB>TEXT`: which of the files, seconds since the epoch, the line; `INDEX<TAB>!`: not all of that file that
# was asked for was read. Only modules of perl-base, which is essential on Debian, as gzip is. Arguments: 1 to follow; the most lines and
# bytes of each file, with those that it was before its rotations; the time before which lines are left out (0: none); `root` if they
# are root's: then no link is followed and no directory on the way is anybody else's; the files.
use strict;
use warnings;
use Fcntl qw(:DEFAULT);
use IO::Select;
use POSIX ();

my ($follow, $most, $bytes, $since, $whose, @paths) = @ARGV;
my $ends = time + 5; # of what is compressed, which is read from its beginning: all files together
my ($parent, $tick, $out, $widest) = (getppid, @paths > 200 ? 1 : 0.25, '', 8192);
my %months = map { (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[$_] => $_ + 1 } 0 .. 11;
my $clock = qr/(\d\d):(\d\d):(\d\d)/;
my $iso = qr/(\d{4})[-\/](\d\d)[-\/](\d\d)[T ]$clock(?:[.,](\d{1,9}))?(?: ?(Z|UTC|[+-]\d\d:?\d\d))?/;

# The parts of the time that a line has, and its zone, in the order of ISO 8601; what a visitor can write is after a quote.
sub stamp {
    my $line = substr $_[0], 0, 2000;
    return ($1, $2, $3, $4, $5, $6, $7, $8) if $line =~ /^\[?$iso/ || $line =~ /^\{.*?"\@?(?:time|timestamp|datetime|date|ts)" ?: ?"$iso/;
    return ($7, $months{$1}, $2, $3, $4, $5, $6, undef) if $line =~ /^\[\w{3} (\w{3}) +(\d+) $clock(?:\.(\d{1,9}))? (\d{4})\]/;
    return ($3, $months{$2}, $1, $4, $5, $6, undef, $7) if $line =~ /^\[(\d\d)-(\w{3})-(\d{4}) $clock(?: (UTC))?/;
    return ($3, $months{$2}, $1, $4, $5, $6, undef, $7)
        if $line =~ m{^(?:[^"\\]|\\.)*\[(\d\d)/(\w{3})/(\d{4}):$clock ([+-]\d{4})\] "};
    return;
}

# Seconds since the epoch, as if the time were UTC's; nothing if there is no such time.
sub naive {
    my ($year, $month, $day, $hour, $minute, $second, $part) = @_;
    return if !$month || $month > 12 || $day < 1 || $day > 31 || $hour > 23 || $minute > 59 || $second > 60 || $year < 1970;
    my $y = $year - ($month <= 2);
    my $days = 365 * $y + int($y / 4) - int($y / 100) + int($y / 400) + int((153 * ($month + ($month > 2 ? -3 : 9)) + 2) / 5) + $day - 719469;
    return $days * 86400 + $hour * 3600 + $minute * 60 + $second + ($part ? "0.$part" : 0);
}

# The time of a line. An application's log often has no zone, and its own is neither the host's nor UTC: the last line was
# written when the file was last changed, and zones differ by quarters of an hour.
sub when {
    my ($file, $line) = @_;
    if ($line =~ /^\{.{0,500}?"\@?(?:time|timestamp|ts)" ?: ?(\d{10})(?:(\d{3})\b|\.(\d{1,9}))?/) { return "$1." . ($2 // $3 // 0) }
    my @stamp = stamp($line) or return;
    my $naive = naive(@stamp) // return;
    my $zone = $stamp[7] // '';
    return $naive if $zone eq 'Z' || $zone eq 'UTC';
    if ($zone =~ /^([+-])(\d\d):?(\d\d)$/) { return $naive - "${1}1" * ($2 * 3600 + $3 * 60) }
    return $naive - $file->{east} if defined $file->{east};
    my $local = POSIX::mktime($stamp[5], $stamp[4], $stamp[3], $stamp[2], $stamp[1] - 1, $stamp[0] - 1900, 0, 0, -1) // return;
    return $local + ($stamp[6] ? "0.$stamp[6]" : 0);
}

# How far east of UTC the clock of an application is, if its last line says so.
sub guess_zone {
    my ($file, $changed, @lines) = @_;
    return if $whose eq 'root' || $file->{guessed};
    for my $line (reverse @lines) {
        my @stamp = stamp($line) or next;
        return if defined $stamp[7];
        my $ahead = (naive(@stamp) // return) - $changed;
        my $east = 900 * POSIX::floor($ahead / 900 + 0.5);
        $file->{guessed} = 1;
        $file->{east} = $east if abs($ahead - $east) < 60 && abs $east <= 14 * 3600;
        return;
    }
}

# Can only root change where the path leads?
my %closed;
sub closed {
    my ($path) = @_;
    return $closed{$path} ||= do {
        my @found = lstat $path;
        my $group = @found && ($found[2] & 020) ? getgrgid($found[5]) // '' : 'root';
        my $own = @found && -d _ && $found[4] == 0 && !($found[2] & 02) && $group =~ /^(root|adm|syslog)$/;
        $own && ($path eq '/' || closed($path =~ s{/[^/]+$}{}r || '/')) ? 1 : 0;
    };
}

# The file, if it is a regular one, and its stat.
sub opened {
    my ($path) = @_;
    return if $whose eq 'root' && !closed($path =~ s{/[^/]+$}{}r);
    sysopen(my $handle, $path, O_RDONLY | O_NONBLOCK | ($whose eq 'root' ? O_NOFOLLOW : 0)) or return;
    my @stat = stat $handle;
    return -f _ ? ($handle, \@stat) : ();
}

sub first_time {
    my ($file, @lines) = @_;
    for (@lines) { my $time = when($file, $_); return $time if defined $time }
    return;
}

# The last lines of an open file, and whether they are all of them: no more of it is read than they need, and than is left of the
# bytes of this log.
sub last_lines {
    my ($file, $handle, $stat) = @_;
    my ($end, $room) = ($stat->[7], $file->{room});
    for (my $span = 65536;; $span *= 4) {
        $span = $room if $span > $room;
        my ($from, $text) = ($end > $span ? $end - $span : 0, '');
        sysseek $handle, $from, 0;
        while (length $text < $end - $from) { sysread($handle, $text, $end - $from - length $text, length $text) or last }
        my @lines = split /\n/, $text, -1;
        shift @lines if $from; # it begins before
        guess_zone($file, $stat->[9], @lines);
        my $enough = @lines > $most + 1 || ($since && (first_time($file, @lines) // $since) < $since);
        next if $from && !$enough && $span < $room;
        $file->{room} -= length $text;
        short($file) if $from && !$enough;
        return (!$from, @lines);
    }
}

sub short { my ($file) = @_; $out .= "$file->{index}\t!\n" if $since && !$file->{short}++ }

# The text of a compressed file, and whether it is all of it: else its end, or nothing if that was not reached in time.
sub unpacked {
    my ($handle, $room) = @_;
    pipe(my $from, my $to) or return (0, '');
    my $pid = fork // return (0, '');
    if (!$pid) {
        open STDIN, '<&', $handle;
        open STDOUT, '>&', $to;
        exec qw(gzip -dc) or POSIX::_exit(127);
    }
    close $to;
    my ($all, $text, $select) = (1, '', IO::Select->new($from));
    while ($ends > time && $select->can_read($ends - time)) {
        my $read = sysread $from, $text, 262144, length $text;
        if (!$read) { waitpid $pid, 0; return ($all, $text) }
        if (length $text > 2 * $room + 262144) { ($all, $text) = (0, substr $text, length($text) - $room) }
    }
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return (0, '');
}

sub unpacked_lines {
    my ($file, $handle, $stat) = @_;
    my ($all, $text) = unpacked($handle, $file->{room});
    if (length $text > $file->{room}) { ($all, $text) = (0, substr $text, length($text) - $file->{room}) }
    my @lines = split /\n/, $text, -1;
    shift @lines unless $all; # it begins before
    guess_zone($file, $stat->[9], @lines);
    $file->{room} -= length $text;
    short($file) if !$all && (first_time($file, @lines) // $since) >= $since;
    return ($all, @lines);
}

# With the lines of the files that it was before its rotations, the newest first, as far as these are not enough: .1, .2 and so on;
# compressed ones only for the sake of the time. A file that was last changed before that has none of its lines.
sub with_older {
    my ($file, $all, @lines) = @_;
    for (my $number = 1; $all && @lines < $most && (first_time($file, @lines) // $since) >= $since; $number++) {
        my ($handle, $stat) = opened("$file->{path}.$number");
        my $plain = $handle;
        ($handle, $stat) = opened("$file->{path}.$number.gz") if !$plain && $since;
        last if !$handle || $stat->[9] < $since;
        ($all, my @before) = $plain ? last_lines($file, $handle, $stat) : unpacked_lines($file, $handle, $stat);
        pop @before if @before && $before[-1] eq '';
        unshift @lines, @before;
    }
    return @lines;
}

sub put { my ($file, $time, $text) = @_; $out .= sprintf "%d\t%.6f\t%s\n", $file->{index}, $time, substr($text =~ s/\r+$//r, 0, $widest) }

sub flush {
    while (length $out) { substr $out, 0, syswrite(STDOUT, $out, 65536) // exit, '' }
}

# What there is of a file and, if that is not enough, of those that it was before its rotations.
sub backlog {
    my ($file) = @_;
    my ($handle, $stat) = opened($file->{path}) or return;
    my ($all, @lines) = last_lines($file, $handle, $stat);
    my $rest = @lines ? pop @lines : '';
    if (!$follow && length $rest) { push @lines, $rest; $rest = '' }
    push @{ $file->{streams} }, { handle => $handle, at => $stat->[7], rest => $rest, id => "$stat->[0]:$stat->[1]" };
    recent($file, $stat->[9], with_older($file, $all, @lines));
}

# Prints those since the time, at most so many. A line without a time belongs to the one before it.
sub recent {
    my ($file, $changed, @lines) = @_;
    my @times = map { scalar when($file, $_) } @lines;
    my ($time) = ((grep { defined } @times), $changed);
    for (@times) { $time = $_ = $_ // $time }
    my @kept = grep { $times[$_] >= $since } 0 .. $#lines;
    splice @kept, 0, @kept - $most if @kept > $most;
    put($file, $times[$_], $lines[$_]) for @kept;
    $file->{time} = $times[-1] if @times;
}

# A file that has another one's name since is read on for a while: its writer may have it open.
sub gained {
    my ($file) = @_;
    my @named = $whose eq 'root' ? lstat $file->{path} : stat $file->{path};
    my $streams = $file->{streams};
    if (@named && (!@$streams || $streams->[-1]{id} ne "$named[0]:$named[1]") && (my ($handle, $stat) = opened($file->{path}))) {
        $_->{ends} //= time + 60 for @$streams;
        push @$streams, { handle => $handle, at => 0, rest => '', id => "$stat->[0]:$stat->[1]" };
    }
    more($file, $_) for @$streams;
    @$streams = grep { !$_->{ends} || $_->{ends} > time } @$streams;
}

sub more {
    my ($file, $stream) = @_;
    my @stat = stat $stream->{handle};
    if ($stat[7] < $stream->{at}) { @$stream{qw(at rest)} = (0, '') } # it was truncated
    return if $stat[7] == $stream->{at};
    sysseek $stream->{handle}, $stream->{at}, 0;
    my $read = sysread($stream->{handle}, my $text, 262144) or return;
    $stream->{at} += $read;
    my @lines = split /\n/, $stream->{rest} . $text, -1;
    $stream->{rest} = pop @lines;
    if (length $stream->{rest} > $widest) { push @lines, $stream->{rest}; $stream->{rest} = '' }
    guess_zone($file, $stat[9], @lines);
    for my $line (@lines) {
        my $last = $file->{time} // 0;
        my $time = when($file, $line) // ($last > time - 5 ? $last : time);
        put($file, $file->{time} = $time, $line);
    }
}

my @files = map { { path => $paths[$_], index => $_, room => $bytes, streams => [] } } 0 .. $#paths;
for my $file (@files) { backlog($file); flush() }
$out = "-\n";
flush();
while ($follow && getppid == $parent) {
    select undef, undef, undef, $tick;
    for my $file (@files) { gained($file); flush() }
}
