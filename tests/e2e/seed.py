"""`python -m tests.e2e.seed`: migrates the database of DATABASE_URL, makes sites in it and prints what a test needs."""

import json
import sys

import django


def seed() -> dict[str, str]:
    """The schema, the root site, the site `alpha`, and a site with a domain of its own."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)

    from apps.accounts.services import create_client, create_operator
    from apps.sites.models import Site
    from tests.content import start
    from tests.factories import make_forum

    make_forum("root", is_root=True)
    alpha = make_forum("alpha", title="Alpha")
    for _ in range(6):
        start(alpha.owner, alpha.root)
    beta = make_forum("beta", title="Beta")
    Site.objects.filter(pk=beta.site.pk).update(domain="forum.example.org")
    create_operator(email="operator@example.org", password="correct horse battery")
    _client, secret = create_client(name="tests")
    return {"token": alpha.member("ann").token, "client_secret": secret}


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(seed()))
