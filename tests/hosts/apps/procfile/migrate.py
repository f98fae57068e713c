from database import run

run("CREATE TABLE IF NOT EXISTS notes (text VARCHAR(100) NOT NULL, written BOOLEAN NOT NULL DEFAULT FALSE)")
