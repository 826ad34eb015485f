"""What was different before they left: its tables for people, its sentences, how each measure is shown."""
