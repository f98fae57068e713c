<?php

namespace App;

use Doctrine\DBAL\Connection;
use Doctrine\DBAL\DriverManager;
use Doctrine\DBAL\Tools\DsnParser;
use Doctrine\Persistence\ConnectionRegistry;

/** The connection of DATABASE_URL; Debian has no DoctrineBundle, which would give Messenger this registry. */
class Database implements ConnectionRegistry
{
    private Connection $connection;

    public function __construct(string $url)
    {
        $this->connection = DriverManager::getConnection((new DsnParser(['mysql' => 'pdo_mysql']))->parse($url));
    }

    public function getDefaultConnectionName(): string
    {
        return 'default';
    }

    public function getConnection(?string $name = null): Connection
    {
        return $this->connection;
    }

    public function getConnections(): array
    {
        return ['default' => $this->connection];
    }

    public function getConnectionNames(): array
    {
        return ['default' => 'database'];
    }

    public function note(string $text): void
    {
        $this->connection->insert('notes', ['text' => $text]);
    }

    public function notes(): array
    {
        return $this->connection->fetchFirstColumn('SELECT DISTINCT text FROM notes ORDER BY text');
    }
}
