"""Contract: the clear address goes; `email` is its blind index from now on."""

from django.db import migrations

from vasistas.guard import addresses


class Migration(migrations.Migration):

    dependencies = [("accounts", "0003_seal_addresses")]

    operations = [
        migrations.RemoveField("member", "email"),
        migrations.RenameField("member", "email_index", "email"),
        migrations.AlterField(
            "member", "email", addresses.AddressField(max_length=254, unique=True, db_column="email_index")
        ),
        migrations.AlterField("member", "email_sealed", addresses.SealedAddress()),
        addresses.InApp(
            "account", migrations.AlterField("emailaddress", "email_sealed", addresses.SealedAddress())
        ),
    ]
