from django.core.management.base import BaseCommand

from basket.models import Note


class Command(BaseCommand):
    help = "Writes a note by itself, for the schedule."

    def handle(self, *args: str, **options: object) -> None:
        Note.objects.create(text="scheduled", written=True)
