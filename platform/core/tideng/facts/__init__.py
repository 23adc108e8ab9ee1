"""Values about people, units and cases at a moment, gathered for rules set-wise."""
