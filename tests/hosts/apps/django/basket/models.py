from django.db import models


class Note(models.Model):
    """What a visitor queued, and whether the worker has written it."""

    text = models.CharField(max_length=100)
    written = models.BooleanField(default=False)
