from django.apps import AppConfig


class ReadsConfig(AppConfig):
    name = "vasistas.guard.reads"

    def ready(self) -> None:
        from vasistas.guard import purposes  # noqa: PLC0415 — models exist only now
        from vasistas.guard.reads import rows  # noqa: PLC0415 — see above
        from vasistas.guard.reads.recorder import Recorder  # noqa: PLC0415 — see above

        rows.install()
        purposes.record_with(Recorder)
