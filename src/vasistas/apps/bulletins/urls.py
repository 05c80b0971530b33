from django.urls import path

from vasistas.apps.bulletins import hooks

app_name = "bulletins"
urlpatterns = [
    path("mail/<slug:provider>/tracking/", hooks.mail_tracking, name="mail_tracking"),
    path("sms/<slug:provider>/incoming/", hooks.sms_incoming, name="sms_incoming"),
    path("sms/<slug:provider>/status/", hooks.sms_status, name="sms_status"),
]
