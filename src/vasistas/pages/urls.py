from django.urls import path

from vasistas.pages import studio, views
from vasistas.pages.views import account, cookies, policy, recipients, staff
from vasistas.pages.views import account, changes, cookies, policy, staff
from vasistas.pages.views import account, consents, cookies, policy, staff

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("lobby", views.lobby, name="lobby"),
    path("rooms/", views.directory, name="directory"),
    path("rooms/<slug:slug>/", views.watch, name="watch"),
    path("rooms/<slug:slug>/snapshot", views.snapshot, name="snapshot"),
    path("account/", views.my_account, name="my_account"),
    path("account/data/", account.my_data, name="my_data"),
    path("account/data/<str:key>/", account.my_category, name="my_category"),
    path("account/data/<str:key>/correct/", recipients.correct, name="correct"),
    path("account/recipients/", recipients.recipients, name="recipients"),
    path("account/reads/", account.my_reads, name="my_reads"),
    path("account/reads/<int:entry_id>/proof.json", account.read_proof, name="read_proof"),
    path("account/consents/", consents.my_consents, name="my_consents"),
    path("account/consents/<uuid:receipt_id>/receipt.jsonld", consents.consent_receipt, name="consent_receipt"),
    path("account/messages/", consents.my_messages, name="messages"),
    path("account/export/", account.export, name="export"),
    path("account/export/<str:token>/", account.take_export, name="take_export"),
    path("account/changes/", changes.my_changes, name="my_changes"),
    path("account/changes/<int:number>/read/", changes.put_away, name="put_away"),
    path("privacy/", policy.privacy, name="privacy"),
    path("privacy/cookies/", cookies.cookies, name="cookies"),
    path(".well-known/gpc.json", cookies.gpc, name="gpc"),
    path("privacy/proof/", policy.proof, name="proof"),
    path("privacy/proof.json", policy.proof_json, name="proof_json"),
    path("privacy/versions/", policy.versions, name="versions"),
    path("privacy/versions/<int:number>/", policy.version, name="version"),
    path("privacy/versions/<int:number>/diff/", policy.version_diff, name="version_diff"),
    path("staff/", staff.overview, name="staff"),
    path("staff/policy/", changes.staff_policy, name="staff_policy"),
    path("staff/policy/approve/", changes.approve, name="approve_policy"),
    path("staff/policy/release/", changes.release, name="release_policy"),
    path("staff/proof/", staff.proof, name="staff_proof"),
    path("staff/data-map/", staff.data_map, name="staff_data_map"),
    path("staff/register/", staff.register_page, name="staff_register"),
    path("staff/register.<slug:ending>", staff.register_file, name="staff_register_file"),
    path("staff/recipients/", recipients.staff_recipients, name="staff_recipients"),
    path("contact/", views.contact, name="contact"),
    path("source/", views.source, name="source"),
    path("source/vasistas.tar.gz", views.source_archive, name="source_archive"),
    path("studio/", studio.studio, name="studio"),
    path("studio/live/", studio.green_room, name="green_room"),
    path("studio/snapshot", studio.snapshot, name="studio_snapshot"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
]
