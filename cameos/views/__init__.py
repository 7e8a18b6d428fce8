"""Cameos over HTTP: enrolments, their captures, and what else each module is named for."""
