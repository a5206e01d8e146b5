"""A question file and a library → how often answers, citations and abstentions are right."""
