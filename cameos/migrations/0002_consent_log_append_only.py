from __future__ import annotations

from django.db import migrations

REFUSE = """
CREATE FUNCTION cameos_consententry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the consent log is append-only';
END $$;
CREATE TRIGGER cameos_consententry_is_final
BEFORE UPDATE OR DELETE ON cameos_consententry
FOR EACH ROW EXECUTE FUNCTION cameos_consententry_is_final();
"""
ALLOW = """
DROP TRIGGER cameos_consententry_is_final ON cameos_consententry;
DROP FUNCTION cameos_consententry_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("cameos", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
