"""``dialbridge top`` on the screen: the floor as a table that keeps itself up to date; what it shows is the floor's."""

import time
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import DataTable, Footer, Header, Input, Static

from dialbridge_client.errors import DialbridgeError
from dialbridge_client.floor import Figures, Floor, Order
from dialbridge_client.following import Changed, Interrupted, Replaced, Resumed, WatchEvent

REFRESH_EVERY = 0.5
"""Seconds between two pictures: changes are gathered, so that a busy floor costs no more than a quiet one."""
SHOWN = 200
"""Rows at most; a filter brings the others."""
COLUMNS = ("state", "time", "agent", "device", "other party", "campaign", "call")
_STYLES = {"Dialing": "yellow", "Ringing": "magenta", "Established": "green", "Held": "cyan"}


class Top(App[int]):
    """The application; its result is the exit status."""

    TITLE = "dialbridge"
    CSS = """
    #figures { height: 3; padding: 0 1; }
    #figures Static { width: 1fr; padding-right: 2; }
    #status { height: 1; padding: 0 1; }
    #status.stale { background: $error; color: $text; }
    #filter { display: none; }
    #filter.open { display: block; }
    DataTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit_top", "Quit"),
        Binding("s", "sort", "Sort"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("escape", "clear", "Clear filter", show=False),
        Binding("space", "pause", "Pause"),
    ]

    def __init__(
        self, events: Callable[[], AsyncIterator[WatchEvent]], where: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``events`` begins a watch; ``where`` is what it is of, in words."""
        super().__init__()
        self.sub_title = where
        self._events = events
        self._clock = clock
        self.floor = Floor()
        self.order = Order.NEWEST
        self.words = ""
        self.paused = False
        self._live = False
        self._trouble = "connecting"

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        yield Header(show_clock=True)
        with Horizontal(id="figures"):
            yield Static(id="now")
            yield Static(id="minute")
            yield Static(id="causes")
        yield Static(id="status")
        yield Input(placeholder="words that a call must have: a number, an agent, a state, a campaign", id="filter")
        yield DataTable(cursor_type="row", zebra_stripes=True)
        yield Footer()

    def on_mount(self) -> None:
        """Begin."""
        self.query_one(DataTable).add_columns(*COLUMNS)
        self.query_one(DataTable).focus()
        self.set_interval(REFRESH_EVERY, self.draw)
        self.run_worker(self._follow(), exclusive=True)
        self.draw()

    async def _follow(self) -> None:
        try:
            async for event in self._events():
                match event:
                    case Replaced():
                        self.floor.replace(event.calls, self._clock())
                        self._live = True
                    case Changed():
                        self.floor.change(event.change, self._clock())
                        self._live = True
                    case Resumed():
                        self._live = True
                    case Interrupted():
                        self._live = False
                        self._trouble = f"{event.error.text}; trying again"
        except DialbridgeError as error:
            self.exit(1, message=f"dialbridge top: {error}")

    def draw(self) -> None:
        """Show what there is now."""
        if self.paused:
            return
        now = self._clock()
        figures = self.floor.figures(now)
        rows, found = self.floor.rows(self.order, self.words, SHOWN, now)
        self.query_one("#now", Static).update(_states(figures))
        self.query_one("#minute", Static).update(_minute(figures))
        self.query_one("#causes", Static).update(_causes(figures))
        self._say(found)
        table = self.query_one(DataTable)
        at = table.cursor_row
        with self.batch_update():
            table.clear()
            for row in rows:
                table.add_row(
                    Text(row.state, style=_STYLES.get(row.state, "")),
                    Text(f"{row.seconds // 60}:{row.seconds % 60:02d}", justify="right"),
                    row.agent,
                    row.device,
                    row.other,
                    row.campaign,
                    row.key[0],
                )
            table.move_cursor(row=min(at, max(0, len(rows) - 1)))

    def _say(self, found: int) -> None:
        status = self.query_one("#status", Static)
        status.set_class(not self._live, "stale")
        parts = ["live" if self._live else f"NOT LIVE: {self._trouble}", f"sorted by {self.order.value}"]
        if self.words:
            parts.append(f"{found} with {self.words!r}")
        if found > SHOWN:
            parts.append(f"the first {SHOWN} of {found} are shown")
        status.update(Text(" | ".join(parts)))

    def action_quit_top(self) -> None:
        """Leave."""
        self.exit(0)

    def action_sort(self) -> None:
        """The next order."""
        orders = list(Order)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self.draw()

    def action_filter(self) -> None:
        """Ask for words."""
        box = self.query_one("#filter", Input)
        box.add_class("open")
        box.focus()

    def action_clear(self) -> None:
        """All calls again."""
        self.query_one("#filter", Input).value = ""
        self._close_filter()

    def action_pause(self) -> None:
        """Hold the picture still, or let it go on."""
        self.paused = not self.paused
        self.sub_title = self.sub_title.removesuffix(" (paused)") + (" (paused)" if self.paused else "")
        self.draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Words were typed."""
        self.words = event.value
        self.draw()

    def on_input_submitted(self) -> None:
        """The words stay."""
        self._close_filter()

    def _close_filter(self) -> None:
        self.query_one("#filter", Input).remove_class("open")
        self.query_one(DataTable).focus()


def _states(figures: Figures) -> Text:
    counts = ", ".join(f"{count} {state}" for state, count in figures.by_state) or "nobody talks"
    return Text(f"{figures.live} calls\n{counts}")


def _minute(figures: Figures) -> Text:
    rate = "" if figures.answer_rate is None else f", {figures.answer_rate:.0%} answered"
    return Text(f"last minute\n{figures.appeared} begun, {figures.answered} answered, {figures.released} ended{rate}")


def _causes(figures: Figures) -> Text:
    causes = ", ".join(f"{count} {cause or 'unknown'}" for cause, count in figures.causes) or "none ended"
    return Text(f"why they ended\n{causes}")
