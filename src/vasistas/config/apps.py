from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import import_string

from vasistas import media, payments, realtime, sms


class ConfigConfig(AppConfig):
    name = "vasistas.config"
    label = "config"

    def ready(self) -> None:
        from vasistas.config import sms as providers  # noqa: PLC0415 — providers' libraries are heavy
        from vasistas.config import wiring  # noqa: PLC0415 — the reactions need every app's models loaded
        from vasistas.config.payments import ports  # noqa: PLC0415 — providers' libraries are heavy
        from vasistas.guard.egress.media import MediaBehindDoor  # noqa: PLC0415 — see above
        from vasistas.guard.egress.payments import PaymentsBehindDoor  # noqa: PLC0415 — see above

        wiring.connect()
        realtime.configure(key=settings.GRANT_KEY)
        adapter = import_string(settings.MEDIA_PORT_ADAPTER)
        media.configure(MediaBehindDoor(adapter(url=settings.MEDIA_NODE_URL, key=settings.GRANT_KEY)))
        made = ports(settings.PAYMENT_ACCOUNTS, data=settings.DATA)
        payments.configure({name: PaymentsBehindDoor(port) for name, port in made.items()})
        key = settings.SECRET_KEY
        sms.configure(providers.port(settings.SMS_PROVIDER, settings.SMS_ACCOUNT, data=settings.DATA, secret=key))
