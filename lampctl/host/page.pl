# Requests a site's page on the host itself, as a visitor's browser would: follows redirects within the site, and sends its
# cookies back meanwhile. Prints what it found, each line after a name and a tab. Only modules of perl-base, which is essential
# on Debian. Arguments: the path; the port (443: over TLS); the seconds for all of it; a text that the page should contain, or
# an empty one; `https` if the site has it, else `http`; the site's names, the one to request first.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IPC::Open2;
use POSIX ();

my ($path, $port, $limit, $expected, $secure, @names) = @ARGV;
my ($host, $most) = ($names[0], 1 << 20);
my %cookies;
my @given; # headers of a login
if (open my $headers, '<&=', 3) { @given = grep { /^[\w-]+: / } map { s/[\r\n]+$//r } <$headers> }

# perl-base has no clock that is finer than a second, but that of times(2).
sub now { return (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }

sub row {
    my ($name, $text) = @_;
    print "$name\t$_\n" for split /\n/, $text, -1;
}

sub give_up { row('failure', $_[0]); exit }

my $ends = now() + $limit;
local $SIG{PIPE} = 'IGNORE';
local $SIG{ALRM} = sub { give_up("no complete answer within $limit s") };
alarm(POSIX::ceil($limit) + 1);
open STDERR, '>', '/dev/null';

sub url { return ($port == 443 ? 'https' : 'http') . "://$host$path" }

sub connected {
    if ($port == 443) {
        open2(my $from, my $to, qw(openssl s_client -quiet -connect 127.0.0.1:443 -servername), $host);
        return ($from, $to);
    }
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => $limit)
        or give_up("127.0.0.1:$port: " . ($@ =~ s/^IO::Socket::INET: connect: //r));
    return ($socket, $socket);
}

# The headers and the body of the answer, the latter up to a limit.
sub answer {
    my ($from, $to) = connected();
    my $cookies = join '; ', map { "$_=$cookies{$_}" } sort keys %cookies;
    my @lines = ("GET $path HTTP/1.0", "Host: $host", 'User-Agent: lampctl', 'Accept: */*', 'Connection: close',
        @given);
    push @lines, "Cookie: $cookies" if $cookies;
    syswrite $to, join("\r\n", @lines, '', '');
    my ($raw, $select) = ('', IO::Select->new($from));
    while (length $raw < $most) {
        my $left = $ends - now();
        give_up("no complete answer within $limit s") if $left <= 0 || !$select->can_read($left);
        last unless sysread $from, $raw, 65536, length $raw;
    }
    my ($head, $body) = split /\r?\n\r?\n/, $raw, 2;
    give_up($raw eq '' ? 'the connection was closed without an answer' : 'not an HTTP answer: ' . substr $raw, 0, 200)
        unless defined $body && $head =~ m{^HTTP/\d(\.\d)? \d{3}\b};
    my ($length) = $head =~ /^content-length: *(\d+)/im;
    give_up('the answer ends early: ' . length($body) . " of $length bytes")
        if $length && length($body) < $length && length $raw < $most;
    return ($head, $body);
}

sub keep_cookies {
    for (grep { /^set-cookie:/i } split /\r?\n/, $_[0]) {
        my ($name, $value) = /^set-cookie: *([\x21-\x7e]+?)=([\x21-\x3a\x3c-\x7e]*)/i or next;
        if (/; *max-age=-?0|; *expires=[^;]* 19\d\d /i) { delete $cookies{$name} }
        elsif (keys %cookies < 50) { $cookies{$name} = $value }
    }
}

# Moves on to a redirect's target, if that is a page of this site.
sub follow {
    my ($target) = @_;
    $target =~ s/#.*//s;
    $target =~ s/([^\x21-\x7e])/sprintf '%%%02X', ord $1/ge;
    $target = ($port == 443 ? 'https:' : 'http:') . $target if $target =~ m{^//};
    if ($target =~ m{^(https?)://([^/?]+)(.*)$}i) {
        my ($scheme, $to, $rest) = (lc $1, lc $2, $3);
        my $usual = $scheme eq 'https' ? 443 : 80;
        $to =~ s/:$usual$//;
        return 0 unless grep { $_ eq $to } @names;
        return 0 if $scheme eq 'https' && $secure ne 'https';
        ($host, $port, $path) = ($to, $usual, $rest =~ m{^/} ? $rest : "/$rest");
        return 1;
    }
    return 0 if $target =~ /^[a-z][a-z0-9+.-]*:/i;
    my ($plain) = split /\?/, $path;
    if ($target =~ m{^/}) { $path = $target }
    elsif ($target =~ /^\?/) { $path = $plain . $target }
    elsif ($target ne '') { $path = ($plain =~ s{[^/]*$}{}r) . $target }
    return 1;
}

# What a visitor reads of an HTML page, from its title on: it may begin with kilobytes that nobody reads. Each part of it is
# looked at once, whatever it is.
sub readable {
    my ($html) = @_;
    return '' unless $html =~ /<(?:!doctype|html|head|body)\b/i;
    $html =~ s/\s+/ /g;
    my ($lower, $text, $at) = (lc $html, '', 0);
    while ((my $tag = index $html, '<', $at) >= 0) {
        $text .= substr $html, $at, $tag - $at;
        my ($closes, $name) = substr($lower, $tag, 20) =~ m{^<(/?)(!--|[a-z]+[1-6]?)};
        $name //= '';
        $at = $name eq '!--' ? index $html, '-->', $tag
            : $name =~ /^(script|style|svg|noscript)$/ && !$closes ? index $lower, "</$name", $tag
            : $tag;
        $at = index $html, '>', $at if $at >= 0;
        $text .= "\n" if $name =~ /^(title|p|div|h[1-6]|li|tr|table|pre|section|br|hr)$/;
        last if $at++ < 0;
    }
    $text .= substr $html, $at if $at > 0;
    my %named = (amp => '&', lt => '<', gt => '>', quot => '"', nbsp => ' ', '#39' => "'", '#039' => "'");
    $text =~ s/&(#?\w{2,4});/$named{$1} \/\/ "&$1;"/ge;
    return substr join("\n", grep { /\S/ } map { s/ +/ /gr =~ s/^ | $//gr } split /\n/, $text), 0, 400;
}

my ($head, $body, $status, $location);
for my $hop (0 .. 10) {
    ($head, $body) = answer();
    ($status) = $head =~ m{^HTTP/\S+ (\d{3})};
    ($location) = $head =~ /^location: *([^\r\n]+)/im;
    last unless $status =~ /^30[12378]$/ && defined $location;
    keep_cookies($head);
    my $from = url();
    last unless follow($location);
    row('hop', "$status $from");
    if ($hop == 10) { row('loop', url()); exit }
}
row('status', $status);
row('url', url());
row('location', $location) if defined $location;
row('size', length $body);
row('visible', $body =~ /\S/ ? 'yes' : 'no');
row('expected', index($body, $expected) >= 0 ? 'yes' : 'no') if $expected ne '';
my $message = qr/(?:Parse error|Fatal error|Warning|Notice|Deprecated)/;
row('php', $1 =~ s/<[^>]*>//gr)
    if $body =~ m{(?:^|<br />\n?|\n)((?:<b>)?(?:PHP )?$message(?:</b>)?: .{1,1000}? in (?:<b>)?/\S.*? on line (?:<b>)?\d+)}s;
row('text', readable(substr $body, 0, 1 << 15));
row('body', substr $body, 0, 400);
