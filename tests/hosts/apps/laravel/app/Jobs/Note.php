<?php

namespace App\Jobs;

use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Foundation\Bus\Dispatchable;
use Illuminate\Support\Facades\DB;

/** Writes a row, so that a page can show what ran. */
class Note implements ShouldQueue
{
    use Dispatchable;

    public function __construct(private string $text)
    {
    }

    public function handle(): void
    {
        self::write($this->text);
    }

    public static function write(string $text): void
    {
        DB::table('notes')->insert(['text' => $text]);
    }
}
