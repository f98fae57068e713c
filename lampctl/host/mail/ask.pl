# Asks the relay what a mail would ask of it, and sends none: msmtp connects, encrypts and greets; then the user logs in. It runs
# as the site's user, in the site's sandbox. Prints one row `STAGE TEXT...` between tabs. The arguments: the relay's host and
# port, how it encrypts, the name to greet with, msmtp's configuration; and with a login the user and the file of the password.
use strict;
use warnings;
use IO::Handle;
use IO::Socket::IP;
use IPC::Open3;
use Symbol 'gensym';

my ($host, $port, $tls, $name, $config, $user, $file) = @ARGV;
my $patience = 3;    # seconds for each step
my @hidden;          # what no output may have
$SIG{PIPE} = 'IGNORE';
$SIG{ALRM} = sub { finish('silent') };

sub finish {
    my ($stage, @text) = @_;
    for my $text (@text) {
        $text =~ s/\Q$_\E/***/g for @hidden;
        $text =~ s/[\t\r\n]+/ /g;
    }
    print join("\t", $stage, @text), "\n";
    exit;
}

# MIME::Base64 is not in Perl's essential package.
sub base64 {
    my $text = pack 'u', $_[0];
    $text =~ s/^.//mg;
    $text =~ tr|` -_|AA-Za-z0-9+/|;
    $text =~ s/\n//g;
    my $more = (3 - length($_[0]) % 3) % 3;
    substr($text, -$more) = '=' x $more if $more;
    return $text;
}

# Ends with the reason, if there is no connection.
sub reach {
    my $found = `timeout $patience getent ahosts '$host'`;
    finish('name') if $found eq '';
    my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_STREAM, Timeout => $patience);
    finish('connect', "$!") if !$socket;
    close $socket;
}

# The code and the lines of the next reply; nothing at the end.
sub reply {
    my ($out) = @_;
    my @lines;
    while (defined(my $line = <$out>) && @lines < 100) {
        $line =~ /^(\d{3})([ -]?)(.*?)\s*$/ or next;
        push @lines, $3;
        return ($1, @lines) if $2 ne '-';
    }
    return;
}

# A session after the handshake and the greeting: (where to write, where to read, what the relay offers). Ends with the reason, if
# there is none. The relay's certificate is verified.
sub session {
    my $verify = $host =~ /^[0-9.]+$|:/ ? '-verify_ip' : '-verify_hostname';
    my $at = $host =~ /:/ ? "[$host]:$port" : "$host:$port";
    my @words = ('openssl', 's_client', '-quiet', '-nocommands', '-verify_return_error', $verify, $host, '-connect', $at);
    push @words, '-servername', $host if $verify eq '-verify_hostname';
    push @words, '-starttls', 'smtp', '-name', $name if $tls eq 'starttls';
    my $errors = gensym;
    alarm 2 * $patience;
    open3(my $in, my $out, $errors, @words);
    $in->autoflush(1);
    print $in "EHLO $name\r\n" if $tls eq 'starttls' || reply($out);
    my ($code, @offers) = reply($out);
    return ($in, $out, @offers) if defined $code && $code == 250;
    finish('greeting', $code, @offers) if defined $code;
    my @said = <$errors>;
    my ($why) = map { /verify error:num=\d+:(.*)/ ? $1 : () } @said;
    finish('certificate', $why) if defined $why;
    finish('tls', grep { defined } map { /error:[0-9A-F]*:(.*)/ ? $1 : () } @said);
}

sub login {
    my ($in, $out, @offers) = @_;
    open my $stream, '<', $file or finish('password', "$!");
    chomp(my $password = <$stream> // '');
    my $plain = base64("\0$user\0$password");
    push @hidden, grep { length } $plain, base64($password), $password;
    my ($methods) = map { /^AUTH[ =](.*)/i ? $1 : () } @offers;
    finish('none') if !defined $methods;
    finish('other', $methods) if $methods !~ /\b(?:PLAIN|LOGIN)\b/i;
    my @steps = $methods =~ /\bPLAIN\b/i ? ("AUTH PLAIN $plain") : ('AUTH LOGIN', base64($user), base64($password));
    my ($code, @text);
    for my $step (@steps) {
        print $in "$step\r\n";
        ($code, @text) = reply($out);
        last if ($code // 500) >= 400;
    }
    print $in "QUIT\r\n";
    finish('login', $code // '', $text[0] // 'it closed the connection') if ($code // 0) != 235;
}

$| = 1;
alarm 3 * $patience;
my $said = `timeout $patience msmtp -C '$config' --serverinfo 2>&1 </dev/null`;
my $code = $? >> 8;
if ($code) {
    reach();
    session() if $tls ne 'none';
    finish('msmtp', $code, (split /\n/, $said)[-1] // '');
}
login(session()) if defined $user;
finish('right');
