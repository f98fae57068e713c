from django.urls import path

from basket import views

urlpatterns = [
    path("", views.basket),
    path("queue/<str:text>", views.queue),
    path("notes", views.notes),
]
