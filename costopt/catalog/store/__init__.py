"""The store: whole versions of a catalogue, published at once, with their history."""
