"""The one place that asks what time it is; everything below the edge gets moments as arguments."""

import datetime as dt


def now() -> dt.datetime:
    """The present moment in UTC."""
    return dt.datetime.now(dt.UTC)
