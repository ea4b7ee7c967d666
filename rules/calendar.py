"""Working days and hours in the group's zone. Public holidays are the member's département's (library `holidays`)."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from rules.schema import Calendar, Closure

# Départements with holidays of their own, as `holidays` names them: Moselle, Alsace (6AE), overseas.
_SUBDIVISIONS = {
    "57": "57",
    "67": "6AE",
    "68": "6AE",
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "976": "976",
}


@cache
def _holidays(subdivision: str | None, year: int) -> frozenset[dt.date]:
    import holidays

    return frozenset(holidays.country_holidays("FR", subdiv=subdivision, years=year))


@cache
def school_holidays(zone: str) -> tuple[Closure, ...]:
    """The school holidays that are shipped, of zone A, B or C."""
    import yaml

    table = yaml.safe_load((resources.files("rules") / "school_holidays.yaml").read_text("utf-8"))
    return tuple(Closure.model_validate(x) for x in table[zone])


class Days:
    """The working days of one département under one group's calendar."""

    def __init__(self, calendar: Calendar, department: str | None) -> None:
        self._calendar = calendar
        self._department = department
        school = school_holidays(calendar.school_zone) if calendar.school_zone else ()
        self._closures = (*calendar.closures, *school)
        self._subdivision = _SUBDIVISIONS.get(department or "") if calendar.departments else None
        self.zone = ZoneInfo(calendar.timezone)

    def date(self, at: dt.datetime) -> dt.date:
        """The day of an instant, here."""
        return at.astimezone(self.zone).date()

    def start(self, day: dt.date) -> dt.datetime:
        """Midnight at which `day` begins, here."""
        return dt.datetime.combine(day, dt.time(), self.zone)

    def works(self, day: dt.date) -> bool:
        """Neither weekend nor public holiday."""
        return day.weekday() < 5 and day not in _holidays(self._subdivision, day.year)

    def add(self, day: dt.date, working_days: int) -> dt.date:
        """The n-th working day after `day`; `day` itself, or the next working one, for 0."""
        while working_days > 0:
            day += dt.timedelta(days=1)
            working_days -= self.works(day)
        while not self.works(day):
            day += dt.timedelta(days=1)
        return day

    def between(self, first: dt.date, last: dt.date) -> int:
        """How many working days lie after `first`, up to and with `last`."""
        return sum(self.works(first + dt.timedelta(days=i)) for i in range(1, (last - first).days + 1))

    def open(self, at: dt.datetime) -> dt.datetime:
        """`at`, or the next instant at which a reminder may leave: a working day's hours, outside the closures."""
        local = at.astimezone(self.zone)
        day = local.date()
        if self._open_day(day) and local.hour < self._calendar.opens:
            return self._opening(day)
        if self._open_day(day) and local.hour < self._calendar.closes:
            return at
        day += dt.timedelta(days=1)
        while not self._open_day(day):
            day += dt.timedelta(days=1)
        return self._opening(day)

    def opening(self, day: dt.date) -> dt.datetime:
        """The first instant of `day`, or of the next open day, at which a reminder may leave."""
        return self.open(self._opening(day))

    def closing(self, at: dt.datetime) -> dt.datetime:
        """When the hours of the day of `at` end."""
        return self.start(self.date(at)) + dt.timedelta(hours=self._calendar.closes)

    def _opening(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(self._calendar.opens), self.zone)

    def _open_day(self, day: dt.date) -> bool:
        return self.works(day) and not any(
            c.first <= day <= c.last and (not c.departments or self._department in c.departments)
            for c in self._closures
        )
