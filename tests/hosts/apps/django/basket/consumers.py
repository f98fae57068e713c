from channels.generic.websocket import WebsocketConsumer


class Echo(WebsocketConsumer):
    def receive(self, text_data: str = "", bytes_data: bytes = b"") -> None:
        self.send(text_data)
