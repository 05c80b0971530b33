"""Expand: a blind index and a sealed address beside each clear one, in our table and in allauth's."""

import uuid

from django.db import migrations, models

from vasistas.guard import addresses


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("privacy", "0004_drop_open_audit_id"),
    ]

    operations = [
        migrations.RemoveConstraint("member", "accounts_member_email_once"),
        migrations.AlterField("member", "email", models.EmailField(max_length=254, unique=True, null=True)),
        migrations.AddField("member", "row_key", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.AddField("member", "email_sealed", addresses.SealedAddress(null=True)),
        migrations.AddField(
            "member", "email_index", addresses.AddressField(max_length=254, null=True, db_column="email_index")
        ),
        addresses.InApp(
            "account",
            migrations.AddField("emailaddress", "row_key", models.UUIDField(default=uuid.uuid4, editable=False)),
        ),
        addresses.InApp(
            "account", migrations.AddField("emailaddress", "email_sealed", addresses.SealedAddress(null=True))
        ),
    ]
