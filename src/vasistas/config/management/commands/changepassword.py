"""Django's changepassword, under the purpose that keeps accounts."""

from django.contrib.auth.management.commands import changepassword

from vasistas.guard.purposes import processing


class Command(changepassword.Command):
    handle = processing("account")(changepassword.Command.handle)
