"""Follow up what customers need, and learn from customers who did not buy."""
