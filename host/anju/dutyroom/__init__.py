"""The duty room: reports become incidents, incidents are handled by people, and what people do goes down again.

app       the only wiring               core/    incidents, queue, links: pure
desk      one thing after the other:    store/   reports, log, commands, people, in one SQLite file
          write, then show              web/     the page, on this machine only
uplink    where concentrators call       panels/  where alarm panels of other makers call
"""
