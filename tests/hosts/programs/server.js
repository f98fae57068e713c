// Answers with what it was asked, and echoes short WebSocket messages.
const http = require('http');
const crypto = require('crypto');

const server = http.createServer((request, response) => {
    response.end(JSON.stringify({ url: request.url, headers: request.headers, greeting: process.env.GREETING }));
});
server.on('upgrade', (request, socket) => {
    const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
    const accept = crypto.createHash('sha1').update(key).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('data', (frame) => {
        const length = frame[1] & 127;
        const text = frame.subarray(6, 6 + length).map((byte, i) => byte ^ frame[2 + (i % 4)]);
        socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
    });
});
server.listen(process.env.PORT, '127.0.0.1');
