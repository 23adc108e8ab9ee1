"""Following up what customers need, and learning from those who did not buy."""
