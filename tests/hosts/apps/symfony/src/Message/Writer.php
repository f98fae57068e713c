<?php

namespace App\Message;

use App\Database;
use Symfony\Component\Messenger\Attribute\AsMessageHandler;

#[AsMessageHandler]
class Writer
{
    public function __construct(private Database $database)
    {
    }

    public function __invoke(Note $note): void
    {
        $this->database->note($note->text);
    }
}
