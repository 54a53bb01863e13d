"""Frame times of the dashboard under load: ``python -m benchmarks.dashboard --calls 2000 --changes 200``.

A server with the simulated switch in a process of its own, and Chromium with a supervisor's page, on one machine.
Printed: the time between frames while calls change and while somebody scrolls as well, and what the page's one thread
cost. Needs what the browser tests need (tests/fakes/browser.py). Chromium without a screen draws with the processor,
so the machine's cores are shared by server, page and drawing.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

from server.passwords import hash_password
from tests.fakes.browser import Window, chromium
from tests.fakes.process import serve

PASSWORD = "bench"
DEVICES = 100
CHANGES_OF_A_CALL = 3
"""Ringing, established, released."""
SECONDS = 20

FRAMES = """(async () => {
    const frames = [];
    const scroller = document.querySelector(".scroller");
    const end = performance.now() + SECONDS * 1000;
    let before = performance.now();
    let long = 0;
    const observer = new PerformanceObserver((list) => { long += list.getEntries().length; });
    observer.observe({ type: "longtask" });
    while (before < end) {
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - before);
        before = now;
        if (SCROLLS) scroller.scrollTop = (scroller.scrollTop + 60) % (scroller.scrollHeight - scroller.clientHeight);
    }
    observer.disconnect();
    return { frames: frames.slice(1), long };
})()"""


def directory() -> str:
    hashed = hash_password(PASSWORD)
    supervisor = f'[[users]]\nuser_name = "sue"\nroles = ["supervisor"]\npassword_hash = "{hashed}"\n'
    users = (f'[[users]]\nuser_name = "agent{n}"\npassword_hash = "{hashed}"\n' for n in range(DEVICES))
    devices = (
        f'[[devices]]\nphone_number = "{10000 + n}"\nuser_name = "agent{n}"\nlines = 500\n' for n in range(DEVICES)
    )
    return '[contact_center]\nname = "Bench"\n' + supervisor + "".join(users) + "".join(devices)


def scenario(calls: int, changes: int) -> str:
    calls_per_second = changes / CHANGES_OF_A_CALL
    lives = calls / calls_per_second
    numbers = ", ".join(f'"{10000 + n}"' for n in range(DEVICES))
    return (
        f"[load]\ncalls_per_second = {calls_per_second:.3f}\nto = [{numbers}]\nanswer_after = [0.5, 4]\n"
        f"hang_up_after = [{lives * 0.8:.1f}, {lives * 1.2:.1f}]\n"
    )


def tell(what: str, measured: dict[str, Any], before: dict[str, float], after: dict[str, float]) -> None:
    frames = sorted(measured["frames"])
    total = sum(frames)

    def at(share: float) -> float:
        return frames[min(len(frames) - 1, int(share * len(frames)))]

    print(
        f"{what}: {len(frames) / total * 1000:.1f} frames/s; between frames {at(0.5):.1f} ms median,"
        f" {at(0.95):.1f} ms 95 %, {at(0.99):.1f} ms 99 %, {frames[-1]:.1f} ms longest;"
        f" {sum(frame > 25 for frame in frames) / len(frames) * 100:.2f} % over 25 ms;"
        f" {measured['long']} tasks over 50 ms"
    )

    def share(name: str) -> float:
        return (after[name] - before[name]) / (total / 1000) * 100

    print(  # processor time, which other programs on the machine do not change
        f"  the page's thread used {share('TaskDuration'):.0f} % of a core (script {share('ScriptDuration'):.0f} %,"
        f" style {share('RecalcStyleDuration'):.0f} %, layout {share('LayoutDuration'):.0f} %);"
        f" {(after['TaskDuration'] - before['TaskDuration']) / len(frames) * 1000:.1f} ms a frame;"
        f" heap {after['JSHeapUsedSize'] / 1e6:.0f} MB"
    )


async def measure(window: Window, what: str, *, scrolls: bool = False) -> None:
    before = await window.do("metrics")
    expression = FRAMES.replace("SECONDS", str(SECONDS)).replace("SCROLLS", str(scrolls).lower())
    measured = await window.do("evaluate", expression=expression)
    tell(what, measured, before, await window.do("metrics"))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--changes", type=int, default=200, help="a second")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config, script = Path(folder, "directory.toml"), Path(folder, "scenario.toml")
        config.write_text(directory())
        script.write_text(scenario(asked.calls, asked.changes))
        options = ("--config", config, "--scenario", script, "--log-level", "error")
        async with serve(Path(folder, "data"), 0, 0, *options) as server, chromium() as browser:
            window = await browser.open("sue", f"{server.url}/")
            await measure(window, "a page that does nothing, for comparison")
            await window.sign_in("sue", PASSWORD)
            await window.until(
                f"() => Number(document.querySelector('[data-figure=live]')?.innerText) >= {asked.calls * 0.97}",
                within=55,
            )
            await measure(window, "changes alone")
            await measure(window, "scrolling as well", scrolls=True)
            live = await window.read(css="[data-figure=live]")
            rows = await window.do("evaluate", expression="document.querySelectorAll('.scroller tbody tr').length")
            print(f"{live[0]} live calls, of which {rows} rows exist in the page")
            await window.shot("load")


if __name__ == "__main__":
    asyncio.run(main())
