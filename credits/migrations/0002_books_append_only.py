"""The books are final: no row of them changes or goes, and each transaction sums to zero."""

from __future__ import annotations

from django.db import migrations

REFUSE = """
CREATE FUNCTION credits_books_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books are append-only';
END $$;

CREATE TRIGGER credits_transaction_is_final
BEFORE UPDATE OR DELETE ON credits_transaction
FOR EACH ROW EXECUTE FUNCTION credits_books_are_final();
CREATE TRIGGER credits_transaction_stays
BEFORE TRUNCATE ON credits_transaction
FOR EACH STATEMENT EXECUTE FUNCTION credits_books_are_final();

CREATE TRIGGER credits_posting_is_final
BEFORE UPDATE OR DELETE ON credits_posting
FOR EACH ROW EXECUTE FUNCTION credits_books_are_final();
CREATE TRIGGER credits_posting_stays
BEFORE TRUNCATE ON credits_posting
FOR EACH STATEMENT EXECUTE FUNCTION credits_books_are_final();

CREATE FUNCTION credits_transaction_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked uuid;
    postings bigint;
    total numeric;
BEGIN
    IF TG_TABLE_NAME = 'credits_transaction' THEN
        checked := NEW.id;
    ELSE
        checked := NEW.transaction_id;
    END IF;
    SELECT count(*), coalesce(sum(amount), 0) INTO postings, total
    FROM credits_posting WHERE transaction_id = checked;
    IF postings < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'transaction %: % postings that sum to %', checked, postings, total
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER credits_transaction_is_whole
AFTER INSERT ON credits_transaction DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION credits_transaction_sums_to_zero();
CREATE CONSTRAINT TRIGGER credits_posting_is_matched
AFTER INSERT ON credits_posting DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION credits_transaction_sums_to_zero();
"""
ALLOW = """
DROP TRIGGER credits_posting_is_matched ON credits_posting;
DROP TRIGGER credits_transaction_is_whole ON credits_transaction;
DROP FUNCTION credits_transaction_sums_to_zero();
DROP TRIGGER credits_posting_stays ON credits_posting;
DROP TRIGGER credits_posting_is_final ON credits_posting;
DROP TRIGGER credits_transaction_stays ON credits_transaction;
DROP TRIGGER credits_transaction_is_final ON credits_transaction;
DROP FUNCTION credits_books_are_final();
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
