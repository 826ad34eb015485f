"""Everything that people say and write in the sample: names, comments, tickets, notes, settings.

All of it is invented. `make_sample.py` picks from these lists; it writes no sentence of its own.
"""

FIRST_NAMES = (
    "Lena", "Jonas", "Mira", "Paul", "Clara", "Emil", "Nora", "Felix", "Ida", "Anton", "Greta",
    "Oskar", "Frieda", "Theo", "Lotte", "Karl", "Helene", "Moritz", "Johanna", "Bruno", "Marlene",
    "Linus", "Thea", "Hannes", "Rosa", "Jakob", "Elif", "Can", "Amira", "Yusuf", "Chiara",
    "Matteo", "Camille", "Hugo", "Manon", "Lucas", "Saskia", "Bram", "Freja", "Anders", "Zofia",
    "Marek", "Mei", "Wei", "Priya", "Arjun", "Sofia", "Diego",
)  # fmt: skip

LAST_NAMES = (
    "Hartmann", "Lindner", "Vogel", "Brandt", "Seidel", "Kessler", "Albrecht", "Winter", "Reuter",
    "Pohl", "Engel", "Sommer", "Busch", "Thiel", "Hoffer", "Lang", "Ziegler", "Krämer", "Böhm",
    "Jansen", "Bakker", "Visser", "Dupont", "Moreau", "Laurent", "Girard", "Rossi", "Conti",
    "Nielsen", "Holm", "Nowak", "Wolski", "Aydin", "Demir", "Chen", "Liu", "Sharma", "Rao",
    "Costa", "Ortega", "Baumgartner", "Egger", "Steiner", "Huber", "Keller", "Frei", "Wyss",
    "Meier",
)  # fmt: skip

COMMENTS: dict[str, tuple[str, ...]] = {
    "not_using_enough": (
        "We opened it twice in the last month.",
        "Half of us went back to the whiteboard.",
        "Nice tool, but we never made it a habit.",
        "The big project is over and the next one is small.",
        "I forget that we have it until the invoice arrives.",
        "Nobody but me logs in any more.",
        "Too quiet here at the moment, maybe next year.",
        "Wir nutzen es einfach zu selten.",
        "On ne s'en sert presque plus depuis l'été.",
        "最近几乎没有使用。",
    ),
    "too_expensive": (
        "The price went past what we can explain to our accountant.",
        "For two people it is too much.",
        "Good, but not that good for the money.",
        "We have to cut every tool above ten euros.",
        "The new price was the last straw.",
        "A cheaper plan for freelancers would have kept me.",
        "Your price and our turnover moved in opposite directions.",
        "Leider zu teuer für ein kleines Büro.",
        "Trop cher pour une équipe de trois.",
        "对我们小工作室来说太贵了。",
    ),
    "missing_feature": (
        "We need time tracking next to the tasks.",
        "No Gantt view, and our clients ask for one.",
        "Please add time tracking, then we come back.",
        "There is no way to give a client read access.",
        "The calendar does not sync with ours.",
        "We miss invoices made from tracked hours.",
        "No dark mode, no offline mode, no deal.",
        "Uns fehlt die Zeiterfassung.",
        "Il manque une vue Gantt.",
        "没有时间记录功能，无法给客户报价。",
    ),
    "found_alternative": (
        "Our biggest client makes us use their tool.",
        "We moved everything into the suite that we pay for anyway.",
        "A friend built us a board that fits like a glove.",
        "Switched to something that also does our bookkeeping.",
        "The other one imports our old projects.",
        "Wir sind zu einem anderen Anbieter gewechselt.",
        "Nous avons trouvé un outil plus simple.",
    ),
    "did_not_deliver_value": (
        "I hoped for fewer meetings. We have the same number.",
        "The reports look good but nobody reads them.",
        "After six weeks I could not say what got better.",
        "It moved the chaos from paper to a screen.",
        "Promised overview, delivered one more inbox.",
        "Der Nutzen war für uns nicht sichtbar.",
    ),
    "poor_support": (
        "Three days for an answer is too long in a deadline week.",
        "Support was kind but could not help.",
    ),
    "too_complex": (
        "My colleagues gave up at the second menu.",
        "I need a board, not a cockpit.",
    ),
    "low_quality": (
        "Down on the morning of our submission. Never again.",
        "We lost a day of work in the outage.",
        "It was offline exactly when the client was in the room.",
        "Der Ausfall im März war zu viel.",
    ),
    "temporary": (
        "Parental leave, see you in a year.",
        "We only needed it for the exhibition.",
    ),
    "business_closed": (
        "We are closing the studio at the end of the year.",
        "I have taken a job, the studio is history.",
    ),
    "other": (
        "It is complicated, call me if you like.",
        "Internal reasons.",
    ),
}

TICKETS: dict[str, tuple[str, ...]] = {
    "negative": (
        "The export has been spinning for ten minutes and I have a deadline.",
        "Second time this week that the board does not load.",
        "I was charged for a colleague who left in spring.",
        "Why did the due dates move by one day?",
        "The app logs me out every hour, this is no fun.",
        "Der PDF-Bericht schneidet die letzte Spalte ab.",
        "Comments vanish when two of us write at once.",
    ),
    "neutral": (
        "How do I move a project to another workspace?",
        "Can I have the invoice with our VAT number?",
        "Where do I change the week to start on Monday?",
        "Is there a keyboard shortcut for a new task?",
        "How many guests can I invite on the team plan?",
        "Wie kann ich ein Projekt archivieren?",
        "Comment changer l'adresse de facturation ?",
        "Can two projects share one calendar?",
        "Please switch us from monthly to yearly.",
    ),
    "positive": (
        "The new report is lovely, thank you!",
        "Fixed within the hour. Great.",
        "Danke, das war schnell!",
        "The whole studio uses it now, could we get stickers?",
    ),
}

NPS_COMMENTS: dict[str, tuple[str, ...]] = {
    "detractor": (
        "Too many clicks for a simple task.",
        "It does the job, no more than that.",
        "Slow on my old laptop.",
    ),
    "passive": (
        "Good, a mobile widget would make it great.",
        "Solid.",
        "I like it, my partner does not.",
    ),
    "promoter": (
        "Best thing we introduced last year.",
        "I recommend it at every portfolio evening.",
        "Macht einfach Freude.",
        "Calm and clear.",
    ),
}

NOTES = (
    ("2025-05-12", "New mobile app for iPhone and Android"),
    ("2026-01-20", "Launch: time tracking and Gantt view"),
    ("2026-02-01", "Personal onboarding calls begin for every second new customer"),
    ("2026-03-04", "Outage: boards offline for eleven hours"),
    ("2026-06-01", "Price rise: solo 19 to 21, team 59 to 65, studio 149 to 159 euros"),
    ("2026-09-07", "Help centre rewritten"),
)

RETENTION_YML = """\
# Settings of the sample business. Everything that is not here keeps its default.
business: Kiebitzplan
time_zone: Europe/Berlin
currency: EUR
targets: {churn: 0.05}
activity_events: [login, project_created, report_exported, comment_posted, integration_connected]
onboarding_event: onboarding_completed
"""

EXPERIMENTS_YML = """\
# The six experiments of the sample business. What is true of each one stands in README.md.

onboarding_call:
  hypothesis: a personal call in the first week keeps more customers past their first renewal
  started_on: 2026-02-01
  ended_on:
  randomised: true
  arms: {control: 0.5, call: 0.5}
  treatment: call
  outcome: {kind: retained, days: 35}
  smallest_effect: 0.08
  baseline: 0.85
  looks: monthly

milestone_mails:
  hypothesis: a mail that celebrates the tenth project keeps customers longer
  started_on: 2025-08-01
  ended_on: 2026-07-31
  randomised: false
  arms: {control: 0.5, mailed: 0.5}
  outcome: {kind: retained, days: 90}
  smallest_effect: 0.05
  milestone: {event: project_created, count: 10}

pause_offer:
  hypothesis: offering a month's pause to those who ask to cancel brings some of them back
  started_on: 2025-09-01
  ended_on:
  randomised: true
  arms: {control: 0.5, pause_offered: 0.5}
  treatment: offer
  outcome: {kind: paying, days: 90}
  smallest_effect: 0.15
  baseline: 0.05
  looks: monthly

quarterly_checkins:
  hypothesis: a quarterly call with our largest customers lowers the number who ask to cancel
  started_on: 2026-01-15
  ended_on:
  randomised: true
  arms: {control: 0.5, checkin: 0.5}
  treatment: call
  outcome: {kind: not_cancelled, days: 90}
  smallest_effect: 0.05
  baseline: 0.92
  looks: monthly

button_colour:
  hypothesis: a green start button makes more people finish the onboarding
  started_on: 2025-11-01
  ended_on: 2026-03-31
  randomised: true
  arms: {control: 0.5, green: 0.5}
  outcome: {kind: event, name: onboarding_completed, days: 14}
  smallest_effect: 0.20
  looks: monthly
  decision: we keep the blue button; nobody could see a difference

welcome_video:
  hypothesis: a short film on the first page keeps more customers
  started_on: 2025-02-01
  ended_on: 2025-10-31
  randomised: true
  arms: {control: 0.5, video: 0.5}
  outcome: {kind: retained, days: 60}
  smallest_effect: 0.10
  looks: monthly
"""
