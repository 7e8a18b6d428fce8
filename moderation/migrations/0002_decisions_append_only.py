from __future__ import annotations

from django.db import migrations

REFUSE = """
CREATE FUNCTION moderation_decision_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'decisions are append-only';
END $$;
CREATE TRIGGER moderation_decision_is_final
BEFORE UPDATE OR DELETE ON moderation_decision
FOR EACH ROW EXECUTE FUNCTION moderation_decision_is_final();
"""
ALLOW = """
DROP TRIGGER moderation_decision_is_final ON moderation_decision;
DROP FUNCTION moderation_decision_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
