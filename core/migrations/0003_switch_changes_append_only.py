from __future__ import annotations

from django.db import migrations

REFUSE = """
CREATE FUNCTION core_switchchange_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'changes of switches are append-only';
END $$;
CREATE TRIGGER core_switchchange_is_final
BEFORE UPDATE OR DELETE ON core_switchchange
FOR EACH ROW EXECUTE FUNCTION core_switchchange_is_final();
"""
ALLOW = """
DROP TRIGGER core_switchchange_is_final ON core_switchchange;
DROP FUNCTION core_switchchange_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_switches")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
