"""The commands of the systemd units, for servers on this machine."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_HOME = "/opt/microcosm/current/.venv/bin/"
#: What granian and uvicorn are told about the place of the code; the units say it otherwise.
_PLACE = {"granian": "--working-dir", "uvicorn": "--app-dir"}


def unit_command(kind: str, *, port: int | None = None, http_workers: int = 1) -> list[str]:
    """The command of a unit, with the programs and, where it listens, the port of this run; run it in ROOT."""
    unit = (ROOT / "deploy" / f"microcosm-{kind}.service").read_text()
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    numbers = {"HTTP_WORKERS": http_workers, "HTTP_THREADS": 4, "LIVE_WORKERS": 1, "WORKER_CONCURRENCY": 4}
    for name, number in numbers.items():
        line = line.replace(f"${{{name}}}", str(number))
    words = line.removeprefix("ExecStart=").split()
    program = words[0].removeprefix(_HOME)
    if port is not None:
        words[words.index("--port") + 1] = str(port)
    where = [_PLACE[program], str(ROOT)] if program in _PLACE else []
    return [str(Path(sys.executable).with_name(program)), *words[1:], *where]
