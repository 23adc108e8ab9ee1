"""Business trips: request, itinerary, claim, and the invoices in it."""
