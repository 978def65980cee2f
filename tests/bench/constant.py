"""A Django project of one view that says the same to everybody: what the framework costs by itself."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="of no use", MIDDLEWARE=[])


def constant(request: HttpRequest) -> HttpResponse:
    """The same for everybody."""
    return HttpResponse(b'{"context":"","status":200,"data":{},"error":null}', content_type="application/json")


urlpatterns = [path("", constant)]
application = get_wsgi_application()
