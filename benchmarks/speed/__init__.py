"""How much a command costs, beside bots that do nothing but the calls: `make bench`.

`upstream` answers for Telegram and for a portal and plays the people, `seeding` links them,
`processes` runs one bot at a time on a core of its own, `measures` takes the figures, `report`
prints them.
"""
