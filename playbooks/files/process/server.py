# Answers any request with the port of its instance. On SIGTERM it answers those who wait already, and ends.
import os
import signal
import socket

port = int(os.environ["PORT"])
body = f"It works: answered on port {port}\n"
answer = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
server = socket.create_server(("127.0.0.1", port), backlog=1024)
signal.signal(signal.SIGTERM, lambda *_: server.settimeout(0))
while True:
    try:
        client, _ = server.accept()
    except BlockingIOError:  # nobody waits any more
        break
    with client:
        client.settimeout(5)
        try:
            request = b""
            while b"\r\n\r\n" not in request and (more := client.recv(65536)):
                request += more
            client.sendall(answer.encode())
        except OSError:
            pass  # who hangs up has no need of an answer
