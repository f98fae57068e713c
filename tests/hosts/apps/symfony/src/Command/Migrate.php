<?php

namespace App\Command;

use App\Database;
use Symfony\Component\Console\Attribute\AsCommand;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

#[AsCommand('app:migrate')]
class Migrate extends Command
{
    private const TABLES = [
        'CREATE TABLE IF NOT EXISTS notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100) NOT NULL)',
    ];

    public function __construct(private Database $database)
    {
        parent::__construct();
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        array_map($this->database->getConnection()->executeStatement(...), self::TABLES);

        return Command::SUCCESS;
    }
}
