"""A small receiver of SIA DC-09: what alarm panels of other makers in flats say becomes reports like any other.

codes      Contact ID and SIA: which event is which report        receiver   judges a message, has it kept, answers it
content    what stands between a message's brackets                listen     TCP and UDP, and whoever abuses them

It is built on `anju.dc09`, not on pysiaalarm: that acknowledges before anybody has kept the event, takes unencrypted messages of
an account that has a key, sends the key itself back on request, cuts TCP's stream by what one read happens to bring, and
answers codes that it does not know as if nothing had happened.
"""
