"""Why a rule spoke, why it did not, and what it would do next."""
