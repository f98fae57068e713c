# Merges the logs of a host by time: `TIME<TAB>SOURCE<TAB>TEXT`, TIME in seconds since the epoch. SOURCE is the path of a file; `j`
# for an entry of the journal, in JSON; `!` for what was left out. A line `-` ends the lines that there are; an empty one says that
# the connection works. Followed until stdin ends. Only modules of perl-base. Arguments: the site, or an empty one for all sites and
# what they share; the most lines; the time before which lines are left out, or how many seconds before now, negative; 1 to follow.
use strict;
use warnings;
use Fcntl;
use IO::Select;

my ($site, $most, $since, $follow) = @ARGV;
my ($began, $budget, $readers, $wait, @sources, @kept) = (time, 64 << 20, 50, 20);
my ($held, $cursor) = (0, '');
$since += $began if $since < 0;

# A field of a record, which only root can write: the template has each on a line of its own.
sub text { my ($record, $name) = @_; return $record =~ /^  "\Q$name\E": "([^"\\]*)"/m ? $1 : '' }

sub texts {
    my ($record, $name) = @_;
    return $record =~ /^  "\Q$name\E": \[(.*)\]/m ? grep { !/\\/ } $1 =~ /"([^"]*)"/g : ();
}

sub records {
    return map {
        open my $file, '<', $_;
        my $record = $file ? do { local $/ = \65536; <$file> // '' } : '';
        $site eq '' || text($record, 'site') eq $site ? $record : ();
    } sort glob '/etc/lampctl/sites/*.json';
}

sub unique { my %seen; return grep { !$seen{$_}++ } @_ }

# Starts a program whose output is a source. It ends with this one; nothing of root's reaches it but its output.
sub source {
    my ($name, $files, @command) = @_;
    pipe(my $from, my $to) or return;
    my $pid = fork // return;
    if (!$pid) {
        chdir '/';
        open STDIN, '<', '/dev/null';
        open STDERR, '>', '/dev/null';
        open STDOUT, '>&', $to;
        exec @command or exit 127;
    }
    push @sources, { name => $name, files => $files, handle => $from, pid => $pid, text => '', ready => 0 };
}

sub files {
    my ($whose, $share, @files) = @_;
    my $program = do { open my $file, '<', 'read.pl' or die; local $/; <$file> };
    my @as = $whose eq 'root' ? () : ("--reuid=$whose", "--regid=$whose", '--clear-groups', '--no-new-privs');
    source("the log files of $whose", \@files, 'setpriv', @as, '--pdeathsig=KILL', 'perl', '-e', $program, '--', $follow, $most, $share, $since, $whose, @files);
}

sub journal {
    my ($units, @options) = @_;
    my $fields = '--output-fields=MESSAGE,_SYSTEMD_UNIT,_PID,_UID,UNIT,COREDUMP_UNIT,OBJECT_SYSTEMD_UNIT';
    source('the lines of the journal', undef, qw(setpriv --pdeathsig=KILL journalctl -q --no-pager --all -o json), $fields, @options, map { "--unit=$_" } @$units);
}

sub line {
    my ($source, $line) = @_;
    my ($time, $key, $text);
    if ($source->{files}) {
        if ($line eq '-') { $source->{ready} = 1; return }
        if ($line =~ /^(\d{1,5})\t!$/) { note(($source->{files}[$1] // return) . ': only its end was read, it is too long'); return }
        (my $index, $time, $text) = $line =~ /^(\d{1,5})\t(\d{1,12}\.\d{6})\t(.*)$/s or return;
        $key = $source->{files}[$index] // return;
    } else {
        $time = $line =~ /"__REALTIME_TIMESTAMP" ?: ?"(\d{1,12})(\d{6})"/ ? "$1.$2" : return;
        $cursor = $1 if $line =~ /"__CURSOR" ?: ?"([^"]+)"/;
        ($key, $text) = ('j', $line);
    }
    push @kept, [$time, $key, $text];
    $held += 200 + length $text;
}

# Reads what a source has; false at its end. A line of more than 64 KiB is cut.
sub take {
    my ($source) = @_;
    my $read = sysread $source->{handle}, my $text, 65536;
    my @lines = split /\n/, $source->{text} . ($read ? $text : ''), -1;
    $source->{text} = @lines ? substr(pop @lines, 0, 65536) : '';
    line($source, $_) for @lines;
    return $read;
}

sub newest {
    my ($count) = @_;
    @kept = sort { $a->[0] <=> $b->[0] } @kept;
    splice @kept, 0, @kept - $count if @kept > $count;
    ($held, my $number) = (0, scalar @kept);
    $number-- while $number && ($held += 200 + length $kept[$number - 1][2]) < $budget / 2;
    return unless $number;
    splice @kept, 0, $number;
    note('there is more than fits: older lines are left out; --since a later time, or name a SITE');
}

my %noted;
sub note { print "0\t!\t$_[0]\n" unless $noted{ $_[0] }++ }

# Takes what sources print within so many seconds; with `$stdin`, ends when that does.
sub gather {
    my ($seconds, $stdin) = @_;
    my $select = IO::Select->new(($stdin ? \*STDIN : ()), map { $_->{handle} } @sources);
    for my $handle ($select->can_read($seconds)) {
        if ($handle == \*STDIN) { sysread(STDIN, my $ignored, 4096) || finish(); next }
        my ($source) = grep { $_->{handle} == $handle } @sources;
        next if take($source);
        waitpid $source->{pid}, 0;
        note("$source->{name} are no longer read") if $stdin;
        @sources = grep { $_ != $source } @sources;
    }
}

sub finish { kill 'KILL', $_->{pid} for @sources; exit }

sub show { print "$_->[0]\t$_->[1]\t$_->[2]\n" for @kept; ($held, @kept) = (0) }

$| = 1;
$SIG{PIPE} = \&finish;
my @records = records();
my @logs = unique(map { texts($_, 'logs') } @records);
my @units = unique(map { (texts($_, 'units'), $site eq '' ? texts($_, 'servers') : ()) } @records);
push @logs, unique(map { s{/[^/]+$}{/error.log}r } @logs) if $site eq '';
@units = grep { /^[A-Za-z0-9]/ } @units;
my @own = grep { texts($_, 'own_logs') && text($_, 'user') =~ /^site-/ } @records;
if (@own > $readers) {
    note("the application's own logs of $readers sites are shown, of " . @own . '; name a SITE for those of another');
    splice @own, $readers;
}
my $share = int($budget / (1 + @logs + map { texts($_, 'own_logs') } @own));
$share = $share < 262144 ? 262144 : $share > 8 << 20 ? 8 << 20 : $share;
files('root', $share, @logs) if @logs;
files(text($_, 'user'), $share, texts($_, 'own_logs')) for @own;
journal(\@units, "--lines=$most", $since ? "--since=\@$since" : ()) if @units;
while (time < $began + $wait && grep { !$_->{ready} } @sources) {
    gather(1, 0);
    newest($most) if $held > $budget;
}
note("$_->{name} were not read within $wait s") for grep { !$_->{ready} } @sources;
newest($most);
show();
print "-\n";
finish() unless $follow;

journal(\@units, '--follow', '--no-tail', $cursor ? "--after-cursor=$cursor" : "--since=\@$began") if @units;
my $spoke = time;
while (1) {
    gather(1, 1);
    select undef, undef, undef, 0.1; # what was written at the same time arrives at the same time
    gather(0, 1);
    @kept = sort { $a->[0] <=> $b->[0] } @kept;
    $spoke = time if @kept;
    show();
    if (time > $spoke + 2) { print "\n"; $spoke = time }
}
