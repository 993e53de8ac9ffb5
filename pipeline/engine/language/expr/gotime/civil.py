"""The proleptic Gregorian calendar, with a year zero, as Go counts."""

from typing import Final

MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                  "November", "December")  # fmt: skip
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def days(year: int, month: int, day: int) -> int:
    """Days since 1970."""
    year -= month <= 2
    era, rest = divmod(year, 400)
    return era * 146097 + rest * 365 + rest // 4 - rest // 100 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719468


def civil(number: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970."""
    era, rest = divmod(number + 719468, 146097)
    year = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    rest -= 365 * year + year // 4 - year // 100
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (month <= 2), month, day
