"""Invented mails of every kind. Bodies, persons, SIRETs (valid by Luhn) and prices are invented."""
