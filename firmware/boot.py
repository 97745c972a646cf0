"""First code after a reset, and never updated in place: only what must work before anything else can fail."""

import micropython

# An error inside an interrupt cannot allocate its own traceback. (The stubs describe the unix port, which has no interrupts.)
micropython.alloc_emergency_exception_buf(100)  # type: ignore[attr-defined]
