"""Django's createsuperuser, under the purpose that opens accounts."""

from django.contrib.auth.management.commands import createsuperuser

from vasistas.guard.purposes import processing


class Command(createsuperuser.Command):
    handle = processing("account")(createsuperuser.Command.handle)
