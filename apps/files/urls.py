"""Paths of files, on a site's hosts."""

from django.urls import path

from apps.files.api import FileDetail, FileList

urlpatterns = [
    path("files", FileList.as_view()),
    path("files/<hash:file_hash>", FileDetail.as_view()),
]
