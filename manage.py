#!/usr/bin/env python
"""Django's command line for Vignette; `manage.py up` starts everything."""

import os
import sys


def main() -> None:
    """Run the management command named on the command line.

    Raises:
        OperationalError: the database that the environment names does not answer.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError:
        if settings.DATABASE_URL:
            raise
        sys.exit(f"nothing runs in {settings.STATE_DIR}; start it with bin/run")


if __name__ == "__main__":
    main()
