"""Whether a rule can be published: names, types, reachability, contradictions, tone and examples; every problem at once."""
