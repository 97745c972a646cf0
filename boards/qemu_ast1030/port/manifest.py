# ruff: noqa: F821 (MicroPython runs this file with names of its own)
include("$(MPY_DIR)/extmod/asyncio")
freeze("modules")
