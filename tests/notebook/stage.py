"""A notebook that is none: its screen, its clock, and runs that are told what happened to them."""

from spyro_sdk.config import RateLimitConfig
from spyro_sdk.observers.running import Asked, Running


class Clock:
    """Set by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Bucket:
    """A rate limiter that is half empty."""

    def get_available_tokens(self):
        return 5.0

    def get_wait_time(self):
        return 0.0


class Stage:
    """A screen which remembers all that it was shown: `(act, output, html)`, in order."""

    def __init__(self, has_widgets=True):
        self.has_widgets = has_widgets
        self.said = []
        self.texts = {}
        self.open = set()

    def show(self, output, html, text):
        assert output not in self.texts
        self._say("show", output, html, text)

    def replace(self, output, html, text):
        assert output in self.texts
        self._say("replace", output, html, text)

    def panel(self, output, html):
        if not self.has_widgets:
            return None
        self._say("panel", output, html, "")
        self.open.add(output)
        return Panel(self, output)

    def _say(self, act, output, html, text):
        self.said.append((act, output, html))
        self.texts[output] = text

    @property
    def acts(self):
        return [act for act, _, _ in self.said]

    @property
    def last(self):
        """The HTML that is seen at the end."""
        return self.said[-1][2]


class Panel:
    """A widget of the stage's."""

    def __init__(self, stage, output):
        self.stage, self.output = stage, output

    def draw(self, html):
        assert self.output in self.stage.open
        self.stage.said.append(("draw", self.output, html))

    def close(self):
        self.stage.open.remove(self.output)


def begun(clock, entity="Customer", *, rate=60, **more):
    """A run that has just begun."""
    config = RateLimitConfig(rate, 10)
    return Running(Asked("acme", entity, config, Bucket(), **more), clock=clock)
