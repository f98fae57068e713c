from database import run
from flask import Flask


def create() -> Flask:
    app = Flask("shop")

    @app.get("/")
    def basket() -> str:
        return f"<h1>Basket</h1><p>{len(run('SELECT text FROM notes'))} notes</p>\n"

    @app.get("/queue/<text>")
    def queue(text: str) -> str:
        run("INSERT INTO notes (text) VALUES (%s)", text)
        return f"queued {text}\n"

    @app.get("/notes")
    def notes() -> str:
        return "\n".join(run("SELECT text FROM notes WHERE written"))

    return app
