"""Statements over the audit trail."""

from apps.core.sql import Statements

statements = Statements(__file__)
