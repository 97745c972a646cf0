"""An estate's day on a virtual clock: stories of residents, played through the concentrator's own rooms, and what came of them.

`stories` say what happens and what a person would call it, in the words of people who live there; they know nothing of panels.
`node`, `air` and `flat` carry that to `building`, where the real keyring, reception, journal, timekeeper and watchman are.
`verdict` holds what was reported upwards against the stories.
"""
