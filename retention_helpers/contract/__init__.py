"""What a business brings: its tables, its settings, its experiments, and what a source cannot know."""
