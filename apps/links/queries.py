"""Statements over links."""

from apps.core.sql import Statements

statements = Statements(__file__)
