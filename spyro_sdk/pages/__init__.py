"""All pages of a fetch, in their order, each asked for as soon as its address is known.

page      what a page is, and how it is asked for
line      pages are asked for ahead
once      whether a record came twice, however far apart
seams     what in a page is new, told by the keys of the page before it
courses   where to go on after a page, and how to tell that nothing was lost
going_on  how far they have come, and how to go on from there
read      all of them
"""

from .page import Ahead, Ask, Bounds, Foresee, GoesOn, Habits, Page, Way, identity
from .read import Pages
from .seams import keys_of, repeated
from .watch import watched

__all__ = [
    "Ahead",
    "Ask",
    "Bounds",
    "Foresee",
    "GoesOn",
    "Habits",
    "Page",
    "Pages",
    "Way",
    "identity",
    "keys_of",
    "repeated",
    "watched",
]
