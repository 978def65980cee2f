"""Child processes that do not outlive their parent."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1

# Looked up here and not in the child: between fork and exec only a plain C call is safe.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel interrupts the child when the thread that started it is gone, even by SIGKILL."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGINT)
