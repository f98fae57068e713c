# Prints SQL that replaces texts in all tables of a database. Only modules of perl-base, which is essential on Debian. Arguments: a
# client, its option that logs in, the database; stdin: lines `OLD NEW`, in hex. No object is made of what PHP serialized: only its
# notation is read. With `--rewrite` alone it prints the texts that follow the pairs and an empty line, in hex, rewritten.
# On stderr it prints a line `replaced TABLE ROWS LEFT KEYLESS` for each table with any of them; the table's name is in hex.
use strict;
use warnings;
no warnings 'recursion';
use IPC::Open2;

my $DEPTH = 4096; # PHP's own unserialize_max_depth
my (%new, $needle);
my $left = 0;
our $depth = 0;

sub pairs {
    while (defined(my $line = <STDIN>)) {
        my ($old, $new) = $line =~ /^([0-9a-f]+) ([0-9a-f]*)$/ or last;
        ($old, $new) = (pack('H*', $old), pack('H*', $new));
        $new{$old} = $new;
        $new{$old =~ s{/}{\\/}gr} //= $new =~ s{/}{\\/}gr; # as PHP writes it in JSON
    }
    # All at once, the longest first: what was replaced is not replaced again.
    my $any = join '|', map { quotemeta } sort { length $b <=> length $a || $a cmp $b } keys %new;
    $needle = qr/($any)/;
}

# A text with its replacements. What begins like serialized data and is not is left: its lengths are wrong already.
sub rewrite {
    my ($text) = @_;
    return $text unless $text =~ $needle;
    if ($text =~ /^\s*(?:[aOC]:\d+:[{"]|[sSE]:\d+:")/) {
        my ($before, $out) = ($left);
        return $out if defined($out = whole($text));
        $left = $before + 1;
        return $text;
    }
    return $text =~ s/$needle/$new{$1}/gr;
}

sub whole {
    my ($text) = @_;
    $text =~ /\G\s*/gc;
    my $start = pos($text) // 0;
    local $depth = $depth + 1;
    my $out = value(\$text);
    return unless defined $out && $text =~ /\G(\s*)\z/gc;
    return substr($text, 0, $start) . $out . $1;
}

# The bytes of a text in quotes with this length, and what follows it.
sub quoted {
    my ($text, $length, $end) = @_;
    my $at = pos($$text);
    return if length($length) > 10 || $at + $length + 1 + length($end) > length($$text);
    return if substr($$text, $at + $length, 1 + length $end) ne "\"$end";
    pos($$text) = $at + $length + 1 + length $end;
    return substr($$text, $at, $length);
}

# One value at the position, rewritten; undef if it is none.
sub value {
    my ($text) = @_;
    return $1 if $$text =~ /\G(N;|b:[01];|i:[+-]?\d+;|[rR]:\d+;|d:(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NAN);)/gc;
    if ($$text =~ /\Gs:(\d+):"/gc) {
        my $found = quoted($text, $1, ';') // return;
        my $new = rewrite($found);
        return 's:' . length($new) . ":\"$new\";";
    }
    if ($$text =~ /\GE:(\d+):"/gc) {
        my ($length, $case) = ($1, quoted($text, $1, ';') // return);
        return "E:$length:\"$case\";";
    }
    return entries($text, "a:$1:{", $1) if $$text =~ /\Ga:(\d+):\{/gc;
    return object($text, $1, $2) if $$text =~ /\G([OC]):(\d+):"/gc;
    return;
}

# The class keeps its name. What a class of its own notation (C) has written can't be read without it.
sub object {
    my ($text, $kind, $length) = @_;
    my $class = quoted($text, $length, ':') // return;
    return unless $$text =~ /\G(\d+):\{/gc;
    my $head = "$kind:$length:\"$class\":$1:{";
    return entries($text, $head, $1) if $kind eq 'O';
    my ($at, $size) = (pos($$text), $1);
    return if length($size) > 10 || $at + $size >= length($$text) || substr($$text, $at + $size, 1) ne '}';
    pos($$text) = $at + $size + 1;
    my $own = substr($$text, $at, $size);
    $left++ if $own =~ $needle;
    return "$head$own}";
}

# The keys stay.
sub entries {
    my ($text, $out, $count) = @_;
    local $depth = $depth + 1;
    return if $depth > $DEPTH || $count > length($$text);
    for (1 .. $count) {
        if ($$text =~ /\G(i:[+-]?\d+;)/gc) { $out .= $1 }
        elsif ($$text =~ /\Gs:(\d+):"/gc) {
            my $length = $1;
            $out .= "s:$length:\"" . (quoted($text, $length, ';') // return) . '";';
        }
        else { return }
        $out .= value($text) // return;
    }
    return $$text =~ /\G\}/gc ? "$out}" : undef;
}

my ($client, $login, $database) = @ARGV;
my %shown = ('\\0' => "\0", '\\t' => "\t", '\\n' => "\n", '\\\\' => '\\');
my %hidden = ("\0" => '\\0', "\n" => '\\n', "\r" => '\\r', "\x1a" => '\\Z', "'" => "\\'", '\\' => '\\\\');

sub name { return '`' . $_[0] =~ s/`/``/gr . '`' }
sub literal { return "'" . $_[0] =~ s/([\0\n\r\x1a'\\])/$hidden{$1}/gr . "'" }
sub binary { return "CAST(CONVERT($_[0] USING utf8mb4) AS BINARY)" }
sub hex_of { return "x'" . unpack('H*', $_[0]) . "'" }

# Calls $each with the columns of each row, one row at a time.
sub query {
    my ($sql, $each) = @_;
    my $pid = open2(my $from, my $to, $client, $login, '--batch', '--skip-column-names', '--quick', $database);
    print {$to} "SET NAMES utf8mb4; SET time_zone = '+00:00';\n$sql;\n";
    close $to;
    while (defined(my $line = <$from>)) {
        chomp $line;
        $each->(map { s/(\\[0tn\\])/$shown{$1}/gr } split /\t/, $line, -1);
    }
    waitpid $pid, 0;
    exit 1 if $?;
}

my $TEXT = qr/^(?:char|varchar|tinytext|text|mediumtext|longtext|json)$/;
# How a value of a key is written: types that are compared exactly.
my %compared = (
    (map { $_ => sub { $_[0] } } qw(tinyint smallint mediumint int bigint decimal)),
    (map { $_ => \&literal } qw(char varchar date datetime timestamp time year uuid)),
    (map { $_ => \&hex_of } qw(binary varbinary)),
);

# Table → {columns, types, kept (columns that a change would set to the present time), key}.
sub tables {
    my %tables;
    query(q{SELECT c.table_name, c.column_name, c.data_type, c.extra LIKE '%on update%', COALESCE(c.generation_expression, '') <> ''
        FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY 1, c.ordinal_position}, sub {
        my ($table, $column, $type, $kept, $made) = @_;
        my $found = $tables{$table} //= { texts => [], kept => [], types => {} };
        $found->{types}{$column} = lc $type;
        push @{$found->{texts}}, $column if lc($type) =~ $TEXT && !$made;
        push @{$found->{kept}}, $column if $kept;
    });
    my (%keys, @order);
    query(q{SELECT table_name, index_name, column_name, nullable = 'YES' OR sub_part IS NOT NULL OR column_name IS NULL
        FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0
        ORDER BY 1, index_name <> 'PRIMARY', 2, seq_in_index}, sub {
        my ($table, $index, $column, $unfit) = @_;
        push @order, [$table, $index] unless $keys{$table}{$index};
        push @{$keys{$table}{$index}}, $unfit || !$compared{$tables{$table}{types}{$column} // ''} ? undef : $column;
    });
    for (@order) {
        my ($table, $index) = @$_;
        next unless $tables{$table};
        my @key = @{$keys{$table}{$index}};
        $tables{$table}{key} //= \@key unless grep { !defined } @key;
    }
    return \%tables;
}

my $changed = 0;

sub update {
    my ($table, $sets, $where) = @_;
    print "COMMIT;\n" unless ++$changed % 1000;
    print 'UPDATE ', name($table), ' SET ', join(', ', @$sets), " WHERE $where;\n" or die "no space\n";
}

sub replace_in {
    my ($table, $found) = @_;
    # WordPress: the guid of a post is an identity, no address.
    my @texts = grep { !($_ eq 'guid' && $found->{types}{post_content}) } @{$found->{texts}};
    return unless @texts;
    my @key = @{$found->{key} // []};
    my @kept = map { name($_) . ' = ' . name($_) } @{$found->{kept}};
    my ($rows, $keyless) = (0, 0);
    $left = 0;
    my @where = map { my $column = $_; map { 'INSTR(' . binary(name($column)) . ', ' . hex_of($_) . ')' } sort keys %new } @texts;
    my $columns = join ', ', (map { name($_) } @key), map { 'COALESCE(' . name($_) . ", '')" } @texts;
    query("SELECT $columns FROM " . name($table) . ' WHERE ' . join(' OR ', @where), sub {
        my @values = splice @_, @key;
        my $same = join ' AND ', map { name($key[$_]) . ' = ' . $compared{$found->{types}{$key[$_]}}->($_[$_]) } 0 .. $#key;
        my (@sets, $skipped);
        for (0 .. $#texts) {
            my $new = rewrite($values[$_]);
            next if $new eq $values[$_];
            my $set = name($texts[$_]) . ' = ' . literal($new);
            if (@key) { push @sets, $set; next }
            # Without a key all rows with this value are changed; what is still to be changed must not become one of them.
            if ($new =~ $needle) { $skipped = 1; next }
            update($table, [$set, @kept], binary(name($texts[$_])) . ' = ' . hex_of($values[$_]));
            push @sets, $set;
        }
        update($table, [@sets, @kept], $same) if @key && @sets;
        $rows++ if @sets;
        $keyless++ if $skipped;
    });
    print STDERR 'replaced ', unpack('H*', $table), " $rows $left $keyless\n" if $rows || $left || $keyless;
}

binmode STDIN;
binmode STDOUT;
pairs();
if ($client eq '--rewrite') {
    while (defined(my $line = <STDIN>)) {
        chomp $line;
        $left = 0;
        print unpack('H*', rewrite(pack 'H*', $line)), " $left\n";
    }
    exit;
}
print "SET NAMES utf8mb4; SET time_zone = '+00:00'; SET foreign_key_checks = 0; SET sql_mode = 'STRICT_ALL_TABLES'; SET autocommit = 0;\n";
my $tables = tables();
replace_in($_, $tables->{$_}) for sort keys %$tables;
print "COMMIT;\n-- whole\n";
close STDOUT or die "no space\n";
