"""A damaged file keeps no building from being guarded: it is set aside, and what can be read of it goes on in a new one."""
