"""What a result needs to be seen: tables, figures, sentences, records and lists."""
