<?php
// Prints a table of random values as PHP serializes them, and what they should be when OLD has become NEW in their texts.
mt_srand(7);
const OLD = 'http://wordpress.test', NEW_ = "https://\u{fc}.moved.example";
function word(): string
{
    $parts = [OLD, 'x', '"', ';', '}', "\u{20ac}", "\0", 's:3:"a";', 'a:1:{', "\n", '\\', "'"];
    return implode('', array_map(fn () => $parts[mt_rand(0, count($parts) - 1)], range(0, mt_rand(0, 4))));
}
function tree(int $depth): mixed
{
    $kind = mt_rand(0, $depth > 0 ? 8 : 4);
    if ($kind === 0) return mt_rand() / 7 * (mt_rand(0, 1) ? 1e30 : -1e-9);
    if ($kind === 1) return [null, true, false, INF, -INF, 0, -12][mt_rand(0, 6)];
    if ($kind < 5) return 'x' . word();
    $found = [];
    for ($left = mt_rand(0, 4); $left; $left--) $found[mt_rand(0, 1) ? mt_rand(-9, 99) : 'k' . word()] = tree($depth - 1);
    if ($kind === 7) return (object) $found;
    if ($kind === 8) return new Nested($found);
    return $found;
}
class Nested { public function __construct(public mixed $held) {} } // becomes serialized text in text
function replaced(mixed $tree, bool $new): mixed
{
    if ($tree instanceof Nested) return serialize(replaced($tree->held, $new));
    if (is_string($tree)) return $new ? str_replace(OLD, NEW_, $tree) : $tree;
    if (is_array($tree)) return array_map(fn ($one) => replaced($one, $new), $tree);
    return is_object($tree) ? (object) replaced((array) $tree, $new) : $tree;
}
echo "CREATE TABLE serialized (id INT PRIMARY KEY, was LONGTEXT CHARACTER SET utf8mb4, becomes LONGTEXT CHARACTER SET utf8mb4);\n";
for ($id = 0; $id < 400; $id++) {
    $tree = [OLD, tree(5)];
    printf("INSERT INTO serialized VALUES (%d, x'%s', x'%s');\n", $id,
        bin2hex(serialize(replaced($tree, false))), bin2hex(serialize(replaced($tree, true))));
}
$widgets = [2 => ['title' => "Gr\u{fc}\u{df}e", 'text' => '<a href="' . OLD . '/a">'], 'in' => serialize([OLD])];
printf("INSERT INTO wp_options (option_name, option_value) VALUES ('widget_test', x'%s');\n", bin2hex(serialize($widgets)));
