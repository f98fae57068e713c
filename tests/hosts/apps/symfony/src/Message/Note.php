<?php

namespace App\Message;

/** A row that a worker writes, so that a page can show what ran. */
class Note
{
    public function __construct(public readonly string $text)
    {
    }
}
