"""What may be wrong with a site, and what to do about it: one function a check, all of them read-only.

examine    runs the checks of `checks.CHECKS` in their order, the first cause first
finding    what a check says         visit    what a check may look at         tried    who answers on a site's sockets
"""
