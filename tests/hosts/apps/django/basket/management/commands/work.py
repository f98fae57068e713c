import signal
import time

from django.core.management.base import BaseCommand

from basket.models import Note


class Command(BaseCommand):
    help = "Writes what is queued."

    def handle(self, *args: str, **options: object) -> None:
        going = [True]
        signal.signal(signal.SIGTERM, lambda *_: going.clear())
        while going:
            Note.objects.filter(written=False).update(written=True)
            time.sleep(0.3)
