const express = require("express");

const app = express();
const page = require("./page");

app.get("/", (request, response) => response.send(page()));

const server = app.listen(process.env.PORT, process.env.HOST);
// What is open is answered before it ends.
process.on("SIGTERM", () => server.close(() => process.exit(0)));
