import os

from flask import Flask, render_template, session

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]


@app.get("/")
def basket() -> str:
    session["visits"] = session.get("visits", 0) + 1
    return render_template("basket.html", visits=session["visits"])
