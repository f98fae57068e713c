from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from basket.models import Note


def basket(request: HttpRequest) -> HttpResponse:
    return render(request, "basket/basket.html", {"notes": Note.objects.count()})


def queue(request: HttpRequest, text: str) -> HttpResponse:
    Note.objects.create(text=text)
    return HttpResponse(f"queued {text}\n")


def notes(request: HttpRequest) -> HttpResponse:
    texts = Note.objects.filter(written=True).values_list("text", flat=True)
    return HttpResponse("".join(f"{text}\n" for text in texts))
